"""Orders, executions, money and positions as the JSON objects of the trade API. Pure.

One place for the rules that every client version insists on: no null and no missing field,
decimals and times as strings, whole numbers only where named, the empty text where a value does
not apply and zero where the empty text would break a client. Objects are plain dicts in the order
of the published tables.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from portway.gateway.charge_names import charge_name, flow_name
from portway.gateway.multileg_json import multi_leg_object
from portway.model.decimals import half_up, wire_text
from portway.model.entry import Fee
from portway.model.execution import Execution
from portway.model.instrument import Instrument
from portway.model.money import Currency
from portway.model.order import Order, OutsideRth, TimeInForce
from portway.model.symbol import Market, market_of
from portway.trading.ports import CashFlowRow, OrderEventRow, PositionRow
from portway.trading.queries import BROKER_FEES, AccountSummary, CashInfo, OrderDetail
from portway.wire import names
from portway.wire.envelope import REASONS, Language

__all__ = [
    "account_balance",
    "cash_flow",
    "execution_object",
    "order_changed",
    "order_detail",
    "order_object",
    "position",
    "stock_name",
]

AVERAGE_PLACES: Final = 6


def text(value: Decimal | None) -> str:
    """Return a decimal in plain notation; the empty text for none."""
    return "" if value is None else wire_text(value)


def seconds(at: datetime | None) -> str:
    """Return Unix seconds as text; zero for none."""
    return "0" if at is None else str(int(at.timestamp()))


def stock_name(instrument: Instrument | None, language: Language) -> str:
    """Return a security's name in the caller's language."""
    if instrument is None:
        return ""
    match language:
        case Language.ZH_CN:
            return instrument.name_cn
        case Language.ZH_HK:
            return instrument.name_hk
        case _:
            return instrument.name_en


def message(msg: str, language: Language) -> str:
    """Return why an order ended, in the caller's language.

    The core names a reason of the table; other text is a remark and stays as it is.
    """
    reason = REASONS.get(msg)
    return msg if reason is None else reason.message(language)


def _average_price(order: Order) -> Decimal:
    if not order.executed_quantity:
        return Decimal(0)
    return half_up(order.executed_amount / order.executed_quantity, AVERAGE_PLACES)


def _tag(order: Order, has_dc_region: bool) -> str:
    if order.is_forced:
        return names.order_tag("MARGIN_CALL", has_dc_region)
    long_term = order.terms.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
    return names.order_tag("LONG_TERM" if long_term else "NORMAL", has_dc_region)


def _expire_date(order: Order) -> str:
    match order.terms.time_in_force:
        case TimeInForce.DAY:
            return order.trading_day.isoformat()
        case TimeInForce.GTD if order.terms.expire_date is not None:
            return order.terms.expire_date.isoformat()
        case _:
            return ""


def _outside_rth(order: Order) -> str:
    if market_of(order.terms.symbol) is not Market.US:
        return names.OUTSIDE_RTH_NOT_US_STOCK
    return names.OUTSIDE_RTH.wire[(order.terms.outside_rth or OutsideRth.RTH_ONLY).name]


def order_object(
    order: Order, instrument: Instrument | None, language: Language, has_dc_region: bool
) -> dict[str, Any]:
    """Return an order as the lists and the detail show it: every field, always."""
    terms = order.terms
    return {
        "order_id": str(order.order_id),
        "status": names.ORDER_STATUS.wire[order.status.name],
        "stock_name": stock_name(instrument, language),
        "quantity": text(order.quantity),
        "executed_quantity": text(order.executed_quantity),
        "price": text(order.price),
        "executed_price": text(_average_price(order)),
        "submitted_at": seconds(order.submitted_at),
        "side": names.ORDER_SIDE.wire[terms.side.name],
        "symbol": terms.symbol,
        "order_type": names.ORDER_TYPE.wire[terms.order_type.name],
        "last_done": text(order.last_price),
        "trigger_price": text(terms.trigger_price),
        "msg": message(order.msg, language),
        "tag": _tag(order, has_dc_region),
        "time_in_force": names.TIME_IN_FORCE.wire[terms.time_in_force.name],
        "expire_date": _expire_date(order),
        "updated_at": seconds(order.updated_at),
        "trigger_at": seconds(order.triggered_at),
        "trailing_amount": text(terms.trailing_amount),
        "trailing_percent": text(terms.trailing_percent),
        "limit_offset": text(terms.limit_offset),
        "trigger_status": names.TRIGGER_STATUS.wire[order.trigger_status.name],
        "currency": order.currency.value,
        "outside_rth": _outside_rth(order),
        "limit_depth_level": terms.limit_depth_level,
        "trigger_count": terms.trigger_count,
        "monitor_price": text(terms.monitor_price),
        "remark": terms.remark,
    }


def order_changed(
    order: Order,
    instrument: Instrument | None,
    execution: Execution | None,
    language: Language,
    has_dc_region: bool,
) -> dict[str, Any]:
    """Return the notification of a step of an order; `execution` is the one that caused it."""
    terms = order.terms
    return {
        "event": "order_changed_lb",
        "data": {
            "side": names.ORDER_SIDE.wire[terms.side.name],
            "stock_name": stock_name(instrument, language),
            "submitted_quantity": text(order.quantity),
            "symbol": terms.symbol,
            "order_type": names.ORDER_TYPE.wire[terms.order_type.name],
            # Not the empty text: clients would drop the whole event.
            "submitted_price": text(order.price or Decimal(0)),
            "executed_quantity": text(order.executed_quantity),
            "executed_price": text(_average_price(order)),
            "order_id": str(order.order_id),
            "currency": order.currency.value,
            "status": names.ORDER_STATUS.wire[order.status.name],
            "submitted_at": seconds(order.submitted_at),
            "updated_at": seconds(order.updated_at),
            "trigger_price": text(terms.trigger_price),
            "msg": message(order.msg, language),
            "tag": _tag(order, has_dc_region),
            "trigger_status": names.TRIGGER_STATUS.wire[order.trigger_status.name],
            "trigger_at": seconds(order.triggered_at),
            "trailing_amount": text(terms.trailing_amount),
            "trailing_percent": text(terms.trailing_percent),
            "limit_offset": text(terms.limit_offset),
            "account_no": order.account_no,
            "last_share": text(execution.quantity) if execution else "",
            "last_price": text(execution.price) if execution else "",
            "remark": terms.remark,
            "multi_leg": multi_leg_object(order),
        },
    }


def order_detail(
    detail: OrderDetail, instrument: Instrument | None, language: Language, has_dc_region: bool
) -> dict[str, Any]:
    """Return an order with its history, newest first, and its itemised charges."""
    return {
        **order_object(detail.order, instrument, language, has_dc_region),
        "free_status": names.COMMISSION_FREE_STATUS.wire["NONE"],
        "free_amount": "",
        "free_currency": "",
        "deductions_status": names.DEDUCTION_STATUS.wire["NONE"],
        "deductions_amount": "",
        "deductions_currency": "",
        "platform_deducted_status": names.DEDUCTION_STATUS.wire["NONE"],
        "platform_deducted_amount": "",
        "platform_deducted_currency": "",
        "history": [_history_entry(row, language) for row in detail.history],
        "charge_detail": _charge_detail(detail, language),
    }


def _history_entry(row: OrderEventRow, language: Language) -> dict[str, str]:
    return {
        "price": text(row.price),
        "quantity": text(row.quantity),
        "status": names.ORDER_STATUS.wire[row.status.name],
        "msg": message(row.msg, language),
        "time": seconds(row.at),
    }


def _charge_detail(detail: OrderDetail, language: Language) -> dict[str, Any]:
    kinds: dict[str, list[Fee]] = {"BROKER_FEES": [], "THIRD_FEES": []}
    for fee in detail.charges:
        kinds["BROKER_FEES" if fee.name in BROKER_FEES else "THIRD_FEES"].append(fee)
    currency = detail.order.currency.value
    return {
        "total_amount": text(detail.charges_total),
        "currency": currency,
        "items": [
            {
                "code": names.CHARGE_CATEGORY.wire[kind],
                "name": charge_name(kind, language),
                "fees": [_fee(fee, currency, language) for fee in fees],
            }
            for kind, fees in kinds.items()
        ],
    }


def _fee(fee: Fee, currency: str, language: Language) -> dict[str, str]:
    return {
        "code": fee.name,
        "name": charge_name(fee.name, language),
        "amount": text(fee.amount),
        "currency": currency,
    }


def execution_object(execution: Execution) -> dict[str, str]:
    """Return one execution."""
    return {
        "order_id": str(execution.order_id),
        "trade_id": execution.trade_id,
        "symbol": execution.symbol,
        "trade_done_at": seconds(execution.at),
        "quantity": text(execution.quantity),
        "price": text(execution.price),
        "side": names.ORDER_SIDE.wire[execution.side.name],
    }


def account_balance(summary: AccountSummary, currency: Currency) -> dict[str, Any]:
    """Return the one element of an account balance, totals in `currency`."""
    totals = summary.totals
    return {
        "total_cash": text(totals.total_cash),
        "max_finance_amount": text(totals.max_finance_amount),
        "remaining_finance_amount": text(totals.remaining_finance_amount),
        "risk_level": str(totals.risk_level),
        "margin_call": text(totals.margin_call),
        "currency": currency.value,
        "net_assets": text(totals.net_assets),
        "init_margin": text(totals.init_margin),
        "maintenance_margin": text(totals.maintenance_margin),
        "buy_power": text(totals.buy_power),
        "cash_infos": [_cash_info(info) for info in summary.cash],
        "frozen_transaction_fees": [
            {"currency": info.currency.value, "frozen_transaction_fee": text(info.frozen_fees)}
            for info in summary.cash
            if info.frozen_fees
        ],
    }


def _cash_info(info: CashInfo) -> dict[str, str]:
    return {
        "withdraw_cash": text(info.withdraw_cash),
        "available_cash": text(info.available_cash),
        "frozen_cash": text(info.frozen_cash),
        "settling_cash": text(info.settling_cash),
        "currency": info.currency.value,
    }


def position(row: PositionRow, instrument: Instrument | None, language: Language) -> dict[str, str]:
    """Return the holding of one security."""
    return {
        "symbol": row.symbol,
        "symbol_name": stock_name(instrument, language),
        "currency": row.currency.value,
        "quantity": text(row.quantity),
        "available_quantity": text(row.available_quantity),
        "cost_price": text(half_up(row.cost_price, AVERAGE_PLACES)),
        "market": names.MARKET.wire[row.market.name],
        "init_quantity": text(row.init_quantity),
    }


def cash_flow(row: CashFlowRow, language: Language) -> dict[str, Any]:
    """Return one movement of money; the two numbers must not be texts."""
    direction = "IN" if row.amount > 0 else "OUT"
    return {
        "transaction_flow_name": flow_name(row.name, language),
        "direction": names.CASH_FLOW_DIRECTION.wire[direction],
        "business_type": int(row.business_type),
        "balance": text(row.amount),
        "currency": row.currency.value,
        "business_time": seconds(row.at),
        "symbol": row.symbol,
        "description": row.description,
    }
