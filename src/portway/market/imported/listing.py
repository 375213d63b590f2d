"""What an import has to know of a symbol: its market, its hours, its lot, whether it is an index.

Symbols that no reference table knows are taken by their spelling, so that data of any security can
be imported; a full list of securities knows it better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.imported.days import day_number
from portway.market.imported.records import Ints
from portway.market.reference import Reference
from portway.model.calendar import Calendar
from portway.model.hours import TradingHours, trading_hours
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.symbol import MalformedSymbol, Market, Symbol, market_of, parse_symbol

__all__ = ["Listed", "Listing", "instrument_by_spelling"]

CN_LOT: Final = 100
_CENT, _MILL = Decimal("0.01"), Decimal("0.001")
_MILL_CLASSES: Final = frozenset({SecurityClass.ETF, SecurityClass.B_SHARE_SH})

_CN_INDEX: Final = re.compile(r"(000\d{3}\.SH|399\d{3}\.SZ|880\d{3}\.SH)")
_ETF: Final = re.compile(r"(5[168]\d{4}\.SH|15\d{4}\.SZ)")
_B_SHARE: Final = re.compile(r"(900\d{3}\.SH|200\d{3}\.SZ)")
_STAR: Final = re.compile(r"68[89]\d{3}\.SH")
_CHINEXT: Final = re.compile(r"30\d{4}\.SZ")
_US_INDEX_BOARDS: Final = {
    ".SPX.US": Board.SPX_INDEX,
    ".VIX.US": Board.VIX_INDEX,
    ".DJI.US": Board.US_DJI,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A symbol as an import needs it.

    Attributes:
        tick_size: To which mainland exchanges round a reference price.
        step: Shares of which volumes on the wire are multiples: 100 in the mainland, else 1.
    """

    symbol: Symbol
    market: Market
    hours: TradingHours
    is_index: bool
    lot_size: int
    tick_size: Decimal = Decimal("0.01")

    @property
    def step(self) -> int:
        return CN_LOT if self.market is Market.CN else 1


@dataclass(slots=True)
class Listing:
    """Answers for symbols; remembers what it was asked."""

    reference: Reference
    _known: dict[str, Listed | None] = field(default_factory=dict)
    _days: dict[Market, Ints] = field(default_factory=dict)

    @property
    def calendars(self) -> Mapping[Market, Calendar]:
        """Trading days by market."""
        return self.reference.calendars

    def day_numbers(self, market: Market) -> Ints:
        """Return the trading days that the calendar knows, in days since 1970."""
        if market not in self._days:
            numbers = [day_number(day) for day in self.calendars[market].days]
            self._days[market] = np.array(numbers, dtype=np.int64)
        return self._days[market]

    def find(self, text: str) -> Listed | None:
        """Return what is known of a symbol; None when it is no symbol."""
        if text not in self._known:
            self._known[text] = self._look_up(text)
        return self._known[text]

    def _look_up(self, text: str) -> Listed | None:
        try:
            symbol = parse_symbol(text.strip().upper())
        except MalformedSymbol:
            return None
        one = self.reference.instruments.get(symbol) or instrument_by_spelling(symbol)
        hours = trading_hours(one.market, one.board)
        tick = _MILL if one.security_class in _MILL_CLASSES else _CENT
        return Listed(symbol, one.market, hours, one.is_index, one.lot_size, tick)


def instrument_by_spelling(symbol: Symbol) -> Instrument:
    """Describe a symbol that no table knows by what its spelling says, else as an ordinary one."""
    market = market_of(symbol)
    match market:
        case Market.CN:
            exchange, currency, lot = "SSE" if symbol.endswith(".SH") else "SZSE", "CNY", CN_LOT
            board, kind = _cn(symbol)
        case Market.HK:
            is_index = not symbol.split(".")[0].isdigit()
            board = Board.HK_HS if is_index else Board.HK_EQUITY
            kind = SecurityClass.INDEX if is_index else SecurityClass.EQUITY
            exchange, currency, lot = "SEHK", "HKD", 1 if is_index else 100
        case Market.US:
            is_index = symbol.startswith(".")
            board = _US_INDEX_BOARDS.get(symbol, Board.US_NSDQ) if is_index else Board.US_MAIN
            kind = SecurityClass.INDEX if is_index else SecurityClass.STOCK
            exchange, currency, lot = "NYSE", "USD", 1
        case Market.SG:
            is_index = symbol == "STI.SG"
            board = Board.STI if is_index else Board.SG_MAIN
            kind = SecurityClass.INDEX if is_index else SecurityClass.STOCK
            exchange, currency, lot = "SGX", "SGD", 100
    name = symbol.rpartition(".")[0]
    return Instrument(symbol, name, name, name, exchange, currency, lot, board, kind)


def _cn(symbol: Symbol) -> tuple[Board, SecurityClass]:
    shanghai = symbol.endswith(".SH")
    main = Board.SH_MAIN_NON_CONNECT if shanghai else Board.SZ_MAIN_NON_CONNECT
    if _CN_INDEX.fullmatch(symbol):
        return Board.CN_IX, SecurityClass.INDEX
    if _ETF.fullmatch(symbol):
        return main, SecurityClass.ETF
    if _B_SHARE.fullmatch(symbol):
        return main, SecurityClass.B_SHARE_SH if shanghai else SecurityClass.B_SHARE_SZ
    if _STAR.fullmatch(symbol):
        return Board.SH_STAR, SecurityClass.A_SHARE
    if _CHINEXT.fullmatch(symbol):
        return Board.SZ_GEM_NON_CONNECT, SecurityClass.A_SHARE
    return main, SecurityClass.A_SHARE
