"""Every pull of the quote gateway, of all three markets, with market time standing still.

Standing still, answers of different calls have to agree to the last digit.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from prelude import Calls, admin, connect, http_client, plain, refusal, run, sdk

STOCKS = {
    "HK": ["700.HK", "9988.HK", "2800.HK"],
    "US": ["AAPL.US", "SPY.US"],
    "CN": ["600519.SH", "000001.SZ", "510300.SH"],
}
INDEXES = {"HK": "HSI.HK", "US": ".IXIC.US", "CN": "000001.SH"}
MAIN = {"HK": "700.HK", "US": "AAPL.US", "CN": "600519.SH"}
UNKNOWN = "999999.HK"
TOO_MANY = ["700.HK", *(f"{number}.HK" for number in range(50001, 50501))]
RAW, FORWARD = sdk.AdjustType.NoAdjust, sdk.AdjustType.ForwardAdjust
MINUTES = {"Min_1": 60, "Min_5": 300, "Min_15": 900, "Min_30": 1800, "Min_60": 3600}


async def main() -> Any:
    admin("clock/pause", {})
    calls = await connect("Quote")
    symbols = [one for group in STOCKS.values() for one in group] + list(INDEXES.values())
    clock = admin("clock")
    facts: dict[str, Any] = {
        "now": {
            market: int(datetime.fromisoformat(state["now"]).timestamp())
            for market, state in clock["markets"].items()
        },
        "static_info": await calls("static_info", symbols),
        "quote": await calls("quote", list(reversed(symbols))),
        "depth": {one: await calls("depth", one) for group in STOCKS.values() for one in group},
        "brokers": await calls("brokers", "700.HK"),
        "participants": await calls("participants"),
        "trading_session": await calls("trading_session"),
        "security_list": await calls(
            "security_list", sdk.Market.US, sdk.SecurityListCategory.Overnight
        ),
        "profile": await profile(calls),
        "refused": await refused(calls),
        "markets": {market: await market_facts(calls, market) for market in MAIN},
        "periods": await periods(calls),
        "not served": await not_served(calls),
        "indexes": await indexes(calls, symbols),
    }
    facts["unknown_left_out"] = {
        "static_info": await calls("static_info", [UNKNOWN, "700.HK"]),
        "quote": await calls("quote", [UNKNOWN, "700.HK"]),
    }
    admin("clock/resume", {})
    return facts


async def profile(calls: Calls) -> dict[str, Any]:
    return {
        name: await calls(name) for name in ("member_id", "quote_level", "quote_package_details")
    }


async def refused(calls: Calls) -> dict[str, Any]:
    today = date(2026, 1, 5)
    month = timedelta(days=100)
    wrong = {
        "depth of an unknown symbol": ("depth", UNKNOWN),
        "depth of a symbol without a region": ("depth", "700"),
        "depth of a symbol of an unknown region": ("depth", "700.XX"),
        "quote of 501 symbols": ("quote", TOO_MANY),
        "static_info of 501 symbols": ("static_info", TOO_MANY),
        "quote of no symbol": ("quote", []),
        "1001 trades": ("trades", "700.HK", 1001),
        "trades of an unknown symbol": ("trades", UNKNOWN, 10),
        "intraday of an unknown symbol": ("intraday", UNKNOWN),
        "1001 candlesticks": ("candlesticks", "700.HK", sdk.Period.Day, 1001, RAW),
        "candlesticks of an unknown symbol": ("candlesticks", UNKNOWN, sdk.Period.Day, 10, RAW),
        "candlesticks of an unknown period": (
            "candlesticks",
            "700.HK",
            sdk.Period.Unknown,
            10,
            RAW,
        ),
        "trading days of 100 days": ("trading_days", sdk.Market.HK, today - month, today),
        "brokers of an unknown symbol": ("brokers", UNKNOWN),
        "history before a listing": (
            "history_candlesticks_by_date",
            "9988.HK",
            sdk.Period.Day,
            RAW,
            date(2005, 1, 3),
            date(2005, 3, 31),
        ),
        "history that ends before it begins": (
            "history_candlesticks_by_date",
            "700.HK",
            sdk.Period.Day,
            RAW,
            date(2026, 1, 5),
            date(2025, 12, 1),
        ),
        "a subscription of 501 symbols": ("subscribe", TOO_MANY, [sdk.SubType.Quote]),
        "a subscription of unknown symbols alone": ("subscribe", [UNKNOWN], [sdk.SubType.Quote]),
    }
    answers = {what: await refusal(calls, *call) for what, call in wrong.items()}
    path = "/v1/quote/get_security_list?market=XX&category=Overnight"
    answers["a security list of an unknown market"] = await refusal(
        http_client().request, "get", path
    )
    return answers


async def not_served(calls: Calls) -> dict[str, Any]:
    """Figures of prints, asked of an index: it has none of its own."""
    wanted = {
        "capital_flow": ("HSI.HK",),
        "capital_distribution": ("HSI.HK",),
    }
    return {name: await refusal(calls, name, *words) for name, words in wanted.items()}


async def indexes(calls: Calls, symbols: list[str]) -> dict[str, Any]:
    every = [
        one
        for one in (getattr(sdk.CalcIndex, name) for name in dir(sdk.CalcIndex))
        if isinstance(one, sdk.CalcIndex)
    ]
    return {
        "every": await calls("calc_indexes", [*symbols, UNKNOWN], every),
        "last_done": await calls("calc_indexes", symbols, [sdk.CalcIndex.LastDone]),
        "of 501 symbols": await refusal(calls, "calc_indexes", TOO_MANY, every),
        "none": await refusal(calls, "calc_indexes", symbols, []),
    }


async def market_facts(calls: Calls, market: str) -> dict[str, Any]:
    symbol = MAIN[market]
    days = await calls("candlesticks", symbol, sdk.Period.Day, 60, RAW)
    forward = await calls("candlesticks", symbol, sdk.Period.Day, 60, FORWARD)
    pivot, first, last = (day_of(days[place]) for place in (-30, -25, -5))
    moment = datetime(pivot.year, pivot.month, pivot.day)  # noqa: DTZ001 - market time
    offset = ("history_candlesticks_by_offset", symbol, sdk.Period.Day, RAW)
    by_date = ("history_candlesticks_by_date", symbol, sdk.Period.Day, RAW)
    minutes = ("history_candlesticks_by_offset", symbol, sdk.Period.Min_1, RAW)
    return {
        "trades": await calls("trades", symbol, 50),
        "trades_5": await calls("trades", symbol, 5),
        "intraday": await calls("intraday", symbol),
        "capital_flow": await calls("capital_flow", symbol),
        "capital_distribution": await calls("capital_distribution", symbol),
        "index_days": await calls("candlesticks", INDEXES[market], sdk.Period.Day, 2, RAW),
        "days": days,
        "forward_days": forward,
        "pivot": pivot,
        "back": await calls(*offset, False, 10, moment),
        "ahead": await calls(*offset, True, 10, moment),
        "latest": await calls(*offset, False, 7, None),
        "latest_minutes": await calls(*minutes, False, 20, None),
        "minutes": await calls("candlesticks", symbol, sdk.Period.Min_1, 20, RAW),
        "first": first,
        "last": last,
        "between": await calls(*by_date, first, last),
        "from_first": await calls(*by_date, first, None),
        "trading_days": await calls(
            "trading_days", getattr(sdk.Market, market), last - timedelta(days=28), last
        ),
        "between_trading_days": await calls(*by_date, last - timedelta(days=28), last),
    }


def day_of(candle: Any) -> date:
    """The trading day of a day candle, which is stamped midnight in New York or UTC+8."""
    return datetime.fromtimestamp(plain(candle.timestamp) + 14 * 3600, UTC).date()


async def periods(calls: Calls) -> dict[str, Any]:
    symbol = "700.HK"
    periods = {
        name: await calls("candlesticks", symbol, getattr(sdk.Period, name), 40, RAW)
        for name in MINUTES
    }
    for name, count in (("Day", 1000), ("Week", 30), ("Month", 12), ("Quarter", 4), ("Year", 2)):
        periods[name] = await calls("candlesticks", symbol, getattr(sdk.Period, name), count, RAW)
    periods["every_minute"] = await calls("candlesticks", symbol, sdk.Period.Min_1, 1000, RAW)
    periods["all_sessions"] = await calls(
        "candlesticks", "AAPL.US", sdk.Period.Min_1, 1000, RAW, sdk.TradeSessions.All
    )
    return periods


run(main)
