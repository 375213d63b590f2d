"""How long orders live, and when those that wait have their turn.

Day orders end with the last session that takes them, long-term ones with their last day; between
trading days the latter are off the exchange, and they enter it anew, as a broker sends them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from portway.core.matching import step_of
from portway.core.order_checks import last_session
from portway.core.order_states import WAITING_STATUSES, Step
from portway.core.state import LiveOrder, State
from portway.model.command import VenueSettings
from portway.model.event import Fact, OrderParked
from portway.model.order import Order, OrderStatus, TimeInForce, TriggerStatus
from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = ["begin_day", "expire", "waiting_for_turn"]


def expire(
    state: State, market: Market, trading_day: date, session: TradeSession, at: datetime
) -> Iterator[Fact]:
    """End the orders whose life ends with a session of a trading day."""
    for live in state.live_in(market):
        ends_now = last_session(live.order.terms, market) is session
        if ends_now and _is_over(live.order, trading_day, state.settings):
            yield from _ended(state, live, at)


def begin_day(state: State, market: Market, trading_day: date, at: datetime) -> Iterator[Fact]:
    """End what should have ended before `trading_day`, and take the rest off the exchange.

    A session's end that nobody told is made up for; what is at the exchange is to be sent anew.
    """
    for live in state.live_in(market):
        order = live.order
        if order.order_id not in state.orders:
            continue
        if order.trading_day < trading_day and _is_over(order, order.trading_day, state.settings):
            yield from _ended(state, live, at)
        elif _is_from_before(live, trading_day):
            yield OrderParked(order.order_id, at)


def _is_from_before(live: LiveOrder, trading_day: date) -> bool:
    """Tell whether an order stands at the exchange since an earlier trading day."""
    is_there = live.order.status not in WAITING_STATUSES and not live.is_parked
    return is_there and live.order.trading_day < trading_day


def _ended(state: State, live: LiveOrder, at: datetime) -> Iterator[Fact]:
    # The end of an order may have taken others with it.
    if live.order.order_id in state.orders:
        yield step_of(live, Step.EXPIRED, at, ends=True)


def _is_over(order: Order, trading_day: date, settings: VenueSettings) -> bool:
    """Tell whether an order ends at the latest with `trading_day`."""
    if order.trading_day > trading_day:
        return False
    match order.terms.time_in_force:
        case TimeInForce.DAY:
            # A day begins for it when it is reported.
            return order.status is not OrderStatus.DELAYED_NOT_REPORTED
        case TimeInForce.GTD:
            assert order.terms.expire_date is not None, "checked at submission"
            return order.terms.expire_date <= trading_day
    return (trading_day - order.trading_day).days >= settings.long_term_days_max


def waiting_for_turn(state: State, market: Market, at: datetime) -> Iterator[LiveOrder]:
    """Yield the orders that wait for their turn alone, in order of acceptance.

    Not those that wait for a trigger or a later instant. Whether the exchange takes them now, and
    whether their day has come, is for the caller to find out.
    """
    for live in state.waiting_in(market):
        order = live.order
        if order.status is OrderStatus.DELAYED_NOT_REPORTED:
            until = order.terms.delayed_until
            if until is None or until <= at:
                yield live
        elif order.status is OrderStatus.VARIETIES_NOT_REPORTED:
            if order.trigger_status is TriggerStatus.RELEASED:
                yield live
        else:
            yield live
