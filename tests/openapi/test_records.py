"""Data objects that come as JSON: value semantics, times in a zone, objects built by hand."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from portway.openapi import (
    DecodeError,
    ErrorKind,
    Market,
    OpenApiException,
    Order,
    OrderTag,
    PushQuote,
    QuoteContext,
    StockPosition,
    TradeContext,
    TriggerStatus,
    WatchlistGroup,
)
from portway.openapi.values import Value, dressed, in_zone
from tests.openapi.answers import HOLDING, OTHER_ORDER
from tests.openapi.peer import Peer, Refusal, quote_push
from tests.openapi.push_script import ORDER


@pytest.fixture
def order() -> Order:
    return Order(OTHER_ORDER)


def test_objects_compare_copy_and_pickle_by_value(order: Order) -> None:
    twin = Order(dict(OTHER_ORDER))
    assert order == twin
    assert hash(order) == hash(twin)
    assert order != Order({**OTHER_ORDER, "remark": "another"})
    assert pickle.loads(pickle.dumps(order)) == order
    assert copy.deepcopy(order) is order
    assert list(order.to_dict())[:2] == ["order_id", "status"]
    assert order.__dict__() == order.to_dict()


def test_nested_objects_are_in_the_zone_of_their_owner(order: Order) -> None:
    (zoned,) = dressed([order], UTC)
    assert isinstance(zoned, Order)
    assert zoned.submitted_at.tzinfo is UTC
    assert zoned.attached_orders[0].updated_at.tzinfo is UTC
    assert pickle.loads(pickle.dumps(zoned)).submitted_at == zoned.submitted_at
    assert in_zone(PushQuote, UTC)(quote_push()).timestamp.tzinfo is UTC


def test_objects_can_be_built_and_equal_those_that_were_sent() -> None:
    sent = StockPosition(HOLDING)
    built = StockPosition.make(**sent.to_dict())
    assert isinstance(built, StockPosition)
    assert built == sent
    assert repr(built) == repr(sent)
    assert pickle.loads(pickle.dumps(built)) == sent
    assert StockPosition.make(**{**sent.to_dict(), "quantity": Decimal(1)}) != sent
    with pytest.raises(TypeError, match="missing or unknown attributes: market, price"):
        StockPosition.make(**{k: v for k, v in sent.to_dict().items() if k != "market"}, price=1)


@pytest.mark.parametrize(
    ("tag", "read"), [("GTC", "LongTerm"), ("Gtc", "LongTerm"), ("?", "Unknown")]
)
def test_both_spellings_of_the_long_term_tag_are_read(tag: str, read: str) -> None:
    assert Order({**ORDER, "tag": tag}).tag is OrderTag[read]


@pytest.mark.parametrize(
    ("given", "read"), [("NOT_USED", None), (None, None), ("ACTIVE", TriggerStatus.Active)]
)
def test_what_is_not_used_is_none(given: Any, read: Any) -> None:
    assert Order({**ORDER, "trigger_status": given}).trigger_status is read


def test_an_order_without_a_number_says_which() -> None:
    with pytest.raises(DecodeError, match=r"Order 1001\.quantity: missing"):
        _ = Order({"order_id": "1001"}).quantity
    with pytest.raises(DecodeError, match="is no object"):
        Order([])  # type: ignore[arg-type]


def test_an_unknown_market_is_unknown() -> None:
    group = WatchlistGroup({"id": "7", "name": "x", "securities": [{"market": "MOON"}]})
    assert group.id == 7
    assert group.securities[0].market is Market.Unknown
    assert issubclass(WatchlistGroup, Value)


# ------------------------------------------------------------ as the older client, or the newer


@pytest.mark.parametrize("kind", [QuoteContext, TradeContext])
def test_as_longport_a_context_connects_or_fails_when_it_is_made(
    peer: Peer, no_thread_left: None, kind: Any
) -> None:
    with kind(peer.config(as_longport=True)):
        assert peer.connections == 1
    peer.handlers[2] = lambda _: Refusal(5, 401004, "token invalid")
    with pytest.raises(OpenApiException) as info:
        kind(peer.config(as_longport=True))
    assert (info.value.kind, info.value.code) == (ErrorKind.OpenApi, 401004)
    with kind(peer.config(as_longport=False)):
        pass  # connects at the first call that needs it
