"""Reading far back: sparse symbols, long periods, and the bound on days of minute bars."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.bar_reader import MINUTE_DAYS_MAX, BarReader
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.hours import trading_hours
from portway.model.quote import AdjustType, Period, Trade
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.candles import day_stamp, fold_day_bars, period_start
from tests.market.listed_days import ListedDays

SYMBOL = Symbol("700.HK")
ZONE = MARKET_ZONES[Market.HK]
EVERY_WEEKDAY = Calendar.from_holidays(
    Market.HK, date(1985, 1, 1), date(2030, 1, 1), holidays=(), half_days=()
)
LONG_PERIODS = [period for period in Period if period.minutes is None]


def source_on(days, clock_minutes=(600,)) -> ListedDays:
    """A source with prints at the given local minutes of each of `days`."""
    source = ListedDays(SYMBOL, EVERY_WEEKDAY, {})
    for index, day in enumerate(days):
        source.prints[day] = [
            Trade(
                SYMBOL,
                day_stamp(day, ZONE) + timedelta(minutes=minute),
                Decimal(100 + index),
                100 + index,
            )
            for minute in clock_minutes
        ]
    return source


def reader_of(source: ListedDays, period: Period, last_day: date) -> BarReader:
    return BarReader(
        source,
        SYMBOL,
        trading_hours(Market.HK),
        EVERY_WEEKDAY,
        period,
        AdjustType.NO_ADJUST,
        all_sessions=False,
        last_day=last_day,
        board=None,
    )


sparse_days = st.lists(
    st.dates(date(1990, 1, 1), date(2026, 1, 1)).filter(lambda day: day.weekday() < 5),
    min_size=1,
    max_size=12,
    unique=True,
).map(sorted)


@given(days=sparse_days, period=st.sampled_from(LONG_PERIODS), count=st.integers(1, 15))
def test_long_bars_of_a_symbol_that_rarely_trades(days, period, count):
    source = source_on(days)
    reader = reader_of(source, period, date(2026, 1, 5))
    bars = fold_day_bars(source.bars(SYMBOL, Period.DAY, date.min, date.max), period, ZONE)
    assert reader.newest(count) == bars[-count:]
    assert reader.oldest(count, first=date(1980, 1, 1)) == bars[:count]


@given(days=sparse_days, count=st.integers(1, 15))
def test_minutes_of_a_symbol_that_rarely_trades(days, count):
    source = source_on(days, clock_minutes=(600, 601))
    reader = reader_of(source, Period.ONE_MINUTE, date(2026, 1, 5))
    bars = tuple(source.bars(SYMBOL, Period.ONE_MINUTE, date.min, date.max))
    assert reader.newest(count) == bars[-count:]
    assert reader.oldest(count, first=date(1980, 1, 1)) == bars[:count]


@pytest.mark.parametrize("period", LONG_PERIODS)
@given(days=sparse_days, data=st.data())
def test_an_interval_gives_the_long_bars_that_any_of_its_days_belong_to(period, days, data):
    source = source_on(days)
    reader = reader_of(source, period, date(2026, 1, 5))
    first = data.draw(st.dates(date(1990, 1, 1), date(2026, 1, 1)))
    last = data.draw(st.dates(first, date(2026, 1, 1)))
    bars = fold_day_bars(source.bars(SYMBOL, Period.DAY, date.min, date.max), period, ZONE)
    begin, end = (day_stamp(period_start(day, period), ZONE) for day in (first, last))
    expected = tuple(bar for bar in bars if begin <= bar.at <= end)
    assert reader.newest(1000, first=first, last=last) == expected


def test_minute_bars_are_read_from_a_bounded_number_of_days():
    weekdays = [date(2019, 1, 1) + timedelta(days=index) for index in range(2000)]
    days = [day for day in weekdays if day.weekday() < 5]
    reader = reader_of(source_on(days, clock_minutes=()), Period.FOUR_HOUR, days[-1])
    silent = replace(reader, source=source_on(days, clock_minutes=()))
    assert silent.newest(1000) == ()
    assert len(silent.source.days_read) == MINUTE_DAYS_MAX
    assert len(set(silent.source.days_read)) == MINUTE_DAYS_MAX


def test_the_close_before_an_ex_date_may_lie_years_back():
    source = source_on([date(2020, 1, 2), date(2021, 6, 1)])
    source.actions.append(CorporateAction(SYMBOL, date(2021, 6, 1), split=Decimal(4)))
    reader = reader_of(source, Period.DAY, date(2021, 6, 2))
    adjusted = replace(reader, adjust=AdjustType.FORWARD_ADJUST).newest(2)
    assert [bar.close for bar in adjusted] == [25, 101]
    assert [bar.volume for bar in adjusted] == [400, 101]
