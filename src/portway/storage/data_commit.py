"""Staged rows to the files that are served: merged with what was there, settled, folded.

Of each symbol there are up to six kinds of files: `bars-1m` and `bars-day` as they were imported,
`fold-1m` and `fold-day` of its days with ticks, `ticks` of each such day, and what is served:
`served-1m` (minutes of ticks before imported ones) and `served-day` (folds before imported days, so
that a day bar is the fold of what is replayed). Nothing here is visible before it is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

import numpy as np

from portway.market.imported.days import day_number, midnight_of, to_date, trading_days_of
from portway.market.imported.folds import (
    WINDOW_ROWS,
    fold_days,
    places_of,
    settle_days,
    settle_minutes,
    union,
    without_days,
)
from portway.market.imported.listing import Listed, Listing
from portway.market.imported.records import (
    PRICE_PLACES_MAX,
    TURNOVER_PLACES_MAX,
    BarTable,
    Records,
    amount,
    rescaled,
)
from portway.market.imported.tick_folds import fold_tick_day, tick_places
from portway.model.quote import Period
from portway.model.symbol import Market, Symbol
from portway.storage.bars import FileFacts, map_bars, map_ticks, write_bars, write_ticks
from portway.storage.errors import StorageError

__all__ = ["Commit", "MixedAdjustment", "NewFile"]

_MICRO: Final = 1_000_000
# Prints made of a bar trade at neighbouring units, and the tick is a cent even where no price of
# the file has one.
_CENT_MARKETS: Final = (Market.CN, Market.US)
_CENT_PLACES: Final = 2


class MixedAdjustment(StorageError):
    """Prices adjusted in one way would be joined to prices adjusted in another."""


class Present(Protocol):
    """What was imported before."""

    folder: Path

    def table(self, symbol: Symbol, kind: str) -> BarTable: ...

    def bars(self, symbol: Symbol, period: Period) -> BarTable: ...

    def adjusted_by(self, symbol: Symbol) -> str | None: ...


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was written and waits to be published. `day` is "" but for ticks."""

    symbol: Symbol
    kind: str
    day: str
    name: str
    facts: FileFacts


