"""Whole arrays of prices put on the ticks of a table: rounding down, rounding up, as decimals.

Prices are whole numbers of 0.0001, the unit in which every tick is whole.
"""

from __future__ import annotations

from bisect import bisect
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Floats, Ints
from portway.model.spread import Boundary, SpreadTable

__all__ = ["TickGrid", "tick_grid"]

UNITS: Final = 10_000
_ENDLESS: Final = 2**60
_NOISE: Final = 1e-6  # In units: a price this near to a tick lies on it, however it was computed.


class TickGrid:
    """One tick table for arrays."""

    def __init__(self, table: SpreadTable) -> None:
        self._ends = np.array(
            [_ENDLESS if band.upto is None else int(band.upto * UNITS) for band in table.bands],
            dtype=np.float64,
        )
        self._ticks = np.array([int(band.tick * UNITS) for band in table.bands], dtype=np.int64)
        self._ends_list: list[float] = self._ends.tolist()
        self._last = len(self._ends_list) - 1
        self._side = "left" if table.boundary is Boundary.LOWER_BAND else "right"
        self.lowest = int(table.lowest * UNITS)

    def tick(self, value: Floats) -> Ints:
        """Return the tick of the band that holds each price, in units like the prices."""
        place = np.searchsorted(self._ends, value, self._side)  # type: ignore[call-overload]
        found: Ints = self._ticks[np.minimum(place, len(self._ticks) - 1)]
        return found

    def step(self, value: int, ticks: int) -> int:
        """Return the price a tick above (1) or below (-1) one that lies on a tick."""
        probe = value + 0.5 * ticks  # From a boundary the band on that side counts.
        return value + ticks * int(self._ticks[min(bisect(self._ends_list, probe), self._last)])

    def down(self, value: Floats) -> Ints:
        """Return the nearest tick at or below each price; 0 below the lowest price."""
        tick = self.tick(value)
        found: Ints = np.floor((value + _NOISE) / tick).astype(np.int64) * tick
        return np.where(found < self.lowest, 0, found)

    def up(self, value: Floats) -> Ints:
        """Return the nearest tick at or above each price."""
        tick = self.tick(value)
        found: Ints = np.ceil((value - _NOISE) / tick).astype(np.int64) * tick
        return np.maximum(found, self.lowest)


@lru_cache(maxsize=64)
def tick_grid(table: SpreadTable) -> TickGrid:
    """Return the grid of a table."""
    return TickGrid(table)
