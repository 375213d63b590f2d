"""Replay of tiny recorded days: events and their order, bars, snapshots, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.importers.lean import TradeBarRow
from portway.market.ports import MarketSource
from portway.market.recorded import QuoteFeed, RecordedDataError, RecordedSource, open_lean, source
from portway.market.recorded.day import bar_prints
from portway.model.calendar import Calendar
from portway.model.instrument import SecurityClass
from portway.model.quote import (
    Candlestick,
    Depth,
    Direction,
    Level,
    MarketEvent,
    Period,
    Trade,
    TradeSession,
)
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.adjust import forward_factors
from portway.quotes.board import Board
from tests.market.lean_files import DAY, ms, put_csv, put_daily, put_rows, utc

IBM = Symbol("IBM.US")
NORMAL, PRE, POST = TradeSession.NORMAL, TradeSession.PRE, TradeSession.POST
UP, DOWN, NEUTRAL = Direction.UP, Direction.DOWN, Direction.NEUTRAL
NEXT_DAY = date(2013, 10, 8)


def trade(clock: str, price: int, volume: int = 100, flags: str = "1", exchange: str = "Q") -> str:
    return f"{ms(clock)},{price},{volume},{exchange},{flags},0"


def bid(clock: str, price: int, size: int = 100, exchange: str = "Q") -> str:
    return f"{ms(clock)},{price},{size},0,0,{exchange},1,0"


def ask(clock: str, price: int, size: int = 100, exchange: str = "Q") -> str:
    return f"{ms(clock)},0,0,{price},{size},{exchange},1,0"


def put_ticks(root: Path, trades: Sequence[str], quotes: Sequence[str] = ()) -> RecordedSource:
    put_rows(root, "trade", "\n".join(trades))
    if quotes:
        put_rows(root, "quote", "\n".join(quotes))
    return open_lean(root)


def all_events(recorded: RecordedSource, symbol: Symbol = IBM) -> list[MarketEvent]:
    return list(recorded.ticks(symbol, utc("00:00"), utc("00:00") + timedelta(days=5)))


def trades_of(recorded: RecordedSource) -> list[Trade]:
    return [one for one in all_events(recorded) if isinstance(one, Trade)]


def bars_of(recorded: RecordedSource, period: Period = Period.ONE_MINUTE) -> list[Candlestick]:
    return list(recorded.bars(IBM, period, DAY, DAY))


def board_of(
    recorded: RecordedSource, events: Sequence[MarketEvent], *, half: bool = False
) -> Board:
    parts = trading_hours(Market.US).parts(DAY, half)
    board = Board(IBM, DAY, parts, recorded.prev_close(IBM, DAY) or Decimal(0))
    for event in events:
        board.apply(event)
    return board


# --- Events -----------------------------------------------------------------------------------


def test_prints_and_quotes_become_events(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("09:30:00.250", 1_821_400, 64, "20000020")],
        [bid("09:30", 1_821_300, 300, "P"), ask("09:30:00.100", 1_821_400, 200, "N")],
    )
    level_bid = Level(Decimal("182.13"), 300, 1)
    level_ask = Level(Decimal("182.14"), 200, 1)
    assert all_events(recorded) == [
        Depth(IBM, utc("09:30"), (), (level_bid,)),
        Depth(IBM, utc("09:30:00.100"), (level_ask,), (level_bid,)),
        Trade(IBM, utc("09:30:00.250"), Decimal("182.14"), 64, "F", UP, NORMAL),
    ]


def test_a_recorded_source_is_a_market_source(tmp_path: Path) -> None:
    recorded: MarketSource = put_ticks(tmp_path, [trade("10:00", 10)])
    assert list(recorded.symbols()) == [IBM]


def test_at_one_moment_prints_come_first_and_files_keep_their_order(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("10:00", 100), trade("10:00", 102), trade("10:00", 101), trade("10:01", 103)],
        [bid("10:00", 99), ask("10:00", 104), bid("10:00", 98), ask("10:01", 103)],
    )
    kinds = [type(one).__name__[0] for one in all_events(recorded)]
    assert "".join(kinds) == "TTTDDDTD"
    assert [int(one.price * 10_000) for one in trades_of(recorded)] == [100, 102, 101, 103]


def test_only_changes_of_the_best_quote_are_told(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("10:00", 100)],
        [
            bid("09:00", 100, exchange="N"),
            bid("09:01", 99, exchange="P"),
            bid("09:02", 100, exchange="N"),
            bid("09:03", 100, 50, exchange="P"),
        ],
    )
    depths = [one for one in all_events(recorded) if isinstance(one, Depth)]
    assert [(one.at, one.bids[0].volume, one.bids[0].order_num) for one in depths] == [
        (utc("09:00"), 100, 1),
        (utc("09:03"), 150, 2),
    ]


def test_how_quotes_are_read_may_be_said(tmp_path: Path) -> None:
    put_ticks(tmp_path, [trade("10:00", 100)], [bid("09:00", 100), bid("09:01", 99, exchange="P")])
    recorded = open_lean(tmp_path, feed=QuoteFeed.NATIONAL_BEST)
    depths = [one for one in all_events(recorded) if isinstance(one, Depth)]
    assert [one.bids[0].price for one in depths] == [Decimal("0.01"), Decimal("0.0099")]


def test_an_interval_is_half_open(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 1), trade("10:01", 2), trade("10:02", 3)])

    def prices(begin: str, end: str) -> list[int]:
        found = recorded.ticks(IBM, utc(begin), utc(end))
        return [int(one.price * 10_000) for one in found if isinstance(one, Trade)]

    assert prices("10:00", "10:02") == [1, 2]
    assert prices("10:00:00.001", "10:02:00.001") == [2, 3]
    assert prices("10:02", "10:00") == []
    assert prices("11:00", "12:00") == []


def test_days_follow_each_other(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", trade("10:00", 5), day=NEXT_DAY)
    recorded = put_ticks(tmp_path, [trade("10:00", 7)])
    assert [one.at for one in all_events(recorded)] == [utc("10:00"), utc("10:00", NEXT_DAY)]


def test_many_rows_cross_the_chunks_without_a_seam(tmp_path: Path) -> None:
    count = 10_000
    rows = [f"{36_000_000 + n},{1000 + n},{1 + n % 7},Q,1,0" for n in range(count)]
    quotes = [f"{36_000_000 + n},{900 + n},{1 + n},0,0,Q,1,0" for n in range(0, count, 3)]
    recorded = put_ticks(tmp_path, rows, quotes)
    found = trades_of(recorded)
    assert [int(one.price * 10_000) for one in found] == [1000 + n for n in range(count)]
    assert len(all_events(recorded)) == count + len(quotes)
    at = [one.at for one in all_events(recorded)]
    assert at == sorted(at)


# --- Sessions, types, directions --------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "flags", "session"),
    [
        ("04:00", "2000", PRE),
        ("09:29:59.999", "1", PRE),
        ("09:30", "1", NORMAL),
        ("15:59:59.999", "1", NORMAL),
        ("16:00", "1", POST),
        ("16:01:04", "80", NORMAL),
        ("16:01:04", "1000000", NORMAL),
        ("19:59:59", "2000", POST),
    ],
)
def test_the_session_follows_new_york_time(
    tmp_path: Path, clock: str, flags: str, session: TradeSession
) -> None:
    (found,) = trades_of(put_ticks(tmp_path, [trade(clock, 100, flags=flags)]))
    assert found.session is session


def test_a_half_day_ends_at_one(tmp_path: Path) -> None:
    calendar = Calendar(Market.US, DAY, NEXT_DAY, (DAY, NEXT_DAY), frozenset({DAY}))
    for day in (DAY, NEXT_DAY):
        put_rows(tmp_path, "trade", trade("13:00", 100), day=day)
    recorded = open_lean(tmp_path, calendar=calendar)
    assert [one.session for one in trades_of(recorded)] == [POST, NORMAL]
    assert bars_of(recorded)[0].session is POST
    assert bars_of(recorded, Period.DAY) == []


QUOTED = [bid("09:00", 100), ask("09:00", 110)]


@pytest.mark.parametrize(
    ("quotes", "rows", "direction"),
    [
        (QUOTED, [trade("10:00", 110)], UP),
        (QUOTED, [trade("10:00", 115)], UP),
        (QUOTED, [trade("10:00", 100)], DOWN),
        (QUOTED, [trade("10:00", 90)], DOWN),
        (QUOTED, [trade("10:00", 105)], NEUTRAL),
        (QUOTED, [trade("10:00", 110, exchange="D")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="40")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="100000")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="80000000")], UP),
        # The quotes of the same moment came after the print.
        ([*QUOTED, ask("10:00", 105), ask("10:01", 111)], [trade("10:00", 105)], NEUTRAL),
        # One side alone decides where it is reached; else the tick rule.
        (QUOTED[:1], [trade("10:00", 100)], DOWN),
        (QUOTED[:1], [trade("10:00", 101), trade("10:01", 102)], UP),
        ([], [trade("10:00", 101)], NEUTRAL),
        ([], [trade("10:00", 101), trade("10:01", 100)], DOWN),
        ([], [trade("10:00", 101), trade("10:01", 102), trade("10:02", 102)], UP),
        # Prices that were not set are no measure for the tick rule, and prints keep their own.
        ([], [trade("10:00", 101), trade("10:01", 90, flags="2"), trade("10:02", 100)], DOWN),
        # A locked market leaves it to the tick rule.
        (
            [bid("09:00", 100), ask("09:00", 100)],
            [trade("08:00", 101), trade("10:00", 100)],
            DOWN,
        ),
    ],
)
def test_direction(
    tmp_path: Path, quotes: list[str], rows: list[str], direction: Direction
) -> None:
    assert trades_of(put_ticks(tmp_path, rows, quotes))[-1].direction is direction


def test_unknown_and_suspicious_rows_are_counted(tmp_path: Path) -> None:
    rows = [
        trade("10:00", 100, flags="40000001"),
        trade("10:01", 100)[:-1] + "1",
        trade("10:02", 100, volume=0),
        trade("10:03", 100),
    ]
    recorded = put_ticks(tmp_path, rows, [bid("09:00", 99)])
    assert [one.trade_type for one in trades_of(recorded)] == ["", "H", ""]
    counts = recorded.counts
    assert (counts.days, counts.prints, counts.quotes) == (1, 3, 1)
    assert (counts.suspicious, counts.unknown_conditions, counts.without_volume) == (1, 1, 1)


# --- Bars stand in for prints -----------------------------------------------------------------

prices = st.integers(1, 30)
bars = st.builds(
    lambda found, spread, volume: TradeBarRow(
        34_200_000_000,
        found[0],
        max(found) + spread[0],
        max(1, min(found) - spread[1]),
        found[1],
        volume,
    ),
    st.tuples(prices, prices),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.integers(4, 5000),
)


@given(bars, st.sampled_from([1_000_000, 60_000_000]))
def test_prints_of_a_bar_fold_back_into_it(bar: TradeBarRow, length_us: int) -> None:
    prints = list(bar_prints(bar, length_us))
    found = [one.price for one in prints]
    assert (found[0], max(found), min(found), found[-1]) == bar[1:5]
    assert sum(one.volume for one in prints) == bar.volume
    assert all(one.volume > 0 for one in prints)
    times = [one.at_us for one in prints]
    assert times == sorted(set(times))
    assert bar.at_us == times[0]
    assert times[-1] < bar.at_us + length_us
    assert all(one != after for one, after in pairwise(found))
    assert len(prints) <= 4


@pytest.mark.parametrize(
    ("bar", "path"),
    [
        ((10, 10, 10, 10), [10]),
        ((10, 12, 10, 12), [10, 12]),
        ((10, 12, 9, 11), [10, 9, 12, 11]),
        ((11, 12, 9, 10), [11, 12, 9, 10]),
        ((12, 12, 9, 9), [12, 9]),
        ((10, 12, 9, 10), [10, 9, 12, 10]),
    ],
)
def test_the_path_of_a_bar(bar: tuple[int, int, int, int], path: list[int]) -> None:
    assert list(TradeBarRow(0, *bar, 100).path) == path


@pytest.mark.parametrize("resolution", ["second", "minute"])
def test_a_day_of_bars_is_replayed_and_folds_back(tmp_path: Path, resolution: str) -> None:
    rows = [(ms("09:30"), 10, 14, 8, 12, 1003), (ms("09:31"), 12, 12, 12, 12, 5)]
    rows += [(ms("16:00"), 13, 13, 11, 11, 40)]
    put_rows(
        tmp_path, "trade", "\n".join(",".join(map(str, one)) for one in rows), resolution=resolution
    )
    recorded = open_lean(tmp_path)
    found = bars_of(recorded)
    assert [
        tuple(int(price * 10_000) for price in (bar.open, bar.high, bar.low, bar.close))
        for bar in found
    ] == [one[1:5] for one in rows]
    assert [bar.volume for bar in found] == [one[5] for one in rows]
    assert [bar.session for bar in found] == [NORMAL, NORMAL, POST]
    (day,) = bars_of(recorded, Period.DAY)
    assert (day.open, day.close, day.volume) == (Decimal("0.001"), Decimal("0.0012"), 1008)


def test_quote_bars_show_their_close_at_their_end(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", f"{ms('09:30')},10,10,10,10,5", resolution="minute")
    quotes = [
        f"{ms('09:30')},1,9,1,8,300,12,13,11,11,200",
        f"{ms('09:31')},8,8,8,8,300,11,11,11,11,200",
        f"{ms('09:32')},8,8,8,8,300,0,0,0,0,0",
    ]
    put_rows(tmp_path, "quote", "\n".join(quotes), resolution="minute")
    depths = [one for one in all_events(open_lean(tmp_path)) if isinstance(one, Depth)]
    level_bid, level_ask = Level(Decimal("0.0008"), 300, 1), Level(Decimal("0.0011"), 200, 1)
    assert depths == [
        Depth(IBM, utc("09:30:59.999"), (level_ask,), (level_bid,)),
        Depth(IBM, utc("09:32:59.999"), (), (level_bid,)),
    ]


def test_the_finest_file_wins_for_prints_and_quotes_each(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", f"{ms('09:30')},90,90,90,90,5", resolution="minute")
    put_rows(tmp_path, "trade", f"{ms('09:30')},80,80,80,80,5", resolution="second")
    put_rows(tmp_path, "quote", f"{ms('09:30')},7,7,7,7,1,9,9,9,9,1", resolution="second")
    put_rows(tmp_path, "quote", f"{ms('09:30')},1,1,1,1,1,2,2,2,2,1", resolution="minute")
    recorded = put_ticks(tmp_path, [trade("09:30", 100)])
    print_, depth = all_events(recorded)
    assert isinstance(print_, Trade)
    assert isinstance(depth, Depth)
    assert print_.price == Decimal("0.01")
    assert depth.at == utc("09:30:00.999")


def test_a_day_with_quotes_alone_is_replayed_but_has_no_bars(tmp_path: Path) -> None:
    put_rows(tmp_path, "quote", bid("10:00", 100))
    recorded = open_lean(tmp_path)
    assert len(all_events(recorded)) == 1
    assert recorded.trading_days(IBM, DAY, DAY) == ()
    assert bars_of(recorded) == []
    assert recorded.snapshot(IBM, utc("11:00")) is None


@pytest.mark.parametrize("text", ["", "\n\r\n"])
def test_empty_files_are_a_day_without_prints(tmp_path: Path, text: str) -> None:
    put_rows(tmp_path, "trade", text)
    put_rows(tmp_path, "quote", text)
    put_daily(tmp_path, "20131007 00:00,10,12,9,11,100")
    recorded = open_lean(tmp_path)
    assert all_events(recorded) == []
    assert bars_of(recorded) == []
    (day,) = bars_of(recorded, Period.DAY)
    assert day.volume == 100
    snapshot = recorded.snapshot(IBM, utc("11:00"))
    assert snapshot is not None
    assert snapshot.trades == ()


# --- One truth --------------------------------------------------------------------------------

rows_of_a_day = st.lists(
    st.tuples(
        st.integers(ms("08:00"), ms("17:30")),
        st.integers(95, 115),
        st.integers(1, 300),
        st.sampled_from(["1", "20", "2", "80000000", "4800", "1000000", "80", "100000"]),
    ),
    max_size=25,
)
quotes_of_a_day = st.lists(
    st.tuples(st.integers(ms("08:00"), ms("17:30")), st.integers(90, 120), st.booleans()),
    max_size=15,
)


@given(
    rows_of_a_day,
    quotes_of_a_day,
    st.integers(ms("07:59"), ms("20:30")),
    st.sampled_from(["", "20131004 00:00,90,95,85,93,7"]),
)
def test_bars_and_snapshots_are_the_fold_of_the_events(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int, str]],
    quotes: list[tuple[int, int, bool]],
    at_ms: int,
    daily: str,
) -> None:
    root = tmp_path_factory.mktemp("lean")
    lines = [f"{at},{price},{size},Q,{flags},0" for at, price, size, flags in sorted(rows)]
    sides = [
        f"{at},{price},9,0,0,Q,1,0" if is_bid else f"{at},0,0,{price},9,Q,1,0"
        for at, price, is_bid in sorted(quotes)
    ]
    put_daily(root, daily)
    recorded = put_ticks(root, lines, sides)
    events = all_events(recorded)
    board = board_of(recorded, events)
    assert tuple(bars_of(recorded)) == board.minutes()
    candle = board.day_candle()
    priced = [candle] if candle is not None and candle.priced else []
    assert bars_of(recorded, Period.DAY) == priced
    at = utc("00:00") + timedelta(milliseconds=at_ms)
    if at < utc("20:00"):
        before = [one for one in events if one.at < at]
        assert recorded.snapshot(IBM, at) == board_of(recorded, before).snapshot()
    else:
        assert recorded.snapshot(IBM, at) is None


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
def test_snapshots_from_a_kept_board_are_the_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(source, "MARK_PRINTS", 4)
    rows = [trade(f"10:{number:02}", 100 + number * 3 % 7) for number in range(count)]
    recorded = put_ticks(tmp_path, rows)
    events = all_events(recorded)
    for minute in range(count + 1):
        at = utc(f"10:{minute:02}")
        before = [one for one in events if one.at < at]
        assert recorded.snapshot(IBM, at) == board_of(recorded, before).snapshot()


def test_a_snapshot_counts_quotes_of_the_evening_before(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", trade("10:00", 5), day=NEXT_DAY)
    recorded = put_ticks(tmp_path, [trade("10:00", 7)], [bid("19:59", 4), bid("20:00:00.122", 6)])
    snapshot = recorded.snapshot(IBM, utc("09:00", NEXT_DAY))
    assert snapshot is not None
    assert snapshot.trading_day == NEXT_DAY
    assert snapshot.depth is not None
    assert snapshot.depth.at == utc("20:00:00.122")
    put_rows(tmp_path, "trade", trade("20:30", 7))
    assert open_lean(tmp_path).snapshot(IBM, utc("09:00", NEXT_DAY)) is None


# --- Days and actions -------------------------------------------------------------------------


def test_days_without_prints_equal_the_daily_file(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131003 00:00,100000,120000,90000,110000,700\n20131004,1,1,1,1,0")
    recorded = put_ticks(tmp_path, [trade("10:00", 100), trade("11:00", 102, 50)])
    days = recorded.trading_days(IBM, date(2013, 1, 1), date(2014, 1, 1))
    assert list(days) == [date(2013, 10, 3), date(2013, 10, 4), DAY]
    assert recorded.trading_days(IBM, DAY, date(2014, 1, 1)) == (DAY,)
    old, empty, replayed = recorded.bars(IBM, Period.DAY, days[0], days[-1])
    assert old == Candlestick(
        utc("00:00", days[0]), Decimal(10), Decimal(12), Decimal(9), Decimal(11), 700, Decimal(7350)
    )
    assert empty.volume == 0
    assert empty.turnover == 0
    assert (replayed.open, replayed.close, replayed.volume) == (
        Decimal("0.01"),
        Decimal("0.0102"),
        150,
    )
    assert recorded.bars(IBM, Period.ONE_MINUTE, days[0], days[1]) == []


def test_longer_periods_are_the_callers_to_fold(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 100)])
    with pytest.raises(ValueError, match="WEEK"):
        recorded.bars(IBM, Period.WEEK, DAY, DAY)


def test_a_symbol_that_is_not_recorded_has_nothing(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 100)])
    other = Symbol("700.HK")
    assert other not in recorded.symbols()
    assert list(recorded.ticks(other, utc("00:00"), utc("23:00"))) == []
    assert recorded.bars(other, Period.DAY, DAY, DAY) == []
    assert recorded.trading_days(other, DAY, DAY) == ()
    assert recorded.snapshot(other, utc("12:00")) is None
    assert recorded.prev_close(other, DAY) is None
    assert recorded.corporate_actions(other) == ()
    recorded.prepare(other, DAY)


DAILY = "".join(
    f"201310{day:02} 00:00,{price},{price},{price},{price},10\n"
    for day, price in [(1, 6_400_000), (2, 6_456_000), (3, 922_000), (4, 930_000)]
)


def test_previous_closes_and_splits(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    factors = "19980102,0.9,0.1428571,1\n20131002,0.9,0.1428571,645.6\n20501231,0.9,1,0\n"
    put_csv(tmp_path, "factor_files", factors)
    recorded = open_lean(tmp_path)
    assert recorded.prev_close(IBM, date(2013, 10, 1)) is None
    assert recorded.prev_close(IBM, date(2013, 10, 2)) == 640
    split_close = recorded.prev_close(IBM, date(2013, 10, 3))
    assert split_close is not None
    assert round(split_close, 6) == round(Decimal("645.6") / 7, 6)
    assert recorded.prev_close(IBM, date(2013, 10, 4)) == Decimal("92.2")
    assert recorded.prev_close(IBM, date(2013, 12, 1)) == 93
    (action,) = recorded.corporate_actions(IBM)
    assert action.ex_date == date(2013, 10, 3)
    assert (str(action.split), str(action.cash)) == ("7", "0")


def test_the_close_of_a_replayed_day_is_the_next_days_previous_close(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131007 00:00,10,20,5,15,1\n20131008 00:00,10,20,5,15,1")
    rows = [trade("10:00", 100), trade("15:59", 120), trade("16:01", 130, flags="80")]
    recorded = put_ticks(tmp_path, [*rows, trade("17:00", 140)])
    assert recorded.prev_close(IBM, NEXT_DAY) == Decimal("0.013")


@pytest.mark.parametrize(
    ("factors", "cash", "split"),
    [
        ("0.9890210,1,143", "1.57", "1"),
        ("0.9983300,1,100", "0.167", "1"),
        ("1,0.5,143", "0", "2"),
        ("1,8,143", "0", "0.125"),
        ("1,0.6666667,143", "0", "1.5"),
        ("1,0.997307,565.06", "0", "1.0027"),
        ("0.98,0.5,100", "2.00", "2"),
    ],
)
def test_terms_of_an_action(tmp_path: Path, factors: str, cash: str, split: str) -> None:
    units = int(Decimal(factors.rpartition(",")[2]) * 10_000)
    put_daily(tmp_path, f"20131002,{units},{units},{units},{units},1")
    put_csv(tmp_path, "factor_files", f"20131002,{factors}\n20501231,1,1,0")
    (action,) = open_lean(tmp_path).corporate_actions(IBM)
    assert (str(action.cash), str(action.split)) == (cash, split)


def test_the_recorded_close_measures_a_dividend_before_the_reference_price(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131002,1000000,1000000,1000000,1000000,1")
    factors = "20130902,0.97,1,50\n20131002,0.98,1,50\n20501231,1,1,0"
    put_csv(tmp_path, "factor_files", factors)
    early, late = open_lean(tmp_path).corporate_actions(IBM)
    assert (early.ex_date, late.ex_date) == (date(2013, 9, 3), date(2013, 10, 3))
    assert (round(early.cash, 2), late.cash) == (Decimal("0.51"), Decimal(2))


def test_an_ex_date_beyond_the_known_days_is_the_next_weekday(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_csv(tmp_path, "factor_files", "20131004,0.9,1,100\n20501231,1,1,0")
    (action,) = open_lean(tmp_path).corporate_actions(IBM)
    assert action.ex_date == date(2013, 10, 7)


def test_a_dividend_needs_a_price_to_be_measured_by(tmp_path: Path) -> None:
    put_daily(tmp_path, "20131003,1,1,1,1,1")
    path = put_csv(tmp_path, "factor_files", "20131002,0.9,1,0\n20501231,1,1,0")
    with pytest.raises(RecordedDataError) as caught:
        open_lean(tmp_path).corporate_actions(IBM)
    assert (caught.value.path, caught.value.line) == (path, 1)


steps = st.lists(
    st.tuples(
        st.integers(2_000, 90_000),  # close in cents
        st.integers(0, 150),  # dividend in basis points of the close
        st.sampled_from([1, 1, 1, 2, 3, 7]),
    ),
    min_size=1,
    max_size=12,
)


@given(steps)
def test_forward_adjustment_by_the_actions_gives_the_factors_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, int, int]]
) -> None:
    root = tmp_path_factory.mktemp("lean")
    day = date(2000, 1, 3)
    price, split = Decimal(1), Decimal(1)
    rows = ["20501231,1,1,0"]
    closes: dict[date, Decimal] = {}
    expected: dict[date, Decimal] = {}
    for number, (cents, points, ratio) in enumerate(reversed(found)):
        last = day + timedelta(days=7 * (len(found) - number))
        close = Decimal(cents) / 100
        price *= 1 - Decimal(points) / 10_000
        split /= ratio
        rows.append(f"{last:%Y%m%d},{price:.7f},{split:.9f},{close}")
        closes[last] = close
        expected[last] = Decimal(f"{price:.7f}") * Decimal(f"{split:.9f}")
    put_csv(root, "factor_files", "\n".join(reversed(rows)))
    daily = "\n".join(
        f"{last:%Y%m%d},{units},{units},{units},{units},1"
        for last, close in sorted(closes.items())
        for units in [int(close * 10_000)]
    )
    put_daily(root, daily)
    recorded = open_lean(root)
    pairs = []
    for action in recorded.corporate_actions(IBM):
        before = recorded.trading_days(IBM, date(1999, 1, 1), action.ex_date - timedelta(days=1))
        (bar,) = recorded.bars(IBM, Period.DAY, before[-1], before[-1])
        pairs.append((action, bar.close))
    factors = forward_factors(pairs)
    for last, factor in expected.items():
        assert abs(factors.at(last).price / factor - 1) < Decimal("0.00001")


# --- Instruments ------------------------------------------------------------------------------


def test_instruments_of_the_folder(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_daily(tmp_path, DAILY, ticker="spy")
    put_daily(tmp_path, DAILY, ticker="brk.b")
    put_csv(tmp_path, "map_files", "19930129,spy,P\n20501231,spy,P", ticker="spy")
    put_csv(tmp_path, "map_files", "20501231,ibm,N")
    brk, ibm, spy = open_lean(tmp_path).instruments()
    assert (brk.symbol, ibm.symbol, spy.symbol) == ("BRK.B.US", IBM, "SPY.US")
    assert (ibm.exchange, ibm.security_class, ibm.name_en) == ("NYSE", SecurityClass.STOCK, "IBM")
    assert (spy.exchange, spy.security_class) == ("AMEX", SecurityClass.ETF)
    assert spy.listing_date == date(1993, 1, 29)
    assert (ibm.currency, ibm.lot_size, ibm.board, ibm.market) == ("USD", 1, "USMain", Market.US)


# --- Damage and memory ------------------------------------------------------------------------


def test_damage_is_met_at_first_use_and_touches_nothing_else(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", "rubbish")
    put_rows(tmp_path, "trade", trade("10:00", 100), ticker="bac")
    put_rows(tmp_path, "trade", trade("10:00", 100), day=NEXT_DAY)
    recorded = open_lean(tmp_path)
    for _ in range(2):
        with pytest.raises(RecordedDataError) as caught:
            bars_of(recorded)
        assert (caught.value.path, caught.value.line) == (path, 1)
    with pytest.raises(RecordedDataError):
        recorded.prepare(IBM, DAY)
    with pytest.raises(RecordedDataError):
        recorded.snapshot(IBM, utc("12:00"))
    assert len(all_events(recorded, Symbol("BAC.US"))) == 1
    later = list(recorded.ticks(IBM, utc("00:00", NEXT_DAY), utc("23:00", NEXT_DAY)))
    assert len(later) == 1


def test_a_file_that_vanished(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", trade("10:00", 100))
    recorded = open_lean(tmp_path)
    path.unlink()
    with pytest.raises(RecordedDataError, match="cannot be read"):
        all_events(recorded)


def test_a_prepared_day_needs_its_files_no_more(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_rows(tmp_path, "quote", bid("20:00", 98), day=date(2013, 10, 6))
    recorded = put_ticks(tmp_path, [trade("10:00", 100)], [bid("09:00", 99)])
    worker = Thread(target=recorded.prepare, args=(IBM, DAY))
    worker.start()
    worker.join()
    for path in tmp_path.rglob("*.zip"):
        path.unlink()
    assert len(all_events(recorded)) == 2
    assert len(bars_of(recorded)) == 1
    snapshot = recorded.snapshot(IBM, utc("08:00"))
    assert snapshot is not None
    assert snapshot.depth is not None
    assert snapshot.depth.bids[0].price == Decimal("0.0098")
    assert recorded.prev_close(IBM, DAY) == 93


def test_a_day_is_not_read_before_its_first_moment(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", "rubbish", day=NEXT_DAY)
    recorded = put_ticks(tmp_path, [trade("10:00", 100)])
    assert len(list(recorded.ticks(IBM, utc("00:00"), utc("00:00", NEXT_DAY)))) == 1


def test_rows_about_no_shares_are_counted_on_a_day_without_others(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 100, volume=0)], [bid("09:00", 99)])
    assert len(all_events(recorded)) == 1
    assert recorded.counts.without_volume == 1


def test_days_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "DAYS_MAX", 3)
    days = [DAY + timedelta(days=number) for number in range(5)]
    for day in days:
        put_rows(tmp_path, "trade", trade("10:00", 100), day=day)
    recorded = open_lean(tmp_path)
    assert len(all_events(recorded)) == 5
    assert recorded.counts.days == 3
    assert len(all_events(recorded)) == 5


def test_events_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", trade("10:00", 100))
    put_rows(tmp_path, "trade", "rubbish", day=NEXT_DAY)
    events = open_lean(tmp_path).ticks(IBM, utc("00:00"), utc("23:00", NEXT_DAY))
    assert next(events).at == utc("10:00")
    with pytest.raises(RecordedDataError):
        next(events)
