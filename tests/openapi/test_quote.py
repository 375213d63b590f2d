"""The quote contexts against a real service: calls, pushes, closing, asyncio."""

from __future__ import annotations

import asyncio
import gc
import logging
import queue
import threading
import time
from decimal import Decimal
from typing import Any

import pytest

from portway.openapi import (
    AsyncQuoteContext,
    ConnectError,
    ContextClosed,
    DecodeError,
    ErrorKind,
    OpenApiException,
    PushDepth,
    PushQuote,
    QuoteContext,
    RequestTimeout,
    SubType,
)
from portway.openapi.dispatch import EVENTS_MAX
from portway.wire.packet import encode_push
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import (
    Peer,
    Refusal,
    answer_quotes,
    answer_static_info,
    quote_push,
)
from tests.openapi.waiting import WAIT, collect, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


# ------------------------------------------------------------------------------------- calls


def test_calls_send_what_was_asked_and_read_the_answer(peer: Peer, context: QuoteContext) -> None:
    (info,) = context.static_info(["700.HK"])
    assert (info.symbol, info.name_en, info.lot_size) == ("700.HK", "TENCENT", 100)
    assert [q.symbol for q in context.quote(("700.HK", "AAPL.US"))] == ["700.HK", "AAPL.US"]
    assert peer.next_asked(11).body == bytes.fromhex("0a063730302e484b0a074141504c2e5553")


@pytest.mark.parametrize("symbols", ["700.HK", [700], None, {"700.HK": 1}])
def test_wrong_arguments_are_refused_before_anything_is_sent(
    peer: Peer, context: QuoteContext, symbols: Any
) -> None:
    for call in (context.quote, context.static_info):
        with pytest.raises(TypeError, match="argument 'symbols'"):
            call(symbols)
    with pytest.raises(TypeError, match="argument 'sub_types'"):
        context.subscribe(["700.HK"], [1])  # type: ignore[list-item]
    assert peer.upgrades == []


def test_answers_are_paired_by_id_whatever_their_order(peer: Peer, context: QuoteContext) -> None:
    """One slow answer holds up nothing else."""
    peer.handlers[10] = lambda _: None  # never answered
    config_timeout = peer.config(timeout_s=2.0)
    with QuoteContext(config_timeout) as slow:
        slow.member_id()
        failed: queue.Queue[Exception] = queue.Queue()

        def ask() -> None:
            try:
                slow.static_info(["700.HK"])
            except OpenApiException as error:
                failed.put(error)

        thread = threading.Thread(target=ask)
        thread.start()
        peer.next_asked(10)
        started = time.monotonic()
        for _ in range(20):
            assert slow.quote(["700.HK"])
        assert time.monotonic() - started < 1.5
        thread.join(WAIT)
        error = failed.get_nowait()
        assert isinstance(error, RequestTimeout)
        assert "request timeout" in error.message
        assert slow.quote(["700.HK"])  # the line stays up


def test_a_refusal_carries_code_and_message(peer: Peer, context: QuoteContext) -> None:
    peer.handlers[11] = lambda _: Refusal(7, 301604, "no quote access")
    with pytest.raises(OpenApiException) as info:
        context.quote(["700.HK"])
    error = info.value
    assert (error.kind, error.code, error.trace_id, error.message) == (
        ErrorKind.OpenApi, 301604, "", "no quote access",
    )  # fmt: skip


def test_told_rate_limits_are_obeyed(peer: Peer, context: QuoteContext) -> None:
    row = pb.RateLimit(command=pb.Command.QuerySecurityQuote, limit=10, burst=2)
    peer.handlers[4] = lambda _: pb.UserQuoteProfileResponse(rate_limit=[row])
    context.member_id()
    started = time.monotonic()
    for _ in range(4):
        context.quote(["700.HK"])
    # 2 at once, then one each half second: min(limit, burst) a second.
    assert time.monotonic() - started >= 0.95


