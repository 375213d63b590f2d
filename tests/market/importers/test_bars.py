"""What an import of bars makes of good files, and what it says about bad ones."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portway.market.imported.records import BarFlag
from portway.market.importers.bars import AdjustedBy, Stamp
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.findings import OnError
from portway.market.importers.portions import VolumeUnit
from portway.market.importers.staging import AlreadyImported
from portway.model.quote import Candlestick, Period, TradeSession
from portway.model.symbol import Symbol
from portway.storage.data_commit import MixedAdjustment
from tests.market.bar_files import BAR_HEADER, DAY_HEADER, Home, minute_rows

HK = Symbol("700.HK")
MONDAY = date(2024, 3, 4)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def one_minute(home: Home, symbol: Symbol = HK, day: date = MONDAY) -> list[Candlestick]:
    return list(home.source().bars(symbol, Period.ONE_MINUTE, day, day))


def test_a_minute_bar_arrives_as_it_stood(home: Home) -> None:
    row = "700.HK,2024-03-04 09:30,281.2,282,281,281.6,12300,3462450.0"
    home.bars(home.file("a.csv", BAR_HEADER, [row]))
    (bar,) = one_minute(home)
    assert bar == Candlestick(
        datetime(2024, 3, 4, 1, 30, tzinfo=UTC),
        Decimal("281.2"),
        Decimal(282),
        Decimal(281),
        Decimal("281.6"),
        12300,
        Decimal("3462450"),
    )
    (day,) = home.source().bars(HK, Period.DAY, MONDAY, MONDAY)
    assert (day.at, day.open, day.close, day.volume) == (
        datetime(2024, 3, 3, 16, tzinfo=UTC),
        bar.open,
        bar.close,
        bar.volume,
    )


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-03-04T09:30",
        "2024-03-04 09:30:00",
        "2024/03/04 09:30",
        "20240304 09:30",
        "2024-03-04T01:30:00Z",
        "2024-03-04T09:30:00+08:00",
        "2024-03-03T20:30:00-05:00",
        "1709515800",
        "1709515800000",
    ],
)
def test_every_documented_way_to_write_a_time_is_read(home: Home, stamp: str) -> None:
    home.bars(home.file("a.csv", BAR_HEADER, [f"700.HK,{stamp},1,1,1,1,100,"]))
    assert [bar.at for bar in one_minute(home)] == [datetime(2024, 3, 4, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_line_ends_byte_order_marks_and_archives_make_no_difference(
    home: Home, end: str, bom: bytes, name: str
) -> None:
    text = bom + end.join([BAR_HEADER, *minute_rows(HK, "2024-03-04", 3)]).encode()
    path = home.path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    home.bars(path)
    assert len(one_minute(home)) == 3


def test_a_parquet_file_with_typed_columns_is_read(home: Home) -> None:
    table = pa.table(
        {
            "Ticker": [HK, HK],
            "DateTime": pa.array(
                [datetime(2024, 3, 4, 9, 30), datetime(2024, 3, 4, 9, 31)],  # noqa: DTZ001
                pa.timestamp("us"),
            ),
            "Open": pa.array([Decimal("1.005"), Decimal("1.010")], pa.decimal128(9, 3)),
            "High": [1.01, 1.02],
            "Low": [1.0, 1.01],
            "Close": [1.01, 1.015],
            "Vol": [4000, 5000],
        }
    )
    pq.write_table(table, home.path / "a.parquet")
    home.bars(home.path / "a.parquet")
    assert [bar.open for bar in one_minute(home)] == [Decimal("1.005"), Decimal("1.01")]


def test_times_at_the_end_of_the_minute_are_put_at_its_start(home: Home) -> None:
    rows = [f"700.HK,2024-03-04 {at},1,1,1,1,100," for at in ("09:31", "12:00", "13:01", "16:00")]
    home.bars(home.file("a.csv", BAR_HEADER, rows), stamp=Stamp.END)
    assert [f"{bar.at:%H:%M}" for bar in one_minute(home)] == ["01:30", "03:59", "05:00", "07:59"]


def test_the_end_of_a_break_as_a_stamp_is_the_last_minute_before_it(home: Home) -> None:
    rows = [f"700.HK,2024-03-04 {at},1,1,1,1,100," for at in ("11:59", "13:00", "13:01")]
    home.bars(home.file("a.csv", BAR_HEADER, rows), stamp=Stamp.END)
    assert [f"{bar.at:%H:%M}" for bar in one_minute(home)] == ["03:58", "03:59", "05:00"]


def test_sessions_of_the_us_are_told_apart_and_the_evening_is_of_the_next_day(home: Home) -> None:
    stamps = ("2024-03-03 20:00", "2024-03-04 04:00", "2024-03-04 09:30", "2024-03-04 16:00")
    rows = [f"IBM.US,{at},1,1,1,1,100," for at in stamps]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    bars = one_minute(home, Symbol("IBM.US"))
    assert [bar.session for bar in bars] == [
        TradeSession.OVERNIGHT,
        TradeSession.PRE,
        TradeSession.NORMAL,
        TradeSession.POST,
    ]
    (day,) = home.source().bars(Symbol("IBM.US"), Period.DAY, MONDAY, MONDAY)
    assert day.volume == 100


def test_lots_become_shares(home: Home) -> None:
    header = "symbol,time,open,high,low,close,volume_lots"
    home.bars(home.file("a.csv", header, ["600000.SH,2024-03-04 09:30,7,7,7,7,12"]))
    (bar,) = one_minute(home, Symbol("600000.SH"))
    assert bar.volume == 1200
    rows = ["600000.SH,2024-03-04,7,7,7,7,12"]
    home.bars(home.file("b.csv", DAY_HEADER, rows), Period.DAY, volume_unit=VolumeUnit.LOTS)


BAD = {
    "700.HK,2024-03-04 09:30,1,0.9,1,1,100,": "contradict",
    "700.HK,2024-03-04 09:30,1,1,-1,1,100,": "not above zero",
    "700.HK,2024-03-04 09:30,1,1,0,1,100,": "not above zero",
    "700.HK,2024-03-04 09:30,1,2,1,1,0,": "too few shares",
    "700.HK,2024-03-04 09:30,1,1,1,1,-5,": "negative volume",
    "700.HK,2024-03-04 09:30,1,1,1,1,10.5,": "fraction",
    "700.HK,2024-03-04 09:30,one,1,1,1,100,": "number",
    "700.HK,2024-03-04 09:30,nan,1,1,1,100,": "number",
    "700.HK,2024-03-04 12:30,1,1,1,1,100,": "outside the trading hours",
    "700.HK,2024-03-04 09:30:30,1,1,1,1,100,": "whole minute",
    "700.HK,2024-03-03 09:30,1,1,1,1,100,": "does not trade",
    "700.HK,yesterday,1,1,1,1,100,": "no time",
    "700,2024-03-04 09:30,1,1,1,1,100,": "no symbol",
    "700.HK,2024-03-04 09:30,1,1": "number of fields",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_is_named_with_its_line_and_refuses_the_file(home: Home, row: str) -> None:
    rows = [*minute_rows(HK, "2024-03-01", 2), row, *minute_rows(HK, "2024-03-05", 2)]
    lines = home.refused(home.file("a.csv", BAR_HEADER, rows))
    assert any(line.startswith("line 4:") and BAD[row] in line for line in lines), lines
    assert home.source().symbols() == []


@pytest.mark.parametrize("row", BAD)
def test_marked_rows_are_served_with_a_flag_or_left_out(home: Home, row: str) -> None:
    rows = [*minute_rows(HK, "2024-03-01", 2), row, *minute_rows(HK, "2024-03-05", 2)]
    findings = home.bars(home.file("a.csv", BAR_HEADER, rows), on_error=OnError.MARK)
    assert findings.total == 1
    (fault,) = (one for one in findings.counts if one.name != "GAP")
    table = home.data.bars(HK, Period.ONE_MINUTE)
    assert len(table) == 4 + fault.is_served
    noted = table.rows["flags"].astype(int) & ~int(BarFlag.ESTIMATED | BarFlag.AFTER_GAP)
    assert (noted != 0).sum() == fault.is_served
    for bar in home.source().bars(HK, Period.ONE_MINUTE, date(2024, 3, 1), date(2024, 3, 8)):
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def test_times_twice_or_out_of_order_are_found(home: Home) -> None:
    rows = list(minute_rows(HK, "2024-03-04", 4))
    path = home.file("a.csv", BAR_HEADER, [rows[0], rows[2], rows[1], rows[3], rows[3]])
    lines = home.refused(path)
    assert "line 4: 700.HK out of order in time" in lines
    assert "line 6: 700.HK the same time twice" in lines
    home.bars(path, on_error=OnError.MARK)
    assert [f"{bar.at:%H:%M}" for bar in one_minute(home)] == ["01:30", "01:31", "01:32", "01:33"]


def test_mixed_zones_refuse_the_file_by_line(home: Home) -> None:
    rows = ["700.HK,2024-03-04T09:30:00+08:00,1,1,1,1,100,", *minute_rows(HK, "2024-03-05", 1)]
    with pytest.raises(RecordedDataError, match=r"line 3: a time without offset"):
        home.bars(home.file("a.csv", BAR_HEADER, rows))


def test_a_change_to_summer_time_is_no_mixture(home: Home) -> None:
    rows = [
        "IBM.US,2024-03-08T09:30:00-05:00,1,1,1,1,100,",
        "IBM.US,2024-03-11T09:30:00-04:00,1,1,1,1,100,",
    ]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    bars = home.source().bars(
        Symbol("IBM.US"), Period.ONE_MINUTE, date(2024, 3, 8), date(2024, 3, 11)
    )
    assert [f"{bar.at:%H:%M}" for bar in bars] == ["14:30", "13:30"]


def test_missing_columns_are_told_with_those_there_are(home: Home) -> None:
    path = home.file("a.csv", "symbol,time,open,high,low,volume", ["700.HK,2024-03-04,1,1,1,1"])
    with pytest.raises(RecordedDataError, match="no column close; the columns are: symbol, time"):
        home.bars(path)


def test_an_intraday_line_is_only_taken_as_one(home: Home) -> None:
    rows = ["600000.SH,2024-03-04 09:30,7.01,12"]
    path = home.file("a.csv", "symbol,time,price,volume_lots", rows)
    with pytest.raises(RecordedDataError, match="--line"):
        home.bars(path)
    home.bars(path, line=True)
    (bar,) = one_minute(home, Symbol("600000.SH"))
    assert bar.open == bar.high == bar.low == bar.close == Decimal("7.01")
    flags = home.data.bars(Symbol("600000.SH"), Period.ONE_MINUTE).rows["flags"]
    assert flags[0] & BarFlag.FROM_LINE


@pytest.mark.parametrize("cut", [20, 60])
def test_a_truncated_archive_leaves_nothing_behind(home: Home, cut: int) -> None:
    path = home.file("a.csv.gz", BAR_HEADER, minute_rows(HK, "2024-03-04", 100))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RecordedDataError, match="damaged or cut short"):
        home.bars(path)
    assert home.source().symbols() == []


def test_a_truncated_parquet_file_is_no_table(home: Home) -> None:
    path = home.path / "a.parquet"
    pq.write_table(pa.table({"symbol": [HK] * 100}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordedDataError, match="cannot be read as a table"):
        home.bars(path)


def test_gaps_are_told_and_refused_only_if_asked(home: Home) -> None:
    rows = [*minute_rows(HK, "2024-03-01", 2), *minute_rows(HK, "2024-03-06", 1, "10:30")]
    path = home.file("a.csv", BAR_HEADER, rows)
    assert any("2 trading days" in line for line in home.refused(path, refuse_gaps=True))
    findings = home.bars(path)
    assert findings.total == 0
    assert "line 4: 700.HK missing bars (2 trading days)" in findings.lines()


def test_minutes_without_trading_are_no_bars(home: Home) -> None:
    rows = ["700.HK,2024-03-04 09:30,1,1,1,1,0,", "700.HK,2024-03-04 09:31,1,1,1,1,100,"]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    assert len(one_minute(home)) == 1


def test_the_same_file_is_imported_once(home: Home) -> None:
    path = home.file("a.csv", BAR_HEADER, minute_rows(HK, "2024-03-04", 3))
    home.bars(path)
    with pytest.raises(AlreadyImported):
        home.bars(path)


def test_a_later_import_adds_days_and_replaces_equal_times(home: Home) -> None:
    home.bars(home.file("a.csv", BAR_HEADER, minute_rows(HK, "2024-03-04", 3)))
    rows = ["700.HK,2024-03-04 09:31,55.123,55.123,55.123,55.123,100,"]
    rows += minute_rows(HK, "2024-03-05", 2)
    home.bars(home.file("b.csv", BAR_HEADER, rows))
    bars = one_minute(home)
    assert [bar.close for bar in bars] == [Decimal("10.01"), Decimal("55.123"), Decimal("10.03")]
    assert list(home.source().trading_days(HK, MONDAY, date(2024, 3, 9))) == [
        MONDAY,
        date(2024, 3, 5),
    ]


def test_prices_adjusted_in_different_ways_are_not_joined(home: Home) -> None:
    rows = ["700.HK,2024-03-04,1,1,1,1,100"]
    home.bars(home.file("a.csv", DAY_HEADER, rows), Period.DAY, adjusted_by=AdjustedBy.SPLITS)
    rows = ["700.HK,2024-03-05,1,1,1,1,100"]
    with pytest.raises(MixedAdjustment):
        home.bars(home.file("b.csv", DAY_HEADER, rows), Period.DAY)
    assert len(home.source().trading_days(HK, MONDAY, date(2024, 3, 9))) == 1


def test_real_daily_files_arrive_whole(home: Home, shared: Path) -> None:
    home.bars(shared / "data/hk/hk_daily.csv.gz", Period.DAY)
    findings = home.bars(shared / "data/cn/cn_daily.csv.gz", Period.DAY, on_error=OnError.MARK)
    assert findings.total == 18
    source = home.source()
    counts = {
        symbol: len(source.trading_days(symbol, date(1980, 1, 1), date(2026, 1, 1)))
        for symbol in source.symbols()
    }
    assert sum(counts.values()) == 4589 + 38843
    (bar,) = source.bars(Symbol("600000.SH"), Period.DAY, date(2010, 6, 9), date(2010, 6, 9))
    assert bar.close == Decimal("18.5")
    (hsi,) = source.bars(Symbol("HSI.HK"), Period.DAY, date(2010, 1, 4), date(2010, 1, 4))
    assert (hsi.open, hsi.close) == (Decimal("21860.0391"), Decimal("21823.2793"))


def test_real_minute_files_arrive_whole(home: Home, shared: Path) -> None:
    index, star = Symbol("000001.SH"), Symbol("688001.SH")
    path = shared / "data/cn/000001.SH_1m_2017.csv.gz"
    home.bars(path, stamp=Stamp.END, volume_unit=VolumeUnit.LOTS)
    home.bars(shared / "data/cn/688001.SH_1m_2021.csv.gz", stamp=Stamp.END)
    bars = home.source().bars(index, Period.ONE_MINUTE, date(2017, 3, 6), date(2017, 3, 6))
    assert len(bars) == 239  # the file has no bar of one minute around noon
    assert bars[0].at == datetime(2017, 3, 6, 1, 30, tzinfo=UTC)
    assert bars[0].open == Decimal("3217.33")
    assert bars[0].volume == 3_622_928_700
    assert len(home.data.bars(index, Period.ONE_MINUTE)) == 24_000
    assert len(home.data.bars(star, Period.ONE_MINUTE)) == 2_466
