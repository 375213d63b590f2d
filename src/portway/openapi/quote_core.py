"""The machinery behind a quote context: connection, subscriptions, store and callbacks.

Shared by the sync and the async class, which only wait in different ways. Everything here runs on
the context's loop thread, except what is said to be safe from any thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import logging
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf.message import DecodeError as BadMessage

from portway.openapi.calls import quote as calls
from portway.openapi.dispatch import Callback, Dispatcher
from portway.openapi.enums import SubType
from portway.openapi.http import HttpClient
from portway.openapi.limiter import Limiter
from portway.openapi.line import Line, PushSink
from portway.openapi.loop import LoopThread
from portway.openapi.store import Store
from portway.openapi.transport import Channel, Transport
from portway.openapi.types import PushBrokers, PushDepth, PushQuote, PushTrades
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.calls.socket_call import SocketCall
    from portway.openapi.config import Config

__all__ = ["PushKind", "QuoteCore"]

log = logging.getLogger("portway.openapi.quote")

T = TypeVar("T")

_EOD: Final = int(pb.PushQuoteTag.Eod)
_quote_of = pb.PushQuote.FromString


class PushKind(Enum):
    """What a callback can be set for."""

    QUOTE = "quote"
    DEPTH = "depth"
    BROKERS = "brokers"
    TRADES = "trades"


class QuoteCore(PushSink):
    """One quote connection and what is known through it.

    Args:
        config: Of the context.
        marks: Sent as headers and as metadata of the sign-in: how the command line tools of a
            server make themselves known to it.
    """

    def __init__(self, config: Config, marks: Mapping[str, str]) -> None:
        self._config = config
        self._marks = dict(marks)
        self._thread = LoopThread("portway-quote")
        self._dispatcher = Dispatcher("portway-callbacks", self._drained)
        self._put = self._dispatcher.put
        self._on_quote: Callback | None = None
        self._on_depth: Callback | None = None
        self._on_brokers: Callback | None = None
        self._on_trades: Callback | None = None
        self._subscribed: Mapping[str, frozenset[SubType]] = {}
        # Whose pushes are handed on; plain text, because an enum costs more to look up than a push.
        self._quote_symbols: frozenset[str] = frozenset()
        self._trade_symbols: frozenset[str] = frozenset()
        self._profile: pb.UserQuoteProfileResponse | None = None
        self.store = Store()
        self.pushes = 0
        self._transport = self._thread.submit(self._make_transport()).result()
        self._take = {
            QuoteCommand.PUSH_QUOTE.value: self._take_quote,
            QuoteCommand.PUSH_DEPTH.value: self._take_depth,
            QuoteCommand.PUSH_BROKERS.value: self._take_brokers,
            QuoteCommand.PUSH_TRADE.value: self._take_trades,
        }

    async def _make_transport(self) -> Transport:
        config, language = self._config, {"accept-language": self._config.language_tag}
        metadata = {**language, **self._marks}
        if config.enable_overnight:
            metadata["need_over_night_quote"] = "true"
        channel = Channel(
            url=config.quote_url,
            metadata=metadata,
            headers={**language, "x-dc-region": config.dc_region, **self._marks},
            checks_limit=not self._marks,  # what is told counts connections of another kind
        )
        http = HttpClient._of(config, {**language, **self._marks})
        return Transport(config, channel, http, self, self._signed_in)

    # ----------------------------------------------------------------- safe from any thread

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine of this core on its loop.

        Raises:
            ContextClosed: If it was closed, or the process forked.
        """
        return self._thread.submit(work)

    def set_callback(
        self,
        kind: PushKind,
        callback: Callback | None,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """Set, replace or (with `None`) remove a callback; a coroutine function runs on `loop`."""
        if callback is not None and not callable(callback):
            raise TypeError(f"argument 'callback': {callback!r} is not callable")
        if callback is not None and _is_async(callback):
            if loop is None:
                raise TypeError("argument 'callback': a coroutine function needs an async context")
            callback = _on_loop(callback, loop)
        setattr(self, f"_on_{kind.value}", callback)

    def subscriptions(self) -> list[tuple[str, list[SubType]]]:
        """What is subscribed, by symbol."""
        held = self._subscribed
        return [(symbol, [t for t in SubType if t in types]) for symbol, types in held.items()]

    @property
    def is_up(self) -> bool:
        """Whether a line is up now."""
        return self._transport.line is not None

    @property
    def reconnects(self) -> int:
        """How often a lost line was made again."""
        return self._transport.reconnects

    def close(self) -> None:
        """End the connection and both threads; may be called again, and from a callback."""
        self._dispatcher.stop()
        self._thread.stop(self._transport.close)  # ends the calls that a callback may wait for
        self._dispatcher.join()

    # ---------------------------------------------------------------------- on the loop

    async def ask(self, call: SocketCall[T]) -> T:
        """Carry out a pull."""
        return await self._transport.ask(call)

    async def profile(self) -> pb.UserQuoteProfileResponse:
        """The profile told at the first sign-in."""
        await self._transport.connect()
        assert self._profile is not None
        return self._profile

    async def subscribe(
        self, symbols: Sequence[str], sub_types: Sequence[SubType], *, is_first_push: bool
    ) -> None:
        """Subscribe, and remember it for the time after a lost line."""
        # Recorded before the call as well: the first pushes may come before the answer.
        before = self._subscribed
        self._remember(_added(before, symbols, sub_types))
        call = calls.subscribe(symbols, sub_types, is_first_push=is_first_push)
        try:
            await self._transport.ask(call)
        except BaseException:
            known = {s: t for s, t in self._subscribed.items() if s not in symbols}
            self._remember({**known, **{s: before[s] for s in symbols if s in before}})
            raise

    async def unsubscribe(self, symbols: Sequence[str], sub_types: Sequence[SubType]) -> None:
        """Take kinds of data away from symbols."""
        await self._transport.ask(calls.unsubscribe(symbols, sub_types))
        left = {s: t - set(sub_types) if s in symbols else t for s, t in self._subscribed.items()}
        self._remember({symbol: types for symbol, types in left.items() if types})

    def _remember(self, subscribed: Mapping[str, frozenset[SubType]]) -> None:
        self._subscribed = subscribed
        self._quote_symbols = frozenset(s for s, t in subscribed.items() if SubType.Quote in t)
        self._trade_symbols = frozenset(s for s, t in subscribed.items() if SubType.Trade in t)

    async def _signed_in(self, line: Line, is_first: bool) -> None:
        deadline = asyncio.get_running_loop().time() + self._config.timeout_s
        if is_first:
            call = calls.profile(self._config.language_tag)
            self._profile = await self._transport.ask_on(line, call, deadline)
            self._transport.limiter = Limiter(
                (row.command, row.limit, row.burst) for row in self._profile.rate_limit
            )
            _log_packages(self._profile)
            return
        groups: dict[frozenset[SubType], list[str]] = defaultdict(list)
        for symbol, types in self._subscribed.items():
            groups[types].append(symbol)
        for types, symbols in groups.items():
            ordered = [kind for kind in SubType if kind in types]
            again = calls.subscribe(symbols, ordered, is_first_push=False)
            await self._transport.ask_on(line, again, deadline)

    # --------------------------------------------------------------------------- pushes

    def push(self, command: int, body: bytes) -> None:
        take = self._take.get(command)
        if take is None:
            return
        self.pushes += 1
        try:
            take(body)
        except BadMessage as error:
            log.warning("dropped an unreadable push, command %d: %s", command, error)

    def flush(self) -> None:
        if self._dispatcher.flush():
            line = self._transport.line
            if line is not None:
                line.pause()

    def _drained(self) -> None:
        self._thread.call_soon(self._resume)

    def _resume(self) -> None:
        line = self._transport.line
        if line is not None:
            line.resume()

    def _take_quote(self, body: bytes) -> None:
        push = _quote_of(body)
        if push.tag == _EOD:
            return  # a correction for candlesticks alone
        symbol = push.symbol
        merged = self.store.add_quote(symbol, push)
        callback = self._on_quote
        if callback is not None and symbol in self._quote_symbols:
            self._put((callback, (symbol, PushQuote(merged))))

    def _take_depth(self, body: bytes) -> None:
        push = pb.PushDepth.FromString(body)
        self.store.add_depth(push)
        callback = self._on_depth
        if callback is not None:
            self._put((callback, (push.symbol, PushDepth(push))))

    def _take_brokers(self, body: bytes) -> None:
        push = pb.PushBrokers.FromString(body)
        self.store.add_brokers(push)
        callback = self._on_brokers
        if callback is not None:
            self._put((callback, (push.symbol, PushBrokers(push))))

    def _take_trades(self, body: bytes) -> None:
        push = pb.PushTrade.FromString(body)
        self.store.add_trades(push)
        callback, symbol = self._on_trades, push.symbol
        if callback is not None and symbol in self._trade_symbols:
            self._put((callback, (symbol, PushTrades(push))))


def _added(
    held: Mapping[str, frozenset[SubType]], symbols: Sequence[str], sub_types: Sequence[SubType]
) -> dict[str, frozenset[SubType]]:
    new = frozenset(sub_types)
    return {**held, **{symbol: held.get(symbol, frozenset()) | new for symbol in symbols}}


def _is_async(callback: Callback) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004 - an object whose call is a coroutine
    )


def _on_loop(callback: Callback, loop: asyncio.AbstractEventLoop) -> Callback:
    def schedule(*arguments: Any) -> None:
        future = asyncio.run_coroutine_threadsafe(callback(*arguments), loop)
        future.add_done_callback(report)

    def report(future: concurrent.futures.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("callback %r raised", callback, exc_info=error)

    return schedule


def _log_packages(profile: pb.UserQuoteProfileResponse) -> None:
    for market, detail in profile.quote_level_detail.by_market_code.items():
        names = ", ".join(package.name for package in detail.packages)
        log.info("quote packages of %s: %s", market, detail.warning_msg or names)
