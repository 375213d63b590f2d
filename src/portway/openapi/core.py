"""The machinery behind a context with a socket: threads, connection, callbacks and their order.

Quotes and orders build on it (`quote_core.py`, `trade_core.py`). Everything here runs on the
context's loop thread, except what is said to be safe from any thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from portway.openapi.dispatch import Callback, Dispatcher, InlineDispatcher
from portway.openapi.errors import (
    ConnectError,
    ContextClosed,
    NotAvailable,
    OpenApiException,
    RequestTimeout,
)
from portway.openapi.events import ConnectionEvent, ConnectionState, EventStream
from portway.openapi.http import HttpClient
from portway.openapi.line import Line, MustWait, PushSink, Reply, successful_body
from portway.openapi.loop import LoopThread
from portway.openapi.transport import Channel, Transport

if TYPE_CHECKING:
    from portway.openapi.calls.socket_call import SocketCall
    from portway.openapi.config import Config

__all__ = ["CONNECTION", "Core"]

log = logging.getLogger("portway.openapi")

T = TypeVar("T")

CONNECTION = "connection"  # the kind of the events of the connection itself


class Core(PushSink):
    """One connection with its pushes.

    Args:
        config: Of the context.
        channel: What to connect to.
        headers: Of the HTTP requests that the connection makes.
        name: Of the threads.
    """

    _kinds_with_symbol: ClassVar[frozenset[str]] = frozenset()  # whose callbacks are given it

    def __init__(
        self, config: Config, channel: Channel, headers: Mapping[str, str], name: str
    ) -> None:
        self._config = config
        self._zone = config.zone
        self._thread = LoopThread(f"portway-{name}")
        self._dispatcher: Dispatcher | InlineDispatcher
        if config.inline_callbacks:
            self._dispatcher = InlineDispatcher(self._raised)
        else:
            self._dispatcher = Dispatcher(
                "portway-callbacks", self._drained, config.events_max, self._raised
            )
        self._put = self._dispatcher.put
        self._set: dict[str, Callback] = {}  # by the program
        self._streams: tuple[EventStream, ...] = ()
        self._calls: dict[str, Callback] = {}  # what is called: the program's, the streams, both
        self._on_error: Callback | None = None
        self._lost_at = 0.0
        self._pushed_at = 0.0
        self._refill: asyncio.Task[None] | None = None
        self._stale: asyncio.TimerHandle | None = None
        self.pushes = 0
        self.unreadable = 0
        self.callback_errors = 0
        self._channel, self._headers = channel, dict(headers)
        self._transport = self._thread.submit(self._make_transport()).result()

    async def _make_transport(self) -> Transport:
        http = HttpClient._of(self._config, self._headers)
        return Transport(
            self._config, self._channel, http, self, self._signed_in, self._line_changed
        )

    # ----------------------------------------------------------------- safe from any thread

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine of this core on its loop.

        Raises:
            ContextClosed: If it was closed, or the process forked.
            NotAvailable: If this is its own thread, which must not wait.
        """
        if self._thread.is_current():
            work.close()
            raise NotAvailable("a callback cannot wait for a call here: see inline_callbacks")
        return self._thread.submit(work)

    def ask_and_wait(self, call: SocketCall[T]) -> T:
        """Carry out a pull in a thread that waits: the short way, and the long one if need be.

        Raises:
            OpenApiException: As `ask`.
        """
        transport, thread = self._transport, self._thread
        if transport.line is not None and not call.life_s and thread.is_usable():
            reply, timeout_s = Reply(), self._config.timeout_s
            line = transport.line
            try:
                transport.start(call, reply)
                response = reply.wait(timeout_s)
            except (MustWait, ConnectError):
                response = None  # the long way waits, and connects again
            except BaseException:
                self._forget(line, reply)
                raise
            else:
                if response is None:
                    self._forget(line, reply)
                    raise RequestTimeout(
                        f"request timeout: command {call.command}, no answer in {timeout_s:.1f} s"
                    )
                return call.read(successful_body(response))
        return self._ask_the_long_way(call)

    def _forget(self, line: Line | None, reply: Reply) -> None:
        if line is not None:
            self._thread.call_soon(line.forget, reply)

    def _ask_the_long_way(self, call: SocketCall[T]) -> T:
        future = self.submit(self.ask(call))
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise ContextClosed("context closed") from None
        finally:
            future.cancel()

    def set_callback(
        self, kind: str, callback: Callback | None, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        """Set, replace or (with `None`) remove a callback; a coroutine function runs on `loop`."""
        if callback is not None and not callable(callback):
            raise TypeError(f"argument 'callback': {callback!r} is not callable")
        if callback is not None and _is_async(callback):
            if loop is None:
                raise TypeError("argument 'callback': a coroutine function needs an async context")
            callback = _on_loop(callback, loop, self._raised)
        if callback is None:
            self._set.pop(kind, None)
        else:
            self._set[kind] = callback
        self._rewire()

    def set_on_error(self, callback: Callback | None) -> None:
        """Have what a callback raised handed over as well as logged."""
        if callback is not None and not callable(callback):
            raise TypeError(f"argument 'callback': {callback!r} is not callable")
        self._on_error = callback

    def add_stream(self, stream: EventStream) -> None:
        """Feed a stream with every push from now on."""
        self._streams = (*self._streams, stream)
        self._rewire()

    def remove_stream(self, stream: EventStream) -> None:
        """Feed it no more."""
        self._streams = tuple(other for other in self._streams if other is not stream)
        self._rewire()

    @property
    def is_up(self) -> bool:
        """Whether a line is up now."""
        return self._transport.line is not None

    @property
    def reconnects(self) -> int:
        """How often a lost line was made again."""
        return self._transport.reconnects

    def metrics(self) -> dict[str, float]:
        """Counters and gauges, by name."""
        limiter = self._transport.limiter
        return {
            "pushes": self.pushes,
            "pushes_unreadable": self.unreadable,
            "callbacks_waiting": self._dispatcher.waiting(),
            "callback_errors": self.callback_errors,
            "stream_events_dropped": sum(stream.dropped for stream in self._streams),
            "reconnects": self._transport.reconnects,
            "connected": float(self.is_up),
            "requests": self._transport.requests,
            "rate_limit_wait_s": limiter.waited_s,
        }

    def close(self) -> None:
        """End the connection and both threads; may be called again, and from a callback."""
        self._dispatcher.stop()
        self._wire({})  # what has been read and not been told is dropped
        self._thread.stop(self._transport.close)  # ends the calls that a callback may wait for
        self._dispatcher.join()
        for stream in self._streams:
            stream.close()

    # ---------------------------------------------------------------------- on the loop

    async def connect(self) -> None:
        """Make the first connection, if there is none."""
        await self._transport.connect()

    async def ask(self, call: SocketCall[T]) -> T:
        """Carry out a call."""
        return await self._transport.ask(call)

    async def _signed_in(self, line: Line, is_first: bool) -> None:
        """What has to be done after every sign-in."""

    async def _came_back(self) -> None:
        """What has to be done once calls work again after an outage."""

    def _line_changed(self, state: ConnectionState, reason: str) -> None:
        """Told by the transport."""
        now, gap = time.monotonic(), 0.0
        if state is ConnectionState.LOST:
            self._lost_at = now
            if self._refill is not None:
                self._refill.cancel()  # the next one knows more
        elif state is ConnectionState.RECONNECTED:
            gap = now - self._lost_at
        if state in (ConnectionState.CONNECTED, ConnectionState.RECONNECTED):
            self._pushed_at = now
            self._watch_silence()
        self.tell(ConnectionEvent.now(state, reason, gap))
        if state is ConnectionState.RECONNECTED:
            self._refill = asyncio.get_running_loop().create_task(self._come_back())

    async def _come_back(self) -> None:
        try:
            await self._came_back()
        except OpenApiException as error:
            log.warning("what was missed could not be pulled: %s", error.message)

    def tell(self, event: ConnectionEvent) -> None:
        """Hand an event of the connection to its callback, after the pushes before it."""
        callback = self._calls.get(CONNECTION)
        if callback is not None:
            self._put((callback, "", event))
            self._dispatcher.flush()

    def _watch_silence(self) -> None:
        """Say so once when nothing was pushed for long."""
        after = self._config.stale_after_s
        if self._stale is not None:
            self._stale.cancel()
        if after is None or not self.is_up:
            return
        left = self._pushed_at + after - time.monotonic()
        if left > 0:
            loop = asyncio.get_running_loop()
            self._stale = loop.call_later(left, self._watch_silence)
            return
        self.tell(ConnectionEvent.now(ConnectionState.STALE, f"no push for {after:g} s"))
        self._pushed_at = 0.0
        self._stale = None

    # --------------------------------------------------------------------------- pushes

    def drop(self, error: Exception) -> None:
        self.unreadable += 1
        log.warning("dropped an unreadable push: %s", error)

    def flush(self, pushes: int = 0) -> None:
        self.pushes += pushes
        if self._config.stale_after_s is not None:
            was_stale, self._pushed_at = self._pushed_at == 0.0, time.monotonic()
            if was_stale:
                self._watch_silence()
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

    def _raised(self, callback: Callback, error: BaseException) -> None:
        self.callback_errors += 1
        if isinstance(callback, _WithoutSymbol):
            callback = callback.given
        log.error("callback %r raised", callback, exc_info=error)
        on_error = self._on_error
        if on_error is not None:
            try:
                on_error(error)
            except BaseException:
                log.exception("the error callback %r raised", on_error)

    def _rewire(self) -> None:
        kinds = {*self._set, *(self._kinds() if self._streams else ())}
        self._calls = {kind: self._wired(kind) for kind in kinds}
        self._wire(self._calls)

    def _wired(self, kind: str) -> Callback:
        """The callback of a kind as it is called: with symbol and value."""
        given = self._set.get(kind)
        if given is not None and kind not in self._kinds_with_symbol:
            given = _WithoutSymbol(given)
        streams = self._streams
        if not streams:
            assert given is not None
            return given

        def both(symbol: str, value: Any) -> None:
            for stream in streams:
                stream.add(symbol, value)
            if given is not None:
                given(symbol, value)

        return both

    def _kinds(self) -> tuple[str, ...]:
        """What a stream is fed with."""
        return (CONNECTION,)

    def _wire(self, calls: Mapping[str, Callback]) -> None:
        """The callbacks have changed."""


class _WithoutSymbol:
    """A callback that is given the value alone."""

    __slots__ = ("given",)

    def __init__(self, given: Callback) -> None:
        self.given = given

    def __call__(self, _: str, value: Any) -> None:
        self.given(value)


def _is_async(callback: Callback) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004 - an object whose call is a coroutine
    )


def _on_loop(
    callback: Callback,
    loop: asyncio.AbstractEventLoop,
    raised: Callable[[Callback, BaseException], None],
) -> Callback:
    def schedule(*arguments: Any) -> None:
        work = callback(*arguments)
        try:
            future = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise
        future.add_done_callback(report)

    def report(future: concurrent.futures.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            raised(callback, error)

    return schedule
