"""Many connections at one server: the same cash is spent once, a lost reply is found again."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.audit import audit
from tests.support.server import Server, chosen_ports
from tests.support.signed import SignedClient, signed_request

CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
CLIENTS = 200
PRICE = "400"  # Below the market: the order rests, and holds what it may cost.


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "home", *CLOCK, *chosen_ports()) as one:
        yield one


def order(quantity: int, **more: Any) -> dict[str, Any]:
    return {
        "symbol": "700.HK",
        "order_type": "LO",
        "side": "Buy",
        "submitted_quantity": str(quantity),
        "submitted_price": PRICE,
        "time_in_force": "Day",
        **more,
    }


async def at_once(server: Server, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send each order on a connection of its own, all of them at once; the envelopes."""
    address = urlsplit(server.env["LONGPORT_HTTP_URL"])
    lines = [await asyncio.open_connection(address.hostname, address.port) for _ in bodies]
    for (_, writer), body in zip(lines, bodies, strict=True):
        writer.write(signed_request(server.env, "POST", "/v1/trade/order", body))

    async def answer(reader: asyncio.StreamReader) -> dict[str, Any]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return json.loads(await reader.readexactly(length))

    answers = await asyncio.gather(*(answer(reader) for reader, _ in lines))
    for _, writer in lines:
        writer.close()
    return answers


def most(client: SignedClient) -> int:
    """How many shares the cash covers, in one order."""
    query = f"symbol=700.HK&order_type=LO&side=Buy&price={PRICE}"
    return int(client.data(f"/v1/trade/estimate/buy_limit?{query}")["cash_max_qty"])


def statuses(client: SignedClient) -> Counter[str]:
    """How many orders of today stand where; the list shows at most a thousand."""
    orders = client.data("/v1/trade/order/today")["orders"]
    return Counter(one["status"] for one in orders)


@pytest.mark.parametrize("parts", [1, 7])
async def test_two_hundred_clients_cannot_spend_the_same_cash_twice(
    server: Server, parts: int
) -> None:
    """Each wants the whole cash of the account, or a seventh of it."""
    client = SignedClient(server.env)
    lots = most(client) // 100
    quantity = lots // parts * 100
    covered = lots * 100 // quantity
    answers = await at_once(server, [order(quantity) for _ in range(CLIENTS)])
    assert [one["code"] for one in answers] == [0] * CLIENTS
    assert len({one["data"]["order_id"] for one in answers}) == CLIENTS
    assert statuses(client) == {"NewStatus": covered, "RejectedStatus": CLIENTS - covered}
    [account] = client.data("/v1/asset/account")["list"]
    [cash] = [one for one in account["cash_infos"] if one["currency"] == "HKD"]
    assert Decimal(cash["available_cash"]) >= 0
    assert Decimal(cash["frozen_cash"]) >= covered * quantity * Decimal(PRICE)
    client.close()
    assert server.stop() == 0
    found = audit(server.database)
    assert len(found.accepted) == CLIENTS


async def test_fifty_copies_and_a_lost_reply_are_one_order_over_a_kill(server: Server) -> None:
    body = order(100, client_request_id="copies")
    answers = await at_once(server, [body] * 50)
    [order_id] = {one["data"]["order_id"] for one in answers}

    client, lost = SignedClient(server.env), order(200, client_request_id="lost")
    address = urlsplit(server.env["LONGPORT_HTTP_URL"])
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(signed_request(server.env, "POST", "/v1/trade/order", lost))
        while statuses(client)["NewStatus"] < 2:
            pass  # Until the server has it; its reply is not read.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.kill()
    server.restart()
    for wish, expected in ((body, order_id), (lost, None)):
        found = [client.call("POST", "/v1/trade/order", wish) for _ in range(2)]
        ids = {answer["data"]["order_id"] for _, answer in found}
        assert len(ids) == 1
        assert expected in (None, *ids)
    assert statuses(client) == {"NewStatus": 2}
    client.close()
    server.stop()
    assert {name: len(ids) for name, ids in audit(server.database).request_ids.items()} == {
        "copies": 1,
        "lost": 1,
    }
