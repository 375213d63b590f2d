"""Writes tiny folders in the LEAN layout for the tests of recorded days."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2013, 10, 7)


def put_zip(path: Path, text: str | bytes, member: str = "rows.csv") -> Path:
    """Write an archive of one member."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return path


def put_rows(
    root: Path,
    kind: str,
    rows: str | bytes,
    *,
    resolution: str = "tick",
    ticker: str = "ibm",
    day: date = DAY,
) -> Path:
    """Write the `trade` or `quote` file of a day."""
    path = root / "equity/usa" / resolution / ticker / f"{day:%Y%m%d}_{kind}.zip"
    return put_zip(path, rows)


def put_daily(root: Path, rows: str, ticker: str = "ibm") -> Path:
    return put_zip(root / "equity/usa/daily" / f"{ticker}.zip", rows)


def put_csv(root: Path, folder: str, rows: str, ticker: str = "ibm") -> Path:
    path = root / "equity/usa" / folder / f"{ticker}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows)
    return path


def ms(clock: str) -> int:
    """Milliseconds since midnight of `HH:MM[:SS[.mmm]]`."""
    at = time.fromisoformat(clock)
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return seconds * 1000 + at.microsecond // 1000


def utc(clock: str, day: date = DAY) -> datetime:
    """The instant of a New York time."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)
