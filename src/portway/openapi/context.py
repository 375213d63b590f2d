"""What all contexts share: settings, the HTTP client, the core, and how a call is waited for.

A method of a context builds a call and hands it to `_call`; the sync base waits there, the async
base returns a future. That is the whole difference between the two faces, so the async ones are
written by a tool (`tools/async_sdk.py`).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, overload

from portway.openapi.calls.http_call import HttpCall, PagedCall
from portway.openapi.calls.socket_call import SocketCall
from portway.openapi.config import Config
from portway.openapi.errors import ContextClosed
from portway.openapi.http import HttpClient, check_region
from portway.openapi.values import dressed

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures
    from typing import Self

    # Imported at the first connection: sockets and event loops take longer to import than the rest.
    from portway.openapi.core import Core
    from portway.openapi.events import ConnectionEvent, EventStream, Overflow

__all__ = ["AnyCall", "AsyncContext", "Context", "Outcome", "SyncContext", "Work"]

T = TypeVar("T")
AnyCall: TypeAlias = HttpCall[T] | SocketCall[T]
Work: TypeAlias = Callable[[Any], Coroutine[Any, Any, T]]  # of a core, on its loop
Outcome: TypeAlias = "Awaitable[None] | None"  # a coroutine callback needs an async context

_NO_MARKS: Mapping[str, str] = {}


class Context:
    """Settings, HTTP client and core; each made on demand and ended with the context."""

    _has_socket: ClassVar[bool] = True

    def __init__(self, config: Config, *, _marks: Mapping[str, str] = _NO_MARKS) -> None:
        if not isinstance(config, Config):
            raise TypeError(f"argument 'config': a Config is expected, not {config!r}")
        self._config = config
        self._marks = dict(_marks)
        self._zone = config.zone
        self._lock = threading.RLock()
        self._made: Core | None = None
        self._closed = False
        self._callback_loop: asyncio.AbstractEventLoop | None = None
        self._http = HttpClient._of(config, self._http_headers())
        weakref.finalize(self, self._http.close)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "new" if self._made is None else "open"
        return f"{type(self).__name__}({self._address()!r}, {state})"

    def metrics(self) -> dict[str, float]:
        """Return counters and gauges of the connection, by name; empty before it is made."""
        return {} if self._made is None else self._made.metrics()

    def set_on_error(self, callback: Callable[[BaseException], object] | None) -> None:
        """Call `callback(error)` with what any callback of this context raised; it is logged too.

        Runs on the thread of the callbacks.
        """
        self._core.set_on_error(callback)

    def set_on_connection(self, callback: Callable[[ConnectionEvent], Outcome] | None) -> None:
        """Call `callback(event)` when the connection comes, goes, comes back, or goes quiet.

        In order with the pushes: what came before the event was pushed before it.
        """
        self._set("connection", callback)

    @property
    def _core(self) -> Any:
        with self._lock:
            if self._closed:
                raise ContextClosed("context closed")
            if self._made is None:
                self._made = self._make_core()
                # Dropping the last reference ends the context too, as in the official client.
                weakref.finalize(self, self._made.close)
            return self._made

    def _make_core(self) -> Core:
        raise NotImplementedError

    def _over_http(self, call: Any) -> Any:
        return call

    def _address(self) -> str:
        return self._config.base_url

    def _http_headers(self) -> dict[str, str]:
        return {"accept-language": self._config.language_tag, **self._marks}

    @property
    def _is_up(self) -> bool:
        """Whether the line is up now; local, for those who show it."""
        return self._made is not None and self._made.is_up

    def _shut(self) -> None:
        with self._lock:
            self._closed, core = True, self._made
        self._http.close()
        if core is not None:
            core.close()

    def _submit(self, work: Work[T]) -> concurrent.futures.Future[T]:
        core = self._core
        future: concurrent.futures.Future[T] = core.submit(work(core))
        return future

    def _set(self, kind: str, callback: Callable[..., Any] | None) -> None:
        self._core.set_callback(kind, callback, self._callback_loop)


class SyncContext(Context):
    """Calls that wait; safe to use from several threads. Close it, or use it in a `with` block."""

    def __init__(self, config: Config, *, _marks: Mapping[str, str] = _NO_MARKS) -> None:
        super().__init__(config, _marks=_marks)
        if config.as_longport and self._has_socket:
            try:
                self._do(lambda core: core.connect())
            except BaseException:
                self._shut()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and its threads; calls under way raise `ContextClosed`."""
        self._shut()

    @overload
    def _call(self, call: AnyCall[T]) -> T: ...
    @overload
    def _call(self, call: PagedCall[T]) -> list[T]: ...
    def _call(self, call: Any) -> Any:
        call = self._over_http(call)
        if isinstance(call, SocketCall):
            check_region(call.region, f"command {int(call.command)}", self._config)
            return dressed(self._core.ask_and_wait(call), self._zone)
        if self._closed:
            raise ContextClosed("context closed")
        return dressed(self._http._run(call), self._zone)

    def _do(self, work: Work[T]) -> T:
        from concurrent.futures import CancelledError

        future = self._submit(work)
        try:
            return dressed(future.result(), self._zone)  # the core keeps the deadline
        except CancelledError:
            raise ContextClosed("context closed") from None
        finally:
            future.cancel()  # after Ctrl-C nobody waits for the answer any more

    def _local(self, value: T) -> T:
        return dressed(value, self._zone)


