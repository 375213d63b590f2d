"""The seeded world as a market source: a synthetic truth about every instrument of the reference.

Top down: years fix days, days fix minutes, minutes fix prints; each level is drawn by address, so
that a thousand day bars need no minute and any minute of any day can be asked first. The same seed
gives the same world on every machine. Bounded caches keep what was asked lately; they never change
an answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Final

import numpy as np

from portway.market.days import begin_of_day
from portway.market.reference import Reference
from portway.market.synthetic.days import DayTable, day_table
from portway.market.synthetic.draws import Ints, fraction, key_of, word
from portway.market.synthetic.grid import money, price, table_on, units
from portway.market.synthetic.inside import Inside
from portway.market.synthetic.layout import (
    MINUTE_US,
    Layout,
    auction_ends,
    instant,
    layout_of,
    microseconds,
)
from portway.market.synthetic.profiles import profile_of
from portway.market.synthetic.sessions import day_key, story_weight
from portway.market.synthetic.snapshots import day_snapshot
from portway.market.synthetic.stories import Story
from portway.market.synthetic.years import Span, span_of
from portway.model.corporate_action import CorporateAction
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period, Trade
from portway.model.session import AuctionEnds, trading_day_of
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from portway.quotes.adjust import prev_close_on_ex_date

__all__ = ["FIRST_DAY", "LAST_DAY", "CoolingOff", "SyntheticWorld"]

_CENT: Final = Decimal("0.01")
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2035, 12, 31)
# What the caches keep, at most. A day table takes 3 MB, an opened day 0.1 to 0.4 MB, its minute
# bars 0.2 to 0.7 MB, a minute's events 0.1 MB.
TABLES_MAX: Final = 64
YEARS_OF_BARS_MAX: Final = 1024
DAYS_MAX: Final = 512
DAYS_OF_BARS_MAX: Final = 96
MINUTES_OF_EVENTS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """A volatility control's cooling-off: prints from `begin` to `end` lie in the band."""

    symbol: Symbol
    begin: datetime
    end: datetime
    lower: Decimal
    upper: Decimal


