"""Quotes as people read them: rows that pushes change, and the texts of their cells.

Knows no terminal and no connection: `watch.py` and `quote.py` draw what is written here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from portway.openapi import PushDepth, PushQuote, SecurityQuote, SecurityStaticInfo

__all__ = [
    "PRICES_KEPT",
    "Row",
    "Rows",
    "amount_text",
    "change_of",
    "market_of",
    "market_time",
    "percent_text",
    "signed_text",
    "sparkline",
]

PRICES_KEPT = 16
BARS = "▁▂▃▄▅▆▇█"
CENT = Decimal("0.01")
UNITS = ((Decimal("1e9"), "B"), (Decimal("1e6"), "M"), (Decimal("1e3"), "K"))
MARKETS = {"SH": "CN", "SZ": "CN"}
ZONES = {
    "HK": ZoneInfo("Asia/Hong_Kong"),
    "US": ZoneInfo("America/New_York"),
    "CN": ZoneInfo("Asia/Shanghai"),
    "SG": ZoneInfo("Asia/Singapore"),
}


@dataclass(slots=True)
class Row:
    """One symbol on the screen.

    Attributes:
        moved: +1 or -1, the way the price went last; 0 before it moved.
        moved_at: When it did, seconds of a steady clock.
        is_new: Something changed since the row was last taken for printing.
        is_stale: Its `prev_close` is of an earlier day than its price.
    """

    symbol: str
    name: str
    last: Decimal
    prev_close: Decimal
    volume: int
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    moved: int = 0
    moved_at: float = float("-inf")
    is_new: bool = True
    is_stale: bool = False
    prices: deque[Decimal] = field(default_factory=lambda: deque(maxlen=PRICES_KEPT))

    @property
    def change(self) -> Decimal | None:
        """Against the previous close; `None` where there is none."""
        return self.last - self.prev_close if self.prev_close else None


class Rows:
    """The rows of a screen; pushes come from one thread, drawing happens on another."""

    def __init__(
        self, quotes: Sequence[SecurityQuote], infos: Iterable[SecurityStaticInfo], language: str
    ) -> None:
        names = {info.symbol: name_of(info, language) for info in infos}
        self._lock = threading.Lock()
        self._rows = {quote.symbol: _first_row(quote, names) for quote in quotes}
        self.pushes = 0

    def take_quote(self, symbol: str, event: PushQuote, now: float) -> None:
        """Take a pushed quote."""
        with self._lock:
            self.pushes += 1
            row = self._rows.get(symbol)
            if row is None:
                return
            last, at = event.last_done, event.timestamp
            if last != row.last:
                row.moved = 1 if last > row.last else -1
                row.moved_at = now
                row.prices.append(last)
            row.is_stale = row.is_stale or _day(symbol, at) > _day(symbol, row.at)
            row.last, row.volume, row.at, row.is_new = last, event.volume, at, True

    def take_depth(self, symbol: str, event: PushDepth) -> None:
        """Take the best bid and ask of a pushed depth."""
        with self._lock:
            self.pushes += 1
            row = self._rows.get(symbol)
            if row is not None:
                for level in event.bids:
                    row.bid = level.price if level.position == 1 else row.bid
                for level in event.asks:
                    row.ask = level.price if level.position == 1 else row.ask

    def renew(self, quotes: Iterable[SecurityQuote]) -> None:
        """Take the previous closes of a new day."""
        with self._lock:
            for quote in quotes:
                row = self._rows[quote.symbol]
                row.prev_close, row.is_stale = quote.prev_close, False

    def stale(self) -> list[str]:
        """Symbols whose previous close is out of date."""
        with self._lock:
            return [row.symbol for row in self._rows.values() if row.is_stale]

    def all(self) -> list[Row]:
        """Every row, in order; read them at once."""
        with self._lock:
            return list(self._rows.values())

    def take_new(self) -> list[Row]:
        """The rows that changed since they were last taken."""
        with self._lock:
            new = [row for row in self._rows.values() if row.is_new]
            for row in new:
                row.is_new = False
            return new

    def market_times(self) -> dict[str, datetime]:
        """The newest time of each market, in the market's own zone."""
        newest: dict[str, datetime] = {}
        for row in self.all():
            at = market_time(row.symbol, row.at)
            market = market_of(row.symbol)
            newest[market] = max(at, newest.get(market, at))
        return newest


def name_of(info: SecurityStaticInfo, language: str) -> str:
    """The name in a language, as `en`, `zh-CN`, `zh-HK`."""
    names = {"zh-CN": info.name_cn, "zh-HK": info.name_hk}
    return names.get(language) or info.name_en


def market_of(symbol: str) -> str:
    """`HK`, `US`, `CN` or `SG`."""
    region = symbol.rpartition(".")[2]
    return MARKETS.get(region, region)


def market_time(symbol: str, at: datetime) -> datetime:
    """A time of the SDK (naive local) on the market's own clock."""
    return at.astimezone(ZONES.get(market_of(symbol)))


def change_of(last: Decimal, prev_close: Decimal) -> Decimal:
    """Percent against the previous close, two places."""
    return ((last / prev_close - 1) * 100).quantize(CENT)


def signed_text(value: Decimal | None) -> str:
    """A difference, always with its sign."""
    return "" if value is None else f"{value:+f}"


def percent_text(last: Decimal, prev_close: Decimal) -> str:
    """A change in percent, always with its sign; empty where there is no previous close."""
    return f"{change_of(last, prev_close):+f}%" if prev_close else ""


def amount_text(value: Decimal | int) -> str:
    """A volume or turnover in three or four digits and a unit."""
    amount = Decimal(value)
    for unit, letter in UNITS:
        if abs(amount) >= unit:
            return f"{amount / unit:.2f}{letter}"
    return f"{amount:f}"


def sparkline(prices: Sequence[Decimal]) -> str:
    """The course of prices in block characters; a flat line while nothing moved."""
    if not prices:
        return ""
    low, high = min(prices), max(prices)
    if low == high:
        return BARS[0] * len(prices)
    step = (high - low) / (len(BARS) - 1)
    return "".join(BARS[int((price - low) / step)] for price in prices)


def _first_row(quote: SecurityQuote, names: dict[str, str]) -> Row:
    row = Row(
        symbol=quote.symbol,
        name=names.get(quote.symbol, ""),
        last=quote.last_done,
        prev_close=quote.prev_close,
        volume=quote.volume,
        at=quote.timestamp,
    )
    if quote.last_done:
        row.prices.append(quote.last_done)
    return row


def _day(symbol: str, at: datetime) -> date:
    return market_time(symbol, at).date()
