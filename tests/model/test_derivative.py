"""Option symbols: what they say, and the many that say nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.derivative import Right, looks_like_option, option_symbol, parse_option
from portway.model.symbol import MalformedSymbol


def test_the_documented_symbol_is_read():
    assert parse_option("AAPL220429C100000.US") == (
        "AAPL",
        date(2022, 4, 29),
        Right.CALL,
        Decimal(100),
    )


@given(
    root=st.sampled_from(["F", "AAPL", "GOOGL", "BRK.B", "SPY"]),
    expiry=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    right=st.sampled_from(Right),
    strike=st.integers(1, 99_999_000),
)
def test_a_symbol_is_read_as_it_was_written(root, expiry, right, strike):
    at = Decimal(strike) / 1000
    symbol = option_symbol(root, expiry, right, at)
    assert looks_like_option(symbol)
    assert parse_option(symbol) == (root, expiry, right, at)


@pytest.mark.parametrize(
    "text",
    [
        "AAPL.US",
        "AAPL220429C.US",
        "AAPL220429C0.US",
        "AAPL220429C0100000.US",  # strikes are not padded
        "AAPL220230C100000.US",  # no such day
        "AAPL221329C100000.US",
        "AAPL220429X100000.US",
        "AAPL220429C100000.HK",
        "aapl220429C100000.US",
        "AAPL220429C100.5.US",
        "AAPL220429C-100000.US",
        "220429C100000.US",
        "AAPL22429C100000.US",
        "AAPL220429C100000",
        "AAPL２２0429C100000.US",  # digits of another script
        "",
    ],
)
def test_what_is_no_option_symbol_is_refused_with_the_form_it_should_have(text):
    with pytest.raises(MalformedSymbol, match=r"AAPL250117C190000\.US"):
        parse_option(text)
