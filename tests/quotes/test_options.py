"""Options as a whole: against an independent library, and against what must hold of any prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical

from portway.quotes import options

CONTRACTS = 10_000
RELATIVE, ABSOLUTE = 1e-6, 1e-8
# The library gives vega and rho for one percentage point; the wire for 1.00.
WIRE_SCALE = {"vega": 100.0, "rho": 100.0}


@pytest.fixture(scope="module")
def contracts() -> tuple[np.ndarray, ...]:
    """Random contracts as the market has them: near and far strikes, a day to three years."""
    draw = np.random.default_rng(5)
    underlying = np.exp(draw.uniform(np.log(2), np.log(7000), CONTRACTS))
    return (
        draw.random(CONTRACTS) < 0.5,
        underlying,
        underlying * np.exp(draw.normal(0, 0.25, CONTRACTS)),
        draw.uniform(1 / 365, 3, CONTRACTS),
        draw.uniform(0, 0.08, CONTRACTS),
        draw.uniform(0, 0.05, CONTRACTS),
        draw.uniform(0.05, 1.5, CONTRACTS),
    )


def one_by_one(contracts, function):
    return np.array(
        [
            function("c" if is_call else "p", spot, strike, years, rate, sigma, dividends)
            for is_call, spot, strike, years, rate, dividends, sigma in zip(
                *(column.tolist() for column in contracts), strict=True
            )
        ]
    )


@pytest.mark.parametrize("name", ["delta", "gamma", "theta", "vega", "rho"])
def test_greeks_agree_with_vollib_after_undoing_the_scaling_of_the_wire(contracts, name):
    ours = getattr(options.greeks(*contracts), name) / WIRE_SCALE.get(name, 1.0)
    theirs = one_by_one(contracts, getattr(analytical, name))
    np.testing.assert_allclose(ours, theirs, rtol=RELATIVE, atol=ABSOLUTE)


def test_prices_agree_with_vollib(contracts):
    theirs = one_by_one(contracts, black_scholes_merton)
    np.testing.assert_allclose(options.price(*contracts), theirs, rtol=RELATIVE, atol=ABSOLUTE)
    assert np.array_equal(options.price(*contracts), options.greeks(*contracts).price)


def test_the_volatility_of_a_price_is_the_one_it_was_made_with(contracts):
    made_with = contracts[-1]
    prices = options.price(*contracts)
    found = options.implied_volatility(contracts[0], prices, *contracts[1:-1])
    # Where the price hardly depends on the volatility its last digit decides, and nothing is said.
    vega = options.greeks(*contracts).vega
    told = vega > 1e-7 * prices + 1e-9 * contracts[1]
    assert told.mean() > 0.95
    np.testing.assert_allclose(found[told], made_with[told], rtol=1e-6)
    again = options.price(*contracts[:-1], np.maximum(found, 1e-6))
    np.testing.assert_allclose(again, prices, rtol=1e-9, atol=1e-9 * contracts[1].max())


def test_calls_and_puts_differ_by_the_forward(contracts):
    _, spot, strike, years, rate, dividends, sigma = contracts
    calls = options.price(True, spot, strike, years, rate, dividends, sigma)
    puts = options.price(False, spot, strike, years, rate, dividends, sigma)
    forward = spot * np.exp(-dividends * years) - strike * np.exp(-rate * years)
    np.testing.assert_allclose(calls - puts, forward, rtol=1e-9, atol=1e-9 * spot.max())


@pytest.mark.parametrize(
    ("premium", "years"), [(5.0, 0.5), (9.9, 0.5), (101.0, 0.5), (12.0, 0.0), (12.0, -1.0)]
)
def test_prices_that_no_volatility_explains_have_none(premium, years):
    """Below what a sure exercise is worth, above the share itself, after the end."""
    assert options.implied_volatility(True, premium, 100.0, 90.0, years, 0.0, 0.0) == 0


def test_without_volatility_an_option_is_worth_its_forward_and_has_no_gamma():
    found = options.greeks(True, np.array([110.0, 90.0]), 100.0, 0.5, 0.0, 0.0, 0.0)
    assert found.price.tolist() == [10.0, 0.0]
    assert found.delta.tolist() == [1.0, 0.0]
    assert found.gamma.tolist() == [0.0, 0.0]


def test_a_minute_is_the_shortest_time():
    now = datetime(2026, 1, 16, 21, tzinfo=UTC)
    minute = options.years_between(now, now + timedelta(minutes=1))
    assert options.years_between(now, now) == minute
    assert options.years_between(now, now + timedelta(minutes=2)) == 2 * minute


def test_too_few_closes_have_no_volatility():
    assert options.historical_volatility([100.0, 101.0]) == 0
