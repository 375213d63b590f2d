"""What a quote context has pushed to it; the asyncio twin is written from this file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portway.openapi.calls import arguments as arg
from portway.openapi.calls import pulls
from portway.openapi.calls import quote as calls
from portway.openapi.calls.socket_call import subscription_symbol, symbol_list
from portway.openapi.context import Outcome, SyncContext, Work
from portway.openapi.enums import Period, SubType
from portway.openapi.pull_types import Candlestick, PushCandlestick, QuotePackageDetail
from portway.openapi.quote_enums import TradeSessions
from portway.openapi.types import (
    PushBrokers,
    PushDepth,
    PushQuote,
    PushTrades,
    RealtimeQuote,
    SecurityBrokers,
    SecurityDepth,
    Subscription,
    SubscriptionRow,
    Trade,
)

__all__ = ["PushMethods"]


class PushMethods(SyncContext):
    """Subscriptions, callbacks, and local reads that send nothing."""

    def set_on_quote(self, callback: Callable[[str, PushQuote], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed quote; `None` removes it.

        Callbacks of a context run one after the other, in order of arrival, on a thread of their
        own. They may make calls and set callbacks. What they raise is logged.
        """
        self._set("quote", callback)

    def set_on_depth(self, callback: Callable[[str, PushDepth], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed depth; see `set_on_quote`."""
        self._set("depth", callback)

    def set_on_brokers(self, callback: Callable[[str, PushBrokers], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed broker queue; see `set_on_quote`."""
        self._set("brokers", callback)

    def set_on_trades(self, callback: Callable[[str, PushTrades], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each push of trades; see `set_on_quote`."""
        self._set("trades", callback)

    def set_on_candlestick(
        self, callback: Callable[[str, PushCandlestick], Outcome] | None
    ) -> None:
        """Call `callback(symbol, event)` for each changed bar; see `set_on_quote`."""
        self._set("candlestick", callback)

    # ---------------------------------------------------------------------------- the user

    def member_id(self) -> int:
        """Return the user's id."""
        work: Work[int] = lambda core: core.member_id()
        return self._do(work)

    def quote_level(self) -> str:
        """Return the user's quote level, in the service's words."""
        work: Work[str] = lambda core: core.quote_level()
        return self._do(work)

    def quote_package_details(self) -> list[QuotePackageDetail]:
        """Return the user's quote packages."""
        work: Work[list[QuotePackageDetail]] = lambda core: core.quote_packages()
        return self._do(work)

    # ----------------------------------------------------------------------- subscriptions

    def subscribe(
        self, symbols: Sequence[str], sub_types: Sequence[SubType], is_first_push: bool = True
    ) -> None:
        """Have data pushed, to the callbacks and to the `realtime_*` calls.

        Args:
            symbols: At most 500 in all; `00700.HK` means `700.HK`.
            sub_types: Kinds of data; added to what is subscribed already.
            is_first_push: Push the present state at once (trades excepted).
        """
        wanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        work: Work[None] = lambda core: core.subscribe(wanted, kinds, is_first_push=is_first_push)
        return self._do(work)

    def unsubscribe(self, symbols: Sequence[str], sub_types: Sequence[SubType]) -> None:
        """Take kinds of data away from symbols, subscribed or not."""
        unwanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        work: Work[None] = lambda core: core.unsubscribe(unwanted, kinds)
        return self._do(work)

    def subscribe_candlesticks(
        self,
        symbol: str,
        period: Period,
        trade_sessions: TradeSessions = TradeSessions.Intraday,
    ) -> list[Candlestick]:
        """Return bars, and keep them up to date from pushes; see `Config.push_candlestick_mode`.

        Args:
            symbol: `00700.HK` means `700.HK`.
            period: Length of a bar.
            trade_sessions: Whether bars of the extended hours of US securities are told.
        """
        wanted = subscription_symbol(arg.text("symbol", symbol))
        pulls.period_number(period)
        pulls.sessions_number(trade_sessions)
        work: Work[list[Candlestick]] = lambda core: core.candles.subscribe(
            wanted, period, trade_sessions
        )
        return self._do(work)

    def unsubscribe_candlesticks(self, symbol: str, period: Period) -> None:
        """Keep the bars of a symbol and period no longer."""
        unwanted = subscription_symbol(arg.text("symbol", symbol))
        pulls.period_number(period)
        work: Work[None] = lambda core: core.candles.unsubscribe(unwanted, period)
        return self._do(work)

    def subscriptions(self) -> list[Subscription]:
        """Return what this context has subscribed; sends nothing."""
        rows = self._core.subscriptions()
        return self._local([Subscription(SubscriptionRow(*row)) for row in rows])

    # ----------------------------------------------------------------------- local reads

    def realtime_quote(self, symbols: Sequence[str]) -> list[RealtimeQuote]:
        """Return the pushed quotes so far, for those of `symbols` that have one; sends nothing."""
        held = [self._core.store.quote(known(symbol)) for symbol in symbol_list(symbols)]
        return self._local([RealtimeQuote(message) for message in held if message is not None])

    def realtime_depth(self, symbol: str) -> SecurityDepth:
        """Return the pushed depth so far, empty if there is none; sends nothing."""
        return self._local(SecurityDepth(self._core.store.depth(known(symbol))))

    def realtime_brokers(self, symbol: str) -> SecurityBrokers:
        """Return the pushed broker queues so far, empty if there are none; sends nothing."""
        return self._local(SecurityBrokers(self._core.store.brokers(known(symbol))))

    def realtime_trades(self, symbol: str, count: int = 500) -> list[Trade]:
        """Return the last `count` pushed trades, oldest first; sends nothing."""
        wanted = arg.count("count", count)
        return self._local([Trade(row) for row in self._core.store.trades(known(symbol), wanted)])

    def realtime_candlesticks(
        self, symbol: str, period: Period, count: int = 500
    ) -> list[Candlestick]:
        """Return the last `count` bars of a subscribed series, oldest first; sends nothing."""
        arg.member("period", period, Period)
        wanted = arg.count("count", count)
        return self._local(self._core.candles.bars(known(symbol), period, wanted))


def known(symbol: str) -> str:
    """A symbol as pushes name it, however the program writes it."""
    return subscription_symbol(arg.text("symbol", symbol))
