from __future__ import annotations

from datetime import date

import pytest

pytest.importorskip("exchange_calendars", reason="the generator's source is not installed")

from tools import calendars


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_table_in_the_package_is_what_the_generator_writes():
    assert calendars.TABLE.read_text(encoding="utf-8") == calendars.table()


@pytest.mark.parametrize("year", range(2027, 2036))
def test_an_estimated_mainland_year_has_the_usual_number_of_days_off(year):
    days = {day for day in calendars._cn_holidays(year) if day.weekday() < 5}
    assert 14 <= len(days) <= 20
    assert date(year, 10, 1) in days or date(year, 10, 1).weekday() >= 5


def test_a_festival_on_a_weekend_is_made_up_on_monday():
    assert calendars._observed(date(2028, 5, 28)) == date(2028, 5, 29)
    assert calendars._observed(date(2029, 6, 16)) == date(2029, 6, 18)
    assert calendars._observed(date(2027, 6, 9)) == date(2027, 6, 9)
