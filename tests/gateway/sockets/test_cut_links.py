"""A link that is cut at any byte: the next one hears everything, and no order is in doubt.

A push is sent once, on the links there are. What went by while a client was away it finds in the
orders of the day, which show whatever was answered or pushed before: the client here does what
official clients do, subscribes again and then asks.
"""

from __future__ import annotations

import asyncio
import json
import os
from random import Random
from typing import Any

import pytest

from portway.wire.commands import Channel
from portway.wire.pb import control_pb2, trade_pb2
from tests.gateway.clients import Closed, SocketClient, connect
from tests.gateway.world import TENCENT, World, depth, world

CUTS = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 100
BYTES_MAX = 4000  # About what a link carries here: its handshake, its sign-in, its pushes.
ORDER = {
    "symbol": "700.HK",
    "order_type": "LO",
    "side": "Buy",
    "submitted_quantity": "100",
    "submitted_price": "500",
    "time_in_force": "Day",
}


class CutStream:
    """A reader whose line breaks after so many bytes."""

    def __init__(self, client: SocketClient, after: int) -> None:
        self._client, self._reader, self._left = client, client.reader, after

    async def read(self, most: int) -> bytes:
        return self._took(await self._reader.read(min(most, self._left)) if self._left else b"")

    async def readexactly(self, count: int) -> bytes:
        if count > self._left:
            self._took(b"")
        return self._took(await self._reader.readexactly(count))

    def _took(self, data: bytes) -> bytes:
        self._left -= len(data)
        if not data:
            self._client.drop()
            raise ConnectionResetError("cut")
        return data


async def submit(w: World) -> str:
    status, answer = await w.call("POST", "/v1/trade/order", ORDER)
    assert status == 200, answer
    return str(answer["data"]["order_id"])


async def cancel(w: World, order_id: str) -> None:
    status, answer = await w.call("DELETE", f"/v1/trade/order?order_id={order_id}")
    assert status == 200, answer


async def shown(w: World) -> dict[str, str]:
    _, answer = await w.call("GET", "/v1/trade/order/today")
    return {one["order_id"]: one["status"] for one in answer["data"]["orders"]}


async def follow(client: SocketClient, w: World, session: str | None) -> str:
    """Sign in, or resume a session, and subscribe; returns the session to resume."""
    if session is None:
        session = (await client.sign_in(w.password())).session_id
    else:
        wish = control_pb2.ReconnectRequest(session_id=session)
        answer = await client.request(3, wish)
        assert answer.status_code == 0
        session = control_pb2.ReconnectResponse.FromString(answer.body).session_id
    answer = await client.request(16, trade_pb2.Sub(topics=["private"]))
    assert list(trade_pb2.SubResponse.FromString(answer.body).current) == ["private"]
    return session


def changes(client: SocketClient) -> list[tuple[str, str]]:
    """The pushes of a client so far: order id and status, in the order in which they came."""
    told = []
    for push in client.pushes:
        notice: Any = json.loads(trade_pb2.Notification.FromString(push.body).data)
        told.append((notice["data"]["order_id"], notice["data"]["status"]))
    return told


@pytest.mark.parametrize("kind", ["tcp", "ws"])
async def test_after_a_cut_at_any_byte_nothing_about_an_order_is_missing(kind: str) -> None:
    random, session = Random(kind), None
    known: dict[str, str] = {}
    async with world("none") as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        for number in range(CUTS):
            client = await connect(kind, w.ports, Channel.TRADE)
            client.reader = CutStream(client, random.randrange(BYTES_MAX))  # type: ignore[assignment]

            async def hear(client: SocketClient = client, before: str | None = session) -> None:
                await follow(client, w, before)
                while True:
                    await client.take()

            hearing = asyncio.create_task(hear())
            missed = await submit(w)
            await cancel(w, missed)
            if not hearing.done():
                client.drop()
            [end] = await asyncio.gather(hearing, return_exceptions=True)
            assert isinstance(end, Closed | ConnectionError), end
            known.update(changes(client))

            again = await connect(kind, w.ports, Channel.TRADE)
            session = await follow(again, w, session if number % 3 else None)
            known.update(await shown(w))
            assert known[missed] == "CanceledStatus"
            order_id = await submit(w)
            await cancel(w, order_id)
            await again.request(1, b"after them all")
            told = changes(again)
            assert [status for one, status in told if one == order_id] == [
                *("WaitToNew", "NewStatus"),
                *("WaitToCancel", "PendingCancelStatus", "CanceledStatus"),
            ]
            assert {one for one, _ in told} == {order_id}, "nothing is told twice"
            known.update(told)
            again.drop()
        assert set(await shown(w)) <= set(known)
        assert set(known.values()) == {"CanceledStatus"}
