"""Pages of candlesticks: the source's earlier days joined to the running day of the board.

Answers the three questions clients ask: the latest bars, bars from an offset backwards or forwards,
bars between dates. Bars are always ascending and nothing from the present or after it is shown: the
running day comes from the board, folded from what has happened; days before it from the source.

Knows no clock (the market's now is a field) and nothing of wire codes: refusals are errors of this
module for the gateway to map.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from portway.market.ports import MarketSource
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.quote import AdjustType, Candlestick, Period, SessionQuote, TradeSession
from portway.model.session import Part, TradingHours, trading_day_of
from portway.model.symbol import MARKET_ZONES, Symbol, market_of
from portway.quotes.adjust import (
    ForwardFactors,
    adjust_bar,
    fold_adjusted_day_bars,
    forward_factors,
)
from portway.quotes.board import Board
from portway.quotes.candles import (
    aggregate_minutes,
    bucket_of,
    day_stamp,
    fold_day_bars,
    period_start,
)

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
# How many trading days of minute bars one query reads at most: 1000 bars of four hours lie within
# 500 days of two such bars, and a page is rather short than slow.
MINUTE_DAYS_MAX: Final = 1000
CHUNK_DAYS_MAX: Final = 50  # Days of minute bars held in memory at once.
EARLIEST: Final = date(1980, 1, 1)  # No source has older days.
_CLOSE_WITHIN: Final = (timedelta(days=30), timedelta(days=900))  # An ex-date after a long halt.
_PERIOD_DAYS: Final = {
    Period.DAY: 1,
    Period.WEEK: 7,
    Period.MONTH: 31,
    Period.QUARTER: 92,
    Period.YEAR: 366,
}
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
    zone = MARKET_ZONES[market_of(symbol)]
    begin = min([day_stamp(day, zone), *(part.begin for part in parts)])
    for event in source.ticks(symbol, begin, now):
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
    """

    source: MarketSource
    symbol: Symbol
    hours: TradingHours
    calendar: Calendar
    now: datetime
    today: Board | None = None

    def latest(
        self,
        period: Period,
        count: int,
        adjust: AdjustType = AdjustType.NO_ADJUST,
        *,
        all_sessions: bool = False,
    ) -> tuple[Candlestick, ...]:
        """Return the newest `count` bars, the running one included.

        Raises:
            NoData: If the symbol has no bar at all.
            BadRange: If `count` is below 1.
            TooManyBars: If it is above `BARS_MAX`.
        """
        _check_count(count)
        query = self._query(period, adjust, all_sessions)
        return query.checked(query.newest(count), EARLIEST, query.last_day)

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
    ) -> tuple[Candlestick, ...]:
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
        query = self._query(period, adjust, all_sessions)
        offset = query.last_day if day is None else day
        at = None
        if minute is not None and period.minutes is not None:
            zone = MARKET_ZONES[self.hours.market]
            at = datetime.combine(offset, minute, zone).astimezone(UTC)
        if direction is HistoryDirection.FORWARD:
            bars = query.oldest(count, first=offset, begin=at)
            return query.checked(bars, offset, query.last_day)
        # A US evening belongs to the trading day after its date.
        bars = query.newest(count, last=offset if at is None else offset + _DAY, end=at)
        return query.checked(bars, EARLIEST, offset)

    def by_date(
        self,
        period: Period,
        start: date | None = None,
        end: date | None = None,
        adjust: AdjustType = AdjustType.NO_ADJUST,
        *,
        all_sessions: bool = False,
    ) -> tuple[Candlestick, ...]:
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
        query = self._query(period, adjust, all_sessions)
        if start is not None and end is None:
            bars = query.oldest(BARS_MAX, first=start)
        else:
            bars = query.newest(BARS_MAX, last=end, first=start)
        return query.checked(bars, start or EARLIEST, end or query.last_day)

    def _query(self, period: Period, adjust: AdjustType, all_sessions: bool) -> _Query:
        last_day, board = self._present()
        return _Query(self, period, adjust, all_sessions, last_day, board)

    def _present(self) -> tuple[date, Board | None]:
        """Return the latest trading day, and its board unless the day is wholly past."""
        if self.today is not None:
            return self.today.trading_day, self.today
        market = self.hours.market
        day = trading_day_of(market, self.now, self.calendar)
        if day is None:
            local = self.now.astimezone(MARKET_ZONES[market]).date()
            return self.calendar.latest_on_or_before(local), None
        parts = self.parts(day)
        over = bool(parts) and self.now >= parts[-1].end + parts[-1].grace
        if over or not self.source.trading_days(self.symbol, day, day):
            return day, None
        return day, board_from_source(self.source, self.symbol, day, self.now, parts)

    def parts(self, day: date) -> tuple[Part, ...]:
        """Return the session parts of a trading day."""
        return self.hours.parts(day, self.calendar.is_half_day(day))


