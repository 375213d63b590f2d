"""Prints made of a bar fold back into exactly that bar, whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.bar_prints import dealt_prints, even_prints, price_path, settled_turnover


@st.composite
def bars(draw: st.DrawFn) -> tuple[int, int, int, int, int, int, int]:
    low = draw(st.integers(1, 5000))
    high = low + draw(st.integers(0, 60))
    opened, close = (draw(st.integers(low, high)) for _ in range(2))
    step = draw(st.sampled_from([1, 100]))
    volume = draw(st.integers(4, 3000)) * draw(st.sampled_from([1, step]))
    given_turnover = draw(
        st.one_of(st.just(0), st.integers(low * volume, high * volume), st.integers(0, 10**9))
    )
    return opened, high, low, close, volume, given_turnover, step


def columns(*values: int) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.array([value], dtype=np.int64) for value in values]


@given(bars())
def test_prints_fold_back_into_the_bar_with_its_settled_turnover(
    bar: tuple[int, int, int, int, int, int, int],
) -> None:
    opened, high, low, close, volume, wanted, step = bar
    turnover, _ = settled_turnover(*columns(opened, high, low, close, volume, wanted, step))
    path = price_path(opened, high, low, close)
    prints = dealt_prints(path, volume, int(turnover[0]), step)
    prices = [price for price, _ in prints]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (opened, high, low, close)
    assert sum(shares for _, shares in prints) == volume
    assert min(shares for _, shares in prints) > 0
    assert sum(price * shares for price, shares in prints) == turnover[0]


@given(bars())
def test_a_turnover_that_prices_allow_is_met_to_the_step(
    bar: tuple[int, int, int, int, int, int, int],
) -> None:
    opened, high, low, close, volume, wanted, step = bar
    turnover, estimated = settled_turnover(*columns(opened, high, low, close, volume, wanted, step))
    if not estimated[0]:
        assert abs(int(turnover[0]) - wanted) <= step // 2


def test_whole_lots_are_dealt_out_where_the_market_counts_in_lots() -> None:
    prints = dealt_prints(price_path(1000, 1004, 999, 1001), 1_200, 1_201_200, 100)
    assert all(shares % 100 == 0 for _, shares in prints)
    assert sum(price * shares for price, shares in prints) == 1_201_200
    assert even_prints((1, 2, 3), 700, 100) == [(1, 300), (2, 200), (3, 200)]


def test_units_that_overflow_are_refused_instead_of_wrapped() -> None:
    with pytest.raises(OverflowError):
        settled_turnover(*columns(10**12, 10**12, 10**12, 10**12, 10**9, 0, 1))
