"""Spread tables as ladders: the prices on which a security may trade, band by band.

A ladder is arithmetic alone: which table a security has on which day is in `instrument.py`. Prices
are exact decimals in the security's currency.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum
from typing import Final

__all__ = ["Band", "Boundary", "SpreadTable", "ladder"]


class Boundary(StrEnum):
    """To which band a price belongs that ends one band and begins the next."""

    LOWER_BAND = "lower_band"  # HK: "over A up to and including B"
    UPPER_BAND = "upper_band"  # US: the new tick holds from the boundary on


@dataclass(frozen=True, slots=True)
class Band:
    """Prices up to `upto` (None: without end) that share one tick; it begins where one ends."""

    upto: Decimal | None
    tick: Decimal


# Prices have at most 28 digits; whatever the thread's context, counting ticks stays exact.
_EXACT: Final = Context(prec=64)
_UNIT_PLACES: Final = 4  # Every tick of every table is a whole number of 0.0001.
_UNENDED: Final = 10**32  # In units of 0.0001: beyond any price the wire can carry.


@dataclass(frozen=True, slots=True, eq=False)
class SpreadTable:
    """The prices on which an instrument may trade, as a ladder of bands.

    A table is a constant and compares as the object that it is: what follows from it can be kept.

    Valid prices are numbered from 0 at `lowest`, without a gap over the bands: a step of n ticks is
    a step of n ranks. A whole number of ticks is counted in integers, so no rounding ever enters.

    Attributes:
        lowest: The lowest valid price.
        bands: Ascending; the last may be without end.
    """

    lowest: Decimal
    bands: tuple[Band, ...]
    boundary: Boundary
    _begin: int = field(init=False, repr=False, compare=False)
    _ends: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _rungs: tuple[tuple[int, int, int, Decimal], ...] = field(init=False, repr=False, compare=False)
    _ranks: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Per band: units of its tick, multiple of its first valid price, rank of that price, tick.
        rungs: list[tuple[int, int, int, Decimal]] = []
        ends = tuple(_units(band.upto) for band in self.bands)
        begin, rank = _units(self.lowest), 0
        object.__setattr__(self, "_begin", begin)
        for band, end in zip(self.bands, ends, strict=True):
            tick = _units(band.tick)
            first = -(-begin // tick)
            closed = self.boundary is Boundary.LOWER_BAND or band is self.bands[-1]
            beyond = end // tick + 1 if closed else -(-end // tick)
            rungs.append((tick, first, rank, band.tick))
            rank += beyond - first
            begin = end + 1 if closed else end
        object.__setattr__(self, "_ends", ends)
        object.__setattr__(self, "_rungs", tuple(rungs))
        object.__setattr__(self, "_ranks", (*(rung[2] for rung in rungs[1:]), rank))

    def tick_size(self, price: Decimal) -> Decimal | None:
        """Return the tick of the band that holds `price`, valid or not; None outside the table."""
        rung = self._rung(price.scaleb(_UNIT_PLACES, _EXACT))
        return None if rung is None else rung[3]

    def rank(self, price: Decimal) -> int | None:
        """Return the number of a valid price, counted from the lowest; None if it is not valid."""
        units = price.scaleb(_UNIT_PLACES, _EXACT)
        whole = int(units)
        rung = self._rung(whole)
        if rung is None or whole != units:
            return None
        tick, first, base, _ = rung
        count, rest = divmod(whole, tick)
        return None if rest else base + count - first

    def price_at(self, rank: int) -> Decimal | None:
        """Return the valid price with that number; None outside the table."""
        if not 0 <= rank < self._ranks[-1]:
            return None
        _, first, base, tick = self._rungs[bisect_right(self._ranks, rank)]
        return tick * (first + rank - base)

    def is_valid(self, price: Decimal) -> bool:
        """Tell whether `price` is a whole number of ticks of its band, inside the table."""
        return self.rank(price) is not None

    def below(self, price: Decimal) -> Decimal | None:
        """Return the nearest valid price at or below `price`; None when the table begins above."""
        return self.price_at(self._count_upto(price, inclusive=True) - 1)

    def above(self, price: Decimal) -> Decimal | None:
        """Return the nearest valid price at or above `price`; None when the table ends below."""
        return self.price_at(self._count_upto(price, inclusive=False))

    def step(self, price: Decimal, ticks: int) -> Decimal | None:
        """Return the price `ticks` away from a valid price, walking the table band by band.

        Returns None when the walk leaves the table.

        Raises:
            ValueError: If `price` is not valid: there is no tick to count from.
        """
        rank = self.rank(price)
        if rank is None:
            raise ValueError(f"{price} is not on a tick")
        return self.price_at(rank + ticks)

    def _rung(self, units: Decimal | int) -> tuple[int, int, int, Decimal] | None:
        if units < self._begin:
            return None
        find = bisect_left if self.boundary is Boundary.LOWER_BAND else bisect_right
        index = find(self._ends, units)
        if index < len(self._rungs):
            return self._rungs[index]
        return self._rungs[-1] if units == self._ends[-1] else None

    def _count_upto(self, price: Decimal, *, inclusive: bool) -> int:
        """Return how many valid prices lie below `price`, with `inclusive` at it too."""
        units = price.scaleb(_UNIT_PLACES, _EXACT)
        if units < self._begin:
            return 0
        rung = self._rung(units)
        if rung is None:
            return self._ranks[-1]
        tick, first, base, _ = rung
        count, rest = _EXACT.divmod(units, tick)
        return base + max(0, int(count) + (1 if rest or inclusive else 0) - first)


def _units(price: Decimal | None) -> int:
    return _UNENDED if price is None else int(price.scaleb(_UNIT_PLACES))


def ladder(lowest: str, bands: str, boundary: Boundary = Boundary.LOWER_BAND) -> SpreadTable:
    """Read `upto:tick` pairs; `*` is a band without end."""
    pairs = (pair.split(":") for pair in bands.split())
    rows = tuple(Band(None if upto == "*" else Decimal(upto), Decimal(t)) for upto, t in pairs)
    return SpreadTable(Decimal(lowest), rows, boundary)
