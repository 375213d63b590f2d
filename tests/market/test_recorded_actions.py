"""Corporate actions of recorded days, and the closes that they are measured by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.recorded import RecordedDataError, open_lean
from portway.model.quote import (
    Period,
)
from portway.quotes.adjust import forward_factors
from tests.market.lean_files import put_csv, put_daily
from tests.market.tiny_days import (
    DAILY,
    IBM,
    NEXT_DAY,
    put_ticks,
    trade,
)


def test_previous_closes_and_splits(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    factors = "19980102,0.9,0.1428571,1\n20131002,0.9,0.1428571,645.6\n20501231,0.9,1,0\n"
    put_csv(tmp_path, "factor_files", factors)
    recorded = open_lean(tmp_path)
    assert recorded.prev_close(IBM, date(2013, 10, 1)) is None
    assert recorded.prev_close(IBM, date(2013, 10, 2)) == 640
    split_close = recorded.prev_close(IBM, date(2013, 10, 3))
    assert split_close is not None
    assert round(split_close, 6) == round(Decimal("645.6") / 7, 6)
    assert recorded.prev_close(IBM, date(2013, 10, 4)) == Decimal("92.2")
    assert recorded.prev_close(IBM, date(2013, 12, 1)) == 93
    (action,) = recorded.corporate_actions(IBM)
    assert action.ex_date == date(2013, 10, 3)
    assert (str(action.split), str(action.cash)) == ("7", "0")


def test_the_close_of_a_replayed_day_is_the_next_days_previous_close(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131007 00:00,10,20,5,15,1\n20131008 00:00,10,20,5,15,1")
    rows = [trade("10:00", 100), trade("15:59", 120), trade("16:01", 130, flags="80")]
    recorded = put_ticks(tmp_path, [*rows, trade("17:00", 140)])
    assert recorded.prev_close(IBM, NEXT_DAY) == Decimal("0.013")


@pytest.mark.parametrize(
    ("factors", "cash", "split"),
    [
        ("0.9890210,1,143", "1.57", "1"),
        ("0.9983300,1,100", "0.167", "1"),
        ("1,0.5,143", "0", "2"),
        ("1,8,143", "0", "0.125"),
        ("1,0.6666667,143", "0", "1.5"),
        ("1,0.997307,565.06", "0", "1.0027"),
        ("0.98,0.5,100", "2.00", "2"),
    ],
)
def test_terms_of_an_action(tmp_path: Path, factors: str, cash: str, split: str) -> None:
    units = int(Decimal(factors.rpartition(",")[2]) * 10_000)
    put_daily(tmp_path, f"20131002,{units},{units},{units},{units},1")
    put_csv(tmp_path, "factor_files", f"20131002,{factors}\n20501231,1,1,0")
    (action,) = open_lean(tmp_path).corporate_actions(IBM)
    assert (str(action.cash), str(action.split)) == (cash, split)


def test_the_recorded_close_measures_a_dividend_before_the_reference_price(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131002,1000000,1000000,1000000,1000000,1")
    factors = "20130902,0.97,1,50\n20131002,0.98,1,50\n20501231,1,1,0"
    put_csv(tmp_path, "factor_files", factors)
    early, late = open_lean(tmp_path).corporate_actions(IBM)
    assert (early.ex_date, late.ex_date) == (date(2013, 9, 3), date(2013, 10, 3))
    assert (round(early.cash, 2), late.cash) == (Decimal("0.51"), Decimal(2))


def test_an_ex_date_beyond_the_known_days_is_the_next_weekday(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_csv(tmp_path, "factor_files", "20131004,0.9,1,100\n20501231,1,1,0")
    (action,) = open_lean(tmp_path).corporate_actions(IBM)
    assert action.ex_date == date(2013, 10, 7)


def test_a_dividend_needs_a_price_to_be_measured_by(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131003,1,1,1,1,1")
    path = put_csv(tmp_path, "factor_files", "20131002,0.9,1,0\n20501231,1,1,0")
    with pytest.raises(RecordedDataError) as caught:
        open_lean(tmp_path).corporate_actions(IBM)
    assert (caught.value.path, caught.value.line) == (path, 1)


steps = st.lists(
    st.tuples(
        st.integers(2_000, 90_000),  # close in cents
        st.integers(0, 150),  # dividend in basis points of the close
        st.sampled_from([1, 1, 1, 2, 3, 7]),
    ),
    min_size=1,
    max_size=12,
)


@given(steps)
def test_forward_adjustment_by_the_actions_gives_the_factors_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, int, int]]
) -> None:
    root = tmp_path_factory.mktemp("lean")
    day = date(2000, 1, 3)
    price, split = Decimal(1), Decimal(1)
    rows = ["20501231,1,1,0"]
    closes: dict[date, Decimal] = {}
    expected: dict[date, Decimal] = {}
    for number, (cents, points, ratio) in enumerate(reversed(found)):
        last = day + timedelta(days=7 * (len(found) - number))
        close = Decimal(cents) / 100
        price *= 1 - Decimal(points) / 10_000
        split /= ratio
        rows.append(f"{last:%Y%m%d},{price:.7f},{split:.9f},{close}")
        closes[last] = close
        expected[last] = Decimal(f"{price:.7f}") * Decimal(f"{split:.9f}")
    put_csv(root, "factor_files", "\n".join(reversed(rows)))
    daily = "\n".join(
        f"{last:%Y%m%d},{units},{units},{units},{units},1"
        for last, close in sorted(closes.items())
        for units in [int(close * 10_000)]
    )
    put_daily(root, daily)
    recorded = open_lean(root)
    pairs = []
    for action in recorded.corporate_actions(IBM):
        before = recorded.trading_days(IBM, date(1999, 1, 1), action.ex_date - timedelta(days=1))
        (bar,) = recorded.bars(IBM, Period.DAY, before[-1], before[-1])
        pairs.append((action, bar.close))
    factors = forward_factors(pairs)
    for last, factor in expected.items():
        assert abs(factors.at(last).price / factor - 1) < Decimal("0.00001")
