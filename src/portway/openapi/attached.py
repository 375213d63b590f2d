"""Parameters of attached orders: what protects an order once it is filled.

Built by the program and handed to `submit_order` and `replace_order`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.arguments import Number
from portway.openapi.enums import wire_values
from portway.openapi.trade_enums import AttachedOrderType, OrderType, OutsideRTH, TimeInForceType
from portway.wire import names

__all__ = ["ReplaceAttachedParams", "SubmitAttachedParams"]

_ATTACHED_TYPE = wire_values(AttachedOrderType, names.ATTACHED_ORDER_TYPE)
_ORDER_TYPE = wire_values(OrderType, names.ORDER_TYPE)
_TIME_IN_FORCE = wire_values(TimeInForceType, names.TIME_IN_FORCE)
_OUTSIDE_RTH = wire_values(OutsideRTH, names.OUTSIDE_RTH)


class _Params:
    """A checked object of the request."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def wire(self) -> dict[str, Any]:
        """Return it as it is sent."""
        return dict(self._fields)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash((type(self), *sorted(self._fields.items())))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"{type(self).__name__}({shown})"


class SubmitAttachedParams(_Params):
    """Take-profit and stop-loss orders to submit along with an order.

    Args:
        attached_order_type: Which of the two, or both (`Bracket`).
        profit_taker_price: Trigger price of the take-profit order.
        stop_loss_price: Trigger price of the stop-loss order.
        time_in_force: Of the attached orders.
        expire_time: With `GoodTilDate`, Unix seconds.
        activate_order_type: What a triggered order becomes: `LIT` or `MIT`.
        profit_taker_submit_price: Limit price of the take-profit order.
        stop_loss_submit_price: Limit price of the stop-loss order.
        activate_rth: Sessions in which the attached orders may trade.
        profit_taker_depth_level: Level of the book instead of a limit price.
        stop_loss_depth_level: Likewise.

    Raises:
        TypeError: An argument has the wrong type.
        ArgumentError: An argument cannot be sent.
    """

    __slots__ = ()

    def __init__(
        self,
        attached_order_type: AttachedOrderType,
        *,
        profit_taker_price: Number | None = None,
        stop_loss_price: Number | None = None,
        time_in_force: TimeInForceType | None = None,
        expire_time: int | None = None,
        activate_order_type: OrderType | None = None,
        profit_taker_submit_price: Number | None = None,
        stop_loss_submit_price: Number | None = None,
        activate_rth: OutsideRTH | None = None,
        profit_taker_depth_level: int | None = None,
        stop_loss_depth_level: int | None = None,
    ) -> None:
        super().__init__(
            {
                **_common(
                    attached_order_type,
                    profit_taker_price,
                    stop_loss_price,
                    time_in_force,
                    expire_time,
                    activate_order_type,
                    profit_taker_submit_price,
                    stop_loss_submit_price,
                    activate_rth,
                ),
                "profit_taker_depth_level": _level(
                    "profit_taker_depth_level", profit_taker_depth_level
                ),
                "stop_loss_depth_level": _level("stop_loss_depth_level", stop_loss_depth_level),
            }
        )


class ReplaceAttachedParams(_Params):
    """Changes to the attached orders of an order; see `SubmitAttachedParams`.

    Args:
        profit_taker_id: The take-profit order to change.
        stop_loss_id: The stop-loss order to change.
        cancel_all_attached: Withdraw all attached orders.
        main_id: The order they are attached to.
        quantity: New quantity of the attached orders.
        market_price: The price of the security that the program saw.
    """

    __slots__ = ()

    def __init__(
        self,
        attached_order_type: AttachedOrderType,
        *,
        profit_taker_price: Number | None = None,
        stop_loss_price: Number | None = None,
        time_in_force: TimeInForceType | None = None,
        expire_time: int | None = None,
        activate_order_type: OrderType | None = None,
        profit_taker_submit_price: Number | None = None,
        stop_loss_submit_price: Number | None = None,
        activate_rth: OutsideRTH | None = None,
        profit_taker_id: int | None = None,
        stop_loss_id: int | None = None,
        cancel_all_attached: bool | None = None,
        main_id: int | None = None,
        quantity: Number | None = None,
        market_price: Number | None = None,
        profit_taker_depth_level: int | None = None,
        stop_loss_depth_level: int | None = None,
    ) -> None:
        super().__init__(
            {
                **_common(
                    attached_order_type,
                    profit_taker_price,
                    stop_loss_price,
                    time_in_force,
                    expire_time,
                    activate_order_type,
                    profit_taker_submit_price,
                    stop_loss_submit_price,
                    activate_rth,
                ),
                "profit_taker_id": _id("profit_taker_id", profit_taker_id),
                "stop_loss_id": _id("stop_loss_id", stop_loss_id),
                "cancel_all_attached": _flag("cancel_all_attached", cancel_all_attached),
                "main_id": _id("main_id", main_id),
                "quantity": arg.optional_decimal_text("quantity", quantity),
                "market_price": arg.optional_decimal_text("market_price", market_price),
                "profit_taker_depth_level": _level(
                    "profit_taker_depth_level", profit_taker_depth_level
                ),
                "stop_loss_depth_level": _level("stop_loss_depth_level", stop_loss_depth_level),
            }
        )


def _common(
    attached_order_type: AttachedOrderType,
    profit_taker_price: Decimal | Number | None,
    stop_loss_price: Number | None,
    time_in_force: TimeInForceType | None,
    expire_time: int | None,
    activate_order_type: OrderType | None,
    profit_taker_submit_price: Number | None,
    stop_loss_submit_price: Number | None,
    activate_rth: OutsideRTH | None,
) -> dict[str, Any]:
    price = arg.optional_decimal_text
    return {
        "attached_order_type": arg.wire_of(
            "attached_order_type", attached_order_type, AttachedOrderType, _ATTACHED_TYPE
        ),
        "profit_taker_price": price("profit_taker_price", profit_taker_price),
        "stop_loss_price": price("stop_loss_price", stop_loss_price),
        "time_in_force": None
        if time_in_force is None
        else arg.wire_of("time_in_force", time_in_force, TimeInForceType, _TIME_IN_FORCE),
        "expire_time": _id("expire_time", expire_time),
        "activate_order_type": None
        if activate_order_type is None
        else arg.wire_of("activate_order_type", activate_order_type, OrderType, _ORDER_TYPE),
        "profit_taker_submit_price": price("profit_taker_submit_price", profit_taker_submit_price),
        "stop_loss_submit_price": price("stop_loss_submit_price", stop_loss_submit_price),
        "activate_rth": None
        if activate_rth is None
        else arg.wire_of("activate_rth", activate_rth, OutsideRTH, _OUTSIDE_RTH),
    }


def _id(name: str, value: int | None) -> int | None:
    return None if value is None else arg.count(name, value, maximum=2**63 - 1)


def _level(name: str, value: int | None) -> int | None:
    return None if value is None else arg.count(name, value, minimum=-arg.COUNT_MAX)


def _flag(name: str, value: bool | None) -> bool | None:
    # Sent only when it is so, as in the official client.
    return None if value is None else arg.yes_or_no(name, value) == "true" or None
