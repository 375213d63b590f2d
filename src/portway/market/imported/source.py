"""Imported data as a market source: what was imported of a symbol is all there is of it.

An imported symbol never mixes with invented data: days that were not imported have no bars and no
ticks. A day with ticks is replayed tick by tick; one with minute bars by prints that fold back into
exactly those bars; a day of which there is only a day bar has history and no ticks. Bars are mapped
files, so everything but the first replay of a day is quick; `prepare` does that ahead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.imported.days import day_number, midnight_of, to_date
from portway.market.imported.events import DayEvents, TickDay, bar_events
from portway.market.imported.listing import Listed, Listing, instrument_by_spelling
from portway.market.imported.ports import ImportedData
from portway.market.imported.records import (
    PRICE_PLACES_MAX,
    BarTable,
    Ints,
    amount,
    candlesticks,
)
from portway.market.recorded.cache import Recent
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.decimals import half_up
from portway.model.hours import Part
from portway.model.instrument import Instrument
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.adjust import prev_close_on_ex_date
from portway.quotes.board import Board

__all__ = ["ImportedSource"]

DAYS_MAX: Final = 512  # Days of events in memory; one of minute bars takes half a megabyte.
TICK_DAYS_MAX: Final = 32  # Days with ticks whose marks are kept: the busiest takes 12 MB.
MARK_EVENTS: Final = 8192  # A snapshot folds at most so many events: some 40 ms.
_DAY: Final = timedelta(days=1)
_EVENING: Final = time(20)
_Key = tuple[Symbol, date]


class ImportedSource:
    """Serves a home's imported data; see `portway.market.ports.MarketSource` for each call.

    Every call may raise `SourceDamaged` when a file that it needs is damaged.
    """

    def __init__(self, data: ImportedData, listing: Listing) -> None:
        self._data = data
        self._listing = listing
        self._listed: Mapping[Symbol, Listed] = {
            symbol: one for symbol in data.symbols() if (one := listing.find(symbol)) is not None
        }
        self._events: Recent[_Key, DayEvents | None] = Recent(DAYS_MAX)
        self._marks: Recent[_Key, Sequence[DaySnapshot]] = Recent(DAYS_MAX)
        self._tick_marks: Recent[_Key, Sequence[DaySnapshot]] = Recent(TICK_DAYS_MAX)
        self._days: Recent[Symbol, tuple[date, ...]] = Recent(DAYS_MAX)
        self._tick_days: Recent[Symbol, frozenset[date]] = Recent(DAYS_MAX)

    # -- what there is -----------------------------------------------------------------------

    def symbols(self) -> Sequence[Symbol]:
        """Every imported symbol, sorted."""
        return sorted(self._listed)

    def instruments(self) -> Sequence[Instrument]:
        """Describe every imported symbol by its spelling; a reference table knows it better."""
        return [instrument_by_spelling(symbol) for symbol in self.symbols()]

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Days with a day bar, ascending."""
        days = self._day_list(symbol)
        return days[bisect_left(days, first) : bisect_left(days, last + _DAY)]

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Whether `prepare` has nothing left to do."""
        if symbol not in self._listed:
            return True
        key = (symbol, day)
        return key in self._marks_for(key) or not self.has_events(symbol, day)

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Read and fold a day, so that later calls about it are quick. For any thread."""
        if symbol in self._listed:
            self._marks_of(symbol, day)

    # -- market source -----------------------------------------------------------------------

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Bars of whole trading days, ascending."""
        return candlesticks(self.bar_table(symbol, period, first, last))

    def bar_table(self, symbol: Symbol, period: Period, first: date, last: date) -> BarTable:
        """The same bars as records, without a copy."""
        if period not in (Period.ONE_MINUTE, Period.DAY):
            raise ValueError(f"{period.name} is folded from minutes or days by the caller")
        table = self._data.bars(symbol, period)
        listed = self._listed.get(symbol)
        if listed is None or not len(table):
            return table
        begin, end = day_number(first), day_number(last) + 1
        if period is Period.DAY:
            return table.between(midnight_of(listed.market, begin), midnight_of(listed.market, end))
        return table.between(_day_begin(listed.market, begin), _day_begin(listed.market, end))

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield the events, a day being read when the first of its events is asked for."""
        listed = self._listed.get(symbol)
        if listed is None or begin >= end:
            return
        day = _trading_day(listed.market, begin)
        last = _trading_day(listed.market, end - timedelta.resolution)
        for one in self.trading_days(symbol, day, last):
            events = self._events_of(symbol, one)
            if events is not None:
                yield from events.numbered(events.before(begin), events.before(end))

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """Return the board at `at`, folded on from the nearest one kept before it.

        None on a day without events.
        """
        listed = self._listed.get(symbol)
        if listed is None:
            return None
        day = _trading_day(listed.market, at)
        events = self._events_of(symbol, day)
        if events is None:
            return None
        count = events.before(at)
        mark = count // MARK_EVENTS
        board = Board.restore(self._marks_of(symbol, day)[mark], self._parts(listed, day))
        for event in events.numbered(mark * MARK_EVENTS, count):
            board.apply(event)
        return board.snapshot()

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Close of the day before, on an ex-date by the market's own rule."""
        listed = self._listed.get(symbol)
        if listed is None:
            return None
        table = self._data.bars(symbol, Period.DAY)
        begin = midnight_of(listed.market, day_number(day))
        place = int(np.searchsorted(table.rows["at"], begin))
        if not place:
            return None
        before = to_date(_day_of(listed.market, int(table.rows["at"][place - 1])))
        close = amount(int(table.rows["close"][place - 1]), table.price_places)
        for action in self.corporate_actions(symbol):
            if before < action.ex_date <= day:
                close = prev_close_on_ex_date(listed.market, close, action, tick=listed.tick_size)
                # A third of a price has no end, and a client's numbers have 28 digits.
                close = half_up(close, PRICE_PLACES_MAX)
        return close

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """The imported actions that the prices are not adjusted by yet."""
        return self._data.actions(symbol)

    # -- one day -----------------------------------------------------------------------------

    def _calendar(self, listed: Listed) -> Calendar:
        return self._listing.calendars[listed.market]

    def _parts(self, listed: Listed, day: date) -> Sequence[Part]:
        return listed.hours.parts(day, self._calendar(listed).is_half_day(day))

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Whether prints, quotes or minute bars of the day were imported."""
        if day in self._ticks_of(symbol):
            return True
        return len(self.bar_table(symbol, Period.ONE_MINUTE, day, day)) > 0

    def _ticks_of(self, symbol: Symbol) -> frozenset[date]:
        return self._tick_days.get(symbol, lambda: frozenset(self._data.tick_days(symbol)))

    def _events_of(self, symbol: Symbol, day: date) -> DayEvents | None:
        def read() -> DayEvents | None:
            if day in self._ticks_of(symbol):
                return TickDay(symbol, self._data.ticks(symbol, day))
            table = self.bar_table(symbol, Period.ONE_MINUTE, day, day)
            return bar_events(self._listed[symbol], table) if len(table) else None

        return self._events.get((symbol, day), read)

    def _marks_of(self, symbol: Symbol, day: date) -> Sequence[DaySnapshot]:
        def read() -> Sequence[DaySnapshot]:
            events = self._events_of(symbol, day)
            if events is None:
                return ()
            listed = self._listed[symbol]
            close = self.prev_close(symbol, day) or Decimal(0)
            board = Board(symbol, day, self._parts(listed, day), close)
            marks = [board.snapshot()]
            for number, event in enumerate(events.numbered(0, len(events)), 1):
                board.apply(event)
                if number % MARK_EVENTS == 0:
                    marks.append(board.snapshot())
            return marks

        return self._marks_for((symbol, day)).get((symbol, day), read)

    def _marks_for(self, key: _Key) -> Recent[_Key, Sequence[DaySnapshot]]:
        return self._tick_marks if key[1] in self._ticks_of(key[0]) else self._marks

    def _day_list(self, symbol: Symbol) -> tuple[date, ...]:
        def read() -> tuple[date, ...]:
            market = self._listed[symbol].market
            at: Ints = self._data.bars(symbol, Period.DAY).rows["at"]
            return tuple(to_date(_day_of(market, one)) for one in at.tolist())

        return self._days.get(symbol, read) if symbol in self._listed else ()


def _day_of(market: Market, stamp: int) -> int:
    """Return the day that begins at `stamp`, local midnight in seconds since 1970."""
    local = datetime.fromtimestamp(stamp, UTC).astimezone(MARKET_ZONES[market])
    return day_number(local.date())


def _day_begin(market: Market, day: int) -> int:
    """Return the first second that belongs to a trading day."""
    if market is not Market.US:
        return midnight_of(market, day)
    evening = datetime.combine(to_date(day - 1), _EVENING, MARKET_ZONES[market])
    return int(evening.timestamp())


def _trading_day(market: Market, at: datetime) -> date:
    local = at.astimezone(MARKET_ZONES[market])
    evening = market is Market.US and local.time() >= _EVENING
    return local.date() + (_DAY if evening else timedelta())
