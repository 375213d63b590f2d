"""Calls about orders and executions, one pure description per method."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from portway.openapi.attached import ReplaceAttachedParams, SubmitAttachedParams
from portway.openapi.calls import arguments as arg
from portway.openapi.calls.arguments import Number
from portway.openapi.calls.http_call import (
    HttpCall,
    PagedCall,
    json_body,
    list_at,
    nothing,
    object_of,
    rows_at,
    with_query,
)
from portway.openapi.enums import Market, wire_values
from portway.openapi.errors import ArgumentError
from portway.openapi.order_types import (
    AllExecutionsResponse,
    EstimateMaxPurchaseQuantityResponse,
    Execution,
    Order,
    OrderDetail,
    SubmitOrderResponse,
)
from portway.openapi.trade_enums import (
    MultiLegStrategy,
    OrderSide,
    OrderStatus,
    OrderType,
    OutsideRTH,
    TimeInForceType,
)
from portway.wire import names

__all__ = [
    "REMARK_CHARACTERS_MAX",
    "all_executions",
    "cancel_order",
    "estimate_max_purchase_quantity",
    "history_executions",
    "history_orders",
    "order_detail",
    "replace_order",
    "submit_multileg",
    "submit_order",
    "today_executions",
    "today_orders",
]

REMARK_CHARACTERS_MAX = 255

_ORDER_TYPE = wire_values(OrderType, names.ORDER_TYPE)
_SIDE = wire_values(OrderSide, names.ORDER_SIDE)
_STATUS = wire_values(OrderStatus, names.ORDER_STATUS)
_TIME_IN_FORCE = wire_values(TimeInForceType, names.TIME_IN_FORCE)
_OUTSIDE_RTH = wire_values(OutsideRTH, names.OUTSIDE_RTH)
_MARKET = wire_values(Market, names.MARKET)
_STRATEGY = wire_values(MultiLegStrategy, names.MULTI_LEG_STRATEGY)

_ORDER = "/v1/trade/order"


def submit_order(
    symbol: str,
    order_type: OrderType,
    side: OrderSide,
    submitted_quantity: Number,
    time_in_force: TimeInForceType,
    submitted_price: Number | None,
    trigger_price: Number | None,
    limit_offset: Number | None,
    trailing_amount: Number | None,
    trailing_percent: Number | None,
    expire_date: date | None,
    outside_rth: OutsideRTH | None,
    limit_depth_level: int | str | None,
    trigger_count: int | None,
    monitor_price: Number | None,
    remark: str | None,
    client_request_id: str | None,
    attached_params: SubmitAttachedParams | None,
    delayed_until: datetime | None,
) -> HttpCall[SubmitOrderResponse]:
    """Submit an order; with a request id the call may be repeated."""
    level, remark = _level_and_remark(limit_depth_level, remark)
    if attached_params is not None and not isinstance(attached_params, SubmitAttachedParams):
        raise TypeError("argument 'attached_params': a SubmitAttachedParams is expected")
    body = {
        "symbol": arg.text("symbol", symbol),
        "order_type": arg.wire_of("order_type", order_type, OrderType, _ORDER_TYPE),
        "side": arg.wire_of("side", side, OrderSide, _SIDE),
        "submitted_quantity": arg.decimal_text("submitted_quantity", submitted_quantity),
        "time_in_force": arg.wire_of(
            "time_in_force", time_in_force, TimeInForceType, _TIME_IN_FORCE
        ),
        "submitted_price": arg.optional_decimal_text("submitted_price", submitted_price),
        "trigger_price": arg.optional_decimal_text("trigger_price", trigger_price),
        "limit_offset": arg.optional_decimal_text("limit_offset", limit_offset),
        "trailing_amount": arg.optional_decimal_text("trailing_amount", trailing_amount),
        "trailing_percent": arg.optional_decimal_text("trailing_percent", trailing_percent),
        "expire_date": arg.long_day("expire_date", expire_date),
        "outside_rth": _outside_rth(outside_rth),
        "limit_depth_level": level,
        "trigger_count": _optional_count("trigger_count", trigger_count),
        "monitor_price": arg.optional_decimal_text("monitor_price", monitor_price),
        "remark": remark,
        "client_request_id": arg.optional_text("client_request_id", client_request_id),
        "delayed_until": _whole_seconds("delayed_until", delayed_until),
        "attached_params": None if attached_params is None else attached_params.wire(),
    }
    return HttpCall(
        "POST",
        _ORDER,
        object_of(SubmitOrderResponse),
        json_body(body),
        repeats=client_request_id is not None,
    )


def replace_order(
    order_id: str,
    quantity: Number,
    price: Number | None,
    trigger_price: Number | None,
    limit_offset: Number | None,
    trailing_amount: Number | None,
    trailing_percent: Number | None,
    limit_depth_level: int | str | None,
    trigger_count: int | None,
    monitor_price: Number | None,
    remark: str | None,
    attached_params: ReplaceAttachedParams | None,
    delayed_until: datetime | None,
    clear_delayed_until: bool,
) -> HttpCall[None]:
    """Change an order."""
    level, remark = _level_and_remark(limit_depth_level, remark)
    if attached_params is not None and not isinstance(attached_params, ReplaceAttachedParams):
        raise TypeError("argument 'attached_params': a ReplaceAttachedParams is expected")
    until = _whole_seconds("delayed_until", delayed_until)
    clears = arg.yes_or_no("clear_delayed_until", clear_delayed_until) == "true"
    body = {
        "order_id": arg.text("order_id", order_id),
        "quantity": arg.decimal_text("quantity", quantity),
        "price": arg.optional_decimal_text("price", price),
        "trigger_price": arg.optional_decimal_text("trigger_price", trigger_price),
        "limit_offset": arg.optional_decimal_text("limit_offset", limit_offset),
        "trailing_amount": arg.optional_decimal_text("trailing_amount", trailing_amount),
        "trailing_percent": arg.optional_decimal_text("trailing_percent", trailing_percent),
        "limit_depth_level": level,
        "trigger_count": _optional_count("trigger_count", trigger_count),
        "monitor_price": arg.optional_decimal_text("monitor_price", monitor_price),
        "remark": remark,
        "delayed_until": 1 if clears else until,
        "attached_params": None if attached_params is None else attached_params.wire(),
    }
    return HttpCall("PUT", _ORDER, nothing, json_body(body))


def cancel_order(order_id: str, is_attached: bool) -> HttpCall[None]:
    """Withdraw an order."""
    return HttpCall("DELETE", _one_order(order_id, is_attached), nothing)


def order_detail(order_id: str, is_attached: bool) -> HttpCall[OrderDetail]:
    """An order with its history and charges."""
    path = _one_order(order_id, is_attached)
    return HttpCall("GET", path, object_of(OrderDetail), repeats=True, region="ap")


def submit_multileg(
    side: OrderSide,
    order_type: OrderType,
    submitted_quantity: Number,
    strategy: MultiLegStrategy,
    legs: Sequence[tuple[str, Number]],
    submitted_price: Number | None,
    remark: str | None,
    client_request_id: str | None,
    delayed_until: datetime | None,
) -> HttpCall[SubmitOrderResponse]:
    """Submit an order in several options at once."""
    body = {
        "side": arg.wire_of("side", side, OrderSide, _SIDE),
        "order_type": arg.wire_of("order_type", order_type, OrderType, _ORDER_TYPE),
        "submitted_quantity": arg.decimal_text("submitted_quantity", submitted_quantity),
        "strategy": arg.wire_of("strategy", strategy, MultiLegStrategy, _STRATEGY),
        "legs": _legs(legs),
        "submitted_price": arg.optional_decimal_text("submitted_price", submitted_price),
        "remark": _remark(remark),
        "client_request_id": arg.optional_text("client_request_id", client_request_id),
        "delayed_until": _whole_seconds("delayed_until", delayed_until),
    }
    return HttpCall(
        "POST",
        f"{_ORDER}/multileg",
        object_of(SubmitOrderResponse),
        json_body(body),
        repeats=client_request_id is not None,
    )


def today_orders(
    symbol: str | None,
    status: Sequence[OrderStatus] | None,
    side: OrderSide | None,
    market: Market | None,
    order_id: str | None,
    is_attached: bool,
) -> HttpCall[list[Order]]:
    """Orders of the present trading day, and those still working."""
    query = [
        *_order_filter(symbol, status, side, market),
        ("order_id", arg.optional_text("order_id", order_id)),
        ("is_attached", _if_true("is_attached", is_attached)),
    ]
    path = with_query(f"{_ORDER}/today", query)
    return HttpCall("GET", path, rows_at("orders", Order), repeats=True)


def history_orders(
    symbol: str | None,
    status: Sequence[OrderStatus] | None,
    side: OrderSide | None,
    market: Market | None,
    start_at: datetime | None,
    end_at: datetime | None,
) -> HttpCall[list[Order]]:
    """Orders of earlier days."""
    query = [*_order_filter(symbol, status, side, market), *_span(start_at, end_at)]
    path = with_query(f"{_ORDER}/history", query)
    return HttpCall("GET", path, rows_at("orders", Order), repeats=True)


def today_executions(symbol: str | None, order_id: str | None) -> HttpCall[list[Execution]]:
    """Fills of the present trading day."""
    query = [
        ("symbol", arg.optional_text("symbol", symbol)),
        ("order_id", arg.optional_text("order_id", order_id)),
    ]
    path = with_query("/v1/trade/execution/today", query)
    return HttpCall("GET", path, rows_at("trades", Execution), repeats=True)


def history_executions(
    symbol: str | None, start_at: datetime | None, end_at: datetime | None
) -> PagedCall[Execution]:
    """Fills of earlier days, all pages."""
    query = [("symbol", arg.optional_text("symbol", symbol)), *_span(start_at, end_at)]

    def page(number: int) -> HttpCall[tuple[list[Execution], bool]]:
        path = with_query("/v1/trade/execution/history", [*query, ("page", str(number))])
        return HttpCall("GET", path, _executions_and_more, repeats=True)

    return PagedCall(page)


def all_executions(
    symbol: str | None,
    order_id: str | None,
    start_at: datetime | None,
    end_at: datetime | None,
    page: int | None,
) -> HttpCall[AllExecutionsResponse]:
    """Fills of today and before, one page."""
    query = [
        ("symbol", arg.optional_text("symbol", symbol)),
        ("order_id", arg.optional_text("order_id", order_id)),
        *_span(start_at, end_at),
        ("page", None if page is None else str(arg.count("page", page))),
    ]
    path = with_query("/v3/trade/execution/all", query)
    return HttpCall("GET", path, object_of(AllExecutionsResponse), repeats=True, region="ap")


def estimate_max_purchase_quantity(
    symbol: str,
    order_type: OrderType,
    side: OrderSide,
    price: Number | None,
    currency: str | None,
    order_id: str | None,
    fractional_shares: bool,
) -> HttpCall[EstimateMaxPurchaseQuantityResponse]:
    """How much can be bought."""
    query = [
        ("symbol", arg.text("symbol", symbol)),
        ("order_type", arg.wire_of("order_type", order_type, OrderType, _ORDER_TYPE)),
        ("price", arg.optional_decimal_text("price", price)),
        ("side", arg.wire_of("side", side, OrderSide, _SIDE)),
        ("currency", arg.optional_text("currency", currency)),
        ("order_id", arg.optional_text("order_id", order_id)),
        ("fractional_shares", arg.yes_or_no("fractional_shares", fractional_shares)),
    ]
    path = with_query("/v1/trade/estimate/buy_limit", query)
    return HttpCall("GET", path, object_of(EstimateMaxPurchaseQuantityResponse), repeats=True)


def _executions_and_more(data: Any) -> tuple[list[Execution], bool]:
    rows = [Execution(row) for row in list_at("trades", data)]
    return rows, bool(data.get("has_more")) and bool(rows)


def _one_order(order_id: str, is_attached: bool) -> str:
    query = [
        ("order_id", arg.text("order_id", order_id)),
        ("is_attached", _if_true("is_attached", is_attached)),
    ]
    return with_query(_ORDER, query)


def _order_filter(
    symbol: str | None,
    status: Sequence[OrderStatus] | None,
    side: OrderSide | None,
    market: Market | None,
) -> list[tuple[str, str | None]]:
    statuses = arg.wire_texts("status", status, OrderStatus, _STATUS)
    return [
        ("symbol", arg.optional_text("symbol", symbol)),
        *(("status", name) for name in statuses),
        ("side", None if side is None else arg.wire_of("side", side, OrderSide, _SIDE)),
        ("market", None if market is None else arg.wire_of("market", market, Market, _MARKET)),
    ]


def _span(start_at: datetime | None, end_at: datetime | None) -> list[tuple[str, str | None]]:
    return [
        ("start_at", arg.optional_seconds("start_at", start_at)),
        ("end_at", arg.optional_seconds("end_at", end_at)),
    ]


def _outside_rth(outside_rth: OutsideRTH | None) -> str | None:
    if outside_rth is None:
        return None
    return arg.wire_of("outside_rth", outside_rth, OutsideRTH, _OUTSIDE_RTH)


def _level_and_remark(level: int | str | None, remark: str | None) -> tuple[int | None, str | None]:
    """Programs written for `longport` pass the remark where `longbridge` has the depth level."""
    if isinstance(level, str) and remark is None:
        level, remark = None, level
    if level is not None:
        level = arg.count("limit_depth_level", level, minimum=-arg.COUNT_MAX)
    return level, _remark(remark)


def _remark(remark: str | None) -> str | None:
    if remark is not None and len(arg.text("remark", remark)) > REMARK_CHARACTERS_MAX:
        raise ArgumentError(f"argument 'remark': over {REMARK_CHARACTERS_MAX} characters")
    return remark


def _legs(legs: Sequence[tuple[str, Number]]) -> list[dict[str, str]]:
    if not isinstance(legs, list | tuple):
        raise TypeError("argument 'legs': a list of (symbol, ratio) is expected")
    rows = []
    for leg in legs:
        if not isinstance(leg, list | tuple) or len(leg) != 2:
            raise TypeError(f"argument 'legs': a pair (symbol, ratio) is expected, not {leg!r:.80}")
        ratio = arg.decimal_text("legs", leg[1])
        rows.append({"symbol": arg.text("legs", leg[0]), "ratio_quantity": ratio})
    return rows


def _optional_count(name: str, value: int | None) -> int | None:
    return None if value is None else arg.count(name, value)


def _whole_seconds(name: str, value: datetime | None) -> int | None:
    return None if value is None else int(arg.seconds(name, value))


def _if_true(name: str, value: bool) -> str | None:
    return "true" if arg.yes_or_no(name, value) == "true" else None
