"""Adds events up: the only place where State changes.

Every amount comes from the event; nothing is decided, looked up or computed by a rule that may
change later. An event that does not fit the state is a defect and fails an assertion before
anything is written.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from portway.core.evolve_accounts import evolve_account
from portway.core.ledger import client_settling
from portway.core.order_states import WAITING_STATUSES, works_as
from portway.core.state import (
    REQUEST_WINDOW,
    Account,
    AuctionMark,
    ClosedOrder,
    Curb,
    FeeDay,
    LiveOrder,
    State,
    Unsettled,
    average_cost,
)
from portway.core.triggers import CONDITIONAL_TYPES, Watch
from portway.model.event import (
    NO_HOLD,
    AuctionBounded,
    AuctionHeld,
    CombinationFilled,
    CurbLifted,
    Fact,
    Hold,
    OrderAccepted,
    OrderFilled,
    OrderLingers,
    OrderParked,
    OrderReentered,
    OrderReplaced,
    OrderStatusChanged,
    QueueMoved,
    Settled,
    SettlementDone,
    TradingCurbed,
    VenueConfigured,
    WatchMoved,
)
from portway.model.order import Order, OrderSide, OrderStatus, OrderType, TriggerStatus
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["evolve"]

ZERO = Decimal(0)
HOME_MARKET = Market.HK  # By whose trading days a margin call falls due.


def evolve(state: State, event: Fact) -> Order | None:
    """Add `event` to `state`; return the order it is about as it stands afterwards."""
    match event:
        case OrderAccepted():
            return _accepted(state, event)
        case OrderStatusChanged():
            return _status_changed(state, event)
        case OrderFilled():
            return _filled(state, event)
        case OrderReplaced():
            return _replaced(state, event)
        case CombinationFilled():
            return _combination_filled(state, event)
        case WatchMoved():
            state.orders[event.order_id].watch = Watch(
                event.rises, event.is_armed, event.extreme, event.is_met, event.touches
            )
        case QueueMoved():
            state.orders[event.order_id].ahead = event.ahead
        case OrderLingers():
            live = state.orders[event.order_id]
            live.bound = event.bound
            state.timers[event.order_id] = event.until
            symbol = live.order.terms.symbol
            state.lingering.setdefault(symbol, {})[event.order_id] = None
        case OrderParked():
            _parked(state, state.orders[event.order_id])
        case OrderReentered():
            _reentered(state, state.orders[event.order_id], event)
        case AuctionBounded():
            state.auctions[event.symbol] = AuctionMark(
                event.trading_day,
                event.auction,
                is_over=False,
                lowest_ask=event.lowest_ask,
                highest_bid=event.highest_bid,
            )
        case AuctionHeld():
            state.auctions[event.symbol] = AuctionMark(
                event.trading_day, event.auction, is_over=True
            )
        case TradingCurbed():
            state.curbs[event.symbol] = Curb(event.kind, event.until, event.lower, event.upper)
        case CurbLifted():
            del state.curbs[event.symbol]
        case SettlementDone():
            _settled(state, event)
        case VenueConfigured():
            state.settings = event.settings
            state.is_configured = True
        case _:
            evolve_account(state, event)
    return None


def _accepted(state: State, event: OrderAccepted) -> Order:
    order = event.order
    account = state.accounts[order.account_no]
    assert order.order_id not in state.orders, "an order is accepted once"
    _remember_request(account, order)
    live = LiveOrder(order)
    state.orders[order.order_id] = live
    symbol = order.terms.symbol
    account.live_orders += 1
    for one in order.symbols:
        state.symbols[one] = state.symbols.get(one, 0) + 1
    if order.terms.combination is not None:
        state.combinations[order.order_id] = None
    _set_hold(state, live, event.hold)
    if order.status in WAITING_STATUSES:
        state.waiting.setdefault(market_of(symbol), {})[order.order_id] = None
    _set_timer(state, live)
    _watch_or_not(state, live)
    if order.is_terminal:
        _close(state, live)
    return order


def _remember_request(account: Account, order: Order) -> None:
    request_id = order.terms.client_request_id
    if request_id is None:
        return
    requests = account.requests.setdefault(market_of(order.terms.symbol), {})
    # Entered by time, so what is too old stands in front.
    for old, (_, at) in tuple(requests.items()):
        if order.submitted_at - at < REQUEST_WINDOW:
            break
        del requests[old]
    requests.pop(request_id, None)
    requests[request_id] = (order.order_id, order.submitted_at)


def _status_changed(state: State, event: OrderStatusChanged) -> Order:
    live = state.orders[event.order_id]
    before = live.order.status
    live.order = order = structs.replace(
        live.order,
        status=event.status,
        updated_at=event.at,
        msg=event.msg,  # Of this step alone: what refused a replace is past with the next step.
        trigger_status=event.trigger_status or live.order.trigger_status,
        triggered_at=event.triggered_at or live.order.triggered_at,
        price=live.order.price if event.price is None else event.price,
        quantity=event.quantity or live.order.quantity,
        trading_day=event.trading_day or live.order.trading_day,
    )
    _set_hold(state, live, event.hold)
    if before in WAITING_STATUSES and event.status not in WAITING_STATUSES:
        state.waiting[market_of(order.terms.symbol)].pop(order.order_id, None)
        state.timers.pop(order.order_id, None)
    _watch_or_not(state, live)
    if event.status is OrderStatus.WAIT_TO_REPLACE:
        live.before_replace = before
    if event.status is OrderStatus.NEW and live.since is None:
        live.since = event.at
        _join_book(state, live)
    if order.is_terminal:
        _close(state, live)
    return order


def _filled(state: State, event: OrderFilled) -> Order:
    execution = event.execution
    live = state.orders[execution.order_id]
    order = live.order
    live.order = order = structs.replace(
        order,
        status=event.status,
        updated_at=execution.at,
        executed_quantity=order.executed_quantity + execution.quantity,
        executed_amount=order.executed_amount + execution.price * execution.quantity,
        last_price=execution.price,
        msg="",
    )
    assert order.leaves_quantity >= 0, "never more is executed than was submitted"
    live.executions += 1
    _add_fees(live, event)
    _set_hold(state, live, event.hold)
    _move_money(state, event)
    _move_shares(state, event)
    if order.is_terminal:
        assert not order.leaves_quantity, "a fill ends an order by filling it"
        _close(state, live)
    return order


def _combination_filled(state: State, event: CombinationFilled) -> Order:
    live = state.orders[event.order_id]
    order = live.order
    live.order = order = structs.replace(
        order,
        status=event.status,
        updated_at=event.at,
        executed_quantity=order.executed_quantity + event.quantity,
        executed_amount=order.executed_amount + event.quantity * event.price,
        last_price=event.price,
        msg="",
    )
    assert order.leaves_quantity >= 0, "never more is executed than was submitted"
    live.executions += 1
    if order.is_terminal:
        _close(state, live)
    return order


def _add_fees(live: LiveOrder, event: OrderFilled) -> None:
    execution = event.execution
    day = live.fee_day
    if day is None or day.on != execution.trading_day:
        day = live.fee_day = FeeDay(execution.trading_day)
    day.consideration += execution.consideration
    day.quantity += execution.quantity
    for fee in event.fees:
        day.charged[fee.name] = day.charged.get(fee.name, ZERO) + fee.amount


def _move_money(state: State, event: OrderFilled) -> None:
    execution, entry = event.execution, event.entry
    state.ledger.add(entry)
    account_no, currency = execution.account_no, execution.currency
    purse_name = client_settling(account_no)
    net = ZERO
    for one in entry.postings:
        if one.asset == currency and one.account == purse_name:
            net += one.amount
    assert entry.settles_on is not None, "an execution settles on a day"
    key = (market_of(execution.symbol), entry.settles_on, account_no, currency)
    due = state.unsettled.setdefault(key, Unsettled())
    purse = state.accounts[account_no].purse(currency)
    purse.cash += net
    if net > 0:
        due.receivable += net
        purse.receivable += net
    else:
        due.payable -= net
        purse.payable -= net


def _move_shares(state: State, event: OrderFilled) -> None:
    execution = event.execution
    account = state.accounts[execution.account_no]
    position = account.position(execution.symbol, execution.currency, execution.option)
    is_buy = execution.side is OrderSide.BUY
    moved = execution.quantity if is_buy else -execution.quantity
    position.cost_price = average_cost(position, execution.price, moved)
    position.quantity += moved
    if is_buy and event.sellable_from > execution.trading_day:
        position.locked.append((event.sellable_from, execution.quantity))


def _replaced(state: State, event: OrderReplaced) -> Order:
    live = state.orders[event.order_id]
    if live.arrival is not None and not event.keeps_priority:
        _leave_book(state, live)
        live.since = event.at
    live.order = order = structs.replace(
        live.order,
        status=event.status,
        updated_at=event.at,
        quantity=event.quantity,
        price=event.price,
        msg="",
        terms=event.terms or structs.replace(live.order.terms, remark=event.remark),
    )
    _set_hold(state, live, event.hold)
    _set_timer(state, live)
    if event.terms is not None and live.watched_from is not None:
        live.watched_from = event.at
    if event.status is OrderStatus.REPLACED and live.arrival is None and not live.is_parked:
        _join_book(state, live)
    return order


def _settled(state: State, event: SettlementDone) -> None:
    state.days[event.market] = event.trading_day
    for one in event.settled:
        _settle_one(state, event, one)
    for account in state.accounts.values():
        if event.market is HOME_MARKET and account.called_days is not None:
            account.called_days += 1
        for symbol, position in tuple(account.positions.items()):
            if market_of(symbol) is not event.market:
                continue
            if position.is_idle:
                del account.positions[symbol]
                account.options.pop(symbol, None)
                continue
            position.init_quantity = position.quantity
            position.locked = [lot for lot in position.locked if lot[0] > event.trading_day]


def _settle_one(state: State, event: SettlementDone, one: Settled) -> None:
    due = state.unsettled.pop((event.market, one.settles_on, one.account_no, one.currency))
    assert (due.receivable, due.payable) == (one.receivable, one.payable), "what was due is settled"
    state.ledger.add(one.entry)
    purse = state.accounts[one.account_no].purse(one.currency)
    purse.receivable -= one.receivable
    purse.payable -= one.payable


def _set_hold(state: State, live: LiveOrder, hold: Hold) -> None:
    """Reserve `hold` in place of what the order had reserved."""
    old = live.hold
    if old is hold or old == hold:
        return
    live.hold = hold
    order = live.order
    account = state.accounts[order.account_no]
    if order.terms.side is OrderSide.BUY:
        purse = account.purse(order.currency)
        purse.frozen_cash += hold.cash + hold.fees - old.cash - old.fees
        purse.frozen_fees += hold.fees - old.fees
    symbol = order.terms.symbol
    position = account.positions.get(symbol)
    if position is None:
        position = account.position(symbol, order.currency, order.option)
    position.buying += hold.cash - old.cash
    position.frozen += hold.shares - old.shares


def _set_timer(state: State, live: LiveOrder) -> None:
    """Keep the instant at which a delayed order is reported, while it waits for it."""
    order = live.order
    if order.status is not OrderStatus.DELAYED_NOT_REPORTED:
        return
    if order.terms.delayed_until is not None:
        state.timers[order.order_id] = order.terms.delayed_until
    else:
        state.timers.pop(order.order_id, None)


def _watch_or_not(state: State, live: LiveOrder) -> None:
    """List an order among those that see prints exactly while it waits for its trigger."""
    order, symbol = live.order, live.order.terms.symbol
    if order.terms.order_type not in CONDITIONAL_TYPES:
        return
    if order.trigger_status is TriggerStatus.ACTIVE and not order.is_terminal:
        listed = state.watching.setdefault(symbol, {})
        if order.order_id not in listed:
            listed[order.order_id] = None
            live.watched_from = order.updated_at
    else:
        _unlist(state.watching, symbol, order.order_id)


def _unlist(lists: dict[Symbol, dict[int, None]], symbol: Symbol, order_id: int) -> None:
    listed = lists.get(symbol)
    if listed is None:
        return
    listed.pop(order_id, None)
    if not listed:
        del lists[symbol]


def _parked(state: State, live: LiveOrder) -> None:
    if live.arrival is not None:
        _leave_book(state, live)
    live.is_parked = True
    order = live.order
    state.waiting.setdefault(market_of(order.terms.symbol), {})[order.order_id] = None


def _reentered(state: State, live: LiveOrder, event: OrderReentered) -> None:
    order = live.order
    assert live.is_parked, "what comes back was away"
    del state.waiting[market_of(order.terms.symbol)][order.order_id]
    live.is_parked = False
    live.since = event.at
    _join_book(state, live)


def _join_book(state: State, live: LiveOrder) -> None:
    """Queue an order behind all that stand at its price; a market order never rests."""
    order = live.order
    symbol = order.terms.symbol
    kind = works_as(order.terms.order_type)
    if kind is OrderType.MO or order.terms.combination is not None:
        return
    state.arrivals += 1
    live.arrival, live.ahead = state.arrivals, ZERO
    if kind is OrderType.AO:
        state.unpriced.setdefault(symbol, {})[order.order_id] = None
    elif kind is OrderType.ODD:
        state.odd_lots.setdefault(symbol, {})[order.order_id] = None
    else:
        assert order.price is not None, "what rests has a price"
        state.book(symbol).add(order.terms.side, order.price, live.arrival, order.order_id)


def _leave_book(state: State, live: LiveOrder) -> None:
    order, symbol = live.order, live.order.terms.symbol
    assert live.arrival is not None, "what rests has arrived"
    arrival, live.arrival = live.arrival, None
    kind = works_as(order.terms.order_type)
    if kind is OrderType.AO:
        _unlist(state.unpriced, symbol, order.order_id)
        return
    if kind is OrderType.ODD:
        _unlist(state.odd_lots, symbol, order.order_id)
        return
    assert order.price is not None, "what rests has a price"
    book = state.books[symbol]
    book.remove(order.terms.side, order.price, arrival, order.order_id)
    if book.is_empty:
        del state.books[symbol]


def _close(state: State, live: LiveOrder) -> None:
    """Forget a terminal order but for its end."""
    order = live.order
    assert live.hold == NO_HOLD, "a terminal order holds nothing"
    if live.arrival is not None:
        _leave_book(state, live)
    symbol = order.terms.symbol
    state.waiting.get(market_of(symbol), {}).pop(order.order_id, None)
    state.timers.pop(order.order_id, None)
    _unlist(state.watching, symbol, order.order_id)
    _unlist(state.lingering, symbol, order.order_id)
    del state.orders[order.order_id]
    state.closed[order.order_id] = ClosedOrder(
        order.account_no, order.terms.order_type, order.status, order.parent_id
    )
    state.combinations.pop(order.order_id, None)
    state.accounts[order.account_no].live_orders -= 1
    for one in order.symbols:
        state.symbols[one] -= 1
        if not state.symbols[one]:
            del state.symbols[one]
            state.auctions.pop(one, None)
