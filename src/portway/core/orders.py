"""What happens to orders: entered, reported, replaced, cancelled, expired.

Each function yields facts and reads the state between them, which the caller keeps up to date; a
refusal is yielded before anything else and alone. Matching is `matching.py`'s, checks are
`order_checks.py`'s, the statuses come from the table of `order_states.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime

from portway.core.matching import Floor, match_depth, match_incoming, step_of, touch_of
from portway.core.order_checks import (
    affordability_refusal,
    estimate_hold,
    last_session,
    life_day,
    market_bound,
    price_band_refusal,
    reserve_price,
    submit_refusal,
    works_in,
)
from portway.core.order_checks import replace_refusal as terms_refusal
from portway.core.order_states import (
    WAITING_STATUSES,
    Step,
    cancel_refusal,
    first_status,
    next_status,
    replace_refusal,
)
from portway.core.state import REQUEST_WINDOW, Account, LiveOrder, State
from portway.model.command import (
    CancelOrder,
    MarketView,
    RejectTiming,
    ReplaceOrder,
    SubmitOrder,
    VenueSettings,
)
from portway.model.event import (
    NO_HOLD,
    Event,
    Fact,
    Hold,
    OrderAccepted,
    OrderRefused,
    OrderRepeated,
    OrderReplaced,
    RefusalReason,
)
from portway.model.order import Order, OrderSide, OrderStatus, OrderTerms, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import MalformedSymbol, Market, market_of, parse_symbol

__all__ = [
    "FIRST_ORDER_ID",
    "cancel",
    "eligible_waiting",
    "expire",
    "expire_day",
    "replace",
    "report",
    "submit",
]

FIRST_ORDER_ID = 700_000_000_000_000_000  # 18 digits, as clients know them; rising with `seq`.
IDS_PER_RECORD = 100


def submit(
    state: State,
    command: SubmitOrder,
    view: MarketView | None,
    floor: Floor | None,
    at: datetime,
    seq: int,
) -> Iterator[Event]:
    """Decide on a new order: repeated, refused, rejected, waiting, or reported at once."""
    account = state.accounts.get(command.account_no)
    terms = command.terms
    repeated = _repeated(account, terms, at)
    if repeated is not None:
        yield OrderRepeated(repeated)
        return
    refused = submit_refusal(account, terms, view, state.settings)
    if refused is not None:
        yield refused
        return
    assert account is not None, "refused without an account"
    assert view is not None, "refused without a view"
    assert floor is not None, "a view has a floor"
    hold = _entry_hold(floor, terms)
    reason = affordability_refusal(account, terms.side, view, hold)
    is_open = _is_open(terms, view)
    if state.settings.rejects is RejectTiming.EARLY:
        early = reason or (_exchange_refusal(floor, terms) if is_open else None)
        if early is not None:
            yield OrderRefused(early)
            return
    order_id = FIRST_ORDER_ID + seq * IDS_PER_RECORD
    status = first_status(terms.order_type, is_open=is_open)
    order = _new_order(command, view, at, order_id, status)
    if reason is not None or hold is None:
        yield OrderAccepted(_rejected(order, reason), NO_HOLD)
        return
    yield OrderAccepted(order, hold)
    yield from match_depth(floor)
    if is_open:
        yield from report(floor, order_id)


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


def _is_open(terms: OrderTerms, view: MarketView) -> bool:
    takes_now = works_in(terms, view.instrument.market, view.session)
    return takes_now and life_day(terms, view) == view.trading_day


def _new_order(
    command: SubmitOrder, view: MarketView, at: datetime, order_id: int, status: OrderStatus
) -> Order:
    terms = command.terms
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
        price=None if terms.order_type is OrderType.MO else terms.price,
    )


def _rejected(order: Order, reason: RefusalReason | None) -> Order:
    assert reason is not None, "rejected for a reason"
    return dataclasses.replace(order, status=OrderStatus.REJECTED, msg=reason.name)


def _entry_hold(floor: Floor, terms: OrderTerms) -> Hold | None:
    settings = floor.state.settings
    price = reserve_price(
        terms.order_type,
        terms.side,
        terms.price,
        floor.view,
        touch_of(floor),
        settings.us_market_bound_rate,
    )
    return estimate_hold(terms, price, terms.quantity, None, floor.view, settings)


def _exchange_refusal(floor: Floor, terms: OrderTerms) -> RefusalReason | None:
    """Return why the exchange would refuse an order that is reported now."""
    touch = touch_of(floor)
    if terms.order_type is OrderType.MO:
        missing = touch.opposite(terms.side) is None
        return RefusalReason.NO_OPPOSITE_QUOTE if missing else None
    assert terms.price is not None, "a limit order has a price"
    return price_band_refusal(terms.side, terms.price, floor.view, touch, floor.state.settings)


def report(floor: Floor, order_id: int) -> Iterator[Fact]:
    """Hand an order to the exchange: it is refused there, or trades and rests."""
    live = floor.state.orders[order_id]
    terms = live.order.terms
    if live.order.status in WAITING_STATUSES:
        yield step_of(live, Step.REPORTED, floor.at)
    reason = _exchange_refusal(floor, terms) or _market_reserve_refusal(floor, live)
    if reason is not None:
        yield step_of(live, Step.REJECTED, floor.at, ends=True, msg=reason.name)
        return
    yield step_of(live, Step.BOOKED, floor.at)
    if terms.order_type is not OrderType.MO:
        yield from match_incoming(floor, order_id, live.order.price)
        return
    rate = floor.state.settings.us_market_bound_rate
    bound = market_bound(terms.side, floor.view, touch_of(floor), rate)
    assert bound is not None, "a market order without an opposite quote is refused"
    yield from match_incoming(floor, order_id, bound)
    if order_id in floor.state.orders:
        reason = RefusalReason.NO_OPPOSITE_QUOTE
        yield step_of(live, Step.CANCELED, floor.at, ends=True, msg=reason.name)


def _market_reserve_refusal(floor: Floor, live: LiveOrder) -> RefusalReason | None:
    """Return why a market order that has waited cannot be paid at today's worst price."""
    order = live.order
    if order.terms.order_type is not OrderType.MO or order.terms.side is OrderSide.SELL:
        return None
    hold = _entry_hold(floor, order.terms)
    account = floor.state.accounts[order.account_no]
    return affordability_refusal(account, OrderSide.BUY, floor.view, hold, freed=live.hold)


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
        yield OrderRefused(RefusalReason.SECURITY_NOT_TRADABLE)
        return
    account = state.accounts[command.account_no]
    why = terms_refusal(account, live, command, view, state.settings)
    if why is not None:
        yield why
        return
    replaced = _new_terms(floor, live, command)
    reason = affordability_refusal(
        account, live.order.terms.side, view, replaced.hold, freed=live.hold
    )
    if reason is not None:
        yield OrderRefused(reason)
        return
    yield from _carry_out_replace(floor, live, replaced)