def test_a_wait_longer_than_the_deadline_is_refused(peer: Peer) -> None:
    row = pb.RateLimit(command=pb.Command.QuerySecurityQuote, limit=1, burst=1)
    peer.handlers[4] = lambda _: pb.UserQuoteProfileResponse(rate_limit=[row])
    peer.handlers[11] = answer_quotes
    with QuoteContext(peer.config(timeout_s=0.5)) as context:
        context.quote(["700.HK"])
        with pytest.raises(RequestTimeout, match="rate limit"):
            context.quote(["700.HK"])


# ------------------------------------------------------------------------------------ pushes


def test_subscribing_normalises_hong_kong_and_pushes_come_merged(
    peer: Peer, context: QuoteContext
) -> None:
    events = collect(context)
    context.subscribe(["00700.HK", "AAPL.US"], [SubType.Depth, SubType.Quote])
    asked = pb.SubscribeRequest.FromString(peer.next_asked(6).body)
    assert list(asked.symbol) == ["700.HK", "AAPL.US"]
    assert list(asked.sub_type) == [1, 2]
    assert asked.is_first_push
    peer.push(101, quote_push())
    peer.push(101, pb.PushQuote(symbol="700.HK", last_done="613.000", timestamp=1767232801))
    assert events.get(timeout=WAIT)[1].last_done == Decimal("612.500")
    symbol, event = events.get(timeout=WAIT)
    assert symbol == "700.HK"
    assert (event.last_done, event.high, event.volume) == (
        Decimal("613.000"), Decimal("615.000"), 1234500,
    )  # fmt: skip
    assert event.current_volume == 0
    (stored,) = context.realtime_quote(["700.HK", "9.HK"])
    assert (stored.symbol, stored.last_done) == ("700.HK", Decimal("613.000"))
    rows = [(row.symbol, row.sub_types) for row in context.subscriptions()]
    assert rows == [(s, [SubType.Quote, SubType.Depth]) for s in ("700.HK", "AAPL.US")]


def test_quotes_reach_only_who_subscribed_them_and_depth_everybody(
    peer: Peer, context: QuoteContext
) -> None:
    events = collect(context)
    depths: queue.Queue[PushDepth] = queue.Queue()
    context.set_on_depth(lambda symbol, event: depths.put(event))
    context.subscribe(["700.HK"], [SubType.Depth])
    peer.push(101, quote_push())
    level = pb.Depth(position=1, price="612.000", volume=9800, order_num=12)
    peer.push(102, pb.PushDepth(symbol="700.HK", bid=[level]))
    (bid,) = depths.get(timeout=WAIT).bids
    assert (bid.price, bid.order_num) == (Decimal("612.000"), 12)
    assert context.realtime_depth("700.HK").bids == [bid]
    assert events.empty()
    assert context.realtime_quote(["700.HK"])[0].last_done == Decimal("612.500")


def test_an_end_of_day_correction_is_not_a_quote(peer: Peer, context: QuoteContext) -> None:
    events = collect(context)
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.push(101, quote_push(last_done="1.0", tag=pb.PushQuoteTag.Eod))
    peer.push(101, quote_push(last_done="2.0"))
    assert events.get(timeout=WAIT)[1].last_done == Decimal("2.0")


def test_a_push_that_only_looks_complete_is_refused_where_it_is_read(
    peer: Peer, context: QuoteContext
) -> None:
    """Such a push is decoded late; the next one mends what is stored."""
    events = collect(context)
    context.subscribe(["700.HK"], [SubType.Quote])
    broken = quote_push().SerializeToString() + b"\xff\xff"
    peer.send(encode_push(101, broken))
    _, event = events.get(timeout=WAIT)
    for _ in range(2):
        with pytest.raises(DecodeError, match="PushQuote"):
            _ = event.last_done
    with pytest.raises(DecodeError, match="PushQuote"):
        _ = context.realtime_quote(["700.HK"])[0].last_done
    peer.push(101, pb.PushQuote(symbol="700.HK", last_done="613.000"))  # partial, on nothing
    _, event = events.get(timeout=WAIT)
    assert (event.last_done, event.high) == (Decimal("613.000"), Decimal(0))
    peer.push(101, quote_push())
    assert events.get(timeout=WAIT)[1].last_done == Decimal("612.500")
    assert context.realtime_quote(["700.HK"])[0].last_done == Decimal("612.500")
    assert context.metrics()["reconnects"] == 0


