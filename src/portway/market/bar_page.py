"""A page of candlesticks that still lies in its file: records, and the running day's bars.

It is an ordinary sequence of candlesticks, made when they are looked at. Who sends a page whole
reads the records instead and makes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, overload, runtime_checkable

import numpy as np

from portway.market.imported.records import BarTable, candlesticks
from portway.model.quote import Candlestick, Period, TradeSession
from portway.model.symbol import Symbol

__all__ = ["BarPage", "BarTables"]


@runtime_checkable
class BarTables(Protocol):
    """A source that keeps its bars as records, so that a page need not be made of values."""

    def bar_table(self, symbol: Symbol, period: Period, first: date, last: date) -> BarTable:
        """The bars of whole trading days, ONE_MINUTE or DAY, without a copy."""
        ...


class BarPage(Sequence[Candlestick]):
    """Bars of `table`, then those of `running`; all ascending."""

    __slots__ = ("running", "table")

    def __init__(self, table: BarTable, running: tuple[Candlestick, ...] = ()) -> None:
        self.table = table
        self.running = running

    def __len__(self) -> int:
        return len(self.table) + len(self.running)

    @overload
    def __getitem__(self, place: int) -> Candlestick: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Candlestick]: ...

    def __getitem__(self, place: int | slice) -> Candlestick | Sequence[Candlestick]:
        kept = len(self.table)
        if isinstance(place, slice):
            first, beyond, step = place.indices(len(self))
            if step != 1:
                return tuple(self)[place]
            table = self.table.slice(min(first, kept), max(min(beyond, kept), min(first, kept)))
            return BarPage(table, self.running[max(first - kept, 0) : max(beyond - kept, 0)])
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(place)
        if place >= kept:
            return self.running[place - kept]
        return candlesticks(self.table.slice(place, place + 1))[0]

    def __iter__(self):  # type: ignore[no-untyped-def]  # an iterator of candlesticks
        yield from candlesticks(self.table)
        yield from self.running

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def count_before(self, at: datetime) -> int:
        """Return how many bars begin before `at`."""
        second = at.timestamp()
        count = int(np.searchsorted(self.table.rows["at"], second))
        return count + sum(bar.at < at for bar in self.running)

    def count_until(self, at: datetime) -> int:
        """Return how many bars begin by `at`."""
        second = at.timestamp()
        count = int(np.searchsorted(self.table.rows["at"], second, side="right"))
        return count + sum(bar.at <= at for bar in self.running)

    def without(self, session: TradeSession) -> BarPage:
        """Return the page without the bars of a session."""
        running = tuple(bar for bar in self.running if bar.session is not session)
        keep = self.table.rows["session"] != int(session)
        if keep.all():
            return BarPage(self.table, running)
        table = self.table
        rows = table.rows[np.flatnonzero(keep)]
        return BarPage(BarTable(rows, table.price_places, table.turnover_places), running)
