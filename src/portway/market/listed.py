"""Securities that are listed and nothing more: a market source without any data.

Static information, names and lots of an imported list are worth having before prices are: a board
of such a symbol stays empty, and clients are told that there is no data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from portway.model.corporate_action import CorporateAction
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period
from portway.model.symbol import Symbol

__all__ = ["ListedSource"]


class ListedSource:
    """A `MarketSource` that knows symbols and has no data of them."""

    def __init__(self, symbols: Collection[Symbol]) -> None:
        self._symbols = symbols

    def symbols(self) -> Collection[Symbol]:
        """Return every symbol it was given."""
        return self._symbols

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Return no day."""
        return ()

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Return no bar."""
        return ()

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield nothing."""
        return iter(())

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """Return None: there is no day."""
        return None

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Return False: there are none."""
        return False

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Return True: there is no work."""
        return True

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Do nothing."""

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return None: it never closed."""
        return None

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Return no action."""
        return ()
