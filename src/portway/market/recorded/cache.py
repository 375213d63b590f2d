"""Keeps the latest few results of an expensive reading, for several threads.

Two threads that miss the same key both read: waiting for each other would let a reading in a
worker thread hold up the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Recent"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The `size` results that were asked for last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K, read: Callable[[], V]) -> V:
        """Return what is kept for `key`, or read it; what `read` raises is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = read()
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value

    def __contains__(self, key: K) -> bool:
        with self._lock:
            return key in self._kept

    def values(self) -> list[V]:
        """Return everything kept, the oldest first."""
        with self._lock:
            return list(self._kept.values())
