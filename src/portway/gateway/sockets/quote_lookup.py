"""Symbols of quote requests looked up: which are listed, which have something to show.

Several symbols: those that are not listed are left out. One symbol: it is refused by name. The
order of the refusals is that of the protocol's error table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from portway.gateway.errors import Refused
from portway.gateway.ports import QuoteService
from portway.gateway.sockets.fanout import has_data
from portway.gateway.sockets.quote_requests import symbol_of
from portway.model.instrument import Instrument
from portway.quotes.board import Board

__all__ = ["SYMBOLS_MAX", "Lookup"]

SYMBOLS_MAX: Final = 500  # per request


class Lookup:
    """Finds what quote requests name."""

    def __init__(self, quotes: QuoteService) -> None:
        self._quotes = quotes

    def listed(self, symbols: Iterable[str]) -> list[Instrument]:
        """Return those of `symbols` that are listed, in their order.

        Raises:
            Refused: If there are none at all, or one has no region.
        """
        parsed = [symbol_of(text) for text in symbols]
        if not parsed:
            raise Refused("QUOTE_BAD_REQUEST", "symbol")
        found = (self._quotes.instrument(symbol) for symbol in parsed)
        return [instrument for instrument in found if instrument is not None]

    def several(self, symbols: Sequence[str]) -> list[Instrument]:
        """Return the same for the symbols of one request, of which there is a most."""
        if len(symbols) > SYMBOLS_MAX:
            raise Refused("QUOTE_TOO_MUCH_REQUESTED", f"at most {SYMBOLS_MAX} symbols")
        return self.listed(symbols)

    def listed_one(self, text: str) -> Instrument:
        """Return the instrument of a symbol that has to be listed."""
        found = self._quotes.instrument(symbol_of(text))
        if found is None:
            raise Refused("QUOTE_NOT_FOUND")
        return found

    def shown_one(self, text: str) -> tuple[Instrument, Board]:
        """Return instrument and board of a symbol that has a day to show."""
        instrument = self.listed_one(text)
        symbol = instrument.symbol
        board, source = self._quotes.board(symbol), self._quotes.source(symbol)
        if board is None or source is None or not has_data(board):
            raise Refused("QUOTE_NO_DATA")
        if not source.has_events(symbol, board.trading_day):
            raise Refused("QUOTE_NO_DATA")  # a day of which nothing but its bar is known
        return instrument, board
