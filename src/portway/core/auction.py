"""Call auctions: the one price at which a set of orders trades, and who gets how much.

Hong Kong's pre-opening and closing auctions, the mainland's call auctions by either exchange's
rule, and the US opening, closing and reopening crosses. Pure functions of the orders in time order,
the tick table and a reference price; when an auction runs, who may enter it and what follows for an
order's life is decided elsewhere. Cost grows with the number of orders, not of ticks between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from portway.model.order import DayAuction, OrderSide
from portway.model.price_limits import PriceRange
from portway.model.spread import SpreadTable

__all__ = [
    "AuctionOrder",
    "AuctionResult",
    "CnExchange",
    "Fate",
    "cn_auction",
    "hk_auction",
    "hk_fate",
    "us_cross",
]

ZERO = Decimal(0)


class CnExchange(Enum):
    """Whose rule breaks a mainland tie."""

    SHANGHAI = auto()
    SHENZHEN = auto()


class Fate(Enum):
    """What becomes of an order of which an auction has left something."""

    CANCELED = auto()
    LIMIT_ORDER = auto()  # Goes on in continuous trading at its price.
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class AuctionOrder:
    """An order as an auction sees it.

    Attributes:
        price: Limit; None: at any price (AO, a market order in a cross), which goes first.
        quantity: What is open of it, above zero.
    """

    order_id: int
    side: OrderSide
    price: Decimal | None
    quantity: Decimal

    def accepts(self, price: Decimal) -> bool:
        """Tell whether it may trade at `price`."""
        if self.price is None:
            return True
        return self.price >= price if self.side is OrderSide.BUY else self.price <= price


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """What an auction would do if it ended now.

    Attributes:
        iep: The equilibrium price; None: the orders make none.
        price: At what all trades happen: the equilibrium price, or the reference price of a Hong
            Kong closing auction without one; None: nothing can match.
        matched: Quantity bought, and sold.
        imbalance: Buys less sells that would trade at `price`; None without a price.
        fills: Quantity by order that trades, by priority, buys first.
        rest: Quantity left by order that has some left, in time order.
    """

    iep: Decimal | None = None
    price: Decimal | None = None
    matched: Decimal = ZERO
    imbalance: Decimal | None = None
    fills: Mapping[int, Decimal] = field(default_factory=dict)
    rest: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring ticks, `low` to `high` by rank, at which the same quantities would trade.

    Attributes:
        buys: At these prices or better, orders without a price included; so `sells`.
        buys_above: Of them those that would pay more; `sells_below`: that would take less.
    """

    low: int
    high: int
    buys: Decimal
    sells: Decimal
    buys_above: Decimal
    sells_below: Decimal

    @property
    def matched(self) -> Decimal:
        return min(self.buys, self.sells)

    @property
    def imbalance(self) -> Decimal:
        return self.buys - self.sells


# --- Hong Kong --------------------------------------------------------------------------------


def hk_auction(
    orders: Sequence[AuctionOrder],
    table: SpreadTable,
    reference: Decimal | None,
    kind: DayAuction,
) -> AuctionResult:
    """Return the Hong Kong auction of at-auction orders (no price) and at-auction limit orders.

    Most matched, then smallest imbalance, then the highest price if buyers are left over at each,
    the lowest if sellers are; then closest to the reference, then the higher.

    Args:
        orders: In time order.
        reference: Previous close (opening) or reference price (closing); None: there is none, as
            on a new share's first day: then only the higher price decides.
    """
    best = _best(_stretches(orders, table, _hk_candidates(orders, table)))
    if not best:
        settles = kind is DayAuction.CLOSING and reference is not None
        return _result(orders, None, reference if settles else None)
    best = _least(best, lambda one: abs(one.imbalance))
    if all(one.imbalance > 0 for one in best):
        iep = _price(table, max(one.high for one in best))
    elif all(one.imbalance < 0 for one in best):
        iep = _price(table, min(one.low for one in best))
    else:
        iep = _nearest(best, table, (reference,))
    return _result(orders, iep, iep)


def hk_fate(order: AuctionOrder, kind: DayAuction) -> Fate:
    """Return what becomes of what a Hong Kong auction leaves of an order of that day."""
    if order.price is None:
        return Fate.CANCELED
    return Fate.LIMIT_ORDER if kind is DayAuction.OPENING else Fate.EXPIRED


