"""Every pull twice, with market time standing still: over the socket, and over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from prelude import Calls, admin, connect, refusal, run, sdk

DAY, RAW = sdk.Period.Day, sdk.AdjustType.NoAdjust
SYMBOLS = ["700.HK", "AAPL.US", "600519.SH", "HSI.HK"]
SORT = (sdk.WarrantSortBy.LastDone, sdk.SortOrderType.Ascending)
PULLS: dict[str, tuple[Any, ...]] = {
    "trading_session": (),
    "trading_days": (sdk.Market.HK, date(2026, 2, 2), date(2026, 2, 27)),
    "static_info": (SYMBOLS,),
    "quote": (SYMBOLS,),
    "option_quote": (["AAPL260320C200000.US"],),
    "warrant_quote": (["13447.HK"],),
    "depth": ("700.HK",),
    "brokers": ("700.HK",),
    "participants": (),
    "trades": ("AAPL.US", 30),
    "intraday": ("600519.SH",),
    "candlesticks": ("700.HK", DAY, 20, RAW),
    "option_chain_expiry_date_list": ("AAPL.US",),
    "warrant_issuers": (),
    "warrant_list": ("700.HK", *SORT),
    "capital_flow": ("700.HK",),
    "capital_distribution": ("700.HK",),
    "calc_indexes": (SYMBOLS, [sdk.CalcIndex.LastDone, sdk.CalcIndex.Amplitude]),
    "history_candlesticks_by_offset": ("700.HK", DAY, RAW, True, 5, datetime(2026, 1, 5, 9, 35)),  # noqa: DTZ001
    "history_candlesticks_by_date": ("AAPL.US", DAY, RAW, date(2026, 1, 5), date(2026, 1, 30)),
}
WRONG: dict[str, tuple[Any, ...]] = {
    "depth": ("999999.HK",),
    "brokers": ("700",),
    "quote": ([f"{number}.HK" for number in range(501)],),
    "trades": ("700.HK", 1001),
    "capital_flow": ("HSI.HK",),
}


async def every(calls: Calls) -> dict[str, Any]:
    found = {name: await answer(calls, name, words) for name, words in PULLS.items()}
    found |= {f"wrong {name}": await refusal(calls, name, *words) for name, words in WRONG.items()}
    return found


async def answer(calls: Calls, name: str, words: tuple[Any, ...]) -> Any:
    try:
        return await calls(name, *words)
    except sdk.OpenApiException as error:
        return {"code": error.code}


async def main() -> Any:
    admin("clock/pause", {})
    socket = await every(await connect("Quote", enable_overnight=True))
    http = await every(
        await connect("Quote", quote_transport=sdk.QuoteTransport.Http, enable_overnight=True)
    )
    return {"socket": socket, "http": http}


run(main)
