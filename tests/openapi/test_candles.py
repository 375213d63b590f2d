"""Candlestick subscriptions: what they send, what an outage hid, what is kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from portway.openapi import (
    Market,
    OpenApiException,
    Period,
    PushCandlestick,
    QuoteContext,
    SubType,
    TradeSessions,
    transport,
)
from portway.wire.packet import RequestPacket
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import Peer, quote_push

NINE_THIRTY = 1_767_576_600  # 2026-01-05 09:30 in Hong Kong


def bar(minute: int, close: str = "612.500") -> pb.Candlestick:
    return pb.Candlestick(
        open="610.000", high="615.000", low="609.000", close=close, volume=100, turnover="61250",
        timestamp=NINE_THIRTY + 60 * minute,
    )  # fmt: skip


class Service:
    """Answers as a service that has bars."""

    def __init__(self, peer: Peer) -> None:
        self.bars = [bar(0), bar(1)]
        peer.handlers.update({8: self.sessions, 9: self.days, 10: self.static, 19: self.pull})

    def pull(self, packet: RequestPacket) -> pb.SecurityCandlestickResponse:
        return pb.SecurityCandlestickResponse(candlesticks=self.bars)

    def static(self, packet: RequestPacket) -> pb.SecurityStaticInfoResponse:
        symbols = pb.MultiSecurityRequest.FromString(packet.body).symbol
        rows = [pb.StaticInfo(symbol=s, board="HKEquity") for s in symbols if s != "999999.HK"]
        return pb.SecurityStaticInfoResponse(secu_static_info=rows)

    def days(self, packet: RequestPacket) -> pb.MarketTradeDayResponse:
        return pb.MarketTradeDayResponse()

    def sessions(self, packet: RequestPacket) -> pb.MarketTradePeriodResponse:
        rows = [pb.MarketTradePeriod(market="HK")]
        return pb.MarketTradePeriodResponse(market_trade_session=rows)


@pytest.fixture
def market(peer: Peer) -> Service:
    return Service(peer)


@pytest.fixture
def context(peer: Peer, market: Service, no_thread_left: None) -> Iterator[QuoteContext]:
    with QuoteContext(peer.config()) as made:
        yield made


def commands(peer: Peer) -> list[int]:
    rows = [peer.asked.get_nowait() for _ in range(peer.asked.qsize())]
    return [row.command for row in rows if row.command > 4]


class Bars:
    def __init__(self) -> None:
        self.rows: list[tuple[int, bool]] = []
        self._changed = threading.Condition()

    def __call__(self, symbol: str, event: PushCandlestick) -> None:
        with self._changed:
            minute = (event.candlestick._message.timestamp - NINE_THIRTY) // 60
            self.rows.append((minute, event.is_confirmed))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[int, bool]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.rows) >= count, 20), self.rows
            return list(self.rows)


def trades(minute: int) -> pb.PushTrade:
    row = pb.Trade(price="613.000", volume=10, timestamp=NINE_THIRTY + 60 * minute + 5)
    return pb.PushTrade(symbol="700.HK", trade=[row])


def test_a_series_is_pulled_subscribed_kept_and_given_up(peer: Peer, context: QuoteContext) -> None:
    pulled = context.subscribe_candlesticks("00700.HK", Period.Min_1)
    assert [str(candle.close) for candle in pulled] == ["612.500", "612.500"]
    assert commands(peer) == [10, 9, 19, 6]
    assert context.subscribe_candlesticks("700.HK", Period.Min_1) == pulled
    context.subscribe_candlesticks("700.HK", Period.Min_5)
    assert commands(peer) == [19, 6]
    (held,) = context.subscriptions()
    assert (held.symbol, held.candlesticks) == ("700.HK", [Period.Min_1, Period.Min_5])
    context.unsubscribe_candlesticks("700.HK", Period.Min_5)
    assert commands(peer) == []
    context.unsubscribe_candlesticks("700.HK", Period.Min_1)
    assert commands(peer) == [7]
    assert context.realtime_candlesticks("700.HK", Period.Min_1) == []


def test_what_bars_need_stays_subscribed(peer: Peer, context: QuoteContext) -> None:
    context.subscribe(["700.HK"], [SubType.Quote, SubType.Trade, SubType.Depth])
    context.subscribe_candlesticks("700.HK", Period.Min_1)
    assert commands(peer) == [6, 10, 9, 19]
    context.unsubscribe(["700.HK"], [SubType.Quote, SubType.Depth])
    last = pb.UnsubscribeRequest.FromString(peer.next_asked(7).body)
    assert list(last.sub_type) == [2]


def test_an_unknown_symbol_has_no_bars(context: QuoteContext) -> None:
    with pytest.raises(OpenApiException, match=r"invalid security symbol: 999999\.HK"):
        context.subscribe_candlesticks("999999.HK", Period.Min_1)
    with pytest.raises(OpenApiException, match="argument 'period'"):
        context.subscribe_candlesticks("700.HK", Period.Unknown)


def test_pushes_build_bars_that_are_told_and_read(peer: Peer, context: QuoteContext) -> None:
    told = Bars()
    context.set_on_candlestick(told)
    context.subscribe_candlesticks("700.HK", Period.Min_1, TradeSessions.All)
    peer.push(104, trades(1))
    peer.push(104, trades(3))
    assert told.wait(3) == [(1, False), (1, True), (3, False)]
    last = context.realtime_candlesticks("00700.HK", Period.Min_1, 1)[0]
    assert (last.volume, str(last.open)) == (10, "613.000")


def test_bars_of_an_outage_are_pulled_and_told(
    peer: Peer, market: Service, context: QuoteContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "PAUSE_SECONDS_FIRST", 0.01)
    told = Bars()
    context.set_on_candlestick(told)
    context.subscribe_candlesticks("700.HK", Period.Min_1)
    market.bars = [*market.bars[:1], bar(1, "613"), bar(2), bar(3)]
    peer.cut_connections()
    assert told.wait(3) == [(1, True), (2, True), (3, False)]
    kept = context.realtime_candlesticks("700.HK", Period.Min_1)
    assert [(c._message.timestamp - NINE_THIRTY) // 60 for c in kept] == [0, 1, 2, 3]
    peer.push(101, quote_push())
    peer.push(104, trades(4))
    assert told.wait(5)[3:] == [(3, True), (4, False)]


def test_what_rarely_changes_is_asked_once_until_it_is_cleared(
    peer: Peer, context: QuoteContext
) -> None:
    for _ in range(2):
        assert context.trading_session()[0].market is Market.HK
    assert commands(peer) == [8]
    found: Any = context.trading_session()
    found.clear()  # a copy: what is kept does not change
    context.clear_cache()
    assert len(context.trading_session()) == 1
    assert commands(peer) == [8]
