"""Write the table of holidays and half days, or check that it is in step (`--check`).

The days come from exchange_calendars (XHKG, XNYS, XSHG, XSES), which needs pandas: that is why the
product carries a table and this command makes it. The mainland and Singapore publish their holidays
a year ahead; for the years after the package's last one the lists below stand in, and the rows say
`estimated`. Run it again when a new version of the package knows another year.

Exit status: 0 written, or in step; 1 `--check` found a difference.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import exchange_calendars

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2035
TABLE: Final = (
    Path(__file__).resolve().parent.parent / "src/portway/market/reference/tables/holidays.csv"
)
HEADER: Final = ("market", "year", "kind", "basis", "days")
SATURDAY: Final = 5

# The first day of the lunar year, Qingming, the dragon boat and the mid-autumn festival: fixed by
# sun and moon. The days off around them are the State Council's to announce, so these are guesses
# after the pattern of 2025 and 2026: New Year's eve to the seventh day, 1-5 May, 1-7 October.
LUNAR_NEW_YEARS: Final = (
    "2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11 2033-01-31 2034-02-19"
    " 2035-02-08"
)
QINGMING: Final = (
    "2027-04-05 2028-04-04 2029-04-04 2030-04-05 2031-04-05 2032-04-04 2033-04-04 2034-04-05"
    " 2035-04-05"
)
DRAGON_BOAT: Final = (
    "2027-06-09 2028-05-28 2029-06-16 2030-06-05 2031-06-24 2032-06-12 2033-06-01 2034-06-20"
    " 2035-06-10"
)
MID_AUTUMN: Final = (
    "2027-09-15 2028-10-03 2029-09-22 2030-09-12 2031-10-01 2032-09-19 2033-09-08 2034-09-27"
    " 2035-09-16"
)
GOOD_FRIDAYS: Final = (
    "2027-03-26 2028-04-14 2029-03-30 2030-04-19 2031-04-11 2032-03-26 2033-04-15 2034-04-07"
    " 2035-03-23"
)


@dataclass(frozen=True, slots=True)
class Source:
    """One market's calendar in the package, and what stands in after its last year."""

    market: str
    calendar: str
    last_year: int
    half_days: bool = True


SOURCES: Final = (
    Source("HK", "XHKG", LAST_YEAR),
    Source("US", "XNYS", LAST_YEAR),
    # Clients have no half-day sessions for the mainland: a reported one would lose the day's ticks.
    Source("CN", "XSHG", 2026, half_days=False),
    Source("SG", "XSES", 2026),
)


def main() -> int:
    """Write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args().check
    text = table()
    if not check:
        TABLE.write_text(text, encoding="utf-8")
        print(f"{TABLE.name}: {text.count(chr(10)) - 1} rows")
        return 0
    if TABLE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TABLE} is not what exchange_calendars says: run `make calendars`", file=sys.stderr)
    return 1


def table() -> str:
    """Return the whole table as CSV text: one row for each market, year and kind of day."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for source in SOURCES:
        writer.writerows(_rows(source))
    return out.getvalue()


def _rows(source: Source) -> Iterator[tuple[str, int, str, str, str]]:
    holidays, half_days = _recorded(source)
    yield from _by_year(source.market, "holiday", "recorded", holidays)
    if source.half_days:
        yield from _by_year(source.market, "half_day", "recorded", half_days)
    estimate = {"CN": _cn_holidays, "SG": _sg_holidays}.get(source.market)
    if estimate is not None:
        days = [day for y in range(source.last_year + 1, LAST_YEAR + 1) for day in estimate(y)]
        yield from _by_year(source.market, "holiday", "estimated", days)


def _by_year(
    market: str, kind: str, basis: str, days: list[date]
) -> Iterator[tuple[str, int, str, str, str]]:
    weekdays = sorted({day for day in days if day.weekday() < SATURDAY})
    for year, group in groupby(weekdays, key=lambda day: day.year):
        yield market, year, kind, basis, " ".join(f"{day:%m-%d}" for day in group)


def _recorded(source: Source) -> tuple[list[date], list[date]]:
    """Return weekdays without a session, and days with an early close."""
    first, last = date(FIRST_YEAR, 1, 1), date(source.last_year, 12, 31)
    # The constructor accepts a start on a holiday, but leaves out nothing before its first session.
    calendar: Any = exchange_calendars.get_calendar(
        source.calendar, start=first.isoformat(), end=last.isoformat()
    )
    sessions = {session.date() for session in calendar.sessions}
    assert not any(day.weekday() >= SATURDAY for day in sessions), "a session on a weekend"
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    holidays = [day for day in span if day.weekday() < SATURDAY and day not in sessions]
    return holidays, [session.date() for session in calendar.early_closes]


def _cn_holidays(year: int) -> list[date]:
    new_year = _of(LUNAR_NEW_YEARS, year)
    moon = _of(MID_AUTUMN, year)
    # Where the moon festival falls into the national week, the week is a day longer.
    golden = 8 if date(year, 10, 1) <= moon <= date(year, 10, 7) else 7
    return [
        date(year, 1, 1),
        *_days(new_year - timedelta(days=1), 8),
        *_days(date(year, 5, 1), 5),
        *_days(date(year, 10, 1), golden),
        *(_observed(day) for day in (_of(QINGMING, year), _of(DRAGON_BOAT, year), moon)),
    ]


def _sg_holidays(year: int) -> list[date]:
    # Vesak, Hari Raya and Deepavali are proclaimed and cannot be computed here: they are missing.
    new_year = _of(LUNAR_NEW_YEARS, year)
    days = [date(year, 1, 1), new_year, new_year + timedelta(days=1), _of(GOOD_FRIDAYS, year)]
    days += [date(year, 5, 1), date(year, 8, 9), date(year, 12, 25)]
    return [day + timedelta(days=1) if day.weekday() == SATURDAY + 1 else day for day in days]


def _of(days: str, year: int) -> date:
    return next(day for day in map(date.fromisoformat, days.split()) if day.year == year)


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def _observed(day: date) -> date:
    """A festival on a weekend makes that weekend three days long."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= SATURDAY else 0)


if __name__ == "__main__":
    raise SystemExit(main())
