"""Temperatures: bounds, order, how far they look back, and the means of months."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portway.quotes.temperature import HISTORY_DAYS, MarketDay, Temperature, monthly, temperatures

FIRST = date(2016, 1, 1)


def market_days(count: int, level: int = 1000, step: int = 7) -> list[MarketDay]:
    """Days whose level wanders over a range of 500, by a fixed stride."""
    return [
        MarketDay(
            FIRST + timedelta(days=n),
            Decimal(level + n * step * 31 % 500),
            Decimal(10_000 + n * 977 % 4000),
            n % 17,
            16 - n % 17,
            n % 11,
            10,
        )
        for n in range(count)
    ]


any_day = st.builds(
    lambda level, turnover, up, down, above: (level, turnover, up, down, above),
    st.integers(1, 10**6),
    st.integers(0, 10**9),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 20),
)


@given(drawn=st.lists(any_day, min_size=1, max_size=90))
def test_every_number_lies_within_its_bounds_and_the_middle_is_rounded_down(
    drawn: list[tuple[int, int, int, int, int]],
) -> None:
    days = [
        MarketDay(FIRST + timedelta(days=n), Decimal(level), Decimal(turnover), up, down, above, 20)
        for n, (level, turnover, up, down, above) in enumerate(drawn)
    ]
    found = temperatures(days)
    assert [one.day for one in found] == [one.day for one in days]
    for one in found:
        assert 0 <= one.valuation <= 100
        assert 0 <= one.sentiment <= 100
        assert one.temperature == (one.valuation + one.sentiment) // 2


def test_a_temperature_looks_back_so_far_and_no_further() -> None:
    days = market_days(HISTORY_DAYS + 300)
    longer = temperatures(days)
    for begin in (1, 299):
        shorter = temperatures(days[begin:])
        beyond = HISTORY_DAYS - 1
        assert shorter[beyond:] == longer[begin + beyond :]


def test_the_dearest_day_of_a_rising_market_is_a_hundred_and_a_crash_is_cold() -> None:
    level, rising = Decimal(100), []
    for n in range(300):
        level *= 1 + Decimal(n) / 100_000
        day = FIRST + timedelta(days=n)
        rising.append(MarketDay(day, level, Decimal(1000 + n), 30, 0, 30, 30))
    assert temperatures(rising)[-1] == Temperature(rising[-1].day, 100, 100, 100)
    crash = MarketDay(FIRST + timedelta(days=300), Decimal(50), Decimal(1), 0, 30, 0, 30)
    assert temperatures([*rising, crash])[-1] == Temperature(crash.day, 0, 0, 0)


def test_a_month_is_the_mean_of_its_days_each_column_by_itself() -> None:
    days = [
        Temperature(date(2026, 1, 30), 10, 20, 1),
        Temperature(date(2026, 2, 2), 30, 40, 50),
        Temperature(date(2026, 2, 3), 31, 40, 53),
        Temperature(date(2026, 2, 4), 30, 41, 53),
    ]
    assert monthly(days) == [
        Temperature(date(2026, 1, 1), 10, 20, 1),
        Temperature(date(2026, 2, 1), 30, 40, 52),
    ]
    assert monthly([]) == []
