"""Multi-leg orders: `POST /v1/trade/order/multileg`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.http.order_bodies import (
    REMARK_CHARS_MAX,
    REQUEST_ID_CHARS_MAX,
    positive,
    short_text,
    symbol_of,
)
from portway.gateway.http.request import Request, decimal_of, member_of, refused_parameter
from portway.gateway.http.services import Services
from portway.gateway.http.trade import submitted
from portway.model.derivative import looks_like_option
from portway.model.order import OrderSide, OrderTerms, OrderType, TimeInForce
from portway.model.strategies import WrongLegs, combination_of
from portway.model.symbol import Symbol
from portway.wire import names

__all__ = ["submit_multileg"]

LEGS_MAX: Final = 4
TYPES: Final = frozenset({OrderType.LO, OrderType.MO})


class LegBody(msgspec.Struct):
    """One leg; its direction follows from strategy and side."""

    symbol: str
    ratio_quantity: str | int


class MultiLegBody(msgspec.Struct):
    """Body of a multi-leg order."""

    side: str
    order_type: str
    submitted_quantity: str | int
    strategy: str
    legs: list[LegBody]
    submitted_price: str | int | None = None
    remark: str | None = None
    client_request_id: str | None = None
    delayed_until: int | None = None


async def submit_multileg(services: Services, request: Request) -> dict[str, Any]:
    """POST /v1/trade/order/multileg: legs that trade together, at one net price."""
    return await submitted(services, request, _terms(request.json(MultiLegBody)))


def _terms(body: MultiLegBody) -> OrderTerms:
    side = OrderSide[member_of(names.ORDER_SIDE, body.side, "side")]
    kind = OrderType[member_of(names.ORDER_TYPE, body.order_type, "order_type")]
    if kind not in TYPES:
        raise Refused("ORDER_TYPE_NOT_SUPPORTED")
    if body.delayed_until:
        raise Refused("DELAYED_UNTIL_INVALID")
    quantity = positive(body.submitted_quantity, "submitted_quantity")
    if quantity is None:
        raise refused_parameter("submitted_quantity")
    strategy = member_of(names.MULTI_LEG_STRATEGY, body.strategy, "strategy")
    legs = _legs(body.legs)
    try:
        combination = combination_of(strategy, side, legs)
    except WrongLegs as error:
        raise Refused("PARAMETER_INVALID", f"legs: {error}") from None
    options = [symbol for symbol, _ in legs if looks_like_option(symbol)]
    return OrderTerms(
        symbol=options[0] if options else legs[0][0],
        order_type=kind,
        side=side,
        quantity=quantity,
        time_in_force=TimeInForce.DAY,
        price=positive(body.submitted_price, "submitted_price") if kind is OrderType.LO else None,
        remark=short_text(body.remark, REMARK_CHARS_MAX, "remark") or "",
        client_request_id=short_text(
            body.client_request_id, REQUEST_ID_CHARS_MAX, "client_request_id"
        )
        or None,
        combination=combination,
    )


def _legs(bodies: list[LegBody]) -> list[tuple[Symbol, Decimal]]:
    if len(bodies) > LEGS_MAX:
        raise refused_parameter(f"legs: at most {LEGS_MAX}")
    legs = []
    for body in bodies:
        ratio = decimal_of(body.ratio_quantity, "ratio_quantity")
        if ratio <= 0:
            raise Refused("LEG_RATIO_NOT_POSITIVE")
        legs.append((symbol_of(body.symbol), ratio))
    return legs
