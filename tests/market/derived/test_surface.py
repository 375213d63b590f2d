"""The volatility surface: nobody can lock in a gain against it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.market.derived.surface import surface_of
from portway.market.derived.underlyings import Mood
from portway.quotes import options
from portway.quotes.options import INTEREST_RATES
from tests.market.derived.option_days import AAPL, DAY, SPY, market, near, new_york

SPOT, RATE, DIVIDENDS = 270.0, INTEREST_RATES["USD"], 0.004
YEARS = np.array([1 / 365, 3 / 365, 10 / 365, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0])
TINY = 1e-7

moods = st.builds(
    Mood,
    close=st.just(SPOT),
    short=st.floats(0.06, 1.8),
    long=st.floats(0.06, 1.8),
    historical=st.just(0.2),
    dividend_yield=st.just(DIVIDENDS),
)


def prices(surface, moneyness: np.ndarray, years: float, is_call: bool) -> np.ndarray:
    forward = SPOT * np.exp((RATE - DIVIDENDS) * years)
    strike = forward * np.exp(moneyness)
    sigma = surface.volatility(moneyness, years)
    return options.price(is_call, SPOT, strike, years, RATE, DIVIDENDS, sigma), strike


@given(mood=moods, is_broad=st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_spread_and_no_butterfly_is_free(mood, is_broad):
    surface = surface_of(mood, is_broad=is_broad)
    for years in YEARS:
        width = 4 * max(mood.short, mood.long) * np.sqrt(years) + 0.05
        moneyness = np.linspace(-width, width, 121)
        call, strike = prices(surface, moneyness, years, True)
        slope = np.diff(call) / np.diff(strike)
        assert (slope <= TINY).all()  # a call further out costs less,
        assert (slope >= -np.exp(-RATE * years) - TINY).all()  # but not by more than the strikes.
        assert (np.diff(slope) >= -TINY).all()


@given(mood=moods, is_broad=st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_calendar_spread_is_free(mood, is_broad):
    """At the same moneyness total variance never falls with time."""
    surface = surface_of(mood, is_broad=is_broad)
    moneyness = np.linspace(-1.0, 1.0, 81)
    total = [surface.volatility(moneyness, years) ** 2 * years for years in YEARS]
    for nearer, farther in pairwise(total):
        assert (farther >= nearer - 1e-12).all()


def test_there_is_a_smile_and_a_term_structure():
    surface = surface_of(Mood(SPOT, 0.4, 0.2, 0.3, 0.0), is_broad=True)
    low, middle, high = surface.volatility(np.array([-0.15, 0.0, 0.25]), 0.1)
    assert low > high > 0
    assert low > middle
    short, long = surface.volatility(0.0, 0.02), surface.volatility(0.0, 2.0)
    assert short > long > 0.2  # a frightened market calms down


@pytest.mark.parametrize("underlying", [AAPL, SPY])
@pytest.mark.parametrize("hour", [10, 12, 15])
def test_what_is_bid_and_asked_leaves_no_free_gain(underlying, hour):
    """Call and put against the share, spreads, butterflies and calendars, as books show them."""
    found, at = market(), new_york(DAY, hour, 7, 30)
    us = int(at.timestamp()) * 1_000_000
    strikes_of = {number: near(underlying, number, 9) for number in (2, 4)}
    books = {}
    for number, strikes in strikes_of.items():
        for one in sorted(strikes, key=lambda one: one.strike):
            for side, symbol in (("C", one.call), ("P", one.put)):
                day = found.day(symbol, DAY)
                spot = day.path.as_of(np.array([us]))
                bid, ask = day.quote(spot, np.array([us]))
                books[number, one.strike, side] = (int(bid[0]) / 1e4, int(ask[0]) / 1e4)
        strikes = sorted(one.strike for one in strikes)
        years = options.years_between(at, found.ends(found.life(symbol, DAY).last))
        dividends = found.underlyings.mood(underlying, DAY).dividend_yield
        for strike in strikes:
            forward = float(spot[0]) * np.exp(-dividends * years)
            forward -= float(strike) * np.exp(-RATE * years)
            call, put = books[number, strike, "C"], books[number, strike, "P"]
            assert call[0] - put[1] <= forward <= call[1] - put[0]
        for low, high in pairwise(strikes):
            assert books[number, low, "C"][1] >= books[number, high, "C"][0]
            assert books[number, high, "P"][1] >= books[number, low, "P"][0]
        for low, middle, high in zip(strikes, strikes[1:], strikes[2:], strict=False):
            if middle - low == high - middle:
                wings = books[number, low, "C"][1] + books[number, high, "C"][1]
                assert wings >= 2 * books[number, middle, "C"][0]
    for strike in {strike for number, strike, _ in books if number == 2}:
        if (4, strike, "C") in books:
            assert books[4, strike, "C"][1] >= books[2, strike, "C"][0]
