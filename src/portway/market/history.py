"""Pages of candlesticks: the source's earlier days joined to the running day of the board.

Answers the three questions clients ask: the latest bars, bars from an offset backwards or forwards,
bars between dates. Bars are always ascending and nothing from the present or after it is shown: the
running day comes from the board, folded from what has happened; days before it from the source.

Knows no clock (the market's now is a field) and nothing of wire codes: refusals are errors of this
module for the gateway to map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final

from portway.market.bar_reader import EARLIEST, BarReader
from portway.market.days import begin_of_day
from portway.market.ports import MarketSource
from portway.model.calendar import Calendar
from portway.model.hours import Part, TradingHours
from portway.model.quote import AdjustType, Candlestick, Period, SessionQuote, TradeSession
from portway.model.session import trading_day_of
from portway.model.symbol import MARKET_ZONES, Symbol, market_of
from portway.quotes.board import Board

__all__ = [
    "BARS_MAX",
    "BadRange",
    "HistoryDirection",
    "HistoryError",
    "NoData",
    "SymbolHistory",
    "TooManyBars",
    "board_from_source",
]

BARS_MAX: Final = 1000  # The most that one answer holds.
OFFSET_COUNT: Final = 10  # What an offset query without a count asks for.
_DAY: Final = timedelta(days=1)


class HistoryError(Exception):
    """A history query that has no page.

    HistoryError
    +-- NoData
    +-- BadRange
    +-- TooManyBars
    """


class NoData(HistoryError):
    """The market has traded in the interval asked for, but the symbol has no bar there."""


class BadRange(HistoryError):
    """The interval ends before it begins, or the count is below one."""


class TooManyBars(HistoryError):
    """More than `BARS_MAX` bars were asked for."""


class HistoryDirection(IntEnum):
    """Where an offset query goes; numbers of the quote protocol."""

    BACKWARD = 0
    FORWARD = 1


def board_from_source(
    source: MarketSource,
    symbol: Symbol,
    day: date,
    now: datetime,
    parts: Sequence[Part],
    *,
    is_option: bool = False,
    previous: SessionQuote | None = None,
) -> Board:
    """Return the board of trading day `day` as it stands at `now`, events at `now` not included."""
    snapshot = source.snapshot(symbol, now)
    if snapshot is not None and snapshot.trading_day == day:
        return Board.restore(snapshot, parts, is_option=is_option, previous=previous)
    prev_close = source.prev_close(symbol, day) or Decimal(0)
    board = Board(symbol, day, parts, prev_close, is_option=is_option, previous=previous)
    for event in source.ticks(symbol, begin_of_day(market_of(symbol), day), now):
        board.apply(event)
    return board


@dataclass(frozen=True, slots=True)
class SymbolHistory:
    """What one symbol's history looks like at one instant.

    Attributes:
        hours: Of the symbol's board.
        now: The market's present, UTC.
        today: The live board of the running or latest trading day, folded up to `now`. Without
            one the running day is folded from the source.
        is_option: A US option.
        hidden: Sessions whose bars are left out even where all are asked for, as overnight is for
            clients that did not ask for it at sign-in.
    """

    source: MarketSource
    symbol: Symbol
    hours: TradingHours
    calendar: Calendar
    now: datetime
    today: Board | None = None
    is_option: bool = False
    hidden: frozenset[TradeSession] = frozenset()

    def latest(
        self,
        period: Period,
        count: int,
        adjust: AdjustType = AdjustType.NO_ADJUST,
        *,
        all_sessions: bool = False,
    ) -> Sequence[Candlestick]:
        """Return the newest `count` bars, the running one included.

        Raises:
            NoData: If the symbol has no bar at all.
            BadRange: If `count` is below 1.
            TooManyBars: If it is above `BARS_MAX`.
        """
        _check_count(count)
        reader = self._reader(period, adjust, all_sessions)
        return self._checked(reader, reader.newest(count), EARLIEST, reader.last_day)

    def by_offset(
        self,
        period: Period,
        direction: HistoryDirection,
        count: int = OFFSET_COUNT,
        adjust: AdjustType = AdjustType.NO_ADJUST,
        *,
        day: date | None = None,
        minute: time | None = None,
        all_sessions: bool = False,
    ) -> Sequence[Candlestick]:
        """Return up to `count` bars that end (BACKWARD) or begin (FORWARD) with the offset bar.

        Args:
            day: Market date of the offset; None is the latest trading day.
            minute: Market time of the offset on that date; read for minute periods alone. The bar
                that holds it is included, in both directions. Without it the offset is the whole
                trading day.

        Raises:
            NoData, BadRange, TooManyBars: As `latest`.
        """
        _check_count(count)
        reader = self._reader(period, adjust, all_sessions)
        offset = reader.last_day if day is None else day
        at = None
        # On days that have not come or are before all data the minute makes no difference.
        known = EARLIEST <= offset <= reader.last_day
        if minute is not None and period.minutes is not None and known:
            zone = MARKET_ZONES[self.hours.market]
            at = datetime.combine(offset, minute, zone).astimezone(UTC)
        if direction is HistoryDirection.FORWARD:
            bars = reader.oldest(count, first=offset, begin=at)
            return self._checked(reader, bars, offset, reader.last_day)
        # A US evening belongs to the trading day after its date.
        bars = reader.newest(count, last=offset if at is None else offset + _DAY, end=at)
        return self._checked(reader, bars, EARLIEST, offset)

    def by_date(
        self,
        period: Period,
        start: date | None = None,
        end: date | None = None,
        adjust: AdjustType = AdjustType.NO_ADJUST,
        *,
        all_sessions: bool = False,
    ) -> Sequence[Candlestick]:
        """Return the bars of the trading days `start` to `end`, inclusive, at most `BARS_MAX`.

        Without `start` those that end nearest to `end`; with `start` alone those nearest to it;
        with both those nearest to `end`. A week or longer belongs to the interval when any of its
        days does, and is given whole.

        Raises:
            NoData: If the market has traded in the interval and the symbol has no bar there.
            BadRange: If `end` is before `start`.
        """
        if start is not None and end is not None and end < start:
            raise BadRange(f"{start} to {end} is no interval")
        reader = self._reader(period, adjust, all_sessions)
        if start is not None and end is None:
            bars = reader.oldest(BARS_MAX, first=start)
        else:
            bars = reader.newest(BARS_MAX, last=end, first=start)
        return self._checked(reader, bars, start or EARLIEST, end or reader.last_day)

    def _reader(self, period: Period, adjust: AdjustType, all_sessions: bool) -> BarReader:
        last_day, board = self._present()
        return BarReader(
            source=self.source,
            symbol=self.symbol,
            hours=self.hours,
            calendar=self.calendar,
            period=period,
            adjust=adjust,
            all_sessions=all_sessions,
            hidden=self.hidden,
            last_day=last_day,
            board=board,
        )

    def _checked(
        self, reader: BarReader, bars: Sequence[Candlestick], first: date, last: date
    ) -> Sequence[Candlestick]:
        """Return `bars`; if there are none, tell missing data from days without trading."""
        if not bars and self._market_traded(first, min(last, reader.last_day)):
            raise NoData(f"{self.symbol} has no {reader.period.name} bar, {first} to {last}")
        return bars

    def _market_traded(self, first: date, last: date) -> bool:
        days = self.calendar.trading_days(first, last)
        if len(days) != 1:
            return bool(days)
        regular = self.hours.regular_parts(days[0], self.calendar.is_half_day(days[0]))
        return not regular or self.now >= regular[0].begin

    def _present(self) -> tuple[date, Board | None]:
        """Return the latest trading day, and its board unless the day is wholly past."""
        if self.today is not None:
            return self.today.trading_day, self.today
        market = self.hours.market
        day = trading_day_of(market, self.now, self.calendar)
        if day is None:
            local = self.now.astimezone(MARKET_ZONES[market]).date()
            return self.calendar.latest_on_or_before(local), None
        parts = self.hours.parts(day, self.calendar.is_half_day(day))
        over = bool(parts) and self.now >= parts[-1].end + parts[-1].grace
        if over or not self.source.trading_days(self.symbol, day, day):
            return day, None
        board = board_from_source(
            self.source, self.symbol, day, self.now, parts, is_option=self.is_option
        )
        return day, board


def _check_count(count: int) -> None:
    if count < 1:
        raise BadRange(f"{count} bars")
    if count > BARS_MAX:
        raise TooManyBars(f"{count} bars, at most {BARS_MAX}")
