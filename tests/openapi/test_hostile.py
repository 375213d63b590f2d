"""A service that misbehaves: typed errors, no hang past the deadline, nothing left behind."""

from __future__ import annotations

import asyncio
import gzip
import json
import queue
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from portway.openapi import (
    ConnectionState,
    DecodeError,
    HttpClient,
    OpenApiException,
    OrderStatus,
    QuoteContext,
    RequestTimeout,
    SubType,
    TopicType,
    TradeContext,
)
from portway.openapi import loop as loop_module
from portway.openapi import transport as transport_module
from portway.wire.packet import PUSH_HEAD_BYTES, ResponsePacket, encode_push, encode_response
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.answers import answer_topic
from tests.openapi.cutting import CuttingProxy
from tests.openapi.peer import Peer, answer_quotes, envelope, quote_push
from tests.openapi.push_script import ORDER
from tests.openapi.test_trade import order_push
from tests.openapi.waiting import WAIT

SEED = 20261122
CUTS = 200


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost lines are made again at once: what is tested is that they are."""
    monkeypatch.setattr(transport_module, "PAUSE_SECONDS_FIRST", 0.002)
    monkeypatch.setattr(transport_module, "PAUSE_SECONDS_MAX", 0.004)
    # uvloop may lose a socket whose number was in use a moment ago; nobody reconnects that fast
    # but a test, and a line lost that way is given up at the deadline of the sign-in.
    monkeypatch.setattr(loop_module, "_new_event_loop", asyncio.new_event_loop)


# ---------------------------------------------------------------------------------------- sockets


def test_mutated_pushes_never_end_a_context(peer: Peer, quick: None, no_thread_left: None) -> None:
    chance = random.Random(SEED)
    peer.handlers[11] = answer_quotes
    with QuoteContext(peer.config()) as context:
        context.set_on_quote(lambda symbol, event: event.to_dict())
        context.subscribe(["700.HK"], [SubType.Quote])
        whole = encode_push(101, quote_push().SerializeToString())
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            cut = chance.choice((len(data), chance.randrange(len(data))))
            with suppress(Exception):  # the client may have hung up on the one before
                peer.send(bytes(data[:cut]))
        assert context.quote(["700.HK"])[0].symbol == "700.HK"


def test_a_push_cut_in_its_head_ends_the_line_and_says_why(peer: Peer, quick: None) -> None:
    whole = encode_push(101, quote_push().SerializeToString())
    lost: queue.Queue[str] = queue.Queue()
    with QuoteContext(peer.config()) as context:
        context.set_on_connection(
            lambda event: lost.put(event.reason) if event.state is ConnectionState.LOST else None
        )
        for length in range(1, PUSH_HEAD_BYTES + 2):
            context.subscribe(["700.HK"], [SubType.Quote])
            peer.send(whole[:length])
            assert "broke the protocol: TruncatedPacket" in lost.get(timeout=WAIT), length


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"\0" * 2**26)[: 2**17],  # 64 MiB of nothing
        b"\x1f\x8b\x08\x00 no gzip",
        b"",
    ],
)
def test_answers_that_are_no_gzip_or_too_much_of_it(
    peer: Peer, quick: None, no_thread_left: None, body: bytes
) -> None:
    def bomb(packet: Any) -> None:
        head = bytearray(encode_response(ResponsePacket(11, packet.request_id, 0, body)))
        head[0] |= 0x20  # says that the body is compressed
        threading.Thread(target=peer.send, args=(bytes(head),)).start()

    peer.handlers[11] = bomb
    with QuoteContext(peer.config(timeout_s=2.0)) as context, pytest.raises(OpenApiException):
        context.quote(["700.HK"])


def test_answers_under_other_ids_are_no_answers(peer: Peer, no_thread_left: None) -> None:
    def elsewhere(packet: Any) -> None:
        for request_id in (0, packet.request_id + 1, 2**32 - 1):
            answer = ResponsePacket(11, request_id, 0, b"")
            threading.Thread(target=peer.send, args=(encode_response(answer),)).start()

    peer.handlers[11] = elsewhere
    with (
        QuoteContext(peer.config(timeout_s=0.5)) as context,
        pytest.raises(RequestTimeout, match="command 11"),
    ):
        context.quote(["700.HK"])


@pytest.mark.parametrize("status", [1, 3, 7, 255])
def test_refusals_that_cannot_be_read_say_their_status(
    peer: Peer, no_thread_left: None, status: int
) -> None:
    def refuse(packet: Any) -> None:
        answer = ResponsePacket(11, packet.request_id, status, b"\xff\xff\xff")
        threading.Thread(target=peer.send, args=(encode_response(answer),)).start()

    peer.handlers[11] = refuse
    with (
        QuoteContext(peer.config()) as context,
        pytest.raises(DecodeError, match=f"response error: {status}"),
    ):
        context.quote(["700.HK"])


def test_a_gateway_that_says_nothing_is_given_up_at_the_deadline(no_thread_left: None) -> None:
    with Peer() as peer, socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/v2"
        begun = time.monotonic()
        with (
            QuoteContext(peer.config(quote_ws_url=url, timeout_s=0.3)) as context,
            pytest.raises(RequestTimeout),
        ):
            context.quote(["700.HK"])
        assert time.monotonic() - begun < 10


# ------------------------------------------------------------------------------------------- HTTP


@contextmanager
def raw_http(answer: bytes, *, then_silence: bool = False) -> Iterator[str]:
    """A server that sends these bytes to whatever it is asked."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)
                    if then_silence:
                        stop.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


