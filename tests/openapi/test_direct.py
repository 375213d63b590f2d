"""Requests that leave on the thread that makes them, past the event loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import picows
import pytest
from websockets.asyncio.server import serve

from portway.openapi import QuoteContext, SubType
from portway.openapi.direct import MESSAGE_BYTES_MAX, DirectSender, _frame
from portway.wire.packet import encode_push
from portway.wire.pb import quote_pb2 as pb
from tests.conftest import ROOT
from tests.openapi.peer import Peer, answer_quotes, quote_push
from tests.openapi.waiting import WAIT

TLS = ROOT / "tests" / "fixtures" / "tls"  # A certificate of this machine's own, for tests alone.


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


@pytest.mark.parametrize("use_aiofastnet", [True, False])
def test_nothing_goes_past_an_encrypted_connection(use_aiofastnet: bool) -> None:
    """A frame on the bare socket would be readable by everybody, and break the session."""
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    client_tls = ssl.create_default_context(cafile=TLS / "cert.pem")

    async def sent(scheme: str, server_side: ssl.SSLContext | None) -> bool:
        async with serve(
            lambda peer: peer.wait_closed(), "127.0.0.1", 0, ssl=server_side
        ) as server:
            port = server.sockets[0].getsockname()[1]
            transport, _ = await picows.ws_connect(
                picows.WSListener,
                f"{scheme}://localhost:{port}/",
                ssl_context=client_tls if server_side else None,
                use_aiofastnet=use_aiofastnet,
            )
            sender = DirectSender(transport)
            try:
                return sender.send(b"a request")
            finally:
                sender.close()
                transport.disconnect()

    assert asyncio.run(sent("ws", None))
    assert not asyncio.run(sent("wss", server_tls))


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
