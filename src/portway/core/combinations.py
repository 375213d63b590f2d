"""Multi-leg orders: all legs at once at the best opposite prices, within one net price, or not yet.

A combination waits at the exchange without reserving anything. Each time a leg's market moves it
takes as many whole combinations as the displayed sizes of all legs hold, if their net price is
within its limit and the account can bear the whole. What each leg traded stands in an order of its
own beside it, so that executions, fees, holds and positions are those of any order. Which way a leg
goes follows from strategy and side. Only in regular hours; what is left ends with the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from portway.core.book import OutsideLevel, Outsides, opposite, outside_of
from portway.core.combination_funds import LegTrade, combination_refusal
from portway.core.matching import Floor, fill_of, step_of
from portway.core.order_checks import estimate_hold
from portway.core.order_states import Step, next_status
from portway.core.state import LiveOrder, State
from portway.model.command import MarketView, Stamped
from portway.model.event import (
    NO_HOLD,
    CombinationFilled,
    Fact,
    OrderAccepted,
    OrderRefused,
    RefusalReason,
)
from portway.model.execution import Fill
from portway.model.order import Leg, Order, OrderSide, OrderStatus, OrderTerms, OrderType
from portway.model.quote import TradeSession
from portway.model.symbol import Symbol

__all__ = ["combination_terms_refusal", "look_again", "try_now"]

ZERO = Decimal(0)
R = RefusalReason
LEGS_MIN, LEGS_MAX = 2, 4
CHILDREN_MAX = 90  # Orders of legs in one record, within its ids.


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one leg can trade at now."""

    leg: Leg
    floor: Floor
    level: OutsideLevel


def combination_terms_refusal(
    terms: OrderTerms, views: Mapping[Symbol, MarketView]
) -> OrderRefused | None:
    """Return why a combination gets no id; None when it may wait for its price.

    Its legs are options of one underlying, or options and that underlying, in regular hours.
    """
    combination = terms.combination
    if combination is None:
        return None
    legs = combination.legs
    if not LEGS_MIN <= len(legs) <= LEGS_MAX or len({leg.symbol for leg in legs}) < len(legs):
        return OrderRefused(R.PARAMETER_INVALID, "legs")
    if any(leg.ratio <= 0 or leg.ratio % 1 for leg in legs):
        return OrderRefused(R.PARAMETER_INVALID, "ratio_quantity: a whole number above zero")
    behind = set()
    for leg in legs:
        view = views.get(leg.symbol)
        if view is None:
            return OrderRefused(R.SYMBOL_NOT_FOUND, leg.symbol)
        if view.session is not TradeSession.NORMAL:
            return OrderRefused(R.OUTSIDE_RTH_NOT_SUPPORTED)
        option = view.instrument.option
        behind.add(leg.symbol if option is None else option.underlying)
    if len(behind) > 1:
        return OrderRefused(R.PARAMETER_INVALID, "legs: of one underlying")
    return None


def look_again(
    state: State, outsides: Outsides, symbol: Symbol, stamped: Stamped, first_id: int
) -> Iterator[Fact]:
    """Yield what combinations with a leg in `symbol` trade after its market has moved.

    Args:
        first_id: From which on the legs' orders are numbered.
    """
    last_id = first_id + CHILDREN_MAX
    for order_id in tuple(state.combinations):
        live = state.orders.get(order_id)
        combination = live.order.terms.combination if live is not None else None
        if combination is None or symbol not in {leg.symbol for leg in combination.legs}:
            continue
        if first_id + len(combination.legs) > last_id:
            return  # The rest looks again with the next move.
        yield from try_now(state, outsides, order_id, stamped, first_id, is_new=False)
        first_id += len(combination.legs)


