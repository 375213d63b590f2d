"""New orders: repeated, refused, rejected, waiting, or reported at once.

Each function yields facts and reads the state between them, which the caller keeps up to date; a
refusal is yielded before anything else and alone. Matching is `matching.py`'s, checks are
`order_checks.py`'s, the statuses come from the table of `order_states.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import structs

from portway.core.attached import attached_refusal, children
from portway.core.book import Outsides
from portway.core.combinations import combination_terms_refusal, try_now
from portway.core.conditional import start_watch
from portway.core.exchange_rules import Place, place_of
from portway.core.funds import funds_refusal
from portway.core.matching import Floor, match_depth, step_of
from portway.core.order_checks import PRICED_TYPES, life_day, submit_refusal
from portway.core.order_states import Step, first_status
from portway.core.reporting import entry_hold, exchange_refusal, report
from portway.core.state import REQUEST_WINDOW, Account, State
from portway.core.triggers import CONDITIONAL_TYPES
from portway.model.command import MarketView, RejectTiming, Stamped, SubmitOrder
from portway.model.event import (
    NO_HOLD,
    Event,
    OrderAccepted,
    OrderRefused,
    OrderRepeated,
    RefusalReason,
)
from portway.model.order import Order, OrderStatus, OrderTerms, TriggerStatus
from portway.model.symbol import MalformedSymbol, market_of, parse_symbol

__all__ = ["FIRST_ORDER_ID", "submit"]

FIRST_ORDER_ID = 700_000_000_000_000_000  # 18 digits, as clients know them; rising with `seq`.
IDS_PER_RECORD = 100


def submit(
    state: State,
    command: SubmitOrder,
    view: MarketView | None,
    floor: Floor | None,
    outsides: Outsides,
    stamped: Stamped,
    seq: int,
) -> Iterator[Event]:
    """Decide on a new order: repeated, refused, rejected, waiting, or reported at once."""
    at = stamped.at
    account = state.open_account(command.account_no)
    terms = command.terms
    repeated = _repeated(account, terms, at)
    if repeated is not None:
        yield OrderRepeated(repeated)
        return
    refused = submit_refusal(account, terms, view, state.settings, at) or attached_refusal(terms)
    refused = refused or combination_terms_refusal(terms, stamped.views)
    if refused is not None:
        yield refused
        return
    assert account is not None, "refused without an account"
    assert view is not None, "refused without a view"
    assert floor is not None, "a view has a floor"
    view = floor.view  # As the venue trades by it: a pause of its own stops it, too.
    if terms.combination is not None:
        yield from _submit_combination(floor, outsides, command, stamped, seq)
        return
    limit = terms.price if terms.order_type in PRICED_TYPES else None
    hold = entry_hold(floor, terms, limit, terms.quantity)
    reason = funds_refusal(floor, account, terms.side, terms.quantity, hold)
    place = _place_at_once(state, terms, view)
    if state.settings.rejects is RejectTiming.EARLY:
        at_door = exchange_refusal(floor, terms, limit, place) if place is not None else None
        early = reason or at_door
        if early is not None:
            yield OrderRefused(early)
            return
    status = first_status(
        terms.order_type,
        is_delayed=terms.delayed_until is not None,
        is_open=place is not None,
    )
    order = _new_order(command, view, at, FIRST_ORDER_ID + seq * IDS_PER_RECORD, status)
    if reason is not None or hold is None:
        yield OrderAccepted(_rejected(order, reason), NO_HOLD)
        return
    waits_for_trigger = status is OrderStatus.VARIETIES_NOT_REPORTED
    # What may never be released reserves nothing; it was checked as if it were released now.
    yield OrderAccepted(order, NO_HOLD if waits_for_trigger else hold)
    yield from children(order)
    if waits_for_trigger:
        yield from start_watch(floor, order, terms)
    yield from match_depth(floor)
    if place is not None and order.order_id in state.orders:
        yield from report(floor, order.order_id, place)


def _submit_combination(
    floor: Floor, outsides: Outsides, command: SubmitOrder, stamped: Stamped, seq: int
) -> Iterator[Event]:
    """Yield a multi-leg order at the exchange, and what its legs trade at once."""
    order_id = FIRST_ORDER_ID + seq * IDS_PER_RECORD
    order = _new_order(command, floor.view, stamped.at, order_id, OrderStatus.WAIT_TO_NEW)
    yield OrderAccepted(structs.replace(order, option=None), NO_HOLD)
    yield step_of(floor.state.orders[order_id], Step.BOOKED, stamped.at)
    yield from try_now(floor.state, outsides, order_id, stamped, first_id=order_id + 1, is_new=True)


def _place_at_once(state: State, terms: OrderTerms, view: MarketView) -> Place | None:
    """Return where a new order goes without waiting for an instant, a trigger or a day."""
    if terms.delayed_until is not None or terms.order_type in CONDITIONAL_TYPES:
        return None
    if life_day(terms, view) != view.trading_day:
        return None
    return place_of(state, terms, terms.price, view)


def _repeated(account: Account | None, terms: OrderTerms, at: datetime) -> int | None:
    """Return the order that the same request has made within the window."""
    if account is None or terms.client_request_id is None:
        return None
    try:
        market = market_of(parse_symbol(terms.symbol))
    except MalformedSymbol:
        return None
    first = account.requests.get(market, {}).get(terms.client_request_id)
    if first is None or at - first[1] >= REQUEST_WINDOW:
        return None
    return first[0]


def _new_order(
    command: SubmitOrder, view: MarketView, at: datetime, order_id: int, status: OrderStatus
) -> Order:
    terms = command.terms
    is_conditional = terms.order_type in CONDITIONAL_TYPES
    return Order(
        order_id=order_id,
        account_no=command.account_no,
        terms=terms,
        status=status,
        currency=view.instrument.settlement_currency,
        submitted_at=at,
        updated_at=at,
        trading_day=life_day(terms, view),
        quantity=terms.quantity,
        price=terms.price if terms.order_type in PRICED_TYPES else None,
        trigger_status=TriggerStatus.ACTIVE if is_conditional else TriggerStatus.NOT_USED,
        option=view.instrument.option,
    )


def _rejected(order: Order, reason: RefusalReason | None) -> Order:
    assert reason is not None, "rejected for a reason"
    was_armed = order.trigger_status is TriggerStatus.ACTIVE
    return structs.replace(
        order,
        status=OrderStatus.REJECTED,
        msg=reason.name,
        trigger_status=TriggerStatus.DEACTIVE if was_armed else order.trigger_status,
    )
