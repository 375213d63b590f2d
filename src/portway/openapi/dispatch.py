"""Callbacks of a context, one after the other on a thread of their own, in order of arrival.

Own thread, so that a slow callback delays no answer and no ping, and so that a callback may itself
make calls. The queue has a soft bound: past it the owner is asked to stop reading, and what is
unread waits in the socket.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias

__all__ = ["EVENTS_MAX", "Callback", "Dispatcher", "InlineDispatcher"]

log = logging.getLogger("portway.openapi.callback")

Callback: TypeAlias = Callable[..., Any]
Event: TypeAlias = tuple[Callback, str, Any]  # callback, and its arguments: symbol and value

EVENTS_MAX: Final = 8192  # waiting callbacks past which reading pauses
STOP_SECONDS: Final = 5.0
_EVENTS_AT_ONCE: Final = 256  # between two looks at the bound


class Dispatcher:
    """A queue of callbacks and the thread that works it off, started by the first one.

    Args:
        name: Of the thread.
        drained: Called on that thread when a queue that was over the bound is half empty.
        maximum: The bound.
        raised: Called on that thread with a callback and what it raised; logged if left out.
    """

    def __init__(
        self,
        name: str,
        drained: Callable[[], None],
        maximum: int = EVENTS_MAX,
        raised: Callable[[Callback, BaseException], None] | None = None,
    ) -> None:
        self._name = name
        self._drained = drained
        self._maximum = maximum
        self._raised = raised or _log_raised
        self._queue: deque[Event] = deque()
        # A lock used as a signal with two states: held is "nothing new", released is "look".
        # Only one thread puts, so "held, then release" cannot be raced.
        self._signal = threading.Lock()
        self._signal.acquire()
        self._thread: threading.Thread | None = None
        self._over_bound = False
        self._stopping = False
        self.put = self._queue.append  # takes effect with `flush`

    def flush(self) -> bool:
        """Wake the thread if there is work; return whether the queue is over its bound.

        Called on the putting thread, after everything that arrived together was put.
        """
        waiting = len(self._queue)
        if not waiting or self._stopping:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        if waiting > self._maximum:
            self._over_bound = True
        if self._signal.locked():
            self._signal.release()
        return self._over_bound

    def waiting(self) -> int:
        """How many callbacks wait."""
        return len(self._queue)

    def stop(self) -> None:
        """Let the thread end after the callback under way; the others are dropped."""
        self._stopping = True
        self._queue.clear()
        if self._signal.locked():
            self._signal.release()

    def join(self) -> None:
        """Wait until the thread has ended, unless it is the caller's own."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(STOP_SECONDS)
        if thread.is_alive():
            log.warning("a callback still runs %.0f s after close", STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping:
            self._signal.acquire()
            while self._queue and not self._stopping:
                self._work_off()
                self._check_drained()
            self._check_drained()  # the bound may have been noticed when all was done by then

    def _work_off(self) -> None:
        take = self._queue.popleft
        for _ in range(min(len(self._queue), _EVENTS_AT_ONCE)):
            try:
                callback, symbol, value = take()
            except IndexError:  # emptied by `stop`
                return
            try:
                callback(symbol, value)
            except BaseException as error:  # noqa: BLE001 - SystemExit too: it is reported
                self._raised(callback, error)
            if self._stopping:
                return

    def _check_drained(self) -> None:
        if self._over_bound and len(self._queue) <= self._maximum // 2:
            self._over_bound = False
            self._drained()


class InlineDispatcher:
    """Callbacks at once, on the thread that reads: no queue, no second thread, no hand-over.

    A callback that waits delays everything else, so the calls of a context refuse to wait there.
    """

    def __init__(self, raised: Callable[[Callback, BaseException], None]) -> None:
        self._raised = raised
        self._stopping = False

    def put(self, event: Event) -> None:
        """Run a callback."""
        callback, symbol, value = event
        if self._stopping:
            return
        try:
            callback(symbol, value)
        except BaseException as error:  # noqa: BLE001 - as in the other dispatcher
            self._raised(callback, error)

    def flush(self) -> bool:
        """Nothing waits."""
        return False

    def waiting(self) -> int:
        """Nothing waits."""
        return 0

    def stop(self) -> None:
        """Run nothing more."""
        self._stopping = True

    def join(self) -> None:
        """There is no thread to wait for."""


def _log_raised(callback: Callback, error: BaseException) -> None:
    log.error("callback %r raised", callback, exc_info=error)
