"""The securities and indexes that portway knows without any import, and what a row of them means.

Names, lots and boards are facts; share counts and figures per share are of the right size and fixed
in time, so that ratios look like the market's. No price is in this table. Lists that users import
are kept in the same columns, so this module also reads their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from portway.market.reference.rows import Row, TableError, read_table
from portway.model.decimals import parse_decimal
from portway.model.instrument import Board, Derivative, Instrument, SecurityClass
from portway.model.symbol import Symbol, parse_symbol

__all__ = ["COLUMNS", "FLAGS", "NO_FLAGS", "instruments", "parse_fields", "parse_instrument"]

# Words of the column `flags`, and the field of `Instrument` that each one sets.
FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stamp_duty": "stamp_duty",
        "short_sell": "short_sell",
        "pos": "pos_eligible",
        "cas": "cas_eligible",
        "vcm": "vcm_eligible",
        "overnight": "overnight",
        "risk_warning": "risk_warning",
        "tracks_growth_board": "tracks_growth_board",
    }
)
_TEXTS_KEPT: Final = 512  # The same few texts stand in most rows.
NO_FLAGS: Final = "-"  # Written where a list says that none holds; blank: the list does not say.


@lru_cache(maxsize=_TEXTS_KEPT)
def _flags(text: str) -> Mapping[str, bool]:
    words = frozenset() if text == NO_FLAGS else frozenset(text.split())
    if not words <= FLAGS.keys():
        raise ValueError(f"unknown flags: {', '.join(sorted(words - FLAGS.keys()))}")
    return {name: word in words for word, name in FLAGS.items()}


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _lot(text: str) -> int:
    lot = _count(text)
    if lot < 1:
        raise ValueError("the lot size is not at least 1")
    return lot


def _dividend(text: str) -> Decimal:
    dividend = parse_decimal(text)
    if dividend < 0:
        raise ValueError("the dividend is negative")
    return dividend


@lru_cache(maxsize=_TEXTS_KEPT)
def _derivatives(text: str) -> tuple[Derivative, ...]:
    try:
        return tuple(Derivative[word.upper()] for word in text.split())
    except KeyError as error:
        raise ValueError(f"unknown derivative {error}") from None


@lru_cache(maxsize=_TEXTS_KEPT)
def _symbols(text: str) -> tuple[Symbol, ...]:
    return tuple(map(parse_symbol, text.split()))


# Every column but `flags` is the field of that name; how its text is read.
_READERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "symbol": parse_symbol,
        "security_class": SecurityClass,
        "name_en": str,
        "name_cn": str,
        "name_hk": str,
        "exchange": str,
        "currency": str,
        "lot_size": _lot,
        "board": Board,
        "total_shares": _count,
        "circulating_shares": _count,
        "hk_shares": _count,
        "eps": parse_decimal,
        "eps_ttm": parse_decimal,
        "bps": parse_decimal,
        "dividend": _dividend,
        "stock_derivatives": _derivatives,
        "listing_date": date.fromisoformat,
        "expiry_date": date.fromisoformat,
        "indexes": _symbols,
    }
)
COLUMNS: Final = (*_READERS, "flags")


@cache
def instruments() -> Mapping[Symbol, Instrument]:
    """Return every built-in instrument by symbol, in the order of the table."""
    found: dict[Symbol, Instrument] = {}
    for one in read_table("instruments.csv", parse_instrument):
        if one.symbol in found:
            raise TableError(f"instruments.csv: {one.symbol} stands twice")
        found[one.symbol] = one
    return MappingProxyType(found)


def parse_instrument(row: Row) -> Instrument:
    """Return the instrument of a row that has every column an instrument cannot be without.

    Raises:
        ValueError: If a value makes no sense; the message says which and why.
    """
    fields = parse_fields(row)
    needed = ("symbol", "security_class", "exchange", "currency", "lot_size", "board")
    if missing := [name for name in needed if name not in fields]:
        raise ValueError(f"no value for {', '.join(missing)}")
    return Instrument(**{"name_en": "", "name_cn": "", "name_hk": "", **fields})


def parse_fields(row: Row) -> dict[str, Any]:
    """Return the fields that the row gives; blank columns give none.

    Raises:
        ValueError: If a value makes no sense; the message names its column.
    """
    fields: dict[str, Any] = {}
    for name, text in row.items():
        if not text:
            continue
        try:
            if name == "flags":
                fields.update(_flags(text))
            else:
                fields[name] = _READERS[name](text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if fields.get("circulating_shares", 0) > fields.get("total_shares", float("inf")):
        raise ValueError("circulating_shares: more than total_shares")
    return fields