class SyntheticWorld:
    """Market data of every instrument of the reference, from 2000 to 2035.

    Implements `MarketSource`. Symbols must be among `symbols()`; others raise KeyError.
    """

    def __init__(
        self,
        seed: int,
        reference: Reference,
        stories: Mapping[tuple[Symbol, date], Story] | None = None,
    ) -> None:
        """Make a world.

        Args:
            stories: What is made to happen on certain trading days of certain securities.
        """
        self.seed = seed
        self._stories: dict[Symbol, dict[date, Story]] = {}
        for (symbol, day), story in (stories or {}).items():
            self._stories.setdefault(symbol, {})[day] = story
        self._reference = reference
        self._brokers = tuple(
            sorted(number for one in reference.participants for number in one.broker_ids)
        )
        self._span = lru_cache(maxsize=len(Market))(self._make_span)
        self._table = lru_cache(maxsize=TABLES_MAX)(self._make_table)
        self._year_bars = lru_cache(maxsize=YEARS_OF_BARS_MAX)(self._make_year_bars)
        self._inside = lru_cache(maxsize=DAYS_MAX)(self._make_inside)
        self._minute_bars = lru_cache(maxsize=DAYS_OF_BARS_MAX)(self._make_minute_bars)
        self._events = lru_cache(maxsize=MINUTES_OF_EVENTS_MAX)(self._make_events)

    # -- MarketSource ------------------------------------------------------------------------

    def symbols(self) -> Collection[Symbol]:
        """Return every symbol of the reference whose market has a calendar."""
        known = self._reference.calendars
        return [one for one in self._reference.instruments if market_of(one) in known]

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Return the trading days of the symbol from `first` to `last`, both inclusive."""
        days = self._span(self._market(symbol)).days
        first = max(first, self._first_day(symbol))
        return days[bisect_left(days, first) : bisect_left(days, last + timedelta(days=1))]

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Return the raw one-minute or day bars of the trading days `first` to `last`.

        Raises:
            ValueError: If the period is another one; callers fold those.
        """
        days = self.trading_days(symbol, first, last)
        if not days:
            return []
        if period is Period.ONE_MINUTE:
            return [bar for day in days for bar in self._minute_bars(symbol, day)]
        if period is not Period.DAY:
            raise ValueError(f"a source has minute and day bars, not {period.name}")
        years = range(days[0].year, days[-1].year + 1)
        found = [bar for year in years for bar in self._year_bars(symbol, year)]
        before = len(self.trading_days(symbol, date(days[0].year, 1, 1), days[0])) - 1
        return found[before : before + len(days)]

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield the events with `begin <= at < end`, in order."""
        begin_us, end_us = microseconds(begin), microseconds(end)
        # A trading day's events lie on its own date of the exchange or on the evening before.
        zone = MARKET_ZONES[self._market(symbol)]
        first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
        for day in self.trading_days(symbol, first, last + timedelta(days=1)):
            inside = self._inside(symbol, day)
            if inside.begin < end_us and inside.layout.end > begin_us:
                yield from self._ticks_of(inside, begin_us, end_us)

    def regular_prints(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[Trade]:
        """Yield the regular session's prints among `ticks`, without drawing books around them."""
        if self._reference.instruments[symbol].is_index:
            return
        begin_us, end_us = microseconds(begin), microseconds(end)
        zone = MARKET_ZONES[self._market(symbol)]
        days = begin.astimezone(zone).date(), end.astimezone(zone).date()
        for day in self.trading_days(symbol, *days):
            inside = self._inside(symbol, day)
            index = inside.layout.regular
            block = inside.layout.blocks[index]
            first = max(0, block.minutes_begun(begin_us + 1) - 1)
            pieces: list[Sequence[MarketEvent]] = [inside.opening_events()]
            pieces += (inside.trades(index, n) for n in range(first, block.minutes_begun(end_us)))
            pieces.append([inside.closing.event] if inside.closing is not None else [])
            for piece in pieces:
                for event in _between(piece, begin_us, end_us):
                    if isinstance(event, Trade):
                        yield event

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """Return the state of the trading day that holds `at`; None on a day without trading."""
        market = self._market(symbol)
        day = trading_day_of(market, at, self._reference.calendars[market])
        if day is None or not self.trading_days(symbol, day, day):
            return None
        inside = self._inside(symbol, day)
        close = self.prev_close(symbol, day)
        assert close is not None, "a trading day of the world has a close before it"
        opened = partial(self._inside, symbol, day)
        return day_snapshot(inside, microseconds(at), close, self._events, opened)

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Return whether the symbol is listed and trades on that day."""
        return bool(self.trading_days(symbol, day, day))

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Return True: a day is drawn in milliseconds."""
        return True

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Do nothing: there is no slow work."""

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return the regular close of the trading day before `day`, by the market's rule.

        Mainland exchanges take a dividend off on its ex-date, the others do not; splits and bonus
        issues count everywhere. On the first day of the world it is the price at which the world
        begins, on a listing day the issue price; None before that and after the world.
        """
        table = self._table(symbol)
        row = bisect_left(table.span.days, day)
        if day < self._first_day(symbol) or row == len(table.span.days):
            return None
        action = table.actions.get(row)
        if action is None:
            return price(int(table.after_action[row]))
        close, market = price(int(table.before[row])), table.instrument.market
        tick = table_on(table.instrument, table.span.days[row]).tick_size(close) or _CENT
        return prev_close_on_ex_date(market, close, action, tick=tick)

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Return the dividends of the symbol by ex-date, ascending."""
        actions = self._table(symbol).actions
        first = self._first_day(symbol)
        return tuple(actions[row] for row in sorted(actions) if actions[row].ex_date > first)

    # -- beside the protocol -----------------------------------------------------------------

    def auction_ends(self, symbol: Symbol, day: date) -> AuctionEnds:
        """Return how long the random stages of the symbol's HK auctions last on a day."""
        return auction_ends(self.seed, symbol, day)

    def cooling_offs(self, symbol: Symbol, day: date) -> tuple[CoolingOff, ...]:
        """Return the cooling-off periods of the symbol's HK volatility control on a day.

        The drawn path of a day moves too slowly to reach the control's band; stories do.
        """
        table = self._table(symbol)
        row = table.row(day)
        band = None if row is None else table.bands.get(row)
        if row is None or band is None or table.instrument.market is not Market.HK:
            return ()
        layout = self._layout(table, row)
        block = layout.blocks[layout.regular]
        begin, end = (instant(block.begin_of(one)) for one in (band.trigger, band.last))
        lower, upper = (price(one * int(table.step[row])) for one in (band.lower, band.upper))
        return (CoolingOff(symbol, begin, end, lower, upper),)

    def short_share(self, symbol: Symbol, day: date) -> Decimal:
        """Return which part of a day's volume was sold short: 0.02 to 0.30, four places.

        Each security has its own level; the days wander around it.
        """
        key = key_of("short", self.seed, symbol)
        level = 0.05 + 0.15 * fraction(word(key, 0))
        wander = 0.4 + 1.1 * fraction(word(key, day.toordinal()))
        return Decimal(int(level * wander * 10_000)) / 10_000

    def minute_path(self, symbol: Symbol, day: date) -> tuple[Ints, ...] | None:
        """Return the regular session as arrays: instants (us), prices, lows, highs in 0.0001.

        The first element is the opening, each other one the close of the minute (or of the closing
        auction) that ends at its instant. None on a day without trading.
        """
        if not self.has_events(symbol, day):
            return None
        inside = self._inside(symbol, day)
        block, bars = (
            inside.layout.blocks[inside.layout.regular],
            inside.bars(inside.layout.regular),
        )
        at = [block.begin, *(start + MINUTE_US for start in block.starts())]
        columns = [[bars.open[0], *side] for side in (bars.close, bars.low, bars.high)]
        rows = [np.array(column, dtype=np.int64) * inside.step for column in columns]
        if inside.closing is not None:
            at.append(max(at[-1], inside.closing.at))
            rows = [np.append(row, units(inside.closing.price)) for row in rows]
        return np.array(at, dtype=np.int64), *rows

    # -- levels ------------------------------------------------------------------------------

    def _market(self, symbol: Symbol) -> Market:
        return self._reference.instruments[symbol].market

    def _first_day(self, symbol: Symbol) -> date:
        """The first day that may have prices."""
        listed = self._reference.instruments[symbol].listing_date
        return FIRST_DAY if listed is None else max(FIRST_DAY, listed)

    def _make_span(self, market: Market) -> Span:
        return span_of(self._reference.calendars[market], FIRST_DAY, LAST_DAY)

    def _make_table(self, symbol: Symbol) -> DayTable:
        instrument = self._reference.instruments[symbol]
        profile = profile_of(self.seed, instrument)
        span = self._span(instrument.market)
        told = self._stories.get(symbol, {})
        stories = {bisect_left(span.days, day): story for day, story in told.items()}
        table = day_table(self.seed, instrument, profile, span, stories)
        if not instrument.is_index:
            for row in table.corners:
                layout = self._layout(table, row)
                block = layout.blocks[layout.regular]
                key = day_key(self.seed, table, row)
                table.weight[row] = story_weight(table, row, key, block)
        return table

    def _layout(self, table: DayTable, row: int) -> Layout:
        day = table.span.days[row]
        layout = layout_of(self.seed, table.instrument, day, bool(table.span.half[row]))
        halt = table.halts.get(row)
        if halt is not None:
            layout = layout.halted(halt.first, halt.minutes)
        return layout.from_opening() if self._is_listing(table, row) else layout

    def _is_listing(self, table: DayTable, row: int) -> bool:
        listed = table.instrument.listing_date
        return listed is not None and table.span.days[row] == listed and listed >= FIRST_DAY

    def _make_year_bars(self, symbol: Symbol, year: int) -> tuple[Candlestick, ...]:
        table = self._table(symbol)
        days = table.span.days
        first = max(date(year, 1, 1), self._first_day(symbol))
        begin, end = bisect_left(days, first), bisect_left(days, date(year + 1, 1, 1))
        zone = MARKET_ZONES[table.span.market]
        rows = slice(begin, end)
        columns = [
            (side[rows] * table.step[rows]).tolist()
            for side in (table.open, table.high, table.low, table.close)
        ]
        return tuple(
            Candlestick(
                datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC),
                price(o), price(h), price(lo), price(c), volume, money(turnover),
            )
            for day, o, h, lo, c, volume, turnover in zip(
                days[rows], *columns, table.volume[rows].tolist(), table.turnover[rows].tolist(),
                strict=True,
            )
        )  # fmt: skip

    def _make_inside(self, symbol: Symbol, day: date) -> Inside:
        table = self._table(symbol)
        row = table.row(day)
        assert row is not None, f"{day} is no trading day of {symbol}"
        listed_at = None
        if self._is_listing(table, row):
            listed_at = microseconds(begin_of_day(table.instrument.market, day))
        layout = self._layout(table, row)
        return Inside(self.seed, *table.around(row), layout, self._brokers, listed_at)

    def _make_minute_bars(self, symbol: Symbol, day: date) -> tuple[Candlestick, ...]:
        return tuple(self._inside(symbol, day).minute_candles())

    def _make_events(
        self, symbol: Symbol, day: date, block: int, minute: int
    ) -> tuple[MarketEvent, ...]:
        return tuple(self._inside(symbol, day).events(block, minute))

    def _ticks_of(self, inside: Inside, begin: int, end: int) -> Iterator[MarketEvent]:
        regular = inside.layout.regular
        yield from _between(inside.listing_events(), begin, end)
        for index, block in enumerate(inside.layout.blocks):
            if index == regular and inside.layout.opening is not None and begin < block.begin:
                yield from _between(inside.opening_events(), begin, end)
            if block.end > begin:
                start = max(0, block.minutes_begun(begin + 1) - 1)
                for minute in range(start, block.minutes_begun(end)):
                    events = self._events(inside.symbol, inside.day, index, minute)
                    yield from _between(events, begin, end)
            if index == regular and inside.closing is not None:
                yield from _between([inside.closing.event], begin, end)


def _between(events: Sequence[MarketEvent], begin: int, end: int) -> Sequence[MarketEvent]:
    if not events:
        return events
    first = 0 if _at(events[0]) >= begin else bisect_left(events, begin, key=_at)
    last = len(events) if _at(events[-1]) < end else bisect_left(events, end, key=_at)
    return events[first:last]


def _at(event: MarketEvent) -> int:
    return microseconds(event.at)