BODY = envelope(0, "ok", {"a": [1, 2]})
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n" % len(
    BODY
)


@pytest.mark.parametrize("length", range(0, len(WHOLE + BODY), 3))
def test_an_answer_cut_at_any_byte_is_a_typed_error(length: int) -> None:
    with (
        raw_http((WHOLE + BODY)[:length]) as url,
        HttpClient(url, "k", "s", "t") as client,
        pytest.raises(OpenApiException) as info,
    ):
        client.request("GET", "/v1/x")
    assert isinstance(info.value, ConnectionError | ValueError)


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[[[[[[[[[",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
        b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops",
        b"HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"code":"zero"}\n',
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
    ],
)
def test_answers_that_make_no_sense_are_typed_errors(answer: bytes) -> None:
    with (
        raw_http(answer) as url,
        HttpClient(url, "k", "s", "t") as client,
        pytest.raises(OpenApiException),
    ):
        client.request("GET", "/v1/x")


def test_silence_in_the_middle_of_an_answer_ends_at_the_deadline(peer: Peer) -> None:
    with (
        raw_http(WHOLE + BODY[:-3], then_silence=True) as url,
        TradeContext(peer.config(http_url=url, timeout_s=0.3, order_retries=0)) as context,
        pytest.raises(RequestTimeout),
    ):
        context.today_orders()


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"orders": {}}, {"orders": [[]]}, {"orders": [None]}, "x", {"order": []}],
)
def test_data_of_the_wrong_shape_is_a_decode_error(peer: Peer, data: Any) -> None:
    peer.http_data = lambda method, path: data
    with TradeContext(peer.config()) as context, pytest.raises(DecodeError):
        context.today_orders()


def test_one_bad_field_leaves_the_rest_readable(peer: Peer) -> None:
    rows = [{**ORDER, "submitted_at": "soon"}, {**ORDER, "order_id": "1002"}]
    peer.http_data = lambda method, path: {"orders": rows}
    with TradeContext(peer.config()) as context:
        bad, good = context.today_orders()
    assert good.submitted_at.year == 2026
    assert bad.status is OrderStatus.New
    with pytest.raises(DecodeError, match=r"Order 1001\.submitted_at: 'soon' is no time"):
        _ = bad.submitted_at


# --------------------------------------------------------------------------------- the cut link


class _Budgets:
    """Bytes until the cut, for each connection; none after the last cut."""

    def __init__(self, longest: int) -> None:
        self._chance = random.Random(SEED)
        self._longest = longest
        self.given = 0

    def __call__(self) -> int:
        self.given += 1
        return self._chance.randrange(self._longest) if self.given <= CUTS else 2**40


def test_subscriptions_come_back_after_every_cut(
    peer: Peer, quick: None, no_thread_left: None
) -> None:
    symbols = [f"{n}.HK" for n in range(1, 6)]
    seen: set[str] = set()
    complete = threading.Event()

    def take(symbol: str, event: object) -> None:
        seen.add(symbol)
        if budgets.given > CUTS and len(seen) == len(symbols):
            complete.set()

    budgets = _Budgets(1500)
    with (
        CuttingProxy(peer.ws_url, budgets) as proxy,
        QuoteContext(peer.config(quote_ws_url=proxy.url, timeout_s=60.0)) as context,
    ):
        context.set_on_quote(take)
        _until_done(lambda: context.subscribe(symbols, [SubType.Quote, SubType.Trade]))
        while budgets.given <= CUTS:
            seen.clear()
            _push_to_all(peer, symbols)
        until = time.monotonic() + 30
        while not complete.is_set() and time.monotonic() < until:
            _push_to_all(peer, symbols)
        assert complete.is_set()
        assert proxy.cuts >= CUTS
    last = [pb.SubscribeRequest.FromString(a.body) for a in _asked(peer, 6)][-1]
    assert sorted(last.symbol) == symbols
    assert list(last.sub_type) == [1, 4]


def test_order_events_survive_every_cut(peer: Peer, quick: None, no_thread_left: None) -> None:
    broker = _Broker(peer)
    events: list[Any] = []
    final = threading.Event()

    def take(event: Any) -> None:
        events.append(event)
        if event.order_id == "last":
            final.set()

    budgets = _Budgets(4000)
    with (
        CuttingProxy(peer.ws_url, budgets) as proxy,
        TradeContext(peer.config(trade_ws_url=proxy.url, timeout_s=60.0)) as context,
    ):
        context.set_on_order_changed(take)
        _until_done(lambda: context.subscribe([TopicType.Private]))
        broker.trade_until(lambda: budgets.given > CUTS)
        until = time.monotonic() + 30
        while not final.is_set() and time.monotonic() < until:
            broker.push({**ORDER, "order_id": "last"})
        assert final.is_set()
        assert proxy.cuts >= CUTS
    by_order: dict[str, list[Any]] = {}
    for event in events:
        by_order.setdefault(event.order_id, []).append(event)
    by_order.pop("last")
    told = {order: [int(e.executed_quantity) for e in seen] for order, seen in by_order.items()}
    assert told.keys() == broker.fills.keys()
    for order, quantities in told.items():
        assert quantities == sorted(quantities), order  # in order
        assert set(quantities) >= set(broker.fills[order]), order  # each fill at least once
        states = [(e.status, e.executed_quantity) for e in by_order[order]]
        assert len(states) == len(set(states)), order  # and none of it twice
        assert by_order[order][-1].status is OrderStatus.Filled


class _Broker:
    """Orders that are filled in four steps, whether or not anybody is connected."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._lock = threading.Lock()
        self._orders: dict[str, dict[str, Any]] = {}
        self._trades: list[dict[str, Any]] = []
        self._clock = 1774330300
        self.fills: dict[str, list[int]] = {}
        peer.handlers.update({16: answer_topic, 17: answer_topic})
        peer.http_data = self._answer

    def _answer(self, method: str, path: str) -> Any:
        with self._lock:
            orders = [
                {**row, "price": row["submitted_price"], "quantity": row["submitted_quantity"]}
                for row in self._orders.values()
            ]
            return json.loads(json.dumps({"orders": orders, "trades": self._trades}))

    def trade_until(self, is_over: Any) -> None:
        number = 1000
        while not is_over():
            number += 1
            for quantity in (0, 100, 200, 300, 400):
                self._peer.wait_for_connection()  # at its own pace there would be too many
                self._step(str(number), quantity)
                self.push(dict(self._orders[str(number)]))

    def _step(self, order_id: str, quantity: int) -> None:
        with self._lock:
            self._clock += 1
            status = {0: "NewStatus", 400: "FilledStatus"}.get(quantity, "PartialFilledStatus")
            self._orders[order_id] = {
                **ORDER, "order_id": order_id, "status": status, "updated_at": str(self._clock),
                "executed_quantity": str(quantity),
            }  # fmt: skip
            if quantity:
                self.fills.setdefault(order_id, []).append(quantity)
                self._trades.append(
                    {"order_id": order_id, "trade_done_at": str(self._clock), "quantity": "100",
                     "price": "5"}
                )  # fmt: skip

    def push(self, row: dict[str, Any]) -> None:
        with suppress(Exception):  # nobody may be connected
            self._peer.send(order_push(**row))


def _until_done(call: Any) -> None:
    """The first connections are cut as well, and their errors are the caller's."""
    for _ in range(CUTS):
        with suppress(OpenApiException):
            call()
            return
    raise AssertionError("never connected")


def _push_to_all(peer: Peer, symbols: list[str]) -> None:
    for symbol in symbols:
        with suppress(Exception):
            peer.push(101, quote_push(symbol))


def _asked(peer: Peer, command: int) -> list[Any]:
    rows = [peer.asked.get_nowait() for _ in range(peer.asked.qsize())]
    return [row for row in rows if row.command == command]
