"""What owners ask of orders they have: new terms, or the order back.

A refusal is yielded alone; else facts, each added up by the caller before the next. Fields that the
order's type does not have are ignored, and what is not named stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import structs

from portway.core.attached import replace_children
from portway.core.condition_checks import condition_refusals, delay_refusals
from portway.core.conditional import start_watch
from portway.core.exchange_rules import is_locked, place_of
from portway.core.funds import funds_refusal
from portway.core.matching import Floor, match_depth, queue_moves, step_of
from portway.core.order_checks import PRICED_TYPES, estimate_hold
from portway.core.order_checks import replace_refusal as terms_refusal
from portway.core.order_states import (
    WAITING_STATUSES,
    Step,
    cancel_refusal,
    next_status,
    replace_refusal,
    works_as,
)
from portway.core.reporting import entry_hold, exchange_refusal, meet, place_now, report
from portway.core.short_sales import least_price, short_price_refusal
from portway.core.state import LiveOrder, State
from portway.core.triggers import TRAILING_TYPES
from portway.model.command import CancelOrder, MarketView, ReplaceOrder
from portway.model.event import (
    NO_HOLD,
    Event,
    Fact,
    Hold,
    OrderRefused,
    OrderReplaced,
    RefusalReason,
)
from portway.model.order import Order, OrderStatus, OrderTerms, OrderType, TriggerStatus

__all__ = ["cancel", "replace"]

AT_ONCE_SECONDS = 1  # A submit time by which the owner clears the one that was set.
R = RefusalReason


def replace(
    state: State, command: ReplaceOrder, view: MarketView | None, floor: Floor | None
) -> Iterator[Event]:
    """Decide on new terms for an order: refused, or in force, matching again if they cross."""
    live = _own_live(state, command.account_no, command.order_id)
    refused = _replace_refusal(state, command, live)
    if refused is not None:
        yield refused
        return
    assert live is not None, "refused without an order"
    if view is None or floor is None:
        yield OrderRefused(R.SECURITY_NOT_TRADABLE)
        return
    if live.order.status not in WAITING_STATUSES and not live.is_parked and is_locked(view):
        yield OrderRefused(R.REPLACE_NOT_ALLOWED)
        return
    account = state.accounts[command.account_no]
    terms = _asked(live.order, command)
    why = terms_refusal(account, live, command, view, state.settings)
    why = why or next(condition_refusals(terms), None)
    if command.delayed_until is not None and terms.delayed_until is not None:
        why = why or next(delay_refusals(terms, state.settings, floor.at), None)
    if why is not None:
        yield why
        return
    replaced, needed = _new_terms(floor, live, command, terms)
    leaves = replaced.quantity - live.order.executed_quantity
    reason = funds_refusal(floor, account, live.order.terms.side, leaves, needed, live.hold)
    if reason is not None:
        yield OrderRefused(reason)
        return
    if command.attached is not None or command.cancels_attached:
        yield from replace_children(
            state,
            live.order.order_id,
            command.attached,
            cancels=command.cancels_attached,
            at=floor.at,
        )
    yield from _carry_out(floor, live, replaced)


def _replace_refusal(
    state: State, command: ReplaceOrder, live: LiveOrder | None
) -> OrderRefused | None:
    if live is not None:
        order = live.order
        moves_time = order.status is OrderStatus.DELAYED_NOT_REPORTED
        if moves_time and command.delayed_until is not None:
            return None  # Even a market order has this to change.
        kind = order.terms.order_type
        if order.trigger_status is TriggerStatus.RELEASED:
            kind = works_as(kind)
        reason = replace_refusal(kind, order.status)
        return OrderRefused(reason) if reason is not None else None
    closed = state.closed.get(command.order_id)
    if closed is None or closed.account_no != command.account_no:
        return OrderRefused(R.ORDER_NOT_FOUND)
    reason = replace_refusal(closed.order_type, closed.status)
    assert reason is not None, "a terminal order is never replaced"
    return OrderRefused(reason)


def _asked(order: Order, command: ReplaceOrder) -> OrderTerms:
    """Return the terms as the owner wants them: what the type has, and the command names."""
    terms, kind = order.terms, order.terms.order_type
    changes: dict[str, object] = {}
    if command.remark is not None:
        changes["remark"] = command.remark
    watched = order.trigger_status in (TriggerStatus.ACTIVE, TriggerStatus.DEACTIVE)
    fields: tuple[str, ...] = ()
    if watched and kind in (OrderType.LIT, OrderType.MIT):
        fields = ("trigger_price", "trigger_count")
    elif watched and kind in TRAILING_TYPES:
        fields = ("limit_offset", "limit_depth_level", "trigger_count", "monitor_price")
        by_amount = kind in (OrderType.TSLPAMT, OrderType.TSMAMT)
        fields += ("trailing_amount",) if by_amount else ("trailing_percent",)
    for field in fields:
        value = getattr(command, field)
        if value is not None:
            changes[field] = value
    if order.status is OrderStatus.DELAYED_NOT_REPORTED and command.delayed_until is not None:
        clears = command.delayed_until.timestamp() <= AT_ONCE_SECONDS
        changes["delayed_until"] = None if clears else command.delayed_until
    return structs.replace(terms, **changes)


def _new_terms(
    floor: Floor, live: LiveOrder, command: ReplaceOrder, terms: OrderTerms
) -> tuple[OrderReplaced, Hold | None]:
    """Return the replacement as it will be in force, and what the account must be able to pay."""
    order = live.order
    quantity = order.quantity if command.quantity is None else command.quantity
    price = order.price
    if command.price is not None and (order.price is not None or _has_limit(order)):
        price = command.price
    leaves = quantity - order.executed_quantity
    needed = (
        entry_hold(floor, terms, price, leaves)
        if price is None or order.status is OrderStatus.VARIETIES_NOT_REPORTED
        else estimate_hold(terms, price, leaves, live.fee_day, floor.view, floor.state.settings)
    )
    waits = order.trigger_status in (TriggerStatus.ACTIVE, TriggerStatus.DEACTIVE)
    hold = NO_HOLD if waits or needed is None else needed
    replaced = OrderReplaced(
        order_id=order.order_id,
        account_no=order.account_no,
        status=next_status(order.status, Step.REPLACE_REQUESTED),
        at=floor.at,
        quantity=quantity,
        price=price,
        remark=terms.remark,
        hold=hold,
        keeps_priority=price == order.price and quantity <= order.quantity,
        terms=terms if terms != order.terms else None,
    )
    return replaced, needed


def _has_limit(order: Order) -> bool:
    return order.terms.order_type in PRICED_TYPES


def _carry_out(floor: Floor, live: LiveOrder, replaced: OrderReplaced) -> Iterator[Fact]:
    order = live.order
    if order.status in WAITING_STATUSES:
        yield replaced
        yield from _wait_on(floor, live, order.terms, replaced)
        return
    yield step_of(live, Step.REPLACE_REQUESTED, floor.at)
    yield step_of(live, Step.REPLACE_SENT, floor.at)
    place = None
    if not live.is_parked:
        place = place_of(floor.state, order.terms, replaced.price, floor.view)
    reason = None
    if place is not None:
        reason = exchange_refusal(floor, order.terms, replaced.price, place)
        reason = reason or short_price_refusal(floor, live, replaced.price, place)
        least = least_price(floor, live)
        if least is not None and replaced.price is not None and not replaced.keeps_priority:
            replaced = structs.replace(replaced, price=max(replaced.price, least))
    if reason is not None:
        yield step_of(live, Step.REPLACE_REFUSED, floor.at, msg=reason.name)
        return
    status = next_status(live.order.status, Step.REPLACED)
    yield structs.replace(replaced, status=status)
    if not replaced.keeps_priority and not live.is_parked:
        yield from queue_moves(floor, order.order_id)
    if place is None:
        return
    yield from match_depth(floor)
    if order.order_id in floor.state.orders:
        yield from meet(floor, order.order_id, place)


def _wait_on(
    floor: Floor, live: LiveOrder, before: OrderTerms, replaced: OrderReplaced
) -> Iterator[Fact]:
    """Yield what follows for an order that waits with new terms: a new watch, or its report."""
    order_id, terms = live.order.order_id, live.order.terms
    if terms == before:
        return
    is_watching = live.order.trigger_status is TriggerStatus.ACTIVE
    changed = structs.replace(before, remark=terms.remark) != terms
    if is_watching and changed and live.order.parent_id is None:
        yield from start_watch(floor, live.order, terms)
    if live.order.status is OrderStatus.DELAYED_NOT_REPORTED and terms.delayed_until is None:
        place = place_now(floor, live)
        if place is not None:
            yield from report(floor, order_id, place)


def cancel(
    state: State, command: CancelOrder, view: MarketView | None, at: datetime
) -> Iterator[Event]:
    """Decide on the wish to take an order back: refused, or gone."""
    live = _own_live(state, command.account_no, command.order_id)
    if live is None:
        closed = state.closed.get(command.order_id)
        if closed is None or closed.account_no != command.account_no:
            yield OrderRefused(R.ORDER_NOT_FOUND)
            return
        reason = cancel_refusal(closed.status)
        assert reason is not None, "a terminal order is never cancelled"
        yield OrderRefused(reason)
        return
    reason = cancel_refusal(live.order.status)
    if reason is not None:
        yield OrderRefused(reason)
        return
    if live.order.status in WAITING_STATUSES:
        yield step_of(live, Step.CANCEL_REQUESTED, at, ends=True)
        return
    if view is not None and is_locked(view) and not live.is_parked:
        yield OrderRefused(R.CANCEL_NOT_ALLOWED)
        return
    yield step_of(live, Step.CANCEL_REQUESTED, at)
    yield step_of(live, Step.CANCEL_SENT, at)
    yield step_of(live, Step.CANCELED, at, ends=True)


def _own_live(state: State, account_no: str, order_id: int) -> LiveOrder | None:
    live = state.orders.get(order_id)
    return live if live is not None and live.order.account_no == account_no else None
