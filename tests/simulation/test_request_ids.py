"""Request ids by the thousand, repeated at random: at once, at the edges of the window, restarted.

`make test` takes a thousand ids, `make sim SEED=7` twenty thousand.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from decimal import Decimal
from random import Random

from portway.core.state import REQUEST_WINDOW
from portway.model.command import CancelOrder, Deposit, OpenAccount
from portway.model.event import OrderAccepted, OrderRepeated
from portway.model.money import Currency
from portway.storage.memory import MemoryStore
from portway.trading.runner import VenueRunner
from tests.trading.floor import ACCOUNT, OPEN, TENCENT, HandMarket, buy

SEED = os.environ.get("PORTWAY_SEED")
IDS = 20_000 if SEED else 1_000
RESTARTS = 10
MILLISECOND = timedelta(milliseconds=1)


async def test_no_request_makes_two_orders_within_its_window() -> None:
    random, store, at, copies = Random(int(SEED or 0)), MemoryStore(), OPEN, 0
    made: list[tuple[str, int]] = []
    for part in range(RESTARTS):
        runner = await started(store)
        for number in range(IDS // RESTARTS):
            name = f"{part}-{number}"
            order = buy(100, "480", client_request_id=name)
            together = random.choice((1, 1, 2, 3))
            answers = await asyncio.gather(*(runner.submit(order, at) for _ in range(together)))
            first = answers[0][0]
            assert isinstance(first, OrderAccepted), name
            order_id = first.order.order_id
            again = at + random.choice((timedelta(0), MILLISECOND, REQUEST_WINDOW - MILLISECOND))
            answers += [await runner.submit(order, again)]
            assert answers[1:] == [(OrderRepeated(order_id),)] * together, name
            copies += together
            # Just outside of the window it is another order; the next id finds its window moved on.
            late = await runner.submit(order, at + REQUEST_WINDOW)
            assert isinstance(late[0], OrderAccepted)
            made += [(name, order_id), (name, late[0].order.order_id)]
            for _, one in made[-2:]:
                await runner.submit(CancelOrder(ACCOUNT, one), at + REQUEST_WINDOW)
            at += REQUEST_WINDOW + random.randrange(1, 5000) * MILLISECOND
        await runner.close()
    assert len({order_id for _, order_id in made}) == len(made) == 2 * IDS
    assert copies > IDS


async def started(store: MemoryStore) -> VenueRunner:
    market = HandMarket()
    market.show(TENCENT, "499.8x1000", "500x1000")
    runner = VenueRunner("main", store, market)
    await runner.start()
    if not store.read_models("main").accounts():
        await runner.submit(OpenAccount(ACCOUNT, "me"))
        await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10**9)))
    return runner
