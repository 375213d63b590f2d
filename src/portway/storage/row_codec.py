"""Rows of the read models as columns of their tables, and back.

Decimals and dates are text, instants microseconds since 1970, values with parts JSON. The order of
columns is that of `schema.py`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from portway.model.account import AccountKind, Standing
from portway.model.derivative import OptionTerms
from portway.model.event import Hold
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderStatus
from portway.model.symbol import Market, Symbol
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    BusinessType,
    CashFlowRow,
    ChargeRow,
    ExecutionRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    Row,
    ShareMoveRow,
)

__all__ = ["instant", "instant_us", "row_from", "row_values"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_ORDER: Final = msgspec.json.Decoder(Order)
_OPTION: Final = msgspec.json.Decoder(OptionTerms)
_HOLD: Final = msgspec.json.Decoder(Hold)
_STANDING: Final = msgspec.json.Decoder(Standing)


def instant_us(at: datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """Return the instant in UTC."""
    return _EPOCH + at_us * _MICROSECOND


def row_values(venue: str, row: Row) -> tuple[object, ...]:
    """Return a row's columns in the order of its table."""
    match row:  # The most frequent first.
        case OrderEventRow():
            return (
                venue,
                row.order_id,
                row.seq,
                row.index,
                instant_us(row.at),
                row.status.value,
                None if row.price is None else str(row.price),
                str(row.quantity),
                row.msg,
            )
        case OrderRow():
            return _order_values(venue, row)
        case ExecutionRow(execution=one):
            return (
                venue,
                row.seq,
                row.index,
                one.account_no,
                one.order_id,
                one.trade_id,
                one.symbol,
                row.market.value,
                one.side.value,
                str(one.price),
                str(one.quantity),
                one.currency.value,
                instant_us(one.at),
                one.trading_day.isoformat(),
                _option_text(one.option),
            )
        case AccountRow():
            return _account_values(venue, row)
        case ShareMoveRow():
            key: tuple[object, ...] = (row.account_no, row.seq, row.index)
            at_us = instant_us(row.at)
            return (venue, *key, row.name, row.symbol, str(row.quantity), at_us)
    return _amount_values(venue, row)


def _account_values(venue: str, row: AccountRow) -> tuple[object, ...]:
    return (
        venue,
        row.account_no,
        row.name,
        row.base_currency.value,
        row.channel,
        instant_us(row.opened_at),
        row.kind.value,
        str(row.credit),
        None if row.closed_at is None else instant_us(row.closed_at),
        _ENCODER.encode(row.standing).decode(),
    )


def _order_values(venue: str, row: OrderRow) -> tuple[object, ...]:
    order = row.order
    return (
        venue,
        order.order_id,
        order.account_no,
        order.terms.symbol,
        row.market.value,
        order.terms.side.value,
        order.status.value,
        order.is_terminal,
        instant_us(order.submitted_at),
        row.submitted_day.isoformat(),
        row.changed_day.isoformat(),
        row.seq,
        _ENCODER.encode(order).decode(),
        _ENCODER.encode(row.hold).decode(),
    )


def _amount_values(
    venue: str, row: ChargeRow | CashFlowRow | PositionRow | BalanceRow
) -> tuple[object, ...]:
    match row:
        case ChargeRow():
            key: tuple[object, ...] = (row.order_id, row.seq, row.index)
            return (venue, *key, row.name, str(row.amount), row.currency.value)
        case CashFlowRow():
            return (
                venue,
                row.account_no,
                row.seq,
                row.index,
                row.name,
                row.business_type.value,
                str(row.amount),
                row.currency.value,
                instant_us(row.at),
                row.symbol,
                row.description,
            )
        case PositionRow():
            key = (row.account_no, row.symbol, row.market.value, row.currency.value)
            amounts = (row.quantity, row.frozen_quantity, row.locked_quantity)
            rest = (row.init_quantity, row.cost_price, row.pledged_quantity)
            return (venue, *key, *map(str, amounts), *map(str, rest), _option_text(row.option))
        case BalanceRow():
            amounts = (row.cash, row.frozen_cash, row.frozen_fees)
            others = (row.receivable, row.payable, row.interest, row.pledged_cash)
            key = (row.account_no, row.currency.value)
            return (venue, *key, *map(str, amounts), *map(str, others))


