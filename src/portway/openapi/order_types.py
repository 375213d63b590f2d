"""Orders as data objects: what calls return and the order callback receives.

Names, attributes and their order are the official client's; of its versions the newest.
"""

from __future__ import annotations

from portway.openapi import records as f
from portway.openapi.enums import read_table
from portway.openapi.records import Record
from portway.openapi.trade_enums import (
    AttachedOrderType,
    ChargeCategoryCode,
    CommissionFreeStatus,
    ContractDirection,
    DeductionStatus,
    MultiLegPosition,
    MultiLegStrategy,
    OrderSide,
    OrderStatus,
    OrderTag,
    OrderType,
    OutsideRTH,
    TimeInForceType,
    TriggerStatus,
)
from portway.wire import names

__all__ = [
    "AllExecutionsResponse",
    "AttachedOrderDetail",
    "EstimateMaxPurchaseQuantityResponse",
    "Execution",
    "MultiLegInfo",
    "MultiLegOrderLeg",
    "Order",
    "OrderChargeDetail",
    "OrderChargeFee",
    "OrderChargeItem",
    "OrderDetail",
    "OrderHistoryDetail",
    "PushGridOrderChanged",
    "PushOrderChanged",
    "SubmitOrderResponse",
]

_ATTACHED_ORDER_TYPE = read_table(AttachedOrderType, names.ATTACHED_ORDER_TYPE)
_CHARGE_CATEGORY_CODE = read_table(ChargeCategoryCode, names.CHARGE_CATEGORY)
_COMMISSION_FREE_STATUS = read_table(CommissionFreeStatus, names.COMMISSION_FREE_STATUS)
_CONTRACT_DIRECTION = read_table(ContractDirection, names.CONTRACT_DIRECTION)
_DEDUCTION_STATUS = read_table(DeductionStatus, names.DEDUCTION_STATUS)
_MULTI_LEG_POSITION = read_table(MultiLegPosition, names.MULTI_LEG_POSITION)
_MULTI_LEG_STRATEGY = {
    **read_table(MultiLegStrategy, names.MULTI_LEG_STRATEGY),
    # Some services name it by its place in the list.
    **{str(int(member) - 1): member for member in MultiLegStrategy if int(member)},
}
_ORDER_SIDE = read_table(OrderSide, names.ORDER_SIDE)
_ORDER_STATUS = read_table(OrderStatus, names.ORDER_STATUS)
# Both spellings of the long-term tag, that of services for older clients and that for newer ones.
_ORDER_TAG = {
    **read_table(OrderTag, names.ORDER_TAG_BEFORE_4_4),
    **read_table(OrderTag, names.ORDER_TAG),
}
_ORDER_TYPE = read_table(OrderType, names.ORDER_TYPE)
_OUTSIDE_RTH = read_table(OutsideRTH, names.OUTSIDE_RTH)
_TIME_IN_FORCE_TYPE = read_table(TimeInForceType, names.TIME_IN_FORCE)
_TRIGGER_STATUS = read_table(TriggerStatus, names.TRIGGER_STATUS)


class MultiLegOrderLeg(Record):
    """One leg of an option strategy."""

    __slots__ = ()

    symbol = f.text("symbol")
    side = f.member("side", _ORDER_SIDE, OrderSide.Unknown)
    position = f.member("position", _MULTI_LEG_POSITION, MultiLegPosition.Unknown)
    ratio_quantity = f.decimal("ratio_quantity")
    strike_price = f.optional_decimal("strike_price")
    expire_date = f.optional_day("expire_date")
    contract_direction = f.member(
        "contract_direction", _CONTRACT_DIRECTION, ContractDirection.Unknown
    )


class MultiLegInfo(Record):
    """The option strategy of an order."""

    __slots__ = ()

    strategy = f.member("strategy", _MULTI_LEG_STRATEGY, MultiLegStrategy.Unknown)
    strategy_name = f.text("strategy_name")
    multileg_id = f.text("multileg_id")
    code = f.text("code")
    legs = f.rows("legs", MultiLegOrderLeg)


