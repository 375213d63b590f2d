"""Pulls of the quote gateway through the official packages: what answers mean, and agree on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

STOCKS = [
    "700.HK",
    "9988.HK",
    "2800.HK",
    "AAPL.US",
    "SPY.US",
    "600519.SH",
    "000001.SZ",
    "510300.SH",
]
INDEXES = {"HK": "HSI.HK", "US": ".IXIC.US", "CN": "000001.SH"}
MAIN = {"HK": "700.HK", "US": "AAPL.US", "CN": "600519.SH"}
MARKETS = tuple(MAIN)
ZONES = {
    "HK": ZoneInfo("Asia/Hong_Kong"),
    "US": ZoneInfo("America/New_York"),
    "CN": ZoneInfo("Asia/Shanghai"),
}
LEVELS = {"HK": 10, "US": 1, "CN": 5}
VOLUME_ONLY = {"HK": set("DMPXY"), "US": set("CGHIVW"), "CN": set()}
PRICES = ("open", "high", "low", "close")


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("quotes", client)


def by_symbol(rows: list[Any]) -> dict[str, Any]:
    return {row["symbol"]: row for row in rows}


def market_of(symbol: str) -> str:
    region = symbol.rpartition(".")[2]
    return "CN" if region in ("SH", "SZ") else region


def local_day(stamp: int, market: str) -> date:
    return datetime.fromtimestamp(stamp, UTC).astimezone(ZONES[market]).date()


def bars_make_sense(candles: list[Any]) -> None:
    assert candles
    for bar in candles:
        opened, high, low, close = (Decimal(bar[name]) for name in PRICES)
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high, bar
        assert bar["volume"] >= 0, bar
        assert Decimal(bar["turnover"]) >= 0, bar
    stamps = [bar["timestamp"] for bar in candles]
    assert stamps == sorted(set(stamps))


@pytest.mark.covers("cmd 10")
def test_static_info_names_each_security_as_its_exchange_does(facts: Any) -> None:
    """Source: quote, command 10."""
    infos = by_symbol(facts["static_info"])
    lots = {"700.HK": 100, "2800.HK": 500, "AAPL.US": 1, "600519.SH": 100}
    assert {one: infos[one]["lot_size"] for one in lots} == lots
    currencies = {"HK": "HKD", "US": "USD", "CN": "CNY"}
    for symbol in STOCKS:
        info = infos[symbol]
        assert info["currency"] == currencies[market_of(symbol)]
        assert info["name_en"]
        assert info["name_cn"]
        assert info["exchange"]
        assert info["total_shares"] >= info["circulating_shares"] >= 0
    boards = {one: infos[one]["board"] for one in (*INDEXES.values(), "700.HK", "600519.SH")}
    assert boards == {
        "HSI.HK": "HKHS",
        ".IXIC.US": "USNSDQ",
        "000001.SH": "CNIX",
        "700.HK": "HKEquity",
        "600519.SH": "SHMainConnect",
    }
    assert "Warrant" in infos["700.HK"]["stock_derivatives"]
    assert "Option" in infos["AAPL.US"]["stock_derivatives"]


@pytest.mark.covers("cmd 11")
def test_quotes_come_in_the_order_asked_for_and_hold_together(facts: Any) -> None:
    """Source: quote, command 11."""
    asked = [*STOCKS, *INDEXES.values()]
    assert [quote["symbol"] for quote in facts["quote"]] == asked[::-1]
    for quote in facts["quote"]:
        market = market_of(quote["symbol"])
        low, high = Decimal(quote["low"]), Decimal(quote["high"])
        assert 0 < low <= Decimal(quote["last_done"]) <= high
        assert low <= Decimal(quote["open"]) <= high
        assert Decimal(quote["prev_close"]) > 0
        assert quote["trade_status"] == "Normal"
        assert quote["timestamp"] <= facts["now"][market]
        if quote["symbol"] in STOCKS:
            shares = quote["volume"] * (100 if market == "CN" else 1)
            assert (
                low * Decimal("0.998")
                <= Decimal(quote["turnover"]) / shares
                <= high * Decimal("1.002")
            )


@pytest.mark.covers("cmd 10", "cmd 11")
def test_an_unknown_symbol_in_a_list_is_left_out(facts: Any) -> None:
    """Source: quote, section 4."""
    for answer in facts["unknown_left_out"].values():
        assert [row["symbol"] for row in answer] == ["700.HK"]


@pytest.mark.covers("cmd 14")
def test_a_book_is_sorted_uncrossed_and_as_deep_as_its_market_shows(facts: Any) -> None:
    """Source: quote, command 14 and section 11 (levels)."""
    quotes = by_symbol(facts["quote"])
    for symbol, depth in facts["depth"].items():
        for side, falls in (("asks", False), ("bids", True)):
            levels = depth[side]
            assert len(levels) == LEVELS[market_of(symbol)], (symbol, side)
            assert [level["position"] for level in levels] == list(range(1, len(levels) + 1))
            prices = [Decimal(level["price"]) for level in levels]
            assert prices == sorted(set(prices), reverse=falls)
            assert all(level["volume"] > 0 for level in levels)
        bid, ask = Decimal(depth["bids"][0]["price"]), Decimal(depth["asks"][0]["price"])
        last = Decimal(quotes[symbol]["last_done"])
        assert bid < ask
        assert abs((bid + ask) / 2 - last) <= last * Decimal("0.03")


@pytest.mark.covers("cmd 15", "cmd 16")
def test_every_broker_in_a_queue_is_a_known_participant(facts: Any) -> None:
    """Source: quote, commands 15 and 16."""
    ids = [number for one in facts["participants"] for number in one["broker_ids"]]
    assert len(ids) == len(set(ids)) > 1
    assert all(one["name_en"] and one["name_cn"] for one in facts["participants"])
    for side in ("ask_brokers", "bid_brokers"):
        queue = facts["brokers"][side]
        positions = [level["position"] for level in queue]
        assert positions == sorted(positions)
        named = {number for level in queue for number in level["broker_ids"]}
        assert named
        assert named <= set(ids)


@pytest.mark.covers("cmd 17")
@pytest.mark.parametrize("market", MARKETS)
def test_trades_are_the_latest_oldest_first(facts: Any, market: str) -> None:
    """Source: quote, command 17."""
    trades, last = facts["markets"][market]["trades"], facts["markets"][market]["trades_5"]
    assert len(trades) == 50
    assert trades[-5:] == last
    stamps = [trade["timestamp"] for trade in trades]
    assert stamps == sorted(stamps)
    quote = by_symbol(facts["quote"])[MAIN[market]]
    assert all(trade["volume"] > 0 for trade in trades)
    for trade in trades:
        sets_price = trade["trade_type"] not in VOLUME_ONLY[market]
        if sets_price and trade["trade_session"] == "Intraday":
            assert Decimal(quote["low"]) <= Decimal(trade["price"]) <= Decimal(quote["high"])


@pytest.mark.covers("cmd 18")
@pytest.mark.parametrize("market", MARKETS)
def test_the_intraday_line_adds_up_to_the_quote(facts: Any, market: str) -> None:
    """Source: quote, command 18; candles, building (the first point holds the auction)."""
    lines = facts["markets"][market]["intraday"]
    quote = by_symbol(facts["quote"])[MAIN[market]]
    stamps = [line["timestamp"] for line in lines]
    assert all(stamp % 60 == 0 for stamp in stamps)
    assert all(later - earlier == 60 for earlier, later in pairwise(stamps))
    assert sum(line["volume"] for line in lines) == quote["volume"]
    assert sum(Decimal(line["turnover"]) for line in lines) == Decimal(quote["turnover"])
    assert Decimal(lines[-1]["price"]) == Decimal(quote["last_done"])
    shares = 100 if market == "CN" else 1
    average = Decimal(quote["turnover"]) / (quote["volume"] * shares)
    assert abs(Decimal(lines[-1]["avg_price"]) - average) < Decimal("0.000001")


@pytest.mark.covers("cmd 19")
@pytest.mark.parametrize("market", MARKETS)
def test_todays_candle_is_the_quote(facts: Any, market: str) -> None:
    """Source: candles, building: day bars come from the quote."""
    quotes = by_symbol(facts["quote"])
    days = {MAIN[market]: facts["markets"][market]["days"][-2:]}
    days[INDEXES[market]] = facts["markets"][market]["index_days"]
    for symbol, (yesterday, today) in days.items():
        quote = quotes[symbol]
        of_quote = [quote[name] for name in ("open", "high", "low", "last_done", "turnover")]
        of_bar = [today[name] for name in (*PRICES, "turnover")]
        assert list(map(Decimal, of_bar)) == list(map(Decimal, of_quote)), symbol
        assert today["volume"] == quote["volume"], symbol
        assert local_day(today["timestamp"], market) == local_day(quote["timestamp"], market)
        assert Decimal(quote["prev_close"]) == Decimal(yesterday["close"]), symbol


@pytest.mark.covers("cmd 19")
@pytest.mark.parametrize("name", ["Min_1", "Min_5", "Min_15", "Min_30", "Min_60"])
def test_minute_candles_stand_on_their_boundaries(facts: Any, name: str) -> None:
    """Source: candles, timestamps."""
    candles = facts["periods"][name]
    bars_make_sense(candles)
    assert len(candles) == 40
    step = min(int(name.removeprefix("Min_")), 30) * 60
    assert all(bar["timestamp"] % step == 0 for bar in candles)


@pytest.mark.covers("cmd 19")
def test_long_periods_give_as_many_candles_as_asked(facts: Any) -> None:
    """Source: quote, command 19."""
    counts = {"Day": 1000, "Week": 30, "Month": 12, "Quarter": 4, "Year": 2}
    for name, count in counts.items():
        bars_make_sense(facts["periods"][name])
        assert len(facts["periods"][name]) == count, name


def fold(bars: list[Any]) -> list[Any]:
    """One bar over several, as the candle rules say."""
    return [
        Decimal(bars[0]["open"]),
        max(Decimal(bar["high"]) for bar in bars),
        min(Decimal(bar["low"]) for bar in bars),
        Decimal(bars[-1]["close"]),
        sum(bar["volume"] for bar in bars),
        sum(Decimal(bar["turnover"]) for bar in bars),
    ]


def values(bar: Any) -> list[Any]:
    return [*(Decimal(bar[name]) for name in PRICES), bar["volume"], Decimal(bar["turnover"])]


@pytest.mark.covers("cmd 19")
@pytest.mark.parametrize(("short", "long"), [("every_minute", "Min_5"), ("Day", "Week")])
def test_candles_of_a_long_period_are_folds_of_short_ones(
    facts: Any, short: str, long: str
) -> None:
    """Source: candles, building."""
    bars, longer = facts["periods"][short], facts["periods"][long]
    compared = 0
    for bar, after in pairwise(longer):
        inside = [b for b in bars if bar["timestamp"] <= b["timestamp"] < after["timestamp"]]
        if bars[0]["timestamp"] > bar["timestamp"]:
            continue
        assert fold(inside) == values(bar), bar
        compared += 1
    assert compared >= 10


@pytest.mark.covers("cmd 19")
@pytest.mark.parametrize("market", MARKETS)
def test_forward_adjustment_keeps_the_days_and_todays_price(facts: Any, market: str) -> None:
    """Source: corporate actions, forward adjustment."""
    days, forward = facts["markets"][market]["days"], facts["markets"][market]["forward_days"]
    bars_make_sense(forward)
    assert [bar["timestamp"] for bar in forward] == [bar["timestamp"] for bar in days]
    assert forward[-1] == days[-1]


@pytest.mark.covers("cmd 19")
def test_all_sessions_add_pre_market_bars_to_the_regular_ones(facts: Any) -> None:
    """Source: candles, timestamps (pre, post and overnight only on request)."""
    sessions = [bar["trade_session"] for bar in facts["periods"]["all_sessions"]]
    assert {"Intraday", "Pre"} <= set(sessions)
    assert {bar["trade_session"] for bar in facts["markets"]["US"]["minutes"]} == {"Intraday"}


@pytest.mark.covers("cmd 27")
@pytest.mark.parametrize("market", MARKETS)
def test_history_by_offset_counts_from_the_day_named_both_ways(facts: Any, market: str) -> None:
    """Source: quote, command 27 (the bar of the offset is part of the answer)."""
    known = facts["markets"][market]
    days = {bar["timestamp"]: bar for bar in known["days"]}
    for direction in ("back", "ahead"):
        bars = known[direction]
        assert len(bars) == 10
        assert bars == [days[bar["timestamp"]] for bar in bars]
        stamps = [bar["timestamp"] for bar in bars]
        assert stamps == sorted(stamps)
    pivot = known["days"][-30]
    assert known["back"][-1] == pivot == known["ahead"][0]
    assert known["latest"] == known["days"][-7:]
    assert known["latest_minutes"] == known["minutes"]


@pytest.mark.covers("cmd 27")
@pytest.mark.parametrize("market", MARKETS)
def test_history_by_date_gives_both_ends(facts: Any, market: str) -> None:
    """Source: quote, command 27."""
    known = facts["markets"][market]
    assert known["between"] == known["days"][-25:-4]
    assert known["from_first"] == known["days"][-25:]


@pytest.mark.covers("cmd 9")
@pytest.mark.parametrize("market", MARKETS)
def test_trading_days_are_the_days_with_a_candle(facts: Any, market: str) -> None:
    """Source: quote, command 9."""
    known = facts["markets"][market]
    listed = known["trading_days"]["trading_days"] + known["trading_days"]["half_trading_days"]
    days = [local_day(bar["timestamp"], market) for bar in known["between_trading_days"]]
    assert sorted(listed) == [day.isoformat() for day in days]


@pytest.mark.covers("cmd 8")
def test_trading_sessions_are_those_of_the_exchanges(facts: Any) -> None:
    """Source: quote, command 8; sessions."""
    hours = {
        one["market"]: [
            (part["begin_time"][:5], part["end_time"][:5], part["trade_session"])
            for part in one["trade_sessions"]
        ]
        for one in facts["trading_session"]
    }
    assert hours["HK"] == [("09:30", "12:00", "Intraday"), ("13:00", "16:00", "Intraday")]
    assert hours["CN"] == [("09:30", "11:30", "Intraday"), ("13:00", "14:57", "Intraday")]
    assert set(hours["US"]) >= {
        ("09:30", "16:00", "Intraday"),
        ("04:00", "09:30", "Pre"),
        ("16:00", "20:00", "Post"),
    }


@pytest.mark.covers("cmd 2", "cmd 4", "GET /v1/socket/token")
def test_the_profile_names_a_member_and_its_packages(facts: Any) -> None:
    """Source: quote, command 4; socket, authentication."""
    profile = facts["profile"]
    assert profile["member_id"] > 0
    assert profile["quote_level"]
    assert profile["quote_package_details"]
    for package in profile["quote_package_details"]:
        assert package["key"]
        assert package["name"]
        assert package["start_at"] < package["end_at"]


@pytest.mark.covers("cmd 24", "cmd 25")
@pytest.mark.parametrize("market", MARKETS)
def test_capital_flow_its_distribution_and_the_index_tell_the_same(facts: Any, market: str) -> None:
    """Source: quote, commands 24 to 26; markets, capital flow."""
    one = facts["markets"][market]
    lines = one["capital_flow"]
    stamps = [line["timestamp"] for line in lines]
    assert stamps == [line["timestamp"] for line in one["intraday"]]
    sides = one["capital_distribution"]
    assert set(map(local_day, [stamps[0], sides["timestamp"]], [market] * 2)) == {
        local_day(facts["now"][market], market)
    }
    net = sum(map(Decimal, sides["capital_in"].values()))
    net -= sum(map(Decimal, sides["capital_out"].values()))
    assert Decimal(lines[-1]["inflow"]) == net
    assert any(Decimal(line["inflow"]) for line in lines)
    symbol = {"HK": "700.HK", "US": "AAPL.US", "CN": "600519.SH"}[market]
    assert Decimal(by_symbol(facts["indexes"]["every"])[symbol]["capital_flow"]) == net


@pytest.mark.covers("cmd 26")
def test_calculated_indexes_follow_from_the_other_answers(facts: Any) -> None:
    """Source: quote, command 26; the formulas beside it."""
    rows = facts["indexes"]["every"]
    info, quotes = by_symbol(facts["static_info"]), by_symbol(facts["quote"])
    assert [row["symbol"] for row in rows] == [*STOCKS, *INDEXES.values()]
    for row in rows:
        quote, about = quotes[row["symbol"]], info[row["symbol"]]
        last, close = Decimal(quote["last_done"]), Decimal(quote["prev_close"])
        assert Decimal(row["last_done"]) == last
        assert Decimal(row["change_value"]) == last - close
        rate = ((last - close) / close * 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        assert Decimal(row["change_rate"]) == rate
        assert (row["volume"], Decimal(row["turnover"])) == (
            quote["volume"], Decimal(quote["turnover"]),
        )  # fmt: skip
        if about["total_shares"]:
            assert Decimal(row["total_market_value"]) == last * about["total_shares"]
        if Decimal(about["eps_ttm"]) > 0:
            assert abs(Decimal(row["pe_ttm_ratio"]) * Decimal(about["eps_ttm"]) - last) < last / 100
        for name in ("ytd_change_rate", "five_day_change_rate", "half_year_change_rate"):
            assert row[name] is not None, (row["symbol"], name)
        assert row["strike_price"] is None


def test_only_the_indexes_asked_for_are_filled(facts: Any) -> None:
    """Source: quote, command 26."""
    for row in facts["indexes"]["last_done"]:
        assert {name for name, value in row.items() if value} == {"symbol", "last_done"}
    assert facts["indexes"]["of 501 symbols"]["code"] == 301607
    assert facts["indexes"]["none"]["code"] == 301600


@pytest.mark.covers("GET /v1/quote/get_security_list")
def test_the_overnight_list_names_us_securities(facts: Any) -> None:
    """Source: http, security list."""
    symbols = [row["symbol"] for row in facts["security_list"]]
    assert "AAPL.US" in symbols
    assert all(symbol.endswith(".US") for symbol in symbols)
    assert all(row["name_en"] for row in facts["security_list"])


REFUSED = {
    "depth of an unknown symbol": 301600,
    "depth of a symbol without a region": 301600,
    "depth of a symbol of an unknown region": 301600,
    "quote of 501 symbols": 301607,
    "static_info of 501 symbols": 301607,
    "quote of no symbol": 301600,
    "1001 trades": 301607,
    "trades of an unknown symbol": 301600,
    "intraday of an unknown symbol": 301600,
    "1001 candlesticks": 301607,
    "candlesticks of an unknown symbol": 301600,
    "candlesticks of an unknown period": 301600,
    "trading days of 100 days": 301600,
    "brokers of an unknown symbol": 301600,
    "history before a listing": 301603,
    "history that ends before it begins": 301600,
    "a subscription of 501 symbols": 301605,
    "a subscription of unknown symbols alone": 301600,
    "a security list of an unknown market": 310010,
}


@pytest.mark.covers("error 301600", "error 301605", "error 301607", "error 310010")
@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_request_is_refused_with_code_and_text(facts: Any, what: str) -> None:
    """Source: quote, errors; http, security list."""
    answer = facts["refused"][what]
    assert answer["code"] == REFUSED[what], answer
    assert answer["message"].strip()


NO_PRINTS = ("capital_flow", "capital_distribution")


@pytest.mark.covers("error 301603")
@pytest.mark.parametrize("name", NO_PRINTS)
def test_data_that_an_index_cannot_have_is_refused_and_not_made_up(facts: Any, name: str) -> None:
    """Source: quote, errors (no quote data for this security)."""
    assert facts["not served"][name]["code"] == 301603
    assert facts["not served"][name]["message"] == "no quote data"


def test_sync_and_async_clients_read_the_same_world(gather: Facts) -> None:
    """Source: sdk, two faces of one client; the same seed makes the same prices."""
    one, other = gather("quotes", "longbridge-sync"), gather("quotes", "longbridge-async")
    assert one["static_info"] == other["static_info"]
    assert one["markets"]["HK"]["days"][:-1] == other["markets"]["HK"]["days"][:-1]
