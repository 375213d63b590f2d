"""The markets as they stood some minutes ago, for whoever may not see them live.

A runner of its own over the same sources: nobody watches it, so passing time costs it nothing, and
a board is found anew from the source when it is asked for. What it shows is exactly what the live
markets showed then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from portway.market.runner import MarketRunner
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board

__all__ = ["DelayedMarkets"]


class DelayedMarkets:
    """Boards and times `by` behind those of the live markets.

    Args:
        make: Makes a runner of the same sources that stands at the given instants.
    """

    def __init__(
        self,
        now: Callable[[Market], datetime],
        make: Callable[[dict[Market, datetime]], MarketRunner],
        by: timedelta,
    ) -> None:
        self._live_now = now
        self._by = by
        self._runner = make({market: now(market) - by for market in Market})

    def now(self, market: Market) -> datetime:
        """Market time as it is shown."""
        self._follow(market)
        return self._runner.now(market)

    def trading_day(self, market: Market) -> date:
        """The trading day that boards of the market show."""
        self._follow(market)
        return self._runner.trading_day(market)

    def board(self, symbol: Symbol) -> Board | None:
        """The symbol's board at the time shown; None for an unknown symbol."""
        self._follow_all()
        return self._runner.board(symbol)

    def is_at_hand(self, symbol: Symbol) -> bool:
        """Whether `board` answers at once."""
        self._follow_all()
        return self._runner.is_at_hand(symbol)

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None:
        """Let boards be made ready, while others go on."""
        self._follow_all()
        await self._runner.ready(symbols, days_back=days_back)

    def _follow_all(self) -> None:
        for market in Market:
            self._follow(market)

    def _follow(self, market: Market) -> None:
        target = self._live_now(market) - self._by
        if target > self._runner.now(market):
            # Without watchers this folds nothing: boards are marked to be found anew.
            for _ in self._runner.advance({market: target}, silent=True):
                pass
