"""Orders through the SDK: named and sent safely, pushed in order, told again after an outage."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from portway.openapi import (
    ArgumentError,
    AsyncTradeContext,
    Config,
    ConnectionEvent,
    ConnectionState,
    ContextClosed,
    ErrorKind,
    NotAvailable,
    OpenApiException,
    OrderSide,
    OrderStatus,
    OrderType,
    PushOrderChanged,
    TimeInForceType,
    TopicType,
    TradeContext,
    transport,
)
from portway.wire.packet import encode_push
from portway.wire.pb import trade_pb2
from tests.openapi.answers import answer_topic
from tests.openapi.peer import Peer, envelope
from tests.openapi.push_script import ORDER

BUY = ("700.HK", OrderType.LO, OrderSide.Buy, Decimal(100), TimeInForceType.Day, Decimal("612.5"))


def order_push(**changes: str) -> bytes:
    data = json.dumps({"event": "order_changed_lb", "data": {**ORDER, **changes}})
    message = trade_pb2.Notification(topic="private", content_type=1, data=data.encode())  # type: ignore[arg-type]
    return encode_push(18, message.SerializeToString())


@pytest.fixture
def trading(peer: Peer, no_thread_left: None) -> Iterator[TradeContext]:
    peer.handlers.update({16: answer_topic, 17: answer_topic})
    peer.http_data = lambda method, path: {"orders": [], "trades": [], "list": [], "order_id": "1"}
    with TradeContext(peer.config()) as context:
        yield context


class Seen:
    """Events as they come, for a test to wait on."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, count: int) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, 30), self.events
            return list(self.events)


def test_orders_are_pushed_in_order_after_a_subscription(peer: Peer, trading: TradeContext) -> None:
    seen = Seen()
    trading.set_on_order_changed(seen)
    trading.subscribe([TopicType.Private])
    for quantity in ("0", "100", "300", "400"):
        peer.send(order_push(executed_quantity=quantity))
    events = seen.wait(4)
    assert all(isinstance(event, PushOrderChanged) for event in events)
    assert [event.executed_quantity for event in events] == [0, 100, 300, 400]
    assert events[0].status is OrderStatus.New


def test_a_push_that_misses_keys_is_delivered_with_what_it_has(
    peer: Peer, trading: TradeContext
) -> None:
    seen = Seen()
    trading.set_on_order_changed(seen)
    trading.subscribe([TopicType.Private])
    data = {"event": "order_changed_lb", "data": {"order_id": "7", "status": "FilledStatus"}}
    message = trade_pb2.Notification(topic="private", data=json.dumps(data).encode())
    peer.send(encode_push(18, b"\xff\xff"))
    peer.send(encode_push(18, trade_pb2.Notification(data=b"[]").SerializeToString()))
    peer.send(encode_push(18, message.SerializeToString()))
    (event,) = seen.wait(1)
    assert (event.order_id, event.status, event.trigger_price) == ("7", OrderStatus.Filled, None)
    with pytest.raises(OpenApiException, match=r"PushOrderChanged 7\.submitted_quantity: missing"):
        _ = event.submitted_quantity
    assert trading.metrics()["pushes_unreadable"] == 2


def test_what_an_outage_hid_is_told_once(
    peer: Peer, trading: TradeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "PAUSE_SECONDS_FIRST", 0.01)
    seen, line = Seen(), Seen()
    trading.set_on_order_changed(seen)
    trading.set_on_connection(line)
    trading.subscribe([TopicType.Private])
    peer.send(order_push(executed_quantity="100", updated_at="1774330301"))
    seen.wait(1)
    known = {
        **ORDER, "price": "512.50", "quantity": "400", "executed_quantity": "400",
        "status": "FilledStatus", "updated_at": "1774330309",
    }  # fmt: skip
    fills = [
        {"order_id": "1001", "trade_done_at": str(1774330300 + n), "quantity": "100", "price": "5"}
        for n in range(1, 5)
    ]
    peer.http_data = lambda method, path: {"orders": [known], "trades": fills}
    peer.cut_connections()
    told = seen.wait(4)
    assert [event.executed_quantity for event in told] == [100, 200, 300, 400]
    assert [event.status for event in told][-2:] == [OrderStatus.PartialFilled, OrderStatus.Filled]
    assert told[-1].submitted_quantity == 400
    states = [event.state for event in line.wait(4)]
    assert states == [
        ConnectionState.CONNECTED,
        ConnectionState.LOST,
        ConnectionState.RECONNECTED,
        ConnectionState.REFILLED,
    ]
    peer.send(order_push(order_id="1002"))
    assert [event.order_id for event in seen.wait(5)][4:] == ["1002"]


