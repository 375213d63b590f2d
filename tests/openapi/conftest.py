"""A service of its own for every test of the SDK."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.openapi.peer import Peer


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
