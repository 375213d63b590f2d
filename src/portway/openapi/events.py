"""What happens to a connection, and pushes as a stream: events, buffers and what overflows them.

Knows no socket. A buffer is filled on the thread of the callbacks and read on an event loop.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from portway.openapi.errors import ContextClosed, OpenApiException

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "EVENTS_BUFFERED",
    "BufferOverflow",
    "ConnectionEvent",
    "ConnectionState",
    "Event",
    "EventStream",
    "Overflow",
]

EVENTS_BUFFERED: Final = 4096


class ConnectionState(Enum):
    """What became of a connection."""

    CONNECTED = "connected"  # for the first time
    LOST = "lost"
    RECONNECTED = "reconnected"  # and subscribed again: data between the two is missing
    STALE = "stale"  # the line is up, and nothing was pushed for `Config.stale_after_s`
    REFILLED = "refilled"  # candlesticks or orders of the outage were pulled
    FAILED = "failed"  # an attempt to come back failed; the next one follows


@dataclass(frozen=True, slots=True)
class ConnectionEvent:
    """A change of a connection, in its place among the pushes.

    Attributes:
        state: What happened.
        at: When, in UTC.
        reason: Why a line was lost or an attempt failed; what was refilled; else empty.
        gap_s: With `RECONNECTED`, for how many seconds nothing could arrive; else 0.
    """

    state: ConnectionState
    at: datetime
    reason: str = ""
    gap_s: float = 0.0

    @classmethod
    def now(cls, state: ConnectionState, reason: str = "", gap_s: float = 0.0) -> ConnectionEvent:
        """Return an event of this moment."""
        return cls(state, datetime.now(UTC), reason, gap_s)


@dataclass(frozen=True, slots=True)
class Event:
    """A push in a stream.

    Attributes:
        symbol: What it is about; empty for orders and connections.
        data: The object that a callback would get.
    """

    symbol: str
    data: Any


class Overflow(Enum):
    """What a full buffer does."""

    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"
    LATEST = "latest"  # one event for each symbol and kind of data: the newest
    RAISE = "raise"  # the reader gets `BufferOverflow`, and the stream ends


class BufferOverflow(OpenApiException):
    """The reader of a stream was too slow, and its policy is `Overflow.RAISE`."""


class EventStream:
    """Pushes, for `async for`; made by `events()` of an async context.

    Attributes:
        dropped: How many events its policy has dropped or merged so far.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, maximum: int, policy: Overflow) -> None:
        from asyncio import Event as Flag

        self._loop = loop
        self._maximum = maximum
        self._policy = policy
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._latest: dict[tuple[str, type], Event] = {}
        self._ready = Flag()
        self._is_awake = False
        self._end: Exception | None = None
        self.dropped = 0

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        while True:
            with self._lock:
                event = self._pop()
                if event is not None:
                    return event
                if self._end is not None:
                    raise self._end
                self._is_awake = False
                self._ready.clear()
            await self._ready.wait()

    def waiting(self) -> int:
        """How many events wait to be read."""
        return len(self._events) + len(self._latest)

    def close(self) -> None:
        """End the stream for its reader, after what is buffered."""
        self.end(StopAsyncIteration())

    # ------------------------------------------------------------- on the thread of callbacks

    def add(self, symbol: str, data: Any) -> None:
        """Buffer an event."""
        event = Event(symbol, data)
        with self._lock:
            if self._end is not None:
                return
            self._put(event)
            if self._is_awake:
                return
            self._is_awake = True
        self._wake()

    def end(self, error: Exception) -> None:
        """Let the reader get this error after what is buffered; may be called again."""
        with self._lock:
            self._end = self._end or error
            self._is_awake = True
        self._wake()

    def _put(self, event: Event) -> None:
        if self._policy is Overflow.LATEST:
            key = (event.symbol, type(event.data))
            if self._latest.pop(key, None) is not None:
                self.dropped += 1
            elif len(self._latest) >= self._maximum:
                self.dropped += 1
                del self._latest[next(iter(self._latest))]
            self._latest[key] = event
            return
        if len(self._events) >= self._maximum:
            self.dropped += 1
            if self._policy is Overflow.DROP_NEWEST:
                return
            if self._policy is Overflow.RAISE:
                self._end = BufferOverflow(
                    *_local(f"over {self._maximum} events wait; read faster or choose a policy")
                )
                return
            self._events.popleft()
        self._events.append(event)

    def _pop(self) -> Event | None:
        if self._events:
            return self._events.popleft()
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop is closed: nobody reads any more
            self._end = self._end or ContextClosed("context closed")


def _local(message: str) -> tuple[Any, None, None, str]:
    from portway.openapi.enums import ErrorKind

    return ErrorKind.Other, None, None, message
