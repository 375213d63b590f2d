"""Orders at the exchange's door: reported, refused there, traded, rested, entered again.

An order goes to continuous matching or to a call auction, whichever takes it at this instant; the
rules of prices are `exchange_rules.py`'s. What a market order finds too little of it waits for a
moment in the US, and gives up elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from msgspec import structs

from portway.core.bands import cooling_off, is_too_hot
from portway.core.book import crosses, opposite
from portway.core.exchange_rules import Place, place_of, price_refusal
from portway.core.funds import funds_refusal
from portway.core.matching import (
    Floor,
    best_price,
    match_depth,
    match_incoming,
    queue_moves,
    step_of,
    touch_of,
)
from portway.core.odd_lots import match_odd_lot
from portway.core.order_checks import (
    estimate_hold,
    market_bound,
    ticks_through,
    worst_price,
)
from portway.core.order_states import TRANSITIONS, WAITING_STATUSES, Step, works_as
from portway.core.short_sales import least_price, reentry_step, repriced, short_price_refusal
from portway.core.state import LiveOrder
from portway.model.event import (
    Fact,
    Hold,
    OrderLingers,
    OrderReentered,
    RefusalReason,
)
from portway.model.order import OrderSide, OrderTerms, OrderType
from portway.model.price_limits import NO_BAND
from portway.model.symbol import Market

__all__ = [
    "entry_hold",
    "exchange_refusal",
    "linger_on",
    "meet",
    "place_now",
    "reenter",
    "report",
]

R = RefusalReason


def place_now(floor: Floor, live: LiveOrder) -> Place | None:
    """Return where an order goes now; None: it waits."""
    return place_of(floor.state, live.order.terms, live.order.price, floor.view)


def entry_hold(
    floor: Floor, terms: OrderTerms, price: Decimal | None, quantity: Decimal
) -> Hold | None:
    """Return what an order would reserve if it were at the exchange; None: by no price."""
    settings = floor.state.settings
    worst = price
    if worst is None:  # Nearly always there is a limit: the touch is not even looked at.
        rate = settings.us_market_bound_rate
        worst = worst_price(terms, price, floor.view, touch_of(floor), rate)
    return estimate_hold(terms, worst, quantity, None, floor.view, settings)


def exchange_refusal(
    floor: Floor, terms: OrderTerms, price: Decimal | None, place: Place
) -> RefusalReason | None:
    """Return why the exchange would refuse an order that is reported now."""
    if place is Place.CONTINUOUS and is_too_hot(floor, terms.side, price):
        return R.PRICE_OUTSIDE_BAND
    return price_refusal(floor.state, terms, price, floor.view, touch_of(floor), place)


def report(
    floor: Floor, order_id: int, place: Place, *, is_reported: bool = False
) -> Iterator[Fact]:
    """Hand an order to the exchange: it is refused there, or trades and rests.

    Args:
        is_reported: Its step to the exchange has been told already.
    """
    live = floor.state.orders[order_id]
    order = live.order
    if not is_reported and order.status in WAITING_STATUSES:
        step = step_of(live, Step.REPORTED, floor.at)
        day = floor.view.trading_day
        yield step if day == order.trading_day else structs.replace(step, trading_day=day)
    reason = exchange_refusal(floor, order.terms, order.price, place)
    reason = reason or short_price_refusal(floor, live, order.price, place)
    reason = reason or _reserve_refusal(floor, live)
    if reason is not None:
        yield step_of(live, Step.REJECTED, floor.at, ends=True, msg=reason.name)
        return
    yield repriced(floor, live, step_of(live, Step.BOOKED, floor.at))
    yield from queue_moves(floor, order_id)
    yield from meet(floor, order_id, place)


def _reserve_refusal(floor: Floor, live: LiveOrder) -> RefusalReason | None:
    """Return why a market order that has waited cannot be paid at today's worst price."""
    order = live.order
    if works_as(order.terms.order_type) is not OrderType.MO:
        return None
    if order.terms.side is OrderSide.SELL:
        return None
    rate = floor.state.settings.us_market_bound_rate
    bound = market_bound(order.terms.side, floor.view, touch_of(floor), rate)
    leaves = order.leaves_quantity
    hold = estimate_hold(order.terms, bound, leaves, None, floor.view, floor.state.settings)
    account = floor.state.accounts[order.account_no]
    return funds_refusal(floor, account, OrderSide.BUY, leaves, hold, live.hold)


