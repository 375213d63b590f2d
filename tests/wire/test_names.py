"""Every table of names agrees with the model, the protobuf enums and the official clients."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from portway.model.order import OrderSide, OrderStatus, OrderType, OutsideRth, TimeInForce
from portway.model.order import TriggerStatus as ModelTriggerStatus
from portway.model.quote import AdjustType, Direction, Period, SubType, TradeSession, TradeStatus
from portway.wire import names
from portway.wire.names import NameTable, order_tag
from portway.wire.pb import quote_pb2

TABLES: dict[str, NameTable[Any]] = {
    name: value for name, value in vars(names).items() if isinstance(value, NameTable)
}

MODEL: list[tuple[NameTable[Any], type[Enum]]] = [
    (names.ORDER_TYPE, OrderType),
    (names.ORDER_SIDE, OrderSide),
    (names.ORDER_STATUS, OrderStatus),
    (names.TIME_IN_FORCE, TimeInForce),
    (names.OUTSIDE_RTH, OutsideRth),
    (names.TRIGGER_STATUS, ModelTriggerStatus),
    (names.TRADE_STATUS, TradeStatus),
    (names.TRADE_SESSION, TradeSession),
    (names.DIRECTION, Direction),
    (names.SUB_TYPE, SubType),
    (names.ADJUST_TYPE, AdjustType),
    (names.PERIOD, Period),
]

# Table -> protobuf enum, and what the enum's own names carry around the member's name.
PROTOBUF: list[tuple[NameTable[int], Any, str]] = [
    (names.TRADE_STATUS, quote_pb2.TradeStatus, "{}"),
    (names.TRADE_SESSION, quote_pb2.TradeSession, "{}_TRADE"),
    (names.PERIOD, quote_pb2.Period, "{}"),
    (names.ADJUST_TYPE, quote_pb2.AdjustType, "{}"),
    (names.SUB_TYPE, quote_pb2.SubType, "{}"),
    (names.CALC_INDEX, quote_pb2.CalcIndex, "CALCINDEX_{}"),
    (names.HISTORY_DIRECTION, quote_pb2.Direction, "{}"),
    (names.HISTORY_QUERY_TYPE, quote_pb2.HistoryCandlestickQueryType, "QUERY_{}"),
]

# Table -> class of the official client.
SDK: list[tuple[NameTable[Any], str]] = [
    (names.ORDER_TYPE, "OrderType"),
    (names.ORDER_SIDE, "OrderSide"),
    (names.ORDER_STATUS, "OrderStatus"),
    (names.TIME_IN_FORCE, "TimeInForceType"),
    (names.OUTSIDE_RTH, "OutsideRTH"),
    (names.TRIGGER_STATUS, "TriggerStatus"),
    (names.ORDER_TAG, "OrderTag"),
    (names.CHARGE_CATEGORY, "ChargeCategoryCode"),
    (names.COMMISSION_FREE_STATUS, "CommissionFreeStatus"),
    (names.DEDUCTION_STATUS, "DeductionStatus"),
    (names.MARKET, "Market"),
    (names.CASH_FLOW_DIRECTION, "CashFlowDirection"),
    (names.BALANCE_TYPE, "BalanceType"),
    (names.ATTACHED_ORDER_TYPE, "AttachedOrderType"),
    (names.MULTI_LEG_STRATEGY, "MultiLegStrategy"),
    (names.TOPIC, "TopicType"),
    (names.TRADE_STATUS, "TradeStatus"),
    (names.TRADE_SESSION, "TradeSession"),
    (names.TRADE_SESSIONS, "TradeSessions"),
    (names.PERIOD, "Period"),
    (names.ADJUST_TYPE, "AdjustType"),
    (names.SUB_TYPE, "SubType"),
    (names.DIRECTION, "TradeDirection"),
    (names.DERIVATIVE_TYPE, "DerivativeType"),
    (names.OPTION_TYPE, "OptionType"),
    (names.OPTION_DIRECTION, "OptionDirection"),
    (names.WARRANT_CATEGORY, "WarrantType"),
    (names.WARRANT_TYPE, "WarrantType"),
    (names.WARRANT_STATUS, "WarrantStatus"),
    (names.EXPIRY_RANGE, "FilterWarrantExpiryDate"),
    (names.IN_OUT_BOUNDS, "FilterWarrantInOutBoundsType"),
    (names.SORT_ORDER, "SortOrderType"),
    (names.WARRANT_SORT_BY, "WarrantSortBy"),
    (names.CALC_INDEX, "CalcIndex"),
    (names.BOARD, "SecurityBoard"),
    (names.LANGUAGE_NUMBER, "Language"),
]


@pytest.mark.parametrize(("table", "enum"), MODEL, ids=[enum.__name__ for _, enum in MODEL])
def test_a_table_has_the_members_of_its_model_enum(table: NameTable[Any], enum: type[Enum]) -> None:
    assert set(table.wire) == {member.name for member in enum}


@pytest.mark.parametrize(
    ("table", "enum"),
    [(table, enum) for table, enum in MODEL if issubclass(enum, int)],
)
def test_numbers_of_the_model_are_those_of_the_wire(
    table: NameTable[int], enum: type[Enum]
) -> None:
    assert dict(table.wire) == {member.name: member.value for member in enum}


@pytest.mark.parametrize(("table", "enum", "form"), PROTOBUF)
def test_numbers_of_the_table_are_those_of_the_protobuf_enum(
    table: NameTable[int], enum: Any, form: str
) -> None:
    written = {name: number for name, number in enum.items() if "UNKNOWN" not in name}
    assert {form.format(member): number for member, number in table.wire.items()} == written


@pytest.mark.parametrize(("table", "class_name"), SDK)
def test_sdk_names_are_the_members_of_the_official_client(
    table: NameTable[Any], class_name: str
) -> None:
    openapi = pytest.importorskip("longbridge.openapi")
    enum = getattr(openapi, class_name)
    members = {name for name in vars(enum) if isinstance(getattr(enum, name), enum)}
    assert {name for name in table.sdk.values() if name} == members - {"Unknown"}


def test_tags_of_the_older_client_are_its_members() -> None:
    openapi = pytest.importorskip("longport.openapi")
    enum = openapi.OrderTag
    members = {name for name in vars(enum) if isinstance(getattr(enum, name), enum)}
    assert set(names.ORDER_TAG_BEFORE_4_4.sdk.values()) == members - {"Unknown"}


@pytest.mark.parametrize("name", TABLES)
def test_both_directions_of_a_table_agree(name: str) -> None:
    table = TABLES[name]
    assert {wire: member for member, wire in table.wire.items()} == dict(table.member)
    assert set(table.sdk) == set(table.wire)
    assert all(member == member.upper() for member in table.wire)


def test_every_table_is_public() -> None:
    assert set(TABLES) <= set(names.__all__)


# Texts with a trap in them, as the reference spells them.
@pytest.mark.parametrize(
    ("table", "member", "wire"),
    [
        (names.ORDER_STATUS, "NEW", "NewStatus"),
        (names.ORDER_STATUS, "PARTIAL_FILLED", "PartialFilledStatus"),
        (names.ORDER_STATUS, "PENDING_REPLACE", "PendingReplaceStatus"),
        (names.ORDER_STATUS, "WAIT_TO_CANCEL", "WaitToCancel"),
        (names.ORDER_STATUS, "PARTIAL_WITHDRAWAL", "PartialWithdrawal"),
        (names.ORDER_STATUS, "NOT_REPORTED", "NotReported"),
        (names.TIME_IN_FORCE, "DAY", "Day"),
        (names.COMMISSION_FREE_STATUS, "NONE", "None"),
        (names.DEDUCTION_STATUS, "NONE", "NONE"),
        (names.CASH_FLOW_DIRECTION, "OUT", 1),
        (names.BALANCE_TYPE, "FUND", 3),
        (names.RISK_LEVEL, "DANGER", "3"),
        (names.OPTION_TYPE, "EUROPEAN", "U"),
        (names.WARRANT_TYPE, "CALL", 0),
        (names.WARRANT_STATUS, "NORMAL", 4),
        (names.TRADE_SESSIONS, "ALL", 100),
        (names.PERIOD, "QUARTER", 3500),
        (names.BOARD, "US_OPTION_S", "USOptionS"),
        (names.MARKET, "CRYPTO", "Crypto"),
        (names.CURRENCY, "CNH", "CNH"),
    ],
)
def test_spellings_of_the_wire(table: NameTable[Any], member: str, wire: str | int) -> None:
    assert table.wire[member] == wire
    assert table.member[wire] == member


def test_statuses_with_a_suffix_are_the_nine_that_have_one() -> None:
    suffixed = {
        member for member, wire in names.ORDER_STATUS.wire.items() if wire.endswith("Status")
    }
    assert suffixed == {
        "NEW",
        "PENDING_REPLACE",
        "REPLACED",
        "PARTIAL_FILLED",
        "PENDING_CANCEL",
        "FILLED",
        "REJECTED",
        "CANCELED",
        "EXPIRED",
    }


def test_the_long_term_tag_follows_the_generation_of_the_client() -> None:
    assert order_tag("LONG_TERM", has_dc_region=True) == "Gtc"
    assert order_tag("LONG_TERM", has_dc_region=False) == "GTC"
    assert order_tag("NORMAL", has_dc_region=True) == order_tag("NORMAL", has_dc_region=False)
    assert order_tag("MARGIN_CALL", has_dc_region=True) == "MarginCall"
