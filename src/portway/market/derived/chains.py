"""Which option contracts of a US security there are on a day: expiry days, strikes, symbols.

Rules by date: monthly contracts expire on the third Friday, weekly ones on every other Friday, a
few funds on every day; when the exchange is closed then, the trading day before. Strikes surround
the price at which an expiry was listed and follow it as it moves; none is withdrawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from portway.model.calendar import Calendar

__all__ = ["Cycle", "Expiry", "StrikeRule", "expiries", "expiry_on", "strike_grid", "strike_rule"]

WEEKLY_FROM: Final = date(2010, 6, 4)
DAILY_FROM: Final = date(2022, 11, 14)
DAILY_ROOTS: Final = frozenset({"SPY", "QQQ", "IWM"})
FIRST_EXPIRY: Final = date(2003, 1, 1)
STRIKES_MAX: Final = 240
_FRIDAY: Final = 4
_WEEK: Final = timedelta(days=7)


class Cycle(StrEnum):
    """How often contracts like it expire."""

    MONTHLY = ""
    WEEKLY = "W"
    DAILY = "D"

    @property
    def letter(self) -> str:
        """As the protocol spells it: it knows no daily contracts and calls them weekly."""
        return "" if self is Cycle.MONTHLY else Cycle.WEEKLY.value


# Calendar days before its expiry at which a contract is listed.
_LISTED_BEFORE: Final = {Cycle.DAILY: 14, Cycle.WEEKLY: 42, Cycle.MONTHLY: 100}
_QUARTERLY_BEFORE: Final = 370
_JANUARY_BEFORE: Final = 900
_LONG_BEFORE: Final = 500  # Listed so long ahead: coarse strikes, far around the price.


@dataclass(frozen=True, slots=True, order=True)
class Expiry:
    """A day on which contracts expire.

    Attributes:
        listed_on: Trading day on which the first of them were listed.
    """

    day: date
    cycle: Cycle
    listed_on: date


@dataclass(frozen=True, slots=True)
class StrikeRule:
    """The strikes of one expiry.

    Attributes:
        step: Between neighbours.
        reach: How far around the price they go, as a part of it.
    """

    step: Decimal
    reach: float


def expiries(root: str, on: date, calendar: Calendar) -> list[Expiry]:
    """Return the expiry days that are listed on a trading day, ascending, the day's own included.

    Args:
        root: Of the option symbols; a few roots expire every day.
    """
    last = on + timedelta(days=_JANUARY_BEFORE)
    found = {
        one.day: one
        for one in _scheduled(root, on, last, calendar)
        if one.listed_on <= on <= one.day
    }
    return [found[day] for day in sorted(found)]


def expiry_on(root: str, day: date, calendar: Calendar) -> Expiry | None:
    """Return the expiry of a day, listed yet or not; None when nothing expires then."""
    around = _scheduled(root, day - _WEEK, day + _WEEK, calendar)
    return next((one for one in around if one.day == day), None)


def _scheduled(root: str, first: date, last: date, calendar: Calendar) -> Iterator[Expiry]:
    """Yield expiries from `first` to `last`, a monthly one before others of its day."""
    last = min(last, calendar.last - _WEEK)
    first = max(first, FIRST_EXPIRY, calendar.first + timedelta(days=31))
    friday = first + timedelta(days=(_FRIDAY - first.weekday()) % 7)
    others: list[Expiry] = []
    while friday <= last + _WEEK:
        day = calendar.latest_on_or_before(friday)
        if 15 <= friday.day <= 21:
            yield _listed(day, Cycle.MONTHLY, _months_ahead(friday.month), calendar)
        elif friday >= WEEKLY_FROM:
            others.append(_listed(day, Cycle.WEEKLY, _LISTED_BEFORE[Cycle.WEEKLY], calendar))
        friday += _WEEK
    yield from others
    if root in DAILY_ROOTS and last >= DAILY_FROM:
        taken = {one.day for one in others}
        near = min(last, first + timedelta(days=2 * _LISTED_BEFORE[Cycle.DAILY]))
        for day in calendar.trading_days(max(first, DAILY_FROM), near):
            third = day.weekday() == _FRIDAY and 15 <= day.day <= 21
            if day not in taken and not third and not _replaces_monthly(day, calendar):
                yield _listed(day, Cycle.DAILY, _LISTED_BEFORE[Cycle.DAILY], calendar)


def _replaces_monthly(day: date, calendar: Calendar) -> bool:
    """Whether the third Friday after the day is a holiday, so that its contracts end today."""
    friday = day + timedelta(days=(_FRIDAY - day.weekday()) % 7)
    return 15 <= friday.day <= 21 and calendar.latest_on_or_before(friday) == day


def _months_ahead(month: int) -> int:
    if month == 1:
        return _JANUARY_BEFORE
    return _QUARTERLY_BEFORE if month % 3 == 0 else _LISTED_BEFORE[Cycle.MONTHLY]


def _listed(day: date, cycle: Cycle, days_before: int, calendar: Calendar) -> Expiry:
    wanted = max(day - timedelta(days=days_before), calendar.first)
    return Expiry(day, cycle, calendar.earliest_on_or_after(wanted))


def strike_rule(root: str, expiry: Expiry, close: float) -> StrikeRule:
    """Return the strikes of an expiry.

    Args:
        close: Of the underlying on the trading day before the listing.
    """
    if expiry.cycle is not Cycle.MONTHLY:
        reach = 0.2
        if root in DAILY_ROOTS:
            step = "1"
        else:
            step = "0.5" if close < 75 else "1" if close < 200 else "2.5" if close < 500 else "5"
        return StrikeRule(Decimal(step), reach)
    if (expiry.day - expiry.listed_on).days >= _LONG_BEFORE:
        step = "2.5" if close < 25 else "5" if close < 200 else "10" if close < 1000 else "25"
        return StrikeRule(Decimal(step), 0.6)
    step = "1" if close < 25 else "2.5" if close < 200 else "5" if close < 500 else "10"
    return StrikeRule(Decimal(step), 0.4)


def strike_grid(rule: StrikeRule, closes: Sequence[float]) -> list[Decimal]:
    """Return the strikes that have been listed, ascending, after closes of the underlying.

    Args:
        closes: Of the day before the listing and every day since; at least one.
    """
    low, high = strike_range(rule, min(closes), max(closes))
    count = high - low + 1
    if count > STRIKES_MAX:  # A price that ran away: the ends go, evenly.
        low += (count - STRIKES_MAX) // 2
        high = low + STRIKES_MAX - 1
    return [rule.step * number for number in range(low, high + 1)]


def strike_range(rule: StrikeRule, low: float, high: float) -> tuple[int, int]:
    """Return the lowest and the highest strike for prices from `low` to `high`, in steps."""
    step = float(rule.step)
    least = max(1, math.floor(low * (1 - rule.reach) / step))
    return least, max(math.ceil(high * (1 + rule.reach) / step), least + 6)
