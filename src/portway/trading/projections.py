"""From facts to rows: what the read models hold after each fact.

Called right after a fact was added to the state; rows about orders, money and positions are copied
from the state as it stands then, rows of history come from the fact. Amounts are never computed
anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from portway.core.state import State
from portway.model.event import (
    NO_HOLD,
    AccountOpened,
    CombinationFilled,
    Fact,
    OrderAccepted,
    OrderFilled,
    OrderReplaced,
    OrderStatusChanged,
    SettlementDone,
)
from portway.model.order import Order, OrderSide
from portway.model.symbol import market_of
from portway.trading.money_rows import (
    ROWS_PER_FACT_MAX,
    account_row,
    balance_row,
    money_rows,
    pledge_rows,
    position_rows,
)
from portway.trading.ports import (
    BusinessType,
    CashFlowRow,
    ChargeRow,
    ExecutionRow,
    OrderEventRow,
    OrderRow,
    Row,
)

__all__ = ["ROWS_PER_FACT_MAX", "rows_of"]


def rows_of(state: State, fact: Fact, order: Order | None, seq: int, index: int) -> Iterator[Row]:
    """Yield the rows that a fact makes or changes.

    Args:
        state: With the fact in it.
        order: As the fact left it, for a fact about an order.
    """
    match fact:
        case OrderAccepted() | OrderStatusChanged() | OrderReplaced():
            assert order is not None, "a fact about an order leaves an order"
            yield _order_row(state, order, seq)
            yield _event_row(order, seq, index)
            yield from _held_rows(state, order)
        case CombinationFilled():
            assert order is not None, "a fact about an order leaves an order"
            yield _order_row(state, order, seq)
            yield OrderEventRow(
                order.order_id,
                seq,
                index,
                fact.at,
                order.status,
                fact.price,
                fact.quantity,
                f"Execution of {fact.quantity:f}",
            )
        case OrderFilled():
            assert order is not None, "a fact about an order leaves an order"
            yield _order_row(state, order, seq)
            yield from _fill_rows(state, fact, order, seq, index)
        case AccountOpened():
            yield account_row(state, fact.account_no)
        case SettlementDone():
            yield from _settled_rows(state, fact)
        case _:
            yield from money_rows(state, fact, seq, index)


def _order_row(state: State, order: Order, seq: int) -> OrderRow:
    market = market_of(order.terms.symbol)
    running = state.days.get(market, order.trading_day)
    live = state.orders.get(order.order_id)
    return OrderRow(
        order=order,
        hold=live.hold if live is not None else NO_HOLD,
        market=market,
        submitted_day=order.trading_day,
        changed_day=max(running, order.trading_day),
        seq=seq,
    )


def _event_row(order: Order, seq: int, index: int) -> OrderEventRow:
    quantity = order.leaves_quantity if order.is_terminal else order.quantity
    return OrderEventRow(
        order.order_id, seq, index, order.updated_at, order.status, order.price, quantity, order.msg
    )


def _held_rows(state: State, order: Order) -> Iterator[Row]:
    if order.terms.side is OrderSide.BUY:
        if order.currency in state.accounts[order.account_no].purses:
            yield balance_row(state, order.account_no, order.currency)
    else:
        yield from position_rows(state, order.account_no, order.terms.symbol)
        yield from pledge_rows(state, order.account_no, order.option)


def _fill_rows(
    state: State, fact: OrderFilled, order: Order, seq: int, index: int
) -> Iterator[Row]:
    execution = fact.execution
    yield OrderEventRow(
        order.order_id,
        seq,
        index,
        execution.at,
        order.status,
        execution.price,
        execution.quantity,
        f"Execution of {execution.quantity:f}",
    )
    yield ExecutionRow(execution, market_of(execution.symbol), seq, index)
    yield from _charge_rows(fact, seq, index)
    yield balance_row(state, execution.account_no, execution.currency)
    yield from position_rows(state, execution.account_no, execution.symbol)
    yield from pledge_rows(state, execution.account_no, execution.option)


def _charge_rows(fact: OrderFilled, seq: int, index: int) -> Iterator[Row]:
    """Yield the execution's line of the cash flow and one for each fee it added.

    Lists are newest first: counting down puts the fees right after their execution.
    """
    execution = fact.execution
    bought = execution.side is OrderSide.BUY
    lines = [
        (
            "BuyContract-Stocks" if bought else "SellContract-Stocks",
            -execution.consideration if bought else execution.consideration,
        ),
        *((fee.name, -fee.amount) for fee in fact.fees),
    ]
    last = (index + 1) * ROWS_PER_FACT_MAX - 1
    for place, (name, amount) in enumerate(lines):
        yield CashFlowRow(
            account_no=execution.account_no,
            seq=seq,
            index=last - place,
            name=name,
            business_type=BusinessType.STOCK,
            amount=amount,
            currency=execution.currency,
            at=execution.at,
            symbol=execution.symbol,
            description=f"{execution.trade_id}",
        )
    for place, fee in enumerate(fact.fees):
        yield ChargeRow(
            execution.order_id,
            seq,
            index * ROWS_PER_FACT_MAX + place,
            fee.name,
            fee.amount,
            execution.currency,
        )


def _settled_rows(state: State, fact: SettlementDone) -> Iterator[Row]:
    for one in fact.settled:
        yield balance_row(state, one.account_no, one.currency)
    for account_no, account in state.accounts.items():
        for symbol in account.positions:
            if market_of(symbol) is fact.market:
                yield from position_rows(state, account_no, symbol)