class AttachedOrderDetail(Record):
    """A take-profit or stop-loss order attached to another."""

    __slots__ = ()

    order_id = f.text("order_id")
    attached_type_display = f.member(
        "attached_type_display", _ATTACHED_ORDER_TYPE, AttachedOrderType.Unknown
    )
    trigger_price = f.optional_decimal("trigger_price")
    quantity = f.decimal("quantity")
    executed_qty = f.decimal("executed_qty")
    status = f.member("status", _ORDER_STATUS, OrderStatus.Unknown)
    updated_at = f.instant("updated_at")
    withdrawn = f.flag("withdrawn")
    gtd = f.optional_day("gtd")
    time_in_force = f.member("time_in_force", _TIME_IN_FORCE_TYPE, TimeInForceType.Unknown)
    counter_id = f.text("counter_id")
    trigger_status = f.optional_member(
        "trigger_status", _TRIGGER_STATUS, TriggerStatus.Unknown, none="NOT_USED"
    )
    executed_amount = f.decimal("executed_amount")
    tag = f.member("tag", _ORDER_TAG, OrderTag.Unknown)
    submitted_at = f.instant("submitted_at")
    executed_price = f.optional_decimal("executed_price", zero_is_none=True)
    force_only_rth = f.optional_member(
        "force_only_rth", _OUTSIDE_RTH, OutsideRTH.Unknown, none="UnknownOutsideRth"
    )
    reviewed = f.flag("reviewed")
    activate_order_type = f.member("activate_order_type", _ORDER_TYPE, OrderType.Unknown)
    activate_rth = f.optional_member(
        "activate_rth", _OUTSIDE_RTH, OutsideRTH.Unknown, none="UnknownOutsideRth"
    )
    submit_price = f.optional_decimal("submit_price")
    limit_depth_level = f.optional_number("limit_depth_level")


class _OrderFields(Record):
    """What the lists and the detail of an order have in common."""

    __slots__ = ()

    order_id = f.text("order_id")
    status = f.member("status", _ORDER_STATUS, OrderStatus.Unknown)
    stock_name = f.text("stock_name")
    quantity = f.decimal("quantity")
    executed_quantity = f.decimal("executed_quantity")
    price = f.optional_decimal("price")
    executed_price = f.optional_decimal("executed_price", zero_is_none=True)
    submitted_at = f.instant("submitted_at")
    side = f.member("side", _ORDER_SIDE, OrderSide.Unknown)
    symbol = f.text("symbol")
    order_type = f.member("order_type", _ORDER_TYPE, OrderType.Unknown)
    last_done = f.optional_decimal("last_done")
    trigger_price = f.optional_decimal("trigger_price")
    msg = f.text("msg")
    tag = f.member("tag", _ORDER_TAG, OrderTag.Unknown)
    time_in_force = f.member("time_in_force", _TIME_IN_FORCE_TYPE, TimeInForceType.Unknown)
    expire_date = f.optional_day("expire_date")
    updated_at = f.optional_instant("updated_at")
    trigger_at = f.optional_instant("trigger_at")
    trailing_amount = f.optional_decimal("trailing_amount")
    trailing_percent = f.optional_decimal("trailing_percent")
    limit_offset = f.optional_decimal("limit_offset")
    trigger_status = f.optional_member(
        "trigger_status", _TRIGGER_STATUS, TriggerStatus.Unknown, none="NOT_USED"
    )
    currency = f.text("currency")
    outside_rth = f.optional_member(
        "outside_rth", _OUTSIDE_RTH, OutsideRTH.Unknown, none="UnknownOutsideRth"
    )
    limit_depth_level = f.optional_number("limit_depth_level")
    trigger_count = f.optional_number("trigger_count")
    monitor_price = f.optional_decimal("monitor_price")
    remark = f.text("remark")
    delayed_until = f.optional_instant("delayed_until")


class Order(_OrderFields):
    """An order; prices in its currency, quantities in shares or contracts."""

    __slots__ = ()

    attached_orders = f.rows("attached_orders", AttachedOrderDetail)
    multi_leg = f.optional_one("multi_leg", MultiLegInfo)


class OrderHistoryDetail(Record):
    """One step of an order's life."""

    __slots__ = ()

    price = f.decimal("price")
    quantity = f.decimal("quantity")
    status = f.member("status", _ORDER_STATUS, OrderStatus.Unknown)
    msg = f.text("msg")
    time = f.instant("time")


class OrderChargeFee(Record):
    """One fee."""

    __slots__ = ()

    code = f.text("code")
    name = f.text("name")
    amount = f.decimal("amount")
    currency = f.text("currency")


class OrderChargeItem(Record):
    """The fees of one party."""

    __slots__ = ()

    code = f.member("code", _CHARGE_CATEGORY_CODE, ChargeCategoryCode.Unknown)
    name = f.text("name")
    fees = f.rows("fees", OrderChargeFee)


class OrderChargeDetail(Record):
    """What an order cost."""

    __slots__ = ()

    total_amount = f.decimal("total_amount")
    currency = f.text("currency")
    items = f.rows("items", OrderChargeItem)


