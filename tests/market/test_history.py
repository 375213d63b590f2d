"""History pages: nothing from the future, no gap and no overlap, the cases of dates and offsets."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from portway.market.history import (
    BARS_MAX,
    BadRange,
    HistoryDirection,
    NoData,
    SymbolHistory,
    TooManyBars,
    board_from_source,
)
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.hours import trading_hours
from portway.model.quote import AdjustType, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.candles import aggregate_minutes, fold_day_bars
from tests.market.listed_days import ListedDays, plain_day

HK, US = Symbol("700.HK"), Symbol("AAPL.US")
BACKWARD, FORWARD = HistoryDirection.BACKWARD, HistoryDirection.FORWARD
FORWARD_ADJUST = AdjustType.FORWARD_ADJUST
LONG_PERIODS = [period for period in Period if period.minutes is None]

CALENDARS = {
    market: Calendar.from_holidays(
        market,
        date(2024, 1, 1),
        date(2027, 12, 31),
        holidays=[date(2026, 1, 1), date(2025, 12, 25)],
        half_days=[date(2025, 12, 24)],
    )
    for market in (Market.HK, Market.US)
}


def hk_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MARKET_ZONES[Market.HK]).astimezone(UTC)


def us_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MARKET_ZONES[Market.US]).astimezone(UTC)


@cache
def source_of(symbol: Symbol, first: date, last: date, every_minutes: int = 7) -> ListedDays:
    market = Market.HK if symbol == HK else Market.US
    calendar = CALENDARS[market]
    source = ListedDays(symbol, calendar, {})
    for seed, day in enumerate(calendar.trading_days(first, last)):
        source.prints[day] = plain_day(symbol, source.parts(day), seed, every_minutes)
    return source


def history_of(source: ListedDays, now: datetime, *, live: bool = True) -> SymbolHistory:
    """The history at `now`, with the live board of its trading day or without."""
    market = Market.HK if source.symbol == HK else Market.US
    history = SymbolHistory(source, source.symbol, trading_hours(market), source.calendar, now)
    local = now.astimezone(MARKET_ZONES[market])
    day = local.date() + timedelta(days=market is Market.US and local.hour >= 20)
    day = source.calendar.latest_on_or_before(day)
    return replace(history, today=source.board(day, now)) if live else history


def hk_history(now: str = "2026-01-07T10:30:30", *, live: bool = True) -> SymbolHistory:
    return history_of(source_of(HK, date(2025, 12, 1), date(2026, 1, 20)), hk_time(now), live=live)


def us_history(now: str = "2026-01-07T10:30:30", *, live: bool = True) -> SymbolHistory:
    return history_of(source_of(US, date(2025, 12, 22), date(2026, 1, 9)), us_time(now), live=live)


def whole(history: SymbolHistory, period: Period, *, all_sessions: bool) -> tuple:
    """Every bar up to now, from the prints of all days at once."""
    source = history.source
    zone = MARKET_ZONES[history.hours.market]
    present = history.today.trading_day
    if period.minutes is None:
        bars = [*source.bars(source.symbol, Period.DAY, date.min, present - timedelta(days=1))]
        today = history.today.day_candle()
        return fold_day_bars([*bars, *([today] if today else [])], period, zone)
    bars = []
    parts = []
    for day in source.trading_days(source.symbol, date.min, present):
        bars += source.board(day, history.now).minutes(all_sessions=all_sessions)
        parts += source.parts(day)
    return aggregate_minutes(bars, period.minutes, parts)


def walk(history: SymbolHistory, period: Period, step: int, all_sessions: bool) -> tuple:
    """Page backwards from the latest bar, each page ending before the one after it."""
    market = history.hours.market
    pages = [history.latest(period, step, all_sessions=all_sessions)]
    while True:
        offset = pages[0][0].at.astimezone(MARKET_ZONES[market])
        if period.minutes is None:
            before = offset.date() - timedelta(days=1)
            minute = None
        else:
            local = offset - timedelta(minutes=1)
            before, minute = local.date(), local.time()
        try:
            page = history.by_offset(
                period, BACKWARD, step, day=before, minute=minute, all_sessions=all_sessions
            )
        except NoData:
            page = ()
        if not page:
            return tuple(bar for one in pages for bar in one)
        pages.insert(0, page)


# -- pages ---------------------------------------------------------------------------------------


@settings(max_examples=max(25, settings.default.max_examples // 4))
@given(
    period=st.sampled_from(
        [Period.FIVE_MINUTE, Period.SIXTY_MINUTE, Period.FOUR_HOUR, *LONG_PERIODS]
    ),
    step=st.integers(3, 200),
    all_sessions=st.booleans(),
    make=st.sampled_from([hk_history, us_history]),
)
def test_pages_backwards_meet_without_gap_or_overlap(period, step, all_sessions, make):
    history = make()
    expected = whole(history, period, all_sessions=all_sessions)
    step = max(step, len(expected) // 8)
    assert walk(history, period, step, all_sessions) == expected


@settings(max_examples=max(25, settings.default.max_examples // 4))
@given(
    period=st.sampled_from(
        [Period.FIVE_MINUTE, Period.SIXTY_MINUTE, Period.FOUR_HOUR, *LONG_PERIODS]
    ),
    step=st.integers(3, 200),
    adjust=st.sampled_from(AdjustType),
    all_sessions=st.booleans(),
    make=st.sampled_from([hk_history, us_history]),
)
def test_pages_forwards_meet_too_and_adjusted_ones_are_cut_from_the_same_bars(
    period, step, adjust, all_sessions, make
):
    """Each page begins with the bar that ended the one before it, as a client goes on."""
    history = make()
    options = {"adjust": adjust, "all_sessions": all_sessions}
    expected = history.latest(period, BARS_MAX, **options)
    zone = MARKET_ZONES[history.hours.market]
    step = max(step, len(expected) // 8, 2)
    found = [expected[0]]
    while True:
        local = found[-1].at.astimezone(zone)
        minute = None if period.minutes is None else local.time()
        day = local.date()
        page = history.by_offset(period, FORWARD, step, day=day, minute=minute, **options)
        assert page[0] == found[-1]
        found += page[1:]
        if len(page) < step:
            break
    assert tuple(found) == tuple(expected)


@settings(max_examples=max(25, settings.default.max_examples // 4))
@given(
    period=st.sampled_from([Period.FIVE_MINUTE, Period.SIXTY_MINUTE, *LONG_PERIODS]),
    data=st.data(),
    all_sessions=st.booleans(),
    make=st.sampled_from([hk_history, us_history]),
)
def test_an_offset_bar_begins_the_page_forwards_and_ends_it_backwards(
    period, data, all_sessions, make
):
    history = make()
    bars = whole(history, period, all_sessions=all_sessions)
    index = data.draw(st.integers(0, len(bars) - 1))
    count = data.draw(st.integers(1, 50))
    local = bars[index].at.astimezone(MARKET_ZONES[history.hours.market])
    minute = local.time() if period.minutes is not None else time(12, 34)
    options = {"day": local.date(), "minute": minute, "all_sessions": all_sessions}
    forward = history.by_offset(period, FORWARD, count, **options)
    backward = history.by_offset(period, BACKWARD, count, **options)
    assert forward == bars[index : index + count]
    assert backward == bars[max(0, index + 1 - count) : index + 1]


@pytest.mark.parametrize("period", list(Period))
@pytest.mark.parametrize("make", [hk_history, us_history])
def test_with_and_without_a_live_board_the_answers_agree(period, make):
    live, folded = make(), make(live=False)
    assert folded.latest(period, 300) == live.latest(period, 300)


def test_a_snapshot_of_the_source_serves_for_the_running_day():
    history = hk_history(live=False)
    source = replace(history.source, keeps_snapshots=True)
    assert replace(history, source=source).latest(Period.ONE_MINUTE, 50) == history.latest(
        Period.ONE_MINUTE, 50
    )


@pytest.mark.parametrize("clock", ["09:00:00", "09:30:00", "10:31:01", "12:30:00", "16:08:00"])
@pytest.mark.parametrize("period", [Period.ONE_MINUTE, Period.FOUR_HOUR, Period.DAY, Period.MONTH])
def test_what_is_still_to_come_shows_nowhere(clock, period):
    history = hk_history(f"2026-01-07T{clock}", live=False)
    other_future = {
        day: [
            trade if trade.at < history.now else structs.replace(trade, price=Decimal(999))
            for trade in prints
        ]
        for day, prints in history.source.prints.items()
    }
    altered = replace(history, source=replace(history.source, prints=other_future))
    for one, other in zip(pages_of(history, period), pages_of(altered, period), strict=True):
        assert one == other
        assert one[-1].at < history.now


def pages_of(history: SymbolHistory, period: Period) -> list[tuple]:
    return [
        history.latest(period, 10),
        history.latest(period, 10, FORWARD_ADJUST),
        history.by_date(period, start=date(2026, 1, 5)),
        history.by_date(period, date(2025, 12, 20), date(2026, 2, 1)),
        history.by_offset(period, BACKWARD, 10, day=date(2026, 1, 31)),
        history.by_offset(period, FORWARD, 1000, day=date(2026, 1, 6)),
    ]


def test_at_the_weekend_friday_is_the_latest_day():
    history = hk_history("2026-01-10T11:00:00", live=False)
    assert history.latest(Period.DAY, 1)[0].at == hk_time("2026-01-09T00:00")
    assert history.latest(Period.ONE_MINUTE, 1)[0].at == hk_time("2026-01-09T16:00")


def test_the_running_bar_holds_only_what_has_been_printed():
    history = hk_history("2026-01-07T10:30:30")
    bar = history.latest(Period.FOUR_HOUR, 1)[0]
    printed = sum(
        trade.volume for trade in history.source.prints[date(2026, 1, 7)] if trade.at < history.now
    )
    assert bar.volume == printed
    assert history.latest(Period.DAY, 1)[0].volume == printed
    assert history.latest(Period.MONTH, 1)[0].volume > printed


def test_before_the_open_the_day_before_is_the_latest():
    history = hk_history("2026-01-07T09:00:00")
    assert history.latest(Period.DAY, 1)[0].at == hk_time("2026-01-06T00:00")
    assert history.by_offset(Period.ONE_MINUTE, FORWARD, 5) == ()


def test_extended_sessions_appear_only_when_asked_for():
    history = us_history()
    regular = history.latest(Period.FIFTEEN_MINUTE, 200)
    every = history.latest(Period.FIFTEEN_MINUTE, 200, all_sessions=True)
    assert {bar.session for bar in regular} == {TradeSession.NORMAL}
    assert {bar.session for bar in every} == set(TradeSession)
    assert [bar for bar in every if bar.session is TradeSession.NORMAL] == list(
        regular[-sum(bar.session is TradeSession.NORMAL for bar in every) :]
    )
    assert history.latest(Period.DAY, 3, all_sessions=True) == history.latest(Period.DAY, 3)


def test_a_hidden_session_leaves_full_pages_of_the_others():
    history = replace(us_history(), hidden=frozenset({TradeSession.OVERNIGHT}))
    bars = history.latest(Period.FIFTEEN_MINUTE, 200, all_sessions=True)
    assert len(bars) == 200
    assert {bar.session for bar in bars} == set(TradeSession) - {TradeSession.OVERNIGHT}


def test_a_us_evening_belongs_to_the_next_trading_day():
    history = us_history("2026-01-06T21:00:00")
    evening = history.by_date(
        Period.SIXTY_MINUTE, date(2026, 1, 7), date(2026, 1, 7), all_sessions=True
    )
    assert evening[0].at == us_time("2026-01-06T20:00")
    offset = history.by_offset(
        Period.SIXTY_MINUTE,
        BACKWARD,
        1,
        day=date(2026, 1, 6),
        minute=time(20, 30),
        all_sessions=True,
    )
    assert offset[0].at == us_time("2026-01-06T20:00")


def test_a_minute_inside_a_bar_finds_that_bar():
    history = hk_history()
    options = {"day": date(2026, 1, 6), "minute": time(9, 37)}
    (forward,) = history.by_offset(Period.FIFTEEN_MINUTE, FORWARD, 1, **options)
    (backward,) = history.by_offset(Period.FIFTEEN_MINUTE, BACKWARD, 1, **options)
    assert forward == backward
    assert forward.at == hk_time("2026-01-06T09:30")


def test_a_minute_in_the_break_divides_morning_from_afternoon():
    history = hk_history()
    options = {"day": date(2026, 1, 6), "minute": time(12, 30)}
    (forward,) = history.by_offset(Period.SIXTY_MINUTE, FORWARD, 1, **options)
    (backward,) = history.by_offset(Period.SIXTY_MINUTE, BACKWARD, 1, **options)
    assert backward.at == hk_time("2026-01-06T11:30")
    assert forward.at == hk_time("2026-01-06T13:00")


def test_a_day_without_a_minute_is_the_whole_trading_day():
    history = hk_history()
    day = date(2026, 1, 6)
    backward = history.by_offset(Period.SIXTY_MINUTE, BACKWARD, 1, day=day)
    forward = history.by_offset(Period.SIXTY_MINUTE, FORWARD, 1, day=day)
    assert (forward[0].at, backward[0].at) == (
        hk_time("2026-01-06T09:30"),
        hk_time("2026-01-06T16:00"),
    )


def test_the_count_of_an_offset_query_is_ten_by_default():
    assert len(hk_history().by_offset(Period.DAY, BACKWARD)) == 10


# -- dates ---------------------------------------------------------------------------------------


def test_the_four_cases_of_dates():
    history = hk_history()
    bars = whole(history, Period.FIVE_MINUTE, all_sessions=False)
    assert len(bars) > 1000
    zone = MARKET_ZONES[Market.HK]
    days = [bar.at.astimezone(zone).date() for bar in bars]
    start, end = date(2025, 12, 3), date(2026, 1, 5)
    after = tuple(bar for bar, day in zip(bars, days, strict=True) if day >= start)
    before = tuple(bar for bar, day in zip(bars, days, strict=True) if day <= end)
    within = tuple(bar for bar, day in zip(bars, days, strict=True) if start <= day <= end)
    assert len(within) > 1000
    period = Period.FIVE_MINUTE
    assert history.by_date(period) == bars[-1000:]
    assert history.by_date(period, start=start) == after[:1000]
    assert history.by_date(period, end=end) == before[-1000:]
    assert history.by_date(period, start, end) == within[-1000:]
    narrow = date(2026, 1, 5)
    expected = tuple(bar for bar, day in zip(bars, days, strict=True) if day == narrow)
    assert history.by_date(period, narrow, narrow) == expected


def test_a_long_bar_is_given_whole_to_any_of_its_days():
    history = hk_history()
    (week,) = history.by_date(Period.WEEK, date(2025, 12, 17), date(2025, 12, 17))
    assert week in history.latest(Period.WEEK, 10)
    (month,) = history.by_offset(Period.MONTH, BACKWARD, 1, day=date(2025, 12, 2))
    assert month == history.latest(Period.MONTH, 2)[0]


def test_days_without_trading_are_an_empty_page():
    history = hk_history()
    saturday, sunday = date(2026, 1, 3), date(2026, 1, 4)
    assert history.by_date(Period.DAY, saturday, sunday) == ()
    assert history.by_date(Period.ONE_MINUTE, saturday, sunday) == ()
    assert history.by_date(Period.DAY, start=date(2026, 2, 1)) == ()


@pytest.mark.parametrize("period", [Period.ONE_MINUTE, Period.DAY, Period.YEAR])
def test_missing_data_has_a_name(period):
    history = hk_history()
    with pytest.raises(NoData):
        history.by_date(period, date(2024, 6, 3), date(2024, 6, 7))
    with pytest.raises(NoData):
        history.by_offset(period, BACKWARD, day=date(2024, 6, 3))
    empty = replace(history, source=ListedDays(HK, CALENDARS[Market.HK], {}), today=None)
    with pytest.raises(NoData):
        empty.latest(period, 10)


@pytest.mark.parametrize(("count", "error"), [(0, BadRange), (-1, BadRange), (1001, TooManyBars)])
def test_counts_have_bounds(count, error):
    with pytest.raises(error):
        hk_history().latest(Period.DAY, count)
    with pytest.raises(error):
        hk_history().by_offset(Period.DAY, FORWARD, count)


def test_an_interval_ends_after_it_begins():
    with pytest.raises(BadRange):
        hk_history().by_date(Period.DAY, date(2026, 1, 6), date(2026, 1, 5))


@pytest.mark.parametrize("period", [Period.ONE_MINUTE, Period.DAY, Period.WEEK, Period.YEAR])
@pytest.mark.parametrize("day", [date.min, date(1979, 12, 31), date(2035, 1, 1), date.max])
@pytest.mark.parametrize("minute", [None, time(0, 0), time(23, 59)])
def test_any_date_has_an_answer(period, day, minute):
    for history in (hk_history(), us_history()):
        for direction in HistoryDirection:
            try:
                bars = history.by_offset(period, direction, 5, day=day, minute=minute)
            except NoData:
                continue
            assert all(bar.at < history.now for bar in bars)
        for start, end in ((day, None), (None, day), (day, day)):
            try:
                history.by_date(period, start, end)
            except NoData:
                continue


# -- how far it reads ----------------------------------------------------------------------------


def test_a_page_reads_no_more_days_than_it_needs():
    history = hk_history()
    history.source.days_read.clear()
    history.latest(Period.FIVE_MINUTE, 60)
    read = sorted(set(history.source.days_read))
    assert read
    assert read[0] >= date(2026, 1, 2)


# -- adjustment ----------------------------------------------------------------------------------


def split_history() -> SymbolHistory:
    history = hk_history()
    actions = [
        CorporateAction(HK, date(2025, 12, 1), split=Decimal(3)),  # nothing is older than it
        CorporateAction(HK, date(2025, 12, 15), split=Decimal(2)),
        CorporateAction(HK, date(2026, 1, 5), cash=Decimal(1)),
        CorporateAction(HK, date(2026, 1, 15), split=Decimal(10)),  # still to come
    ]
    return replace(history, source=replace(history.source, actions=actions))


def test_adjusted_days_are_scaled_by_the_later_actions_that_have_happened():
    history = split_history()
    raw = {bar.at: bar for bar in history.latest(Period.DAY, 40)}
    adjusted = {bar.at: bar for bar in history.latest(Period.DAY, 40, FORWARD_ADJUST)}
    assert raw.keys() == adjusted.keys()
    close = raw[hk_time("2026-01-02T00:00")].close
    dividend = (close - 1) / close
    for at, bar in raw.items():
        price, shares = Decimal(1), 1
        if at < hk_time("2026-01-05T00:00"):
            price = dividend
        if at < hk_time("2025-12-15T00:00"):
            price, shares = price / 2, 2
        assert abs(adjusted[at].close - bar.close * price) <= Decimal("0.0005")
        assert adjusted[at].volume == bar.volume * shares
        assert adjusted[at].turnover == bar.turnover


def test_adjusted_minutes_and_weeks_agree_with_adjusted_days():
    history = split_history()
    days = history.latest(Period.DAY, 40, FORWARD_ADJUST)
    minutes = history.by_date(
        Period.SIXTY_MINUTE, date(2025, 12, 11), date(2025, 12, 16), FORWARD_ADJUST
    )
    zone = MARKET_ZONES[Market.HK]
    by_day = {bar.at.astimezone(zone).date(): bar for bar in days}
    for day in (date(2025, 12, 12), date(2025, 12, 15)):
        own = [bar for bar in minutes if bar.at.astimezone(zone).date() == day]
        assert max(bar.high for bar in own) == by_day[day].high
        assert min(bar.low for bar in own) == by_day[day].low
        assert own[-1].close == by_day[day].close
    weeks = history.latest(Period.WEEK, 4, FORWARD_ADJUST)
    last = [bar for bar in days if bar.at >= weeks[-1].at]
    assert (weeks[-1].open, weeks[-1].close) == (last[0].open, last[-1].close)


def test_the_newest_price_is_never_adjusted():
    history = split_history()
    for period in Period:
        raw, adjusted = history.latest(period, 1), history.latest(period, 1, FORWARD_ADJUST)
        assert raw[0].close == adjusted[0].close


# -- the running day -----------------------------------------------------------------------------


def test_a_board_from_the_source_stops_before_now():
    source = source_of(HK, date(2025, 12, 1), date(2026, 1, 20))
    day = date(2026, 1, 7)
    now = source.prints[day][5].at
    board = board_from_source(source, HK, day, now, source.parts(day))
    assert len(board.recent_trades()) == 5
    kept = replace(source, keeps_snapshots=True)
    again = board_from_source(kept, HK, day, now, source.parts(day))
    assert again.snapshot() == board.snapshot()