class AsyncContext(Context):
    """Calls that are awaited; made by `create`. Close it, or use it in an `async with` block."""

    @classmethod
    def create(cls, config: Config, loop_: asyncio.AbstractEventLoop | None = None) -> Self:
        """Return a context; nothing is connected yet.

        The connection lives on a thread of its own, so a busy event loop delays no heartbeat. A
        plain callback runs on a thread of the SDK, a coroutine function on the event loop.

        Args:
            config: Addresses and credentials.
            loop_: Where coroutine callbacks run; the running loop if left out.
        """
        context = cls(config)
        context._callback_loop = loop_ or _running_loop()
        return context

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection and its threads; calls under way raise `ContextClosed`."""
        import asyncio

        await asyncio.to_thread(self._shut)

    @asynccontextmanager
    async def events(
        self, maximum: int = 4096, overflow: Overflow | None = None
    ) -> AsyncIterator[EventStream]:
        """Every push from now on, to be read with `async for`; use it in an `async with` block.

        Args:
            maximum: How many events may wait.
            overflow: What a full buffer does; drops the oldest if left out.
        """
        import asyncio

        from portway.openapi.events import EventStream, Overflow

        policy = Overflow.DROP_OLDEST if overflow is None else overflow
        stream = EventStream(asyncio.get_running_loop(), maximum, policy)
        core = self._core
        core.add_stream(stream)
        try:
            yield stream
        finally:
            core.remove_stream(stream)

    @overload
    def _call(self, call: AnyCall[T]) -> asyncio.Future[T]: ...
    @overload
    def _call(self, call: PagedCall[T]) -> asyncio.Future[list[T]]: ...
    def _call(self, call: Any) -> Any:
        call = self._over_http(call)
        if isinstance(call, SocketCall):
            check_region(call.region, f"command {int(call.command)}", self._config)
            return self._do(lambda core: core.ask(call))
        return self._http._submit(lambda: dressed(self._http._run(call), self._zone))

    def _do(self, work: Work[T]) -> asyncio.Future[T]:
        import asyncio

        loop, zone = asyncio.get_running_loop(), self._zone

        async def dressed_work(core: Any) -> T:
            return dressed(await work(core), zone)

        return asyncio.wrap_future(self._submit(dressed_work), loop=loop)

    def _local(self, value: T) -> asyncio.Future[T]:
        """An awaitable that has its result: local reads send nothing, but are awaited too."""
        import asyncio

        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.set_result(dressed(value, self._zone))
        return future


def _running_loop() -> asyncio.AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
