"""Pushes as a stream, the buffer that bounds it, and what is told of a connection."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from portway.openapi import (
    AsyncQuoteContext,
    BufferOverflow,
    ConnectionState,
    ContextClosed,
    EventStream,
    NotAvailable,
    Overflow,
    PushQuote,
    QuoteContext,
    SubType,
)
from tests.openapi.peer import Peer, answer_quotes, quote_push


def stream(maximum: int, policy: Overflow) -> EventStream:
    return EventStream(asyncio.get_running_loop(), maximum, policy)


async def read_all(events: EventStream) -> list[Any]:
    events.close()
    return [event.data async for event in events]


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        (Overflow.DROP_OLDEST, [2, 3, 4], 2),
        (Overflow.DROP_NEWEST, [0, 1, 2], 2),
    ],
)
async def test_a_full_buffer_drops_as_it_says(
    policy: Overflow, kept: list[int], dropped: int
) -> None:
    events = stream(3, policy)
    for number in range(5):
        events.add("700.HK", number)
    assert (events.waiting(), events.dropped) == (3, dropped)
    assert await read_all(events) == kept


async def test_the_latest_of_each_symbol_and_kind_is_kept() -> None:
    events = stream(3, Overflow.LATEST)
    for symbol, data in (("1.HK", 1), ("2.HK", 1), ("1.HK", 2), ("1.HK", "text"), ("3.HK", 3)):
        events.add(symbol, data)
    assert events.dropped == 2  # one replaced, one over the maximum
    assert await read_all(events) == [2, "text", 3]


async def test_a_reader_that_wants_to_know_is_told() -> None:
    events = stream(2, Overflow.RAISE)
    for number in range(3):
        events.add("700.HK", number)
    assert [(await anext(events)).data, (await anext(events)).data] == [0, 1]
    with pytest.raises(BufferOverflow, match="over 2 events"):
        await anext(events)


async def test_a_stream_has_every_kind_of_push_and_ends_with_its_context(
    peer: Peer, no_thread_left: None
) -> None:
    async with (
        AsyncQuoteContext.create(peer.config(aware=True)) as context,
        context.events(maximum=10) as events,
    ):
        await context.subscribe(["700.HK"], [SubType.Quote])
        await asyncio.to_thread(peer.push, 101, quote_push())
        first, second = await anext(events), await anext(events)
        assert first.data.state is ConnectionState.CONNECTED
        assert second.symbol == "700.HK"
        assert isinstance(second.data, PushQuote)
        assert second.data.timestamp.tzinfo is not None
        await context.close()
        assert [event async for event in events] == []


def test_a_feed_that_goes_quiet_is_told_once(peer: Peer, no_thread_left: None) -> None:
    stale = threading.Semaphore(0)

    def take(event: Any) -> None:
        if event.state is ConnectionState.STALE:
            stale.release()

    with QuoteContext(peer.config(stale_after_s=0.1)) as context:
        context.set_on_connection(take)
        context.subscribe(["700.HK"], [SubType.Quote])
        assert stale.acquire(timeout=20)
        assert not stale.acquire(timeout=0.3)
        peer.push(101, quote_push())  # it speaks again, and goes quiet again
        assert stale.acquire(timeout=20)


def test_inline_callbacks_run_where_the_bytes_arrive_and_must_not_wait(
    peer: Peer, no_thread_left: None
) -> None:
    peer.handlers[11] = answer_quotes
    found: list[Any] = []
    done = threading.Event()

    def take(symbol: str, event: PushQuote) -> None:
        found.append(threading.current_thread().name)
        try:
            context.quote(["700.HK"])
        except NotAvailable as error:
            found.append(error.message)
        done.set()

    with QuoteContext(peer.config(inline_callbacks=True)) as context:
        context.set_on_quote(take)
        context.subscribe(["700.HK"], [SubType.Quote])
        peer.push(101, quote_push())
        assert done.wait(20)
        assert found[0] == "portway-quote"
        assert "inline_callbacks" in found[1]
        assert context.quote(["700.HK"])  # elsewhere it waits as ever


def test_what_callbacks_raise_is_handed_over(peer: Peer, no_thread_left: None) -> None:
    raised: list[BaseException] = []
    done = threading.Event()

    def fail(symbol: str, event: PushQuote) -> None:
        raise SystemExit(symbol)

    def take(error: BaseException) -> None:
        raised.append(error)
        done.set()

    with QuoteContext(peer.config()) as context:
        context.set_on_quote(fail)
        context.set_on_error(take)
        context.subscribe(["700.HK"], [SubType.Quote])
        peer.push(101, quote_push())
        assert done.wait(20)
        assert isinstance(raised[0], SystemExit)
        assert context.metrics()["callback_errors"] == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_told_instead_of_hanging(peer: Peer) -> None:
    peer.handlers[11] = answer_quotes
    with QuoteContext(peer.config()) as context:
        context.quote(["700.HK"])
        child = os.fork()
        if not child:
            try:
                context.quote(["700.HK"])
            except ContextClosed:
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
