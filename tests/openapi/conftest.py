"""A service of its own for every test of the SDK."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from portway.openapi import QuoteContext
from tests.openapi.peer import Peer, answer_quotes, answer_static_info


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """Fails if a thread of the SDK outlives the test."""
    yield
    left = [thread for thread in threading.enumerate() if thread.name.startswith("portway-")]
    for thread in left:
        thread.join(2)
    assert [thread.name for thread in left if thread.is_alive()] == []


@pytest.fixture
def context(peer: Peer) -> Iterator[QuoteContext]:
    """A context of a service that knows every symbol."""
    peer.handlers[10] = answer_static_info
    peer.handlers[11] = answer_quotes
    with QuoteContext(peer.config()) as made:
        yield made
