"""A writer with thousands of fills to make lets everybody else have their turn, by counting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from portway.core.digest import digest
from portway.model.command import Deposit, MarketMoved, OpenAccount
from portway.model.event import OrderFilled
from portway.model.money import Currency
from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.storage.memory import MemoryStore
from portway.trading.batch import BATCH_EVENTS_MAX
from portway.trading.event_codec import decode_facts
from portway.trading.ports import JournalRecord, Published, Row
from portway.trading.recovery import recover
from portway.trading.runner import (
    EVENTS_A_TURN,
    INBOX_COMMANDS_MAX,
    VenueRunner,
)
from tests.trading.floor import ACCOUNT, TENCENT, HandMarket, buy, printed

VENUE = "main"
RESTING = 2_000


class CountingStore(MemoryStore):
    """Notes the facts of every transaction, and how often the loop had turned when it began."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self.facts: list[int] = []
        self.began: list[int] = []
        self.ended: list[int] = []

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        self.began.append(self.turns)
        self.facts.append(sum(len(decode_facts(record.payload)) for record in records))
        super().append(venue, records, rows)
        self.ended.append(self.turns)

    async def count_turns(self) -> None:
        """Stand for everybody else on the loop."""
        while True:
            self.turns += 1
            await asyncio.sleep(0)


@asynccontextmanager
async def crowded() -> AsyncIterator[tuple[VenueRunner, CountingStore, HandMarket]]:
    """A venue with orders that rest just below the market, and whoever shares its loop."""
    store, market = CountingStore(), HandMarket()
    market.show(TENCENT, "499.8x1000", "500x1000")
    runner = VenueRunner(VENUE, store, market)
    await runner.start()
    await runner.submit(OpenAccount(ACCOUNT, "me"))
    await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10**9)))
    everybody = asyncio.create_task(store.count_turns())
    try:
        await asyncio.gather(*(runner.submit(buy(100, "499")) for _ in range(RESTING)))
        yield runner, store, market
    finally:
        everybody.cancel()
        await runner.close()


async def test_a_crowd_of_commands_is_written_in_bounded_batches() -> None:
    assert RESTING < INBOX_COMMANDS_MAX
    async with crowded() as (_, store, _):
        facts = store.facts[3:]
        assert sum(facts) >= 2 * RESTING
        assert max(facts) <= BATCH_EVENTS_MAX + 3, "one command more at most than the bound"
        turns = store.ended[-1] - store.began[3]
        assert turns >= sum(facts[1:]) // EVENTS_A_TURN, "turns while they were decided"


async def test_one_move_that_fills_thousands_of_orders_leaves_turns_to_others() -> None:
    async with crowded() as (runner, store, market):
        told: list[tuple[int, int]] = []

        def listen(published: Published) -> None:
            fills = sum(isinstance(one.fact, OrderFilled) for one in published.facts)
            assert len(published.facts) <= EVENTS_A_TURN
            told.append((store.turns, fills))

        runner.listen(listen)
        before, at = store.turns, market.now(Market.HK)  # After the last order.
        through = (printed(TENCENT, "498.8", 100, at),)
        await runner.submit(MarketMoved(TENCENT, at, TradeSession.NORMAL, None, through), at)
        await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(1)), at)
        fills = sum(count for _, count in told)
        assert fills == RESTING
        assert store.began[-2] - before >= RESTING // EVENTS_A_TURN, "turns while it was decided"
        turns = {turn for turn, count in told if count}
        assert len(turns) >= RESTING // EVENTS_A_TURN // 2, "turns while it was told"
        running = runner._running
        assert running is not None
        assert digest(recover(store, VENUE).state) == digest(running.state)
