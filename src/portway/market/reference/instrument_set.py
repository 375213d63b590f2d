"""Every known instrument by symbol; those of an imported list are made when they are asked for.

A full list has tens of thousands of rows, of which a server meets a few hundred. A row stays text
until somebody wants its instrument; what the row does not say follows from its market and class.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from portway.market.reference.instrument_table import COLUMNS, parse_fields
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["InstrumentSet", "instrument_of", "listed_fields"]

_STRUCTURED: Final = frozenset({SecurityClass.WARRANT, SecurityClass.CBBC, SecurityClass.INLINE})
_CLASS_COLUMN: Final = COLUMNS.index("security_class")
_EXCHANGES: Final = {"HK": "SEHK", "SH": "SSE", "SZ": "SZSE", "SG": "SGX"}
_NASDAQ_TICKER_CHARS: Final = 4  # Of US listings of unknown exchange: by length of the ticker.
_CURRENCIES: Final = {Market.HK: "HKD", Market.US: "USD", Market.CN: "CNY", Market.SG: "SGD"}
_B_SHARE_CURRENCIES: Final = {SecurityClass.B_SHARE_SH: "USD", SecurityClass.B_SHARE_SZ: "HKD"}
_STAR_LOT: Final = 200
_CN_LOT: Final = 100
_BOND_LOT: Final = 10


class InstrumentSet(Mapping[Symbol, Instrument]):
    """Instruments by symbol, in the order in which they became known. It does not change."""

    __slots__ = ("_entries",)

    def __init__(self, known: Iterable[Instrument]) -> None:
        # A row of a list, until its instrument is wanted.
        self._entries: dict[Symbol, Instrument | str] = {one.symbol: one for one in known}

    def __getitem__(self, symbol: Symbol) -> Instrument:
        entry = self._entries[symbol]
        if isinstance(entry, str):
            entry = self._entries[symbol] = instrument_of(entry)
        return entry

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._entries

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def with_instruments(self, more: Iterable[Instrument]) -> InstrumentSet:
        """Return a set that also has `more`; a symbol known already is replaced."""
        return self._with({one.symbol: one for one in more})

    def with_rows(self, rows: Mapping[Symbol, str]) -> InstrumentSet:
        """Return a set that also has the rows of a list; blanks leave what was known.

        Args:
            rows: CSV text of each row, in the columns of the instrument table.
        """
        known = {
            symbol: replace(self[symbol], **listed_fields(rows[symbol]))
            for symbol in self._entries.keys() & rows.keys()
        }
        return self._with({**rows, **known})

    def class_of(self, symbol: Symbol) -> SecurityClass:
        """Return the class of a symbol without making its instrument.

        Raises:
            KeyError: If the symbol is not known.
        """
        entry = self._entries[symbol]
        if isinstance(entry, str):
            return SecurityClass(entry.split(",", _CLASS_COLUMN + 1)[_CLASS_COLUMN])
        return entry.security_class

    def only(self, wanted: Callable[[Market, SecurityClass], bool]) -> InstrumentSet:
        """Return the set of those whose market and class are wanted."""
        made = InstrumentSet(())
        made._entries = {
            symbol: entry
            for symbol, entry in self._entries.items()
            if wanted(market_of(symbol), self.class_of(symbol))
        }
        return made

    def overnight(self) -> Iterator[Instrument]:
        """Yield the securities of the US overnight list, in order."""
        for symbol, entry in list(self._entries.items()):
            if isinstance(entry, str) and "overnight" not in entry:
                continue
            one = self[symbol]
            if one.overnight:
                yield one

    def _with(self, more: Mapping[Symbol, Instrument | str]) -> InstrumentSet:
        made = InstrumentSet(())
        made._entries = {**self._entries, **more}
        return made


def listed_fields(row: str) -> dict[str, Any]:
    """Return the fields that a row of a list gives.

    Raises:
        ValueError: If a value makes no sense; the message names its column.
    """
    texts = next(csv.reader((row,), strict=True))
    return parse_fields(dict(zip(COLUMNS, texts, strict=True)))


def instrument_of(row: str) -> Instrument:
    """Return the instrument of a row; what it does not say follows from market and class.

    Raises:
        ValueError: If a value makes no sense; the message names its column.
    """
    given = listed_fields(row)
    symbol, security_class = given["symbol"], given["security_class"]
    names = [given.get(name, "") for name in ("name_en", "name_cn", "name_hk")]
    english, simplified, traditional = names
    other = simplified or traditional or str(symbol).rpartition(".")[0]
    fields: dict[str, Any] = {
        "name_en": english or other,
        "name_cn": simplified or traditional or english or other,
        "name_hk": traditional or simplified or english or other,
        "exchange": _exchange(symbol),
        "currency": _B_SHARE_CURRENCIES.get(security_class) or _CURRENCIES[market_of(symbol)],
        "lot_size": _lot(symbol, security_class),
        "board": _board(symbol, security_class),
    }
    return Instrument(**{**fields, **{name: value for name, value in given.items() if value != ""}})


def _exchange(symbol: Symbol) -> str:
    ticker, _, region = symbol.rpartition(".")
    if region != "US":
        return _EXCHANGES[region]
    return "NASD" if len(ticker.split(".")[0]) >= _NASDAQ_TICKER_CHARS else "NYSE"


def _lot(symbol: Symbol, security_class: SecurityClass) -> int:
    if market_of(symbol) is not Market.CN or security_class is SecurityClass.INDEX:
        return 1
    if security_class is SecurityClass.DEBT:
        return _BOND_LOT
    is_star = _board(symbol, security_class) is Board.SH_STAR
    return _STAR_LOT if is_star else _CN_LOT


def _board(symbol: Symbol, security_class: SecurityClass) -> Board:
    """Return the board; of the mainland the one outside Stock Connect, which a list must name."""
    is_index = security_class is SecurityClass.INDEX
    match symbol[symbol.rindex(".") + 1 :]:
        case "HK" if is_index:
            return Board.HK_HS
        case "HK":
            return Board.HK_WARRANT if security_class in _STRUCTURED else Board.HK_EQUITY
        case "US":
            return Board.US_SECTOR if is_index else Board.US_MAIN
        case "SH" | "SZ" if is_index:
            return Board.CN_IX
        case "SH":
            is_star = security_class is SecurityClass.A_SHARE and symbol.startswith(("688", "689"))
            return Board.SH_STAR if is_star else Board.SH_MAIN_NON_CONNECT
        case "SZ":
            is_growth = security_class is SecurityClass.A_SHARE and symbol.startswith("30")
            return Board.SZ_GEM_NON_CONNECT if is_growth else Board.SZ_MAIN_NON_CONNECT
        case _:
            return Board.SG_SECTOR if is_index else Board.SG_MAIN
