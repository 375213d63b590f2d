"""Settlement: never on a holiday, never before the trade, and the dates on which rules changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.reference import calendars
from portway.model.calendar import Calendar, OutsideCalendar
from portway.model.instrument import SecurityClass
from portway.model.settlement import US_T1_FROM, US_T2_FROM, settlement
from portway.model.symbol import Market

CLASSES = {
    Market.HK: SecurityClass.EQUITY,
    Market.US: SecurityClass.STOCK,
    Market.CN: SecurityClass.A_SHARE,
}
MARKETS = st.sampled_from(sorted(CLASSES))
DAYS = st.dates(date(2001, 1, 1), date(2035, 6, 30))


@given(MARKETS, DAYS, st.booleans())
def test_nothing_settles_on_a_holiday_or_before_the_trade(
    market: Market, day: date, same_day: bool
) -> None:
    calendar = calendars()[market]
    if not calendar.is_trading_day(day):
        with pytest.raises(ValueError, match="no trading day"):
            settlement(market, CLASSES[market], day, calendars())
        return
    found = settlement(market, CLASSES[market], day, calendars(), same_day_resale=same_day)
    assert day < found.cash
    assert day <= found.securities <= found.cash
    assert day <= found.sellable_from <= found.cash
    for one in (found.cash, found.securities, found.sellable_from):
        assert calendar.is_trading_day(one)
    if market is Market.CN:
        assert calendars()[Market.HK].is_trading_day(found.cash)
        assert found.sellable_from == (day if same_day else found.cash)
    else:
        assert found.sellable_from == day


@given(MARKETS, DAYS)
def test_a_later_trade_never_settles_earlier_within_one_cycle(market: Market, day: date) -> None:
    calendar = calendars()[market]
    day = calendar.earliest_on_or_after(day)
    after = calendar.next_trading_day(day)
    if market is Market.US and after in (US_T1_FROM, US_T2_FROM):
        return  # Both days settle together when the cycle is shortened.
    first = settlement(market, CLASSES[market], day, calendars())
    second = settlement(market, CLASSES[market], after, calendars())
    assert first.cash <= second.cash


@pytest.mark.parametrize(
    ("trade_date", "cash"),
    [
        ("2017-09-01", "2017-09-07"),  # three days, over Labor Day
        ("2017-09-05", "2017-09-07"),
        ("2024-05-24", "2024-05-29"),  # two days, over Memorial Day
        ("2024-05-28", "2024-05-29"),
    ],
)
def test_the_us_cycle_has_been_shortened_twice(trade_date: str, cash: str) -> None:
    day = date.fromisoformat(trade_date)
    found = settlement(Market.US, SecurityClass.STOCK, day, calendars())
    assert found.cash == date.fromisoformat(cash)


def test_options_settled_on_the_next_day_before_shares_did() -> None:
    day = date(2020, 3, 2)
    option = settlement(Market.US, SecurityClass.OPTION_PENNY, day, calendars())
    assert option.cash == date(2020, 3, 3)


def test_mainland_money_waits_for_hong_kong() -> None:
    found = settlement(Market.CN, SecurityClass.A_SHARE, date(2026, 6, 30), calendars())
    assert (found.cash, found.sellable_from) == (date(2026, 7, 2), date(2026, 7, 2))
    assert found.securities == date(2026, 6, 30)


def test_beyond_the_calendar_nothing_is_guessed() -> None:
    last = date(2026, 1, 9)
    days = tuple(last - timedelta(days=n) for n in range(4, -1, -1))
    short = {Market.HK: Calendar(Market.HK, days[0], last, days, frozenset())}
    with pytest.raises(OutsideCalendar):
        settlement(Market.HK, SecurityClass.EQUITY, last, short)
