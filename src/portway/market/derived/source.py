"""What every derived market does alike, as a market source: days, bars, ticks, snapshots.

A subclass says which contract a symbol is on a day, how it trades then and what it is worth. Days
are kept while they are being looked at; nothing kept ever changes an answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.days import begin_of_day
from portway.market.derived.day import ContractDay, DayTerms, Value
from portway.market.derived.grid import tick_grid
from portway.market.derived.tape import print_counts
from portway.market.derived.underlyings import Underlyings
from portway.market.prints import regular_prints
from portway.market.synthetic.draws import Ints
from portway.market.synthetic.layout import MINUTE_US, instant, microseconds
from portway.model.corporate_action import CorporateAction
from portway.model.hours import trading_hours
from portway.model.instrument import Board, Instrument, spread_table
from portway.model.quote import (
    Candlestick,
    DaySnapshot,
    IndexTick,
    MarketEvent,
    Period,
    StatusChange,
    Trade,
    TradeStatus,
)
from portway.model.session import trading_day_of
from portway.model.symbol import MARKET_ZONES, Market, Symbol

__all__ = ["DerivedSource", "Life"]

DAYS_MAX: Final = 4096  # Opened days of contracts; a busy one takes 40 kB.
MINUTES_MAX: Final = 2048  # Minutes of underlyings' ticks; some 5 kB each.
FOUND_MAX: Final = 16_384
_ODD_LOT: Final = "I"  # Prints of the underlying that set no price.


@dataclass(frozen=True, slots=True)
class Life:
    """A contract from its first trading day to its last.

    Attributes:
        ends_at: Instant at which it ended before the last day did, microseconds; None: at its end.
    """

    instrument: Instrument
    underlying: Symbol
    first: date
    last: date
    ends_at: int | None = None


class DerivedSource(ABC):
    """A `MarketSource` whose symbols are found one by one."""

    market: Market

    def __init__(self, underlyings: Underlyings) -> None:
        self.underlyings = underlyings
        self.calendar = underlyings.calendars[self.market]
        self._day = lru_cache(maxsize=DAYS_MAX)(self._make_day)
        self._starts = lru_cache(maxsize=1024)(self._make_starts)
        self._ticks_of = lru_cache(maxsize=MINUTES_MAX)(self._read_ticks)
        self._counted = lru_cache(maxsize=FOUND_MAX)(self._has_prints)

    # -- what a subclass decides ---------------------------------------------------------------

    @abstractmethod
    def life(self, symbol: Symbol, day: date) -> Life | None:
        """Return the contract that a symbol names on a day, over as well; None: none yet."""

    @abstractmethod
    def terms_of(self, life: Life, day: date, starts: Ints, end: int) -> DayTerms | None:
        """Return how a contract trades on a day; None: it cannot."""

    @abstractmethod
    def value_of(self, life: Life, day: date) -> Value:
        """Return what a contract is worth on a day, as a function of its underlying."""

    # -- MarketSource --------------------------------------------------------------------------

    def find(self, symbol: Symbol, day: date) -> Instrument | None:
        """Return the contract that a symbol names, once it has been listed."""
        life = self.life(symbol, day)
        return None if life is None else life.instrument

    def symbols(self) -> Collection[Symbol]:
        """Return none: contracts are found when they are asked for."""
        return ()

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Return the days of the contract's life on which it printed."""
        life = self.life(symbol, last)
        if life is None:
            return ()
        days = self.calendar.trading_days(max(first, life.first), min(last, life.last))
        return [day for day in days if self._counted(symbol, day)]

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Return the one-minute or day bars; minutes and days without prints have none."""
        found: list[Candlestick] = []
        for day in self.trading_days(symbol, first, last):
            opened = self._day(symbol, day)
            if opened is None:
                continue
            if period is Period.ONE_MINUTE:
                found += opened.bars
            elif opened.bar is not None:
                found.append(opened.bar)
        return found

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield the events with `begin <= at < end`, in order."""
        zone = MARKET_ZONES[self.market]
        first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
        # A board turns to a US trading day on the evening before.
        for day in self.calendar.trading_days(first, last + timedelta(days=1)):
            at, status = begin_of_day(self.market, day), self._status_outside(symbol, day)
            if status is not None and begin <= at < end:
                yield StatusChange(symbol, at, status)
            opened = self._day(symbol, day)
            if opened is not None:
                yield from opened.events(microseconds(begin), microseconds(end))

    def _status_outside(self, symbol: Symbol, day: date) -> TradeStatus | None:
        """Return the status of a day before a contract's first or after its last; else None."""
        life = self.life(symbol, day)
        if life is None or life.first <= day <= life.last:
            return None
        return TradeStatus.WARRANT_PREPARE_LIST if day < life.first else TradeStatus.EXPIRED

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """Return the state of the trading day that holds `at`; None without such a day.

        After the end of a contract its last day stands, as expired.
        """
        day = trading_day_of(self.market, at, self.calendar)
        life = None if day is None else self.life(symbol, day)
        if day is None or life is None:
            return None
        if day > life.last:
            return self._afterwards(symbol, life, day)
        if day < life.first:
            return self._to_be_listed(symbol, day)
        opened = self._day(symbol, day)
        if opened is None:
            return None
        return opened.snapshot(microseconds(at), self.prev_close(symbol, day) or Decimal(0))

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Return whether there is anything to show of the day."""
        return self.life(symbol, day) is not None

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Return whether the underlying's day is at hand."""
        life = self.life(symbol, day)
        if life is None:
            return True
        return self.underlyings.source(life.underlying).is_prepared(life.underlying, day)

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Read the underlying's day ahead.

        Raises:
            SourceDamaged: If the underlying's source is.
        """
        life = self.life(symbol, day)
        if life is not None:
            self.underlyings.source(life.underlying).prepare(life.underlying, day)

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return the close of the trading day before: the last print, else the day's valuation.

        On the first day it is what the contract is worth at the underlying's previous close.
        """
        life = self.life(symbol, day)
        if life is None:
            return None
        before = self.calendar.previous_trading_day(min(day, self._day_after(life)))
        opened = self._day(symbol, before) if before >= life.first else None
        return self._issue_price(life, day) if opened is None else opened.closing_price

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Return none."""
        return ()

    # -- days ----------------------------------------------------------------------------------

    def day(self, symbol: Symbol, day: date) -> ContractDay | None:
        """Return a trading day of a contract; None when it did not trade then."""
        return self._day(symbol, day)

    def _make_day(self, symbol: Symbol, day: date) -> ContractDay | None:
        life = self.life(symbol, day)
        if life is None or not life.first <= day <= life.last:
            return None
        if not self.calendar.is_trading_day(day):
            return None
        path = self.underlyings.path(life.underlying, day)
        starts, end = self._starts(life.instrument.board, day)
        terms = self.terms_of(life, day, starts, end)
        if path is None or terms is None:
            return None
        instrument = life.instrument
        table = spread_table(instrument.market, instrument.security_class, day)
        midnight = datetime.combine(day, time(), MARKET_ZONES[self.market])
        return ContractDay(
            instrument,
            day,
            microseconds(midnight),
            path,
            terms,
            tick_grid(table),
            self.value_of(life, day),
            lambda begin, end: self._ticks_of(life.underlying, begin, end),
        )

    def _make_starts(self, board: Board, day: date) -> tuple[Ints, int]:
        """Return the begin of each minute of a board's regular session, and its end."""
        hours = trading_hours(self.market, board)
        parts = hours.regular_parts(day, self.calendar.is_half_day(day))
        rows = [
            np.arange(microseconds(part.begin), microseconds(part.end), MINUTE_US) for part in parts
        ]
        return np.concatenate(rows), microseconds(parts[-1].end)

    def _has_prints(self, symbol: Symbol, day: date) -> bool:
        """Return whether a day of the life has a print, from its draws alone where that tells."""
        life = self.life(symbol, day)
        assert life is not None, "a day of its life"
        starts, end = self._starts(life.instrument.board, day)
        terms = self.terms_of(life, day, starts, end)
        if terms is None or not print_counts(terms.key, len(terms.starts), terms.activity).any():
            return False
        opened = self._day(symbol, day)
        return opened is not None and len(opened.tape) > 0

    def _read_ticks(
        self, underlying: Symbol, begin: int, end: int
    ) -> tuple[tuple[int, float], ...]:
        """Return instants and prices of an underlying; contracts of one underlying share them."""
        source, span = self.underlyings.source(underlying), (instant(begin), instant(end))
        listed = self.underlyings.instrument(underlying)
        prints: Iterator[MarketEvent] = regular_prints(source, underlying, *span)
        if listed is not None and listed.is_index:
            prints = source.ticks(underlying, *span)
        return tuple(
            (microseconds(one.at), float(one.price))
            for one in prints
            if isinstance(one, IndexTick) or (isinstance(one, Trade) and one.trade_type != _ODD_LOT)
        )

    def _day_after(self, life: Life) -> date:
        return self.calendar.next_trading_day(life.last)

    def _issue_price(self, life: Life, day: date) -> Decimal | None:
        mood = self.underlyings.mood(life.underlying, day)
        if mood is None:
            return None
        starts, _ = self._starts(life.instrument.board, day)
        value = self.value_of(life, day)(np.array([mood.close]), starts[:1])
        instrument = life.instrument
        grid = tick_grid(spread_table(instrument.market, instrument.security_class, day))
        units = np.maximum(grid.down(value * 10_000.0), grid.lowest)
        return Decimal(int(units[0])).scaleb(-4).normalize() + Decimal("0.00")

    def _to_be_listed(self, symbol: Symbol, day: date) -> DaySnapshot:
        return DaySnapshot(
            symbol=symbol,
            trading_day=day,
            prev_close=self.prev_close(symbol, day) or Decimal(0),
            sessions={},
            minutes=(),
            auction_volume=0,
            auction_turnover=Decimal(0),
            trades=(),
            depth=None,
            brokers=None,
            status=TradeStatus.WARRANT_PREPARE_LIST,
        )

    def _afterwards(self, symbol: Symbol, life: Life, day: date) -> DaySnapshot | None:
        opened = self._day(symbol, life.last)
        if opened is None:
            return None
        close = self.prev_close(symbol, day) or Decimal(0)
        end = datetime.combine(life.last + timedelta(days=1), time(), UTC)
        ended = opened.snapshot(microseconds(end) + 24 * 60 * MINUTE_US, close)
        return DaySnapshot(
            symbol=symbol,
            trading_day=day,
            prev_close=close,
            sessions=ended.sessions,
            minutes=(),
            auction_volume=0,
            auction_turnover=Decimal(0),
            trades=(),
            depth=None,
            brokers=None,
            status=TradeStatus.EXPIRED,
        )
