"""Which contracts there are: expiry days by rule and date, strikes around the price."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.market.derived.chains import (
    DAILY_FROM,
    WEEKLY_FROM,
    Cycle,
    expiries,
    expiry_on,
    strike_grid,
    strike_rule,
)
from portway.model.derivative import parse_option
from tests.market.derived.option_days import AAPL, CALENDAR, DAY, IBM, SPY, market, new_market
from tests.market.synthetic_days import REFERENCE

days = st.dates(date(2011, 1, 1), date(2027, 12, 31)).map(CALENDAR.latest_on_or_before)


@given(day=days, root=st.sampled_from(["AAPL", "SPY"]))
@settings(max_examples=60, deadline=None)
def test_every_day_has_weekly_and_monthly_expiries_on_trading_days(day, root):
    found = expiries(root, day, CALENDAR)
    assert [one.day for one in found] == sorted({one.day for one in found})
    for one in found:
        assert CALENDAR.is_trading_day(one.day)
        assert one.listed_on <= day <= one.day
        assert expiry_on(root, one.day, CALENDAR) == one
    ahead = {one.cycle for one in found if one.day <= day + timedelta(days=42)}
    assert {Cycle.MONTHLY, Cycle.WEEKLY} <= ahead
    assert any(one.day > day + timedelta(days=365) for one in found)  # January of a later year


@given(day=st.dates(WEEKLY_FROM, date(2027, 12, 31)))
def test_each_friday_or_the_day_before_its_holiday_is_an_expiry(day):
    friday = day + timedelta(days=(4 - day.weekday()) % 7)
    found = expiry_on("AAPL", CALENDAR.latest_on_or_before(friday), CALENDAR)
    assert found is not None
    assert (found.cycle is Cycle.MONTHLY) == (15 <= friday.day <= 21)


def test_the_monthly_contracts_before_good_friday_expire_on_the_thursday():
    assert expiry_on("AAPL", date(2025, 4, 17), CALENDAR).cycle is Cycle.MONTHLY
    assert expiry_on("SPY", date(2025, 4, 17), CALENDAR).cycle is Cycle.MONTHLY
    assert expiry_on("AAPL", date(2025, 4, 18), CALENDAR) is None


def test_a_few_funds_expire_on_every_day_since_they_do():
    week = CALENDAR.trading_days(date(2024, 6, 3), date(2024, 6, 7))
    assert all(expiry_on("SPY", day, CALENDAR) for day in week)
    assert [day for day in week if expiry_on("AAPL", day, CALENDAR)] == [date(2024, 6, 7)]
    before = CALENDAR.trading_days(DAILY_FROM - timedelta(days=7), DAILY_FROM - timedelta(days=3))
    assert [day.weekday() for day in before if expiry_on("SPY", day, CALENDAR)] == [4]


def test_before_the_weekly_programme_there_were_monthly_contracts_alone():
    cycles = {one.cycle for one in expiries("AAPL", date(2009, 3, 2), CALENDAR)}
    assert cycles == {Cycle.MONTHLY}


@given(
    closes=st.lists(st.floats(2, 3000), min_size=1, max_size=20),
    number=st.integers(0, 12),
)
def test_strikes_ascend_on_a_grid_and_surround_every_price_they_have_seen(closes, number):
    found = expiries("AAPL", DAY, CALENDAR)
    rule = strike_rule("AAPL", found[number % len(found)], closes[0])
    grid = strike_grid(rule, [closes[0]])
    assert grid == sorted(set(grid))
    assert all(strike % rule.step == 0 for strike in grid)
    assert float(grid[0]) <= closes[0] * 0.85 or grid[0] == rule.step
    assert float(grid[-1]) >= closes[0] * 1.15
    assert len(grid) <= 240
    assert len(grid) >= 7


@pytest.mark.parametrize("underlying", [AAPL, SPY, IBM])
def test_every_contract_of_a_chain_is_listed_with_the_terms_of_its_symbol(underlying):
    found = market()
    for expiry in found.expiry_dates(underlying, DAY):
        strikes = found.strikes(underlying, expiry.day, DAY)
        assert len(strikes) >= 7
        for one in (strikes[0], strikes[len(strikes) // 2], strikes[-1]):
            for symbol in (one.call, one.put):
                terms = found.find(symbol, DAY).option
                root, day, right, strike = parse_option(symbol)
                assert (f"{root}.US", day, right, strike) == (
                    terms.underlying,
                    terms.expiry,
                    terms.right,
                    terms.strike,
                )
                assert terms.strike == one.strike
                assert terms.listed_on <= DAY <= terms.expiry


def test_a_chain_only_grows_and_a_contract_is_found_from_its_listing_on():
    found = market()
    expiry = found.expiry_dates(AAPL, DAY)[5]
    seen: set[Decimal] = set()
    for day in CALENDAR.trading_days(expiry.listed_on, expiry.day):
        strikes = found.strikes(AAPL, expiry.day, day)
        now = {one.strike for one in strikes}
        assert seen <= now
        for one in strikes:
            if one.strike in now - seen:
                assert found.find(one.call, day) is not None
                before = found.find(one.call, CALENDAR.previous_trading_day(day))
                assert before is None
        seen = now


def test_the_same_seed_and_day_give_the_same_chain_whatever_was_asked_before():
    other = new_market()
    for expiry in reversed(market().expiry_dates(SPY, DAY)):
        assert other.strikes(SPY, expiry.day, DAY) == market().strikes(SPY, expiry.day, DAY)


@pytest.mark.parametrize(
    "symbol",
    [
        "AAPL260116C271234.US",  # not on the grid
        "AAPL260115C270000.US",  # nothing expires then
        "AAPL260117C270000.US",  # a Saturday
        "AAPL360118C270000.US",  # beyond the calendar
        "NOSUCH260116C270000.US",
        "AAPL.US",
        "AAPL260116C2700.5.US",
    ],
)
def test_symbols_that_name_no_contract_find_none(symbol):
    assert market().find(symbol, DAY) is None


def test_securities_without_options_have_no_chain():
    for symbol in ("700.HK", "600519.SH", ".VIX.US", "999999.US"):
        assert not market().is_optionable(symbol)
        assert list(market().expiry_dates(symbol, DAY)) == []
        assert list(market().strikes(symbol, date(2026, 1, 16), DAY)) == []


def test_every_security_that_says_so_has_a_chain_with_a_price():
    """Static info names options: then there are some."""
    found = market()
    named = [one for one in REFERENCE.instruments.values() if 1 in one.stock_derivatives]
    assert len(named) > 100
    for one in named[::12]:
        first = found.expiry_dates(one.symbol, DAY)[0]
        strikes = found.strikes(one.symbol, first.day, DAY)
        middle = strikes[len(strikes) // 2]
        assert found.prev_close(middle.call, DAY) > 0


def test_a_split_ends_contracts_and_lists_their_successors():
    """Seven for one: strikes divided by seven; those off the usual steps are adjusted ones."""
    found, ex_date, expiry = market(), date(2014, 6, 9), date(2014, 7, 18)
    eve = CALENDAR.previous_trading_day(ex_date)
    before = found.strikes(AAPL, expiry, eve)
    after = {one.strike: one for one in found.strikes(AAPL, expiry, ex_date)}
    assert all(one.is_standard for one in before)
    for one in before:
        old = found.life(one.call, eve)
        assert (old.last, old.first <= eve) == (eve, True)
        successor = after[(one.strike / 7).quantize(Decimal("0.01"))]
        new = found.life(successor.call, ex_date)
        assert new.first == ex_date
        assert new.last == expiry
        assert new.instrument.option.is_standard == successor.is_standard
    week = found.strikes(AAPL, expiry, CALENDAR.add(ex_date, 3))
    assert any(one.is_standard for one in week)
    middle = before[len(before) // 2]
    successor = after[(middle.strike / 7).quantize(Decimal("0.01"))]
    close = found.day(middle.call, eve).closing_price
    opened = found.prev_close(successor.call, ex_date)
    assert abs(close / 7 - opened) < max(Decimal("0.2"), close / 35)
