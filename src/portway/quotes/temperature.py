"""Market temperature: how dear a market is and how eager, as whole numbers from 0 to 100.

The vendor publishes no formula; this one is the project's. Valuation is the rank of the index over
its five-year mean among the last five years. Sentiment is the mean of four parts: shares that rose
among those that moved, shares above their 20-day average, the rank of the day's turnover among 60
days, the rank of the 5-day return among a year's. Temperature is the mean of both, rounded down. A
rank is the part of the other days that were lower. All numbers are exact: nothing is a float.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final

__all__ = [
    "AVERAGE_DAYS",
    "HISTORY_DAYS",
    "MarketDay",
    "Temperature",
    "monthly",
    "temperatures",
]

AVERAGE_DAYS: Final = 20  # of a share's moving average, the day itself included
HISTORY_DAYS: Final = 2500  # trading days before a day that its temperature looks back on, at most
_FIVE_YEARS: Final = 1250  # trading days
_YEAR: Final = 250
_TURNOVER_DAYS: Final = 60
_RETURN_DAYS: Final = 5


@dataclass(frozen=True, slots=True)
class MarketDay:
    """What one day's temperature is made of.

    Attributes:
        level: Of the index at the close, or so far.
        turnover: Of the index's members that day.
        advancers: Shares that stand above the close before; `decliners` below it.
        above_average: Shares above their average of `AVERAGE_DAYS` days, of `averaged` that have
            so many.
    """

    day: date
    level: Decimal
    turnover: Decimal
    advancers: int = 0
    decliners: int = 0
    above_average: int = 0
    averaged: int = 0


@dataclass(frozen=True, slots=True)
class Temperature:
    """One day's or month's temperature; all three from 0 to 100."""

    day: date
    temperature: int
    valuation: int
    sentiment: int


class _Ranks:
    """The newest values of a series, in order of size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._newest: deque[Decimal] = deque()
        self._sorted: list[Decimal] = []

    def rank(self, value: Decimal) -> tuple[int, int]:
        """Take the next value up; return how many others are lower, and how many there are."""
        others = len(self._sorted)
        lower = bisect_left(self._sorted, value)
        self._sorted.insert(lower, value)
        self._newest.append(value)
        if others == self._most:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]
        return lower, others


def temperatures(days: Sequence[MarketDay], first: date = date.min) -> list[Temperature]:
    """Return a temperature for each day from `first` on, ascending.

    The first ones of `days` look back on fewer days. For the same numbers as those of a longer
    series, begin `HISTORY_DAYS` before the first day that is wanted.
    """
    dear, busy, rising = _Ranks(_FIVE_YEARS), _Ranks(_TURNOVER_DAYS), _Ranks(_YEAR)
    levels: deque[Decimal] = deque()
    total = Decimal(0)
    found = []
    for index, one in enumerate(days):
        levels.append(one.level)
        total += one.level
        if len(levels) > _FIVE_YEARS:
            total -= levels.popleft()
        # Parts of a whole: lower ones of others, advancers of movers, and so on.
        dearer = dear.rank(one.level * len(levels) / total)
        parts = [busy.rank(one.turnover)]
        if index >= _RETURN_DAYS:
            parts.append(rising.rank(one.level / days[index - _RETURN_DAYS].level))
        if one.day < first:
            continue
        parts.append((one.advancers, one.advancers + one.decliners))
        parts.append((one.above_average, one.averaged))
        valuation, sentiment = _percent([dearer]), _percent(parts)
        found.append(Temperature(one.day, (valuation + sentiment) // 2, valuation, sentiment))
    return found


def monthly(days: Iterable[Temperature]) -> list[Temperature]:
    """Return the means of each month's days, each column by itself, dated by the month's first."""
    found = []
    for month, group in groupby(days, lambda one: one.day.replace(day=1)):
        rows = list(group)
        columns = [
            [one.temperature for one in rows],
            [one.valuation for one in rows],
            [one.sentiment for one in rows],
        ]
        found.append(Temperature(month, *(_whole(Fraction(sum(c), len(rows))) for c in columns)))
    return found


def _percent(parts: Sequence[tuple[int, int]]) -> int:
    """The mean of the parts of a whole that there are, in percent; the middle without any."""
    known = [Fraction(part, whole) for part, whole in parts if whole]
    return _whole(100 * sum(known, Fraction(0)) / len(known)) if known else 50


def _whole(value: Fraction) -> int:
    """Half up."""
    return int(value + Fraction(1, 2))
