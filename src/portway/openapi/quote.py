"""`QuoteContext` and `AsyncQuoteContext`: quotes pulled and pushed.

Two thin faces of one machinery (`quote_core.py`), which connects at the first call that needs it.
Arguments are checked at the call, before anything is sent.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from portway.openapi.calls import quote as calls
from portway.openapi.calls.socket_call import symbol_list
from portway.openapi.config import Config
from portway.openapi.enums import SubType
from portway.openapi.errors import ContextClosed
from portway.openapi.types import (
    PushBrokers,
    PushDepth,
    PushQuote,
    PushTrades,
    RealtimeQuote,
    SecurityBrokers,
    SecurityDepth,
    SecurityQuote,
    SecurityStaticInfo,
    Subscription,
    SubscriptionRow,
    Trade,
)

if TYPE_CHECKING:
    # Imported at the first connection: sockets and event loops take longer to import than the rest.
    from portway.openapi.quote_core import PushKind, QuoteCore

__all__ = ["AsyncQuoteContext", "QuoteContext"]

T = TypeVar("T")
Symbols: TypeAlias = Sequence[str]
Outcome: TypeAlias = "Awaitable[None] | None"  # a coroutine callback needs an async context

_NO_MARKS: Mapping[str, str] = {}
TRADES_DEFAULT = 500


class _Context:
    """What both faces share: the core, made on demand and ended with the context."""

    def __init__(self, config: Config, *, _marks: Mapping[str, str] = _NO_MARKS) -> None:
        if not isinstance(config, Config):
            raise TypeError(f"argument 'config': a Config is expected, not {config!r}")
        self._config = config
        self._marks = _marks
        self._lock = threading.Lock()
        self._made: QuoteCore | None = None
        self._closed = False
        self._callback_loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        state = "closed" if self._closed else "new" if self._made is None else "open"
        return f"{type(self).__name__}({self._config.quote_url!r}, {state})"

    @property
    def _core(self) -> QuoteCore:
        with self._lock:
            if self._closed:
                raise ContextClosed("context closed")
            if self._made is None:
                from portway.openapi.quote_core import QuoteCore

                self._made = QuoteCore(self._config, self._marks)
                # Dropping the last reference ends the context too, as in the official client.
                weakref.finalize(self, self._made.close)
            return self._made

    @property
    def _is_up(self) -> bool:
        """Whether the line is up now; local, for those who show it."""
        return self._made is not None and self._made.is_up

    def _shut(self) -> None:
        with self._lock:
            self._closed, core = True, self._made
        if core is not None:
            core.close()

    def _submit(
        self, work: Callable[[QuoteCore], Coroutine[Any, Any, T]]
    ) -> concurrent.futures.Future[T]:
        core = self._core
        return core.submit(work(core))

    # ------------------------------------------------------------------------- callbacks

    def set_on_quote(self, callback: Callable[[str, PushQuote], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed quote; `None` removes it.

        Callbacks of a context run one after the other, in order of arrival, on a thread of their
        own. They may make calls and set callbacks. What they raise is logged.
        """
        self._set("QUOTE", callback)

    def set_on_depth(self, callback: Callable[[str, PushDepth], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed depth; see `set_on_quote`."""
        self._set("DEPTH", callback)

    def set_on_brokers(self, callback: Callable[[str, PushBrokers], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each pushed broker queue; see `set_on_quote`."""
        self._set("BROKERS", callback)

    def set_on_trades(self, callback: Callable[[str, PushTrades], Outcome] | None) -> None:
        """Call `callback(symbol, event)` for each push of trades; see `set_on_quote`."""
        self._set("TRADES", callback)

    def _set(self, kind: str, callback: Callable[..., Any] | None) -> None:
        core = self._core
        core.set_callback(_kind(kind), callback, self._callback_loop)

    # ----------------------------------------------------------------------- local reads

    def _realtime_quote(self, symbols: Symbols) -> list[RealtimeQuote]:
        store = self._core.store
        held = map(store.quote, symbol_list(symbols))
        return [RealtimeQuote(message) for message in held if message is not None]

    def _subscriptions(self) -> list[Subscription]:
        rows = self._core.subscriptions()
        return [Subscription(SubscriptionRow(symbol, types, ())) for symbol, types in rows]


def _kind(name: str) -> PushKind:
    from portway.openapi.quote_core import PushKind

    return PushKind[name]


class QuoteContext(_Context):
    """Quotes of a service, for programs without an event loop; safe to use from several threads.

    Connects at the first call that needs it, comes back by itself when the line is lost, and
    subscribes again. Close it, or use it in a `with` block.

    Every call raises `OpenApiException` when the service refuses it (`code` says why) and its
    subclass `RequestTimeout` when there is no answer within `Config.timeout_s`.

    Args:
        config: Addresses and credentials.
    """

    def __enter__(self) -> QuoteContext:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and its threads; calls under way raise `ContextClosed`."""
        self._shut()

    def _wait(self, work: Callable[[QuoteCore], Coroutine[Any, Any, T]]) -> T:
        future = self._submit(work)
        try:
            return future.result()  # the core keeps the deadline
        except concurrent.futures.CancelledError:
            raise ContextClosed("context closed") from None
        finally:
            future.cancel()  # after Ctrl-C nobody waits for the answer any more

    def member_id(self) -> int:
        """Return the user's id."""
        return self._wait(lambda core: core.profile()).member_id

    def quote_level(self) -> str:
        """Return the user's quote level, in the service's words."""
        return self._wait(lambda core: core.profile()).quote_level

    def static_info(self, symbols: Symbols) -> list[SecurityStaticInfo]:
        """Return static information of at most 500 securities; unknown ones are left out."""
        call = calls.static_info(symbols)
        return self._wait(lambda core: core.ask(call))

    def quote(self, symbols: Symbols) -> list[SecurityQuote]:
        """Return the latest quotes of at most 500 securities; unknown ones are left out."""
        call = calls.quote(symbols)
        return self._wait(lambda core: core.ask(call))

    def subscribe(
        self, symbols: Symbols, sub_types: Sequence[SubType], is_first_push: bool = True
    ) -> None:
        """Have data pushed, to the callbacks and to the `realtime_*` calls.

        Args:
            symbols: At most 500 in all; `00700.HK` means `700.HK`.
            sub_types: Kinds of data; added to what is subscribed already.
            is_first_push: Push the present state at once (trades excepted).
        """
        wanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        self._wait(lambda core: core.subscribe(wanted, kinds, is_first_push=is_first_push))

    def unsubscribe(self, symbols: Symbols, sub_types: Sequence[SubType]) -> None:
        """Take kinds of data away from symbols, subscribed or not."""
        wanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        self._wait(lambda core: core.unsubscribe(wanted, kinds))

    def subscriptions(self) -> list[Subscription]:
        """Return what this context has subscribed; sends nothing."""
        return self._subscriptions()

    def realtime_quote(self, symbols: Symbols) -> list[RealtimeQuote]:
        """Return the pushed quotes so far, for those of `symbols` that have one; sends nothing."""
        return self._realtime_quote(symbols)

    def realtime_depth(self, symbol: str) -> SecurityDepth:
        """Return the pushed depth so far, empty if there is none; sends nothing."""
        return SecurityDepth(self._core.store.depth(symbol))

    def realtime_brokers(self, symbol: str) -> SecurityBrokers:
        """Return the pushed broker queues so far, empty if there are none; sends nothing."""
        return SecurityBrokers(self._core.store.brokers(symbol))

    def realtime_trades(self, symbol: str, count: int = TRADES_DEFAULT) -> list[Trade]:
        """Return the last `count` pushed trades, oldest first; sends nothing."""
        return [Trade(row) for row in self._core.store.trades(symbol, count)]


class AsyncQuoteContext(_Context):
    """Quotes of a service, for programs with an event loop: `QuoteContext` with awaitables.

    Made by `create`. The connection lives on a thread of its own, so a busy event loop delays no
    heartbeat. A plain callback runs on a thread of the SDK, a coroutine function on the event loop.
    """

    @classmethod
    def create(
        cls, config: Config, loop_: asyncio.AbstractEventLoop | None = None
    ) -> AsyncQuoteContext:
        """Return a context; nothing is connected yet.

        Args:
            config: Addresses and credentials.
            loop_: Where coroutine callbacks run; the running loop if left out.
        """
        context = cls(config)
        context._callback_loop = loop_ or _running_loop()
        return context

    async def __aenter__(self) -> AsyncQuoteContext:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection and its threads; calls under way raise `ContextClosed`."""
        await asyncio.to_thread(self._shut)

    def _future(self, work: Callable[[QuoteCore], Coroutine[Any, Any, T]]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        return asyncio.wrap_future(self._submit(work), loop=loop)

    def member_id(self) -> asyncio.Future[int]:
        """See `QuoteContext.member_id`."""
        return self._future(_member_id)

    def quote_level(self) -> asyncio.Future[str]:
        """See `QuoteContext.quote_level`."""
        return self._future(_quote_level)

    def static_info(self, symbols: Symbols) -> asyncio.Future[list[SecurityStaticInfo]]:
        """See `QuoteContext.static_info`."""
        call = calls.static_info(symbols)
        return self._future(lambda core: core.ask(call))

    def quote(self, symbols: Symbols) -> asyncio.Future[list[SecurityQuote]]:
        """See `QuoteContext.quote`."""
        call = calls.quote(symbols)
        return self._future(lambda core: core.ask(call))

    def subscribe(
        self, symbols: Symbols, sub_types: Sequence[SubType], is_first_push: bool = True
    ) -> asyncio.Future[None]:
        """See `QuoteContext.subscribe`."""
        wanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        return self._future(lambda core: core.subscribe(wanted, kinds, is_first_push=is_first_push))

    def unsubscribe(self, symbols: Symbols, sub_types: Sequence[SubType]) -> asyncio.Future[None]:
        """See `QuoteContext.unsubscribe`."""
        wanted, kinds = calls.subscription_symbols(symbols), calls.sub_types_of(sub_types)
        return self._future(lambda core: core.unsubscribe(wanted, kinds))

    def subscriptions(self) -> asyncio.Future[list[Subscription]]:
        """See `QuoteContext.subscriptions`."""
        return _done(self._subscriptions())

    def realtime_quote(self, symbols: Symbols) -> asyncio.Future[list[RealtimeQuote]]:
        """See `QuoteContext.realtime_quote`."""
        return _done(self._realtime_quote(symbols))

    def realtime_depth(self, symbol: str) -> asyncio.Future[SecurityDepth]:
        """See `QuoteContext.realtime_depth`."""
        return _done(SecurityDepth(self._core.store.depth(symbol)))

    def realtime_brokers(self, symbol: str) -> asyncio.Future[SecurityBrokers]:
        """See `QuoteContext.realtime_brokers`."""
        return _done(SecurityBrokers(self._core.store.brokers(symbol)))

    def realtime_trades(
        self, symbol: str, count: int = TRADES_DEFAULT
    ) -> asyncio.Future[list[Trade]]:
        """See `QuoteContext.realtime_trades`."""
        return _done([Trade(row) for row in self._core.store.trades(symbol, count)])


async def _member_id(core: QuoteCore) -> int:
    return (await core.profile()).member_id


async def _quote_level(core: QuoteCore) -> str:
    return (await core.profile()).quote_level


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _done(value: T) -> asyncio.Future[T]:
    """An awaitable that has its result: local reads send nothing, but are awaited like the rest."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future
