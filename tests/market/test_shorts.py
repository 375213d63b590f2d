"""Short sales and what they leave open: parts of real volumes, told on the right days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portway.market.filings import FILINGS_MAX, filings
from portway.market.listed import ListedSource
from portway.market.reference import built_in
from portway.market.shorts import COVER_DAYS, open_positions, short_days, told
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import Period
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of

REFERENCE = built_in()
WORLD = SyntheticWorld(3, REFERENCE)
LAST = date(2026, 3, 4)
TENCENT, APPLE = Symbol("700.HK"), Symbol("AAPL.US")


@pytest.mark.parametrize("symbol", [TENCENT, APPLE])
def test_short_sales_are_part_of_the_days_volume_in_whole_lots(symbol: Symbol) -> None:
    instrument = REFERENCE.instruments[symbol]
    days = short_days(instrument, WORLD, LAST, 60)
    bars = WORLD.bars(symbol, Period.DAY, LAST - timedelta(days=200), LAST)[-60:]
    assert [(one.close, one.volume) for one in days] == [(bar.close, bar.volume) for bar in bars]
    for one in days:
        assert 0 < one.sold < one.volume * 3 // 10
        assert one.sold % instrument.lot_size == 0
        assert 0 < one.rate < 1
    assert len({one.rate for one in days}) > 30


def test_half_of_what_was_sold_stays_open_and_is_covered_in_twenty_days() -> None:
    days = short_days(REFERENCE.instruments[TENCENT], WORLD, LAST, COVER_DAYS)
    [position] = open_positions(days)
    expected = sum(one.sold * (n + 1) / (2 * COVER_DAYS) for n, one in enumerate(days))
    assert abs(position.open_shares - expected) <= 1
    assert min(one.close for one in days) <= position.cost <= max(one.close for one in days)
    assert position.average_volume == sum(one.volume for one in days) // COVER_DAYS


@pytest.mark.parametrize("symbol", [TENCENT, APPLE])
def test_positions_are_told_at_the_ends_of_weeks_or_twice_a_month(symbol: Symbol) -> None:
    market = market_of(symbol)
    calendar = REFERENCE.calendars[market]
    days = short_days(REFERENCE.instruments[symbol], WORLD, LAST, 120)
    following = calendar.next_trading_day(LAST)
    dates = [one.day for one in told(open_positions(days), market, following)]
    assert dates
    for day in dates:
        after = calendar.next_trading_day(day)
        if market is Market.HK:
            assert after.isocalendar()[1] != day.isocalendar()[1]
        else:
            assert after.month != day.month or (day.day <= 15 < after.day)
    months = {day.strftime("%Y-%m") for day in dates[1:-1]}
    assert len(dates) >= (15 if market is Market.HK else 2 * (len(months) - 1))


def test_what_cannot_be_sold_short_or_is_not_drawn_has_no_rows() -> None:
    index = REFERENCE.instruments[Symbol("HSI.HK")]
    assert short_days(index, WORLD, LAST, 10) == []
    assert short_days(REFERENCE.instruments[Symbol("600519.SH")], WORLD, LAST, 10) == []
    refused = next(
        one for one in REFERENCE.instruments.values()
        if one.market is Market.HK and not one.short_sell and not one.is_index
    )  # fmt: skip
    assert short_days(refused, WORLD, LAST, 10) == []
    listed = ListedSource(REFERENCE.instruments)
    assert short_days(REFERENCE.instruments[TENCENT], listed, LAST, 10) == []


def test_a_filing_is_out_ten_trading_days_before_the_ex_date_and_not_a_moment_earlier() -> None:
    symbol, market = TENCENT, Market.HK
    calendar, actions = REFERENCE.calendars[market], WORLD.corporate_actions(symbol)
    action = next(one for one in actions if one.ex_date.year == 2025)
    [known] = [
        one for one in filings(actions, market, calendar, _close_of(action.ex_date))
        if one.action is action
    ]  # fmt: skip
    local = known.published_at.astimezone(MARKET_ZONES[market])
    assert len(calendar.trading_days(local.date(), action.ex_date)) == 11
    assert local.hour >= 16
    just_before = known.published_at - timedelta(microseconds=1)
    assert known in filings(actions, market, calendar, known.published_at)
    assert known not in filings(actions, market, calendar, just_before)
    found = filings(actions, market, calendar, _close_of(date(2030, 1, 2)))
    assert len(found) <= FILINGS_MAX
    assert [one.published_at for one in found] == sorted(
        (one.published_at for one in found), reverse=True
    )


def _close_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