def _option_text(option: OptionTerms | None) -> str | None:
    return None if option is None else _ENCODER.encode(option).decode()


def _option_of(text: str | None) -> OptionTerms | None:
    return None if text is None else _OPTION.decode(text)


def row_from(kind: type[Any], values: tuple[Any, ...]) -> Any:
    """Return the row that the selected columns of a kind hold."""
    return _READERS[kind](*values)


def _read_order(
    body: str, hold: str, market: str, submitted_day: str, changed_day: str, seq: int
) -> OrderRow:
    return OrderRow(
        _ORDER.decode(body),
        _HOLD.decode(hold),
        Market(market),
        date.fromisoformat(submitted_day),
        date.fromisoformat(changed_day),
        seq,
    )


def _read_execution(
    trade_id: str,
    order_id: int,
    account_no: str,
    symbol: str,
    side: str,
    price: str,
    quantity: str,
    currency: str,
    at_us: int,
    trading_day: str,
    market: str,
    seq: int,
    index: int,
    option: str | None,
) -> ExecutionRow:
    execution = Execution(
        trade_id,
        order_id,
        account_no,
        Symbol(symbol),
        OrderSide(side),
        Decimal(price),
        Decimal(quantity),
        Currency(currency),
        instant(at_us),
        date.fromisoformat(trading_day),
        _option_of(option),
    )
    return ExecutionRow(execution, Market(market), seq, index)


def _read_account(
    account_no: str,
    name: str,
    base_currency: str,
    channel: str,
    opened_us: int,
    kind: str,
    credit: str,
    closed_us: int | None,
    standing: str | None,
) -> AccountRow:
    return AccountRow(
        account_no,
        name,
        Currency(base_currency),
        channel,
        instant(opened_us),
        AccountKind(kind),
        Decimal(credit),
        None if closed_us is None else instant(closed_us),
        Standing() if standing is None else _STANDING.decode(standing),
    )


def _read_share_move(
    account_no: str, seq: int, index: int, name: str, symbol: str, quantity: str, at_us: int
) -> ShareMoveRow:
    return ShareMoveRow(
        account_no, seq, index, name, Symbol(symbol), Decimal(quantity), instant(at_us)
    )


def _read_order_event(
    order_id: int,
    seq: int,
    index: int,
    at_us: int,
    status: str,
    price: str | None,
    quantity: str,
    msg: str,
) -> OrderEventRow:
    limit = None if price is None else Decimal(price)
    return OrderEventRow(
        order_id, seq, index, instant(at_us), OrderStatus(status), limit, Decimal(quantity), msg
    )


def _read_charge(
    order_id: int, seq: int, index: int, name: str, amount: str, currency: str
) -> ChargeRow:
    return ChargeRow(order_id, seq, index, name, Decimal(amount), Currency(currency))


def _read_cash_flow(
    account_no: str,
    seq: int,
    index: int,
    name: str,
    business_type: int,
    amount: str,
    currency: str,
    at_us: int,
    symbol: str,
    description: str,
) -> CashFlowRow:
    return CashFlowRow(
        account_no,
        seq,
        index,
        name,
        BusinessType(business_type),
        Decimal(amount),
        Currency(currency),
        instant(at_us),
        symbol,
        description,
    )


def _read_position(
    account_no: str,
    symbol: str,
    market: str,
    currency: str,
    quantity: str,
    frozen: str,
    locked: str,
    init: str,
    cost_price: str,
    pledged: str,
    option: str | None,
) -> PositionRow:
    return PositionRow(
        account_no,
        Symbol(symbol),
        Market(market),
        Currency(currency),
        Decimal(quantity),
        Decimal(frozen),
        Decimal(locked),
        Decimal(init),
        Decimal(cost_price),
        Decimal(pledged),
        _option_of(option),
    )


def _read_balance(account_no: str, currency: str, *amounts: str) -> BalanceRow:
    return BalanceRow(account_no, Currency(currency), *map(Decimal, amounts))


_READERS: Final[dict[type[Any], Any]] = {
    AccountRow: _read_account,
    OrderRow: _read_order,
    OrderEventRow: _read_order_event,
    ExecutionRow: _read_execution,
    ChargeRow: _read_charge,
    CashFlowRow: _read_cash_flow,
    PositionRow: _read_position,
    BalanceRow: _read_balance,
    ShareMoveRow: _read_share_move,
}
