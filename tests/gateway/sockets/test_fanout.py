"""Pushes over real sockets: first push, partial updates, order, and what a slow reader costs."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from portway.gateway.sockets.link import BACKLOG_BYTES_MAX
from portway.model.quote import Brokers, TradeSession
from portway.model.symbol import Market
from portway.wire.packet import PushPacket
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.clients import SocketClient, TcpClient, WsClient, connect, until
from tests.gateway.world import APPLE, MOUTAI, NOW, TENCENT, World, depth, trade, world

QUOTE, DEPTH, BROKERS, TRADE = 1, 2, 3, 4
MESSAGES = {101: pb.PushQuote, 102: pb.PushDepth, 103: pb.PushBrokers, 104: pb.PushTrade}
KINDS = pytest.mark.parametrize("kind", ["ws", "tcp"])


def message(packet: PushPacket) -> Any:
    return MESSAGES[packet.cmd_code].FromString(packet.body)


async def follower(
    w: World, kind: str, symbols: list[str], kinds: list[int], first: bool = False, **metadata: str
) -> SocketClient:
    client = await connect(kind, w.ports)
    await client.sign_in(w.password(), **metadata)
    request = pb.SubscribeRequest(symbol=symbols, sub_type=kinds, is_first_push=first)
    assert (await client.request(6, request)).status_code == 0
    return client


def fields(push: Any) -> set[str]:
    return {field.name for field, _ in push.ListFields()}


ALWAYS = {"symbol", "sequence", "timestamp"}


@KINDS
async def test_the_first_push_is_the_whole_present_without_trades(kind: str) -> None:
    async with world() as w:
        w.quotes.feed(
            trade(TENCENT, 1, "600", 300),
            depth(TENCENT, 2, ["600.5", "601"], ["600"]),
            Brokers(TENCENT, NOW[Market.HK], ((1,),), ((2,),)),
        )
        client = await follower(w, kind, ["700.HK"], [TRADE, BROKERS, DEPTH, QUOTE], first=True)
        pushes = [message(one) for one in await client.wait_pushes(3)]
        brokers, book, quote = pushes
        assert (quote.last_done, quote.open, quote.volume) == ("600.000", "600.000", 300)
        assert quote.turnover == "180000.000"
        assert (quote.current_volume, quote.current_turnover) == (0, "")
        assert [one.price for one in book.ask] == ["600.500", "601.000"]
        assert list(brokers.ask_brokers[0].broker_ids) == [1]
        w.quotes.feed(trade(TENCENT, 3, "601"))
        assert {one.cmd_code for one in await client.wait_pushes(2)} == {101, 104}


async def test_without_a_first_push_the_first_change_is_complete_and_then_only_changes_come() -> (
    None
):
    async with world() as w:
        w.quotes.feed(trade(TENCENT, 1, "600", 100), trade(TENCENT, 2, "605", 100))
        client = await follower(w, "ws", ["700.HK"], [QUOTE])
        w.quotes.feed(trade(TENCENT, 3, "601", 50), trade(TENCENT, 4, "602", 70))
        whole, part = [message(one) for one in await client.wait_pushes(2)]
        assert {"last_done", "open", "high", "low", "volume", "turnover"} <= fields(whole)
        assert (whole.current_volume, whole.current_turnover) == (50, "30050.000")
        assert fields(part) == ALWAYS | {
            "last_done", "volume", "turnover", "current_volume", "current_turnover",
        }  # fmt: skip
        assert part.timestamp == int(NOW[Market.HK].timestamp()) + 4


async def test_a_change_of_session_is_pushed_whole_and_named() -> None:
    async with world() as w:
        client = await follower(w, "ws", ["AAPL.US"], [QUOTE], first=True)
        await client.wait_pushes(1)
        w.quotes.feed(
            trade(APPLE, 1, "250", 10),
            trade(APPLE, 2, "251", 20, session=TradeSession.POST),
        )
        regular, post = [message(one) for one in await client.wait_pushes(2)]
        assert regular.trade_session == 0
        assert post.trade_session == 2
        assert (post.open, post.high, post.low, post.volume) == ("251.000",) * 3 + (20,)


async def test_overnight_pushes_reach_only_those_who_asked_for_them() -> None:
    async with world() as w:
        without = await follower(w, "ws", ["AAPL.US"], [QUOTE, TRADE])
        night = await follower(w, "ws", ["AAPL.US"], [QUOTE, TRADE], need_over_night_quote="true")
        w.quotes.feed(trade(APPLE, 1, "250", session=TradeSession.OVERNIGHT))
        assert {one.cmd_code for one in await night.wait_pushes(2)} == {101, 104}
        w.quotes.feed(trade(APPLE, 2, "251"))
        assert [
            message(one).trade_session for one in await night.wait_pushes(2) if one.cmd_code == 101
        ] == [0]
        pushes = [message(one) for one in await without.wait_pushes(2)]
        assert pushes[0].trade[0].price == "251.000"
        assert pushes[1].last_done == "251.000"
        assert {"open", "high", "low"} <= fields(pushes[1])


async def test_vanished_levels_are_shown_empty_once() -> None:
    async with world() as w:
        client = await follower(w, "ws", ["700.HK"], [DEPTH, BROKERS])
        w.quotes.feed(
            depth(TENCENT, 1, ["1", "2", "3"], ["0.5"]),
            depth(TENCENT, 2, ["1"], []),
            depth(TENCENT, 3, ["1", "2"], []),
            Brokers(TENCENT, NOW[Market.HK], ((1,), (2,)), ((3,),)),
            Brokers(TENCENT, NOW[Market.HK], ((4,),), ()),
        )
        books = [message(one) for one in await client.wait_pushes(5)]

        def asks(book: Any) -> list[tuple[int, str, int]]:
            return [(one.position, one.price, one.volume) for one in book.ask]

        assert asks(books[0]) == [(1, "1.000", 500), (2, "2.000", 500), (3, "3.000", 500)]
        assert asks(books[1]) == [(1, "1.000", 500), (2, "", 0), (3, "", 0)]
        assert [(one.position, one.price) for one in books[1].bid] == [(1, "")]
        assert asks(books[2]) == [(1, "1.000", 500), (2, "2.000", 500)]
        assert not books[2].bid
        assert [(one.position, list(one.broker_ids)) for one in books[4].ask_brokers] == [
            (1, [4]), (2, []),
        ]  # fmt: skip
        assert [(one.position, list(one.broker_ids)) for one in books[4].bid_brokers] == [(1, [])]


@KINDS
async def test_sequences_rise_per_symbol_and_kind_over_reconnections_too(kind: str) -> None:
    async with world() as w:
        last: dict[tuple[str, int], int] = {}
        for _ in range(3):
            client = await follower(
                w, kind, ["700.HK", "600519.SH"], [QUOTE, DEPTH, TRADE], first=True
            )
            for seconds in (1, 1, 0.5):  # the market's instants need not rise
                w.quotes.feed(trade(TENCENT, seconds, "600"), trade(MOUTAI, seconds, "1500"))
                w.quotes.feed(depth(TENCENT, seconds, ["601"], ["599"]))
            while len(client.pushes) < 15:
                await client.take()
            for packet in client.pushes:
                push = message(packet)
                key = (push.symbol, packet.cmd_code)
                assert push.sequence > last.get(key, 0), key
                last[key] = push.sequence
            client.drop()
        assert last["700.HK", 104] > NOW[Market.HK].timestamp() * 1_000_000


async def test_only_what_was_asked_for_is_pushed_and_nothing_after_unsubscribing() -> None:
    async with world() as w:
        client = await follower(w, "ws", ["700.HK"], [TRADE])
        other = await follower(w, "ws", ["AAPL.US"], [QUOTE, DEPTH, TRADE])
        w.quotes.feed(trade(TENCENT, 1, "600"), depth(TENCENT, 1, ["601"], ["600"]))
        [push] = await client.wait_pushes(1)
        assert push.cmd_code == 104
        request = pb.UnsubscribeRequest(symbol=["700.HK"], sub_type=[TRADE])
        await client.request(7, request)
        w.quotes.feed(trade(TENCENT, 2, "601"))
        await client.request(8)
        await other.request(8)
        assert client.pushes == []
        assert other.pushes == []


async def test_after_a_skip_of_time_the_board_is_shown_anew() -> None:
    async with world() as w:
        w.quotes.feed(trade(TENCENT, 1, "600"), depth(TENCENT, 1, ["601"], ["600"]))
        client = await follower(w, "ws", ["700.HK"], [QUOTE, DEPTH, TRADE], first=True)
        before = [message(one) for one in await client.wait_pushes(2)]
        w.quotes.refresh(TENCENT)
        after = [message(one) for one in await client.wait_pushes(2)]
        assert [one.symbol for one in after] == ["700.HK"] * 2
        assert after[0].last_done == before[0].last_done
        assert after[0].current_volume == 0
        assert all(new.sequence > old.sequence for new, old in zip(after, before, strict=True))


async def test_pushes_of_one_turn_come_whole_and_in_order_to_both_transports() -> None:
    async with world() as w:
        clients = [await follower(w, kind, ["700.HK"], [TRADE]) for kind in ("ws", "tcp", "ws")]
        w.quotes.feed(*(trade(TENCENT, 1 + i / 1000, "600", 100 + i) for i in range(500)))
        for client in clients:
            volumes = [message(one).trade[0].volume for one in await client.wait_pushes(500)]
            assert volumes == [100 + i for i in range(500)]
        assert w.gateway.stats.pushes == 1500


# ------------------------------------------------------------------------------ slow readers


SOCKET_BYTES = 32 * 1024  # small, or the kernel alone would hold seconds of market


async def slow_follower(w: World, kind: str, kinds: list[int]) -> SocketClient:
    """A subscriber with small buffers that does not read until it is told to."""
    client = await follower(w, kind, ["700.HK"], kinds)
    client.writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BYTES
    )
    *_, session = w.gateway.quote_gate._members
    transport = session.link._transport
    assert transport is not None
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    return client


def congested(w: World) -> int:
    return len(w.gateway._flusher.congested)


@pytest.mark.parametrize("kind", [WsClient, TcpClient])
async def test_a_slow_reader_gets_merged_quotes_and_depth_and_every_trade(kind: type) -> None:
    name = "ws" if kind is WsClient else "tcp"
    async with world() as w:
        fast = await follower(w, name, ["700.HK"], [QUOTE, DEPTH, TRADE])
        slow = await slow_follower(w, name, [QUOTE, DEPTH, TRADE])
        count, total = 0, 0
        while congested(w) == 0 or count < 1000:
            for _ in range(100):
                count += 1
                total += 100 + count
                w.quotes.feed(
                    trade(TENCENT, count / 1000, str(600 + count % 50), 100 + count),
                    depth(TENCENT, count / 1000, ["700", "701", "702"][: 1 + count % 3], ["600"]),
                )
            # The fast one takes everything as it comes, one push for one event.
            assert len(await fast.wait_pushes(300)) == 300
            assert count < 200_000, "the slow reader never became congested"
        for _ in range(300):
            count += 1
            total += 100 + count
            w.quotes.feed(
                trade(TENCENT, count / 1000, str(600 + count % 50), 100 + count),
                depth(TENCENT, count / 1000, ["700"], []),
            )
        conflated = w.gateway.stats.conflated
        assert conflated >= 590
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        trades: list[int] = []
        volume, last = 0, None
        positions: dict[int, str] = {}
        while len(trades) < count or volume < total:
            [packet] = await slow.wait_pushes(1)
            push = message(packet)
            if packet.cmd_code == 104:
                trades += [one.volume for one in push.trade]
            elif packet.cmd_code == 101:
                volume += push.current_volume
                last = push.last_done or last
                shown = push.volume
            else:
                positions.update({one.position: one.price for one in push.ask})
        assert trades == [100 + i for i in range(1, count + 1)], "a trade is missing or moved"
        assert volume == shown == total, "merged pushes lost volume"
        assert last == f"{600 + count % 50}.000"
        await slow.request(8)
        for packet in slow.pushes:
            if packet.cmd_code == 102:
                positions.update({one.position: one.price for one in message(packet).ask})
        assert {price for price in positions.values() if price} == {"700.000"}
        assert len(await fast.wait_pushes(900)) == 900


async def test_past_the_maximum_a_slow_reader_is_closed_and_the_others_do_not_notice() -> None:
    async with world() as w:
        fast = await follower(w, "ws", ["700.HK"], [TRADE])
        slow = await slow_follower(w, "tcp", [TRADE])
        sent = 0
        while w.gateway.stats.overflows == 0:
            for _ in range(1000):
                sent += 1
                w.quotes.feed(trade(TENCENT, sent / 1000, "600", sent))
            await fast.wait_pushes(1000)
            assert sent * 40 < 4 * BACKLOG_BYTES_MAX, "the maximum was never enforced"
        assert w.gateway.stats.closes[("SERVER_ERROR",)] == 1
        await until(lambda: w.gateway.online == 1)
        w.quotes.feed(trade(TENCENT, sent / 1000, "600", 1))
        [push] = await fast.wait_pushes(1)
        assert message(push).trade[0].volume == 1
        slow.drop()


async def test_drained_waits_for_slow_readers_but_not_for_ever() -> None:
    async with world() as w:
        slow = await slow_follower(w, "tcp", [TRADE])
        sent = 0
        while congested(w) == 0:
            sent += 100
            w.quotes.feed(*(trade(TENCENT, sent / 1000, "600") for _ in range(100)))
            await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await w.gateway.drained(0.1)
        assert 0.05 < loop.time() - began < 2
        # Asked again and again, as after each piece of a step: nobody waits for it twice.
        began = loop.time()
        for _ in range(1000):
            await w.gateway.drained(0.1)
        assert loop.time() - began < 2
        waiting = asyncio.create_task(w.gateway.drained(5))
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        while not waiting.done():
            await slow.wait_pushes(1)
        assert congested(w) == 0
