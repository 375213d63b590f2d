"""A signed-in line against a real service: sign-in, and coming back when it is lost."""

from __future__ import annotations

import queue
import threading
from decimal import Decimal
from typing import Any

import pytest

from portway.openapi import (
    ConnectError,
    ErrorKind,
    OpenApiException,
    QuoteContext,
    RequestTimeout,
    SubType,
)
from portway.wire.pb import control_pb2
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import (
    Peer,
    Refusal,
    answer_quotes,
    quote_push,
)
from tests.openapi.waiting import WAIT, collect, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


# ----------------------------------------------------------------------------------- sign-in


def test_nothing_is_sent_before_the_first_call(peer: Peer) -> None:
    with QuoteContext(peer.config()) as context:
        context.set_on_quote(lambda symbol, event: None)
        assert context.subscriptions() == []
    assert (peer.http_asked, peer.upgrades) == ([], [])


def test_signs_in_and_asks_the_profile_once(peer: Peer, context: QuoteContext) -> None:
    assert context.member_id() == 10001
    assert context.quote_level() == "LV2"
    auth, profile = peer.next_asked(2), peer.next_asked(4)
    assert (auth.request_id, auth.timeout_ms) == (1, 5000)
    request = control_pb2.AuthRequest.FromString(auth.body)
    assert request.token == "otp-1"
    assert dict(request.metadata) == {"accept-language": "en"}
    assert profile.request_id == 2
    assert peer.asked.empty()
    assert peer.upgrade_paths == ["/v2?version=1&codec=1&platform=9"]
    assert peer.upgrades[0]["accept-language"] == "en"
    (line, headers) = peer.http_asked[0]
    assert line == "GET /v1/socket/token"
    assert headers["x-api-key"] == "key-0001"


def test_overnight_and_marks_are_told_at_the_sign_in(peer: Peer) -> None:
    config = peer.config(enable_overnight=True)
    with QuoteContext(config, _marks={"x-portway-tool": "s"}) as context:
        context.member_id()
    metadata = dict(control_pb2.AuthRequest.FromString(peer.next_asked(2).body).metadata)
    assert metadata["need_over_night_quote"] == "true"
    assert metadata["x-portway-tool"] == "s"
    assert peer.upgrades[0]["x-portway-tool"] == peer.http_asked[0][1]["x-portway-tool"] == "s"


def test_a_full_account_is_refused_here_and_a_tool_is_not(peer: Peer) -> None:
    peer.online = peer.limit = 5
    with (
        QuoteContext(peer.config()) as context,
        pytest.raises(ConnectError, match="connections limitation is hit, limit = 5, online = 5"),
    ):
        context.member_id()
    assert peer.upgrades == []
    with QuoteContext(peer.config(), _marks={"x-portway-tool": "s"}) as tool:
        assert tool.member_id() == 10001


def test_a_refused_sign_in_is_raised_and_the_next_call_tries_again(
    peer: Peer, context: QuoteContext
) -> None:
    good = peer.handlers[2]
    peer.handlers[2] = lambda _: Refusal(6, 403, "connections limitation is hit")
    with pytest.raises(OpenApiException) as info:
        context.quote(["700.HK"])
    assert (info.value.kind, info.value.code) == (ErrorKind.OpenApi, 403)
    peer.handlers[2] = good
    assert context.quote(["700.HK"])[0].last_done == Decimal("612.500")


def test_no_server_is_said_at_once(peer: Peer) -> None:
    config = peer.config(quote_ws_url="ws://127.0.0.1:9/v2")
    with QuoteContext(config) as context, pytest.raises(ConnectError, match=r"127\.0\.0\.1:9"):
        context.quote(["700.HK"])


# -------------------------------------------------------------------------------- lost lines


@pytest.mark.parametrize("how", ["cut", "close", "restart"])
def test_a_lost_line_comes_back_resumed_and_subscribed(
    peer: Peer, context: QuoteContext, how: str
) -> None:
    events = collect(context)
    context.subscribe(["700.HK", "AAPL.US"], [SubType.Quote])
    context.subscribe(["5.HK"], [SubType.Depth])
    passwords = peer.passwords()
    while not peer.asked.empty():
        peer.asked.get()
    if how == "cut":
        peer.cut_connections()
    elif how == "close":
        peer.close_connections(4002, "server shutdown")
    else:
        peer.stop()
        peer.start()
    resumed = peer.next_asked(3)
    assert (resumed.request_id, resumed.timeout_ms) == (1, 5000)
    assert control_pb2.ReconnectRequest.FromString(resumed.body).session_id == "session-1"
    groups = [pb.SubscribeRequest.FromString(peer.next_asked(6).body) for _ in range(2)]
    assert {(tuple(sorted(g.symbol)), tuple(g.sub_type), g.is_first_push) for g in groups} == {
        (("700.HK", "AAPL.US"), (1,), False), (("5.HK",), (2,), False),
    }  # fmt: skip
    assert context.quote(["700.HK"])
    peer.push(101, quote_push("AAPL.US"))
    assert events.get(timeout=WAIT)[0] == "AAPL.US"
    assert peer.passwords() == passwords


def test_a_forgotten_session_is_replaced_by_a_new_sign_in(
    peer: Peer, context: QuoteContext
) -> None:
    context.subscribe(["700.HK"], [SubType.Quote])
    peer.sessions.clear()
    peer.cut_connections()
    peer.next_asked(3)
    peer.next_asked(2)
    peer.next_asked(6)
    assert context.quote(["700.HK"])
    assert peer.passwords() == 2


def test_a_call_under_way_is_repeated_on_the_new_line(peer: Peer, context: QuoteContext) -> None:
    context.member_id()
    peer.handlers[11] = lambda _: None
    answers: queue.Queue[Any] = queue.Queue()
    thread = threading.Thread(target=lambda: answers.put(context.quote(["700.HK"])))
    thread.start()
    peer.next_asked(11)
    peer.handlers[11] = answer_quotes
    peer.cut_connections()
    assert answers.get(timeout=WAIT)[0].symbol == "700.HK"
    thread.join(WAIT)


def test_a_call_during_an_outage_ends_at_its_deadline(peer: Peer) -> None:
    with QuoteContext(peer.config(timeout_s=1.0)) as context:
        context.member_id()
        peer.stop()
        with pytest.raises(RequestTimeout, match="not connected"):
            context.quote(["700.HK"])
        peer.start()
        peer.handlers[11] = answer_quotes
        eventually(lambda: context._is_up)
        assert context.quote(["700.HK"])


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00", b"\x0f1234", b"\x02\x0b", b"\x23\x65\x00\x00\x03abc", "text"],
    ids=["empty", "type 0", "type 15", "short header", "bad gzip", "text"],
)
def test_a_server_that_breaks_the_protocol_is_left_and_found_again(
    peer: Peer, context: QuoteContext, message: bytes | str
) -> None:
    context.member_id()
    peer.send(message)
    peer.next_asked(3)
    assert context.quote(["700.HK"])


def test_a_request_of_the_server_and_a_late_answer_are_ignored(
    peer: Peer, context: QuoteContext
) -> None:
    context.member_id()
    peer.send(bytes.fromhex("01010000000500000000090880d0eab6b7331005"))
    peer.send(bytes.fromhex("020b00000063000000000000"))
    assert context.quote(["700.HK"])
    assert len(peer.upgrades) == 1
