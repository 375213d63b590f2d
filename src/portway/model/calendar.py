"""Trading days of one market: which days it trades, which of them are half days, and counting them.

A calendar is a value built from a table of holidays; it reads no clock and knows no hours of the
day. Days are dates of the exchange. Outside the days it was built for nothing is known: questions
about such a day answer no, counting into them raises.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from portway.model.symbol import Market

__all__ = ["Calendar", "OutsideCalendar"]

SATURDAY = 5  # date.weekday()


class OutsideCalendar(LookupError):
    """Counting trading days left the span that the calendar knows."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The trading days of a market from `first` to `last`, both inclusive.

    Attributes:
        days: Every trading day, half days included, ascending.
        half_days: Those that end at midday; each one is in `days`.
    """

    market: Market
    first: date
    last: date
    days: tuple[date, ...] = field(repr=False)
    half_days: frozenset[date] = field(repr=False)
    _lookup: frozenset[date] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lookup", frozenset(self.days))
        assert self.half_days <= self._lookup, "a half day is a trading day"

    @classmethod
    def from_holidays(
        cls,
        market: Market,
        first: date,
        last: date,
        *,
        holidays: Iterable[date],
        half_days: Iterable[date],
    ) -> Calendar:
        """Build the calendar in which every weekday trades except the `holidays`."""
        closed = frozenset(holidays)
        known = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
        days = tuple(day for day in known if day.weekday() < SATURDAY and day not in closed)
        return cls(market, first, last, days, frozenset(half_days))

    def is_trading_day(self, day: date) -> bool:
        """Tell whether the market trades on `day`; False for days outside the calendar."""
        return day in self._lookup

    def is_half_day(self, day: date) -> bool:
        """Tell whether `day` is a trading day that ends at midday."""
        return day in self.half_days

    def next_trading_day(self, day: date) -> date:
        """Return the first trading day after `day`.

        Raises:
            OutsideCalendar: If that lies beyond the span.
        """
        return self._at(bisect_right(self.days, day), day)

    def previous_trading_day(self, day: date) -> date:
        """Return the last trading day before `day`.

        Raises:
            OutsideCalendar: If that lies before the span.
        """
        return self._at(bisect_left(self.days, day) - 1, day)

    def latest_on_or_before(self, day: date) -> date:
        """Return `day` if the market trades on it, else the last trading day before it.

        Raises:
            OutsideCalendar: If there is none in the span.
        """
        return self._at(bisect_right(self.days, day) - 1, day)

    def earliest_on_or_after(self, day: date) -> date:
        """Return `day` if the market trades on it, else the first trading day after it.

        Raises:
            OutsideCalendar: If there is none in the span.
        """
        return self._at(bisect_left(self.days, day), day)

    def add(self, day: date, n: int) -> date:
        """Return the `n`-th trading day after `day`; with a negative `n` the one before it.

        From a day without trading the count starts at the next one in its direction, so that the
        first trading day after a Saturday is Monday and the first before it Friday. With `n` zero
        that is `latest_on_or_before`.

        Raises:
            OutsideCalendar: If the count leaves the span.
        """
        start = bisect_left(self.days, day) if n < 0 else bisect_right(self.days, day) - 1
        return self._at(start + n, day)

    def trading_days(self, first: date, last: date) -> tuple[date, ...]:
        """Return the known trading days from `first` to `last`, both inclusive, ascending."""
        return self.days[bisect_left(self.days, first) : bisect_right(self.days, last)]

    def _at(self, index: int, asked: date) -> date:
        # `asked` may itself lie outside: the neighbour on the inside would then be a guess.
        if 0 <= index < len(self.days) and self.first <= asked <= self.last:
            return self.days[index]
        raise OutsideCalendar(f"{self.market} calendar: {self.first} to {self.last}, from {asked}")