def _replace_refusal(
    state: State, command: ReplaceOrder, live: LiveOrder | None
) -> OrderRefused | None:
    if live is not None:
        reason = replace_refusal(live.order.terms.order_type, live.order.status)
        return OrderRefused(reason) if reason is not None else None
    closed = state.closed.get(command.order_id)
    if closed is None or closed.account_no != command.account_no:
        return OrderRefused(RefusalReason.ORDER_NOT_FOUND)
    reason = replace_refusal(closed.order_type, closed.status)
    assert reason is not None, "a terminal order is never replaced"
    return OrderRefused(reason)


def _new_terms(floor: Floor, live: LiveOrder, command: ReplaceOrder) -> OrderReplaced:
    """Return the replacement as it will be in force."""
    order = live.order
    quantity = order.quantity if command.quantity is None else command.quantity
    price = order.price if command.price is None else command.price
    remark = order.terms.remark if command.remark is None else command.remark
    hold = estimate_hold(
        order.terms,
        price,
        quantity - order.executed_quantity,
        live.fee_day,
        floor.view,
        floor.state.settings,
    )
    assert hold is not None, "what can be replaced has a price"
    return OrderReplaced(
        order_id=order.order_id,
        account_no=order.account_no,
        status=next_status(order.status, Step.REPLACE_REQUESTED),
        at=floor.at,
        quantity=quantity,
        price=price,
        remark=remark,
        hold=hold,
        keeps_priority=price == order.price and quantity <= order.quantity,
    )