def _check_count(count: int) -> None:
    if count < 1:
        raise BadRange(f"{count} bars")
    if count > BARS_MAX:
        raise TooManyBars(f"{count} bars, at most {BARS_MAX}")


@dataclass(frozen=True, slots=True)
class _Query:
    """One question's fixed part: which bars, of which history, up to which day."""

    history: SymbolHistory
    period: Period
    adjust: AdjustType
    all_sessions: bool
    last_day: date
    board: Board | None

    @property
    def _source(self) -> MarketSource:
        return self.history.source

    @property
    def _zone(self) -> ZoneInfo:
        return MARKET_ZONES[self.history.hours.market]

    def newest(
        self,
        count: int,
        *,
        last: date | None = None,
        first: date | None = None,
        end: datetime | None = None,
    ) -> tuple[Candlestick, ...]:
        """Return the newest bars of the days `first` to `last` that begin by `end`."""
        last = self.last_day if last is None else last
        if self.period.minutes is None:
            return self._newest_days(count, first or EARLIEST, last)
        return self._newest_minutes(count, first or EARLIEST, last, end)

    def oldest(
        self, count: int, *, first: date, begin: datetime | None = None
    ) -> tuple[Candlestick, ...]:
        """Return the oldest bars from day `first` on, beginning with the one that holds `begin`."""
        if self.period.minutes is None:
            return self._oldest_days(count, first)
        return self._oldest_minutes(count, first, begin)

    def checked(
        self, bars: tuple[Candlestick, ...], first: date, last: date
    ) -> tuple[Candlestick, ...]:
        """Return `bars`, or raise `NoData` where a market that traded should have given some."""
        if not bars and self._traded(first, last):
            raise NoData(f"{self.history.symbol} has no {self.period.name} bar, {first} to {last}")
        return bars

    def _traded(self, first: date, last: date) -> bool:
        calendar = self.history.calendar
        days = calendar.trading_days(first, min(last, self.last_day))
        if not days or days[0] < self.last_day:
            return bool(days)
        regular = self.history.hours.regular_parts(days[0], calendar.is_half_day(days[0]))
        return not regular or self.history.now >= regular[0].begin

    # -- minutes -----------------------------------------------------------------------------

    def _newest_minutes(
        self, count: int, first: date, last: date, end: datetime | None
    ) -> tuple[Candlestick, ...]:
        found: list[Candlestick] = []
        for days in self._chunks(self._days_back(first, last), count):
            bars = self._minute_bars(days[::-1])
            found = [bar for bar in bars if end is None or bar.at <= end] + found
            if len(found) >= count:
                break
        return self._adjusted(found[-count:])

    def _oldest_minutes(
        self, count: int, first: date, begin: datetime | None
    ) -> tuple[Candlestick, ...]:
        start = None if begin is None else self._bar_start(first, begin)
        found: list[Candlestick] = []
        for days in self._chunks(self._days_ahead(first), count):
            bars = self._minute_bars(days)
            found += [bar for bar in bars if start is None or bar.at >= start]
            if len(found) >= count:
                break
        return self._adjusted(found[:count])

    def _bar_start(self, day: date, at: datetime) -> datetime:
        """Return the start of the bar that holds `at`, or `at` itself when none can."""
        minutes = self.period.minutes
        assert minutes is not None
        for part in (*self.history.parts(day), *self.history.parts(day + _DAY)):
            if self._shows(part.session) and part.begin <= at < max(
                part.end, part.end + part.grace
            ):
                return bucket_of(part, at, minutes)[0]
        return at

    def _shows(self, session: TradeSession) -> bool:
        return self.all_sessions or session is TradeSession.NORMAL

    def _chunks(self, days: Iterator[date], count: int) -> Iterator[list[date]]:
        """Cut days into pieces that should hold `count` bars, as long as the bound allows."""
        minutes = self.period.minutes
        assert minutes is not None
        step = timedelta(minutes=minutes)
        parts = [part for part in self.history.parts(self.last_day) if self._shows(part.session)]
        per_day = sum(-((part.begin - part.end) // step) for part in parts) or 1
        size = min(count // per_day + 1, CHUNK_DAYS_MAX)
        bounded = islice(days, MINUTE_DAYS_MAX)
        while chunk := list(islice(bounded, size)):
            yield chunk

    def _days_back(self, first: date, last: date) -> Iterator[date]:
        """Yield the symbol's trading days from `last` down to `first`, the running one included."""
        last = min(last, self.last_day)
        if self.board is not None and first <= self.last_day == last:
            yield last
            last -= _DAY
        span = timedelta(days=14)
        while first <= last:
            low = max(first, last - span)
            yield from reversed(self._source.trading_days(self.history.symbol, low, last))
            last = low - _DAY
            span *= 2

    def _days_ahead(self, first: date) -> Iterator[date]:
        last = self.last_day if self.board is None else self.last_day - _DAY
        span = timedelta(days=14)
        low = max(first, EARLIEST)
        while low <= last:
            high = min(last, low + span)
            yield from self._source.trading_days(self.history.symbol, low, high)
            low = high + _DAY
            span *= 2
        if self.board is not None and first <= self.last_day:
            yield self.last_day

    def _minute_bars(self, days: Sequence[date]) -> Sequence[Candlestick]:
        """Return the raw bars of consecutive trading days, ascending, in the query's period."""
        minutes = self.period.minutes
        assert minutes is not None
        running = self.board is not None and days[-1] == self.last_day
        past = days[:-1] if running else days
        bars: list[Candlestick] = []
        if past:
            bars += self._source.bars(self.history.symbol, Period.ONE_MINUTE, past[0], past[-1])
        if running and self.board is not None:
            bars += self.board.minutes()
        shown = [bar for bar in bars if self._shows(bar.session)]
        parts = [part for day in days for part in self.history.parts(day)]
        return aggregate_minutes(shown, minutes, parts)

    def _adjusted(self, bars: Sequence[Candlestick]) -> tuple[Candlestick, ...]:
        if self.adjust is AdjustType.NO_ADJUST or not bars:
            return tuple(bars)
        factors = self._factors(self._trading_date(bars[0]))
        return tuple(adjust_bar(bar, factors.at(self._trading_date(bar))) for bar in bars)

    def _trading_date(self, bar: Candlestick) -> date:
        local = bar.at.astimezone(self._zone)
        evening = bar.session is TradeSession.OVERNIGHT and local.hour >= 12
        return local.date() + _DAY if evening else local.date()

    # -- day and longer ----------------------------------------------------------------------

    def _newest_days(self, count: int, first: date, last: date) -> tuple[Candlestick, ...]:
        limit = period_start(max(first, EARLIEST), self.period)
        upper = min(self._period_end(last), self.last_day)
        span = self._span(count)
        bars: list[Candlestick] = []
        while upper >= limit:
            low = max(limit, self._period_start(upper, span))
            bars = [*self._day_bars(low, upper), *bars]
            if self._periods(bars) >= count:
                break
            upper = low - _DAY
            span *= 2
        return self._folded(bars)[-count:]

    def _oldest_days(self, count: int, first: date) -> tuple[Candlestick, ...]:
        low = period_start(max(first, EARLIEST), self.period)
        span = self._span(count)
        bars: list[Candlestick] = []
        while low <= self.last_day and self._periods(bars) < count:
            high = min(self._period_end(min(low + span, self.last_day)), self.last_day)
            bars += self._day_bars(low, high)
            low = high + _DAY
            span *= 2
        return self._folded(bars)[:count]

    def _span(self, count: int) -> timedelta:
        """How many days should hold `count` bars, holidays and weekends included."""
        days = count * _PERIOD_DAYS[self.period] * 3 // 2 + 10
        return timedelta(days=min(days, (self.last_day - EARLIEST).days + 1))

    def _period_start(self, upper: date, span: timedelta) -> date:
        return period_start(max(upper - min(span, upper - EARLIEST), EARLIEST), self.period)

    def _period_end(self, day: date) -> date:
        """Return the last calendar day of the day, week ... year that holds `day`."""
        start = period_start(day, self.period)
        beyond = start + timedelta(days=_PERIOD_DAYS[self.period])
        if beyond.day != 1 and self.period > Period.WEEK:
            beyond = period_start(beyond, self.period)  # the longest period overshot
        return beyond - _DAY

    def _periods(self, bars: Sequence[Candlestick]) -> int:
        zone = self._zone
        return len({period_start(bar.at.astimezone(zone).date(), self.period) for bar in bars})

    def _day_bars(self, first: date, last: date) -> Sequence[Candlestick]:
        """Return the raw day bars of an interval that does not reach beyond the last day."""
        board = self.board
        running = board is not None and first <= self.last_day <= last
        past = self.last_day - _DAY if board is not None else self.last_day
        past = min(past, last)
        bars: list[Candlestick] = []
        if first <= past:
            bars += self._source.bars(self.history.symbol, Period.DAY, first, past)
        candle = board.day_candle() if board is not None and running else None
        return bars if candle is None else [*bars, candle]

    def _folded(self, bars: Sequence[Candlestick]) -> tuple[Candlestick, ...]:
        if self.adjust is AdjustType.NO_ADJUST or not bars:
            return fold_day_bars(bars, self.period, self._zone)
        factors = self._factors(bars[0].at.astimezone(self._zone).date())
        return fold_adjusted_day_bars(bars, factors, self.period, self._zone)

    # -- adjustment --------------------------------------------------------------------------

    def _factors(self, first: date) -> ForwardFactors:
        """Return the factors for bars from day `first` on; actions still to come do not count."""
        actions = [
            action
            for action in self._source.corporate_actions(self.history.symbol)
            if first < action.ex_date <= self.last_day
        ]
        if not actions:
            return ForwardFactors()
        known = self._day_bars(actions[0].ex_date - _CLOSE_WITHIN[0], actions[-1].ex_date - _DAY)
        pairs = [(action, self._close_before(action, known)) for action in actions]
        return forward_factors((action, close) for action, close in pairs if close is not None)

    def _close_before(
        self, action: CorporateAction, known: Sequence[Candlestick]
    ) -> Decimal | None:
        """Return the last raw close before the ex-date; None when the symbol had none."""
        index = bisect_left(known, day_stamp(action.ex_date, self._zone), key=_start)
        if index:
            return known[index - 1].close
        earlier = self._day_bars(action.ex_date - _CLOSE_WITHIN[1], action.ex_date - _DAY)
        return earlier[-1].close if earlier else None


def _start(bar: Candlestick) -> datetime:
    return bar.at
