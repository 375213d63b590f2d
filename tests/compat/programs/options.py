"""Chains, quotes and pushes of US options, with market time standing still and then stepped."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from decimal import Decimal
from typing import Any

from prelude import (
    MODE,
    PACKAGE,
    Calls,
    admin,
    connect,
    http_client,
    plain,
    refusal,
    run,
    sdk,
    until,
)

UNDERLYING, BROAD = "AAPL.US", "SPY.US"
DAYS = sdk.Period.Day
SUBS = [sdk.SubType.Quote, sdk.SubType.Depth, sdk.SubType.Trade]
KINDS = ("quote", "depth", "trades")
STEPS, STEP_SECONDS = 6, 20.0

got: dict[str, list[Any]] = defaultdict(list)


async def main() -> Any:
    admin("clock/pause", {})
    calls = await connect("Quote")
    for kind in KINDS:
        getattr(calls.context, f"set_on_{kind}")(recorder(kind))
    dates = await calls("option_chain_expiry_date_list", UNDERLYING)
    chain = strikes(await calls("option_chain_info_by_date", UNDERLYING, dates[1]))
    last = Decimal(plain(await calls("quote", [UNDERLYING]))[0]["last_done"])
    near = sorted(chain, key=lambda row: abs(row["price"] - last))[:4]
    symbols = [symbol for row in near for symbol in (row["call_symbol"], row["put_symbol"])]
    busy = near[0]["call_symbol"]
    facts = {
        "dates": dates,
        "chain": chain,
        "last": last,
        "near": near,
        "underlying": (await calls("static_info", [UNDERLYING]))[0],
        "option_quote": await calls("option_quote", symbols),
        "quote": await calls("quote", symbols),
        "static_info": await calls("static_info", symbols),
        "depth": {symbol: await calls("depth", symbol) for symbol in symbols},
        "trades": await calls("trades", busy, 1000),
        "intraday": await calls("intraday", busy),
        "minutes": await calls(
            "candlesticks", busy, sdk.Period.Min_1, 1000, sdk.AdjustType.NoAdjust
        ),
        "days": await calls("candlesticks", busy, DAYS, 100, sdk.AdjustType.NoAdjust),
        "indexes": await calls("calc_indexes", symbols, every_index()),
        "one index": await calls("calc_indexes", symbols[:1], [sdk.CalcIndex.Delta]),
        "now": admin("clock")["markets"]["US"]["now"],
        "left out": await calls("option_quote", ["700.HK", symbols[0], "AAPL260116C271234.US"]),
        "refused": await refused(calls, dates),
        "broad": await broad(calls),
        "volume": await volume(calls),
        "http": http(dates),
        "standard only": http(dates, standard_only=True),
    }
    facts["pushes"] = await pushes(calls, busy)
    admin("clock/resume", {})
    return facts


def strikes(chain: Any) -> list[dict[str, Any]]:
    """A chain by strikes; newer packages list its contracts one by one, call before put."""
    if PACKAGE == "longport":
        names = ("price", "call_symbol", "put_symbol", "standard")
        return [{name: getattr(row, name) for name in names} for row in chain]
    return [
        {
            "price": call.strike_price,
            "call_symbol": call.symbol,
            "put_symbol": put.symbol,
            "standard": plain(call.standard_attr) == plain(put.standard_attr) == "Normal",
        }
        for call, put in zip(chain[::2], chain[1::2], strict=True)
        if call.strike_price == put.strike_price
    ]


def every_index() -> list[Any]:
    found = (getattr(sdk.CalcIndex, name) for name in dir(sdk.CalcIndex))
    return [one for one in found if isinstance(one, sdk.CalcIndex)]


async def broad(calls: Calls) -> dict[str, Any]:
    dates = await calls("option_chain_expiry_date_list", BROAD)
    chain = strikes(await calls("option_chain_info_by_date", BROAD, dates[0]))
    symbol = chain[len(chain) // 2]["call_symbol"]
    return {"dates": dates, "static_info": await calls("static_info", [symbol])}


async def volume(calls: Calls) -> Any:
    """Only the newer package asks what a chain has traded, and only in its sync way."""
    if PACKAGE == "longport" or MODE == "async":
        return None
    daily = await calls("option_volume_daily", UNDERLYING, 0, 3)
    names = ("date", "call_volume", "put_volume", "total_volume", "pc_vol")
    return {
        "now": await calls("option_volume", UNDERLYING),
        "daily": {
            "stats": [{name: str(getattr(one, name)) for name in names} for one in daily.stats]
        },
    }


def http(dates: Any, **fields: Any) -> Any:
    """The chain as newer packages ask for it, with what they do not show."""
    body = {"symbol": UNDERLYING, "expiry_date": f"{dates[1]:%Y%m%d}", **fields}
    return http_client().request("post", "/v1/quote/options/strikes", None, body)


def volume_of(symbol: str, path: str = "", query: str = "") -> Any:
    asked = f"/v1/quote/option-volume-stats{path}?symbol={symbol}{query}"
    return http_client().request("get", asked)


async def refused(calls: Calls, dates: Any) -> dict[str, Any]:
    day = dates[0]
    many = [f"AAPL{number:06d}C100000.US" for number in range(501)]
    return {
        "chain of a security without options": await refusal(
            lambda: calls("option_chain_expiry_date_list", "700.HK")
        ),
        "chain of an unknown symbol": await refusal(
            lambda: calls("option_chain_expiry_date_list", "NOSUCH.US")
        ),
        "strikes of a security without options": await refusal(
            lambda: calls("option_chain_info_by_date", "700.HK", day)
        ),
        "strikes of a day without expiry": await refusal(
            lambda: calls("option_chain_info_by_date", UNDERLYING, day.replace(year=2030))
        ),
        "malformed option symbol": await refusal(
            lambda: calls("option_quote", ["AAPL260230C100000.US"])
        ),
        "strike with zeros in front": await refusal(
            lambda: calls("option_quote", ["AAPL260116C00270000.US"])
        ),
        "no symbol": await refusal(lambda: calls("option_quote", [])),
        "strikes over HTTP of no date": await refusal(lambda: http(dates, expiry_date="soon")),
        "strikes over HTTP of a number": await refusal(lambda: http(dates, symbol=700)),
        "strikes over HTTP of a share without options": await refusal(
            lambda: http(dates, symbol="700.HK")
        ),
        "volume of a share without options": await refusal(lambda: volume_of("700.HK")),
        "volume of an unknown symbol": await refusal(lambda: volume_of("NOSUCH.US")),
        "volume of 61 days": await refusal(lambda: volume_of(UNDERLYING, "/daily", "&line_num=61")),
        "501 symbols": await refusal(lambda: calls("option_quote", many)),
    }


def recorder(kind: str) -> Any:
    def on_push(symbol: str, event: Any) -> None:
        got[kind].append((symbol, event))

    return on_push


async def pushes(calls: Calls, symbol: str) -> dict[str, Any]:
    await calls("subscribe", [symbol], SUBS)
    await until(lambda: got["quote"] and got["depth"])
    for _ in range(STEPS):
        admin("clock/step", {"seconds": STEP_SECONDS})
    await until(lambda: got["trades"])
    while True:
        before = tuple(len(got[kind]) for kind in KINDS)
        await asyncio.sleep(0.2)
        if before == tuple(len(got[kind]) for kind in KINDS):
            break
    return {
        **{kind: got[kind] for kind in KINDS},
        "symbol": symbol,
        "pulled": (await calls("quote", [symbol]))[0],
        "pulled depth": await calls("depth", symbol),
        "pulled trades": await calls("trades", symbol, 1000),
    }


run(main)
