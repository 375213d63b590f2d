"""The same commands at the same instants leave one journal, however time is cut into legs."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from portway.model.command import Deposit, SubmitOrder
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderType
from portway.model.symbol import Market, Symbol
from tests.test_conductor import Day, day
from tests.trading.floor import ACCOUNT, terms

SPAN = timedelta(minutes=20)
ORDERS = 40
SCENES = {
    "2026-01-05T10:00:00+08:00": (Symbol("700.HK"), Symbol("5.HK"), Symbol("600519.SH")),
    "2026-01-05T10:00:00-05:00": (Symbol("AAPL.US"), Symbol("BAC.US"), Symbol("IBM.US")),
}


async def place(that: Day, symbols: Sequence[Symbol], draw: random.Random) -> None:
    """One order near the market: limits, triggers of market orders, delayed ones."""
    symbol = draw.choice(symbols)
    view = that.views.view(symbol)
    assert view is not None
    assert view.last_done is not None
    now, last = that.market.now(view.instrument.market), view.last_done
    is_us = view.instrument.market is Market.US
    near = (last * (1000 + draw.randrange(-3, 4)) / 1000).quantize(Decimal("0.1" if is_us else "1"))
    kind = draw.choice((OrderType.LO, OrderType.MIT, OrderType.LIT, OrderType.MO))
    more: dict[str, object] = {}
    if kind in (OrderType.MIT, OrderType.LIT):
        more["trigger_price"] = near
    if draw.random() < 0.3:
        more["delayed_until"] = now + timedelta(seconds=draw.randrange(5, 300))
    price = str(near) if kind in (OrderType.LO, OrderType.LIT) else None
    lots = draw.choice((1, 5, 40, 300))
    side = draw.choice((OrderSide.BUY, OrderSide.BUY, OrderSide.SELL))
    quantity = int(view.instrument.lot_size) * lots * (100 if is_us else 1)
    wish = terms(side, quantity, price, symbol, order_type=kind, **more)
    await that.venue.submit(SubmitOrder(ACCOUNT, wish))


Go = Callable[[Day, timedelta], Awaitable[None]]


async def go_at_once(that: Day, span: timedelta) -> None:
    await that.conductor.step(span.total_seconds())


async def go_in_pieces(that: Day, span: timedelta) -> None:
    cuts = random.Random(99)
    while span:
        step = min(span, timedelta(seconds=cuts.choice((0.02, 0.7, 3, 25))))
        await that.conductor.step(step.total_seconds())
        span -= step


async def go_unseen(that: Day, span: timedelta) -> None:
    await that.conductor.jump((that.market.now(Market.HK) + span).isoformat())


async def journal_of(at: str, seed: int, go: Go, *, watched: bool = False) -> list[bytes]:
    draw = random.Random(seed)
    async with day(at) as that:
        for symbol in SCENES[at] if watched else ():
            that.market.watch(symbol)
        for currency in Currency:
            await that.venue.submit(Deposit(ACCOUNT, currency, Decimal(10**9)))
        for _ in range(ORDERS):
            await place(that, SCENES[at], draw)
            await go(that, SPAN / ORDERS)
        return [one.payload for one in that.store.read("main")]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("at", SCENES)
async def test_the_journal_does_not_depend_on_how_time_is_cut(at: str, seed: int) -> None:
    whole = await journal_of(at, seed, go_at_once)
    assert len(whole) > ORDERS // 2
    assert await journal_of(at, seed, go_in_pieces) == whole


@pytest.mark.parametrize("at", SCENES)
async def test_the_journal_does_not_depend_on_who_looks(at: str) -> None:
    """Boards that were followed and boards that were found anew show orders the same market."""
    alone = await journal_of(at, 7, go_at_once)
    assert await journal_of(at, 7, go_at_once, watched=True) == alone
    assert await journal_of(at, 7, go_unseen, watched=True) == alone
