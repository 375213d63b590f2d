"""Continuous matching: an incoming order against the book, and the outside market against it.

Best price first; at one price what stood there first. Trades happen at the resting side's price,
one execution per outside level or resting order hit. A resting order fills at its own price: when a
venue order crosses it, for the displayed sizes when the outside touch reaches it, and whole when an
outside print goes through its price. Outside of a volatility band nothing trades, and what is
priced beyond it stands at the band. Everything is yielded as a fact and added up by the caller
before the next is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct, field

from portway.core import fees
from portway.core.book import Book, Outside, OutsideLevel, Resting, crosses, opposite
from portway.core.ledger import execution_entry
from portway.core.order_checks import Touch, estimate_hold, works_in
from portway.core.order_states import Step, next_status
from portway.core.state import FeeDay, LiveOrder, State
from portway.model.command import FillModel, MarketView
from portway.model.entry import Fee
from portway.model.event import (
    NO_HOLD,
    Fact,
    Hold,
    OrderFilled,
    OrderStatusChanged,
    QueueMoved,
)
from portway.model.execution import Execution, Fill
from portway.model.order import OrderSide, TriggerStatus
from portway.model.price_limits import NO_BAND, PriceRange
from portway.model.quote import Trade, TradeSession
from portway.model.symbol import Symbol

__all__ = [
    "Floor",
    "SELF_MATCH_MSG",
    "best_price",
    "fill_of",
    "is_at_work",
    "match_incoming",
    "match_depth",
    "match_prints",
    "queue_moves",
    "step_of",
    "touch_of",
]

ZERO = Decimal(0)
SELF_MATCH_MSG = "canceled: it would have traded with another order of the same account"


class Floor(Struct, frozen=True):
    """Where one symbol trades at one instant: the state, its outside, and what is known of both.

    Attributes:
        session: The continuous session that runs; None: nothing matches.
        band: Between which prices may be traded.
        ahead: What stands ahead of orders while one update of the market is worked through.
        views: Of every other symbol that came with the command, for what an account is worth.
    """

    state: State
    outside: Outside
    view: MarketView
    at: datetime
    session: TradeSession | None
    views: Mapping[Symbol, MarketView] = field(default_factory=dict)
    ahead: dict[int, Decimal] = field(default_factory=dict)
    band: PriceRange = NO_BAND

    @property
    def book(self) -> Book:
        return self.state.books.get(self.view.instrument.symbol) or Book()

    @property
    def fills_whole(self) -> bool:
        """Whether the fill model ignores displayed sizes."""
        return self.state.settings.fill_model is FillModel.TOUCH

    def takes(self, side: OrderSide, limit: Decimal | None, price: Decimal) -> bool:
        """Tell whether an order of `side` with `limit` may trade at `price`."""
        return crosses(side, limit, price) and (self.band is NO_BAND or self.band.holds(price))

    def price_of(self, side: OrderSide, resting: Resting) -> Decimal:
        """Return the price at which a resting order of `side` stands: at the band, not beyond."""
        price = resting.price
        if self.band is NO_BAND:
            return price
        edge = self.band.upper if side is OrderSide.BUY else self.band.lower
        return edge if edge is not None and crosses(side, price, edge) else price


def touch_of(floor: Floor) -> Touch:
    """Return the best prices of outside depth and resting orders together."""
    return Touch(best_price(floor, OrderSide.BUY), best_price(floor, OrderSide.SELL))


def best_price(floor: Floor, side: OrderSide) -> Decimal | None:
    """Return the best price of a side, outside depth and resting orders together."""
    level, own = floor.outside.best(side), _best_own(floor, side)
    if own is None:
        return None if level is None else level.price
    price = floor.price_of(side, own)
    if level is None:
        return price
    better = max if side is OrderSide.BUY else min
    return better(level.price, price)


def step_of(
    live: LiveOrder, step: Step, at: datetime, *, ends: bool = False, msg: str = ""
) -> OrderStatusChanged:
    """Return the fact that an order takes `step`.

    Args:
        ends: The step leads to a terminal status, which holds nothing, and watches nothing.
    """
    order = live.order
    status = next_status(
        order.status,
        step,
        executed=order.executed_quantity > 0,
        before_replace=live.before_replace,
    )
    hold = NO_HOLD if ends else live.hold
    watched = ends and order.trigger_status is TriggerStatus.ACTIVE
    trigger = TriggerStatus.DEACTIVE if watched else None
    return OrderStatusChanged(order.order_id, order.account_no, status, at, hold, msg, trigger)


def match_incoming(floor: Floor, order_id: int, bound: Decimal | None) -> Iterator[Fact]:
    """Yield the fills of an order that has just come, best price first, up to `bound`."""
    while (live := floor.state.orders.get(order_id)) is not None:
        side = live.order.terms.side
        own = _best_own(floor, opposite(side))
        level = floor.outside.best(opposite(side))
        if own is not None and _own_first(floor, side, own, level):
            price = floor.price_of(opposite(side), own)
            if not floor.takes(side, bound, price):
                return
            yield from _meet_own(floor, live, floor.state.orders[own.order_id], price)
            continue
        if level is None or not floor.takes(side, bound, level.price):
            return
        yield fill_of(floor, live, _from_level(floor, live, level, level.price))


def match_prints(floor: Floor, prints: tuple[Trade, ...]) -> Iterator[Fact]:
    """Yield the fills of resting orders by outside prints that went through their price.

    Prints of an auction, or of any other time without continuous matching, fill nothing here.
    Under the fill model `queue` a print exactly at a price uses up what stands ahead there; how
    much is left ahead is for `queue_moves` to tell, once for each order.
    """
    if floor.session is None:
        return
    counts = floor.state.settings.fill_model is FillModel.QUEUE
    for trade in prints:
        for side in (OrderSide.BUY, OrderSide.SELL):
            yield from _print_through(floor, side, trade)
            if counts:
                yield from _print_at(floor, side, trade)


def _print_at(floor: Floor, side: OrderSide, trade: Trade) -> Iterator[Fact]:
    """Yield what a print exactly at a price leaves for the venue's orders there, in time order."""
    volume, own = Decimal(trade.volume), ZERO
    for resting in tuple(floor.book.side(side)):
        price = floor.price_of(side, resting)
        if price != trade.price or not floor.band.holds(price):
            continue
        live = floor.state.orders.get(resting.order_id)
        if live is None or live.since is None or live.since >= trade.at:
            continue
        if not is_at_work(floor, resting, trade.session):
            continue
        passed = volume - own
        ahead = floor.ahead.get(resting.order_id, live.ahead)
        floor.ahead[resting.order_id] = max(ZERO, ahead - passed)
        quantity = min(live.order.leaves_quantity, max(ZERO, passed - ahead))
        if quantity:
            own += quantity
            yield fill_of(floor, live, Fill(resting.order_id, trade.price, quantity))


