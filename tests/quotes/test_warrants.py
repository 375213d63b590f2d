"""Warrants: figures that must agree with one another, whatever the prices."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.derivative import WarrantKind
from portway.quotes import options, warrants

prices = st.decimals("0.01", "900", places=2)
strikes = st.decimals("1", "900", places=2)
ratios = st.sampled_from([Decimal(n) for n in (1, 10, 100, 500, 10_000)])
kinds = st.sampled_from([one for one in WarrantKind if one is not WarrantKind.INLINE])


@given(kind=kinds, spot=strikes, strike=strikes, price=prices, ratio=ratios)
def test_who_buys_and_exercises_at_the_balance_point_gets_back_the_price(
    kind, spot, strike, price, ratio
):
    balance = warrants.balance_point(kind, strike, price, ratio)
    gain = balance - strike if kind.rises else strike - balance
    assert gain == price * ratio
    moved = warrants.premium(kind, spot, balance) * spot
    assert abs(moved) == pytest.approx(abs(balance - spot), rel=Decimal("1e-20"))


def test_an_inline_warrant_is_worth_what_two_digital_options_are():
    """Its value is that of a call spread, ever narrower, at both bounds."""
    width = 1e-4

    def above(strike: float) -> float:
        terms = (388.4, np.array([strike - width, strike + width]), 0.5, 0.03, 0.01, 0.3)
        low, high = options.price(True, *terms)
        return float(low - high) / (2 * width)

    expected = 0.25 * 1 + 0.75 * (above(350.0) - above(420.0))
    found = warrants.inline_price(388.4, 350.0, 420.0, 0.5, 0.03, 0.01, 0.3)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_bulls_and_bears_of_one_strike_cost_twice_the_funding_together():
    bull = warrants.cbbc_price(True, 400.0, 350.0, 100, 0.5, 0.06)
    bear = warrants.cbbc_price(False, 400.0, 450.0, 100, 0.5, 0.06)
    assert float(bull) == pytest.approx((50 + 350 * 0.03) / 100)
    assert float(bear) == pytest.approx((50 + 450 * 0.03) / 100)
    assert float(warrants.cbbc_price(True, 340.0, 350.0, 100, 0.1, 0.06)) == 0.01
