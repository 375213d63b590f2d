"""Recorded tickers as instruments, for those that no reference table describes.

A folder of prices says little about a security: its ticker, and in the map file its exchange and
first day. Everything else is what holds for an ordinary US share. Funds are known by name alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portway.market.importers.lean import MapRow
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.symbol import Symbol

__all__ = ["ETF_TICKERS", "EXCHANGES", "instrument_of", "symbol_of"]

ETF_TICKERS: Final = frozenset({"spy", "qqq", "iwm", "eem", "uso", "bno"})

# Letters of the consolidated tape, spelled as static info spells exchanges; NYSE Arca is listed
# there under the American exchange's name.
EXCHANGES: Final = {"N": "NYSE", "Q": "NASD", "T": "NASD", "A": "AMEX", "P": "AMEX", "Z": "BATS"}
UNKNOWN_EXCHANGE: Final = "NYSE"


def symbol_of(ticker: str) -> Symbol:
    """Return `IBM.US` for `ibm`."""
    return Symbol(f"{ticker.upper()}.US")


def instrument_of(ticker: str, rows: Sequence[MapRow]) -> Instrument:
    """Describe a ticker by its map file; without one by defaults alone."""
    name = ticker.upper()
    letter = rows[-1].exchange if rows else ""
    is_fund = ticker in ETF_TICKERS
    return Instrument(
        symbol=symbol_of(ticker),
        name_en=name,
        name_cn=name,
        name_hk=name,
        exchange=EXCHANGES.get(letter, UNKNOWN_EXCHANGE),
        currency="USD",
        lot_size=1,
        board=Board.US_MAIN,
        security_class=SecurityClass.ETF if is_fund else SecurityClass.STOCK,
        listing_date=rows[0].last if rows else None,
    )
