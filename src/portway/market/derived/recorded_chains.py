"""Recorded option chains as days of contracts: minute bars of trades and quotes, replayed.

A day that was recorded shows the contracts that were recorded and no others; whatever day was not
is made like everywhere else. A bar becomes the few prints that fold back into it, a minute's quotes
the book at its begin and at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path as FilePath
from typing import Final

import numpy as np

from portway.market.bar_prints import even_prints, price_path
from portway.market.derived.day import ContractDay, DayTerms
from portway.market.derived.grid import TickGrid
from portway.market.derived.tape import Activity, Tape
from portway.market.derived.underlyings import Path
from portway.market.importers.lean_options import (
    ContractKey,
    OptionArchive,
    OptionFiles,
    scan_options,
)
from portway.market.recorded.cache import Recent
from portway.market.synthetic.draws import Ints
from portway.market.synthetic.grid import price
from portway.market.synthetic.layout import MINUTE_US, instant, microseconds
from portway.model.instrument import Derivative, Instrument
from portway.model.quote import Depth, Level, MarketEvent
from portway.model.symbol import MARKET_ZONES, Market, Symbol

__all__ = ["RecordedChains", "optionable"]

ARCHIVES_MAX: Final = 24  # Kept in memory, some megabytes each.
_INTEREST_COLUMNS: Final = 2
_TRADE_COLUMNS: Final = 6
_QUOTE_COLUMNS: Final = 11
_AT_BEGIN_US: Final = 1_000
_AT_END_US: Final = 59_000_000
_MS: Final = 1_000


class RecordedChains:
    """The option chains of one folder."""

    def __init__(self, equities: FilePath) -> None:
        """Look at file names alone.

        Args:
            equities: The folder `equity/usa`; chains lie beside it.
        """
        self._files: dict[Symbol, OptionFiles] = {
            Symbol(f"{ticker.upper()}.US"): files
            for ticker, files in scan_options(equities).items()
        }
        self._archives: Recent[FilePath, OptionArchive] = Recent(ARCHIVES_MAX)

    def underlyings(self) -> Sequence[Symbol]:
        """Return the securities with recorded chains."""
        return tuple(self._files)

    def days(self, underlying: Symbol) -> Sequence[date]:
        """Return the days of which a chain was recorded, ascending."""
        files = self._files.get(underlying)
        return () if files is None else tuple(sorted(files.days))

    def has(self, underlying: Symbol, day: date) -> bool:
        """Tell whether a chain was recorded on a day."""
        files = self._files.get(underlying)
        return files is not None and day in files.days

    def contracts(self, underlying: Symbol, day: date) -> Sequence[ContractKey]:
        """Return the contracts of a recorded day, by expiry, strike and right.

        Raises:
            RecordedDataError: If a file cannot be read.
        """
        return sorted(self._keys(underlying, day))

    def open_interest(self, underlying: Symbol, key: ContractKey, day: date) -> int:
        """Return the open contracts before a recorded day; 0 where none were recorded."""

        path = self._files[underlying].days[day].get("openinterest")
        rows = [] if path is None else self._archive(path).rows(key, _INTEREST_COLUMNS)
        return rows[-1][1] if rows else 0

    def day(
        self,
        instrument: Instrument,
        key: ContractKey,
        day: date,
        starts: Ints,
        end: int,
        ends_at: int | None,
        grid: TickGrid,
    ) -> RecordedContractDay | None:
        """Return a contract's recorded day; None when it was not recorded.

        Args:
            starts: Begin of each minute of its session, microseconds; `end` of the session.
            ends_at: Instant of its expiry, if that is on this day.
        """
        option = instrument.option
        assert option is not None, "a contract has terms"
        if key not in self._keys(option.underlying, day):
            return None
        files = self._files[option.underlying].days[day]
        rows = {
            kind: self._archive(files[kind]).rows(key, columns) if kind in files else []
            for kind, columns in (("trade", _TRADE_COLUMNS), ("quote", _QUOTE_COLUMNS))
        }
        return RecordedContractDay(
            instrument, day, rows["trade"], rows["quote"], starts, end, ends_at, grid
        )

    def _keys(self, underlying: Symbol, day: date) -> set[ContractKey]:
        files = self._files[underlying].days[day]
        found: set[ContractKey] = set()
        for kind in ("quote", "trade"):
            if kind in files:
                found |= self._archive(files[kind]).members.keys()
        return found

    def _archive(self, path: FilePath) -> OptionArchive:
        return self._archives.get(path, lambda: OptionArchive(path))


class RecordedContractDay(ContractDay):
    """A contract's day as it was recorded."""

    def __init__(
        self,
        instrument: Instrument,
        day: date,
        trades: Sequence[tuple[int, ...]],
        quotes: Sequence[tuple[int, ...]],
        starts: Ints,
        end: int,
        ends_at: int | None,
        grid: TickGrid,
    ) -> None:
        midnight = microseconds(datetime.combine(day, time(), MARKET_ZONES[Market.US]))
        terms = DayTerms(
            key=0,
            starts=starts,
            end=end,
            width=(0.0, 0.0),
            activity=Activity(0.0, 0.0),
            size=0,
            levels=1,
            multiplier=instrument.multiplier,
            ends_at=ends_at,
        )
        nowhere = Path(starts[:1], np.zeros(1), np.zeros(1), np.zeros(1))
        super().__init__(
            instrument, day, midnight, nowhere, terms, grid,
            lambda underlying, us: np.zeros(len(underlying)), lambda begin, end: (),
        )  # fmt: skip
        self._trades_seen = _by_minute(trades, midnight, starts)
        self._quotes_seen = _by_minute(quotes, midnight, starts)

    @cached_property
    def tape(self) -> Tape:
        """The prints that fold back into the recorded bars."""
        at, minute, prices, volume = [], [], [], []
        for place in sorted(self._trades_seen):
            _, opened, high, low, close, traded = self._trades_seen[place]
            prints = even_prints(price_path(opened, high, low, close), traded)
            prints = [(one, count) for one, count in prints if count]
            begin, gap = int(self.terms.starts[place]), MINUTE_US // (len(prints) + 1)
            for number, (one, count) in enumerate(prints, 1):
                at.append(begin + number * gap)
                minute.append(place)
                prices.append(one)
                volume.append(count)
        columns = [np.array(column, dtype=np.int64) for column in (at, minute, prices, volume)]
        rises = np.diff(columns[2], prepend=columns[2][:1]) >= 0
        tape = Tape(columns[0], columns[1], columns[2], columns[3], rises)
        ends_at = self.terms.ends_at
        return tape if ends_at is None else tape.only(tape.at < ends_at)

    @property
    def closing_price(self) -> Decimal:
        """The last print, else the middle of the last quotes; 0 when nothing was recorded."""
        if len(self.tape):
            return price(int(self.tape.price[-1]))
        if not self._quotes_seen:
            return Decimal(0)
        last = self._quotes_seen[max(self._quotes_seen)]
        bid, ask = last[4], last[9]
        return price((bid + ask) // 2 if bid and ask else bid or ask)

    def _make_minute(self, minute: int) -> list[MarketEvent]:
        begin = int(self.terms.starts[minute])
        events: list[MarketEvent] = list(self._trades(minute))
        row = self._quotes_seen.get(minute)
        if row is not None:
            _, bid_open, _, _, bid, bid_size, ask_open, _, _, ask, ask_size = row
            events.append(self._book(begin + _AT_BEGIN_US, bid_open, bid_size, ask_open, ask_size))
            events.append(self._book(begin + _AT_END_US, bid, bid_size, ask, ask_size))
        return sorted(events, key=lambda one: one.at)

    def _book(self, us: int, bid: int, bid_size: int, ask: int, ask_size: int) -> Depth:
        # A crossed pair is of two moments: the newer of the two cannot be told.
        shown_bid = bid > 0 and bid_size > 0 and (bid < ask or ask == 0)
        asks = (Level(price(ask), ask_size, 1),) if ask > 0 and ask_size > 0 else ()
        bids = (Level(price(bid), bid_size, 1),) if shown_bid else ()
        return Depth(self.symbol, instant(us), asks, bids)


def optionable(instrument: Instrument) -> Instrument:
    """Return an underlying that says that options are written on it."""
    if Derivative.OPTION in instrument.stock_derivatives:
        return instrument
    derivatives = (*instrument.stock_derivatives, Derivative.OPTION)
    return replace(instrument, stock_derivatives=derivatives)


def _by_minute(
    rows: Sequence[tuple[int, ...]], midnight: int, starts: Ints
) -> dict[int, tuple[int, ...]]:
    """Return rows by the number of their minute; those outside the session are left out."""
    found: dict[int, tuple[int, ...]] = {}
    for row in rows:
        at = midnight + row[0] * _MS
        place = int(np.searchsorted(starts, at, "right")) - 1
        if place >= 0 and at < int(starts[place]) + MINUTE_US:
            found[place] = row
    return found