def meet(floor: Floor, order_id: int, place: Place) -> Iterator[Fact]:
    """Yield what an order that has just come to the exchange trades at once, and its end if so."""
    live = floor.state.orders.get(order_id)
    if live is None or place is Place.AUCTION:
        return
    order = live.order
    match works_as(order.terms.order_type):
        case OrderType.MO:
            yield from _sweep_market(floor, order_id)
        case OrderType.SLO:
            bound = _special_bound(floor, live)
            yield from match_incoming(floor, order_id, bound)
            yield from _stop_beyond_band(floor, order_id, bound)
            yield from _give_up(floor, order_id)
        case OrderType.ODD:
            yield from match_odd_lot(floor, order_id, is_incoming=True)
        case _:
            yield from match_incoming(floor, order_id, live.order.price)
            yield from _stop_beyond_band(floor, order_id, live.order.price)


def _stop_beyond_band(floor: Floor, order_id: int, bound: Decimal | None) -> Iterator[Fact]:
    """Yield what Hong Kong's volatility control makes of an order that would trade beyond it."""
    live = floor.state.orders.get(order_id)
    if live is None or floor.band is NO_BAND or floor.view.instrument.market is not Market.HK:
        return
    side, price = live.order.terms.side, live.order.price
    best = best_price(floor, opposite(side))
    if best is None or not crosses(side, bound, best) or floor.band.holds(best):
        return
    yield from cooling_off(floor)
    if price is None or not floor.band.holds(price):
        step = Step.CANCELED if live.order.executed_quantity else Step.REJECTED
        yield step_of(live, step, floor.at, ends=True, msg=R.PRICE_OUTSIDE_BAND.name)


def _special_bound(floor: Floor, live: LiveOrder) -> Decimal | None:
    """Return how far a special limit order sweeps: ten queues, and never beyond its limit."""
    side, limit = live.order.terms.side, live.order.price
    best = touch_of(floor).opposite(side)
    reach = ticks_through(side, best, floor.view) if best is not None else None
    if reach is None or limit is None:
        return limit
    return min(limit, reach) if side is OrderSide.BUY else max(limit, reach)


def _sweep_market(floor: Floor, order_id: int) -> Iterator[Fact]:
    live = floor.state.orders[order_id]
    settings = floor.state.settings
    side = live.order.terms.side
    bound = market_bound(side, floor.view, touch_of(floor), settings.us_market_bound_rate)
    assert bound is not None, "a market order without an opposite quote is refused"
    bound = max(bound, least_price(floor, live) or bound)
    yield from match_incoming(floor, order_id, bound)
    yield from _stop_beyond_band(floor, order_id, bound)
    if order_id not in floor.state.orders:
        return
    wait = settings.us_market_wait_seconds
    if floor.view.instrument.market is not Market.US or not wait:
        yield from _give_up(floor, order_id)
        return
    yield OrderLingers(order_id, bound, floor.at + timedelta(seconds=float(wait)))


def _give_up(floor: Floor, order_id: int) -> Iterator[Fact]:
    live = floor.state.orders.get(order_id)
    if live is not None:
        yield step_of(live, Step.CANCELED, floor.at, ends=True, msg=R.NO_OPPOSITE_QUOTE.name)


def linger_on(floor: Floor) -> Iterator[Fact]:
    """Yield what market orders that wait for more get now, and the ends of those out of time."""
    for order_id in tuple(floor.state.lingering.get(floor.view.instrument.symbol, ())):
        live = floor.state.orders.get(order_id)
        if live is None:
            continue
        if floor.at >= floor.state.timers[order_id]:
            yield from _give_up(floor, order_id)
        elif floor.session is not None:
            yield from match_incoming(floor, order_id, live.bound)


def reenter(floor: Floor, order_id: int, place: Place) -> Iterator[Fact]:
    """Send a long-term order as a new one on a new trading day; its status stays."""
    live = floor.state.orders[order_id]
    order = live.order
    yield from reentry_step(floor, live)
    yield OrderReentered(order_id, floor.at)
    reason = exchange_refusal(floor, order.terms, live.order.price, place)
    reason = reason or short_price_refusal(floor, live, live.order.price, place)
    if reason is not None:
        refused = (order.status, Step.REJECTED) in TRANSITIONS and not order.executed_quantity
        step = Step.REJECTED if refused else Step.CANCELED
        yield step_of(live, step, floor.at, ends=True, msg=reason.name)
        return
    yield from queue_moves(floor, order_id)
    if place is Place.CONTINUOUS:
        yield from match_depth(floor)
        yield from meet(floor, order_id, place)
