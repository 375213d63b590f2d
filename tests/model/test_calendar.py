from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.calendar import Calendar, OutsideCalendar
from portway.model.symbol import Market

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
CALENDAR = Calendar.from_holidays(
    Market.HK,
    FIRST,
    LAST,
    holidays=[date(2026, 1, 1), date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 19)],
    half_days=[date(2026, 2, 16)],
)
days = st.dates(FIRST, LAST)
middle = st.dates(date(2026, 3, 2), date(2026, 10, 30))


def test_weekends_and_holidays_do_not_trade_and_half_days_do():
    assert not CALENDAR.is_trading_day(date(2026, 1, 1))
    assert not CALENDAR.is_trading_day(date(2026, 1, 3))
    assert CALENDAR.is_trading_day(date(2026, 2, 16))
    assert CALENDAR.is_half_day(date(2026, 2, 16))
    assert not CALENDAR.is_half_day(date(2026, 2, 13))


def test_neighbours_skip_what_does_not_trade():
    assert CALENDAR.next_trading_day(date(2026, 2, 16)) == date(2026, 2, 20)
    assert CALENDAR.previous_trading_day(date(2026, 2, 20)) == date(2026, 2, 16)
    assert CALENDAR.latest_on_or_before(date(2026, 2, 19)) == date(2026, 2, 16)
    assert CALENDAR.earliest_on_or_after(date(2026, 2, 17)) == date(2026, 2, 20)
    assert CALENDAR.latest_on_or_before(date(2026, 2, 20)) == date(2026, 2, 20)


def test_counting_starts_in_its_direction_from_a_day_off():
    saturday = date(2026, 3, 7)
    assert CALENDAR.add(saturday, 1) == date(2026, 3, 9)
    assert CALENDAR.add(saturday, -1) == date(2026, 3, 6)
    assert CALENDAR.add(saturday, 0) == date(2026, 3, 6)


@given(middle, st.integers(-30, 30))
def test_so_many_trading_days_there_and_back_is_the_same_day(day, n):
    start = CALENDAR.latest_on_or_before(day)
    there = CALENDAR.add(start, n)
    assert CALENDAR.add(there, -n) == start
    between = CALENDAR.trading_days(min(start, there), max(start, there))
    assert len(between) == abs(n) + 1


@given(days, days)
def test_a_span_holds_exactly_its_trading_days(first, last):
    listed = CALENDAR.trading_days(first, last)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    assert list(listed) == [day for day in every if CALENDAR.is_trading_day(day)]


@given(middle)
def test_next_and_previous_are_one_step(day):
    assert CALENDAR.next_trading_day(day) == CALENDAR.add(day, 1)
    assert CALENDAR.previous_trading_day(day) == CALENDAR.add(day, -1)


def test_outside_nothing_is_known():
    before, after = date(2025, 12, 31), date(2027, 1, 4)
    assert not CALENDAR.is_trading_day(before)
    assert not CALENDAR.is_trading_day(after)
    assert CALENDAR.trading_days(before, date(2026, 1, 2)) == (date(2026, 1, 2),)
    for ask in (
        lambda: CALENDAR.next_trading_day(before),
        lambda: CALENDAR.latest_on_or_before(after),
        lambda: CALENDAR.previous_trading_day(date(2026, 1, 2)),
        lambda: CALENDAR.next_trading_day(date(2026, 12, 31)),
        lambda: CALENDAR.add(date(2026, 6, 1), 1000),
    ):
        with pytest.raises(OutsideCalendar):
            ask()
