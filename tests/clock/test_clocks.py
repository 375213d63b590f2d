"""The three clocks: where they start, how they move, and that they never go back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.clock import (
    AtClock,
    Clock,
    ClockError,
    ClockMode,
    ClockPosition,
    OpenClock,
    WallClock,
    parse_clock,
    start_clock,
)
from portway.clock.start import CLOCK_MARKETS
from portway.market.reference import calendars
from portway.model.session import continuous_spans
from portway.model.symbol import MARKET_ZONES, Market

CALENDARS = calendars()
HK, NY = ZoneInfo("Asia/Hong_Kong"), ZoneInfo("America/New_York")
SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)  # Every market is closed.


def local(clock: Clock, market: Market) -> str:
    return clock.now(market).astimezone(MARKET_ZONES[market]).strftime("%Y-%m-%d %H:%M:%S")


def run(clock: Clock, elapsed: timedelta) -> list[tuple[dict[Market, datetime], bool]]:
    return [(dict(leg.targets), leg.silent) for leg in clock.legs(elapsed)]


def test_a_fresh_open_clock_stands_one_hour_after_the_latest_opening():
    clock = start_clock(None, None, CALENDARS, SUNDAY)
    assert isinstance(clock, OpenClock)
    assert local(clock, Market.HK) == "2026-11-20 10:30:00"
    assert local(clock, Market.US) == "2026-11-20 10:30:00"
    assert local(clock, Market.CN) == "2026-11-20 10:30:00"


def test_a_fresh_open_clock_never_stands_in_the_future():
    early = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 09:00 in Hong Kong, Thursday evening in NY
    clock = start_clock(None, None, CALENDARS, early)
    assert local(clock, Market.HK) == "2026-11-19 10:30:00"
    assert local(clock, Market.US) == "2026-11-19 10:30:00"


def test_the_open_clock_skips_lunch_silently():
    clock = start_clock(None, None, CALENDARS, SUNDAY)
    legs = run(clock, timedelta(minutes=91))
    assert local(clock, Market.CN) == "2026-11-20 13:31:00"  # 60 minutes to 11:30, 31 after 13:00
    assert local(clock, Market.HK) == "2026-11-20 13:01:00"
    assert local(clock, Market.US) == "2026-11-20 12:01:00"
    assert [silent for _, silent in legs] == [False, True, False, True, False]


def test_when_the_first_market_comes_to_its_end_all_roll_together():
    clock = start_clock(None, None, CALENDARS, SUNDAY)
    run(clock, timedelta(minutes=60 + 112))  # CN: to 11:30, then 13:00 to 14:52
    assert local(clock, Market.CN) == "2026-11-23 10:30:00"
    assert local(clock, Market.HK) == "2026-11-23 10:30:00"
    assert local(clock, Market.US) == "2026-11-23 10:30:00"


def test_each_market_rolls_to_its_own_next_trading_day():
    before_thanksgiving = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
    clock = start_clock(None, None, CALENDARS, before_thanksgiving)
    assert local(clock, Market.US) == "2026-11-25 10:30:00"
    run(clock, timedelta(minutes=172))
    assert local(clock, Market.US) == "2026-11-27 10:30:00"
    assert local(clock, Market.HK) == "2026-11-26 10:30:00"


@given(steps=st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
def test_an_open_clock_is_always_in_continuous_trading_and_never_goes_back(steps):
    clock = start_clock(None, None, CALENDARS, SUNDAY)
    seen = [dict(clock.instants)]
    for seconds in steps:
        run(clock, timedelta(seconds=seconds))
        seen.append(dict(clock.instants))
    for market in CLOCK_MARKETS:
        assert all(a[market] <= b[market] for a, b in pairwise(seen))
        for instants in seen:
            at = instants[market]
            day = at.astimezone(MARKET_ZONES[market]).date()
            spans = continuous_spans(market, day, CALENDARS[market].is_half_day(day))
            assert any(begin <= at < end for begin, end in spans)


@given(cuts=st.lists(st.integers(1, 5_000), min_size=1, max_size=20))
def test_the_way_does_not_depend_on_how_it_is_cut(cuts):
    whole, parts = (start_clock(None, None, CALENDARS, SUNDAY) for _ in range(2))
    run(whole, timedelta(seconds=sum(cuts)))
    for cut in cuts:
        run(parts, timedelta(seconds=cut))
    assert whole.instants == parts.instants


def test_a_leg_that_fails_leaves_the_clock_where_it_stood():
    clock = start_clock(None, None, CALENDARS, SUNDAY)
    stood = dict(clock.instants)
    legs = clock.legs(timedelta(seconds=5))
    next(legs)
    legs.close()
    assert clock.instants == stood


def test_at_is_one_instant_for_all_markets_and_jumps_forward_only():
    clock = start_clock(parse_clock("at 2013-10-07T09:30:00-04:00"), None, CALENDARS, SUNDAY)
    assert isinstance(clock, AtClock)
    assert set(clock.instants.values()) == {datetime(2013, 10, 7, 13, 30, tzinfo=UTC)}
    (leg,) = clock.jump(datetime(2013, 10, 7, 20, 0, tzinfo=UTC))
    assert leg.silent
    with pytest.raises(ClockError, match="another --home"):
        clock.jump(datetime(2013, 10, 7, 19, 59, tzinfo=UTC))


def test_wall_follows_the_wall_and_refuses_to_be_stepped():
    clock = start_clock(parse_clock("wall"), None, CALENDARS, SUNDAY)
    assert isinstance(clock, WallClock)
    later = SUNDAY + timedelta(seconds=1)
    assert [leg.silent for leg in clock.flow(timedelta(seconds=1), later)] == [False]
    assert clock.now(Market.US) == later
    slept = later + timedelta(hours=8)
    assert [leg.silent for leg in clock.flow(timedelta(seconds=1), slept)] == [True]
    for refused in (lambda: clock.legs(timedelta(1)), lambda: clock.jump(slept)):
        with pytest.raises(ClockError, match="at INSTANT"):
            refused()
    with pytest.raises(ClockError):
        clock.set_speed(2)


def test_speed_and_pause():
    clock = start_clock(parse_clock("at 2026-01-05T09:30:00+08:00"), None, CALENDARS, SUNDAY, 60.0)
    (leg,) = clock.flow(timedelta(seconds=1), SUNDAY)
    assert leg.targets[Market.HK] == datetime(2026, 1, 5, 9, 31, tzinfo=HK)
    clock.paused = True
    assert not list(clock.flow(timedelta(seconds=1), SUNDAY))
    clock.paused = False
    clock.set_speed(0)
    assert not list(clock.flow(timedelta(seconds=1), SUNDAY))
    for speed in (-1, 1e9, float("nan")):
        with pytest.raises(ClockError):
            clock.set_speed(speed)


def test_a_restart_goes_on_where_the_home_stands():
    spec = parse_clock("at 2026-01-05T09:30:00+08:00")
    first = start_clock(spec, None, CALENDARS, SUNDAY)
    run(first, timedelta(hours=1))
    stored = ClockPosition.from_json(first.position().to_json())
    for wanted in (spec, None):
        again = start_clock(wanted, stored, CALENDARS, SUNDAY)
        assert again.mode is ClockMode.AT
        assert again.instants == first.instants
    later = parse_clock("at 2026-01-06T09:30:00+08:00")
    assert start_clock(later, stored, CALENDARS, SUNDAY).now(Market.HK) == later.instant


def test_another_mode_never_takes_the_home_back():
    stored = ClockPosition(ClockMode.AT, dict.fromkeys(CLOCK_MARKETS, SUNDAY + timedelta(days=30)))
    with pytest.raises(ClockError, match="cannot go back"):
        start_clock(parse_clock("wall"), stored, CALENDARS, SUNDAY)
    opened = start_clock(parse_clock("open"), stored, CALENDARS, SUNDAY)
    assert all(at >= SUNDAY + timedelta(days=30) for at in opened.instants.values())


def test_the_saved_position_reserves_what_may_be_shown_before_the_next_save():
    clock = start_clock(parse_clock("at 2026-01-05T09:30:00+08:00"), None, CALENDARS, SUNDAY, 10.0)
    stood = clock.now(Market.HK)
    assert clock.position(timedelta(seconds=3)).instants[Market.HK] == stood + timedelta(seconds=30)
    assert clock.position().instants[Market.HK] == stood


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("closed", "open, wall"),
        ("at", "open, wall"),
        ("at yesterday", "not an instant"),
        ("at 2026-01-05T09:30:00", "offset"),
        ("at 1999-01-05T09:30:00Z", "outside the world"),
        ("at 2036-01-05T09:30:00Z", "outside the world"),
        ("", "open, wall"),
    ],
)
def test_what_cannot_be_read_says_what_can(text, says):
    with pytest.raises(ClockError, match=says):
        parse_clock(text)


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"mode": "open"},
        {"mode": "x", "instants": {}},
        {"mode": "at", "instants": {}},
        {"mode": "at", "instants": {"HK": "2026-01-05T09:30:00"}},
    ],
)
def test_a_damaged_position_is_an_error_of_its_own(data):
    with pytest.raises(ClockError, match="unreadable"):
        ClockPosition.from_json(data)


@pytest.mark.parametrize("text", ["2026-01-05", "2026-01-05T09:30", "20260105T0930"])
def test_the_way_out_of_a_missing_offset_can_be_typed(text: str) -> None:
    with pytest.raises(ClockError) as refusal:
        parse_clock(f"at {text}")
    written = re.findall(r"write (\S+) \(Hong Kong\) or (\S+)$", str(refusal.value))[0]
    assert all(parse_clock(f"at {one}").instant for one in written)


@pytest.mark.parametrize("mode", ClockMode)
def test_a_position_without_one_of_the_markets_is_refused(mode):
    stored = ClockPosition(mode, {Market.HK: SUNDAY})
    with pytest.raises(ClockError, match="no instant of US, CN"):
        start_clock(None, stored, CALENDARS, SUNDAY)
