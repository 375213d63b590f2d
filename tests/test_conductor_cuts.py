"""The same commands at the same instants leave one journal, however time is cut into legs."""

from __future__ import annotations

import random
from collections.abc import Sequence
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


async def journal_of(at: str, seed: int, cuts: random.Random | None) -> list[bytes]:
    draw = random.Random(seed)
    async with day(at) as that:
        for currency in Currency:
            await that.venue.submit(Deposit(ACCOUNT, currency, Decimal(10**9)))
        for _ in range(ORDERS):
            await place(that, SCENES[at], draw)
            left = SPAN / ORDERS
            while left:
                step = left
                if cuts is not None:
                    step = min(left, timedelta(seconds=cuts.choice((0.02, 0.7, 3, 25))))
                await that.conductor.step(step.total_seconds())
                left -= step
        return [one.payload for one in that.store.read("main")]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at", SCENES)
async def test_the_journal_does_not_depend_on_how_time_is_cut(at: str, seed: int) -> None:
    whole = await journal_of(at, seed, None)
    assert len(whole) > ORDERS // 2
    assert await journal_of(at, seed, random.Random(99 + seed)) == whole
