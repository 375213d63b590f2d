"""Shares for all that may be borrowed, and then a crash: what the account's owner is told."""

from __future__ import annotations

import asyncio
from typing import Any

from prelude import admin, connect, plain, run, sdk

SYMBOL = "700.HK"
MINUTES = 20
LEVELS = {0: "Safe", 1: "Medium", 2: "Early", 3: "Danger"}
BUY, ELO, DAY = sdk.OrderSide.Buy, sdk.OrderType.ELO, sdk.TimeInForceType.Day


async def main() -> Any:
    quotes, calls = await connect("Quote"), await connect("Trade")
    pushes: list[Any] = []
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    while True:  # Until the credit is used up: each order takes what the depth shows.
        ask = (await quotes("depth", SYMBOL)).asks[0].price
        most = await calls("estimate_max_purchase_quantity", SYMBOL, ELO, BUY, ask)
        if most.margin_max_qty < 100 or len(pushes) > 100:
            break
        quantity = min(most.margin_max_qty, 2000)
        await calls("submit_order", SYMBOL, ELO, BUY, quantity, DAY, ask)
        admin("clock/step", {"seconds": 2})
    for order in await calls("today_orders"):
        if plain(order.status) in ("New", "PartialFilled"):
            await calls("cancel_order", order.order_id)
    bought = await held(calls)
    levels = [await level(calls)]
    for _ in range(MINUTES):
        admin("clock/step", {"seconds": 60})
        levels.append(await level(calls))
    await asyncio.sleep(0.5)
    lives: dict[str, list[Any]] = {}
    for push in pushes:
        lives.setdefault(push.order_id, []).append(plain(push))
    (balance,) = await calls("account_balance")
    return {
        "bought": bought,
        "left": await held(calls),
        "levels": levels,
        "lives": lives,
        "margin_call": balance.margin_call,
    }


async def held(calls: Any) -> Any:
    positions = (await calls("stock_positions")).channels[0].positions
    return sum((one.quantity for one in positions if one.symbol == SYMBOL), 0)


async def level(calls: Any) -> str:
    (balance,) = await calls("account_balance")
    return LEVELS[balance.risk_level]


run(main)
