"""Bars and ticks as fixed-width records: what lies in the files of a home, and what it means.

A record is little-endian and 64 bytes long. Prices and turnover are whole units of a file's own
scale (a power of ten), so that a file of cents stays a file of cents. Nothing here opens a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from enum import IntFlag
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from portway.model.quote import Candlestick, TradeSession

__all__ = [
    "BAR",
    "BarFlag",
    "BarTable",
    "Ints",
    "PRICE_PLACES_MAX",
    "Records",
    "TICK",
    "TURNOVER_PLACES_MAX",
    "TickKind",
    "amount",
    "candlesticks",
    "empty_bars",
    "rescaled",
]

Ints = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

PRICE_PLACES_MAX: Final = 6  # Staged rows have this scale; a file takes the fewest that suffice.
TURNOVER_PLACES_MAX: Final = 3

_EXACT: Final = Context(prec=40)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SESSIONS: Final = tuple(TradeSession)

# `at`: seconds since 1970 in UTC, the start of the bar; a day bar: local midnight.
BAR: Final = np.dtype(
    [
        ("at", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("turnover", "<i8"),
        ("session", "u1"),
        ("spare", "V1"),
        ("flags", "<u2"),
        ("code", "<u4"),  # number of the symbol while rows of many are staged together
    ]
)

# `at`: microseconds since 1970 in UTC. A print has price and volume, a quote has the four others.
TICK: Final = np.dtype(
    [
        ("at", "<i8"),
        ("price", "<i8"),
        ("volume", "<i8"),
        ("bid", "<i8"),
        ("bid_size", "<i8"),
        ("ask", "<i8"),
        ("ask_size", "<i8"),
        ("kind", "u1"),
        ("trade_type", "u1"),  # the character's number, 0 for the ordinary type
        ("direction", "u1"),
        ("session", "u1"),
        ("code", "<u4"),
    ]
)


class TickKind:
    """Numbers of what a tick record is."""

    PRINT: Final = 0
    QUOTE: Final = 1


class BarFlag(IntFlag):
    """What is to be known of a bar beside its numbers.

    Attributes:
        ESTIMATED: Its turnover follows from its prices and volume; the file gave none that fits.
        MENDED: The file's bar was impossible; it is served with its range widened or its volume
            rounded.
        NO_VOLUME: It has a range but no shares: it moves the quote and fills no order.
        AFTER_GAP: Bars that should be there are missing before it.
        FROM_LINE: It has one price for open, high, low and close, from an intraday line.
        FOLDED: It was folded from finer data.
        REORDERED: It stood out of order in its file.
        IDLE_DAY: It lies on a day on which the calendar has no trading.
        UNPRICED: No print of it has set a price; see `Candlestick.priced`.
    """

    ESTIMATED = 1
    MENDED = 2
    NO_VOLUME = 4
    AFTER_GAP = 8
    FROM_LINE = 16
    FOLDED = 32
    REORDERED = 64
    IDLE_DAY = 128
    UNPRICED = 256


_UNPRICED: Final = int(BarFlag.UNPRICED)


@dataclass(frozen=True, slots=True)
class BarTable:
    """The bars of one symbol and period, ascending by `at`.

    Attributes:
        rows: Of `BAR`, often memory-mapped and never written to.
        price_places: Prices are in units of 10 to the power of minus this.
        turnover_places: Likewise for turnover.
    """

    rows: Records
    price_places: int
    turnover_places: int

    def __len__(self) -> int:
        return len(self.rows)

    def between(self, begin: int, end: int) -> BarTable:
        """Return the bars with `begin <= at < end`, in seconds; shares the memory."""
        first, beyond = np.searchsorted(self.rows["at"], (begin, end))
        return self.slice(int(first), int(beyond))

    def slice(self, first: int, beyond: int) -> BarTable:
        """Return the bars numbered `first` to `beyond`, the latter not included."""
        return BarTable(self.rows[first:beyond], self.price_places, self.turnover_places)


def empty_bars() -> BarTable:
    """Return a table without bars."""
    return BarTable(np.empty(0, dtype=BAR), 0, 0)


@lru_cache(maxsize=1 << 16)
def amount(units: int, places: int) -> Decimal:
    """Return `units` times 10 to the power of minus `places`, exact, without trailing zeros."""
    return _EXACT.divide(Decimal(units), Decimal(10) ** places)


def candlesticks(table: BarTable) -> list[Candlestick]:
    """Return the bars as values."""
    places, money = table.price_places, table.turnover_places
    rows = table.rows
    names = ("at", "open", "high", "low", "close", "volume", "turnover", "session", "flags")
    columns: list[Any] = [rows[name].tolist() for name in names]
    return [
        Candlestick(
            _EPOCH + timedelta(seconds=at),
            amount(opened, places),
            amount(high, places),
            amount(low, places),
            amount(close, places),
            volume,
            _EXACT.scaleb(Decimal(turnover), -money),
            _SESSIONS[session],
            not flags & _UNPRICED,
        )
        for at, opened, high, low, close, volume, turnover, session, flags in zip(
            *columns, strict=True
        )
    ]


def rescaled(table: BarTable, price_places: int, turnover_places: int) -> Records:
    """Return the rows in another scale, which must not lose a digit. Copies where it differs."""
    price = 10 ** abs(price_places - table.price_places)
    money = 10 ** abs(turnover_places - table.turnover_places)
    if price == 1 and money == 1:
        return table.rows
    rows = table.rows.copy()
    for name in ("open", "high", "low", "close"):
        rows[name] = _times(rows[name], price, up=price_places >= table.price_places)
    rows["turnover"] = _times(rows["turnover"], money, up=turnover_places >= table.turnover_places)
    return rows


def _times(column: Ints, factor: int, *, up: bool) -> Ints:
    return column * factor if up else column // factor
