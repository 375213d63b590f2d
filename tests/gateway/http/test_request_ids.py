"""`client_request_id` over HTTP: whatever becomes of a reply, asking again makes no new order."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from portway.core.state import REQUEST_WINDOW
from portway.model.symbol import Market
from tests.gateway.clients import until
from tests.gateway.world import TENCENT, World, depth, world

ORDER = {
    "symbol": "700.HK",
    "order_type": "LO",
    "side": "Buy",
    "submitted_quantity": "100",
    "submitted_price": "500",
    "time_in_force": "Day",
    "client_request_id": "once",
}
MILLISECOND = timedelta(milliseconds=1)


async def ask(w: World, **change: Any) -> str:
    status, answer = await w.call("POST", "/v1/trade/order", {**ORDER, **change})
    assert status == 200, answer
    return str(answer["data"]["order_id"])


async def orders(w: World) -> list[str]:
    status, answer = await w.call("GET", "/v1/trade/order/today")
    assert status == 200
    return [one["order_id"] for one in answer["data"]["orders"]]


async def at_once(w: World) -> None:
    """Do not wait for anything."""


async def when_durable(w: World) -> None:
    before = w.trades.store.writes
    await until(lambda: w.trades.store.writes > before)


async def when_answered(w: World) -> None:
    name, before = ("POST /v1/trade/order", "200"), dict(w.gateway.stats.requests)
    await until(lambda: w.gateway.stats.requests[name] > before.get(name, 0))


@pytest.mark.parametrize("moment", [at_once, when_durable, when_answered])
async def test_a_reply_that_is_cut_off_is_asked_for_again(
    moment: Callable[[World], Awaitable[None]],
) -> None:
    """The connection is reset before, while, or after the answer leaves, and nobody reads it."""
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        body = json.dumps(ORDER).encode()
        headers = w.headers("POST", "/v1/trade/order", body)
        lines = ["POST /v1/trade/order HTTP/1.1", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        _, writer = await asyncio.open_connection("127.0.0.1", w.ports.http)
        waiting = asyncio.create_task(moment(w))
        await asyncio.sleep(0)
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        await waiting
        reset(writer)
        first = await ask(w)
        assert await orders(w) == [first]
        assert await ask(w) == first
        assert await orders(w) == [first]


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset, as a cut does, and not with a goodbye."""
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_fifty_copies_at_once_are_one_order_and_one_answer() -> None:
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        answers = await asyncio.gather(*(ask(w) for _ in range(50)))
        assert len(set(answers)) == 1
        assert await orders(w) == answers[:1]


async def test_an_id_is_remembered_for_ten_minutes_to_the_millisecond() -> None:
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        begin = w.quotes.clock[Market.HK]
        first = await ask(w)
        for later in (MILLISECOND, REQUEST_WINDOW - MILLISECOND):
            w.quotes.clock[Market.HK] = begin + later
            assert await ask(w) == first
        w.quotes.clock[Market.HK] = begin + REQUEST_WINDOW
        second = await ask(w)
        assert second != first
        # The window is that of the second now.
        w.quotes.clock[Market.HK] = begin + 2 * REQUEST_WINDOW - MILLISECOND
        assert await ask(w) == second
        w.quotes.clock[Market.HK] = begin + 2 * REQUEST_WINDOW + MILLISECOND
        assert await ask(w) not in (first, second)
        assert len(await orders(w)) == 3


async def test_another_body_with_the_same_id_gets_the_first_answer() -> None:
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        first = await ask(w)
        assert await ask(w, side="Sell", submitted_quantity="300") == first
        assert await orders(w) == [first]


async def test_an_order_that_was_refused_may_be_mended_under_its_id() -> None:
    """Nothing was made, so that there is nothing to repeat."""
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        status, _ = await w.call("POST", "/v1/trade/order", {**ORDER, "submitted_quantity": "1"})
        assert status == 400
        first = await ask(w)
        assert await orders(w) == [first]
