"""Boards that take work before they can be shown: who waits for them, and who does not."""

from __future__ import annotations

import asyncio

from portway.wire.pb import quote_pb2 as pb
from tests.gateway.clients import connect, until
from tests.gateway.world import APPLE, TENCENT, world

QUOTE, SUBSCRIBE, UNSUBSCRIBE = 11, 6, 7


async def test_a_board_in_the_making_holds_up_nobody_else() -> None:
    async with world("none") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        made = w.quotes.to_be_prepared[TENCENT] = asyncio.Event()
        slow = client.send(QUOTE, pb.MultiSecurityRequest(symbol=[TENCENT]))
        quick = await client.request(QUOTE, pb.MultiSecurityRequest(symbol=[APPLE]))
        assert quick.status_code == 0
        assert slow not in client.answers
        made.set()
        answer = await client.answer(slow)
        quotes = pb.SecurityQuoteResponse.FromString(answer.body).secu_quote
        assert [one.symbol for one in quotes] == [TENCENT]


async def test_subscriptions_change_in_the_order_of_the_requests() -> None:
    async with world("none") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        made = w.quotes.to_be_prepared[TENCENT] = asyncio.Event()
        first = client.send(SUBSCRIBE, pb.SubscribeRequest(symbol=[TENCENT], sub_type=[1]))
        second = client.send(UNSUBSCRIBE, pb.UnsubscribeRequest(symbol=[TENCENT], sub_type=[1]))
        third = client.send(SUBSCRIBE, pb.SubscribeRequest(symbol=[APPLE], sub_type=[1]))
        made.set()
        for request_id in (first, second, third):
            assert (await client.answer(request_id)).status_code == 0
        assert w.quotes.watched == {APPLE: 1}


async def test_a_client_that_leaves_while_its_boards_are_made_leaves_nothing_behind() -> None:
    async with world("none") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        made = w.quotes.to_be_prepared[TENCENT] = asyncio.Event()
        client.send(SUBSCRIBE, pb.SubscribeRequest(symbol=[TENCENT, APPLE], sub_type=[1, 2]))
        await until(lambda: w.quotes.asked_for)
        client.drop()
        await until(lambda: w.gateway.quote_gate.online == 0)
        made.set()
        other = await connect("ws", w.ports)
        await other.sign_in(w.password())
        assert (
            await other.request(QUOTE, pb.MultiSecurityRequest(symbol=[APPLE]))
        ).status_code == 0
        assert w.quotes.watched == {}
