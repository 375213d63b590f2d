"""Candles that the client merges from pushes over a whole session, beside a later pull.

Arguments: symbol, seconds to go, then periods; all trade sessions.
"""

from __future__ import annotations

import asyncio
from typing import Any

from prelude import ARGUMENTS, admin, connect, plain, run, sdk

SYMBOL, SECONDS, *PERIODS = ARGUMENTS
STEP_SECONDS = 60


async def main() -> Any:
    calls = await connect("Quote")
    count = 0

    def on_candle(_: str, __: Any) -> None:
        nonlocal count
        count += 1

    calls.context.set_on_candlestick(on_candle)
    snapshots = {
        name: plain(
            await calls(
                "subscribe_candlesticks", SYMBOL, getattr(sdk.Period, name), sdk.TradeSessions.All
            )
        )
        for name in PERIODS
    }
    for _ in range(int(SECONDS) // STEP_SECONDS):
        admin("clock/step", {"seconds": STEP_SECONDS})
    seen = -1
    while seen != count:  # Until two looks in a row see nothing new.
        seen = count
        await asyncio.sleep(0.3)
    return {
        name: {
            "snapshot": snapshots[name],
            "merged": await calls("realtime_candlesticks", SYMBOL, getattr(sdk.Period, name), 1000),
            "pull": await calls(
                "candlesticks",
                SYMBOL,
                getattr(sdk.Period, name),
                1000,
                sdk.AdjustType.NoAdjust,
                sdk.TradeSessions.All,
            ),
            "pushes": count,
        }
        for name in PERIODS
    }


run(main)
