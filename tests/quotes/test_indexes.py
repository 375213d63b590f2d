"""Calculated indexes: what a missing input gives, and the days that history is read at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.hours import trading_hours
from portway.model.instrument import Board
from portway.model.quote import CalcIndex
from portway.model.symbol import Market
from portway.quotes.indexes import (
    FORMULAS,
    DayClose,
    IndexInputs,
    history_base,
    months_before,
    traded_seconds,
    trailing_dividends,
)

TODAY = date(2026, 3, 4)
cents = st.integers(1, 10**7).map(lambda one: Decimal(one) / 100)


def days(count: int) -> list[DayClose]:
    """Calendar days before today, closing at 1, 2, 3 ... of which each trades its number."""
    first = TODAY - timedelta(days=count)
    return [DayClose(first + timedelta(days=n), Decimal(n + 1), n + 1) for n in range(count)]


def test_what_has_never_traded_has_no_ratio_but_says_what_it_knows() -> None:
    nothing = IndexInputs(Market.HK, Decimal(0), Decimal(0))
    assert {one for one, formula in FORMULAS.items() if formula(nothing) is not None} == {
        CalcIndex.LAST_DONE,
        CalcIndex.VOLUME,
        CalcIndex.TURNOVER,
        CalcIndex.FIVE_MINUTES_CHANGE_RATE,
    }


@given(last=cents, close=cents)
def test_rates_are_rounded_half_up_and_never_minus_zero(last: Decimal, close: Decimal) -> None:
    rate = FORMULAS[CalcIndex.CHANGE_RATE](IndexInputs(Market.US, last, close))
    assert isinstance(rate, Decimal)
    assert abs(rate - (last - close) * 100 / close) <= Decimal("0.005")
    assert rate.as_tuple().exponent == -2
    assert str(rate) != "-0.00"


@pytest.mark.parametrize("count", [0, 4, 5, 9, 10, 64, 200, 400])
def test_history_is_read_at_the_days_that_the_rules_name(count: int) -> None:
    history = days(count)
    base = history_base(history, TODAY)
    closes = {one.day: one.close for one in history}
    assert base.five_days == (history[-5].close if count >= 5 else None)
    assert base.ten_days == (history[-10].close if count >= 10 else None)
    assert base.year_end == closes.get(date(2025, 12, 31))
    assert base.half_year == closes.get(date(2025, 9, 4))
    expected = sum(range(count - 4, count + 1)) if count >= 5 else None
    assert base.full_days_volume == expected


def test_dividends_count_for_twelve_months_the_ex_date_included() -> None:
    paid = [(date(2025, 3, 4), Decimal(8)), (date(2025, 3, 5), Decimal(4)), (TODAY, Decimal(2)),
            (date(2026, 3, 5), Decimal(1))]  # fmt: skip
    assert trailing_dividends(paid, TODAY) == 6


@given(day=st.dates(date(2001, 1, 1), date(2035, 12, 31)), months=st.integers(1, 24))
def test_months_before_is_the_same_day_or_the_end_of_a_shorter_month(
    day: date, months: int
) -> None:
    before = months_before(day, months)
    assert (day.year - before.year) * 12 + day.month - before.month == months
    assert before.day == day.day or (before + timedelta(days=1)).month != before.month


def test_pauses_are_no_trading_time() -> None:
    parts = trading_hours(Market.HK, Board.HK_EQUITY).parts(date(2026, 1, 5), False)
    at = {
        (1, 0): 0, (1, 30): 0, (2, 0): 1800, (4, 0): 9000, (4, 59): 9000, (5, 1): 9060,
        (9, 0): 19800,
    }  # fmt: skip
    for (hour, minute), seconds in at.items():
        now = datetime(2026, 1, 5, hour, minute, tzinfo=UTC)
        assert traded_seconds(parts, now) == seconds
