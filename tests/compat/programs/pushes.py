"""Subscriptions and pushes of the three markets; market time is stepped, nobody waits for it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from prelude import Calls, admin, connect, plain, refusal, run, sdk, until

MAIN = {"HK": "700.HK", "US": "AAPL.US", "CN": "600519.SH"}
SUB = sdk.SubType
EVERY = [SUB.Quote, SUB.Depth, SUB.Brokers, SUB.Trade]
KINDS = ("quote", "depth", "brokers", "trades", "candlestick")
STEPS, STEP_SECONDS = 12, 5.0

got: dict[str, list[tuple[str, Any]]] = defaultdict(list)


async def main() -> Any:
    admin("clock/pause", {})
    calls = await connect("Quote")
    for kind in KINDS:
        getattr(calls.context, f"set_on_{kind}")(recorder(kind))
    facts = {
        "markets": {market: await one_market(calls, symbol) for market, symbol in MAIN.items()}
    }
    facts["index"] = await one_kind(calls, "HSI.HK", SUB.Quote)
    facts["depth_only"] = await one_kind(calls, "9988.HK", SUB.Depth)
    facts["zeros"] = await leading_zeros(calls)
    facts["candlesticks"] = await candlesticks(calls)
    admin("clock/resume", {})
    return facts


def recorder(kind: str) -> Any:
    def on_push(symbol: str, event: Any) -> None:
        got[kind].append((symbol, event))

    return on_push


def pushed(kind: str, symbol: str) -> list[Any]:
    return [event for one, event in got[kind] if one == symbol]


def pushed_last() -> tuple[int, ...]:
    return tuple(len(got[kind]) for kind in KINDS)


async def settle() -> None:
    """Wait until everything that was sent has arrived: two looks in a row see nothing new."""
    while True:
        before = pushed_last()
        await asyncio.sleep(0.15)
        if pushed_last() == before:
            return


async def one_market(calls: Calls, symbol: str) -> dict[str, Any]:
    await calls("subscribe", [symbol], EVERY)
    await until(lambda: pushed("quote", symbol) and pushed("depth", symbol))
    facts: dict[str, Any] = {
        "first": {kind: plain(pushed(kind, symbol)) for kind in KINDS[:4]},
        "subscriptions": await calls("subscriptions"),
    }
    for _ in range(STEPS):
        admin("clock/step", {"seconds": STEP_SECONDS})
    await settle()
    facts["pushes"] = {kind: plain(pushed(kind, symbol)) for kind in KINDS[:4]}
    facts["pull"] = {
        "quote": (await calls("quote", [symbol]))[0],
        "depth": await calls("depth", symbol),
        "trades": await calls("trades", symbol, 1000),
    }
    facts["realtime"] = {
        "quote": await calls("realtime_quote", [symbol]),
        "depth": await calls("realtime_depth", symbol),
        "trades": await calls("realtime_trades", symbol, 500),
    }
    if symbol.endswith(".HK"):
        facts["pull"]["brokers"] = await calls("brokers", symbol)
        facts["realtime"]["brokers"] = await calls("realtime_brokers", symbol)
    await calls("unsubscribe", [symbol], EVERY)
    await settle()
    before = pushed_last()
    admin("clock/step", {"seconds": 30})
    await settle()
    facts["after_unsubscribing"] = [a - b for a, b in zip(pushed_last(), before, strict=True)]
    facts["subscriptions_after"] = await calls("subscriptions")
    return facts


async def one_kind(calls: Calls, symbol: str, kind: Any) -> dict[str, int]:
    await calls("subscribe", [symbol], [kind])
    admin("clock/step", {"seconds": 30})
    await settle()
    await calls("unsubscribe", [symbol], [kind])
    return {kind: len(pushed(kind, symbol)) for kind in KINDS}


async def leading_zeros(calls: Calls) -> dict[str, Any]:
    """The client strips leading zeros when it subscribes, and looks pushes up as it sent them."""
    await calls("subscribe", ["00005.HK"], [SUB.Quote])
    await until(lambda: pushed("quote", "5.HK"))
    await calls("unsubscribe", ["00005.HK"], [SUB.Quote])
    unknown_too = await refusal(calls, "subscribe", ["999999.HK", "388.HK"], [SUB.Quote])
    await until(lambda: pushed("quote", "388.HK"))
    await calls("unsubscribe", ["388.HK"], [SUB.Quote])
    return {
        "5.HK": len(pushed("quote", "5.HK")),
        "388.HK": len(pushed("quote", "388.HK")),
        "one unknown": unknown_too,
    }


async def candlesticks(calls: Calls) -> dict[str, Any]:
    """The candles that the client merges from pushes, and what a pull says of the same time."""
    symbol, period = "700.HK", sdk.Period.Min_1
    snapshot = await calls("subscribe_candlesticks", symbol, period)
    for _ in range(40):
        admin("clock/step", {"seconds": 5})
    await settle()
    facts = {
        "snapshot": snapshot,
        "pushes": plain(pushed("candlestick", symbol)),
        "realtime": await calls("realtime_candlesticks", symbol, period, 1000),
        "pull": await calls("candlesticks", symbol, period, 1000, sdk.AdjustType.NoAdjust),
        "subscriptions": await calls("subscriptions"),
    }
    await calls("unsubscribe_candlesticks", symbol, period)
    count = len(got["candlestick"])
    admin("clock/step", {"seconds": 30})
    await settle()
    facts["after_unsubscribing"] = len(got["candlestick"]) - count
    facts["subscriptions_after"] = await calls("subscriptions")
    facts["unknown"] = await refusal(calls, "subscribe_candlesticks", "999999.HK", period)
    return facts


run(main)
