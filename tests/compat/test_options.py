"""US options through the official packages: chains, quotes, history and pushes that agree."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from vollib.black_scholes_merton.greeks import analytical

from portway.market.reference import calendars
from portway.model.symbol import Market
from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

CALENDAR = calendars()[Market.US]
SYMBOL = re.compile(r"AAPL(\d{6})([CP])(\d+)\.US")


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("options", client)


def by_symbol(rows: list[Any]) -> dict[str, Any]:
    return {row["symbol"]: row for row in rows}


@pytest.mark.covers("cmd 20")
def test_expiry_dates_ascend_from_today_to_years_ahead(facts: Any) -> None:
    """Source: quote, command 20; markets, US options."""
    dates = [date.fromisoformat(one) for one in facts["dates"]]
    assert dates == sorted(set(dates))
    assert len(dates) >= 10
    assert dates[-1] > dates[0] + timedelta(days=365)
    weekdays = [one.weekday() for one in dates]
    assert set(weekdays) <= {3, 4}  # a Friday, or the day before its holiday
    assert weekdays.count(4) > len(dates) / 2
    assert len(facts["broad"]["dates"]) > len(dates)


@pytest.mark.covers("cmd 21", "POST /v1/quote/options/strikes")
def test_strikes_surround_the_price_and_name_call_and_put(facts: Any) -> None:
    """Source: quote, command 21, and its twin over HTTP, which newer packages ask."""
    prices = [Decimal(row["price"]) for row in facts["chain"]]
    assert prices == sorted(set(prices))
    assert prices[0] < Decimal(facts["last"]) < prices[-1]
    day = date.fromisoformat(facts["dates"][1])
    for row in facts["chain"]:
        assert row["standard"]
        for symbol, letter in ((row["call_symbol"], "C"), (row["put_symbol"], "P")):
            expiry, right, strike = SYMBOL.fullmatch(symbol).groups()
            assert (expiry, right) == (f"{day:%y%m%d}", letter)
            assert Decimal(strike) / 1000 == Decimal(row["price"])
    answer = facts["http"]["list"]
    assert [one["symbol"] for one in answer] == [
        symbol for row in facts["chain"] for symbol in (row["call_symbol"], row["put_symbol"])
    ]
    assert {one["option_type"] for one in answer} <= {"", "W"}
    assert {one["standard_attr"] for one in answer} == {""}
    assert facts["standard only"]["list"] == answer


@pytest.mark.covers("cmd 12")
def test_option_quotes_carry_the_terms_and_a_sensible_volatility(facts: Any) -> None:
    """Source: quote, command 12."""
    answer, quotes = by_symbol(facts["option_quote"]), by_symbol(facts["quote"])
    assert list(answer) == list(quotes)
    for row in facts["near"]:
        for symbol, direction in ((row["call_symbol"], "Call"), (row["put_symbol"], "Put")):
            one, quote = answer[symbol], quotes[symbol]
            assert one["direction"] == direction
            assert one["expiry_date"] == facts["dates"][1]
            assert Decimal(one["strike_price"]) == Decimal(row["price"])
            assert one["underlying_symbol"] == "AAPL.US"
            assert one["contract_type"] == "American"
            assert Decimal(one["contract_multiplier"]) == Decimal(one["contract_size"]) == 100
            assert 0.05 < Decimal(one["implied_volatility"]) < 3
            assert 0.05 < Decimal(one["historical_volatility"]) < 3
            assert one["open_interest"] >= 0
            for name in ("last_done", "prev_close", "open", "high", "low", "turnover"):
                assert Decimal(one[name]) == Decimal(quote[name]), name
            assert one["volume"] == quote["volume"]
            assert one["timestamp"] == quote["timestamp"]
    assert [one["symbol"] for one in facts["left out"]] == [facts["option_quote"][0]["symbol"]]


def test_the_call_and_the_put_of_a_strike_imply_one_volatility(facts: Any) -> None:
    """Put-call parity, as far as a tick and a minute without a trade of one side allow."""
    answer = by_symbol(facts["option_quote"])
    for row in facts["near"]:
        call, put = (
            float(answer[row[name]]["implied_volatility"]) for name in ("call_symbol", "put_symbol")
        )
        assert call == pytest.approx(put, abs=0.05)


@pytest.mark.covers("cmd 26")
def test_greeks_are_those_of_the_volatility_that_is_shown(facts: Any) -> None:
    """Source: markets, calculated indexes: theta a day, vega and rho for 1.00, volatility in %."""
    spot, now = float(facts["last"]), datetime.fromisoformat(facts["now"])
    quotes = by_symbol(facts["option_quote"])
    for one in facts["indexes"]:
        quote = quotes[one["symbol"]]
        expiry = date.fromisoformat(one["expiry_date"])
        end = datetime.combine(expiry, time(16), ZoneInfo("America/New_York"))
        if CALENDAR.is_half_day(expiry):
            end -= timedelta(hours=3)
        years = (end - now).total_seconds() / 31_536_000
        sigma = float(one["implied_volatility"]) / 100
        assert sigma == pytest.approx(float(quote["implied_volatility"]), abs=1e-4)
        flag, strike = quote["direction"][0].lower(), float(one["strike_price"])
        dividends = float(facts["underlying"]["dividend_yield"]) / spot  # per share, as it is named
        terms = (flag, spot, strike, years, 0.04, sigma, dividends)
        # The volatility is shown with two places and the yield is that of the close before.
        assert float(one["delta"]) == pytest.approx(analytical.delta(*terms), abs=2e-3)
        assert float(one["gamma"]) == pytest.approx(analytical.gamma(*terms), rel=2e-2, abs=1e-4)
        assert float(one["theta"]) == pytest.approx(analytical.theta(*terms), rel=2e-2, abs=1e-3)
        assert float(one["vega"]) == pytest.approx(100 * analytical.vega(*terms), rel=1e-2)
        assert float(one["rho"]) == pytest.approx(100 * analytical.rho(*terms), rel=1e-2, abs=1e-2)
        assert one["open_interest"] == quote["open_interest"]
        assert one["volume"] == quote["volume"]
        assert one["pe_ttm_ratio"] is None
        assert one["warrant_delta"] is None
    (alone,) = facts["one index"]
    assert alone["delta"] == facts["indexes"][0]["delta"]
    assert alone["gamma"] is None


def test_an_option_is_described_and_quoted_like_any_symbol(facts: Any) -> None:
    """Source: quote, commands 10 and 14; markets, boards and lots."""
    assert "Option" in facts["underlying"]["stock_derivatives"]
    for info in facts["static_info"]:
        assert info["board"] == "USOption"
        assert info["lot_size"] == 1
        assert info["currency"] == "USD"
        assert info["name_en"].startswith("AAPL")
    assert facts["broad"]["static_info"][0]["board"] == "USOptionS"
    for depth in facts["depth"].values():
        assert len(depth["asks"]) == 1
        assert len(depth["bids"]) <= 1
        best_ask = Decimal(depth["asks"][0]["price"])
        assert all(Decimal(bid["price"]) < best_ask for bid in depth["bids"])


def test_trades_minutes_and_days_of_an_option_tell_one_story(facts: Any) -> None:
    """Source: quote, commands 17 to 19; turnover counts a hundred shares a contract."""
    minutes, days, trades = facts["minutes"], facts["days"], facts["trades"]
    quote = by_symbol(facts["quote"])[facts["near"][0]["call_symbol"]]
    assert Decimal(days[-1]["close"]) == Decimal(quote["last_done"])
    assert days[-1]["volume"] == quote["volume"]
    today = [bar for bar in minutes if bar["timestamp"] >= days[-1]["timestamp"]]
    assert sum(bar["volume"] for bar in today) == quote["volume"]
    turnover = sum(Decimal(bar["turnover"]) for bar in today)
    assert turnover == Decimal(quote["turnover"])
    for bar in today:
        least, most = (Decimal(bar[name]) * bar["volume"] * 100 for name in ("low", "high"))
        assert least <= Decimal(bar["turnover"]) <= most
    if len(trades) < 1000:
        assert sum(one["volume"] for one in trades) == quote["volume"]
        worth = sum(Decimal(one["price"]) * one["volume"] * 100 for one in trades)
        assert worth == Decimal(quote["turnover"])
    drawn = [line for line in facts["intraday"] if line["volume"]]
    assert sum(line["volume"] for line in drawn) == quote["volume"]
    low, high = Decimal(quote["low"]), Decimal(quote["high"])
    assert all(low <= Decimal(line["avg_price"]) <= high for line in drawn)


def test_pushes_of_an_option_end_where_pulls_stand(facts: Any) -> None:
    """Source: quote, pushes."""
    pushes = facts["pushes"]
    symbol, pulled = pushes["symbol"], pushes["pulled"]
    assert {one for kind in ("quote", "depth", "trades") for one, _ in pushes[kind]} == {symbol}
    pushed = [event for _, event in pushes["quote"]]
    assert Decimal(pushed[-1]["last_done"]) == Decimal(pulled["last_done"])
    assert pushed[-1]["volume"] == pulled["volume"]
    assert Decimal(pushed[-1]["turnover"]) == Decimal(pulled["turnover"])
    depth = pushes["depth"][-1][1]
    assert depth["asks"] == pushes["pulled depth"]["asks"]
    assert depth["bids"] == pushes["pulled depth"]["bids"]
    prints = [trade for _, event in pushes["trades"] for trade in event["trades"]]
    assert prints
    assert prints == pushes["pulled trades"][-len(prints) :]


REFUSED = {
    "chain of a security without options": 301600,
    "chain of an unknown symbol": 301600,
    "strikes of a security without options": 301600,
    "strikes of a day without expiry": 301600,
    "malformed option symbol": 301600,
    "strike with zeros in front": 301600,
    "no symbol": 301600,
    "strikes over HTTP of no date": 310010,
    "strikes over HTTP of a number": 310010,
    "strikes over HTTP of a share without options": 301600,
    "volume of a share without options": 301600,
    "volume of an unknown symbol": 301600,
    "volume of 61 days": 310010,
    "501 symbols": 301607,
}


@pytest.mark.covers("error 301600", "error 301607")
@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_request_is_refused_with_what_to_do(facts: Any, what: str) -> None:
    """Source: quote, errors."""
    answer = facts["refused"][what]
    assert answer["code"] == REFUSED[what], answer
    assert answer["message"].strip()
    if "option symbol" in what or "zeros" in what:
        assert "AAPL250117C190000.US" in answer["message"]


@pytest.mark.covers("GET /v1/quote/option-volume-stats", "GET /v1/quote/option-volume-stats/daily")
def test_what_a_chain_has_traded_is_told_to_the_newer_package(gather: Facts) -> None:
    """Source: http, other quote data."""
    volume = gather("options", "longbridge-sync")["volume"]
    now, daily = volume["now"], volume["daily"]["stats"]
    assert int(now["call_volume"]) > 0
    assert int(now["put_volume"]) > 0
    assert len(daily) == 3
    days = [one["date"] for one in daily]
    assert days == sorted(set(days), reverse=True)
    for one in daily:
        calls, puts = int(one["call_volume"]), int(one["put_volume"])
        assert calls + puts == int(one["total_volume"])
        assert float(one["pc_vol"]) == pytest.approx(puts / calls, abs=1e-4)
