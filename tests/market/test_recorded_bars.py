"""Bars of recorded days: where they stand in for prints, and that they fold from the events."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.importers.lean import TradeBarRow
from portway.market.recorded import open_lean, source
from portway.market.recorded.day import bar_prints
from portway.model.quote import (
    Candlestick,
    Depth,
    Level,
    Period,
    Trade,
)
from tests.market.lean_files import DAY, ms, put_daily, put_rows, utc
from tests.market.tiny_days import (
    IBM,
    NEXT_DAY,
    NORMAL,
    POST,
    all_events,
    bars_of,
    bid,
    board_of,
    put_ticks,
    trade,
)

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
