"""Reads pages of candlesticks from a source and the running day's board, raw or adjusted.

Minute bars are read day by day, backwards or forwards, only as far as a page needs; day bars in
intervals that grow until the page is full. What a client may ask, and what an empty page means, is
decided in `history`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from portway.market.bar_page import BarPage, BarTables
from portway.market.ports import MarketSource
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.hours import Part, TradingHours
from portway.model.quote import AdjustType, Candlestick, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Symbol
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

__all__ = ["BarReader", "EARLIEST"]

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


@dataclass(frozen=True, slots=True)
class BarReader:
    """Reads bars of one kind of one symbol up to the present.

    Attributes:
        all_sessions: Minute bars of every session, not of the regular one alone.
        hidden: Sessions left out all the same.
        last_day: The latest trading day; nothing after it is read.
        board: Of `last_day`; None when that day is over and the source answers for it too.
    """

    source: MarketSource
    symbol: Symbol
    hours: TradingHours
    calendar: Calendar
    period: Period
    adjust: AdjustType
    all_sessions: bool
    last_day: date
    board: Board | None
    hidden: frozenset[TradeSession] = frozenset()

    @property
    def _zone(self) -> ZoneInfo:
        return MARKET_ZONES[self.hours.market]

    def newest(
        self,
        count: int,
        *,
        last: date | None = None,
        first: date | None = None,
        end: datetime | None = None,
    ) -> Sequence[Candlestick]:
        """Return the newest bars of the days `first` to `last` that begin by `end`."""
        # A client's dates may lie anywhere; between these bounds no arithmetic overflows.
        last = self.last_day if last is None else min(last, self.last_day)
        first = EARLIEST if first is None else max(first, EARLIEST)
        if last < first:
            return ()
        mapped = self._mapped(first, last)
        if mapped is not None:
            beyond = len(mapped) if end is None else mapped.count_until(end)
            return mapped[max(beyond - count, 0) : beyond]
        if self.period.minutes is None:
            return self._newest_days(count, first, last)
        return self._newest_minutes(count, first, last, end)

    def oldest(
        self, count: int, *, first: date, begin: datetime | None = None
    ) -> Sequence[Candlestick]:
        """Return the oldest bars from day `first` on, beginning with the one that holds `begin`."""
        first = max(first, EARLIEST)
        if first > self.last_day:
            return ()
        mapped = self._mapped(first, self.last_day)
        if mapped is not None:
            start = None if begin is None else self._bar_start(first, begin)
            skipped = 0 if start is None else mapped.count_before(start)
            return mapped[skipped : skipped + count]
        if self.period.minutes is None:
            return self._oldest_days(count, first)
        return self._oldest_minutes(count, first, begin)

    def _mapped(self, first: date, last: date) -> BarPage | None:
        """Return raw bars of the source's own periods as records, where it keeps them so."""
        if self.adjust is not AdjustType.NO_ADJUST or not isinstance(self.source, BarTables):
            return None
        is_minute = self.period is Period.ONE_MINUTE
        if not is_minute and self.period is not Period.DAY:
            return None
        running = self.board if last == self.last_day else None
        past = last if running is None else last - _DAY
        page = BarPage(self.source.bar_table(self.symbol, self.period, first, past))
        if is_minute:
            for session in TradeSession:
                if not self._shows(session):
                    page = page.without(session)
        if running is None:
            return page
        if not is_minute:
            candle = running.day_candle()
            return BarPage(page.table, () if candle is None else (candle,))
        return BarPage(
            page.table, tuple(bar for bar in running.minutes() if self._shows(bar.session))
        )

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
        for part in (*self._parts(day), *self._parts(day + _DAY)):
            if self._shows(part.session) and part.begin <= at < max(
                part.end, part.end + part.grace
            ):
                return bucket_of(part, at, minutes)[0]
        return at

    def _parts(self, day: date) -> tuple[Part, ...]:
        return self.hours.parts(day, self.calendar.is_half_day(day))

    def _shows(self, session: TradeSession) -> bool:
        if session is TradeSession.NORMAL:
            return True
        return self.all_sessions and session not in self.hidden

    def _chunks(self, days: Iterator[date], count: int) -> Iterator[list[date]]:
        """Cut days into pieces that should hold `count` bars, as long as the bound allows."""
        minutes = self.period.minutes
        assert minutes is not None
        step = timedelta(minutes=minutes)
        parts = [part for part in self._parts(self.last_day) if self._shows(part.session)]
        per_day = sum(-((part.begin - part.end) // step) for part in parts) or 1
        size = min(count // per_day + 1, CHUNK_DAYS_MAX)
        bounded = islice(days, MINUTE_DAYS_MAX)
        while chunk := list(islice(bounded, size)):
            yield chunk

    def _days_back(self, first: date, last: date) -> Iterator[date]:
        """Yield the symbol's trading days from `last` down to `first`, the running one included."""
        if self.board is not None and last == self.last_day:
            yield last
            last -= _DAY
        span = timedelta(days=14)
        while first <= last:
            low = max(first, last - span)
            yield from reversed(self.source.trading_days(self.symbol, low, last))
            last = low - _DAY
            span *= 2

    def _days_ahead(self, first: date) -> Iterator[date]:
        last = self.last_day if self.board is None else self.last_day - _DAY
        span = timedelta(days=14)
        while first <= last:
            high = min(last, first + span)
            yield from self.source.trading_days(self.symbol, first, high)
            first = high + _DAY
            span *= 2
        if self.board is not None:
            yield self.last_day

    def _minute_bars(self, days: Sequence[date]) -> Sequence[Candlestick]:
        """Return the raw bars of consecutive trading days, ascending, in the query's period."""
        minutes = self.period.minutes
        assert minutes is not None
        running = self.board is not None and days[-1] == self.last_day
        past = days[:-1] if running else days
        bars: list[Candlestick] = []
        if past:
            bars += self.source.bars(self.symbol, Period.ONE_MINUTE, past[0], past[-1])
        if running and self.board is not None:
            bars += self.board.minutes()
        shown = [bar for bar in bars if self._shows(bar.session)]
        parts = [part for day in days for part in self._parts(day)]
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
        limit = period_start(first, self.period)
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
        low = period_start(first, self.period)
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
        days = count * _PERIOD_DAYS[self.period]
        if self.period is Period.DAY:
            days = days * 3 // 2 + 10
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
            bars += self.source.bars(self.symbol, Period.DAY, first, past)
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
            for action in self.source.corporate_actions(self.symbol)
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
