"""Candlesticks: one truth over all periods, the edges of every market, the long periods' stamps."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.model.quote import Candlestick, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Market
from portway.quotes.candles import (
    MinuteFold,
    aggregate_minutes,
    bucket_of,
    day_stamp,
    fold_day_bars,
    fold_minutes,
    period_start,
)
from portway.quotes.effects import TradeEffect, effect_of
from tests.quotes import streams
from tests.quotes.streams import CN, HK, HK_HALF, OPTION, US, US_HALF, VIX

MINUTE_PERIODS = [period.minutes for period in Period if period.minutes is not None]
prev_closes = st.sampled_from([None, Decimal(100), Decimal("98.5")])


def fold(day, prints, minutes, prev_close=Decimal(100)):
    return fold_minutes(
        prints,
        day.parts,
        prev_close,
        market=day.market,
        minutes=minutes,
        is_option=day.is_option,
    )


def starts(day, prints, minutes):
    """Local start and volume of every bar."""
    zone = MARKET_ZONES[day.market]
    bars = fold(day, prints, minutes)
    return [(f"{bar.at.astimezone(zone):%H:%M}", bar.volume) for bar in bars]


# -- one truth -----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", MINUTE_PERIODS)
@settings(max_examples=max(50, settings.default.max_examples // 2))
@given(data=st.data(), day=streams.days, prev_close=prev_closes)
def test_aggregated_minute_bars_equal_the_direct_fold_of_the_prints(minutes, data, day, prev_close):
    prints = data.draw(streams.trades(day))
    ones = fold(day, prints, 1, prev_close)
    assert aggregate_minutes(ones, minutes, day.parts) == fold(day, prints, minutes, prev_close)


@given(data=st.data(), day=streams.days, minutes=st.sampled_from(MINUTE_PERIODS))
def test_index_ticks_aggregate_like_prints(data, day, minutes):
    ticks = data.draw(streams.ticks(day))
    ones = fold(day, ticks, 1)
    assert aggregate_minutes(ones, minutes, day.parts) == fold(day, ticks, minutes)


@given(data=st.data(), day=streams.days, minutes=st.sampled_from(MINUTE_PERIODS))
def test_bars_hold_the_volume_of_the_counted_prints_within_the_hours(data, day, minutes):
    prints = data.draw(streams.trades(day))
    counted = [
        trade
        for trade in prints
        if any(
            part.session is trade.session and part.begin <= trade.at < part.end + part.grace
            for part in day.parts
        )
        and effect_of(day.market, trade.trade_type, trade.session, is_option=day.is_option)
        is not TradeEffect.NONE
    ]
    bars = fold(day, prints, minutes)
    assert sum(bar.volume for bar in bars) == sum(trade.volume for trade in counted)
    assert sum(bar.turnover for bar in bars) == sum(trade.turnover for trade in counted)


@given(data=st.data(), day=streams.days, minutes=st.sampled_from(MINUTE_PERIODS))
def test_bars_are_sound_and_ascend(data, day, minutes):
    bars = fold(day, data.draw(streams.trades(day, in_order=False)), minutes)
    assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
    assert all(max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume > 0 for bar in bars)
    assert all(earlier.at < later.at for earlier, later in pairwise(bars))


@given(data=st.data(), day=streams.days, minutes=st.sampled_from(MINUTE_PERIODS))
def test_a_fold_goes_on_from_its_bars_as_if_never_interrupted(data, day, minutes):
    prints = data.draw(streams.trades(day, in_order=False))
    cut = data.draw(st.integers(0, len(prints)))
    half = MinuteFold(day.parts, Decimal(100), minutes=minutes)
    for trade in prints[:cut]:
        half.add(trade.session, trade.at, trade.price, trade.volume, trade.turnover)
    resumed = MinuteFold(day.parts, Decimal(100), minutes=minutes, bars=half.bars())
    for trade in prints[cut:]:
        half.add(trade.session, trade.at, trade.price, trade.volume, trade.turnover)
        resumed.add(trade.session, trade.at, trade.price, trade.volume, trade.turnover)
    assert resumed.bars() == half.bars()


@given(data=st.data(), day=streams.days)
def test_a_print_older_than_the_running_bar_changes_nothing(data, day):
    prints = data.draw(streams.trades(day))
    late = data.draw(streams.trades(day))
    before = fold(day, prints, 1)
    last = {bar.session: bar.at for bar in before}
    older = [trade for trade in late if trade.session in last and trade.at < last[trade.session]]
    assert fold(day, prints + older, 1) == before


def test_a_bar_outside_the_hours_cannot_be_resumed():
    bar = Candlestick(HK.at("12:30:00"), *[Decimal(1)] * 4, 1, Decimal(1))
    with pytest.raises(ValueError, match="outside the trading hours"):
        MinuteFold(HK.parts, None, bars=[bar])


def test_aggregation_leaves_out_bars_outside_the_hours():
    lunch = Candlestick(HK.at("12:30:00"), *[Decimal(1)] * 4, 1, Decimal(1))
    inside = Candlestick(HK.at("13:01:00"), *[Decimal(1)] * 4, 1, Decimal(1))
    (bar,) = aggregate_minutes([lunch, inside], 5, HK.parts)
    assert bar.at == HK.at("13:00:00")


# -- edges of the day ----------------------------------------------------------------------------

HK_EDGES = [
    HK.trade("09:20:40", "1", 1, "U"),  # opening auction: before the first bar
    HK.trade("09:30:00", "1", 2),
    HK.trade("11:59:59", "1", 4),
    HK.trade("12:00:00", "1", 8),  # the break has begun
    HK.trade("12:59:59", "1", 16),
    HK.trade("13:00:00", "1", 32),
    HK.trade("15:59:59", "1", 64),
    HK.trade("16:08:31", "1", 128, "U"),
    HK.trade("16:10:00", "1", 256),  # the grace is over
]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (1, [("09:30", 2), ("11:59", 4), ("13:00", 32), ("15:59", 64), ("16:00", 128)]),
        (15, [("09:30", 2), ("11:45", 4), ("13:00", 32), ("15:45", 64), ("16:00", 128)]),
        (45, [("09:30", 2), ("11:45", 4), ("13:00", 32), ("15:15", 64), ("16:00", 128)]),
        (60, [("09:30", 2), ("11:30", 4), ("13:00", 32), ("15:00", 64), ("16:00", 128)]),
        (120, [("09:30", 2), ("11:30", 4), ("13:00", 32), ("15:00", 192)]),
        (180, [("09:30", 6), ("13:00", 96), ("16:00", 128)]),
        (240, [("09:30", 6), ("13:00", 224)]),
    ],
)
def test_hong_kong_day(minutes, expected):
    assert starts(HK, HK_EDGES, minutes) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(1, [("11:59", 1), ("12:00", 2)]), (30, [("11:30", 1), ("12:00", 2)]), (60, [("11:30", 3)])],
)
def test_hong_kong_half_day_ends_at_noon(minutes, expected):
    prints = [
        HK_HALF.trade("11:59:59", "1", 1),
        HK_HALF.trade("12:08:20", "1", 2, "U"),
        HK_HALF.trade("13:00:00", "1", 4),
    ]
    assert starts(HK_HALF, prints, minutes) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (1, [("09:30", 2), ("11:29", 4), ("14:56", 8), ("15:00", 16)]),
        (45, [("09:30", 2), ("11:00", 4), ("14:30", 24)]),
        (60, [("09:30", 2), ("10:30", 4), ("14:00", 8), ("15:00", 16)]),
        (180, [("09:30", 6), ("13:00", 24)]),
        (240, [("09:30", 6), ("13:00", 24)]),
    ],
)
def test_mainland_day(minutes, expected):
    prints = [
        CN.trade("09:25:00", "1", 1),
        CN.trade("09:30:00", "1", 2),
        CN.trade("11:29:59", "1", 4),
        CN.trade("14:56:59", "1", 8),
        CN.trade("15:00:00", "1", 16),
    ]
    assert starts(CN, prints, minutes) == expected


def test_us_sessions_are_apart_and_have_no_grace():
    post, pre = TradeSession.POST, TradeSession.PRE
    prints = [
        US.trade("03:59:59", "1", 1, session=TradeSession.OVERNIGHT),
        US.trade("04:00:00", "1", 2, session=pre),
        US.trade("09:29:59", "1", 4, session=pre),
        US.trade("09:30:00", "1", 8),
        US.trade("16:00:00", "1", 16),  # regular, at the very end: no bar
        US.trade("16:00:00", "1", 32, session=post),
        US.trade("20:00:00", "1", 64, session=post),
    ]
    expected = [("03:00", 1), ("04:00", 2), ("09:00", 4), ("09:30", 8), ("16:00", 32)]
    assert starts(US, prints, 60) == expected


def test_us_half_day_moves_the_post_market():
    prints = [
        US_HALF.trade("12:59:59", "1", 1),
        US_HALF.trade("13:00:00", "1", 2),
        US_HALF.trade("13:00:00", "1", 4, session=TradeSession.POST),
        US_HALF.trade("17:00:00", "1", 8, session=TradeSession.POST),
    ]
    assert starts(US_HALF, prints, 60) == [("12:30", 1), ("13:00", 4)]


def test_overnight_bars_start_anew_at_midnight():
    overnight = TradeSession.OVERNIGHT
    evening = US.at("00:00:00") - timedelta(minutes=30)
    late = US.trade("00:00:00", "1", 1, session=overnight)
    prints = [
        type(late)(late.symbol, evening, late.price, 2, session=overnight),
        late,
        US.trade("02:30:00", "1", 4, session=overnight),
    ]
    assert starts(US, prints, 180) == [("23:00", 2), ("00:00", 5)]


def test_late_options_and_the_vix_have_their_own_hours():
    prints = [OPTION.trade("16:14:59", "1", 1), OPTION.trade("16:15:00", "1", 2)]
    assert starts(OPTION, prints, 60) == [("15:30", 1)]
    prints = [
        VIX.trade("03:15:00", "1", 1),
        VIX.trade("09:24:59", "1", 2),
        VIX.trade("09:27:00", "1", 4),
        VIX.trade("09:30:00", "1", 8),
    ]
    assert starts(VIX, prints, 240) == [("03:15", 1), ("07:15", 2), ("09:30", 8)]


@given(day=streams.days, minutes=st.sampled_from(MINUTE_PERIODS))
def test_buckets_tile_every_part(day, minutes):
    for part in day.parts:
        at = part.begin
        while at < part.end:
            start, after = bucket_of(part, at, minutes)
            assert start == at
            at = after
        assert at in (part.end, part.end + part.grace)


# -- prints that set no price --------------------------------------------------------------------


def test_a_bar_opened_by_volume_keeps_the_close_before_in_its_range():
    prints = [
        HK.trade("10:00:01", "100", 100),
        HK.trade("10:01:01", "90", 10, "D"),
        HK.trade("10:01:02", "101", 100),
    ]
    bar = fold(HK, prints, 1)[-1]
    assert (bar.open, bar.high, bar.low, bar.close) == (101, 101, 100, 101)
    assert (bar.volume, bar.turnover, bar.priced) == (110, 11000, True)


def test_volume_without_any_price_before_is_ignored():
    prints = [HK.trade("10:00:01", "90", 10, "D"), HK.trade("10:00:02", "100", 100)]
    (bar,) = fold(HK, prints, 1, prev_close=None)
    assert (bar.low, bar.volume) == (100, 100)


def test_a_bar_of_volume_alone_says_that_it_has_no_price():
    (bar,) = fold(HK, [HK.trade("10:00:01", "90", 10, "D")], 1)
    assert (bar.open, bar.close, bar.priced) == (100, 100, False)


# -- day and longer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (Period.DAY, date(2026, 1, 1)),
        (Period.WEEK, date(2025, 12, 29)),
        (Period.MONTH, date(2026, 1, 1)),
        (Period.QUARTER, date(2026, 1, 1)),
        (Period.YEAR, date(2026, 1, 1)),
    ],
)
def test_period_start_of_new_year(period, first):
    assert period_start(date(2026, 1, 1), period) == first


@given(day=st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_every_quarter_begins_in_its_own_first_month(day):
    first = period_start(day, Period.QUARTER)
    assert first <= day < first + timedelta(days=93)
    assert (first.day, first.month % 3) == (1, 1)


def test_minutes_have_no_period_start():
    with pytest.raises(ValueError, match="shorter than a day"):
        period_start(date(2026, 1, 1), Period.ONE_MINUTE)


@pytest.mark.parametrize(
    ("market", "day", "stamp"),
    [
        (Market.HK, date(2022, 4, 20), 1650384000),  # the documentation's sample
        (Market.US, date(2026, 1, 5), int(datetime(2026, 1, 5, 5, tzinfo=UTC).timestamp())),
        (Market.US, date(2026, 7, 6), int(datetime(2026, 7, 6, 4, tzinfo=UTC).timestamp())),
    ],
)
def test_day_bars_are_stamped_with_local_midnight(market, day, stamp):
    assert day_stamp(day, MARKET_ZONES[market]).timestamp() == stamp


@st.composite
def day_bars(draw, zone):
    first = draw(st.dates(date(2020, 1, 1), date(2025, 1, 1)))
    gaps = draw(st.lists(st.integers(1, 40), max_size=40))
    bars, day = [], first
    for gap in gaps:
        low, high = sorted(draw(st.tuples(st.integers(1, 999), st.integers(1, 999))))
        opened, close = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
        prices = map(Decimal, (opened, high, low, close))
        volume = draw(st.integers(0, 10**9))
        bars.append(Candlestick(day_stamp(day, zone), *prices, volume, Decimal(volume)))
        day += timedelta(days=gap)
    return bars


@given(data=st.data(), market=st.sampled_from(list(Market)))
def test_longer_bars_add_up(data, market):
    zone = MARKET_ZONES[market]
    days = data.draw(day_bars(zone))
    assert list(fold_day_bars(days, Period.DAY, zone)) == days
    for period in (Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR):
        bars = fold_day_bars(days, period, zone)
        for bar, after in pairwise([*bars, None]):
            inside = [d for d in days if bar.at <= d.at and (after is None or d.at < after.at)]
            assert bar.open == inside[0].open
            assert bar.close == inside[-1].close
            assert bar.high == max(d.high for d in inside)
            assert bar.low == min(d.low for d in inside)
            assert bar.volume == sum(d.volume for d in inside)
            assert bar.turnover == sum(d.turnover for d in inside)
        assert sum(bar.volume for bar in bars) == sum(d.volume for d in days)


def test_years_fold_the_same_from_months_as_from_days():
    zone = MARKET_ZONES[Market.HK]
    one = Decimal(1)
    stamps = [day_stamp(date(2024, month, 9), zone) for month in range(1, 13)]
    days = [Candlestick(at, one, one, one, one, 1, one) for at in stamps]
    months = fold_day_bars(days, Period.MONTH, zone)
    assert fold_day_bars(months, Period.YEAR, zone) == fold_day_bars(days, Period.YEAR, zone)
