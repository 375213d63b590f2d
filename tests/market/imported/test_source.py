"""The imported source keeps the promises of every market source: one truth of ticks and bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.market.imported.source import ImportedSource
from portway.market.importers.bars import Stamp
from portway.market.importers.portions import VolumeUnit
from portway.model.hours import trading_hours
from portway.model.instrument import Board as BoardOf
from portway.model.quote import Candlestick, IndexTick, Period, Trade
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board
from tests.market.bar_files import BAR_HEADER, DAY_HEADER, Home, minute_rows

HK = Symbol("700.HK")
DAY = date(2024, 3, 4)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def board_of(source: ImportedSource, symbol: Symbol, day: date) -> Board:
    """Fold a whole day's ticks, as a live board does."""
    market = market_of(symbol)
    hours = trading_hours(market, BoardOf.CN_IX if symbol == "000001.SH" else None)
    close = source.prev_close(symbol, day) or Decimal(0)
    board = Board(symbol, day, hours.parts(day, False), close)
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    for event in source.ticks(symbol, begin, begin + timedelta(days=1)):
        board.apply(event)
    return board


def assert_one_truth(source: ImportedSource, symbol: Symbol, day: date) -> None:
    board = board_of(source, symbol, day)
    assert list(board.minutes()) == list(source.bars(symbol, Period.ONE_MINUTE, day, day))
    (bar,) = source.bars(symbol, Period.DAY, day, day)
    assert board.day_candle() == bar


@st.composite
def minute_bars(draw: st.DrawFn) -> list[str]:
    found = []
    count = draw(st.integers(1, 12))
    for minute in range(count):
        low = draw(st.integers(500, 600))
        high = low + draw(st.integers(0, 9))
        opened, close = (draw(st.integers(low, high)) for _ in range(2))
        volume = draw(st.integers(4, 80)) * draw(st.sampled_from([1, 100]))
        money = draw(st.one_of(st.just(""), st.integers(low * volume, high * volume).map(str)))
        money = f"{int(money) / 100:.2f}" if money else ""
        prices = ",".join(f"{one / 100:.2f}" for one in (opened, high, low, close))
        found.append(f"600000.SH,2024-03-04 09:{30 + minute},{prices},{volume},{money}")
    return found


@settings(max_examples=25)
@given(rows=minute_bars())
def test_what_is_replayed_of_minute_bars_is_what_history_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    home = Home(tmp_path_factory.mktemp("bars"))
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    assert_one_truth(home.source(), Symbol("600000.SH"), DAY)


def test_an_index_moves_by_values_and_its_turnover_is_kept(home: Home) -> None:
    rows = ["000001.SH,2024-03-04 09:30,3000.1,3001.25,2999,3001,123456789,9876543210.5"]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    source = home.source()
    assert_one_truth(source, Symbol("000001.SH"), DAY)
    begin = datetime(2024, 3, 4, tzinfo=UTC)
    events = list(source.ticks(Symbol("000001.SH"), begin, begin + timedelta(days=1)))
    assert {type(one) for one in events} == {IndexTick}
    (bar,) = source.bars(Symbol("000001.SH"), Period.DAY, DAY, DAY)
    assert bar.turnover == Decimal("9876543210.5")


def test_mainland_prints_are_whole_lots(home: Home) -> None:
    rows = ["600000.SH,2024-03-04 09:30,7.1,7.2,7,7.1,12300,87699"]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    begin = datetime(2024, 3, 4, tzinfo=UTC)
    events = list(home.source().ticks(Symbol("600000.SH"), begin, begin + timedelta(days=1)))
    trades = [one for one in events if isinstance(one, Trade)]
    assert all(trade.volume % 100 == 0 for trade in trades)
    assert sum(trade.turnover for trade in trades) == 87_699


def test_a_day_with_a_day_bar_alone_has_history_and_no_ticks(home: Home) -> None:
    rows = ["700.HK,2024-03-01,1,2,1,2,100", "700.HK,2024-03-04,2,3,2,3,100"]
    home.bars(home.file("a.csv", DAY_HEADER, rows), Period.DAY)
    source = home.source()
    begin = datetime(2024, 3, 4, tzinfo=UTC)
    assert list(source.ticks(HK, begin, begin + timedelta(days=1))) == []
    assert source.snapshot(HK, begin) is None
    assert source.is_prepared(HK, DAY)
    assert source.prev_close(HK, DAY) == 2
    assert len(source.bars(HK, Period.DAY, date(2024, 1, 1), DAY)) == 2