def test_unreadable_and_unknown_pushes_are_passed_over(peer: Peer, context: QuoteContext) -> None:
    events = collect(context)
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.send(encode_push(101, b"\xff\xff\xff"))
    peer.send(encode_push(200, b"anything"))
    peer.send(encode_push(0, b""))
    peer.push(101, quote_push())
    assert events.get(timeout=WAIT)[0] == "700.HK"
    assert peer.connections == 1


def test_callbacks_may_call_replace_themselves_and_raise(
    peer: Peer, context: QuoteContext, caplog: pytest.LogCaptureFixture
) -> None:
    results: queue.Queue[Any] = queue.Queue()

    def second(symbol: str, event: PushQuote) -> None:
        results.put(("second", threading.current_thread().name))

    def first(symbol: str, event: PushQuote) -> None:
        results.put(context.quote([symbol])[0].last_done)
        context.set_on_quote(second)
        raise SystemExit("a callback cannot end the thread")

    context.set_on_quote(first)
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.push(101, quote_push())
    assert results.get(timeout=WAIT) == Decimal("612.500")
    eventually(lambda: "a callback cannot end the thread" in caplog.text)
    peer.push(101, quote_push())
    assert results.get(timeout=WAIT) == ("second", "portway-callbacks")


def test_a_callback_that_is_no_function_is_refused(context: QuoteContext) -> None:
    with pytest.raises(TypeError, match="callback"):
        context.set_on_quote(3)  # type: ignore[arg-type]

    async def coroutine(symbol: str, event: PushQuote) -> None: ...

    with pytest.raises(TypeError, match="async context"):
        context.set_on_quote(coroutine)


def test_a_flood_is_delivered_whole_and_in_order(peer: Peer, context: QuoteContext) -> None:
    """More than the queue's bound, while the callback stands still: nothing lost, nothing moved."""
    count, seen, go = 90_000, [], threading.Event()

    def take(symbol: str, event: PushQuote) -> None:
        go.wait(WAIT)
        seen.append(event.volume)

    context.set_on_quote(take)
    context.subscribe(["700.HK"], [SubType.Quote])
    bodies = (quote_push(volume=i + 1).SerializeToString() for i in range(count))
    sender = threading.Thread(target=peer.send_all, args=([encode_push(101, b) for b in bodies],))
    sender.start()
    eventually(lambda: context._core._dispatcher.waiting() > EVENTS_MAX)
    assert context.quote(["700.HK"])  # a call gets its answer through the pushes before it
    go.set()
    sender.join(WAIT)
    eventually(lambda: len(seen) == count)
    assert seen == list(range(1, count + 1))


def test_unsubscribing(peer: Peer, context: QuoteContext) -> None:
    context.subscribe(["700.HK", "AAPL.US"], [SubType.Quote, SubType.Trade])
    context.unsubscribe(["00700.HK"], [SubType.Quote, SubType.Trade])
    context.unsubscribe(["AAPL.US"], [SubType.Trade])
    asked = pb.UnsubscribeRequest.FromString(peer.next_asked(7).body)
    assert (list(asked.symbol), list(asked.sub_type), asked.unsub_all) == (
        ["700.HK"],
        [1, 4],
        False,
    )
    rows = [(row.symbol, row.sub_types) for row in context.subscriptions()]
    assert rows == [("AAPL.US", [SubType.Quote])]


def test_a_refused_subscription_is_not_remembered(peer: Peer, context: QuoteContext) -> None:
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.handlers[6] = lambda _: Refusal(7, 301605, "too many subscriptions")
    with pytest.raises(OpenApiException, match="301605"):
        context.subscribe(["700.HK", "AAPL.US"], [SubType.Depth])
    rows = [(row.symbol, row.sub_types) for row in context.subscriptions()]
    assert rows == [("700.HK", [SubType.Quote])]


# ----------------------------------------------------------------------------------- closing