def test_connection_events_say_how_long_the_gap_was(
    peer: Peer, trading: TradeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "PAUSE_SECONDS_FIRST", 0.01)
    line = Seen()
    trading.set_on_connection(line)
    trading.subscribe([TopicType.Private])
    peer.close_connections(4002, "shutting down")
    _, lost, back = line.wait(3)[:3]
    assert isinstance(lost, ConnectionEvent)
    assert "4002" in lost.reason
    assert back.gap_s > 0


# ------------------------------------------------------------------------------------- submitting


def test_every_order_has_a_name_and_is_sent_again_under_it(
    peer: Peer, trading: TradeContext
) -> None:
    answers = iter([(502, b"bad gateway"), (200, envelope(0, "", {"order_id": "1001"}))])
    peer.http_data, peer.http_answer = None, lambda _: next(answers)
    assert trading.submit_order(*BUY).order_id == "1001"
    bodies = [json.loads(body) for line, body in peer.http_sent if line.startswith("POST")]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert len(bodies[0]["client_request_id"]) == 32


def test_an_order_of_the_programs_own_name_keeps_it(peer: Peer, trading: TradeContext) -> None:
    trading.submit_order(*BUY, client_request_id="mine")
    assert json.loads(peer.http_sent[-1][1])["client_request_id"] == "mine"


def test_without_retries_an_order_is_sent_once_and_unnamed(peer: Peer) -> None:
    peer.http_answer = lambda _: (502, b"bad gateway")
    with (
        TradeContext(peer.config(order_retries=0)) as context,
        pytest.raises(OpenApiException, match="502 Bad Gateway"),
    ):
        context.submit_order(*BUY)
    (sent,) = peer.http_sent
    assert "client_request_id" not in json.loads(sent[1])


@pytest.mark.parametrize("name", ["replace_order", "cancel_order"])
def test_what_has_no_name_is_never_sent_twice(peer: Peer, trading: TradeContext, name: str) -> None:
    peer.http_data, peer.http_answer = None, lambda _: (502, b"bad gateway")
    with pytest.raises(OpenApiException):
        getattr(trading, name)(*(("1001", 100) if name == "replace_order" else ("1001",)))
    assert len(peer.http_sent) == 1


def test_a_refusal_is_not_repeated(peer: Peer, trading: TradeContext) -> None:
    peer.http_data, peer.http_answer = None, lambda _: (429, envelope(429002, "too many", None))
    with pytest.raises(OpenApiException, match="too many") as info:
        trading.submit_order(*BUY)
    assert (info.value.kind, info.value.code) == (ErrorKind.OpenApi, 429002)
    assert len(peer.http_sent) == 1


def test_the_paper_guard_lets_orders_go_to_simulations_alone(peer: Peer) -> None:
    with TradeContext(peer.config(paper_only=True)) as context:
        peer.http_data = lambda method, path: {"order_id": "1"}
        context.submit_order(*BUY)  # 127.0.0.1 can only simulate
    real = Config("k", "s", "t", http_url="https://broker.example", as_longport=False,
                  paper_only=True)  # fmt: skip
    with TradeContext(real) as context, pytest.raises(NotAvailable, match="paper_only"):
        context.submit_order(*BUY)
    named = {**{f: getattr(real, f) for f in ("app_key", "app_secret", "access_token")}}
    assert Config(**named, http_url=real.http_url, simulated_hosts=("broker.example",)).is_simulated


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        ({"symbol": 700}, TypeError, "symbol"),
        ({"order_type": "LO"}, TypeError, "order_type"),
        ({"order_type": OrderType.Unknown}, ArgumentError, "order_type"),
        ({"side": 1}, TypeError, "side"),
        ({"submitted_quantity": None}, TypeError, "submitted_quantity"),
        ({"submitted_quantity": "many"}, ArgumentError, "submitted_quantity"),
        ({"submitted_price": float("nan")}, ArgumentError, "submitted_price"),
        ({"submitted_price": Decimal("Infinity")}, ArgumentError, "submitted_price"),
        ({"submitted_price": Decimal("1e40")}, ArgumentError, "submitted_price"),
        ({"submitted_price": OrderSide.Buy}, TypeError, "submitted_price"),
        ({"expire_date": "2026-01-01"}, TypeError, "expire_date"),
        ({"delayed_until": 5}, TypeError, "delayed_until"),
        ({"remark": "x" * 256}, ArgumentError, "remark"),
        ({"trigger_count": -1}, ArgumentError, "trigger_count"),
        ({"attached_params": {}}, TypeError, "attached_params"),
        ({"client_request_id": 7}, TypeError, "client_request_id"),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_sent(
    peer: Peer, trading: TradeContext, change: dict[str, Any], error: type[Exception], named: str
) -> None:
    names = ("symbol", "order_type", "side", "submitted_quantity", "time_in_force")
    given = {**dict(zip(names, BUY, strict=False)), **change}
    with pytest.raises(error, match=f"argument '{named}'") as info:
        trading.submit_order(**given)
    assert isinstance(info.value, Exception)
    assert peer.http_sent == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (Decimal("123456789.123456789"), "123456789.123456789"),
        (Decimal("320.2000"), "320.2"),
        ("612.50", "612.5"),
        (0.1 + 0.2, "0.3"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-10"), "0.0000000001"),
        (7, "7"),
    ],
)
def test_numbers_are_sent_digit_by_digit(
    peer: Peer, trading: TradeContext, given: Any, sent: str
) -> None:
    trading.submit_order(*BUY[:5], given)
    assert json.loads(peer.http_sent[-1][1])["submitted_price"] == sent


