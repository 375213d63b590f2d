"""Issuers, lists and quotes of Hong Kong's structured products, with market time standing still."""

from __future__ import annotations

import time
from typing import Any

from prelude import Calls, admin, connect, http_client, refusal, run, sdk

UNDERLYING = "700.HK"
SORT, ORDER = sdk.WarrantSortBy, sdk.SortOrderType
KINDS = ("Call", "Put", "Bull", "Bear", "Inline")
PAUSE_SECONDS = 0.12
SORTS = ("LastDone", "Volume", "ExpiryDate", "Premium", "LeverageRatio", "StrikePrice", "CallPrice")


async def main() -> Any:
    admin("clock/pause", {})
    calls = await connect("Quote")

    async def listed(
        symbol: str = UNDERLYING, by: Any = SORT.LastDone, down: bool = False, **rest: Any
    ):
        order = ORDER.Descending if down else ORDER.Ascending
        return await calls("warrant_list", symbol, by, order, **rest)

    everything = await listed()
    chosen = [row.symbol for row in everything[:: max(1, len(everything) // 12)]]
    kinds = {name: await listed(warrant_type=[getattr(sdk.WarrantType, name)]) for name in KINDS}
    issuers = await calls("warrant_issuers")
    first = issuers[0].issuer_id
    facts = {
        "issuers": issuers,
        "all": everything,
        "sorted": {name: await listed(by=getattr(SORT, name), down=True) for name in SORTS},
        "kinds": kinds,
        "of issuer": {"id": first, "rows": await listed(issuer=[first])},
        "expiry": {
            name: await listed(expiry_date=[getattr(sdk.FilterWarrantExpiryDate, name)])
            for name in ("LT_3", "Between_3_6", "Between_6_12", "GT_12")
        },
        "money": {
            name: await listed(price_type=[getattr(sdk.FilterWarrantInOutBoundsType, name)])
            for name in ("In", "Out")
        },
        "status": {
            name: await listed(status=[getattr(sdk.WarrantStatus, name)])
            for name in ("Normal", "PrepareList", "Suspend")
        },
        "index": await listed("HSI.HK"),
        "quotes": await calls("warrant_quote", chosen),
        "plain quotes": await calls("quote", chosen),
        "static_info": await calls("static_info", [UNDERLYING, *chosen]),
        "depth": await calls("depth", kinds["Call"][-1].symbol),
        "trades": {symbol: await calls("trades", symbol, 1000) for symbol in chosen[:3]},
        "minutes": {
            symbol: await calls(
                "candlesticks", symbol, sdk.Period.Min_1, 1000, sdk.AdjustType.NoAdjust
            )
            for symbol in chosen[:3]
        },
        "indexes": await calls("calc_indexes", chosen, every_index()),
        "spot": (await calls("quote", [UNDERLYING]))[0],
        "left out": await calls("warrant_quote", ["AAPL.US", chosen[0], "700.HK"]),
        "pages": pages(),
        "refused": await refused(calls),
    }
    admin("clock/resume", {})
    return facts


def every_index() -> list[Any]:
    found = (getattr(sdk.CalcIndex, name) for name in dir(sdk.CalcIndex))
    return [one for one in found if isinstance(one, sdk.CalcIndex)]


def ask(config: dict[str, Any], symbol: str = UNDERLYING) -> Any:
    """The list over HTTP: with a page, which the packages' own call never asks for.

    The plain HTTP client keeps to no limit by itself: ten calls a second are.
    """
    time.sleep(PAUSE_SECONDS)
    body = {"symbol": symbol, "filter_config": config, "language": 1}
    return http_client().request("post", "/quote/warrants", None, body)


def pages() -> Any:
    by = {"sort_by": 3, "sort_order": 1}
    return {
        "all": ask(by),
        "parts": [ask({**by, "sort_offset": at, "sort_count": 7}) for at in range(0, 70, 7)],
    }


async def refused(calls: Calls) -> dict[str, Any]:
    return {
        "a sort field that there is not": await refusal(lambda: ask({"sort_by": 22})),
        "an order that there is not": await refusal(lambda: ask({"sort_order": 2})),
        "a kind that there is not": await refusal(lambda: ask({"type": [5]})),
        "an expiry that there is not": await refusal(lambda: ask({"expiry_date": [0]})),
        "a price type that there is not": await refusal(lambda: ask({"price_type": [3]})),
        "a status that there is not": await refusal(lambda: ask({"status": [1]})),
        "an issuer that there is not": await refusal(lambda: ask({"issuer": [77]})),
        "an offset below zero": await refusal(lambda: ask({"sort_offset": -1})),
        "a page of 1001 rows": await refusal(lambda: ask({"sort_count": 1001})),
        "an underlying without products": await refusal(lambda: ask({}, "AAPL.US")),
        "an unknown underlying": await refusal(lambda: ask({}, "999999.HK")),
        "501 symbols": await refusal(
            lambda: calls("warrant_quote", [f"{10000 + number}.HK" for number in range(501)])
        ),
    }


run(main)