def queue_moves(floor: Floor, order_id: int | None = None) -> Iterator[Fact]:
    """Yield how much stands ahead of resting orders now, where it is not what it was.

    Args:
        order_id: The only order to look at, which has just arrived; None: all, after an update.
    """
    if floor.state.settings.fill_model is not FillModel.QUEUE:
        return
    for side in (OrderSide.BUY, OrderSide.SELL):
        shown = {level.price: level.left for level in floor.outside.levels(side)}
        for resting in tuple(floor.book.side(side)):
            live = floor.state.orders.get(resting.order_id)
            if live is None or order_id not in (None, resting.order_id):
                continue
            displayed = shown.get(resting.price, ZERO)
            ahead = floor.ahead.get(resting.order_id, live.ahead)
            ahead = displayed if order_id is not None else min(ahead, displayed)
            if ahead != live.ahead:
                yield QueueMoved(resting.order_id, ahead)


def match_depth(floor: Floor) -> Iterator[Fact]:
    """Yield the fills of resting orders by the outside depth, if they have not met it yet.

    What it shows at or beyond their prices is shared in price-time order.
    """
    if floor.session is None or floor.outside.is_met:
        return
    floor.outside.is_met = True
    for side in (OrderSide.BUY, OrderSide.SELL):
        if not _is_touched(floor, side):
            continue  # Nearly always: the queue is not even looked at.
        for resting in tuple(floor.book.side(side)):
            if resting.order_id not in floor.state.orders:
                continue
            if is_at_work(floor, resting, floor.session):
                yield from _touched(floor, resting)
            if not _is_touched(floor, side):
                break


def _is_touched(floor: Floor, side: OrderSide) -> bool:
    """Tell whether the outside reaches the best resting price of a side, or beyond it."""
    best = floor.book.side(side).best
    level = floor.outside.best(opposite(side))
    if best is None or level is None:
        return False
    return floor.takes(side, floor.price_of(side, best), level.price)


def _print_through(floor: Floor, side: OrderSide, trade: Trade) -> Iterator[Fact]:
    through = []
    for resting in floor.book.side(side):
        price = floor.price_of(side, resting)
        if not crosses(side, price, trade.price) or trade.price == price:
            break  # Sorted by price: nothing further back is gone through either.
        through.append(resting)
    for resting in through:
        live = floor.state.orders.get(resting.order_id)
        if live is None:
            continue  # Gone with a fill before: the other half of a bracket.
        assert live.since is not None, "what rests came at an instant"
        # What printed at or before an order's arrival has not met it.
        price = floor.price_of(side, resting)
        is_met = live.since < trade.at and floor.band.holds(price)
        if is_met and is_at_work(floor, resting, trade.session):
            whole = Fill(resting.order_id, price, live.order.leaves_quantity)
            yield fill_of(floor, live, whole)


def _touched(floor: Floor, resting: Resting) -> Iterator[Fact]:
    """Yield fills of one resting order by the outside levels that reach its price."""
    while (live := floor.state.orders.get(resting.order_id)) is not None:
        side = live.order.terms.side
        level = floor.outside.best(opposite(side))
        stands = floor.price_of(side, resting)
        if level is None or not floor.takes(side, stands, level.price):
            return
        # What waited for a session's first depth comes to it, and does not give its price away.
        price = level.price if floor.outside.is_first else stands
        yield fill_of(floor, live, _from_level(floor, live, level, price))


