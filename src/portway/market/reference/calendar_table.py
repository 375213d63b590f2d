"""Trading calendars of every market, from the generated table of holidays and half days.

The table says `recorded` where the exchange's calendar is known and `estimated` where holidays of a
later year are a guess (mainland, Singapore); both count alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final

from portway.market.reference.rows import Row, read_table
from portway.model.calendar import Calendar
from portway.model.symbol import Market

__all__ = ["FIRST_DAY", "LAST_DAY", "calendars"]

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2035, 12, 31)
_KINDS: Final = ("holiday", "half_day")


@cache
def calendars() -> Mapping[Market, Calendar]:
    """Return the calendar of each market, from `FIRST_DAY` to `LAST_DAY`."""
    days: dict[tuple[Market, str], list[date]] = {
        (market, kind): [] for market in Market for kind in _KINDS
    }
    for market, kind, some in read_table("holidays.csv", _parse):
        days[market, kind] += some
    return MappingProxyType(
        {
            market: Calendar.from_holidays(
                market,
                FIRST_DAY,
                LAST_DAY,
                holidays=days[market, "holiday"],
                half_days=days[market, "half_day"],
            )
            for market in Market
        }
    )


def _parse(row: Row) -> tuple[Market, str, list[date]]:
    if row["kind"] not in _KINDS:
        raise ValueError(f"kind {row['kind']!r} is none of {', '.join(_KINDS)}")
    year = row["year"]
    days = [date.fromisoformat(f"{year}-{day}") for day in row["days"].split()]
    return Market(row["market"]), row["kind"], days
