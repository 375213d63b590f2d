"""Conditional orders at work: what each remembers of the prints, and the release.

The rules of triggers are `triggers.py`'s. Here they meet the venue: one fact per order and update
of the market, a release that reserves and reports, or that waits for the next session.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator
from decimal import Decimal

from msgspec import structs

from portway.core.exchange_rules import Place
from portway.core.funds import funds_refusal
from portway.core.matching import Floor, step_of
from portway.core.order_checks import table_of
from portway.core.order_states import Step
from portway.core.reporting import entry_hold, place_now, report
from portway.core.state import LiveOrder
from portway.core.triggers import (
    TRAILING_TYPES,
    Release,
    Watch,
    begin_watch,
    release_limit,
    watches_in,
)
from portway.model.event import NO_HOLD, Fact, OrderStatusChanged, WatchMoved
from portway.model.order import Order, OrderTerms, OrderType, TriggerStatus
from portway.model.quote import Trade
from portway.model.symbol import Market

__all__ = ["release", "start_watch", "watch_moved", "watch_prints"]

Released = list[tuple[int, Release]]


def start_watch(floor: Floor, order: Order, terms: OrderTerms) -> Iterator[Fact]:
    """Yield what an order that begins to wait remembers from the start."""
    watch = begin_watch(terms, floor.view.last_done or floor.view.prev_close)
    if watch != Watch():
        yield watch_moved(floor, order.order_id, watch)


def watch_moved(floor: Floor, order_id: int, watch: Watch) -> WatchMoved:
    """Return the fact that an order remembers `watch` from now on."""
    return WatchMoved(
        order_id,
        floor.at,
        watch.rises,
        watch.is_armed,
        watch.extreme,
        watch.is_met,
        watch.touches,
    )


def watch_prints(floor: Floor, prints: tuple[Trade, ...]) -> Generator[Fact, None, Released]:
    """Yield how far prints moved each waiting order; return those they release, in time order."""
    released: Released = []
    if not prints:
        return released
    for live in floor.state.watching_of(floor.view.instrument.symbol):
        before = live.watch or Watch()
        watch, found = _after(live, before, prints, floor.view.instrument.market)
        if found is not None:
            released.append((live.order.order_id, found))
        elif watch != before:
            yield watch_moved(floor, live.order.order_id, watch)
    return released


def _after(
    live: LiveOrder, watch: Watch, prints: tuple[Trade, ...], market: Market
) -> tuple[Watch, Release | None]:
    order = live.order
    for trade in prints:
        if live.watched_from is not None and trade.at <= live.watched_from:
            continue  # It waits since after that print.
        counts = watches_in(order.terms, market, trade.session)
        watch, found = watch.see(order.terms, trade.price, trade.at, counts=counts)
        if found is not None:
            return watch, found
    return watch, None


def release(floor: Floor, order_id: int, found: Release) -> Iterator[Fact]:
    """Wake an order whose trigger was met: it is reported now, or when its market next takes it."""
    live = floor.state.orders.get(order_id)
    if live is None:
        return
    order = live.order
    limit = _limit(floor, order, found)
    hold = entry_hold(floor, order.terms, limit, order.leaves_quantity)
    account = floor.state.accounts[order.account_no]
    reason = funds_refusal(floor, account, order.terms.side, order.leaves_quantity, hold)
    kept = NO_HOLD if reason is not None or hold is None else hold
    stays = OrderStatusChanged(order.order_id, order.account_no, order.status, floor.at, kept)
    woken = structs.replace(
        stays, trigger_status=TriggerStatus.RELEASED, triggered_at=found.at, price=limit
    )
    place = _place(floor, live, limit)
    if place is not None:
        status = step_of(live, Step.REPORTED, floor.at).status
        woken = structs.replace(woken, status=status, trading_day=floor.view.trading_day)
    yield woken
    if order_id not in floor.state.orders:
        return
    if reason is not None:
        yield step_of(live, Step.REJECTED, floor.at, ends=True, msg=reason.name)
    elif place is not None:
        yield from report(floor, order_id, place, is_reported=True)


def _place(floor: Floor, live: LiveOrder, limit: Decimal | None) -> Place | None:
    released = dataclasses.replace(live, order=structs.replace(live.order, price=limit))
    return place_now(floor, released)


def _limit(floor: Floor, order: Order, found: Release) -> Decimal | None:
    """Return the limit of a released order; attached ones may name a depth level, or nothing."""
    table, terms = table_of(floor.view), order.terms
    if terms.order_type is OrderType.LIT and order.price is not None:
        return order.price  # The owner may have replaced it since the order was entered.
    if terms.order_type is OrderType.LIT:
        by_level = structs.replace(terms, order_type=OrderType.TSLPAMT, limit_offset=None)
        assert by_level.order_type in TRAILING_TYPES, "whose limit counts from the trigger"
        return release_limit(by_level, found, table, floor.view.depth)
    return release_limit(terms, found, table, floor.view.depth)