def test_ticks_come_before_minutes_and_minutes_before_days(home: Home) -> None:
    home.bars(home.file("d.csv", DAY_HEADER, ["700.HK,2024-03-04,1,1,1,1,7"]), Period.DAY)
    home.bars(home.file("m.csv", BAR_HEADER, minute_rows(HK, "2024-03-04", 2)))
    assert home.source().bars(HK, Period.DAY, DAY, DAY)[0].volume == 800
    rows = ["700.HK,2024-03-04 10:00:00,20,300"]
    home.ticks(home.file("t.csv", "symbol,time,price,volume", rows))
    source = home.source()
    assert source.bars(HK, Period.DAY, DAY, DAY)[0].volume == 300
    assert len(source.bars(HK, Period.ONE_MINUTE, DAY, DAY)) == 1
    assert_one_truth(source, HK, DAY)


def test_a_snapshot_is_the_fold_of_the_events_before_it(home: Home) -> None:
    rows = [
        f"700.HK,2024-03-04 {hour}:{second // 60:02d}:{second % 60:02d},{300 + second % 7},100"
        for hour in (10, 11, 13)
        for second in range(3600)
    ]
    home.ticks(home.file("t.csv", "symbol,time,price,volume", rows))
    source = home.source()
    at = datetime(2024, 3, 4, 5, 21, 30, tzinfo=UTC)
    hours = trading_hours(Market.HK).parts(DAY, False)
    board = Board(HK, DAY, hours, Decimal(0))
    for event in source.ticks(HK, at - timedelta(days=1), at):
        board.apply(event)
    assert source.snapshot(HK, at) == board.snapshot()
    assert source.is_prepared(HK, DAY)


def test_bars_are_read_without_a_value_for_each(home: Home) -> None:
    home.bars(home.file("m.csv", BAR_HEADER, minute_rows(HK, "2024-03-04", 30)))
    source = home.source()
    table = source.bar_table(HK, Period.ONE_MINUTE, DAY, DAY)
    assert not table.rows.flags.owndata
    assert len(source.bars(HK, Period.ONE_MINUTE, DAY, DAY)) == len(table) == 30
    with pytest.raises(ValueError, match="folded from minutes"):
        source.bars(HK, Period.FIVE_MINUTE, DAY, DAY)


def test_an_unknown_symbol_has_nothing(home: Home) -> None:
    source = home.source()
    at = datetime(2024, 3, 4, tzinfo=UTC)
    assert list(source.symbols()) == []
    assert list(source.bars(HK, Period.DAY, DAY, DAY)) == []
    assert list(source.ticks(HK, at, at + timedelta(days=1))) == []
    assert source.prev_close(HK, DAY) is None


def test_the_recorded_mainland_days_replay_as_their_history(home: Home, shared: Path) -> None:
    home.ticks(shared / "data/cn/cn_trades_2019-02.csv.gz")
    source = home.source()
    for symbol in source.symbols():
        for day in (date(2019, 2, 1), date(2019, 2, 11)):
            assert_one_truth(source, symbol, day)
    (bar,) = source.bars(Symbol("600000.SH"), Period.DAY, date(2019, 2, 1), date(2019, 2, 1))
    # The exchange's own day bar of the stock, whose volume has 43 odd shares more.
    prices = tuple(map(Decimal, ("10.82", "10.82", "10.62", "10.77")))
    assert (bar.open, bar.high, bar.low, bar.close) == prices
    assert bar.volume == 19_119_300


def test_recorded_minute_bars_replay_as_their_history(home: Home, shared: Path) -> None:
    star = shared / "data/cn/688001.SH_1m_2021.csv.gz"
    index = shared / "data/cn/000001.SH_1m_2017.csv.gz"
    home.bars(star, stamp=Stamp.END)
    home.bars(index, stamp=Stamp.END, volume_unit=VolumeUnit.LOTS)
    source = home.source()
    assert_one_truth(source, Symbol("688001.SH"), date(2021, 4, 23))
    assert_one_truth(source, Symbol("000001.SH"), date(2017, 3, 6))
    bar: Candlestick = source.bars(
        Symbol("688001.SH"), Period.ONE_MINUTE, date(2021, 4, 23), date(2021, 4, 23)
    )[0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (
        *map(Decimal, ("36.71", "37.02", "36.71", "36.8")),
        7000,
    )
