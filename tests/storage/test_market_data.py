"""Imported data in a home: all of a file or nothing, and an interrupted import goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portway.market.imported.source import ImportedSource
from portway.market.importers import tables
from portway.market.importers.bars import BarOptions, import_bars
from portway.market.ports import SourceDamaged
from portway.model.quote import Period
from portway.model.symbol import Symbol
from portway.storage.errors import HomeUnusable
from portway.storage.market_data import ImportBusy, MarketData
from tests.market.bar_files import BAR_HEADER, Home, minute_rows

HK, CN = Symbol("700.HK"), Symbol("600000.SH")
FIRST, LAST = date(2024, 3, 4), date(2024, 3, 8)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def long_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many portions, of two symbols."""
    monkeypatch.setattr(tables, "BLOCK_BYTES", 1000)
    rows: list[str] = []
    for day in ("2024-03-04", "2024-03-05", "2024-03-06"):
        rows += minute_rows(HK, day, 100)
        rows += minute_rows(CN, day, 100)
    return home.file("long.csv.gz", BAR_HEADER, rows)


def bars(home: Home, symbol: Symbol) -> Sequence[Any]:
    return home.source().bars(symbol, Period.ONE_MINUTE, FIRST, LAST)


class Interrupted(Exception):
    pass


class Faltering(MarketData):
    """Data whose import is killed after some portions."""

    def __init__(self, *args: Any, portions: int) -> None:
        super().__init__(*args)
        self.portions = portions
        self.read = 0

    def stage(self, path: Path, kind: str, options: Any) -> Any:
        staged = super().stage(path, kind, options)
        checkpoint = staged.checkpoint

        def counted(resume: tuple[int, int], state: Any) -> None:
            if self.read == self.portions:
                for file in staged._files:
                    file.flush()  # what lay in memory may reach the disk, or not
                raise Interrupted
            checkpoint(resume, state)
            self.read += 1

        staged.checkpoint = counted
        return staged


@pytest.mark.parametrize("portions", [0, 1, 5, 20])
def test_an_interrupted_import_shows_nothing_and_goes_on_where_it_stood(
    home: Home, long_file: Path, portions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = BarOptions(Period.ONE_MINUTE)
    faltering = Faltering(home.path / "home", home.listing, portions=portions)
    with pytest.raises(Interrupted):
        import_bars(long_file, faltering, home.listing, options)
    assert home.source().symbols() == []
    read: list[int] = []
    table = tables._CsvTable
    batches = table.batches

    def watched(self: Any, wanted: Any, resume: Any = None) -> Iterator[Any]:
        for batch in batches(self, wanted, resume):
            read.append(int(batch.lines[0]))
            yield batch

    monkeypatch.setattr(table, "batches", watched)
    again = MarketData(home.path / "home", home.listing)
    summary, findings = import_bars(long_file, again, home.listing, options)
    assert (read[0] == 2) == (portions == 0)  # the first row, or one further on
    assert summary.rows == 600
    assert findings.total == 0
    whole = Home(home.path / "other")
    whole.path.mkdir()
    whole.bars(long_file)
    for symbol in (HK, CN):
        assert bars(home, symbol) == bars(whole, symbol)
        assert len(bars(home, symbol)) == 300


def test_an_import_killed_while_it_was_made_visible_is_finished_by_the_next(
    home: Home, long_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MarketData, "publish", lambda *args: (_ for _ in ()).throw(Interrupted))
    with pytest.raises(Interrupted):
        home.bars(long_file)
    monkeypatch.undo()
    assert home.source().symbols() == []
    home.bars(long_file)
    assert len(bars(home, CN)) == 300


def test_files_that_nothing_names_are_swept(home: Home, long_file: Path) -> None:
    home.bars(long_file)
    folder = home.path / "home/data"
    before = set(folder.rglob("*.1*"))
    home.bars(home.file("b.csv", BAR_HEADER, minute_rows(HK, "2024-03-07", 2)))
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not any(name.startswith("700.HK") and name.endswith(".1") for name in names)
    assert list((folder / "staging").iterdir()) == []
    assert before


def test_a_running_server_keeps_what_it_has_mapped(home: Home, long_file: Path) -> None:
    home.bars(long_file)
    source = home.source()
    before = source.bars(HK, Period.ONE_MINUTE, FIRST, LAST)
    home.bars(home.file("b.csv", BAR_HEADER, minute_rows(HK, "2024-03-04", 2)))
    assert source.bars(HK, Period.ONE_MINUTE, FIRST, LAST) == before


def test_two_imports_at_a_time_are_refused(home: Home) -> None:
    other = MarketData(home.path / "home", home.listing)
    with home.data.importing(), pytest.raises(ImportBusy), other.importing():
        pass
    with other.importing():
        pass


def test_a_damaged_file_is_named_and_verified(home: Home, long_file: Path) -> None:
    home.bars(long_file)
    (path,) = (home.path / "home/data/bars").glob("600000.SH.bars-1m.*")
    assert home.data.verify() == []
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    assert [str(path) in line for line in home.data.verify()] == [True]
    path.write_bytes(data[:1000])
    with pytest.raises(SourceDamaged, match="cut short"):
        bars(home, CN)
    path.write_bytes(b"")
    with pytest.raises(SourceDamaged, match="no header"):
        bars(home, CN)
    assert len(bars(home, HK)) == 300


def test_a_manifest_that_is_none_is_refused(home: Home) -> None:
    folder = home.path / "home/data"
    folder.mkdir(parents=True)
    (folder / "manifest.db").write_bytes(b"nothing of a database" * 100)
    with pytest.raises(HomeUnusable):
        MarketData(home.path / "home", home.listing)


@pytest.mark.parametrize("name", ["..%2F..", "a/b", "../../x", "con*", "é"])
def test_no_symbol_leaves_the_folder(home: Home, name: str) -> None:
    symbol = Symbol(f"{name.upper()}.US")
    home.bars(home.file("a.csv", BAR_HEADER, minute_rows(symbol, "2024-03-04", 2)))
    assert len(home.source().bars(symbol, Period.ONE_MINUTE, FIRST, FIRST)) == 2
    assert {path.name for path in home.path.iterdir()} == {"home", "a.csv"}


def test_forgotten_symbols_are_gone_and_may_come_again(home: Home, long_file: Path) -> None:
    home.bars(long_file)
    home.data.forget([HK])
    assert home.source().symbols() == [CN]
    assert not list((home.path / "home/data").rglob("700.HK*"))
    home.bars(long_file)
    assert len(bars(home, HK)) == 300


def test_reports_of_every_import_are_kept(home: Home, long_file: Path) -> None:
    home.bars(long_file)
    (one,) = home.data.imports()
    assert (one["kind"], one["rows"], one["is_done"]) == ("bars-1m", 600, 1)
    assert isinstance(home.source(), ImportedSource)
