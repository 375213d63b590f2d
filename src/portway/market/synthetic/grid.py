"""Prices as whole numbers: units of 0.0001, and for each day one grid that is valid all over it.

A day's prints lie on multiples of one step, so that sums of price times volume are sums of whole
numbers. Where the day's range touches two bands of the tick table the step is the least common
multiple of both ticks: every multiple is a valid price on either side. Knows no randomness.
"""

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Floats, Ints
from portway.model.instrument import Instrument, SpreadTable, spread_table

__all__ = ["UNIT_PLACES", "day_grids", "money", "price", "table_on", "units"]

UNIT_PLACES: Final = 4
_SHORTEST_PLACES: Final = 2
_EXACT: Final = Context(prec=64)  # Whatever the thread's context, amounts stay exact.


@lru_cache(maxsize=65536)
def price(value: int) -> Decimal:
    """Return a price in units as a Decimal with at least two places and no needless zeros."""
    places = UNIT_PLACES
    while places > _SHORTEST_PLACES and value % 10 == 0:
        value //= 10
        places -= 1
    return Decimal(value).scaleb(-places, _EXACT)


def money(value: int) -> Decimal:
    """Return an amount in units (price units times shares) as a Decimal."""
    return Decimal(value).scaleb(-UNIT_PLACES, _EXACT)


def units(value: Decimal) -> int:
    """Return a price as a whole number of units."""
    return int(value.scaleb(UNIT_PLACES, _EXACT))


def table_on(instrument: Instrument, day: date) -> SpreadTable:
    """Return the tick table of the security on a day."""
    return spread_table(instrument.market, instrument.security_class, day)


def day_grids(instrument: Instrument, days: tuple[date, ...], low: Floats, high: Floats) -> Ints:
    """Return each day's step, in units: prints from `low` to `high` are multiples of it.

    Args:
        days: Ascending.
        low: Lowest price of each day, in units; `high` the highest.
    """
    steps = np.empty(len(days), dtype=np.int64)
    for begin, end in _regimes(instrument, days):
        table = table_on(instrument, days[begin])
        ends = np.array(
            [units(band.upto) if band.upto is not None else 2**62 for band in table.bands],
            dtype=np.float64,
        )
        ticks = np.array([units(band.tick) for band in table.bands], dtype=np.int64)
        bands = [
            np.minimum(np.searchsorted(ends, side[begin:end], "left"), len(ticks) - 1)
            for side in (low, high)
        ]
        steps[begin:end] = np.lcm(ticks[bands[0]], ticks[bands[1]])
    return steps


def _regimes(instrument: Instrument, days: tuple[date, ...]) -> list[tuple[int, int]]:
    """Cut the days where the tick table changes: by halving, so that no date is written here."""
    cuts = [0]
    while cuts[-1] < len(days):
        begin = cuts[-1]
        first = table_on(instrument, days[begin])
        same, other = begin, len(days)
        if table_on(instrument, days[-1]) is first:
            same = len(days) - 1
        while other - same > 1:
            middle = (same + other) // 2
            if table_on(instrument, days[middle]) is first:
                same = middle
            else:
                other = middle
        cuts.append(same + 1)
    return list(pairwise(cuts))
