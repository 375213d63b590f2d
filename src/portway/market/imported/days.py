"""Instants and trading days as whole columns: the exchange's dates of many rows at once.

Days are counted from 1970-01-01, instants in microseconds since then, UTC.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.imported.records import Ints
from portway.model.symbol import MARKET_ZONES, Market
from portway.quotes.candles import day_stamp

__all__ = [
    "DAY_US",
    "day_number",
    "local_days",
    "midnight_of",
    "offsets_us",
    "to_date",
    "trading_days_of",
    "utc_offset_us",
]

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_NOON: Final = time(12)
_EVENING_US: Final = 4 * 3600 * SECOND_US  # The US trading day begins at 20:00 on the day before.


def day_number(day: date) -> int:
    """Return how many days after 1970-01-01 a date is."""
    return day.toordinal() - _EPOCH_DAY


def to_date(number: int) -> date:
    """Return the date of `day_number`."""
    return date.fromordinal(number + _EPOCH_DAY)


@lru_cache(maxsize=1 << 16)
def utc_offset_us(market: Market, day: int) -> int:
    """Return the exchange's offset from UTC at noon of a day.

    Clocks change on Sundays before noon, when no exchange is open.
    """
    offset = datetime.combine(to_date(day), _NOON, MARKET_ZONES[market]).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * SECOND_US


@lru_cache(maxsize=1 << 16)
def midnight_of(market: Market, day: int) -> int:
    """Return the stamp of a day's bar, local midnight, in seconds since 1970."""
    return int(day_stamp(to_date(day), MARKET_ZONES[market]).timestamp())


def offsets_us(market: Market, days: Ints) -> Ints:
    """Return `utc_offset_us` of each day."""
    unique, inverse = np.unique(days, return_inverse=True)
    table = np.array([utc_offset_us(market, int(day)) for day in unique], dtype=np.int64)
    found: Ints = table[inverse] if len(unique) else np.empty(0, dtype=np.int64)
    return found


def local_days(market: Market, at_us: Ints) -> Ints:
    """Return the exchange's date of each instant."""
    # The day in UTC is near enough to find the offset by.
    days: Ints = (at_us + offsets_us(market, at_us // DAY_US)) // DAY_US
    return days


def trading_days_of(market: Market, at_us: Ints) -> Ints:
    """Return the trading day of each instant."""
    return local_days(market, at_us + (_EVENING_US if market is Market.US else 0))
