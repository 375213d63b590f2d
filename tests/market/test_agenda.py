"""What falls due by the clock: sessions that open and end, trading days that begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portway.market.agenda import Agenda
from portway.market.days import TradingDays, begin_of_day
from portway.market.reference import calendars
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    SessionEnded,
    SessionOpened,
    TradingDayStarted,
)
from portway.model.symbol import MARKET_ZONES, Market

CALENDARS = calendars()
AGENDA = Agenda(CALENDARS)
DAYS = TradingDays(CALENDARS)
NY, HK = ZoneInfo("America/New_York"), ZoneInfo("Asia/Hong_Kong")


def described(market: Market, begin: datetime, end: datetime) -> list[str]:
    zone = MARKET_ZONES[market]
    names = {TradingDayStarted: "day", SessionOpened: "open", SessionEnded: "end"}
    names |= {AuctionOpened: "auction", AuctionLocked: "locked", AuctionEnded: "matched"}
    return [
        f"{one.at.astimezone(zone):%d %H:%M:%S} {names[type(one)]}".replace(":00 ", " ", 1)
        + _what(one)
        for one in AGENDA.between(market, begin, end)
    ]


def _what(due) -> str:
    if isinstance(due, SessionOpened | SessionEnded):
        return f" {due.session.name}"
    return "" if isinstance(due, TradingDayStarted) else f" {due.auction.name}"


def test_a_hong_kong_day_opens_twice_and_ends_with_the_closing_auction():
    begin = datetime(2026, 1, 5, 0, 0, tzinfo=HK) - timedelta(seconds=1)
    assert described(Market.HK, begin, begin + timedelta(days=1)) == [
        "05 00:00 day",
        "05 09:00 auction OPENING",
        "05 09:15 locked OPENING",
        "05 09:22 matched OPENING",
        "05 09:30 open NORMAL",
        "05 13:00 open NORMAL",
        "05 16:01 auction CLOSING",
        "05 16:06 locked CLOSING",
        "05 16:10 matched CLOSING",
        "05 16:10 end NORMAL",
    ]


def test_a_hong_kong_half_day_ends_at_noon():
    begin = datetime(2025, 12, 24, 0, 0, tzinfo=HK) - timedelta(seconds=1)
    assert described(Market.HK, begin, begin + timedelta(days=1)) == [
        "24 00:00 day",
        "24 09:00 auction OPENING",
        "24 09:15 locked OPENING",
        "24 09:22 matched OPENING",
        "24 09:30 open NORMAL",
        "24 12:01 auction CLOSING",
        "24 12:06 locked CLOSING",
        "24 12:10 matched CLOSING",
        "24 12:10 end NORMAL",
    ]


def test_a_us_day_begins_with_the_overnight_session_of_the_evening_before():
    begin = datetime(2026, 1, 5, 19, 0, tzinfo=NY)
    assert described(Market.US, begin, begin + timedelta(days=1)) == [
        "05 20:00 end POST",
        "05 20:00 day",
        "05 20:00 open OVERNIGHT",
        "06 04:00 end OVERNIGHT",
        "06 04:00 open PRE",
        "06 09:30 end PRE",
        "06 09:30 open NORMAL",
        "06 16:00 open POST",
        "06 16:00:02 end NORMAL",  # After the print of the closing cross.
    ]


def test_a_mainland_auction_is_matched_after_its_print_has_been_heard():
    begin = datetime(2026, 1, 5, 9, 0, tzinfo=HK)
    assert described(Market.CN, begin, begin + timedelta(hours=7)) == [
        "05 09:15 auction OPENING",
        "05 09:25:02 matched OPENING",
        "05 09:30 open NORMAL",
        "05 13:00 open NORMAL",
        "05 14:57 auction CLOSING",
        "05 15:00:02 matched CLOSING",
        "05 15:00:03 end NORMAL",
    ]


def test_no_overnight_session_begins_on_a_friday():
    friday = datetime(2026, 1, 9, 20, 0, tzinfo=NY)
    assert described(Market.US, friday, friday + timedelta(days=1)) == []
    assert DAYS.shown_at(Market.US, friday + timedelta(hours=5)) == date(2026, 1, 9)
    assert DAYS.shown_at(Market.US, friday + timedelta(days=2)) == date(2026, 1, 12)


@given(
    market=st.sampled_from([Market.HK, Market.US, Market.CN]),
    minutes=st.integers(0, 60 * 24 * 60),
    cuts=st.lists(st.integers(0, 60 * 24 * 10), max_size=6),
)
def test_the_agenda_does_not_depend_on_how_the_way_is_cut(market, minutes, cuts):
    begin = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends = [begin + timedelta(minutes=cut) for cut in sorted(cuts)]
    pieces = [
        one
        for left, right in zip([begin, *ends], ends, strict=False)
        for one in AGENDA.between(market, left, right)
    ]
    assert pieces == (AGENDA.between(market, begin, ends[-1]) if ends else [])


@given(market=st.sampled_from([Market.HK, Market.US, Market.CN]), minutes=st.integers(0, 10**6))
def test_a_session_runs_from_its_opening_to_its_end_and_the_day_shown_holds_it(market, minutes):
    at = datetime(2024, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes)
    day = DAYS.shown_at(market, at)
    assert begin_of_day(market, day) <= at < DAYS.next_begin(market, day)
    session = AGENDA.session_at(market, day, at)
    if session is not None:
        assert session not in AGENDA.ended_at(market, day, at)
        assert CALENDARS[market].is_trading_day(day)
