"""Merging changes for a slow reader leaves it where the single changes would have."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portway.model.quote import TradeSession
from portway.quotes.board import Board
from portway.quotes.changes import complete, merge_changes
from tests.quotes import streams
from tests.quotes.streams import US

NAMES = ("last_done", "open", "high", "low", "volume", "turnover")


def shown_after(changes):
    """What a client shows that keeps its value where the new one is empty or zero."""
    shown = dict.fromkeys(NAMES, 0)
    for change in changes:
        shown |= {name: value for name in NAMES if (value := getattr(change, name))}
    last = changes[-1]
    return shown, (last.session, last.at, last.status)


@given(data=st.data(), day=streams.days)
def test_merged_changes_leave_a_client_where_the_single_ones_do(data, day):
    board = Board(day.symbol, day.day, day.parts, Decimal(100), is_option=day.is_option)
    changes = [
        change
        for event in data.draw(streams.events(day))
        if (change := board.apply(event).quote) is not None
    ]
    if not changes:
        return
    cut = data.draw(st.integers(0, len(changes) - 1))
    merged = changes[cut]
    for change in changes[cut + 1 :]:
        merged = merge_changes(merged, change)
    assert shown_after([*changes[:cut], merged]) == shown_after(changes)
    assert merged.full == changes[-1].full
    if len({change.session for change in changes[cut:]}) == 1:
        assert merged.current_volume == sum(change.current_volume for change in changes[cut:])
        turnovers = [change.current_turnover for change in changes[cut:]]
        assert merged.current_turnover == sum(turnovers)


def test_a_merge_over_sessions_gives_the_later_one_whole():
    board = Board(US.symbol, US.day, US.parts, Decimal(100))
    board.apply(US.trade("09:30:00", "102", 10))
    earlier = board.apply(US.trade("09:29:59", "99", 7, session=TradeSession.PRE)).quote
    later = board.apply(US.trade("09:30:01", "102", 10)).quote
    merged = merge_changes(earlier, later)
    assert (merged.last_done, merged.open, merged.volume, merged.current_volume) == (
        102,
        102,
        20,
        10,
    )


def test_complete_gives_every_value():
    board = Board(US.symbol, US.day, US.parts, Decimal(100))
    board.apply(US.trade("09:30:00", "102", 10))
    change = board.apply(US.trade("09:30:01", "102", 10)).quote
    assert (change.open, complete(change).open) == (None, 102)
    assert complete(change).turnover == board.quote().turnover
