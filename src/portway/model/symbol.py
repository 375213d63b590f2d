"""Symbols and markets: `700.HK`, `AAPL.US`, `600519.SH`, and which exchange group each belongs to.

A symbol is `ticker.region`; the region is what follows the last dot. HK tickers carry no leading
zeros. Shanghai and Shenzhen are one market, CN. Nothing here knows which symbols are listed.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo

__all__ = [
    "MARKET_ZONES",
    "REGION_MARKETS",
    "Market",
    "MalformedSymbol",
    "Symbol",
    "market_of",
    "parse_symbol",
]

TEXT_CHARS_MAX = 32  # Longest symbol of the trade API; longer text is refused before any look-up.
SYMBOLS_REMEMBERED_MAX = 65_536  # Whose market is remembered; more than any list of securities.

Symbol = NewType("Symbol", str)


class Market(StrEnum):
    """A group of exchanges with one calendar, one zone and one currency."""

    HK = "HK"
    US = "US"
    CN = "CN"
    SG = "SG"


REGION_MARKETS = {
    "HK": Market.HK,
    "US": Market.US,
    "SH": Market.CN,
    "SZ": Market.CN,
    "SG": Market.SG,
}

MARKET_ZONES = {
    Market.HK: ZoneInfo("Asia/Hong_Kong"),
    Market.US: ZoneInfo("America/New_York"),
    Market.CN: ZoneInfo("Asia/Shanghai"),
    Market.SG: ZoneInfo("Asia/Singapore"),
}


class MalformedSymbol(ValueError):
    """The text is not `ticker.region` with a region that is known."""


def parse_symbol(text: str) -> Symbol:
    """Return `text` as a symbol.

    Raises:
        MalformedSymbol: If the region is missing or unknown, the ticker empty, or the whole longer
            than `TEXT_CHARS_MAX` characters.
    """
    ticker, dot, region = text.rpartition(".")
    if not dot or not ticker or region not in REGION_MARKETS or len(text) > TEXT_CHARS_MAX:
        raise MalformedSymbol(f"{text[:64]!r} is not ticker.region with HK, US, SH, SZ or SG")
    return Symbol(text)


@lru_cache(maxsize=SYMBOLS_REMEMBERED_MAX)
def market_of(symbol: str) -> Market:
    """Return the market of a well-formed symbol; asked several times for every order and tick."""
    return REGION_MARKETS[symbol[symbol.rindex(".") + 1 :]]
