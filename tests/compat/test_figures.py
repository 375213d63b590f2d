"""Temperatures, filings and short data through the official packages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

AT = ("--clock", "at 2026-03-03T10:30:00+08:00")
HK_DAYS = 27  # trading days from 19 January to 27 February 2026


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("figures", client, server=AT)


@pytest.fixture(params=("longbridge-sync", "longbridge-async"))
def newer(gather: Facts, request: pytest.FixtureRequest) -> Any:
    return gather("figures", request.param, server=AT)


@pytest.mark.covers("GET /v1/quote/market_temperature", "error 2601500")
def test_each_market_has_a_temperature_with_a_description(facts: Any) -> None:
    """Source: http, market temperature; markets, section 18.2."""
    for market, one in facts["now"].items():
        assert one["temperature"] == (one["valuation"] + one["sentiment"]) // 2, market
        assert 0 <= one["temperature"] <= 100
        assert one["description"].startswith("Temperature is ")
    assert facts["now"]["HK"]["timestamp"] == 1772505000  # the running minute
    for answer in facts["refused"].values():
        assert answer["code"] == 2601500
        assert answer["message"]


@pytest.mark.covers("GET /v1/quote/history_market_temperature")
def test_history_is_by_days_or_for_a_long_time_by_months(facts: Any) -> None:
    """Source: http, market temperature; markets, section 18.2."""
    for one in facts["daily"].values():
        assert one["granularity"] == "Daily"
        stamps = [row["timestamp"] for row in one["records"]]
        assert stamps == sorted(set(stamps))
        assert all(0 <= row["temperature"] <= 100 for row in one["records"])
    assert len(facts["daily"]["HK"]["records"]) == HK_DAYS
    monthly = facts["monthly"]
    assert (monthly["granularity"], len(monthly["records"])) == ("Monthly", 8)


@pytest.mark.covers("GET /v1/quote/filings", "error 310010")
def test_filings_are_announcements_the_newest_first(newer: Any) -> None:
    """Source: http, filings."""
    found = newer["filings"]
    assert found
    stamps = [one["published_at"] for one in found]
    assert stamps == sorted(stamps, reverse=True)
    assert stamps[0] <= 1772505000
    titles = [one["title"] for one in found]
    assert any("cash dividend of HKD 4.5 a share" in one for one in titles)
    assert any("each share becomes 5" in one for one in titles)
    assert newer["wrong"]["filings"]["code"] == 310010


@pytest.mark.covers("GET /v1/quote/short-positions/hk", "GET /v1/quote/short-positions/us")
def test_short_positions_agree_with_the_short_trades(newer: Any) -> None:
    """Source: http, other quote data."""
    hk, us = (newer["short_positions"][name]["data"] for name in ("700.HK", "AAPL.US"))
    assert len(hk) == len(us) == 6
    trades = {one["timestamp"]: one for one in newer["short_trades"]["700.HK"]["data"]}
    for one in hk:
        assert Decimal(one["amount"]) == Decimal(one["close"]) * int(one["balance"])
        if one["timestamp"] in trades:
            assert trades[one["timestamp"]]["balance"] == one["balance"]
    for one in us:
        days = int(one["current_shares_short"]) / int(one["avg_daily_share_volume"])
        assert abs(float(one["days_to_cover"]) - days) <= 0.005
    assert newer["wrong"]["short_positions"]["code"] == 310010


@pytest.mark.covers("GET /v1/quote/short-trades/hk", "GET /v1/quote/short-trades/us")
def test_short_trades_are_one_row_a_day(newer: Any) -> None:
    """Source: http, other quote data."""
    for rows in (one["data"] for one in newer["short_trades"].values()):
        stamps = [row["timestamp"] for row in rows]
        assert len(set(stamps)) == 30
        assert stamps == sorted(stamps, reverse=True)
        assert all(0 < float(row["rate"]) < 1 for row in rows)
    for row in newer["short_trades"]["AAPL.US"]["data"]:
        assert int(row["nus_amount"]) + int(row["ny_amount"]) == int(row["total_amount"])
    assert newer["short_index"]["data"] == []
    assert newer["wrong"]["of the other market"]["code"] == 310010
