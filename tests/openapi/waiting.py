"""Waiting for what another thread of the SDK brings, with an end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from portway.openapi import PushQuote, QuoteContext

WAIT = 30.0  # Seconds.


def collect(context: QuoteContext) -> queue.Queue[tuple[str, PushQuote]]:
    """Return where every quote of a context arrives from now on."""
    events: queue.Queue[tuple[str, PushQuote]] = queue.Queue()
    context.set_on_quote(lambda symbol, event: events.put((symbol, event)))
    return events


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until, "not within the time"
        threading.Event().wait(0.005)