def test_a_text_in_the_old_place_of_the_remark_is_the_remark(
    peer: Peer, trading: TradeContext
) -> None:
    trading.submit_order(*BUY, None, None, None, None, None, None, "mine")
    body = json.loads(peer.http_sent[-1][1])
    assert body["remark"] == "mine"
    assert "limit_depth_level" not in body


def test_calls_of_the_other_data_centre_are_refused_here(peer: Peer, trading: TradeContext) -> None:
    with pytest.raises(NotAvailable, match="only available in the US data center"):
        trading.us_asset_overview()
    ours = Config("k", "s", "us_token", http_url=peer.http_url, as_longport=False)
    with TradeContext(ours) as context, pytest.raises(NotAvailable, match="AP data center"):
        context.account_balance()
    assert peer.http_sent == []


# ---------------------------------------------------------------------------------------- asyncio


async def test_the_async_context_streams_orders(peer: Peer, no_thread_left: None) -> None:
    peer.handlers.update({16: answer_topic, 17: answer_topic})
    async with AsyncTradeContext.create(peer.config()) as context:
        async with context.events() as events:
            await context.subscribe([TopicType.Private])
            await asyncio.to_thread(peer.send, order_push(order_id="9"))
            first, second = await anext(events), await anext(events)
        assert first.data.state is ConnectionState.CONNECTED
        assert second.data.order_id == "9"
    with pytest.raises(ContextClosed):
        await context.today_orders()


async def test_http_calls_of_the_async_context_run_side_by_side(
    peer: Peer, no_thread_left: None
) -> None:
    meeting = threading.Barrier(3, timeout=20)

    def answer(method: str, path: str) -> Any:
        meeting.wait()  # passes once all three are here
        return {"orders": []}

    peer.http_data = answer
    async with AsyncTradeContext.create(peer.config()) as context:
        found = await asyncio.gather(*(context.today_orders() for _ in range(3)))
    assert found == [[], [], []]


async def test_wrong_arguments_raise_at_the_call(peer: Peer) -> None:
    async with AsyncTradeContext.create(peer.config()) as context:
        with pytest.raises(TypeError, match="argument 'start_at'"):
            context.cash_flow("yesterday", datetime.now())  # type: ignore[arg-type]  # noqa: DTZ005


def test_times_are_zoned_on_request(peer: Peer) -> None:
    peer.http_data = lambda method, path: {
        "trades": [{"order_id": "1", "trade_id": "2", "trade_done_at": "1700000000"}]
    }
    with TradeContext(peer.config(aware=True)) as context:
        (execution,) = context.today_executions()
    assert execution.trade_done_at.isoformat() == "2023-11-14T22:13:20+00:00"
    assert type(execution).__name__ == "Execution"


def test_a_call_ends_with_its_deadline(peer: Peer) -> None:
    release = threading.Event()

    def answer(method: str, path: str) -> Any:
        release.wait(20)
        return {}

    peer.http_data = answer
    with TradeContext(peer.config(timeout_s=0.2, order_retries=0)) as context:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            context.submit_order(*BUY)
        assert time.monotonic() - begun < 10
    release.set()
