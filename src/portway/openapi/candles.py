"""Candlesticks built from pushes: which push feeds which bar, and what is told of it.

Pure, and written by one thread. Bars are messages that are replaced, never changed, so that any
thread may read a list handed out. The rules are the official client's, so that bars agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from portway.openapi.enums import Market, Period, SecurityBoard, TradeSession
from portway.openapi.pull_types import CandlestickRow
from portway.openapi.quote_enums import TradeSessions
from portway.openapi.sessions import MINUTES, bar_start, market_of, zone_of
from portway.wire.pb import quote_pb2 as pb

__all__ = ["BARS_KEPT_MAX", "BARS_KEPT_MIN", "BarBook", "Series"]

BARS_KEPT_MAX: Final = 1000  # past it only the newest `BARS_KEPT_MIN` stay
BARS_KEPT_MIN: Final = 500

_INDEX_BOARDS: Final = frozenset(
    {
        SecurityBoard.USDJI, SecurityBoard.USNSDQ, SecurityBoard.USSector, SecurityBoard.HKHS,
        SecurityBoard.HKSector, SecurityBoard.CNIX, SecurityBoard.CNSector, SecurityBoard.STI,
        SecurityBoard.SGSector, SecurityBoard.SPXIndex, SecurityBoard.VIXIndex,
    }
)  # fmt: skip
_OPTION_BOARDS: Final = frozenset({SecurityBoard.USOption, SecurityBoard.USOptionS})

# Codes of trades that count; others do not. In mainland China and Singapore all count.
_PRICE_TYPES: Final = {
    Market.HK: frozenset({"", "U"}),
    Market.US: frozenset({"", "A", "B", "D", "E", "F", "K", "S", "X", "1"}),
}
_VOLUME_TYPES: Final = {
    Market.HK: frozenset({"D", "M", "P", "X", "Y"}),
    Market.US: frozenset({"C", "G", "H", "V", "W"}),
}
_ODD_LOT: Final = "I"  # US: sets the price outside regular hours and for options alone
_LOT: Final = {Market.CN: 100}


@dataclass(slots=True)
class _Tail:
    """The newest bar of a session."""

    bar: pb.Candlestick
    is_open: bool  # whether it has a price of its own, not just the close before it


@dataclass(slots=True)
class Series:
    """The bars of a symbol and period, oldest first.

    Attributes:
        period: Length of a bar.
        sessions: Which sessions are told; the others are kept too.
        bars: At most `BARS_KEPT_MAX`.
    """

    period: Period
    sessions: TradeSessions
    bars: list[pb.Candlestick]
    _tails: dict[int, _Tail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for bar in self.bars:
            self._tails[bar.trade_session] = _Tail(bar, True)

    def tail(self, session: int) -> _Tail | None:
        """The newest bar of a session."""
        return self._tails.get(session)

    def replace_tail(self, session: int, bar: pb.Candlestick, *, is_open: bool) -> None:
        """Put a changed bar in the place of the tail."""
        tail = self._tails[session]
        self.bars[_index(self.bars, tail.bar)] = bar
        self._tails[session] = _Tail(bar, is_open)

    def append(self, session: int, bar: pb.Candlestick, *, is_open: bool) -> None:
        """Put a new bar in its place by time."""
        at = len(self.bars)
        while at and self.bars[at - 1].timestamp > bar.timestamp:
            at -= 1
        bars = [*self.bars[:at], bar, *self.bars[at:]]
        self._tails[session] = _Tail(bar, is_open)
        if len(bars) > BARS_KEPT_MAX:
            bars = bars[-BARS_KEPT_MIN:]
            kept = set(map(id, bars))
            self._tails = {s: t for s, t in self._tails.items() if id(t.bar) in kept}
        self.bars = bars

    def tells(self, session: TradeSession) -> bool:
        """Whether bars of a session are told."""
        return self.sessions is TradeSessions.All or session is TradeSession.Intraday


@dataclass(frozen=True, slots=True)
class _Tick:
    """What a push says about a bar; a part that is `None` does not count."""

    at: int  # Unix seconds
    session: TradeSession
    price: str | None
    volume: int | None
    turnover: Decimal


class BarBook:
    """The series of one symbol.

    Args:
        symbol: Its market decides the hours.
        board: Decides the source of bars, and some hours.
        only_complete: Tell bars once they are complete instead of at every change.
    """

    def __init__(self, symbol: str, board: SecurityBoard, *, only_complete: bool) -> None:
        self.symbol = symbol
        self.market = market_of(symbol)
        self.board = board
        self.series: dict[Period, Series] = {}
        self.half_days: frozenset[date] = frozenset()
        self._only_complete = only_complete

    @property
    def is_index(self) -> bool:
        """Whether bars come from quotes alone."""
        return self.board in _INDEX_BOARDS

    def take_quote(self, push: pb.PushQuote) -> Iterator[CandlestickRow]:
        """Take a quote, merged or of the end of the day; yield what is to be told."""
        if self.market is None or push.trade_session != 0:
            return
        for series in tuple(self.series.values()):
            if series.period is Period.Day:
                yield from self._copy(series, push)
            elif self.is_index:
                yield from self._fold(series, _tick_of_quote(push))

    def take_trades(
        self, trades: Sequence[pb.Trade], sessions: Mapping[int, TradeSession]
    ) -> Iterator[CandlestickRow]:
        """Take trades, oldest first; yield what is to be told, trade by trade."""
        if self.market is None or self.is_index:
            return
        for trade in trades:
            session = sessions.get(trade.trade_session, TradeSession.Intraday)
            tick = self._tick_of_trade(trade, session)
            for series in tuple(self.series.values()):
                if series.period is not Period.Day:
                    yield from self._fold(series, tick)

    def _tick_of_trade(self, trade: pb.Trade, session: TradeSession) -> _Tick:
        market, kind = self.market, trade.trade_type
        assert market is not None
        sets_price = kind in _PRICE_TYPES.get(market, (kind,))
        adds_volume = sets_price or kind in _VOLUME_TYPES.get(market, ())
        if market is Market.US and kind == _ODD_LOT:
            is_extended = session in (TradeSession.Pre, TradeSession.Post)
            sets_price, adds_volume = is_extended or self.board in _OPTION_BOARDS, True
        price = _decimal(trade.price)
        return _Tick(
            trade.timestamp,
            session,
            trade.price if sets_price else None,
            trade.volume if adds_volume else None,
            price * trade.volume * _LOT.get(market, 1),
        )

    def _start(self, series: Series, at: int, session: TradeSession) -> int | None:
        """When the bar of a moment begins, in Unix seconds."""
        market = self.market
        if market is None or (
            session is not TradeSession.Intraday and series.period not in MINUTES
        ):
            return None
        local = datetime.fromtimestamp(at, zone_of(market))
        start = bar_start(
            local,
            series.period,
            market=market,
            board=self.board,
            session=session,
            is_half_day=local.date() in self.half_days,
        )
        return None if start is None else int(start.timestamp())

    def _copy(self, series: Series, push: pb.PushQuote) -> Iterator[CandlestickRow]:
        """A day's bar is the day's quote, whatever the hour."""
        assert self.market is not None
        local = datetime.fromtimestamp(push.timestamp, zone_of(self.market))
        start = int(local.replace(hour=0, minute=0, second=0).timestamp())
        bar = pb.Candlestick(
            open=push.open,
            high=push.high,
            low=push.low,
            close=push.last_done,
            volume=push.volume,
            turnover=push.turnover,
            timestamp=start,
        )
        tail = series.tail(0)
        if tail is not None and start < tail.bar.timestamp:
            return
        if tail is not None and start == tail.bar.timestamp:
            series.replace_tail(0, bar, is_open=True)
            yield from self._changed(series, bar)
            return
        series.append(0, bar, is_open=True)
        yield from self._begun(series, tail, bar)

    def _fold(self, series: Series, tick: _Tick) -> Iterator[CandlestickRow]:
        start = self._start(series, tick.at, tick.session)
        if start is None:
            return
        number = int(tick.session)
        tail = series.tail(number)
        if tail is not None and start < tail.bar.timestamp:
            return  # too late
        if tail is not None and start == tail.bar.timestamp:
            bar, is_open = _applied(tail.bar, tick, is_open=tail.is_open)
            series.replace_tail(number, bar, is_open=is_open)
            if series.tells(tick.session):
                yield from self._changed(series, bar)
            return
        if tail is None and tick.price is None:
            return
        close = tick.price if tail is None else tail.bar.close
        assert close is not None
        empty = pb.Candlestick(
            open=close, high=close, low=close, close=close, turnover="0",
            timestamp=start, trade_session=number,  # type: ignore[arg-type]
        )  # fmt: skip
        if tick.price is not None:
            empty.open = empty.high = empty.low = tick.price
        bar, is_open = _applied(empty, tick, is_open=False)
        series.append(number, bar, is_open=is_open)
        if series.tells(tick.session):
            yield from self._begun(series, tail, bar)

    def _changed(self, series: Series, bar: pb.Candlestick) -> Iterator[CandlestickRow]:
        if not self._only_complete:
            yield CandlestickRow(series.period, bar, False)

    def _begun(
        self, series: Series, tail: _Tail | None, bar: pb.Candlestick
    ) -> Iterator[CandlestickRow]:
        if tail is not None:
            yield CandlestickRow(series.period, tail.bar, True)
        if not self._only_complete:
            yield CandlestickRow(series.period, bar, False)


def _applied(before: pb.Candlestick, tick: _Tick, *, is_open: bool) -> tuple[pb.Candlestick, bool]:
    """A bar with a tick added, and whether it has a price of its own now."""
    bar = pb.Candlestick()
    bar.CopyFrom(before)
    if tick.price is not None:
        price = _decimal(tick.price)
        if not is_open:  # high and low stay those of the close before it
            bar.open, is_open = tick.price, True
        if price > _decimal(bar.high):
            bar.high = tick.price
        if price < _decimal(bar.low):
            bar.low = tick.price
        bar.close = tick.price
    if tick.volume is not None:
        bar.volume += tick.volume
        bar.turnover = str(_decimal(bar.turnover) + tick.turnover)
    return bar, is_open


def _tick_of_quote(push: pb.PushQuote) -> _Tick:
    return _Tick(
        push.timestamp,
        TradeSession.Intraday,
        push.last_done,
        push.current_volume,
        _decimal(push.current_turnover),
    )


def _index(bars: Sequence[pb.Candlestick], bar: pb.Candlestick) -> int:
    """Where a bar is; near the end, so that is where the search begins."""
    return next(i for i in range(len(bars) - 1, -1, -1) if bars[i] is bar)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits or "0")
    except InvalidOperation:
        return Decimal(0)