def try_now(
    state: State,
    outsides: Outsides,
    order_id: int,
    stamped: Stamped,
    first_id: int,
    *,
    is_new: bool,
) -> Iterator[Fact]:
    """Yield what a combination trades now; one that is new and cannot be paid for is rejected.

    Args:
        first_id: From which on the legs' orders are numbered.
    """
    live = state.orders[order_id]
    offers = _offers(state, outsides, live.order, stamped)
    if offers is not None:
        count = min(one.level.left // one.leg.ratio for one in offers)
        count = min(count, live.order.leaves_quantity)
        net = sum((_sign(one.leg) * one.leg.ratio * one.level.price for one in offers), ZERO)
        if count > 0 and _is_within(live.order, net):
            trades = [
                LegTrade(one.floor.view, one.leg.side, count * one.leg.ratio, one.level.price)
                for one in offers
            ]
            reason = combination_refusal(state, live.order.account_no, trades, stamped.views)
            if reason is None:
                yield from _execute(state, live, offers, count, net, first_id)
            else:
                step = Step.REJECTED if is_new else Step.CANCELED
                yield step_of(live, step, stamped.at, ends=True, msg=reason.name)
                return
    is_market = live.order.terms.order_type is OrderType.MO
    if is_market and order_id in state.orders:
        yield step_of(live, Step.CANCELED, stamped.at, ends=True, msg=R.NO_OPPOSITE_QUOTE.name)


def _offers(
    state: State, outsides: Outsides, order: Order, stamped: Stamped
) -> list[_Offer] | None:
    """Return the best opposite level of every leg; None where one has none now."""
    assert order.terms.combination is not None, "a multi-leg order has legs"
    found = []
    # What is bought comes first: it may cover what is written.
    for leg in sorted(order.terms.combination.legs, key=lambda one: one.side is OrderSide.SELL):
        view = stamped.views.get(leg.symbol)
        if view is None or view.session is not TradeSession.NORMAL:
            return None
        outside = outside_of(outsides, leg.symbol)
        outside.update(view.depth, state.arrivals)
        floor = Floor(state, outside, view, stamped.at, view.session, stamped.views)
        level = outside.best(opposite(leg.side))
        if level is None or level.left < leg.ratio:
            return None
        found.append(_Offer(leg, floor, level))
    return found


def _sign(leg: Leg) -> int:
    return 1 if leg.side is OrderSide.BUY else -1


def _is_within(order: Order, net: Decimal) -> bool:
    """Tell whether a net price, what one combination costs, is within the limit.

    A bought combination pays its limit at most; a sold one gets it at least.
    """
    if order.price is None:
        return True
    return net <= order.price if order.terms.side is OrderSide.BUY else -net >= order.price


def _execute(
    state: State,
    live: LiveOrder,
    offers: list[_Offer],
    count: Decimal,
    net: Decimal,
    first_id: int,
) -> Iterator[Fact]:
    parent = live.order
    at = offers[0].floor.at
    for order_id, offer in enumerate(offers, start=first_id):
        yield from _trade_leg(state, parent, offer, count * offer.leg.ratio, order_id)
    left = parent.leaves_quantity - count
    step = Step.PART_FILLED if left else Step.FILLED
    price = net if parent.terms.side is OrderSide.BUY else -net
    status = next_status(state.orders[parent.order_id].order.status, step)
    yield CombinationFilled(parent.order_id, parent.account_no, status, at, count, price)


def _trade_leg(
    state: State, parent: Order, offer: _Offer, quantity: Decimal, order_id: int
) -> Iterator[Fact]:
    """Yield the order of one leg: accepted, at the exchange, and filled as a whole."""
    view, price = offer.floor.view, offer.level.price
    terms = OrderTerms(
        offer.leg.symbol,
        OrderType.LO,
        offer.leg.side,
        quantity,
        parent.terms.time_in_force,
        price=price,
        remark=parent.terms.remark,
    )
    order = Order(
        order_id=order_id,
        account_no=parent.account_no,
        terms=terms,
        status=OrderStatus.WAIT_TO_NEW,
        currency=view.instrument.settlement_currency,
        submitted_at=offer.floor.at,
        updated_at=offer.floor.at,
        trading_day=view.trading_day,
        quantity=quantity,
        price=price,
        option=view.instrument.option,
        multileg_id=parent.order_id,
    )
    hold = estimate_hold(terms, price, quantity, None, view, state.settings)
    yield OrderAccepted(order, NO_HOLD if hold is None else hold)
    yield step_of(state.orders[order_id], Step.BOOKED, offer.floor.at)
    offer.level.left -= quantity
    yield fill_of(offer.floor, state.orders[order_id], Fill(order_id, price, quantity))
