"""Requests that leave on the thread that makes them, past the event loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from portway.openapi import QuoteContext, SubType
from portway.openapi.direct import MESSAGE_BYTES_MAX, _frame
from portway.wire.packet import encode_push
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import Peer, answer_quotes, quote_push
from tests.openapi.waiting import WAIT


@pytest.mark.parametrize("length", [0, 1, 3, 4, 125, 126, 127, 255, 256, 1000, MESSAGE_BYTES_MAX])
def test_a_frame_is_binary_whole_and_masked(length: int) -> None:
    """RFC 6455, 5.2 and 5.3, read by hand."""
    message = bytes(n % 251 for n in range(length))
    frame = _frame(message)
    assert frame[0] == 0x82
    assert frame[1] & 0x80
    told, rest = frame[1] & 0x7F, frame[2:]
    if told == 126:
        told, rest = int.from_bytes(rest[:2]), rest[2:]
        assert told > 125
    assert told == length
    key, masked = rest[:4], rest[4:]
    assert bytes(byte ^ key[n % 4] for n, byte in enumerate(masked)) == message


def test_keys_differ_from_frame_to_frame() -> None:
    assert len({_frame(b"")[2:] for _ in range(50)}) == 50


def test_calls_of_many_threads_get_their_own_answers_while_pushes_come(peer: Peer) -> None:
    peer.handlers[11] = answer_quotes
    symbols = [f"{number}.HK" for number in range(1, 41)]
    with QuoteContext(peer.config()) as context:
        context.subscribe(["700.HK"], [SubType.Quote])
        over = threading.Event()

        def push() -> None:
            whole = encode_push(101, quote_push().SerializeToString())
            while not over.is_set():
                peer.send_all([whole] * 20)

        pushing = threading.Thread(target=push)
        pushing.start()
        try:
            with ThreadPoolExecutor(8) as pool:
                found = list(pool.map(lambda one: context.quote([one])[0].symbol, symbols * 10))
        finally:
            over.set()
            pushing.join(WAIT)
        assert found == symbols * 10
        assert context.metrics()["reconnects"] == 0


def test_a_long_request_goes_the_other_way(peer: Peer) -> None:
    peer.handlers[11] = answer_quotes
    symbols = [f"LONG{number:04}.US" for number in range(500)]
    with QuoteContext(peer.config()) as context:
        assert len(pb.MultiSecurityRequest(symbol=symbols).SerializeToString()) > MESSAGE_BYTES_MAX
        assert [quote.symbol for quote in context.quote(symbols)] == symbols


def test_pings_of_the_service_are_answered_with_what_they_carry(peer: Peer) -> None:
    with QuoteContext(peer.config()) as context:
        context.quote_level()
        assert peer.connections == 1
        peer.ping(b"alive?")
