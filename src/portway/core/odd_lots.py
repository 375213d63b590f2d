"""Hong Kong odd lots: a counterparty of their own, two ticks behind the board-lot market.

It buys whatever is offered at two ticks below the best bid and sells at two ticks above the best
ask, in continuous trading. An order that comes trades at the counterparty's price; one that rests
trades at its own. Odd lots of the venue do not meet each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from portway.core.book import crosses
from portway.core.matching import Floor, fill_of, touch_of
from portway.core.order_checks import table_of
from portway.model.event import Fact
from portway.model.execution import Fill
from portway.model.order import OrderSide

__all__ = ["match_odd_lot", "match_odd_lots"]

TICKS_BEHIND: Final = 2


def match_odd_lots(floor: Floor) -> Iterator[Fact]:
    """Yield the fills of resting odd lots that the counterparty now reaches."""
    if floor.session is None:
        return
    for order_id in tuple(floor.state.odd_lots.get(floor.view.instrument.symbol, ())):
        yield from match_odd_lot(floor, order_id, is_incoming=False)


def match_odd_lot(floor: Floor, order_id: int, *, is_incoming: bool) -> Iterator[Fact]:
    """Yield the fill of one odd lot, if the counterparty reaches its limit."""
    live = floor.state.orders.get(order_id)
    if live is None:
        return
    order = live.order
    price = _counterparty_price(floor, order.terms.side)
    if price is None or not crosses(order.terms.side, order.price, price):
        return
    assert order.price is not None, "an odd lot has a limit"
    yield fill_of(
        floor, live, Fill(order_id, price if is_incoming else order.price, order.leaves_quantity)
    )


def _counterparty_price(floor: Floor, side: OrderSide) -> Decimal | None:
    best = touch_of(floor).opposite(side)
    if best is None:
        return None
    table = table_of(floor.view)
    is_buy = side is OrderSide.BUY
    start = table.above(best) if is_buy else table.below(best)
    return None if start is None else table.step(start, TICKS_BEHIND if is_buy else -TICKS_BEHIND)
