"""The markets as one kind of caller may see them: some live, some as they stood a while ago."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from portway.gateway.ports import QuoteService
from portway.market.derived import DerivedMarkets
from portway.market.ports import MarketSource
from portway.market.reference import Reference
from portway.model.calendar import Calendar
from portway.model.instrument import Instrument
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange

__all__ = ["Delayed", "QuoteView"]


class Delayed(Protocol):
    """The delayed present of all markets."""

    def now(self, market: Market) -> datetime: ...

    def trading_day(self, market: Market) -> date: ...

    def board(self, symbol: Symbol) -> Board | None: ...

    def is_at_hand(self, symbol: Symbol) -> bool: ...

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None: ...


class QuoteView:
    """A quote service of which some markets are delayed. Nobody is pushed anything of them."""

    def __init__(self, live: QuoteService, delayed: Delayed, markets: frozenset[Market]) -> None:
        self._live = live
        self._delayed = delayed
        self._markets = markets

    @property
    def reference(self) -> Reference:
        return self._live.reference

    @property
    def derived(self) -> DerivedMarkets | None:
        return self._live.derived

    def instrument(self, symbol: str) -> Instrument | None:
        return self._live.instrument(symbol)

    def source(self, symbol: Symbol) -> MarketSource | None:
        return self._live.source(symbol)

    def calendar(self, market: Market) -> Calendar:
        return self._live.calendar(market)

    def now(self, market: Market) -> datetime:
        return self._delayed.now(market) if market in self._markets else self._live.now(market)

    def trading_day(self, market: Market) -> date:
        is_late = market in self._markets
        return self._delayed.trading_day(market) if is_late else self._live.trading_day(market)

    def board(self, symbol: Symbol) -> Board | None:
        return self._of(symbol).board(symbol)

    def is_at_hand(self, symbol: Symbol) -> bool:
        return self._of(symbol).is_at_hand(symbol)

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None:
        for symbol in symbols:
            await self._of(symbol).ready((symbol,), days_back=days_back)

    def watch(self, symbol: Symbol) -> None:
        """Watch live markets; delayed boards stay where they were asked for."""
        if market_of(symbol) not in self._markets:
            self._live.watch(symbol)

    def unwatch(self, symbol: Symbol) -> None:
        if market_of(symbol) not in self._markets:
            self._live.unwatch(symbol)

    def listen(
        self,
        on_change: Callable[[Symbol, BoardChange, Board], None],
        on_refresh: Callable[[Symbol, Board], None],
    ) -> None:
        self._live.listen(on_change, on_refresh)

    def _of(self, symbol: Symbol) -> QuoteService | Delayed:
        return self._delayed if market_of(symbol) in self._markets else self._live
