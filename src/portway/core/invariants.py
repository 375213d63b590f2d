"""What is always true of a venue's state, each with its name; checked in tests and by tools.

A violation is a defect of the core or a damaged journal, never something a client can cause.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portway.core.ledger import client_cash, client_settling, client_shares
from portway.core.order_states import WAITING_STATUSES, works_as
from portway.core.state import Account, LiveOrder, State
from portway.model.account import AccountKind
from portway.model.event import NO_HOLD
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType, TriggerStatus
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["check_invariants"]

ZERO = Decimal(0)


def _zeros() -> defaultdict[Any, Decimal]:
    return defaultdict(Decimal)


@dataclass(slots=True)
class _Held:
    """What the orders and the unsettled money of a state add up to, found in one pass.

    Attributes:
        cash: By account and currency, of buys, fees included; `fees` those.
        shares: By account and symbol; `buying`: the cash held for it, fees left out.
        due: By account and currency: receivable and payable.
        orders: Number by account.
    """

    cash: defaultdict[tuple[str, Currency], Decimal] = field(default_factory=_zeros)
    fees: defaultdict[tuple[str, Currency], Decimal] = field(default_factory=_zeros)
    shares: defaultdict[tuple[str, Symbol], Decimal] = field(default_factory=_zeros)
    buying: defaultdict[tuple[str, Symbol], Decimal] = field(default_factory=_zeros)
    due: dict[tuple[str, Currency], tuple[Decimal, Decimal]] = field(default_factory=dict)
    orders: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


def check_invariants(state: State) -> None:
    """Assert every invariant of a state; the message names the one that does not hold."""
    assert not state.ledger.imbalance(), f"balance: {state.ledger.imbalance()}"
    held = _held(state)
    for account in state.accounts.values():
        _check_money(state, account, held)
        _check_shares(state, account, held)
        no = account.account_no
        assert account.live_orders == held.orders[no], f"life: orders of {no}"
    _check_orders(state)
    _check_books(state)


def _held(state: State) -> _Held:
    held = _Held()
    for live in state.orders.values():
        order, hold = live.order, live.hold
        no, symbol = order.account_no, order.terms.symbol
        held.orders[no] += 1
        if hold == NO_HOLD:
            continue
        if order.terms.side is OrderSide.BUY:
            held.cash[no, order.currency] += hold.cash + hold.fees
            held.fees[no, order.currency] += hold.fees
        held.shares[no, symbol] += hold.shares
        held.buying[no, symbol] += hold.cash
    for (_, _, no, currency), one in state.unsettled.items():
        receivable, payable = held.due.get((no, currency), (ZERO, ZERO))
        held.due[no, currency] = (receivable + one.receivable, payable + one.payable)
    return held


def _check_money(state: State, account: Account, held: _Held) -> None:
    no, ledger = account.account_no, state.ledger
    for currency, purse in account.purses.items():
        where, key = f"{no} {currency}", (no, currency)
        kept = ledger.balance(client_cash(no), currency.value)
        settling = ledger.balance(client_settling(no), currency.value)
        assert purse.cash == kept + settling, f"balance: cash of {where}"
        assert settling == purse.receivable - purse.payable, f"balance: settling of {where}"
        due = held.due.get(key, (ZERO, ZERO))
        assert (purse.receivable, purse.payable) == due, f"queue: {where}"
        assert purse.frozen_cash == held.cash[key], f"holds: frozen cash of {where}"
        assert purse.frozen_fees == held.fees[key], f"holds: {where}"


def _check_shares(state: State, account: Account, held: _Held) -> None:
    _check_written(account)
    for symbol, position in account.positions.items():
        where, key = f"{account.account_no} {symbol}", (account.account_no, symbol)
        ledger = state.ledger.balance(client_shares(account.account_no), symbol)
        assert position.quantity == ledger, f"balance: shares of {where}"
        assert position.frozen == held.shares[key], f"holds: frozen shares of {where}"
        may_borrow = account.kind is AccountKind.MARGIN and market_of(symbol) is not Market.CN
        may_be_short = may_borrow or position.option is not None
        assert may_be_short or position.available >= 0, f"holds: {where} is sold twice"
        assert position.buying == held.buying[key], f"holds: buying of {where}"


def _check_orders(state: State) -> None:
    for order_id, live in state.orders.items():
        order = live.order
        assert not order.is_terminal, f"life: {order_id} is terminal and kept"
        assert order_id not in state.closed, f"life: {order_id} is closed and kept"
        assert ZERO <= order.executed_quantity < order.quantity, f"quantity: {order_id}"
        _check_trigger(state, live)
        waits = order.status in WAITING_STATUSES or live.is_parked
        listed = order_id in state.waiting.get(market_of(order.terms.symbol), {})
        assert waits == listed, f"life: {order_id} waits and is not listed, or the reverse"
        assert not (waits and live.arrival is not None), f"life: {order_id} waits and rests"
    lingering = {order_id for some in state.lingering.values() for order_id in some}
    bounded = {order_id for order_id, live in state.orders.items() if live.bound is not None}
    assert lingering == bounded, "life: market orders that linger are listed"
    for order_id in state.timers:
        assert order_id in state.orders, f"life: a timer of {order_id}, which is gone"


def _check_trigger(state: State, live: LiveOrder) -> None:
    """What waits for its trigger, or sleeps, reserves nothing; what watches is listed."""
    order = live.order
    sleeps = order.trigger_status is TriggerStatus.DEACTIVE
    watches = order.trigger_status is TriggerStatus.ACTIVE
    listed = order.order_id in state.watching.get(order.terms.symbol, {})
    assert watches == listed, f"life: {order.order_id} watches and is not listed, or the reverse"
    if order.terms.combination is not None:
        assert live.hold == NO_HOLD, f"holds: {order.order_id} leaves it to its legs"
        return
    if watches or sleeps:
        assert order.status is OrderStatus.VARIETIES_NOT_REPORTED, f"life: {order.order_id}"
        assert live.hold == NO_HOLD, f"holds: {order.order_id} holds before its trigger"
    elif order.terms.side is OrderSide.SELL and order.status is not OrderStatus.WAIT_TO_NEW:
        # A released order that cannot be paid holds nothing until it is rejected right after.
        released = order.status is OrderStatus.VARIETIES_NOT_REPORTED
        if not (released and live.hold == NO_HOLD):
            assert live.hold.shares == order.leaves_quantity, f"holds: {order.order_id}"


def _check_written(account: Account) -> None:
    """A cash account covers every call it has written with shares that nothing else needs."""
    assert list(account.options) == [
        symbol for symbol, one in account.positions.items() if one.option is not None
    ], f"options: {account.account_no}"
    if account.kind is AccountKind.MARGIN:
        return
    needed: dict[Symbol, Decimal] = {}
    for symbol in account.options:
        position = account.positions[symbol]
        option = position.option
        if option is not None and option.is_call:
            written = position.written * option.multiplier
            needed[option.underlying] = needed.get(option.underlying, ZERO) + written
    for symbol, shares in needed.items():
        held = account.positions.get(symbol)
        free = held.available if held is not None else ZERO
        assert shares <= free, f"holds: calls of {account.account_no} on {symbol} are not covered"


def _check_books(state: State) -> None:
    for symbol, book in state.books.items():
        for queue in (book.bids, book.asks):
            assert list(queue) == sorted(queue), f"book: {symbol} is out of order"
            assert all(queue.levels.values()), f"book: {symbol} has an empty level"
            for resting in queue:
                live = state.orders[resting.order_id]
                assert live.arrival == resting.arrival, f"book: {resting.order_id}"
                assert live.order.price == resting.price, f"book: price of {resting.order_id}"
    for order_id, live in state.orders.items():
        if live.arrival is not None:
            assert _places(state, live) == 1, f"book: {order_id}"


def _places(state: State, live: LiveOrder) -> int:
    """Return in how many queues an order stands that it belongs to."""
    order, symbol = live.order, live.order.terms.symbol
    kind = works_as(order.terms.order_type)
    if kind in (OrderType.AO, OrderType.ODD):
        lists = state.unpriced if kind is OrderType.AO else state.odd_lots
        return int(order.order_id in lists.get(symbol, {}))
    queue = state.books[symbol].side(order.terms.side)
    return sum(one.order_id == order.order_id for one in queue)