def test_closing_ends_calls_under_way_and_everything_after(peer: Peer) -> None:
    peer.handlers[11] = lambda _: None
    context = QuoteContext(peer.config())
    context.member_id()
    errors: queue.Queue[Exception] = queue.Queue()

    def ask() -> None:
        try:
            context.quote(["700.HK"])
        except OpenApiException as error:
            errors.put(error)

    thread = threading.Thread(target=ask)
    thread.start()
    peer.next_asked(11)
    context.close()
    assert isinstance(errors.get(timeout=WAIT), (ContextClosed, ConnectError))
    thread.join(WAIT)
    context.close()
    with pytest.raises(ContextClosed):
        context.quote(["700.HK"])
    eventually(lambda: peer.connections == 0)


def test_a_callback_may_close_the_context(peer: Peer) -> None:
    context, done = QuoteContext(peer.config()), threading.Event()

    def close(symbol: str, event: PushQuote) -> None:
        context.close()
        done.set()

    context.set_on_quote(close)
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.push(101, quote_push())
    assert done.wait(WAIT)
    eventually(lambda: peer.connections == 0)


def test_dropping_the_last_reference_closes(peer: Peer) -> None:
    context = QuoteContext(peer.config())
    context.member_id()
    assert peer.connections == 1
    del context
    gc.collect()
    eventually(lambda: peer.connections == 0)


def test_closing_during_an_outage_is_quick(peer: Peer) -> None:
    context = QuoteContext(peer.config())
    context.member_id()
    peer.stop()
    eventually(lambda: not context._is_up)
    started = time.monotonic()
    context.close()
    assert time.monotonic() - started < 2
    peer.start()


def test_no_secret_is_logged(
    peer: Peer, context: QuoteContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "portway.openapi")
    context.quote(["700.HK"])
    peer.cut_connections()
    peer.next_asked(3)
    for secret in ("secret-0001", "token-0001-0001-0001", "otp-1", "session-1"):
        assert secret not in caplog.text


# ------------------------------------------------------------------------------------ asyncio


async def test_the_async_context_does_the_same(peer: Peer) -> None:
    peer.handlers[10], peer.handlers[11] = answer_static_info, answer_quotes
    async with AsyncQuoteContext.create(peer.config()) as context:
        infos, quotes = await asyncio.gather(
            context.static_info(["700.HK"]), context.quote(["700.HK"])
        )
        assert (infos[0].name_en, quotes[0].last_done) == ("TENCENT", Decimal("612.500"))
        assert await context.member_id() == 10001
        assert await context.quote_level() == "LV2"
        events: asyncio.Queue[tuple[str, PushQuote]] = asyncio.Queue()

        async def take(symbol: str, event: PushQuote) -> None:
            await events.put((symbol, event))

        context.set_on_quote(take)
        await context.subscribe(["700.HK"], [SubType.Quote])
        peer.push(101, quote_push())
        symbol, _ = await asyncio.wait_for(events.get(), WAIT)
        assert symbol == "700.HK"
        assert (await context.realtime_quote(["700.HK"]))[0].volume == 1234500
        assert [row.symbol for row in await context.subscriptions()] == ["700.HK"]
        with pytest.raises(TypeError):
            context.quote("700.HK")  # at the call, not at the await


async def test_giving_up_on_an_answer_frees_the_line(peer: Peer) -> None:
    peer.handlers[11] = lambda _: None
    async with AsyncQuoteContext.create(peer.config()) as context:
        await context.member_id()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(context.quote(["700.HK"]), 0.05)
        peer.handlers[11] = answer_quotes
        assert await asyncio.wait_for(context.quote(["700.HK"]), WAIT)


async def test_the_sync_context_works_inside_a_running_loop(peer: Peer) -> None:
    peer.handlers[11] = answer_quotes
    with QuoteContext(peer.config()) as context:
        assert context.quote(["700.HK"])[0].symbol == "700.HK"


def test_an_async_call_needs_a_running_loop(peer: Peer) -> None:
    context = AsyncQuoteContext.create(peer.config())
    with pytest.raises(RuntimeError, match="no running event loop"):
        context.quote(["700.HK"])


def test_both_faces_have_the_same_methods() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(AsyncQuoteContext) - public(QuoteContext) == {"create", "events"}
    assert public(QuoteContext) - public(AsyncQuoteContext) == set()
