"""The market runner: one order of events however time is cut, and nothing shown before its time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portway.market.reference import built_in
from portway.market.runner import CHUNK_EVENTS, MarketRunner
from portway.model.corporate_action import CorporateAction
from portway.model.quote import (
    Candlestick,
    DaySnapshot,
    Depth,
    Level,
    MarketEvent,
    Period,
    SubType,
    Trade,
    TradeSession,
)
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange

HK = ZoneInfo("Asia/Hong_Kong")
OPEN = datetime(2026, 1, 5, 9, 30, tzinfo=HK)
TENCENT, ALIBABA, APPLE = Symbol("700.HK"), Symbol("9988.HK"), Symbol("AAPL.US")


class Tape:
    """A source with prints and books at fixed instants, every second one of each."""

    def __init__(self, *symbols: Symbol, seconds: int = 3, days: int = 2) -> None:
        self._events = {s: list(self._tape(s, seconds, days)) for s in symbols}

    def _tape(self, symbol: Symbol, seconds: int, days: int) -> Iterator[MarketEvent]:
        session_open = OPEN if market_of(symbol) is Market.HK else OPEN + timedelta(hours=13)
        for day in range(days):
            for index in range(400):
                at = session_open + timedelta(days=day, seconds=index * seconds)
                price = Decimal(100 + index % 7)
                if index % 2:
                    yield Trade(symbol, at, price, 100)
                else:
                    level = (Level(price, 500, 1),)
                    ask = (Level(price + 1, 500, 1),)
                    yield Depth(symbol, at, ask, level)

    def symbols(self) -> Collection[Symbol]:
        return self._events.keys()

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        return [d for d in (date(2026, 1, 5), date(2026, 1, 6)) if first <= d <= last]

    def bars(self, symbol: Symbol, period: Period, first: date, last: date) -> list[Candlestick]:
        return []

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        return (event for event in self._events[symbol] if begin <= event.at < end)

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        return None

    def has_events(self, symbol: Symbol, day: date) -> bool:
        return bool(self.trading_days(symbol, day, day))

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        return True

    def prepare(self, symbol: Symbol, day: date) -> None:
        raise AssertionError("everything is prepared")

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        return Decimal(99)

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        return []


class Recorder:
    """What a listener was told."""

    def __init__(self, runner: MarketRunner) -> None:
        self.changes: list[tuple[Symbol, BoardChange]] = []
        self.refreshed: list[Symbol] = []
        runner.listen(self.on_change, self.on_refresh)

    def on_change(self, symbol: Symbol, change: BoardChange, board: Board) -> None:
        self.changes.append((symbol, change))

    def on_refresh(self, symbol: Symbol, board: Board) -> None:
        self.refreshed.append(symbol)


def make(*symbols: Symbol, at: datetime = OPEN) -> tuple[MarketRunner, Recorder]:
    instants = dict.fromkeys((Market.HK, Market.US, Market.CN), at)
    runner = MarketRunner(built_in(), [Tape(*symbols)], instants)
    return runner, Recorder(runner)


def go(runner: MarketRunner, to: datetime, *, silent: bool = False):
    targets = dict.fromkeys((Market.HK, Market.US, Market.CN), to)
    return [move for move in runner.advance(targets, silent=silent) if move is not None]


@given(cuts=st.lists(st.integers(0, 1300), max_size=8))
def test_what_is_told_does_not_depend_on_how_the_way_is_cut(cuts):
    whole, told = make(TENCENT, ALIBABA)
    parts, told_in_parts = make(TENCENT, ALIBABA)
    for runner in (whole, parts):
        runner.watch(TENCENT)
        runner.watch(ALIBABA)
        runner.work([TENCENT])
    moves = go(whole, OPEN + timedelta(seconds=1300))
    pieces = []
    for cut in [*sorted(cuts), 1300]:
        pieces += go(parts, OPEN + timedelta(seconds=cut))
    assert told.changes == told_in_parts.changes
    assert moves == pieces
    assert whole.board(TENCENT).snapshot() == parts.board(TENCENT).snapshot()


def test_the_end_of_a_stretch_is_exclusive():
    runner, told = make(TENCENT)
    runner.watch(TENCENT)
    go(runner, OPEN + timedelta(seconds=3))  # The second event falls on this very instant.
    assert len(told.changes) == 1
    go(runner, OPEN + timedelta(seconds=3, microseconds=1))
    assert len(told.changes) == 2


def test_a_symbol_nobody_looks_at_is_caught_up_when_it_is_asked_for():
    runner, told = make(TENCENT)
    assert runner.board(TENCENT).recent_trades() == ()
    go(runner, OPEN + timedelta(seconds=60))
    assert runner.events_folded == 0
    assert len(runner.board(TENCENT).recent_trades()) == 10
    assert told.changes == []


def test_long_ways_come_in_chunks_so_that_others_get_their_turn():
    runner, _ = make(TENCENT, ALIBABA)
    runner.watch(TENCENT)
    runner.watch(ALIBABA)
    targets = dict.fromkeys((Market.HK, Market.US, Market.CN), OPEN + timedelta(hours=1))
    folded = [0]
    for _ in runner.advance(targets, silent=False):
        folded.append(runner.events_folded)
    assert folded[-1] == 800
    assert all(later - earlier <= CHUNK_EVENTS for earlier, later in pairwise(folded))


def test_skipped_hours_refresh_watchers_and_still_tell_working_orders():
    runner, told = make(TENCENT, ALIBABA)
    runner.watch(ALIBABA)
    runner.work([TENCENT])
    moves = go(runner, OPEN + timedelta(seconds=600), silent=True)
    assert told.changes == []
    assert told.refreshed == [ALIBABA]
    assert {move.symbol for move in moves} == {TENCENT}
    assert len(moves) == 200
    assert all(move.session is TradeSession.NORMAL for move in moves)
    assert len(runner.board(ALIBABA).recent_trades()) == 100


def test_boards_turn_to_the_next_trading_day_and_numbers_go_on():
    runner, told = make(TENCENT)
    runner.watch(TENCENT)
    go(runner, OPEN + timedelta(hours=3))
    last = runner.board(TENCENT).next_sequence(SubType.QUOTE, runner.now(Market.HK))
    go(runner, OPEN + timedelta(days=1, seconds=4))
    board = runner.board(TENCENT)
    assert board.trading_day == date(2026, 1, 6)
    assert board.quote().volume == 100
    assert board.next_sequence(SubType.QUOTE, OPEN) == last + 1
    assert sum(change.trade is not None for _, change in told.changes) == 201


def test_one_source_wins_a_symbol_and_the_other_never_shows():
    instants = dict.fromkeys((Market.HK, Market.US, Market.CN), OPEN + timedelta(hours=1))
    first, second = Tape(TENCENT, seconds=1), Tape(TENCENT, APPLE)
    runner = MarketRunner(built_in(), [first, second], instants)
    assert runner.source(TENCENT) is first
    assert runner.source(APPLE) is second
    assert len(runner.board(TENCENT).recent_trades()) == 200


def test_idle_boards_are_bounded_and_a_symbol_comes_back_with_its_numbers():
    instants = dict.fromkeys((Market.HK, Market.US, Market.CN), OPEN)
    runner = MarketRunner(built_in(), [Tape(TENCENT, ALIBABA)], instants, idle_symbols_max=1)
    board = runner.board(TENCENT)
    number = board.next_sequence(SubType.DEPTH, OPEN + timedelta(days=9))
    assert runner.board(TENCENT) is board
    runner.board(ALIBABA)  # There is room for one.
    again = runner.board(TENCENT)
    assert again is not board
    assert again.next_sequence(SubType.DEPTH, OPEN) == number + 1


def test_unknown_symbols_have_no_board():
    runner, _ = make(TENCENT)
    assert runner.board(Symbol("999999.HK")) is None
    assert runner.board(APPLE) is None  # Listed, but no source has it.
    assert runner.instrument("999999.HK") is None
