"""An event loop on a thread of its own: where a context does its I/O.

Own thread, so that pushes arrive while the program computes or sleeps, and so that a context works
wherever it is made, inside a running event loop too. uvloop where there is one, plain asyncio
elsewhere.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from portway.openapi.errors import ContextClosed

__all__ = ["LoopThread"]

log = logging.getLogger("portway.openapi")

T = TypeVar("T")

STOP_SECONDS = 5.0


class LoopThread:
    """A running event loop; `stop` ends loop and thread.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._pid = os.getpid()
        self._stopped = False
        self._lock = threading.RLock()  # re-entered when the garbage collector closes a context
        self.loop = _new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop; its outcome is in the future.

        Raises:
            ContextClosed: If the loop has stopped, or belongs to the parent of a forked process.
        """
        with self._lock:
            problem = self._problem()
            if problem is None:
                return asyncio.run_coroutine_threadsafe(work, self.loop)
        work.close()
        raise ContextClosed(problem)

    def call_soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a function on the loop; nothing happens after `stop`."""
        with self._lock:
            if self._problem() is None:
                self.loop.call_soon_threadsafe(function, *arguments)

    def is_usable(self) -> bool:
        """Whether work may be given to it by the calling thread, which is not its own."""
        return self._problem() is None and not self.is_current()

    def is_current(self) -> bool:
        """Whether the caller runs on this loop's thread."""
        return threading.current_thread() is self._thread

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `last` on the loop, cancel what is left, and end the thread; may be called again.

        Does not wait when called on the loop's own thread, which ends after the present turn.
        """
        with self._lock:
            if self._problem() is not None:
                self._stopped = True
                return
            self._stopped = True
            self.loop.call_soon_threadsafe(self._begin_stop, last)
        if not self.is_current():
            self._thread.join(STOP_SECONDS)

    def _problem(self) -> str | None:
        if os.getpid() != self._pid:
            return "context closed: a forked process cannot use a context of its parent"
        return "context closed" if self._stopped else None

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def _begin_stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._stopping = self.loop.create_task(self._stop(last))

    async def _stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            async with asyncio.timeout(STOP_SECONDS / 2):
                await last()
        except TimeoutError:
            log.warning("the connection did not close within %.1f s", STOP_SECONDS / 2)
        except Exception:
            log.exception("closing failed")
        finally:
            await self._cancel_rest()
            self.loop.stop()

    async def _cancel_rest(self) -> None:
        rest = [task for task in asyncio.all_tasks(self.loop) if task is not self._stopping]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
