from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.instrument import SecurityClass, spread_table
from portway.model.spread import Boundary, SpreadTable, ladder
from portway.model.symbol import Market

C = SecurityClass
KEYS = [
    *((Market.HK, c) for c in (C.EQUITY, C.ETP, C.WARRANT, C.DEBT, C.FIXED_INCOME_ETP)),
    *((Market.US, c) for c in (C.STOCK, C.OPTION_PENNY, C.OPTION_ALL_PENNY, C.OPTION_OTHER)),
    *((Market.CN, c) for c in (C.A_SHARE, C.ETF, C.B_SHARE_SH, C.INDEX)),
]
DAYS = [date(2025, 8, 1), date(2026, 1, 5), date(2026, 7, 6)]
tables = st.builds(
    lambda key, day: spread_table(*key, day), st.sampled_from(KEYS), st.sampled_from(DAYS)
)
prices = st.integers(1, 12_000 * 10**4).map(lambda units: Decimal(units).scaleb(-4))
near_boundaries = st.builds(
    lambda edge, off: Decimal(edge) + Decimal(off).scaleb(-4),
    st.sampled_from(["0.25", "0.5", "1", "3", "5", "10", "20", "50", "100", "500", "5000", "9995"]),
    st.integers(-250, 250),
)
any_price = st.one_of(prices, near_boundaries)


def plainly_valid(table: SpreadTable, price: Decimal) -> bool:
    """The rule as it is written, without counting: a multiple of the tick of its band."""
    low = table.lowest
    if price < low:
        return False
    for band in table.bands:
        end = band.upto
        inside = end is None or price < end
        if table.boundary is Boundary.LOWER_BAND or band is table.bands[-1]:
            inside = inside or price == end
        if inside:
            return price % band.tick == 0
    return False


@given(tables, any_price)
def test_a_price_is_valid_when_it_is_a_multiple_of_its_bands_tick(table, price):
    assert table.is_valid(price) == plainly_valid(table, price)


@given(tables, any_price)
def test_the_nearest_valid_prices_enclose_a_price_without_one_between(table, price):
    below, above = table.below(price), table.above(price)
    if table.is_valid(price):
        assert below == above == price
        return
    if below is not None:
        assert below < price
        assert table.is_valid(below)
    if above is not None:
        assert above > price
        assert table.is_valid(above)
    if below is not None and above is not None:
        assert table.step(below, 1) == above


@given(tables, any_price, st.integers(-3000, 3000))
def test_so_many_ticks_there_and_back_is_the_same_price(table, price, n):
    start = table.below(price) or table.lowest
    there = table.step(start, n)
    if there is None:
        return
    assert table.is_valid(there)
    assert table.step(there, -n) == start
    assert (there > start) == (n > 0) or n == 0


@given(tables, any_price)
def test_one_tick_up_is_the_tick_of_the_band_above(table, price):
    start = table.below(price)
    after = None if start is None else table.step(start, 1)
    if after is None:
        return
    if table.boundary is Boundary.LOWER_BAND:
        assert after - start == table.tick_size(after)
    else:
        assert after - start == table.tick_size(start)


@pytest.mark.parametrize("key", KEYS)
def test_ranks_count_without_gap_over_the_bands(key):
    table = spread_table(*key, date(2026, 1, 5))
    walked = [table.price_at(rank) for rank in range(5000)]
    known = [price for price in walked if price is not None]
    assert known[0] == table.lowest
    assert all(one < other for one, other in pairwise(known))
    assert [table.rank(price) for price in known] == list(range(len(known)))
    assert table.price_at(-1) is None


def test_a_table_ends_at_its_last_price():
    table = spread_table(Market.HK, C.EQUITY, date(2026, 1, 5))
    assert table.step(Decimal(9995), 1) is None
    assert table.tick_size(Decimal("9995.5")) is None
    assert table.above(Decimal(9996)) is None
    assert table.below(Decimal("0.009")) is None
    assert table.above(Decimal("0.009")) == Decimal("0.01")


def test_a_us_price_has_no_upper_end():
    table = spread_table(Market.US, C.STOCK, date(2026, 1, 5))
    assert table.step(Decimal("812345.67"), 1) == Decimal("812345.68")
    assert table.is_valid(Decimal("9999999999999999999999999.99"))


def test_prices_come_with_the_decimals_of_their_tick():
    table = spread_table(Market.HK, C.EQUITY, date(2026, 1, 5))
    assert str(table.step(Decimal("9.99"), 1)) == "10.00"
    assert str(table.step(Decimal(500), 1)) == "500.5"


def test_a_step_from_between_two_ticks_has_no_meaning():
    with pytest.raises(ValueError, match="not on a tick"):
        spread_table(Market.HK, C.EQUITY, date(2026, 1, 5)).step(Decimal("0.253"), 1)


def test_the_boundary_belongs_to_the_band_that_the_table_says():
    bands = "1:0.1 2:0.5"
    assert ladder("0.1", bands, Boundary.LOWER_BAND).tick_size(Decimal(1)) == Decimal("0.1")
    assert ladder("0.1", bands, Boundary.UPPER_BAND).tick_size(Decimal(1)) == Decimal("0.5")
