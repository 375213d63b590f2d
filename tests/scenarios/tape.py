"""A second reader of recorded US days, written for the tests alone.

It shares nothing with the server: it reads the zip files row by row, merges the best bid and offer
and folds minute candles in the plainest way, so that the server's own reader has somebody to
disagree with.

Rows of trade files: milliseconds since New York midnight, price in 1/10,000 dollar, shares,
exchange, sale conditions (hex), suspicious. Rows of quote files: milliseconds, bid, size, ask,
size, exchange, conditions, suspicious; a row is the new national best of one side.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000  # Milliseconds, as the files count.
PRE, OPEN, CLOSE, POST_END = 4 * HOUR, 9 * HOUR + HOUR // 2, 16 * HOUR, 20 * HOUR

# Sale conditions by bit, for what they do to prices. The rest are ordinary.
VALUES = (24, 25, 26)  # Official close and open, prior reference price: no trade at all.
VOLUME_ONLY = (1, 2, 3, 9, 11, 14, 18, 20, 22)  # Cash, next day, seller ... price variation.
ODD_LOT = 31  # Volume alone in regular hours.
EXTENDED = (10, 13)  # Made outside regular hours.
CLOSING = (7, 24)  # Part of the regular session although printed after it.


@dataclass(frozen=True)
class Print:
    """One row of a trade file, and what it counts for."""

    ms: int
    price: Decimal
    shares: int
    session: str
    sets_price: bool
    counts: bool
    flags: int


def rows(path: Path) -> list[list[str]]:
    """The rows of a zip file's one member."""
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        return [line.split(",") for line in archive.read(member).decode().splitlines()]


def dollars(units: str) -> Decimal:
    return Decimal(units) / 10_000


def read_prints(path: Path) -> list[Print]:
    """The trades of a day in the order of the file."""
    return [read_print(row) for row in rows(path) if int(row[2])]


def read_print(row: list[str]) -> Print:
    ms, flags, suspicious = int(row[0]), int(row[4], 16), row[5] == "1"

    def has(bits: tuple[int, ...]) -> bool:
        return any(flags >> bit & 1 for bit in bits)

    session = "Pre" if ms < OPEN else "Intraday" if ms < CLOSE else "Post"
    assert PRE <= ms < POST_END, "no overnight trades on the recorded days"
    late = has(EXTENDED) and session == "Intraday"
    if session == "Post" and has(CLOSING) and not has(EXTENDED):
        session = "Intraday"
    volume_only = has(VOLUME_ONLY) or late or suspicious
    if has((ODD_LOT,)) and session == "Intraday":
        volume_only = True
    value = has(VALUES)
    sets_price = not volume_only and not value
    return Print(ms, dollars(row[1]), int(row[2]), session, sets_price, not value, flags)


def read_best(path: Path) -> list[tuple[Decimal, int, Decimal, int]]:
    """Best bid, its size, best ask, its size, after every row that changed one of them."""
    sides, merged = {"bid": ("0", 0), "ask": ("0", 0)}, []
    last = None
    for row in rows(path):
        if row[7] == "1":
            continue
        shown = {"bid": (row[1], int(row[2])), "ask": (row[3], int(row[4]))}
        told = [side for side, (price, size) in shown.items() if price != "0" or size]
        for side in told or list(shown):
            price, size = shown[side]
            sides[side] = (price, size) if price != "0" and size else ("0", 0)
        now = (*sides["bid"], *sides["ask"])
        if now != last:
            last = now
            merged.append((int(row[0]), *now))
    return merged


def fold(prints: list[Print], close_before: Decimal) -> dict[tuple[str, int], list]:
    """Minute bars by session and minute: open, high, low, close, shares, turnover.

    A bar that only volume has opened stands at the close before it, which for the first bar of a
    session is the close of the day before, until a price comes; its high and low keep that close.
    """
    bars: dict[tuple[str, int], list] = {}
    ends = {"Pre": OPEN, "Intraday": CLOSE, "Post": POST_END}
    closes: dict[str, Decimal] = {}
    newest: dict[str, int] = {}
    priced: set[tuple[str, int]] = set()
    for one in prints:
        minute = one.ms // 60_000
        late = minute < newest.get(one.session, 0)
        if not one.counts or one.ms >= ends[one.session] or late:
            continue
        key = (one.session, minute)
        if key not in bars:
            newest[one.session] = minute
            start = one.price if one.sets_price else closes.get(one.session, close_before)
            bars[key] = [start, start, start, start, 0, Decimal(0)]
        bar = bars[key]
        if one.sets_price:
            if key not in priced:
                bar[0] = one.price
                priced.add(key)
            bar[1], bar[2] = max(bar[1], one.price), min(bar[2], one.price)
            bar[3] = one.price
        bar[4] += one.shares
        bar[5] += one.price * one.shares
        closes[one.session] = bar[3]
    return bars


def unix(day: date, ms: int) -> int:
    """Milliseconds since New York midnight as Unix seconds, whole."""
    midnight = datetime.combine(day, time(), NEW_YORK)
    return int(midnight.timestamp()) + ms // 1000
