"""Capital flow: the same however its prints are dealt, and adding up in every reading."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portway.model.hours import trading_hours
from portway.model.instrument import Board
from portway.model.quote import Direction, Trade, TradeSession
from portway.model.symbol import Market, Symbol
from portway.quotes.capital_flow import CapitalFlow

TENCENT = Symbol("700.HK")
DAY = date(2026, 1, 5)
PARTS = trading_hours(Market.HK, Board.HK_EQUITY).parts(DAY, False)
OPEN = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)

any_print = st.builds(
    lambda after, cents, volume, kind, direction, session: (after, Trade(
        TENCENT, OPEN, Decimal(cents) / 100, volume, kind, direction, session)),
    st.integers(0, 40_000_000),
    st.sampled_from([40_000, 40_010, 39_990]),
    st.integers(1, 30).map(lambda lots: lots * 100),
    st.sampled_from(["", "", "", "U", "X", "*"]),
    st.sampled_from(Direction),
    st.sampled_from([TradeSession.NORMAL, TradeSession.NORMAL, TradeSession.PRE]),
)  # fmt: skip


def in_time(drawn: list[tuple[int, Trade]]) -> list[Trade]:
    """Prints one after the other, each some microseconds after the one before."""
    found, at = [], OPEN
    for after, one in drawn:
        at += timedelta(microseconds=after)
        found.append(
            Trade(one.symbol, at, one.price, one.volume, one.trade_type, one.direction, one.session)
        )
    return found


@given(drawn=st.lists(any_print, max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_every_reading_is_that_of_the_prints_however_they_are_dealt(
    drawn: list[tuple[int, Trade]], cuts: list[int]
) -> None:
    trades = in_time(drawn)
    flow, place = CapitalFlow(Market.HK), 0
    for cut in [*sorted(cuts), len(trades)]:
        flow.add(trades[place:cut])
        place = max(place, cut)
        flow.distribution()  # a reading changes nothing
    counted = [
        one
        for one in trades
        if one.session is TradeSession.NORMAL and one.direction and one.trade_type in ("", "U")
    ]
    sold = sum((one.turnover for one in counted if one.direction is Direction.DOWN), Decimal(0))
    bought = sum((one.turnover for one in counted if one.direction is Direction.UP), Decimal(0))
    came_in, went_out = flow.distribution()
    assert (came_in.total, went_out.total) == (bought, sold)
    assert flow.net == bought - sold
    points = flow.minutes()
    assert [one.at for one in points] == sorted({one.at.replace(second=0, microsecond=0)
                                                 for one in counted})  # fmt: skip
    assert not points or points[-1].inflow == flow.net
    assert flow.latest == (counted[-1].at if counted else None)


@given(drawn=st.lists(any_print, max_size=40), minutes=st.integers(0, 500))
def test_the_line_has_a_point_for_each_minute_begun_and_ends_with_the_sum(
    drawn: list[tuple[int, Trade]], minutes: int
) -> None:
    trades = in_time(drawn)
    now = max(OPEN + timedelta(minutes=minutes), trades[-1].at if trades else OPEN)
    flow = CapitalFlow(Market.HK)
    flow.add(trades)
    line = flow.line(PARTS, now)
    stamps = [one.at for one in line]
    assert stamps == sorted(set(stamps))
    assert all(any(p.begin <= at < p.end for p in PARTS) for at in stamps)
    by_minute = {one.at: one.inflow for one in flow.minutes()}
    assert all(by_minute[one.at] == one.inflow for one in line if one.at in by_minute)
    assert line[-1].inflow == flow.net


def test_a_print_behind_the_close_makes_a_point_of_its_own() -> None:
    flow = CapitalFlow(Market.HK)
    last = PARTS[-1].end + timedelta(minutes=8)
    flow.add([Trade(TENCENT, last, Decimal(400), 100, "", Direction.UP)])
    line = flow.line(PARTS, last)
    assert (line[-1].at, line[-1].inflow) == (PARTS[-1].end, Decimal(40_000))
    assert line[-2].inflow == 0


def test_one_order_that_prints_in_pieces_is_one_trade() -> None:
    flow = CapitalFlow(Market.HK)
    pieces = [Trade(TENCENT, OPEN + timedelta(microseconds=n), Decimal(400), 100, "",
                    Direction.DOWN) for n in range(6)]  # fmt: skip
    flow.add(pieces)
    _, sold = flow.distribution()
    assert (sold.small, sold.medium, sold.large) == (0, 240_000, 0)
    flow.add([Trade(TENCENT, OPEN + timedelta(seconds=1), Decimal(400), 100, "", Direction.DOWN)])
    _, sold = flow.distribution()
    assert (sold.small, sold.medium, sold.large) == (40_000, 240_000, 0)
