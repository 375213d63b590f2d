"""What a US symbol shows overnight, with and without the client's overnight option.

Arguments: `on` or `off`; then the language.
"""

from __future__ import annotations

import asyncio
from typing import Any

from prelude import ARGUMENTS, admin, connect, plain, run, sdk, until

SYMBOL = "AAPL.US"
trades: list[Any] = []


async def main() -> Any:
    options = {"enable_overnight": ARGUMENTS[0] == "on"}
    if len(ARGUMENTS) > 1:
        options["language"] = getattr(sdk.Language, ARGUMENTS[1])
    calls = await connect("Quote", **options)
    calls.context.set_on_trades(lambda _, push: trades.extend(plain(push.trades)))
    quotes: list[Any] = []
    calls.context.set_on_quote(lambda _, push: quotes.append(plain(push)))
    await calls("subscribe", [SYMBOL], [sdk.SubType.Quote, sdk.SubType.Trade])
    await until(lambda: quotes)
    for _ in range(10):
        admin("clock/step", {"seconds": 60})
    await asyncio.sleep(0.3)
    return {
        "quote": plain(await calls("quote", [SYMBOL]))[0],
        "sessions": sorted({one["trade_session"] for one in trades}),
        "quote_sessions": sorted({one["trade_session"] for one in quotes}),
        "pull_sessions": sorted(
            {one["trade_session"] for one in plain(await calls("trades", SYMBOL, 50))}
        ),
        "packages": plain(await calls("quote_package_details")),
    }


run(main)
