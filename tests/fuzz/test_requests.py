"""Bad HTTP requests by the thousand: each gets a coded answer or a close, and memory stays flat.

The requests go through the server's own HTTP protocol class, without a socket: damaged bytes,
damaged signatures, and well-signed requests with damaged queries and bodies. The world fails the
test for an unhandled exception and for any that is answered as a defect. `make test` sends 20,000,
`make fuzz` twenty times as many; `test_frames` tells of the seed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import re
import string
import weakref

import pytest

from portway.gateway.http.connection import HttpConnection
from portway.gateway.http.routes import ROUTES
from portway.wire.signature import (
    bearer_token,
    parse_signature_header,
    parse_timestamp_ms,
    signature_header,
    verify,
)
from tests.fuzz.memory import Footprint, MemoryTransport, mutated
from tests.fuzz.test_frames import IS_LONG, seed_of
from tests.gateway.clients import WAIT_S
from tests.gateway.world import World, http, world

pytestmark = pytest.mark.fuzz

SHARDS = 2
REQUESTS = (400_000 if IS_LONG else 20_000) // SHARDS
CONNECTIONS: weakref.WeakSet[HttpConnection] = weakref.WeakSet()
STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")
# Endpoints whose success adds to the store are not called with a good signature.
QUIET = [one for one in ROUTES.values() if "token" not in one.path]
TURNS_MAX = 200  # of the loop, for an answer to a request that may be cut off
VALUES = (
    "700.HK", "x.y.z", "HK", "USD", "0", "-1", "1e9", "NaN", "1" * 40, "2026-01-05", "é", "\0",
    "Buy", "LO", "Day", "9999999999999", "1767571200", "true", "[]", "%", "%zz", "a=b",
)  # fmt: skip
KEYS = (
    "symbol", "side", "status", "start_at", "end_at", "page", "size", "order_id", "currency",
    "order_type", "price", "submitted_quantity", "quantity", "time_in_force", "market", "category",
    "business_type", "start_time", "end_time", "statement_type", "start_date", "limit", "file_key",
)  # fmt: skip


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_bad_requests_end_in_coded_answers_and_leave_nothing_behind(
    shard: int, caplog: pytest.LogCaptureFixture
) -> None:
    seed = seed_of(shard)
    chance = random.Random(seed)
    print(f"PORTWAY_FUZZ_SEED={seed}")  # shown with a failure
    async with world("none") as w:
        tenth, baseline = REQUESTS // 10, None
        answered = 0
        for part in range(10):
            for _ in range(tenth):
                answered += await answers(w, *bad_request(w, chance))
            assert (await http(w.ports.http, "GET", "/healthz", {}))[0] == 200
            assert (await w.call("GET", "/v1/trade/order/today"))[0] == 200
            if part == 1:  # caches are warm
                await all_gone()
                baseline = Footprint()
        await all_gone()
        assert answered > REQUESTS // 2, "most requests are whole enough to be answered"
        assert baseline is not None
        Footprint().assert_flat_since(baseline)


async def all_gone() -> None:
    """Wait until nothing holds a connection that has ended; refused ones linger for a second."""
    async with asyncio.timeout(WAIT_S):
        while True:
            gc.collect()
            if not CONNECTIONS:
                return
            await asyncio.sleep(0.3)


def bad_request(w: World, chance: random.Random) -> tuple[bytes, bool]:
    """One request as bytes, and whether it is whole; half are well signed, whatever they say."""
    route = chance.choice(QUIET)
    query = query_text(chance)
    body = b"" if route.method in ("GET", "DELETE") else body_bytes(chance)
    target = f"{route.path}?{query}" if query else route.path
    headers = w.headers(route.method, target, body)
    raw = request_bytes(route.method, target, headers, body)
    match chance.randrange(4):
        case 0:
            return mutated(chance, raw), False
        case 1:
            name = chance.choice(list(headers))
            value = mutated(chance, headers[name].encode()).decode("latin-1")
            headers[name] = re.sub(r"[\r\n\0]", " ", value)
            return request_bytes(route.method, target, headers, body), True
        case _:
            return raw, True


def request_bytes(method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "host: x", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body


def query_text(chance: random.Random) -> str:
    """Fields that endpoints know with values that they do not, and noise."""
    if chance.random() < 0.2:
        return "".join(chance.choices(string.printable[:94] + "&&==", k=chance.randrange(60)))
    fields = (f"{chance.choice(KEYS)}={chance.choice(VALUES)}" for _ in range(chance.randrange(5)))
    return re.sub(r"[^!-~]", "%00", "&".join(fields))


def body_bytes(chance: random.Random) -> bytes:
    """JSON of the right shape with wrong values, of a wrong shape, or damaged."""
    values: list[object] = [*VALUES, None, 5, -1, 1.5, True, [], {}, [["deep"]] * 3]
    body = {chance.choice(KEYS): chance.choice(values) for _ in range(chance.randrange(8))}
    # Never a listed symbol: nothing of this may become an order.
    raw = json.dumps({**body, "symbol": "NONE.HK"}).encode()
    return mutated(chance, raw) if chance.random() < 0.5 else raw


async def answers(w: World, raw: bytes, is_whole: bool) -> bool:
    """Send a request on a connection of its own; whether it was whole enough to be answered."""
    listener = w.gateway._http
    protocol = listener.connection()
    CONNECTIONS.add(protocol)
    transport = MemoryTransport(protocol)
    transport.feed(raw)
    async with asyncio.timeout(WAIT_S):
        turns = 0
        while listener.answering and not transport.written and (is_whole or turns < TURNS_MAX):
            turns += 1  # a damaged one may announce more than it brings
            await asyncio.sleep(0)
        transport.hang_up()
        while listener.answering:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not transport.written:
        return False
    status = STATUS_LINE.match(transport.written)
    assert status, bytes(transport.written[:200])
    body = transport.written.partition(b"\r\n\r\n")[2]
    if not body or status[1] == b"100":
        return False
    envelope = json.JSONDecoder().raw_decode(body.decode())[0]
    assert isinstance(envelope["code"], int), raw
    assert int(status[1]) < 500, (raw, envelope)
    return True


def test_damaged_signatures_are_refused_by_name() -> None:
    """Whatever the header is made of, it parses to something or to nothing, and never verifies."""
    chance = random.Random(seed_of(0))
    headers = {"x-api-key": "k", "authorization": "Bearer t", "x-timestamp": "1767571200"}
    good = signature_header("GET", "/v1/asset/account", "", b"", headers, "secret").encode()
    whole = parse_signature_header(good)
    assert whole is not None
    sent = {name: value.encode() for name, value in headers.items()}
    for _ in range(REQUESTS):
        bad = mutated(chance, good)
        found = parse_signature_header(bad)
        if found is not None and found != whole:
            sent["x-api-signature"] = bad
            assert not verify("GET", "/v1/asset/account", "", b"", sent, "secret")
        bearer_token(mutated(chance, b"Bearer abc"))
        parse_timestamp_ms(mutated(chance, b"1767571200.123"))
