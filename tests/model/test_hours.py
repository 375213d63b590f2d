from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.hours import regular_parts, trading_hours
from portway.model.instrument import Board
from portway.model.quote import TradeSession
from portway.model.symbol import MARKET_ZONES, Market

S = TradeSession
DAY = date(2026, 1, 5)


def local(market: Market, day: date, half: bool, board: Board | None = None) -> list[str]:
    zone = MARKET_ZONES[market]
    return [
        f"{part.session.name} {part.begin.astimezone(zone):%d %H:%M}"
        f"-{part.end.astimezone(zone):%d %H:%M} {part.grace.seconds // 60}"
        for part in trading_hours(market, board).parts(day, half)
    ]


def test_hk_has_two_parts_and_a_grace_after_the_last():
    assert local(Market.HK, DAY, False) == [
        "NORMAL 05 09:30-05 12:00 0",
        "NORMAL 05 13:00-05 16:00 10",
    ]
    assert local(Market.HK, DAY, True) == ["NORMAL 05 09:30-05 12:00 10"]


def test_cn_runs_to_three_and_knows_no_half_day():
    whole = ["NORMAL 05 09:30-05 11:30 0", "NORMAL 05 13:00-05 15:00 10"]
    assert local(Market.CN, DAY, False) == whole
    assert local(Market.CN, DAY, True) == whole


def test_sg_has_a_grace_of_five_minutes():
    assert local(Market.SG, DAY, False)[-1] == "NORMAL 05 13:00-05 17:15 5"
    assert local(Market.SG, DAY, True) == ["NORMAL 05 09:00-05 12:15 5"]


def test_the_us_day_begins_on_the_evening_before_it():
    assert local(Market.US, DAY, False) == [
        "OVERNIGHT 04 20:00-05 00:00 0",
        "OVERNIGHT 05 00:00-05 04:00 0",
        "PRE 05 04:00-05 09:30 0",
        "NORMAL 05 09:30-05 16:00 0",
        "POST 05 16:00-05 20:00 0",
    ]
    assert local(Market.US, DAY, True)[-2:] == [
        "NORMAL 05 09:30-05 13:00 0",
        "POST 05 13:00-05 17:00 0",
    ]


@pytest.mark.parametrize(
    ("board", "half", "expected"),
    [
        (Board.US_OPTION, False, ["NORMAL 05 09:30-05 16:00 0"]),
        (Board.US_OPTION_S, False, ["NORMAL 05 09:30-05 16:15 0"]),
        (Board.US_OPTION_S, True, ["NORMAL 05 09:30-05 13:15 0"]),
        (Board.US_NSDQ, False, ["NORMAL 05 09:30-05 16:00 0"]),
        (
            Board.VIX_INDEX,
            True,
            ["NORMAL 05 03:15-05 09:25 0", "NORMAL 05 09:30-05 13:15 0"],
        ),
    ],
)
def test_some_us_boards_have_hours_of_their_own(board, half, expected):
    assert local(Market.US, DAY, half, board) == expected


@given(
    st.sampled_from(list(Market)),
    st.sampled_from([None, Board.US_OPTION, Board.US_OPTION_S, Board.VIX_INDEX]),
    st.dates(date(2000, 1, 3), date(2035, 12, 28)),
    st.booleans(),
)
def test_parts_never_overlap_and_are_in_utc(market, board, day, half):
    parts = trading_hours(market, board).parts(day, half)
    following = trading_hours(market, board).parts(day + timedelta(days=1), half)
    for part in parts:
        assert part.begin.tzinfo is UTC
        assert part.begin < part.end
        # Summer time begins and ends in the night of a Sunday: never within a part of a weekday.
        if day.weekday() < 5:
            assert part.end - part.begin <= timedelta(hours=7)
    for one, other in pairwise([*parts, *following]):
        assert one.end + one.grace <= other.begin


def test_parts_follow_summer_time():
    winter, summer = (
        regular_parts(Market.US, day, False)[0] for day in (date(2026, 3, 6), date(2026, 3, 9))
    )
    assert winter.begin == datetime(2026, 3, 6, 14, 30, tzinfo=UTC)
    assert summer.begin == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)


def test_regular_parts_leave_out_the_extended_sessions():
    assert [part.session for part in regular_parts(Market.US, DAY, False)] == [S.NORMAL]
    assert len(regular_parts(Market.HK, DAY, False)) == 2
