"""Prices of short sales: the uptick rules of the US and of Hong Kong.

US (Regulation SHO, rule 201): once a security has traded ten percent below its previous close,
short sales execute only above the best bid for the rest of that day and the next; an order priced
at or below it stands one tick above. Hong Kong: never below the best ask; in an auction never below
its reference price. Who may sell short at all is `standing_checks.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import structs

from portway.core.exchange_rules import Place, auction_of
from portway.core.matching import Floor, touch_of
from portway.core.order_checks import table_of
from portway.core.state import LiveOrder, State
from portway.model.account import AccountKind
from portway.model.event import Fact, OrderStatusChanged, RefusalReason
from portway.model.order import DayAuction, OrderSide
from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = [
    "REPRICED_MSG",
    "is_short",
    "least_price",
    "reentry_step",
    "repriced",
    "short_price_refusal",
]

ZERO = Decimal(0)
REPRICED_MSG = "repriced: short sales execute only above the best bid"


def is_short(state: State, live: LiveOrder) -> bool:
    """Tell whether an order sells shares that its account does not have.

    What an account has counts for its earlier sells first.
    """
    order = live.order
    account = state.accounts[order.account_no]
    if account.kind is AccountKind.CASH or order.terms.side is OrderSide.BUY:
        return False
    position = account.positions.get(order.terms.symbol)
    if position is None or not position.shorting:
        return False
    earlier = sum(
        one.hold.shares
        for one in state.orders.values()
        if one.order.account_no == order.account_no
        and one.order.terms.symbol == order.terms.symbol
        and one.order.order_id < order.order_id
    )
    own = max(ZERO, position.quantity - position.locked_quantity)
    return live.hold.shares > max(ZERO, own - earlier)


def least_price(floor: Floor, live: LiveOrder) -> Decimal | None:
    """Return the lowest price at which a US order may execute or be shown; None: any."""
    is_tested = floor.view.is_price_tested and floor.view.instrument.market is Market.US
    if not is_tested or floor.session is TradeSession.OVERNIGHT or not is_short(floor.state, live):
        return None
    best = touch_of(floor).bid
    if best is None:
        return None
    table = table_of(floor.view)
    start = table.below(best)
    return table.step(start, 1) if start is not None else None


def repriced(floor: Floor, live: LiveOrder, step: OrderStatusChanged) -> OrderStatusChanged:
    """Return `step`, with the price at which the order has to stand where its limit is too low."""
    least, price = least_price(floor, live), live.order.price
    if least is None or price is None or price >= least:
        return step
    return structs.replace(step, price=least, msg=REPRICED_MSG)


def reentry_step(floor: Floor, live: LiveOrder) -> Iterator[Fact]:
    """Yield the new price of a long-term order that is about to be sent again, if it needs one."""
    order = live.order
    stays = OrderStatusChanged(order.order_id, order.account_no, order.status, floor.at, live.hold)
    step = repriced(floor, live, stays)
    if step.price is not None:
        yield step


def short_price_refusal(
    floor: Floor, live: LiveOrder, price: Decimal | None, place: Place
) -> RefusalReason | None:
    """Return why Hong Kong does not take a short sale at `price`; None when it takes it."""
    if floor.view.instrument.market is not Market.HK or price is None:
        return None
    if not is_short(floor.state, live):
        return None
    view = floor.view
    if place is Place.CONTINUOUS:
        least = touch_of(floor).ask
    elif auction_of(floor.state, view) is DayAuction.CLOSING:
        least = view.reference or view.last_done or view.prev_close
    else:
        least = view.prev_close
    return RefusalReason.SHORT_PRICE_TOO_LOW if least is not None and price < least else None
