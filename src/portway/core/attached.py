"""Orders attached to an order: a profit taker, a stop loss, or both as a bracket.

Children get ids right after their parent's and sleep until it executes; then each watches for its
trigger, for what has been executed. The execution of one child of a bracket cancels the other; a
released child cancels what is left of its parent; a parent that ends without an execution takes
its children with it. A sleeping or watching child reserves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import structs

from portway.core.book import opposite
from portway.core.condition_checks import condition_refusals
from portway.core.matching import step_of
from portway.core.order_states import Step
from portway.core.state import LiveOrder, State
from portway.core.triggers import Watch
from portway.model.event import (
    NO_HOLD,
    Event,
    Fact,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
    RefusalReason,
    WatchMoved,
)
from portway.model.order import (
    TERMINAL_STATUSES,
    AttachedKind,
    AttachedTerms,
    Order,
    OrderSide,
    OrderStatus,
    OrderTerms,
    OrderType,
    TimeInForce,
    TriggerStatus,
)
from portway.model.symbol import Market, market_of

__all__ = ["attached_refusal", "children", "follow", "replace_children"]

OCO_MSG = "canceled: the other order of the bracket was executed"
PARENT_MSG = "canceled: the order it was attached to has ended"
RELEASED_MSG = "canceled: an order attached to it was triggered"
PLACES = {AttachedKind.PROFIT_TAKER: 1, AttachedKind.STOP_LOSS: 2}
R = RefusalReason


def attached_refusal(terms: OrderTerms) -> OrderRefused | None:
    """Return what is wrong with what shall be attached to an order; None when nothing is."""
    wish = terms.attached
    if wish is None:
        return None
    if market_of(terms.symbol) is Market.CN:
        return OrderRefused(R.PARAMETER_INVALID, "attached_params")
    if wish.activate_order_type not in (OrderType.LIT, OrderType.MIT):
        return OrderRefused(R.PARAMETER_INVALID, "activate_order_type")
    if wish.time_in_force is TimeInForce.GTD and wish.expire_date is None:
        return OrderRefused(R.PARAMETER_INVALID, "expire_time")
    for kind in kinds_of(wish):
        child = _child_terms(terms, wish, kind)
        refused = next(condition_refusals(child), None)
        if refused is not None:
            return OrderRefused(R.PARAMETER_INVALID, f"{kind.name.lower()}_price")
    return None


def kinds_of(wish: AttachedTerms) -> tuple[AttachedKind, ...]:
    """Return which children there are."""
    if wish.kind is AttachedKind.BRACKET:
        return (AttachedKind.PROFIT_TAKER, AttachedKind.STOP_LOSS)
    return (wish.kind,)


def children(parent: Order) -> Iterator[OrderAccepted]:
    """Yield the children of an accepted order, asleep."""
    wish = parent.terms.attached
    if wish is None:
        return
    for kind in kinds_of(wish):
        terms = _child_terms(parent.terms, wish, kind)
        child = structs.replace(
            parent,
            order_id=parent.order_id + PLACES[kind],
            terms=terms,
            status=OrderStatus.VARIETIES_NOT_REPORTED,
            price=terms.price,
            trigger_status=TriggerStatus.DEACTIVE,
            parent_id=parent.order_id,
            attached_kind=kind,
        )
        yield OrderAccepted(child, NO_HOLD)


def _child_terms(terms: OrderTerms, wish: AttachedTerms, kind: AttachedKind) -> OrderTerms:
    takes_profit = kind is AttachedKind.PROFIT_TAKER
    trigger = wish.profit_taker_price if takes_profit else wish.stop_loss_price
    price = wish.profit_taker_submit_price if takes_profit else wish.stop_loss_submit_price
    level = wish.profit_taker_depth_level if takes_profit else wish.stop_loss_depth_level
    is_limit = wish.activate_order_type is OrderType.LIT
    return OrderTerms(
        terms.symbol,
        wish.activate_order_type,
        opposite(terms.side),
        terms.quantity,
        wish.time_in_force,
        price=price if is_limit and not level else None,
        trigger_price=trigger,
        expire_date=wish.expire_date,
        outside_rth=wish.activate_rth,
        limit_depth_level=level if is_limit else 0,
    )


FOLLOWED = (OrderFilled, OrderStatusChanged)  # Nothing follows from any other event.


def follow(state: State, event: Event, at: datetime) -> Iterator[Fact]:
    """Yield what an event, added up already, brings about among attached orders."""
    match event:
        case OrderFilled():
            yield from _after_fill(state, event, at)
        case OrderStatusChanged() if event.status in TERMINAL_STATUSES:
            yield from _after_end(state, event, at)
        case OrderStatusChanged() if event.trigger_status is TriggerStatus.RELEASED:
            live = state.orders.get(event.order_id)
            parent = state.orders.get(live.order.parent_id or 0) if live is not None else None
            if parent is not None:
                yield _canceled(parent, at, RELEASED_MSG)


def _after_fill(state: State, event: OrderFilled, at: datetime) -> Iterator[Fact]:
    order_id = event.execution.order_id
    for child in _children_of(state, order_id):
        yield from _wake(child, event, at)
    parent_id = _parent_of(state, order_id)
    if parent_id is None:
        return
    for sibling in _children_of(state, parent_id):
        if sibling.order.order_id != order_id:
            yield _canceled(sibling, at, OCO_MSG)


def _wake(child: LiveOrder, event: OrderFilled, at: datetime) -> Iterator[Fact]:
    order, executed = child.order, event.execution.quantity
    if order.trigger_status is TriggerStatus.ACTIVE:
        executed += order.quantity
    elif order.trigger_status is not TriggerStatus.DEACTIVE:
        return
    yield OrderStatusChanged(
        order.order_id,
        order.account_no,
        order.status,
        at,
        NO_HOLD,
        trigger_status=TriggerStatus.ACTIVE,
        quantity=executed,
    )
    if child.watch is None:
        yield _first_watch(order, at)


def _first_watch(order: Order, at: datetime) -> WatchMoved:
    """Return what a child waits for: profit beyond the market, loss behind it."""
    sells = order.terms.side is OrderSide.SELL
    rises = sells is (order.attached_kind is AttachedKind.PROFIT_TAKER)
    watch = Watch(rises=rises)
    return WatchMoved(
        order.order_id, at, watch.rises, watch.is_armed, watch.extreme, watch.is_met, watch.touches
    )


def _after_end(state: State, event: OrderStatusChanged, at: datetime) -> Iterator[Fact]:
    for child in _children_of(state, event.order_id):
        if child.order.trigger_status is TriggerStatus.DEACTIVE:
            yield _canceled(child, at, PARENT_MSG)


def _children_of(state: State, parent_id: int) -> Iterator[LiveOrder]:
    for place in PLACES.values():
        child = state.orders.get(parent_id + place)
        if child is not None and child.order.parent_id == parent_id:
            yield child


def _parent_of(state: State, order_id: int) -> int | None:
    live = state.orders.get(order_id)
    if live is not None:
        return live.order.parent_id
    closed = state.closed.get(order_id)
    return closed.parent_id if closed is not None else None


def _canceled(live: LiveOrder, at: datetime, msg: str) -> Fact:
    return step_of(live, Step.CANCELED, at, ends=True, msg=msg)


def replace_children(
    state: State, parent_id: int, wish: AttachedTerms | None, *, cancels: bool, at: datetime
) -> Iterator[Fact]:
    """Yield new terms of the children that have not been triggered, or their ends."""
    for child in _children_of(state, parent_id):
        order = child.order
        if order.trigger_status is TriggerStatus.RELEASED:
            continue
        if cancels:
            yield _canceled(child, at, "")
            continue
        if wish is None or order.attached_kind not in kinds_of(wish):
            continue
        asked = _child_terms(order.terms, wish, order.attached_kind)
        terms = structs.replace(
            order.terms,
            trigger_price=asked.trigger_price or order.terms.trigger_price,
            price=asked.price or order.terms.price,
            limit_depth_level=asked.limit_depth_level or order.terms.limit_depth_level,
        )
        yield OrderReplaced(
            order_id=order.order_id,
            account_no=order.account_no,
            status=order.status,
            at=at,
            quantity=order.quantity,
            price=terms.price,
            remark=terms.remark,
            hold=NO_HOLD,
            keeps_priority=True,
            terms=terms,
        )
        if order.trigger_status is TriggerStatus.ACTIVE:
            yield _first_watch(order, at)
