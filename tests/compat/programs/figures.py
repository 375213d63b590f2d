"""Quote data that only HTTP has: temperatures, and with the newer client filings and short data."""

from __future__ import annotations

from datetime import date
from typing import Any

from prelude import PACKAGE, connect, http_client, refusal, run, sdk

MARKETS = ("HK", "US", "CN")
FIRST, LAST = date(2026, 1, 19), date(2026, 2, 27)


async def main() -> Any:
    calls = await connect("Quote")
    markets = {name: getattr(sdk.Market, name) for name in (*MARKETS, "SG")}
    facts: dict[str, Any] = {
        "now": {name: await calls("market_temperature", markets[name]) for name in MARKETS},
        "daily": {
            name: await calls("history_market_temperature", markets[name], FIRST, LAST)
            for name in MARKETS
        },
        "monthly": await calls("history_market_temperature", sdk.Market.HK, date(2025, 7, 1), LAST),
        "refused": {
            "temperature of Singapore": await refusal(calls, "market_temperature", markets["SG"]),
            "a history that ends before it begins": await refusal(
                calls, "history_market_temperature", sdk.Market.HK, LAST, FIRST
            ),
        },
    }
    if PACKAGE == "longbridge":
        facts |= await newer(calls)
    return facts


async def newer(calls: Any) -> dict[str, Any]:
    ask = http_client().request
    path = "/v1/quote/short-trades/us?symbol=700.HK&last_timestamp=1&page_size=5"
    return {
        "filings": await calls("filings", "700.HK"),
        "short_positions": {
            name: await calls("short_positions", name, 6) for name in ("700.HK", "AAPL.US")
        },
        "short_trades": {
            name: await calls("short_trades", name, 30) for name in ("700.HK", "AAPL.US")
        },
        "short_index": await calls("short_trades", "HSI.HK"),
        "wrong": {
            "filings": await refusal(calls, "filings", "999999.HK"),
            "short_positions": await refusal(calls, "short_positions", "999999.HK"),
            "of the other market": await refusal(ask, "get", path),
        },
    }


run(main)
