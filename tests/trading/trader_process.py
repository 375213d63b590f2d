"""A venue on a disk that trades until it is killed; prints what it was told, line by line.

Run by test_kill.py in a process of its own: `python trader_process.py FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

from portway.model.command import CancelOrder, Deposit, OpenAccount
from portway.model.event import OrderAccepted
from portway.model.money import Currency
from portway.storage.sqlite import SqliteStore
from portway.trading.runner import VenueRunner
from tests.trading.floor import ACCOUNT, TENCENT, HandMarket, buy, sell

AT_ONCE = 8


async def trade(folder: Path, seed: int) -> None:
    """Submit orders without end, several at a time; print each id once it is answered."""
    store, market, pick = SqliteStore(folder / "portway.db"), HandMarket(), Random(seed)
    market.show(TENCENT, "499.8x1000000", "500x1000000")
    runner = VenueRunner("main", store, market)
    await runner.start()
    await runner.submit(OpenAccount(ACCOUNT, "me"))
    await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10**9)))

    async def trader() -> None:
        while True:
            order = pick.choice((buy(100, "500"), buy(200, "490"), sell(100, "499.8")))
            event = (await runner.submit(order))[0]
            assert isinstance(event, OrderAccepted)
            print(event.order.order_id, flush=True)
            if pick.random() < 0.2:
                await runner.submit(CancelOrder(ACCOUNT, event.order.order_id))

    await asyncio.gather(*(trader() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1]), seed=int(sys.argv[2])))
