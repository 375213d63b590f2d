"""The LEAN layout: which files are found, how rows are read, and what each kind of damage says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from portway.market.importers import lean
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.lean import Resolution
from tests.market.lean_files import DAY, put_csv, put_daily, put_rows, put_zip

TRADE = "34200000,1821400,64,Q,1,0\n"


# --- The folder -------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", ["", "equity", "equity/usa"])
def test_the_data_folder_may_be_named_at_any_depth(tmp_path: Path, inner: str) -> None:
    put_rows(tmp_path, "trade", TRADE)
    assert list(lean.scan(tmp_path / inner).tickers) == ["ibm"]


def test_each_day_lists_its_files_finest_first(tmp_path: Path) -> None:
    for resolution in ("minute", "tick", "second"):
        put_rows(tmp_path, "trade", "", resolution=resolution)
    put_rows(tmp_path, "quote", "", resolution="minute")
    put_rows(tmp_path, "trade", "", resolution="minute", day=date(2013, 10, 8))
    files = lean.scan(tmp_path).tickers["ibm"]
    assert [found for found, _ in files.trades[DAY]] == list(Resolution)
    assert [found for found, _ in files.quotes[DAY]] == [Resolution.MINUTE]
    assert list(files.trades) == [DAY, date(2013, 10, 8)]


def test_names_that_are_no_part_of_the_layout_are_passed_over(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", TRADE)
    put_rows(tmp_path, "openinterest", TRADE)
    put_zip(tmp_path / "equity/usa/tick/ibm/20131399_trade.zip", TRADE)
    put_zip(tmp_path / "equity/usa/tick/IBM US/20131007_trade.zip", TRADE)
    put_csv(tmp_path, "map_files", "20501231,zzz,N", ticker="zzz")
    (tmp_path / "equity/usa/tick/stray.txt").write_text("x")
    folder = lean.scan(tmp_path)
    assert list(folder.tickers) == ["ibm"]
    assert list(folder.tickers["ibm"].trades) == [DAY]


def test_upper_case_names_are_the_same_ticker(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", TRADE, ticker="BRK.B")
    put_csv(tmp_path, "map_files", "20501231,brk.b,N", ticker="brk.b")
    files = lean.scan(tmp_path).tickers["brk.b"]
    assert files.map is not None
    assert DAY in files.trades


def test_opening_unpacks_nothing(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", TRADE).write_bytes(b"no archive")
    assert list(lean.scan(tmp_path).tickers) == ["ibm"]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path / "none", "no such folder"),
        (lambda path: put_zip(path / "file.zip", ""), "this is a file, not a folder"),
        (lambda path: path, "no US equity prices here"),
        (lambda path: put_csv(path, "map_files", "x").parent.parent, "no US equity prices here"),
        (lambda path: _made(path / "equity/usa/tick"), "no US equity prices here"),
    ],
)
def test_a_folder_without_data_says_what_to_give_instead(
    tmp_path: Path, prepare: Callable[[Path], Path], reason: str
) -> None:
    with pytest.raises(RecordedDataError) as caught:
        lean.scan(prepare(tmp_path))
    assert caught.value.reason == reason
    assert "equity/usa" in caught.value.way_out
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_rows(tmp_path, "trade", TRADE)

    def refuse(path: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RecordedDataError, match=r"cannot be listed \(Permission denied\)"):
        lean.scan(tmp_path)


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path.parent.parent.parent


# --- Rows -------------------------------------------------------------------------------------


def test_a_print(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", "14430270,1815200,283,P,20002020,0\n")
    assert list(lean.read_trades(path)) == [
        (14_430_270_000, 1_815_200, 283, "P", 0x20002020, False)
    ]


def test_a_quote_and_bars(tmp_path: Path) -> None:
    quote = put_rows(tmp_path, "quote", "14400241,0,0,1818000,3000,P,1,1")
    assert list(lean.read_quotes(quote)) == [(14_400_241_000, 0, 0, 1_818_000, 3000, "P", True)]
    bars = put_rows(tmp_path, "trade", "60000,10,40,5,20,700", resolution="minute")
    assert list(lean.read_trade_bars(bars)) == [(60_000_000, 10, 40, 5, 20, 700)]
    quotes = put_rows(tmp_path, "quote", "60000,1,2,3,4,500,,,,,0", resolution="minute")
    assert list(lean.read_quote_bars(quotes)) == [(60_000_000, 4, 500, 0, 0)]


def test_whole_files(tmp_path: Path) -> None:
    daily = put_daily(tmp_path, "19980102 00:00,1045000,1057500,1040600,1057500,2563200")
    assert list(lean.read_daily(daily)) == [
        (date(1998, 1, 2), 1_045_000, 1_057_500, 1_040_600, 1_057_500, 2_563_200)
    ]
    factors = put_csv(tmp_path, "factor_files", "20131105,0.8856747,0.25,525.62\n20501231,1,1")
    first, last = lean.read_factors(factors)
    assert first[:4] == (
        date(2013, 11, 5),
        Decimal("0.8856747"),
        Decimal("0.25"),
        Decimal("525.62"),
    )
    assert first.unit == Decimal("0.0000001")
    assert last.reference == 0
    maps = put_csv(tmp_path, "map_files", "19980102,NB,n\n20501231,bac")
    assert [row[1:] for row in lean.read_map(maps)] == [("nb", "N"), ("bac", "")]


@pytest.mark.parametrize(
    "text",
    [
        TRADE * 2,
        TRADE.strip() + "\r\n" + TRADE.strip() + "\r\n",
        "\n" + TRADE + "\n  \n" + TRADE + "\n\n\r\n",
        b"\xef\xbb\xbf" + (TRADE * 2).encode(),
        TRADE + TRADE.strip(),
        "34200000.000,1821400,64,Q,1,0\n34200000.0,1821400,64,Q,1,0",
    ],
)
def test_line_ends_blank_lines_and_marks_change_nothing(tmp_path: Path, text: str | bytes) -> None:
    rows = list(lean.read_trades(put_rows(tmp_path, "trade", text)))
    assert rows == [(34_200_000_000, 1_821_400, 64, "Q", 1, False)] * 2


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
def test_an_empty_member_has_no_rows(tmp_path: Path, text: str) -> None:
    assert list(lean.read_trades(put_rows(tmp_path, "trade", text))) == []
    assert list(lean.read_daily(put_daily(tmp_path, text))) == []


def test_fractions_of_a_millisecond_and_empty_conditions(tmp_path: Path) -> None:
    (row,) = lean.read_trades(put_rows(tmp_path, "trade", "1.2345,10000,5,Q,,0"))
    assert (row.at_us, row.conditions) == (1234, 0)


# --- Damage -----------------------------------------------------------------------------------

Reader = Callable[[Path], Iterator[object]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("34200000,1821400,64,Q,1", "too few columns"),
        ("x,1821400,64,Q,1,0", "not a number"),
        ("34200000,18.5,64,Q,1,0", "not a number"),
        ("34200000,,64,Q,1,0", "not a number"),
        ("34200000,1821400,64,Q,xyz,0", "not a number"),
        ("NaN,1821400,64,Q,1,0", "not a number"),
        ("Infinity,1821400,64,Q,1,0", "not a number"),
        ("1e99,1821400,64,Q,1,0", "not within a day"),
        ("-1,1821400,64,Q,1,0", "not within a day"),
        ("86400000,1821400,64,Q,1,0", "not within a day"),
        ("34199999,1821400,64,Q,1,0", "does not follow the row before"),
        ("34200000,0,64,Q,1,0", "above zero"),
        ("34200000,-5,64,Q,1,0", "above zero"),
        ("34200000,1821400,-1,Q,1,0", "not below it"),
        ("34200000," + "9" * 30 + ",64,Q,1,0", "above zero"),
        ("34200000," + "9" * 5000 + ",64,Q,1,0", "not a number"),
        ("34200000,1821400,64,Q,-1,0", "flags"),
        ("34200000,1821400,64,Q,1,2", "0 or 1"),
    ],
)
def test_a_bad_print_names_file_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    path = put_rows(tmp_path, "trade", f"{TRADE}\n{row}\n")
    error = _error(lean.read_trades, path)
    assert (error.path, error.line) == (path, 3)
    assert reason in error.reason
    assert str(path) in str(error)
    assert "line 3" in str(error)


@pytest.mark.parametrize(
    ("reader", "resolution", "text", "reason"),
    [
        (lean.read_quotes, "tick", "1,5,-1,0,0,P,1,0", "not below zero"),
        (lean.read_quotes, "tick", "1,5,1,0,0,P,1", "too few columns"),
        (lean.read_quote_bars, "minute", "0,1,1,1,-1,1,1,1,1,1,1", "not below zero"),
        (lean.read_trade_bars, "minute", "0,10,9,8,9,100", "outside low and high"),
        (lean.read_trade_bars, "minute", "0,10,12,8,13,100", "outside low and high"),
        (lean.read_trade_bars, "minute", "0,10,12,0,9,100", "above zero"),
        (lean.read_trade_bars, "minute", "0,10,12,8,9,-1", "volume"),
        (lean.read_trade_bars, "minute", "0,10,12,8,9,3", "3 shares cannot trade at 4 prices"),
        (lean.read_trade_bars, "minute", "0,1,1,1,1,1\n0,1,1,1,1,1", "does not follow"),
        (lean.read_daily, "minute", "20130230 00:00,1,1,1,1,1", "not a date"),
        (lean.read_daily, "minute", "2013,1,1,1,1,1", "not a date"),
        (lean.read_daily, "minute", "20130102,1,1,1,1,1\n20130102,1,1,1,1,1", "come after"),
        (lean.read_factors, "minute", "20130102,0,1,1", "above zero"),
        (lean.read_factors, "minute", "20130102,NaN,1,1", "finite"),
        (lean.read_factors, "minute", "20130102,1,Infinity,1", "finite"),
        (lean.read_factors, "minute", "20130102,x,1,1", "not a number"),
        (lean.read_map, "minute", "20130102", "too few columns"),
    ],
)
def test_bad_rows_of_the_other_files(
    tmp_path: Path, reader: Reader, resolution: str, text: str, reason: str
) -> None:
    error = _error(reader, put_rows(tmp_path, "trade", text, resolution=resolution))
    assert reason in error.reason
    assert error.line == text.count("\n") + 1


def test_a_missing_file(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", TRADE)
    path.unlink()
    assert "cannot be read" in _error(lean.read_trades, path).reason


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", TRADE)
    path.write_bytes(b"")
    assert "damaged" in _error(lean.read_trades, path).reason


def test_every_truncation_of_an_archive_is_found(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", TRADE * 50)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert "damaged" in _error(lean.read_trades, path).reason


def test_flipped_bytes_of_an_archive_never_pass_unseen(tmp_path: Path) -> None:
    rows = "".join(f"{34_200_000 + n},18214{n:02},64,Q,1,0\n" for n in range(60))
    path = put_rows(tmp_path, "trade", rows)
    whole = path.read_bytes()
    good = list(lean.read_trades(path))
    blamed: list[Path] = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            assert list(lean.read_trades(path)) == good
        except RecordedDataError as error:
            blamed.append(error.path)
    assert set(blamed) == {path}
    assert len(blamed) > len(whole) // 2


@pytest.mark.parametrize("members", [[], ["a.txt"], ["a.csv", "b.csv"]])
def test_an_archive_needs_one_csv_member(tmp_path: Path, members: list[str]) -> None:
    path = put_rows(tmp_path, "trade", TRADE)
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, TRADE)
    assert "csv members instead of one" in _error(lean.read_trades, path).reason


def test_a_member_that_claims_more_than_a_day_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean, "MEMBER_BYTES_MAX", 100)
    path = put_rows(tmp_path, "trade", TRADE * 50)
    assert "larger than 100 bytes" in _error(lean.read_trades, path).reason


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", TRADE.encode() * 3 + b"\xff\n")
    error = _error(lean.read_trades, path)
    assert error.line == 4


def _error(reader: Reader, path: Path) -> RecordedDataError:
    with pytest.raises(RecordedDataError) as caught:
        list(reader(path))
    return caught.value