@dataclass(slots=True)
class Commit:
    """Writes the files of one import.

    Attributes:
        kind: What was staged: `bars-1m`, `bars-day` or `ticks`.
        files: Everything written so far; `symbols` likewise.
    """

    present: Present
    number: int
    kind: str
    listing: Listing
    adjusted_by: str = "none"
    files: list[NewFile] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    _new: dict[tuple[Symbol, str], BarTable] = field(default_factory=dict)

    def add(self, symbol: Symbol, rows: Records) -> None:
        """Write every file that changes by the staged rows of a symbol.

        Raises:
            MixedAdjustment: If its earlier prices are adjusted in another way.
        """
        before = self.present.adjusted_by(symbol)
        if before is not None and before != self.adjusted_by:
            raise MixedAdjustment(
                f"{symbol} was imported as adjusted by {before}, not {self.adjusted_by}: the two"
                " cannot be joined; take another --home, or the same --adjusted-by"
            )
        listed = self.listing.find(symbol)
        assert listed is not None, "only symbols that were found are staged"
        self.symbols.append(symbol)
        if self.kind == "ticks":
            self._add_ticks(listed, rows)
        else:
            self._add_bars(listed, rows)
        self._serve(listed)
        self._new.clear()

    # -- bars --------------------------------------------------------------------------------

    def _add_bars(self, listed: Listed, rows: Records) -> None:
        old = self.present.table(listed.symbol, self.kind)
        places = max(places_of(rows), old.price_places)
        is_minute = self.kind == "bars-1m"
        if is_minute and listed.market in _CENT_MARKETS:
            places = max(places, _CENT_PLACES)
        settle = settle_minutes if is_minute else settle_days
        money = places if is_minute and not listed.is_index else TURNOVER_PLACES_MAX
        if np.any(np.diff(rows["at"]) < 0):
            rows = rows[np.argsort(rows["at"], kind="stable")]

        def windows() -> Iterator[Records]:
            low = np.iinfo(np.int64).min
            for begin in range(0, len(rows), WINDOW_ROWS):
                window = settle(rows[begin : begin + WINDOW_ROWS], places, listed)
                window = window[window["at"] >= low]
                if not len(window):
                    continue
                high = int(window["at"][-1]) + 1
                earlier = old.between(low, high)
                yield (
                    union(earlier, BarTable(window, places, money)).rows
                    if len(earlier)
                    else _first_of_each(window)
                )
                low = high
            yield rescaled(old.between(low, np.iinfo(np.int64).max), places, money)

        self._write(listed.symbol, self.kind, windows(), places, money)

    # -- ticks -------------------------------------------------------------------------------

    def _add_ticks(self, listed: Listed, rows: Records) -> None:
        symbol = listed.symbol
        if np.any(np.diff(rows["at"]) < 0):
            rows = rows[np.argsort(rows["at"], kind="stable")]
        days = trading_days_of(listed.market, rows["at"])
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(rows)]
        minutes: list[BarTable] = []
        day_bars: list[BarTable] = []
        places = tick_places(rows)
        half_days = self.listing.calendars[listed.market].half_days
        for begin, end in pairwise(cuts):
            day = to_date(int(days[begin]))
            part = np.array(rows[begin:end])
            for name in ("price", "bid", "ask"):
                part[name] //= 10 ** (PRICE_PLACES_MAX - places)
            name = self._name(symbol, f"{day:%Y%m%d}", "ticks")
            facts = write_ticks(self.present.folder / name, symbol, part, places)
            self.files.append(NewFile(symbol, "ticks", day.isoformat(), name, facts))
            columns = map_ticks(self.present.folder / name, symbol)
            close = self._close_before(listed, day, day_bars)
            folded = fold_tick_day(columns, listed, day, day in half_days, close)
            minutes.append(folded.minutes)
            day_bars.append(folded.days)
        new_days = np.unique(days)
        for kind, tables in (("fold-1m", minutes), ("fold-day", day_bars)):
            old = without_days(self.present.table(symbol, kind), listed.market, new_days)
            merged = old
            for table in tables:
                merged = union(merged, table)
            self._write(
                symbol, kind, iter([merged.rows]), merged.price_places, merged.turnover_places
            )

    def _close_before(self, listed: Listed, day: date, folded: list[BarTable]) -> Decimal:
        """Return the close before a day, of what was there and of the days folded so far."""
        begin = midnight_of(listed.market, day_number(day))
        tables = [self.present.bars(listed.symbol, Period.DAY), *folded]
        found = [one.between(np.iinfo(np.int64).min, begin) for one in tables]
        closes = [
            (int(one.rows["at"][-1]), amount(int(one.rows["close"][-1]), one.price_places))
            for one in found
            if len(one)
        ]
        return max(closes)[1] if closes else Decimal(0)

    # -- what is served ----------------------------------------------------------------------

    def _serve(self, listed: Listed) -> None:
        symbol = listed.symbol
        bars, folds = self._table(symbol, "bars-1m"), self._table(symbol, "fold-1m")
        if self.kind != "bars-day":
            if not len(folds):
                self._alias(symbol, "served-1m", "bars-1m")
            else:
                fold_at = self._table(symbol, "fold-day").rows["at"] * _MICRO
                days = np.unique(trading_days_of(listed.market, fold_at))
                served = union(without_days(bars, listed.market, days), folds)
                self._write(
                    symbol,
                    "served-1m",
                    iter([served.rows]),
                    served.price_places,
                    served.turnover_places,
                )
        served_day = self._table(symbol, "bars-day")
        if len(bars):
            served_day = union(served_day, fold_days(bars, listed.market))
        if len(folds):
            served_day = union(served_day, self._table(symbol, "fold-day"))
        self._write(
            symbol,
            "served-day",
            iter([served_day.rows]),
            served_day.price_places,
            served_day.turnover_places,
        )

    # -- files -------------------------------------------------------------------------------

    def _table(self, symbol: Symbol, kind: str) -> BarTable:
        """The new file of this import, else the one before."""
        return self._new.get((symbol, kind), self.present.table(symbol, kind))

    def _alias(self, symbol: Symbol, kind: str, of: str) -> None:
        found = [one for one in self.files if one.symbol == symbol and one.kind == of]
        self.files += [NewFile(symbol, kind, "", one.name, one.facts) for one in found]

    def _name(self, symbol: Symbol, kind: str, folder: str) -> str:
        # `%` of quoted characters and a dot in front keep every name plain and in its folder.
        name = quote(symbol, safe="").replace("*", "%2A")
        path = f"{folder}/{name}.{kind}.{self.number}"
        (self.present.folder / folder).mkdir(exist_ok=True)
        return path

    def _write(
        self, symbol: Symbol, kind: str, windows: Iterator[Records], places: int, money: int
    ) -> None:
        name = self._name(symbol, kind, "bars")
        path = self.present.folder / name
        facts = write_bars(path, symbol, windows, places, money)
        self.files.append(NewFile(symbol, kind, "", name, facts))
        self._new[symbol, kind] = map_bars(path, symbol)


def _first_of_each(window: Records) -> Records:
    """Drop rows that repeat a time."""
    again = np.concatenate(([False], np.diff(window["at"]) == 0))
    return window[~again] if again.any() else window