def _hk_candidates(orders: Sequence[AuctionOrder], table: SpreadTable) -> tuple[int, int] | None:
    """Return the ranks between which the equilibrium price is sought; None: there is none.

    With limits on one side only, orders without a price can meet them: at that side's best price.
    """
    low, high = _limits(orders, table)
    if low is None and high is None:
        return None
    if low is None or high is None:
        taker = OrderSide.SELL if low is None else OrderSide.BUY
        if not any(one.side is taker for one in orders):
            return None
        only = high if low is None else low
        assert only is not None, "one side has limits"
        return only, only
    return (low, high) if low <= high else None


# --- Mainland ---------------------------------------------------------------------------------


def cn_auction(
    orders: Sequence[AuctionOrder],
    table: SpreadTable,
    references: Sequence[Decimal | None],
    exchange: CnExchange,
    limits: PriceRange | None = None,
) -> AuctionResult:
    """Return the mainland call auction of limit orders.

    Most matched, with every buy above and every sell below the price filled. Ties: Shanghai takes
    the smallest imbalance, then the middle of what remains, rounded up to the tick; Shenzhen the
    smallest difference of the buys above and the sells below, then the nearest to the references
    in turn, then the higher.

    Args:
        references: Opening: the previous close; closing: the last trade, then the previous close.
            Shanghai reads none.
        limits: The daily limits; None: no limit.
    """
    low, high = _limits(orders, table)
    if low is None or high is None:
        return _result(orders, None, None)
    limits = limits or PriceRange()
    span = (
        low if limits.lower is None else max(low, _rank_upto(table, table.above(limits.lower))),
        high if limits.upper is None else min(high, _rank_upto(table, limits.upper)),
    )
    best = [
        one
        for one in _best(_stretches(orders, table, span))
        if one.buys_above <= one.matched and one.sells_below <= one.matched
    ]
    if not best:
        return _result(orders, None, None)
    if exchange is CnExchange.SHANGHAI:
        best = _least(best, lambda one: abs(one.imbalance))
        ends = (min(one.low for one in best), max(one.high for one in best))
        middle = table.above((_price(table, ends[0]) + _price(table, ends[1])) / 2)
        assert middle is not None, "between two valid prices there is one, or it is one of them"
        return _result(orders, middle, middle)
    best = _least(best, lambda one: abs(one.buys_above - one.sells_below))
    iep = _nearest(best, table, references)
    return _result(orders, iep, iep)


# --- United States ----------------------------------------------------------------------------


def us_cross(
    orders: Sequence[AuctionOrder], table: SpreadTable, reference: Decimal | None
) -> AuctionResult:
    """Return the opening, closing or reopening cross of limit and market orders (no price).

    Most paired, then smallest imbalance, then closest to the reference, then the higher; sought
    from the lowest sell limit to the highest buy limit, so without limits on both sides there is
    no cross.

    Args:
        reference: Opening: previous close or middle of the pre-market quote; else the middle.
    """
    low, high = _limits(orders, table)
    if low is None or high is None:
        return _result(orders, None, None)
    best = _best(_stretches(orders, table, (low, high)))
    if not best:
        return _result(orders, None, None)
    best = _least(best, lambda one: abs(one.imbalance))
    iep = _nearest(best, table, (reference,))
    return _result(orders, iep, iep)


# --- Candidates -------------------------------------------------------------------------------


def _limits(orders: Sequence[AuctionOrder], table: SpreadTable) -> tuple[int | None, int | None]:
    """Return the ranks of the lowest sell limit and of the highest buy limit."""
    sells = [rank for _, rank in _ranked(orders, table, OrderSide.SELL)]
    buys = [rank for _, rank in _ranked(orders, table, OrderSide.BUY)]
    return min(sells, default=None), max(buys, default=None)


def _ranked(
    orders: Sequence[AuctionOrder], table: SpreadTable, side: OrderSide
) -> Iterator[tuple[AuctionOrder, int]]:
    """Yield the limit orders of a side with the rank of the worst valid price they accept."""
    for order in orders:
        if order.side is not side or order.price is None:
            continue
        # An old order may lie off the tick of today's table: it trades at the valid price inside.
        is_buy = side is OrderSide.BUY
        worst = table.below(order.price) if is_buy else table.above(order.price)
        rank = None if worst is None else table.rank(worst)
        if rank is not None:
            yield order, rank


