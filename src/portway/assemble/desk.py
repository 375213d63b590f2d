"""The paper broker's desk: a venue, its queries and the markets' present as one service.

What clients of the trade API need stands in three parts that do not know each other; this is where
they meet. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from portway.clock.start import CLOCK_MARKETS
from portway.market.runner import MarketRunner
from portway.market.views import MarketViews
from portway.model.command import Command, MarketView
from portway.model.event import Event
from portway.model.symbol import Market, Symbol
from portway.trading.ports import Published
from portway.trading.queries import TradeQueries
from portway.trading.runner import VenueRunner

__all__ = ["Desk"]


class Desk:
    """A venue as its clients see it."""

    def __init__(
        self, venue: VenueRunner, queries: TradeQueries, market: MarketRunner, views: MarketViews
    ) -> None:
        self._venue = venue
        self._submit: Callable[[Command], Awaitable[tuple[Event, ...]]] = venue.submit
        self._queries = queries
        self._market = market
        self._views = views

    @property
    def queries(self) -> TradeQueries:
        """The read side."""
        return self._queries

    @property
    def trouble(self) -> str | None:
        """Why no command can be carried out now; None: they can."""
        return self._venue.trouble

    def retry(self) -> None:
        """Look whether they can be again."""
        self._venue.retry()

    async def submit(self, command: Command) -> tuple[Event, ...]:
        """Carry a command out; the answering event first, all of them durable."""
        return await self._submit(command)

    def submit_through(self, submit: Callable[[Command], Awaitable[tuple[Event, ...]]]) -> None:
        """Let commands take another way to the venue from now on."""
        self._submit = submit

    def listen(self, listener: Callable[[Published], None]) -> Callable[[], None]:
        """Call `listener` with everything durable from now on; returns how to stop."""
        return self._venue.listen(listener)

    def trading_days(self) -> Mapping[Market, date]:
        """The trading day that each market shows."""
        return {market: self._market.trading_day(market) for market in CLOCK_MARKETS}

    def view(self, symbol: Symbol) -> MarketView | None:
        """What is known of a symbol now; None when it is not listed."""
        return self._views.view(symbol)
