"""Attached orders on the wire: the object in a body, and the children in an order object.

A profit taker, a stop loss, or both; what they are for is decided in the core. Children are orders
with ids of their own, which clients address with `is_attached=true`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from portway.gateway.http.request import decimal_of, member_of, refused_parameter
from portway.gateway.order_json import AVERAGE_PLACES, seconds, text
from portway.model.decimals import half_up
from portway.model.order import (
    AttachedKind,
    AttachedTerms,
    Order,
    OrderStatus,
    OrderType,
    OutsideRth,
    TimeInForce,
)
from portway.model.symbol import MARKET_ZONES, Symbol, market_of
from portway.wire import names

__all__ = ["AttachedBody", "attached_objects", "attached_terms"]


class AttachedBody(msgspec.Struct):
    """The object `attached_params` of a new order or of new terms; unknown keys are ignored."""

    attached_order_type: str
    profit_taker_price: str | int | None = None
    stop_loss_price: str | int | None = None
    time_in_force: str | None = None
    expire_time: int | None = None
    activate_order_type: str | None = None
    profit_taker_submit_price: str | int | None = None
    stop_loss_submit_price: str | int | None = None
    activate_rth: str | None = None
    profit_taker_depth_level: int | None = None
    stop_loss_depth_level: int | None = None
    cancel_all_attached: bool | None = None


def attached_terms(
    body: AttachedBody,
    symbol: Symbol,
    time_in_force: TimeInForce,
    outside_rth: OutsideRth | None,
    expire_date: date | None = None,
) -> AttachedTerms:
    """Return what shall be attached; what is not said is as for the order itself.

    Args:
        time_in_force: Of the order, as `outside_rth` and `expire_date`.

    Raises:
        Refused: If a field is malformed.
    """
    kind = AttachedKind[
        member_of(names.ATTACHED_ORDER_TYPE, body.attached_order_type, "attached_order_type")
    ]
    has_limit = any(
        (
            body.profit_taker_submit_price,
            body.stop_loss_submit_price,
            body.profit_taker_depth_level,
            body.stop_loss_depth_level,
        )
    )
    order_type = OrderType.LIT if has_limit else OrderType.MIT
    if body.activate_order_type:
        named = member_of(names.ORDER_TYPE, body.activate_order_type, "activate_order_type")
        order_type = OrderType[named]
    if body.time_in_force:
        named = member_of(names.TIME_IN_FORCE, body.time_in_force, "time_in_force")
        time_in_force = TimeInForce[named]
    if body.activate_rth and body.activate_rth != names.OUTSIDE_RTH_NOT_US_STOCK:
        outside_rth = OutsideRth[member_of(names.OUTSIDE_RTH, body.activate_rth, "activate_rth")]
    return AttachedTerms(
        kind,
        profit_taker_price=_price(body.profit_taker_price, "profit_taker_price"),
        stop_loss_price=_price(body.stop_loss_price, "stop_loss_price"),
        time_in_force=time_in_force,
        expire_date=_expire_date(body.expire_time, symbol) or expire_date,
        activate_order_type=order_type,
        profit_taker_submit_price=_price(
            body.profit_taker_submit_price, "profit_taker_submit_price"
        ),
        stop_loss_submit_price=_price(body.stop_loss_submit_price, "stop_loss_submit_price"),
        activate_rth=outside_rth,
        profit_taker_depth_level=body.profit_taker_depth_level or 0,
        stop_loss_depth_level=body.stop_loss_depth_level or 0,
    )


def _price(value: str | int | None, field: str) -> Decimal | None:
    if value is None or value == "":
        return None
    price = decimal_of(value, field)
    if price <= 0:
        raise refused_parameter(field)
    return price


def _expire_date(expire_time: int | None, symbol: Symbol) -> date | None:
    if not expire_time:
        return None
    try:
        at = datetime.fromtimestamp(expire_time, UTC)
    except (OverflowError, ValueError, OSError):
        raise refused_parameter("expire_time") from None
    return at.astimezone(MARKET_ZONES[market_of(symbol)]).date()


def attached_objects(children: Sequence[Order], has_dc_region: bool) -> list[dict[str, Any]]:
    """Return the children of an order as its object lists them: every field, always."""
    return [_attached_object(child, has_dc_region) for child in children]


def _average(child: Order) -> Decimal:
    return half_up(child.executed_amount / child.executed_quantity, AVERAGE_PLACES)


def _attached_object(child: Order, has_dc_region: bool) -> dict[str, Any]:
    terms = child.terms
    assert child.attached_kind is not None, "a child has its kind"
    ticker, _, region = terms.symbol.rpartition(".")
    executed = child.executed_quantity
    long_term = terms.time_in_force is not TimeInForce.DAY
    rth = names.OUTSIDE_RTH.wire[(terms.outside_rth or OutsideRth.RTH_ONLY).name]
    return {
        "order_id": str(child.order_id),
        "attached_type_display": names.ATTACHED_ORDER_TYPE.wire[child.attached_kind.name],
        "trigger_price": text(terms.trigger_price),
        "quantity": text(child.quantity),
        "executed_qty": text(executed),
        "status": names.ORDER_STATUS.wire[child.status.name],
        "updated_at": seconds(child.updated_at),
        "withdrawn": child.status in (OrderStatus.CANCELED, OrderStatus.PARTIAL_WITHDRAWAL),
        "gtd": terms.expire_date.isoformat() if terms.expire_date is not None else "",
        "time_in_force": names.TIME_IN_FORCE.wire[terms.time_in_force.name],
        "counter_id": f"ST/{region}/{ticker}",
        "trigger_status": names.TRIGGER_STATUS.wire[child.trigger_status.name],
        "executed_amount": text(child.executed_amount),
        "tag": names.order_tag("LONG_TERM" if long_term else "NORMAL", has_dc_region),
        "submitted_at": seconds(child.submitted_at),
        "executed_price": "" if not executed else text(_average(child)),
        "force_only_rth": rth,
        "reviewed": True,
        "activate_order_type": names.ORDER_TYPE.wire[terms.order_type.name],
        "activate_rth": rth,
        "submit_price": text(child.price),
        "limit_depth_level": terms.limit_depth_level,
    }
