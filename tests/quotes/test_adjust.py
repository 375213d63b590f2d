"""Reference prices and forward adjustment: published examples, and what scaling must keep."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.corporate_action import CorporateAction
from portway.model.quote import Candlestick, Period
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.adjust import (
    Adjustment,
    ForwardFactors,
    adjust_bar,
    ex_reference,
    fold_adjusted_day_bars,
    forward_factors,
    prev_close_on_ex_date,
    share_ratio,
)
from portway.quotes.candles import day_stamp, fold_day_bars

SYMBOL = Symbol("AAPL.US")
ZONE = MARKET_ZONES[Market.US]
EX = date(2014, 6, 9)
SPLIT = CorporateAction(SYMBOL, EX, split=Decimal(7))
PUDONG_BANK = CorporateAction(
    Symbol("600000.SH"), date(2010, 6, 10), cash=Decimal("0.15"), bonus=Decimal("0.3")
)
CENT = Decimal("0.01")


def bar(day, price="100", volume=1000):
    close = Decimal(price)
    return Candlestick(day_stamp(day, ZONE), close, close, close, close, volume, Decimal(5))


# -- reference prices ----------------------------------------------------------------------------


def test_dividend_and_bonus_of_600000_sh():
    close = Decimal("18.50")
    assert ex_reference(close, PUDONG_BANK, deduct_cash=True) * Decimal("1.3") == Decimal("18.35")
    assert ex_reference(close, PUDONG_BANK, deduct_cash=True, tick=CENT) == Decimal("14.12")


def test_apples_split():
    reference = ex_reference(Decimal("645.57"), SPLIT, deduct_cash=False)
    assert abs(reference - Decimal("92.2242857")) < Decimal("0.0000001")


@pytest.mark.parametrize(
    ("market", "reference"),
    [(Market.CN, Decimal("9.50")), (Market.HK, Decimal(10)), (Market.US, Decimal(10))],
)
def test_a_dividend_lowers_the_previous_close_on_the_mainland_alone(market, reference):
    dividend = CorporateAction(SYMBOL, EX, cash=Decimal("0.5"))
    assert prev_close_on_ex_date(market, Decimal(10), dividend, tick=CENT) == reference


def test_rights_dilute_towards_their_price():
    rights = CorporateAction(SYMBOL, EX, rights=Decimal("0.3"), rights_price=Decimal(6))
    assert ex_reference(Decimal(10), rights, deduct_cash=True, tick=CENT) == Decimal("9.08")
    assert share_ratio(rights) == Decimal("1.3")


# -- factors -------------------------------------------------------------------------------------


@st.composite
def priced_actions(draw):
    days = draw(st.lists(st.dates(date(2020, 1, 1), date(2023, 1, 1)), max_size=6, unique=True))
    tenths = st.integers(0, 10).map(lambda value: Decimal(value) / 10)
    return [
        (
            CorporateAction(
                SYMBOL,
                day,
                cash=draw(tenths),
                bonus=draw(tenths),
                split=draw(st.sampled_from([Decimal(1), Decimal(7), Decimal("0.1")])),
            ),
            Decimal(draw(st.integers(500, 50_000))) / 100,
        )
        for day in sorted(days)
    ]


@given(actions=priced_actions())
def test_from_the_last_ex_date_on_nothing_is_adjusted(actions):
    factors = forward_factors(actions)
    last = actions[-1][0].ex_date if actions else date(2020, 1, 1)
    assert factors.at(last) == Adjustment()
    assert factors.at(last + timedelta(days=900)) == Adjustment()


@given(actions=priced_actions(), data=st.data())
def test_factors_multiply_over_the_later_ex_dates(actions, data):
    factors = forward_factors(actions)
    day = data.draw(st.dates(date(2019, 1, 1), date(2024, 1, 1)))
    price = volume = Decimal(1)
    for action, close in actions:
        if action.ex_date > day:
            price *= ex_reference(close, action, deduct_cash=True) / close
            volume *= share_ratio(action)
    found = factors.at(day)
    assert abs(found.price / price - 1) < Decimal("1e-20")
    assert found.volume == volume
    assert found.price > 0


def test_two_actions_of_one_day_multiply():
    dividend = CorporateAction(SYMBOL, EX, cash=Decimal(1))
    factors = forward_factors([(dividend, Decimal(100)), (SPLIT, Decimal(100))])
    assert factors.at(EX - timedelta(days=1)).volume == 7
    assert factors.ex_dates == (EX,)


def test_a_tick_rounds_the_reference_before_the_factor():
    (_, close) = pair = (PUDONG_BANK, Decimal("18.50"))
    factors = forward_factors([pair], reference_tick=CENT)
    assert factors.at(date(2010, 6, 9)).price * close == Decimal("14.12")


# -- bars ----------------------------------------------------------------------------------------


def test_a_split_divides_prices_and_multiplies_volume():
    factors = forward_factors([(SPLIT, Decimal("645.57"))])
    before = adjust_bar(bar(date(2014, 6, 6), "645.57", 12116671), factors.at(date(2014, 6, 6)))
    assert (before.close, before.volume, before.turnover) == (Decimal("92.224"), 84816697, 5)
    after = bar(EX, "93.7000")
    assert adjust_bar(after, factors.at(EX)) is after


@st.composite
def raw_days(draw):
    bars, day = [], date(2019, 12, 1)
    for _ in range(draw(st.integers(1, 30))):
        low, high = sorted(draw(st.tuples(st.integers(100, 9_000), st.integers(100, 9_000))))
        opened, close = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
        prices = [Decimal(price) / 100 for price in (opened, high, low, close)]
        bars.append(
            Candlestick(day_stamp(day, ZONE), *prices, draw(st.integers(1, 10**8)), Decimal(9))
        )
        day += timedelta(days=draw(st.integers(1, 60)))
    return bars


@given(bars=raw_days(), actions=priced_actions(), period=st.sampled_from(list(Period)[13:]))
def test_adjusted_bars_stay_sound_and_keep_their_turnover(bars, actions, period):
    adjusted = fold_adjusted_day_bars(bars, forward_factors(actions), period, ZONE)
    raw = fold_day_bars(bars, period, ZONE)
    assert [one.at for one in adjusted] == [one.at for one in raw]
    assert [one.turnover for one in adjusted] == [one.turnover for one in raw]
    assert all(one.low <= min(one.open, one.close) for one in adjusted)
    assert all(max(one.open, one.close) <= one.high for one in adjusted)


@given(bars=raw_days(), actions=priced_actions())
def test_the_fold_of_days_is_each_day_adjusted(bars, actions):
    factors = forward_factors(actions)
    single = [adjust_bar(one, factors.at(one.at.astimezone(ZONE).date())) for one in bars]
    assert list(fold_adjusted_day_bars(bars, factors, Period.DAY, ZONE)) == single


@given(bars=raw_days(), period=st.sampled_from(list(Period)[13:]))
def test_without_actions_adjusting_is_folding(bars, period):
    assert fold_adjusted_day_bars(bars, ForwardFactors(), period, ZONE) == fold_day_bars(
        bars, period, ZONE
    )


def test_a_year_rounds_its_volume_once():
    bonus = CorporateAction(SYMBOL, date(2014, 6, 9), bonus=Decimal("0.3"))
    factors = forward_factors([(bonus, Decimal(13))])
    days = [bar(date(2014, 6, day), "13", 1) for day in (2, 3, 4, 5)]
    (year,) = fold_adjusted_day_bars(days, factors, Period.YEAR, ZONE)
    assert year.volume == 5  # 4 * 1.3 = 5.2, while four times 1 would be 4
    assert year.close == 10
