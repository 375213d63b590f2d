"""Conditional orders: what they wait for, when they are released, and as what.

A `Watch` is what an order remembers of the prints so far; it is a value, and seeing a print makes
the next one. LIT and MIT wait for a price, the trailing types (TSLPAMT, TSLPPCT, TSMAMT, TSMPCT)
for a way back from the extreme. Which prints set a price is told with each print: the table of
trade types belongs to the quotes. What happens to a released order is decided elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct, structs

from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth
from portway.model.quote import Depth, TradeSession
from portway.model.spread import SpreadTable
from portway.model.symbol import Market

__all__ = [
    "CONDITIONAL_TYPES",
    "TRAILING_TYPES",
    "Release",
    "Watch",
    "begin_watch",
    "release_limit",
    "release_type",
    "shown_trigger",
    "watches_in",
]

TOUCH_WINDOW: Final = timedelta(seconds=60)  # Touches that count together lie closer than this.

TRAILING_TYPES: Final = frozenset(
    {OrderType.TSLPAMT, OrderType.TSLPPCT, OrderType.TSMAMT, OrderType.TSMPCT}
)
CONDITIONAL_TYPES: Final = TRAILING_TYPES | {OrderType.LIT, OrderType.MIT}
_BY_PERCENT: Final = frozenset({OrderType.TSLPPCT, OrderType.TSMPCT})
_RELEASED_AS: Final = {
    OrderType.LIT: OrderType.LO,
    OrderType.TSLPAMT: OrderType.LO,
    OrderType.TSLPPCT: OrderType.LO,
    OrderType.MIT: OrderType.MO,
    OrderType.TSMAMT: OrderType.MO,
    OrderType.TSMPCT: OrderType.MO,
}


class Release(Struct, frozen=True):
    """A conditional order was touched as often as it asks.

    Attributes:
        at: Of the print that released it.
        trigger: The exact level that was touched, which need not lie on a tick.
    """

    at: datetime
    trigger: Decimal


class Watch(Struct, frozen=True):
    """What a conditional order remembers.

    Attributes:
        rises: LIT, MIT: the trigger lies at or above the price at submission and is touched from
            below. Trailing with a monitor price: the same of the monitor price. None: no price has
            been known yet, the first print decides.
        is_armed: Whether it waits for its trigger; False while a monitor price is not reached.
        extreme: Highest price since arming (sell), lowest (buy); None for LIT and MIT, and before.
        is_met: Whether the latest print met the condition: only a step into it is a touch.
        touches: Instants of the latest touches that still count together, oldest first.
    """

    rises: bool | None = None
    is_armed: bool = True
    extreme: Decimal | None = None
    is_met: bool = False
    touches: tuple[datetime, ...] = ()

    def trigger(self, terms: OrderTerms) -> Decimal | None:
        """Return the exact level that is waited for; None while a trailing order has none."""
        if terms.order_type not in TRAILING_TYPES:
            assert terms.trigger_price is not None, "checked at submission"
            return terms.trigger_price
        if self.extreme is None:
            return None
        if terms.order_type in _BY_PERCENT:
            assert terms.trailing_percent is not None, "checked at submission"
            distance = self.extreme * terms.trailing_percent / 100
        else:
            assert terms.trailing_amount is not None, "checked at submission"
            distance = terms.trailing_amount
        return self.extreme + (distance if _trails_a_low(terms) else -distance)

    def see(
        self, terms: OrderTerms, price: Decimal, at: datetime, *, counts: bool = True
    ) -> tuple[Watch, Release | None]:
        """Return the watch after a print, and the release if the print is the one.

        Args:
            at: Market time of the print; never before that of the print seen last.
            counts: Whether the print sets a price, in a session that the order watches
                (`watches_in`). What does not count changes nothing.
        """
        if not counts:
            return self, None
        if self.rises is None:
            return begin_watch(terms, price).see(terms, price, at)
        if not self.is_armed:
            return self._arm(terms, price), None
        return self._follow(terms, price)._judge(terms, price, at)

    def _arm(self, terms: OrderTerms, price: Decimal) -> Watch:
        monitor = terms.monitor_price
        assert monitor is not None, "what is not armed has a monitor price"
        reached = price >= monitor if self.rises else price <= monitor
        return structs.replace(self, is_armed=True, extreme=price) if reached else self

    def _follow(self, terms: OrderTerms, price: Decimal) -> Watch:
        if self.extreme is None:
            return self
        beyond = min if _trails_a_low(terms) else max
        return structs.replace(self, extreme=beyond(self.extreme, price))

    def _judge(
        self, terms: OrderTerms, price: Decimal, at: datetime
    ) -> tuple[Watch, Release | None]:
        trigger = self.trigger(terms)
        if trigger is None:
            return self, None
        from_below = _trails_a_low(terms) if self.extreme is not None else self.rises
        is_met = price >= trigger if from_below else price <= trigger
        if not is_met or self.is_met:
            return structs.replace(self, is_met=is_met), None
        touches = (*(one for one in self.touches if at - one < TOUCH_WINDOW), at)
        after = structs.replace(self, is_met=True, touches=touches)
        enough = len(touches) >= max(1, terms.trigger_count)
        return after, Release(at, trigger) if enough else None


def begin_watch(terms: OrderTerms, last: Decimal | None) -> Watch:
    """Return the watch of an order that has just been accepted, or got new terms.

    Args:
        last: The latest price; None: none is known, the first print takes its place.
    """
    if last is None:
        return Watch()
    if terms.order_type not in TRAILING_TYPES:
        assert terms.trigger_price is not None, "checked at submission"
        return Watch(rises=terms.trigger_price >= last)
    if terms.monitor_price is not None:
        return Watch(rises=terms.monitor_price >= last, is_armed=False)
    return Watch(rises=_trails_a_low(terms), extreme=last)


def watches_in(terms: OrderTerms, market: Market, session: TradeSession | None) -> bool:
    """Tell whether prints of a session count for an order: US extended hours only if it asks."""
    if session is TradeSession.NORMAL:
        return True
    asks = market is Market.US and terms.outside_rth is OutsideRth.ANY_TIME
    return asks and session in (TradeSession.PRE, TradeSession.POST)


def release_type(order_type: OrderType) -> OrderType:
    """Return the type as which a conditional order is reported."""
    return _RELEASED_AS[order_type]


def release_limit(
    terms: OrderTerms, release: Release, table: SpreadTable, depth: Depth | None
) -> Decimal | None:
    """Return the limit of a released order; None for a market order.

    A limit with an offset counts from the exact trigger, not from the print, and moves to a tick
    up for a sell and down for a buy: never worse than the exact limit. A depth level that is not
    there is the last one there is; on an empty side the trigger itself is the limit.

    Args:
        depth: As it stands at the release; read only for orders at a depth level.
    """
    if release_type(terms.order_type) is OrderType.MO:
        return None
    if terms.order_type not in TRAILING_TYPES:
        return terms.price
    offset = Decimal(0)
    if terms.limit_depth_level:
        level = _level_price(depth, terms.limit_depth_level)
        if level is not None:
            return level
    elif terms.limit_offset is not None:
        offset = terms.limit_offset
    if terms.side is OrderSide.SELL:
        exact = release.trigger - offset
        return table.above(exact) or table.below(exact)
    exact = release.trigger + offset
    return table.below(exact) or table.above(exact)


def shown_trigger(terms: OrderTerms, trigger: Decimal, table: SpreadTable) -> Decimal:
    """Return a trigger as it is shown: on the tick that the same prints reach.

    A sell waits for a fall and shows the next tick below, a buy the next tick above. What the owner
    gave is shown as given.
    """
    if terms.order_type not in TRAILING_TYPES:
        return trigger
    shown = table.above(trigger) if terms.side is OrderSide.BUY else table.below(trigger)
    return trigger if shown is None else shown


def _trails_a_low(terms: OrderTerms) -> bool:
    """Tell whether the extreme is a lowest price, from which a buy waits for a rise."""
    return terms.side is OrderSide.BUY


def _level_price(depth: Depth | None, level: int) -> Decimal | None:
    """Return the price of a depth level: -1 is the best bid, 1 the best ask."""
    if depth is None:
        return None
    levels = depth.bids if level < 0 else depth.asks
    return levels[min(abs(level), len(levels)) - 1].price if levels else None