def is_at_work(floor: Floor, resting: Resting, session: TradeSession | None) -> bool:
    terms = floor.state.orders[resting.order_id].order.terms
    return works_in(terms, floor.view.instrument.market, session)


def _best_own(floor: Floor, side: OrderSide) -> Resting | None:
    queue = floor.book.side(side)
    best = queue.best
    if best is None or is_at_work(floor, best, floor.session):
        return best  # Nearly always: the queue is not walked through.
    return next((one for one in queue if is_at_work(floor, one, floor.session)), None)


def _own_first(floor: Floor, side: OrderSide, own: Resting, level: OutsideLevel | None) -> bool:
    """Tell whether an incoming order of `side` meets `own` before the outside level."""
    if level is None:
        return True
    price = floor.price_of(opposite(side), own)
    if price == level.price:
        return floor.fills_whole or own.arrival <= floor.outside.since
    return price < level.price if side is OrderSide.BUY else price > level.price


def _from_level(floor: Floor, live: LiveOrder, level: OutsideLevel, price: Decimal) -> Fill:
    """Take what an outside level has for an order; it is gone until the level's next update."""
    leaves = live.order.leaves_quantity
    if floor.fills_whole:
        return Fill(live.order.order_id, price, leaves)
    quantity = min(leaves, level.left)
    level.left -= quantity
    return Fill(live.order.order_id, price, quantity)


def _meet_own(floor: Floor, live: LiveOrder, resting: LiveOrder, price: Decimal) -> Iterator[Fact]:
    """Yield the match of two orders of the venue, the incoming side first."""
    incoming_id, resting_id = live.order.order_id, resting.order.order_id
    if live.order.account_no == resting.order.account_no:
        # An account does not trade with itself: the order that stood there gives way.
        yield step_of(resting, Step.CANCELED, floor.at, ends=True, msg=SELF_MATCH_MSG)
        return
    quantity = min(live.order.leaves_quantity, resting.order.leaves_quantity)
    yield fill_of(floor, live, Fill(incoming_id, price, quantity, against=resting_id))
    yield fill_of(floor, resting, Fill(resting_id, price, quantity, against=incoming_id))


def fill_of(floor: Floor, live: LiveOrder, fill: Fill) -> OrderFilled:
    """Return the fact of a fill, with every amount that follows from it."""
    order, view = live.order, floor.view
    execution = Execution(
        trade_id=f"{order.order_id}-{live.executions + 1}",
        order_id=order.order_id,
        account_no=order.account_no,
        symbol=order.terms.symbol,
        side=order.terms.side,
        price=fill.price,
        quantity=fill.quantity,
        currency=order.currency,
        at=floor.at,
        trading_day=view.trading_day,
        option=view.instrument.option,
    )
    leaves = order.leaves_quantity - fill.quantity
    status = next_status(order.status, Step.PART_FILLED if leaves else Step.FILLED)
    day = _day_after(floor, live, execution)
    added = fees.fees_added(_query(floor, live), day.consideration, day.quantity, day.charged)
    return OrderFilled(
        execution=execution,
        status=status,
        against=fill.against,
        fees=added,
        entry=execution_entry(execution, added, view.settles_on),
        sellable_from=view.sellable_from,
        hold=_hold_after(floor, live, day, added, leaves),
    )


def _query(floor: Floor, live: LiveOrder) -> fees.FeeQuery:
    return fees.FeeQuery(
        fees.fee_class_of(floor.view.instrument),
        live.order.terms.side,
        floor.view.trading_day,
        floor.state.settings.fee_rates,
    )


def _day_after(floor: Floor, live: LiveOrder, execution: Execution) -> FeeDay:
    """Return what the order has traded today with `execution`, and paid without it."""
    day = live.fee_day
    if day is None or day.on != execution.trading_day:
        return FeeDay(execution.trading_day, execution.consideration, execution.quantity)
    return FeeDay(
        day.on,
        day.consideration + execution.consideration,
        day.quantity + execution.quantity,
        dict(day.charged),
    )


def _hold_after(
    floor: Floor, live: LiveOrder, day: FeeDay, added: tuple[Fee, ...], leaves: Decimal
) -> Hold:
    if not leaves:
        return NO_HOLD
    if live.order.terms.side is OrderSide.SELL:
        return Hold(shares=leaves)
    for fee in added:
        day.charged[fee.name] = day.charged.get(fee.name, ZERO) + fee.amount
    order = live.order
    price = order.price
    if price is None:
        # The price by which it reserved.
        price = live.hold.cash / order.leaves_quantity / floor.view.instrument.multiplier
    hold = estimate_hold(order.terms, price, leaves, day, floor.view, floor.state.settings)
    assert hold is not None, "an order that trades has reserved by a price"
    return hold
