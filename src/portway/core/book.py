"""One symbol's liquidity: the venue's own resting orders, and the outside depth they meet.

`Book` is part of State: who rests at which price, in price-time order. `Outside` lies beside it:
what the source shows, less what this venue has taken since the level's last update. Rules of
continuous matching: best price first; at one price what stood there first, an outside level since
its latest update. Nothing here decides a fill or knows a fee.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import Struct

from portway.model.order import OrderSide
from portway.model.quote import Depth, Level
from portway.model.symbol import Symbol

__all__ = [
    "Book",
    "Outside",
    "OutsideLevel",
    "Outsides",
    "Queue",
    "Resting",
    "crosses",
    "opposite",
    "outside_of",
]

ZERO = Decimal(0)


def opposite(side: OrderSide) -> OrderSide:
    return OrderSide.SELL if side is OrderSide.BUY else OrderSide.BUY


def crosses(side: OrderSide, limit: Decimal | None, price: Decimal) -> bool:
    """Tell whether an order of `side` with `limit` (None: any price) would trade at `price`."""
    if limit is None:
        return True
    return price <= limit if side is OrderSide.BUY else price >= limit


class Resting(Struct, frozen=True, order=True, gc=False):
    """A place in a queue; sorts by priority.

    Attributes:
        rank: Price of a sell, negated price of a buy: the smaller, the better.
        arrival: Earlier first.
    """

    rank: Decimal
    arrival: int
    order_id: int

    @property
    def price(self) -> Decimal:
        return abs(self.rank)


@dataclass(slots=True)
class Queue:
    """Resting orders of one side; iterates best price first, then by arrival.

    Attributes:
        ranks: The prices at which orders rest, as ranks, in order.
        levels: Who rests at each of them, in order of arrival.
    """

    ranks: list[Decimal] = field(default_factory=list)
    levels: dict[Decimal, list[Resting]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Resting]:
        return (resting for rank in self.ranks for resting in self.levels[rank])

    @property
    def best(self) -> Resting | None:
        """Who trades first; None: nobody rests here."""
        return self.levels[self.ranks[0]][0] if self.ranks else None

    def add(self, resting: Resting) -> None:
        """Put an order behind all that stand at its price."""
        level = self.levels.get(resting.rank)
        if level is None:
            insort(self.ranks, resting.rank)
            self.levels[resting.rank] = [resting]
        else:
            level.append(resting)

    def remove(self, rank: Decimal, arrival: int) -> Resting | None:
        """Take an order out and return it; None: it is not there."""
        level = self.levels.get(rank)
        if level is None:
            return None
        index = 0
        if level[0].arrival != arrival:  # What trades stands in front.
            index = bisect_left(level, arrival, key=_arrival)
            if index == len(level) or level[index].arrival != arrival:
                return None
        found = level.pop(index)
        if not level:
            del self.levels[rank]
            del self.ranks[bisect_left(self.ranks, rank)]
        return found


def _arrival(resting: Resting) -> int:
    return resting.arrival


@dataclass(slots=True)
class Book:
    """The venue's own resting orders of one symbol."""

    bids: Queue = field(default_factory=Queue)
    asks: Queue = field(default_factory=Queue)

    def side(self, side: OrderSide) -> Queue:
        return self.bids if side is OrderSide.BUY else self.asks

    def add(self, side: OrderSide, price: Decimal, arrival: int, order_id: int) -> None:
        """Put an order behind everything that came before at its price; arrivals rise."""
        rank = -price if side is OrderSide.BUY else price
        self.side(side).add(Resting(rank, arrival, order_id))

    def remove(self, side: OrderSide, price: Decimal, arrival: int, order_id: int) -> None:
        """Take an order out; it must be there."""
        rank = -price if side is OrderSide.BUY else price
        found = self.side(side).remove(rank, arrival)
        assert found is not None, f"order {order_id} is in the book"
        assert found.order_id == order_id, f"{found.order_id} arrived when {order_id} did"

    @property
    def is_empty(self) -> bool:
        return not self.bids.ranks and not self.asks.ranks


@dataclass(slots=True)
class OutsideLevel:
    """One price of the outside depth.

    Attributes:
        left: Shares shown, less what the venue has taken since the last update.
    """

    price: Decimal
    left: Decimal


@dataclass(slots=True)
class Outside:
    """The outside depth of one symbol as this venue has left it.

    Attributes:
        since: `State.arrivals` at the last update: own orders that came later stand behind it.
        is_met: Whether the resting orders have been matched with the depth that it shows.
        was_closed: Nothing could be matched when it was last looked at: orders may be waiting.
        awaits_first: A session began without any depth: the next one opens it.
        is_first: The depth is a session's first: what came before is incoming to it.
    """

    depth: Depth | None = None
    bids: list[OutsideLevel] = field(default_factory=list)
    asks: list[OutsideLevel] = field(default_factory=list)
    since: int = 0
    is_met: bool = True
    was_closed: bool = True
    awaits_first: bool = False
    is_first: bool = False

    def update(self, depth: Depth | None, arrivals: int) -> None:
        """Show a new depth; what was taken from the old one is forgotten with it.

        Nothing changes when the source shows what it showed.
        """
        if depth is self.depth or depth == self.depth:
            return
        self.depth = depth
        self.bids = _levels(depth.bids) if depth is not None else []
        self.asks = _levels(depth.asks) if depth is not None else []
        self.since = arrivals
        self.is_met = False
        self.is_first = self.awaits_first and not self.is_empty
        self.awaits_first = self.awaits_first and self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether it shows nothing at all."""
        return not self.bids and not self.asks

    def side(self, side: OrderSide) -> list[OutsideLevel]:
        return self.bids if side is OrderSide.BUY else self.asks

    def best(self, side: OrderSide) -> OutsideLevel | None:
        """Return the best level with anything left."""
        for level in self.side(side):
            if level.left > 0:
                return level
        return None

    def levels(self, side: OrderSide) -> Iterator[OutsideLevel]:
        """Yield levels with anything left, best first."""
        return (level for level in self.side(side) if level.left > 0)


Outsides = dict[Symbol, Outside]


def outside_of(outsides: Outsides, symbol: Symbol) -> Outside:
    """Return a symbol's outside to be changed; made when there is none."""
    found = outsides.get(symbol)
    if found is None:
        found = outsides[symbol] = Outside()
    return found


def _levels(levels: tuple[Level, ...]) -> list[OutsideLevel]:
    return [OutsideLevel(level.price, Decimal(level.volume)) for level in levels]