class OrderDetail(_OrderFields):
    """An order with its history and charges."""

    __slots__ = ()

    free_status = f.member("free_status", _COMMISSION_FREE_STATUS, CommissionFreeStatus.Unknown)
    free_amount = f.optional_decimal("free_amount")
    free_currency = f.optional_text("free_currency")
    deductions_status = f.member("deductions_status", _DEDUCTION_STATUS, DeductionStatus.Unknown)
    deductions_amount = f.optional_decimal("deductions_amount")
    deductions_currency = f.optional_text("deductions_currency")
    platform_deducted_status = f.member(
        "platform_deducted_status", _DEDUCTION_STATUS, DeductionStatus.Unknown
    )
    platform_deducted_amount = f.optional_decimal("platform_deducted_amount")
    platform_deducted_currency = f.optional_text("platform_deducted_currency")
    history = f.rows("history", OrderHistoryDetail)
    charge_detail = f.optional_one("charge_detail", OrderChargeDetail)
    attached_orders = f.rows("attached_orders", AttachedOrderDetail)
    multi_leg = f.optional_one("multi_leg", MultiLegInfo)


class Execution(Record):
    """A fill of an order; `price` in the security's currency."""

    __slots__ = ()

    order_id = f.text("order_id")
    trade_id = f.text("trade_id")
    symbol = f.text("symbol")
    trade_done_at = f.instant("trade_done_at")
    quantity = f.decimal("quantity")
    price = f.decimal("price")
    side = f.member("side", _ORDER_SIDE, OrderSide.Unknown)


class AllExecutionsResponse(Record):
    """A page of fills."""

    __slots__ = ()

    has_more = f.flag("has_more")
    trades = f.rows("trades", Execution)


class PushOrderChanged(Record):
    """An order after a change; prices in the order's currency."""

    __slots__ = ()

    side = f.member("side", _ORDER_SIDE, OrderSide.Unknown)
    stock_name = f.text("stock_name")
    submitted_quantity = f.decimal("submitted_quantity")
    symbol = f.text("symbol")
    order_type = f.member("order_type", _ORDER_TYPE, OrderType.Unknown)
    submitted_price = f.decimal("submitted_price")
    executed_quantity = f.decimal("executed_quantity")
    executed_price = f.optional_decimal("executed_price", zero_is_none=True)
    order_id = f.text("order_id")
    currency = f.text("currency")
    status = f.member("status", _ORDER_STATUS, OrderStatus.Unknown)
    submitted_at = f.instant("submitted_at")
    updated_at = f.instant("updated_at")
    trigger_price = f.optional_decimal("trigger_price")
    msg = f.text("msg")
    tag = f.member("tag", _ORDER_TAG, OrderTag.Unknown)
    trigger_status = f.optional_member(
        "trigger_status", _TRIGGER_STATUS, TriggerStatus.Unknown, none="NOT_USED"
    )
    trigger_at = f.optional_instant("trigger_at")
    trailing_amount = f.optional_decimal("trailing_amount")
    trailing_percent = f.optional_decimal("trailing_percent")
    limit_offset = f.optional_decimal("limit_offset")
    account_no = f.text("account_no")
    last_share = f.optional_decimal("last_share")
    last_price = f.optional_decimal("last_price")
    remark = f.text("remark")
    multi_leg = f.optional_one("multi_leg", MultiLegInfo)


class PushGridOrderChanged(Record):
    """A grid order after a change; texts as the service writes them."""

    __slots__ = ()

    order_id = f.text("order_id")
    status = f.text("status")
    symbol = f.text("symbol")
    suspend_reason = f.text("suspend_reason")
    submitted_base_price = f.text("submitted_base_price")
    current_base_price = f.text("current_base_price")
    upper_limit_price = f.text("upper_limit_price")
    lower_limit_price = f.text("lower_limit_price")
    trigger_price_type = f.number("trigger_price_type")
    trigger_quantity = f.text("trigger_quantity")
    settlement_currency = f.text("settlement_currency")
    time_in_force = f.number("time_in_force")
    rth = f.number("rth")
    grid_order_type_up = f.text("grid_order_type_up")
    grid_order_type_down = f.text("grid_order_type_down")


class SubmitOrderResponse(Record):
    """The id of the order that was accepted."""

    __slots__ = ()

    order_id = f.text("order_id")


class EstimateMaxPurchaseQuantityResponse(Record):
    """The most that can be bought with cash, and with margin."""

    __slots__ = ()

    cash_max_qty = f.decimal("cash_max_qty")
    margin_max_qty = f.decimal("margin_max_qty")
