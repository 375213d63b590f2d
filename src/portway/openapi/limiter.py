"""Client-side rate limits: what the service told at sign-in, obeyed before a request is sent.

Pure arithmetic over an instant that the caller gives: no clock, no waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

__all__ = ["Bucket", "Limiter"]


class Bucket:
    """Tokens of one command: full at first, filled up steadily.

    Reserving is first come, first served: a caller takes its token at once and learns how long it
    has to wait before using it.

    Args:
        limit: Tokens a second, at least 1; never more than `burst` of them are used in a second,
            which is how the official client reads the pair.
        burst: Most tokens at once, at least 1.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, limit: int, burst: int) -> None:
        self._rate = min(limit, burst)
        self._burst = burst
        self._tokens = float(burst)
        self._at = 0.0

    def wait_s(self, now: float) -> float:
        """How long a token reserved at `now` (seconds of any steady clock) would have to wait."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def reserve(self, now: float) -> float:
        """Take a token; return how many seconds to wait before using it."""
        wait = self.wait_s(now)
        self._tokens -= 1.0
        return wait

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now


class Limiter:
    """A bucket for each command that has a rule.

    Args:
        rules: Rows (command, limit, burst). A row with a limit or burst below 1 is no rule: the
            official client hangs or breaks on those.
    """

    def __init__(self, rules: Iterable[tuple[int, int, int]] = ()) -> None:
        self._buckets: Mapping[int, Bucket] = {
            command: Bucket(limit, burst)
            for command, limit, burst in rules
            if limit >= 1 and burst >= 1
        }
        self._lock = threading.Lock()
        self.waited_s = 0.0  # in all, of all calls

    def reserve_now(self, command: int, now: float) -> bool:
        """Count a call if it may be sent at once; return whether it may. From any thread."""
        bucket = self._buckets.get(command)
        if bucket is None:
            return True
        with self._lock:
            if bucket.wait_s(now) > 0:
                return False
            bucket.reserve(now)
        return True

    def wait_s(self, command: int, now: float) -> float:
        """How long a call made at `now` would have to wait, in seconds."""
        bucket = self._buckets.get(command)
        return 0.0 if bucket is None else bucket.wait_s(now)

    def reserve(self, command: int, now: float) -> float:
        """Count a call; return how many seconds to wait before sending it."""
        bucket = self._buckets.get(command)
        if bucket is None:
            return 0.0
        with self._lock:
            wait = bucket.reserve(now)
        self.waited_s += wait
        return wait
