"""Bodies of orders and of new terms: what a client may say, and what is made of it.

A field that an order's type does not have is ignored, so that nothing is watched by it and nothing
is shown of it later.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import structs

from portway.gateway.errors import Refused
from portway.gateway.http.attached_params import AttachedBody, attached_terms
from portway.gateway.http.request import decimal_of, member_of, refused_parameter
from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth, TimeInForce
from portway.model.symbol import MalformedSymbol, Symbol, parse_symbol
from portway.wire import names

__all__ = [
    "REMARK_CHARS_MAX",
    "ReplaceBody",
    "SubmitBody",
    "instant_at",
    "not_negative",
    "order_id_of",
    "positive",
    "short_text",
    "symbol_of",
    "terms_of",
]

REMARK_CHARS_MAX: Final = 255
REQUEST_ID_CHARS_MAX: Final = 128
ORDER_ID_CHARS_MAX: Final = 19

_T = OrderType
_PRICED: Final = frozenset({_T.LO, _T.ELO, _T.ALO, _T.ODD, _T.SLO, _T.LIT})
_TOUCHED: Final = frozenset({_T.LIT, _T.MIT})
_TRAILING_LIMITS: Final = frozenset({_T.TSLPAMT, _T.TSLPPCT})
# Which types have a field at all; those that are not listed here belong to every order.
FIELDS: Final = {
    "price": _PRICED,
    "trigger_price": _TOUCHED,
    "limit_offset": _TRAILING_LIMITS,
    "limit_depth_level": _TRAILING_LIMITS,
    "trailing_amount": frozenset({_T.TSLPAMT, _T.TSMAMT}),
    "trailing_percent": frozenset({_T.TSLPPCT, _T.TSMPCT}),
    "trigger_count": _TOUCHED | _TRAILING_LIMITS,
    "monitor_price": _TRAILING_LIMITS,
}
_ABSENT: Final = {"limit_depth_level": 0, "trigger_count": 0}
# What an order of a type does not have, and the value that says so.
_FOREIGN: Final = {
    kind: tuple((name, _ABSENT.get(name)) for name, kinds in FIELDS.items() if kind not in kinds)
    for kind in OrderType
}


class SubmitBody(msgspec.Struct):
    """Body of a new order; absent and null mean the same, unknown keys are ignored."""

    symbol: str
    order_type: str
    side: str
    submitted_quantity: str | int
    time_in_force: str
    submitted_price: str | int | None = None
    trigger_price: str | int | None = None
    limit_offset: str | int | None = None
    trailing_amount: str | int | None = None
    trailing_percent: str | int | None = None
    expire_date: str | None = None
    outside_rth: str | None = None
    limit_depth_level: int | None = None
    trigger_count: int | None = None
    monitor_price: str | int | None = None
    remark: str | None = None
    client_request_id: str | None = None
    attached_params: AttachedBody | None = None
    delayed_until: int | None = None


class ReplaceBody(msgspec.Struct):
    """Body of new terms for an order."""

    order_id: str
    quantity: str | int | None = None
    price: str | int | None = None
    trigger_price: str | int | None = None
    limit_offset: str | int | None = None
    trailing_amount: str | int | None = None
    trailing_percent: str | int | None = None
    limit_depth_level: int | None = None
    trigger_count: int | None = None
    monitor_price: str | int | None = None
    remark: str | None = None
    attached_params: AttachedBody | None = None
    delayed_until: int | None = None


def terms_of(body: SubmitBody) -> OrderTerms:
    """Return the terms of a new order.

    Raises:
        Refused: If a field is missing, malformed or unknown.
    """
    delayed = body.delayed_until
    quantity = positive(body.submitted_quantity, "submitted_quantity")
    if quantity is None:
        raise refused_parameter("submitted_quantity")
    symbol = symbol_of(body.symbol)
    time_in_force = TimeInForce[member_of(names.TIME_IN_FORCE, body.time_in_force, "time_in_force")]
    outside_rth = _outside_rth(body.outside_rth)
    expire_date = _day(body.expire_date, "expire_date")
    if time_in_force is not TimeInForce.GTD:
        expire_date = None
    attached = body.attached_params
    request_id = short_text(body.client_request_id, REQUEST_ID_CHARS_MAX, "client_request_id")
    terms = OrderTerms(
        symbol=symbol,
        order_type=OrderType[member_of(names.ORDER_TYPE, body.order_type, "order_type")],
        side=OrderSide[member_of(names.ORDER_SIDE, body.side, "side")],
        quantity=quantity,
        time_in_force=time_in_force,
        price=positive(body.submitted_price, "submitted_price"),
        trigger_price=positive(body.trigger_price, "trigger_price"),
        limit_offset=not_negative(body.limit_offset, "limit_offset"),
        trailing_amount=positive(body.trailing_amount, "trailing_amount"),
        trailing_percent=positive(body.trailing_percent, "trailing_percent"),
        expire_date=expire_date,
        outside_rth=outside_rth,
        limit_depth_level=body.limit_depth_level or 0,
        trigger_count=body.trigger_count or 0,
        monitor_price=positive(body.monitor_price, "monitor_price"),
        delayed_until=None if delayed is None else instant_at(delayed, "delayed_until"),
        remark=short_text(body.remark, REMARK_CHARS_MAX, "remark") or "",
        client_request_id=request_id or None,
        attached=None
        if attached is None
        else attached_terms(attached, symbol, time_in_force, outside_rth, expire_date),
    )
    foreign = {
        name: absent
        for name, absent in _FOREIGN[terms.order_type]
        if getattr(terms, name) != absent
    }
    return structs.replace(terms, **foreign) if foreign else terms


def symbol_of(value: str) -> Symbol:
    """Return a symbol; text that is none names no security."""
    try:
        return parse_symbol(value)
    except MalformedSymbol:
        raise Refused("SYMBOL_NOT_FOUND") from None


def order_id_of(value: str) -> int:
    """Return the number of an order; text that cannot be one names no order."""
    if not (value.isascii() and value.isdecimal() and len(value) <= ORDER_ID_CHARS_MAX):
        raise Refused("ORDER_NOT_FOUND")
    return int(value)


def positive(value: str | int | None, field: str) -> Decimal | None:
    """Return a decimal above zero; `None` for absent and for the empty text."""
    if value is None or value == "":
        return None
    number = decimal_of(value, field)
    if number <= 0:
        raise refused_parameter(field)
    return number


def not_negative(value: str | int | None, field: str) -> Decimal | None:
    """Return a decimal of zero or more; `None` for absent and for the empty text."""
    if value is None or value == "":
        return None
    number = decimal_of(value, field)
    if number < 0:
        raise refused_parameter(field)
    return number


def _day(value: str | None, field: str) -> date | None:
    if not value:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise refused_parameter(field) from None


def instant_at(seconds: int, field: str) -> datetime:
    """Return an instant of Unix seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise refused_parameter(field) from None


def _outside_rth(value: str | None) -> OutsideRth | None:
    # A client asked to send its own "Unknown" member sends that word: as good as nothing.
    if not value or value in ("Unknown", names.OUTSIDE_RTH_NOT_US_STOCK):
        return None
    return OutsideRth[member_of(names.OUTSIDE_RTH, value, "outside_rth")]


def short_text(value: str | None, chars_max: int, field: str) -> str | None:
    """Return a text that is not too long."""
    if value is not None and len(value) > chars_max:
        raise refused_parameter(field)
    return value
