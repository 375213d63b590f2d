"""A running venue for the tests of its writer, and what is seen of its orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from portway.model.command import (
    CancelOrder,
    Deposit,
    OpenAccount,
    VenueSettings,
)
from portway.model.event import (
    OrderAccepted,
)
from portway.model.money import Currency
from portway.model.order import Order, OrderStatus
from portway.storage.memory import MemoryStore
from portway.trading.ports import Published
from portway.trading.runner import VenueRunner
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    OTHER,
    TENCENT,
    HandMarket,
)

VENUE = "main"
S = OrderStatus


@asynccontextmanager
async def venue(
    store: MemoryStore, market: HandMarket, **settings: Any
) -> AsyncIterator[VenueRunner]:
    runner = VenueRunner(VENUE, store, market, configure=lambda _: VenueSettings(**settings))
    await runner.start()
    try:
        yield runner
    finally:
        await runner.close()


async def funded(runner: VenueRunner) -> None:
    for account_no in (ACCOUNT, OTHER):
        await runner.submit(OpenAccount(account_no, "me"))
        await runner.submit(Deposit(account_no, Currency.HKD, Decimal(1_000_000)))
        await runner.submit(Deposit(account_no, Currency.USD, Decimal(100_000)))


def market_at(bids: str = "499.8x1000", asks: str = "500x300 500.5x1000") -> HandMarket:
    market = HandMarket()
    market.show(TENCENT, bids, asks)
    market.show(APPLE, "199.99x300 199.98x500", "200.01x200 200.02x800")
    return market


def pushed(runner: VenueRunner) -> list[Order]:
    """Collect every state of every order that is told from now on."""
    orders: list[Order] = []

    def collect(published: Published) -> None:
        orders.extend(one.order for one in published.facts if one.order is not None)

    runner.listen(collect)
    return orders


def statuses(orders: Sequence[Order]) -> list[str]:
    return [order.status.name for order in orders]


def order_id_of(events: Sequence[object]) -> int:
    assert isinstance(events[0], OrderAccepted), events
    return events[0].order.order_id


async def settle(runner: VenueRunner) -> None:
    """Wait until what was told before has been carried out: commands are done in order."""
    await runner.submit(CancelOrder("nobody", 1))