def _carry_out_replace(floor: Floor, live: LiveOrder, replaced: OrderReplaced) -> Iterator[Fact]:
    order = live.order
    if order.status in WAITING_STATUSES:
        yield replaced
        return
    yield step_of(live, Step.REPLACE_REQUESTED, floor.at)
    yield step_of(live, Step.REPLACE_SENT, floor.at)
    is_open = works_in(order.terms, floor.view.instrument.market, floor.session)
    terms = dataclasses.replace(order.terms, price=replaced.price)
    reason = _exchange_refusal(floor, terms) if is_open else None
    if reason is not None:
        yield step_of(live, Step.REPLACE_REFUSED, floor.at, msg=reason.name)
        return
    status = next_status(live.order.status, Step.REPLACED)
    yield dataclasses.replace(replaced, status=status)
    if not is_open:
        return
    yield from match_depth(floor)
    if order.order_id in floor.state.orders:
        yield from match_incoming(floor, order.order_id, replaced.price)


def cancel(state: State, command: CancelOrder, at: datetime) -> Iterator[Event]:
    """Decide on the wish to take an order back: refused, or gone."""
    live = _own_live(state, command.account_no, command.order_id)
    if live is None:
        closed = state.closed.get(command.order_id)
        if closed is None or closed.account_no != command.account_no:
            yield OrderRefused(RefusalReason.ORDER_NOT_FOUND)
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
    yield step_of(live, Step.CANCEL_REQUESTED, at)
    yield step_of(live, Step.CANCEL_SENT, at)
    yield step_of(live, Step.CANCELED, at, ends=True)


def _own_live(state: State, account_no: str, order_id: int) -> LiveOrder | None:
    live = state.orders.get(order_id)
    return live if live is not None and live.order.account_no == account_no else None


def expire(
    state: State, market: Market, trading_day: date, session: TradeSession, at: datetime
) -> Iterator[Fact]:
    """End the orders whose life ends with a session of a trading day."""
    for live in state.live_in(market):
        ends_now = last_session(live.order.terms, market) is session
        if ends_now and _is_over(live.order, trading_day, state.settings):
            yield step_of(live, Step.EXPIRED, at, ends=True)


def expire_day(state: State, market: Market, trading_day: date, at: datetime) -> Iterator[Fact]:
    """End what should have ended before `trading_day`: a session's end that nobody told."""
    for live in state.live_in(market):
        if live.order.trading_day < trading_day and _is_over(
            live.order, live.order.trading_day, state.settings
        ):
            yield step_of(live, Step.EXPIRED, at, ends=True)


def _is_over(order: Order, trading_day: date, settings: VenueSettings) -> bool:
    """Tell whether an order ends at the latest with `trading_day`."""
    if order.trading_day > trading_day:
        return False
    match order.terms.time_in_force:
        case TimeInForce.DAY:
            return True
        case TimeInForce.GTD:
            assert order.terms.expire_date is not None, "checked at submission"
            return order.terms.expire_date <= trading_day
    return (trading_day - order.trading_day).days >= settings.long_term_days_max


def eligible_waiting(
    state: State, market: Market, trading_day: date, session: TradeSession
) -> Iterator[LiveOrder]:
    """Yield the waiting orders that a session of a trading day takes, in order of acceptance."""
    for live in state.waiting_in(market):
        order = live.order
        if order.trading_day <= trading_day and works_in(order.terms, market, session):
            yield live
