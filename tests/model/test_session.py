from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.reference import calendars, instruments
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.order import OrderType
from portway.model.quote import TradeSession
from portway.model.session import (
    CLOSED,
    OVERNIGHT_ROW,
    TIMETABLE_MARKETS,
    AuctionEnds,
    Phase,
    PhaseRules,
    Timetable,
    continuous_span,
    continuous_spans,
    day_reset,
    day_spans,
    phase_at,
    schedule,
    session_rows,
    timetable_of,
    trading_day_of,
)
from portway.model.symbol import MARKET_ZONES, Market, Symbol

DAY = date(2026, 1, 5)
ENDS = AuctionEnds(opening=timedelta(seconds=67), closing=timedelta(seconds=71))

timetables = st.sampled_from(list(Timetable))
draws = st.builds(
    AuctionEnds,
    opening=st.timedeltas(timedelta(0), timedelta(minutes=2)),
    closing=st.timedeltas(timedelta(0), timedelta(minutes=2)),
)
# Seconds of UTC from 2010 to 2030, and instants on the minute, where phases change.
seconds = st.integers(1_262_563_200, 1_924_819_200)
instants = st.one_of(seconds, seconds.map(lambda at: at // 60 * 60)).map(
    lambda at: datetime.fromtimestamp(at, UTC)
)


def local_schedule(timetable: Timetable, half: bool = False, day: date = DAY) -> list[str]:
    zone = MARKET_ZONES[TIMETABLE_MARKETS[timetable]]
    return [
        f"{at.astimezone(zone):%d %H:%M:%S} {phase}"
        for at, phase in schedule(timetable, day, half, ENDS)
    ]


def test_a_whole_hk_day():
    assert local_schedule(Timetable.HK) == [
        "05 09:00:00 pre_open_input",
        "05 09:15:00 pre_open_no_cancel",
        "05 09:20:00 pre_open_random",
        "05 09:21:07 blocking",
        "05 09:30:00 continuous",
        "05 12:00:00 break",
        "05 13:00:00 continuous",
        "05 16:00:00 closing_reference",
        "05 16:01:00 closing_input",
        "05 16:06:00 closing_no_cancel",
        "05 16:08:00 closing_random",
        "05 16:09:11 closed",
    ]


def test_an_hk_half_day_closes_at_noon_by_auction():
    assert local_schedule(Timetable.HK, half=True)[4:] == [
        "05 09:30:00 continuous",
        "05 12:00:00 closing_reference",
        "05 12:01:00 closing_input",
        "05 12:06:00 closing_no_cancel",
        "05 12:08:00 closing_random",
        "05 12:09:11 closed",
    ]


def test_structured_products_trade_in_the_continuous_session_only():
    assert local_schedule(Timetable.HK_CONTINUOUS_ONLY) == [
        "05 09:30:00 continuous",
        "05 12:00:00 break",
        "05 13:00:00 continuous",
        "05 16:00:00 closed",
    ]
    assert local_schedule(Timetable.HK_NO_CLOSING_AUCTION)[-1] == "05 16:00:00 closed"
    assert local_schedule(Timetable.HK_NO_CLOSING_AUCTION)[0] == "05 09:00:00 pre_open_input"


def test_a_us_day_begins_on_the_evening_before_and_a_half_day_ends_at_five():
    assert local_schedule(Timetable.US) == [
        "04 20:00:00 overnight",
        "05 03:50:00 overnight_quotes",
        "05 04:00:00 pre",
        "05 09:30:00 regular",
        "05 16:00:00 post",
        "05 20:00:00 closed",
    ]
    assert local_schedule(Timetable.US, half=True)[-2:] == [
        "05 13:00:00 post",
        "05 17:00:00 closed",
    ]


@pytest.mark.parametrize(
    ("timetable", "day", "last"),
    [
        (Timetable.SH, date(2018, 8, 17), "continuous"),
        (Timetable.SH, date(2018, 8, 20), "close_auction"),
        (Timetable.SZ, date(2018, 8, 17), "close_auction"),
        (Timetable.SH_FUND, date(2026, 7, 3), "continuous"),
        (Timetable.SH_FUND, date(2026, 7, 6), "close_auction"),
    ],
)
def test_the_mainland_closing_auction_came_at_different_dates(timetable, day, last):
    lines = local_schedule(timetable, day=day)
    assert lines[-2].endswith(last)
    assert lines[-1].endswith("15:00:00 closed")


def test_the_hk_break_takes_cancels_only_in_its_second_half():
    spans = day_spans(Timetable.HK, DAY, False)
    breaks = [span for span in spans if span.state.phase is Phase.BREAK]
    assert [span.state.cancel for span in breaks] == [False, True]
    assert breaks[1].begin == datetime(2026, 1, 5, 4, 30, tzinfo=UTC)


def test_an_empty_random_stage_is_left_out():
    ends = AuctionEnds(opening=timedelta(0), closing=timedelta(0))
    phases = [span.state.phase for span in day_spans(Timetable.HK, DAY, False, ends)]
    assert Phase.PRE_OPEN_RANDOM not in phases
    assert Phase.CLOSING_RANDOM not in phases


@given(timetables, instants, draws)
def test_an_instant_has_exactly_one_phase(timetable, at, ends):
    calendar = calendars()[TIMETABLE_MARKETS[timetable]]
    state = phase_at(timetable, at, calendar, ends)
    around = [at.date() + timedelta(days=n) for n in (-1, 0, 1, 2)]
    holding = [
        span.state
        for day in around
        if calendar.is_trading_day(day)
        for span in day_spans(timetable, day, calendar.is_half_day(day), ends)
        if span.begin <= at < span.end
    ]
    assert len(holding) <= 1
    assert state == (holding[0] if holding else CLOSED)


@given(timetables, st.dates(date(2010, 1, 1), date(2034, 12, 31)), st.booleans(), draws)
def test_the_phases_of_a_day_follow_each_other_without_gap(timetable, day, half, ends):
    spans = day_spans(timetable, day, half, ends)
    assert all(one.end == other.begin for one, other in pairwise(spans))
    assert all(span.begin < span.end for span in spans)
    for span in spans:
        names = [order_type.name for order_type in span.state.order_types]
        assert names == sorted(names)
        assert span.state.trading_day == day


@given(timetables, instants)
def test_the_phase_belongs_to_the_trading_day_of_its_instant(timetable, at):
    calendar = calendars()[TIMETABLE_MARKETS[timetable]]
    state = phase_at(timetable, at, calendar)
    if state is not CLOSED:
        assert state.trading_day == trading_day_of(TIMETABLE_MARKETS[timetable], at, calendar)


def test_the_end_of_overnight_trading_is_a_setting():
    at = datetime(2026, 1, 5, 8, 55, tzinfo=UTC)  # 03:55 in New York
    calendar = calendars()[Market.US]
    rules = PhaseRules(overnight_until=time(3, 59, 30))
    assert phase_at(Timetable.US, at, calendar).phase is Phase.OVERNIGHT_QUOTES
    assert phase_at(Timetable.US, at, calendar, rules=rules).phase is Phase.OVERNIGHT


@pytest.mark.parametrize(
    ("market", "at", "day"),
    [
        (Market.HK, "2026-01-05T16:30:00+00:00", date(2026, 1, 6)),
        (Market.HK, "2026-02-17T02:00:00+00:00", None),
        (Market.US, "2026-01-09T19:59:59-05:00", date(2026, 1, 9)),
        (Market.US, "2026-01-09T20:00:00-05:00", None),
        (Market.US, "2026-01-11T20:00:00-05:00", date(2026, 1, 12)),
        (Market.US, "2026-11-25T20:00:00-05:00", None),
        (Market.US, "2026-11-26T20:00:00-05:00", date(2026, 11, 27)),
    ],
)
def test_whose_day_an_instant_is(market, at, day):
    assert trading_day_of(market, datetime.fromisoformat(at), calendars()[market]) == day


def test_continuous_trading_for_the_clock():
    def local(market: Market, half: bool = False) -> list[str]:
        zone = MARKET_ZONES[market]
        spans = continuous_spans(market, DAY, half)
        return [f"{b.astimezone(zone):%H:%M}-{e.astimezone(zone):%H:%M}" for b, e in spans]

    assert local(Market.HK) == ["09:30-12:00", "13:00-16:00"]
    assert local(Market.HK, half=True) == ["09:30-12:00"]
    assert local(Market.US) == ["09:30-16:00"]
    assert local(Market.US, half=True) == ["09:30-13:00"]
    assert local(Market.CN) == ["09:30-11:30", "13:00-14:57"]
    assert continuous_span(Market.HK, DAY, False) == (
        datetime(2026, 1, 5, 1, 30, tzinfo=UTC),
        datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("market", "utc"),
    [
        (Market.US, datetime(2026, 1, 5, 14, 20, tzinfo=UTC)),
        (Market.HK, datetime(2026, 1, 5, 0, 50, tzinfo=UTC)),
        (Market.CN, datetime(2026, 1, 5, 1, 0, tzinfo=UTC)),
        (Market.SG, datetime(2026, 1, 5, 0, 20, tzinfo=UTC)),
    ],
)
def test_the_day_is_reset_before_the_market_opens(market, utc):
    assert day_reset(market, DAY) == utc


def test_published_sessions_are_times_that_clients_can_read():
    rows = [row for market in Market for row in session_rows(market)]
    for row in [*rows, OVERNIGHT_ROW]:
        for hhmm in (row.begin_hhmm, row.end_hhmm):
            assert 0 <= hhmm // 100 <= 23
            assert hhmm % 100 <= 59
    us = [(row.begin_hhmm, row.end_hhmm, row.session) for row in session_rows(Market.US)]
    assert us == [
        (930, 1600, TradeSession.NORMAL),
        (400, 930, TradeSession.PRE),
        (1600, 2000, TradeSession.POST),
    ]


@pytest.mark.parametrize(
    ("symbol", "timetable"),
    [
        ("700.HK", Timetable.HK),
        ("2800.HK", Timetable.HK),
        ("HSI.HK", Timetable.HK),
        ("AAPL.US", Timetable.US),
        ("600519.SH", Timetable.SH),
        ("510300.SH", Timetable.SH_FUND),
        ("000001.SZ", Timetable.SZ),
    ],
)
def test_a_security_follows_the_timetable_of_its_kind(symbol, timetable):
    assert timetable_of(instruments()[Symbol(symbol)]) is timetable


@pytest.mark.parametrize(
    ("symbol", "board", "cls", "pos", "timetable"),
    [
        ("66642.HK", Board.HK_WARRANT, SecurityClass.WARRANT, False, Timetable.HK_CONTINUOUS_ONLY),
        ("4001.HK", Board.HK_EQUITY, SecurityClass.EQUITY, True, Timetable.HK_NO_CLOSING_AUCTION),
        (
            "AAPL260116C100000.US",
            Board.US_OPTION,
            SecurityClass.OPTION_PENNY,
            False,
            Timetable.US_OPTION,
        ),
        (
            "SPY260116C600000.US",
            Board.US_OPTION_S,
            SecurityClass.OPTION_ALL_PENNY,
            False,
            Timetable.US_OPTION_LATE,
        ),
        ("D05.SG", Board.SG_MAIN, SecurityClass.STOCK, False, Timetable.SG),
    ],
)
def test_derivatives_have_timetables_of_their_own(symbol, board, cls, pos, timetable):
    names = {"name_en": "x", "name_cn": "x", "name_hk": "x", "exchange": "x", "currency": "USD"}
    one = Instrument(
        symbol=Symbol(symbol),
        lot_size=1,
        board=board,
        security_class=cls,
        pos_eligible=pos,
        **names,
    )
    assert timetable_of(one) is timetable


def test_the_us_takes_market_orders_in_regular_hours_only():
    takes = {
        span.state.phase: OrderType.MO in span.state.order_types
        for span in day_spans(Timetable.US, DAY, False)
    }
    assert [phase for phase, market_orders in takes.items() if market_orders] == [Phase.REGULAR]
