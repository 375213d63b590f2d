"""Data objects: lazy reading, the official client's attributes, and value semantics."""

from __future__ import annotations

import copy
import importlib
import pickle
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from google.protobuf.message import DecodeError as BadMessage

from portway.openapi import (
    DecodeError,
    Depth,
    DerivativeType,
    PushQuote,
    SecurityBoard,
    SecurityQuote,
    SecurityStaticInfo,
    Subscription,
    SubType,
    TradeSession,
    TradeStatus,
    types,
)
from portway.openapi.values import Value, undecoded
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import quote_push

CLASSES = [
    kind for kind in vars(types).values()
    if isinstance(kind, type) and issubclass(kind, Value) and kind is not Value
]  # fmt: skip


@pytest.fixture
def hong_kong_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Hong_Kong")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.compat
@pytest.mark.parametrize("library", ["longport", "longbridge"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_attributes_are_the_official_clients(kind: type[Value], library: str) -> None:
    official = getattr(importlib.import_module(f"{library}.openapi"), kind.__name__, None)
    if official is None:
        assert (library, kind.__name__) == ("longport", "Subscription")  # cannot be imported there
        return
    theirs = [name for name in vars(official) if not name.startswith("__")]
    assert sorted(theirs) == sorted(kind._fields)


def test_a_push_reads_as_its_fields() -> None:
    event = PushQuote(quote_push(trade_status=1, trade_session=2))
    assert event.last_done == Decimal("612.500")
    assert str(event.turnover) == "756131250.000"
    assert (event.volume, event.current_volume) == (1234500, 200)
    assert event.trade_status is TradeStatus.Halted
    assert event.trade_session is TradeSession.Post


def test_times_are_naive_local(hong_kong_zone: None) -> None:
    event = PushQuote(quote_push(timestamp=1700000000))
    assert event.timestamp == datetime(2023, 11, 15, 6, 13, 20)  # noqa: DTZ001 - the point
    assert 'timestamp: "2023-11-14T22:13:20Z"' in repr(event)


def test_a_moment_that_was_read_before_follows_the_zone_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one push of a second has cost is kept for the next one, and for that zone alone."""
    seen = []
    for zone in ("UTC", "America/New_York", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        seen.append(PushQuote(quote_push(timestamp=1700000000)).timestamp.hour)
    monkeypatch.undo()
    time.tzset()
    assert seen == [22, 17, 22]


def test_a_class_can_be_given_a_zone() -> None:
    class Aware(PushQuote):
        __slots__ = ()
        _zone = UTC

    event = Aware(quote_push(timestamp=1700000000))
    assert event.timestamp == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_absent_and_unknown_values() -> None:
    quote = SecurityQuote(pb.SecurityQuote(symbol="700.HK", trade_status=99))  # type: ignore[arg-type]
    assert quote.last_done == Decimal(0)
    assert quote.trade_status is TradeStatus.Normal
    assert quote.pre_market_quote is None
    assert Depth(pb.Depth(position=1)).price is None
    info = SecurityStaticInfo(pb.StaticInfo(board="Moon", stock_derivatives=[1, 2, 77]))
    assert info.board is SecurityBoard.Unknown
    assert info.stock_derivatives == [DerivativeType.Option, DerivativeType.Warrant]


def test_a_nested_quote_is_read() -> None:
    message = pb.SecurityQuote(over_night_quote=pb.PrePostQuote(last_done="1.5", volume=3))
    nested = SecurityQuote(message).overnight_quote
    assert nested is not None
    assert (nested.last_done, nested.volume) == (Decimal("1.5"), 3)


def test_an_unreadable_number_is_refused_by_name() -> None:
    with pytest.raises(DecodeError, match="last_done: 'abc' is no number"):
        _ = PushQuote(quote_push(last_done="abc")).last_done
    with pytest.raises(DecodeError, match="timestamp"):
        _ = PushQuote(quote_push(timestamp=2**62)).timestamp


def test_values_compare_hash_copy_and_pickle() -> None:
    one, same, other = (PushQuote(quote_push(volume=v)) for v in (1, 1, 2))
    assert one == same
    assert one != other
    assert len({one, same, other}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert one.to_dict() == one.__dict__()  # type: ignore[operator]
    assert list(one.to_dict()) == list(PushQuote._fields)


def test_a_value_that_was_not_decoded_yet_is_like_any_other() -> None:
    decoded = []

    def decode(body: bytes) -> pb.PushQuote:
        decoded.append(body)
        return pb.PushQuote.FromString(body)

    kind = undecoded(PushQuote, decode, BadMessage)
    plain, body = PushQuote(quote_push()), quote_push().SerializeToString()
    unread = kind(body)
    assert isinstance(unread, PushQuote)
    assert not decoded
    assert (unread.last_done, unread.volume, unread.timestamp) == (
        plain.last_done, plain.volume, plain.timestamp,
    )  # fmt: skip
    assert len(decoded) == 1
    assert type(unread) is PushQuote
    assert kind(body) == plain
    assert hash(kind(body)) == hash(plain)
    assert repr(kind(body)) == repr(plain)
    assert pickle.loads(pickle.dumps(kind(body))) == plain
    assert copy.copy(kind(body)) == plain
    with pytest.raises(DecodeError, match="PushQuote"):
        _ = kind(b"\xff").volume
    with pytest.raises(AttributeError):
        kind(body).volume = 1


def test_values_are_read_only() -> None:
    event = PushQuote(quote_push())
    with pytest.raises(AttributeError):
        event.last_done = Decimal(1)
    with pytest.raises(AttributeError):
        event.other = 1  # type: ignore[attr-defined]


def test_reprs_show_the_fields() -> None:
    depth = types.PushDepth(pb.PushDepth(ask=[pb.Depth(position=1, price="0.0100", volume=5)]))
    assert repr(depth) == (
        "PushDepth { asks: [Depth { position: 1, price: 0.0100, volume: 5, order_num: 0 }],"
        " bids: [] }"
    )
    row = types.SubscriptionRow("700.HK", [SubType.Quote], [])
    shown = repr(Subscription(row))
    assert shown == 'Subscription { symbol: "700.HK", sub_types: [Quote], candlesticks: [] }'