def _stretches(
    orders: Sequence[AuctionOrder], table: SpreadTable, span: tuple[int, int] | None
) -> Iterator[_Stretch]:
    """Yield what would trade at each rank of `span`, upwards, equal neighbours in one."""
    if span is None or span[0] > span[1]:
        return
    buys_at: dict[int, Decimal] = {}
    sells_at: dict[int, Decimal] = {}
    for side, volume in ((OrderSide.BUY, buys_at), (OrderSide.SELL, sells_at)):
        for order, rank in _ranked(orders, table, side):
            volume[rank] = volume.get(rank, ZERO) + order.quantity
    buys = sum(buys_at.values(), _unpriced(orders, OrderSide.BUY))
    sells = _unpriced(orders, OrderSide.SELL)
    begin = 0
    for rank in sorted(buys_at.keys() | sells_at.keys()):
        yield from _within(span, _Stretch(begin, rank - 1, buys, sells, buys, sells))
        bought, sold = buys_at.get(rank, ZERO), sells_at.get(rank, ZERO)
        yield from _within(span, _Stretch(rank, rank, buys, sells + sold, buys - bought, sells))
        buys, sells, begin = buys - bought, sells + sold, rank + 1
    yield from _within(span, _Stretch(begin, max(begin, span[1]), buys, sells, buys, sells))


def _within(span: tuple[int, int], stretch: _Stretch) -> Iterator[_Stretch]:
    low, high = max(span[0], stretch.low), min(span[1], stretch.high)
    if low <= high:
        yield _Stretch(
            low, high, stretch.buys, stretch.sells, stretch.buys_above, stretch.sells_below
        )


def _unpriced(orders: Sequence[AuctionOrder], side: OrderSide) -> Decimal:
    return sum((one.quantity for one in orders if one.side is side and one.price is None), ZERO)


# --- Choice -----------------------------------------------------------------------------------


def _best(stretches: Iterator[_Stretch]) -> list[_Stretch]:
    """Return the stretches that match most; none where nothing matches."""
    some = [one for one in stretches if one.matched > 0]
    return _least(some, lambda one: -one.matched) if some else []


def _least(stretches: Sequence[_Stretch], key: Callable[[_Stretch], Decimal]) -> list[_Stretch]:
    least = min(key(one) for one in stretches)
    return [one for one in stretches if key(one) == least]


def _nearest(
    stretches: Sequence[_Stretch], table: SpreadTable, references: Sequence[Decimal | None]
) -> Decimal:
    """Return the price nearest to the references in turn; equally near: the higher."""
    known = [one for one in references if one is not None]
    ranks = {end for one in stretches for end in (one.low, one.high)}
    for reference in known:
        for near in (table.below(reference), table.above(reference)):
            rank = None if near is None else table.rank(near)
            if rank is not None:
                # The nearest tick of a stretch is the reference's own neighbour or an end of it.
                ranks |= {min(max(rank, one.low), one.high) for one in stretches}
    prices = [_price(table, rank) for rank in ranks]
    return min(prices, key=lambda one: (*(abs(one - reference) for reference in known), -one))


def _rank_upto(table: SpreadTable, price: Decimal | None) -> int:
    """Return the rank of the nearest valid price at or below; -1 when there is none."""
    below = None if price is None else table.below(price)
    rank = None if below is None else table.rank(below)
    return -1 if rank is None else rank


def _price(table: SpreadTable, rank: int) -> Decimal:
    price = table.price_at(rank)
    assert price is not None, "ranks come from the table"
    return price


# --- Allocation -------------------------------------------------------------------------------


def _result(
    orders: Sequence[AuctionOrder], iep: Decimal | None, price: Decimal | None
) -> AuctionResult:
    """Return the trades at `price`: without limit first, then by limit, then by time."""
    if price is None:
        return AuctionResult(rest={one.order_id: one.quantity for one in orders})
    willing = [one for one in orders if one.accepts(price)]
    buys = [one for one in willing if one.side is OrderSide.BUY]
    sells = [one for one in willing if one.side is OrderSide.SELL]
    bought, sold = (sum((one.quantity for one in side), ZERO) for side in (buys, sells))
    matched = min(bought, sold)
    fills: dict[int, Decimal] = {}
    for side in (buys, sells):
        left = matched
        for order in sorted(side, key=_priority):  # A stable sort: what is equal stays in time.
            taken = min(left, order.quantity)
            if taken:
                fills[order.order_id] = taken
                left -= taken
    open_after = ((one.order_id, one.quantity - fills.get(one.order_id, ZERO)) for one in orders)
    return AuctionResult(
        iep=iep,
        price=price,
        matched=matched,
        imbalance=bought - sold,
        fills=fills,
        rest={order_id: left for order_id, left in open_after if left},
    )


def _priority(order: AuctionOrder) -> tuple[bool, Decimal]:
    if order.price is None:
        return False, ZERO
    return True, -order.price if order.side is OrderSide.BUY else order.price
