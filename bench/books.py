"""Events per second of the order books and of the triggers, each alone.

Books: 45% limit orders that rest, 25% that cross, 30% withdrawals, drawn from a seed; nothing but
price-time order and who meets whom. The same load goes through `lightmatchingengine` (PyPI, its
prices are floats) in the same run, if it is installed; both must agree on the trades. Triggers: one
print seen by one waiting order, of the six conditional types by turns.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import cycle, islice

from machine import machine

from portway.core.book import Book, crosses, opposite
from portway.core.triggers import begin_watch
from portway.model.execution import Fill
from portway.model.order import OrderSide, OrderType
from tests.trading.floor import OPEN, terms

EVENTS = 300_000
ROUNDS = 5
TICKS = [Decimal(2500 + n) * Decimal("0.2") for n in range(-60, 61)]  # Around 500, a tick of 0.2.

QUANTITIES = [Decimal(n) for n in range(10)]

# (side, place in TICKS, quantity) of an order, or the number of the order that is withdrawn.
Load = list[tuple[OrderSide, int, int] | int]


def load(seed: int) -> Load:
    draw = random.Random(seed)
    found: Load = []
    rested: list[int] = []
    for number in range(EVENTS):
        kind = draw.random()
        if kind < 0.30 and rested:
            found.append(rested.pop(draw.randrange(len(rested))))
            continue
        if kind < 0.75:
            rested.append(number)
        side = draw.choice((OrderSide.BUY, OrderSide.SELL))
        away = draw.randint(1, 40) if kind < 0.75 else -draw.randint(0, 10)
        found.append((side, 60 - away if side is OrderSide.BUY else 60 + away, draw.randint(1, 9)))
    return found


def through_portway(events: Load) -> int:
    """Return how many trades the load led to."""
    book, fills = Book(), list[Fill]()
    leaves: dict[int, int] = {}  # Of the orders that rest.
    sent: dict[int, tuple[OrderSide, Decimal]] = {}
    for number, event in enumerate(events):
        if isinstance(event, int):
            if leaves.pop(event, 0):  # Else it has traded meanwhile.
                book.remove(*sent[event], event, event)
            continue
        side, place, quantity = event
        price = TICKS[place]
        queue = book.side(opposite(side))
        while quantity and (first := queue.best) and crosses(side, price, first.price):
            met = first.order_id
            traded = min(quantity, leaves[met])
            quantity -= traded
            leaves[met] -= traded
            fills.append(Fill(met, first.price, QUANTITIES[traded], against=number))
            if not leaves[met]:
                del leaves[met]
                book.remove(*sent[met], first.arrival, met)
        if quantity:
            book.add(side, price, number, number)
            leaves[number], sent[number] = quantity, (side, price)
    return len(fills)


def through_peer(events: Load) -> int:
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

    engine, trades = LightMatchingEngine(), 0
    orders: dict[int, object] = {}
    sides = {OrderSide.BUY: Side.BUY, OrderSide.SELL: Side.SELL}
    prices = [float(price) for price in TICKS]
    for number, event in enumerate(events):
        if isinstance(event, int):
            order = orders.pop(event)
            if order.leaves_qty:
                engine.cancel_order(order.order_id, "700.HK")
            continue
        side, place, quantity = event
        order, made = engine.add_order("700.HK", prices[place], quantity, sides[side])
        orders[number] = order
        trades += sum(one.order_id != order.order_id for one in made)  # The resting sides'.
    return trades


def watch(events: int) -> int:
    """Return how many of the prints released an order."""
    draw, at, released = random.Random(7), OPEN, 0
    kinds = cycle(
        [
            (OrderType.LIT, {"trigger_price": Decimal(530)}),
            (OrderType.MIT, {"trigger_price": Decimal(470)}),
            (OrderType.TSLPAMT, {"trailing_amount": Decimal(8)}),
            (OrderType.TSLPPCT, {"trailing_percent": Decimal(2)}),
            (OrderType.TSMAMT, {"trailing_amount": Decimal(8)}),
            (OrderType.TSMPCT, {"trailing_percent": Decimal(2)}),
        ]
    )
    wishes = [
        terms(OrderSide.SELL, 100, "500", order_type=kind, **more)
        for kind, more in islice(kinds, 600)
    ]
    watches = [begin_watch(wish, Decimal(500)) for wish in wishes]
    for number in range(events):
        at += timedelta(milliseconds=1)
        here = number % len(wishes)
        price = TICKS[draw.randint(55, 65)]
        watches[here], found = watches[here].see(wishes[here], price, at)
        released += found is not None
    return released


def rate(work: Callable[[], int], events: int) -> tuple[float, int]:
    gc.collect()
    began = time.process_time()
    result = work()
    return events / (time.process_time() - began), result


def main() -> None:
    try:
        import lightmatchingengine  # noqa: F401
    except ImportError:
        peers = False
        print("pip install lightmatchingengine compares the books with it")
    else:
        peers = True
    ours, theirs, ratios = [], [], []
    for seed in range(ROUNDS):
        events = load(seed)
        mine, trades = rate(lambda events=events: through_portway(events), EVENTS)
        ours.append(mine)
        if peers:
            other, same = rate(lambda events=events: through_peer(events), EVENTS)
            assert same == trades, (same, trades)
            theirs.append(other)
            ratios.append(mine / other)
    print(
        f"books: {statistics.median(ours):,.0f} events/s; {trades:,} trades in {EVENTS:,} of them"
    )
    if peers:
        print(
            f"lightmatchingengine: {statistics.median(theirs):,.0f} events/s; ratio"
            f" {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        )
    seen, released = rate(lambda: watch(3 * EVENTS), 3 * EVENTS)
    print(f"triggers: {seen:,.0f} prints seen per second, {released:,} releases")
    print(machine())


main()
