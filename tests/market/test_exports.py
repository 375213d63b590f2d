"""What is exported can be imported again and is the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from portway.market.exports import ExportFormat, export_bars
from portway.market.reference import built_in
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import Period
from portway.model.symbol import Symbol
from tests.market.bar_files import BAR_HEADER, Home, minute_rows

FIRST, LAST = date(2024, 3, 4), date(2024, 3, 6)


@pytest.mark.parametrize("kind", ExportFormat)
@pytest.mark.parametrize("period", [Period.ONE_MINUTE, Period.DAY])
def test_a_round_trip_keeps_every_bar(tmp_path: Path, kind: ExportFormat, period: Period) -> None:
    symbol = Symbol("700.HK")
    home = Home(tmp_path)
    rows = [*minute_rows(symbol, "2024-03-04", 20), *minute_rows(symbol, "2024-03-05", 30)]
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    told: list[float] = []
    path = tmp_path / f"out.{kind.value}"
    count = export_bars(home.source(), symbol, period, FIRST, LAST, path, kind, told.append)
    assert count == (50 if period is Period.ONE_MINUTE else 2)
    assert told[-1] == 1.0
    (tmp_path / "second").mkdir()
    again = Home(tmp_path / "second")
    again.bars(path, period)
    before = home.source().bars(symbol, period, FIRST, LAST)
    assert again.source().bars(symbol, period, FIRST, LAST) == before


def test_a_synthetic_symbol_comes_back_with_the_same_prices_and_volumes(tmp_path: Path) -> None:
    symbol = Symbol("700.HK")
    world = SyntheticWorld(7, built_in())
    path = tmp_path / "out.parquet"
    export_bars(world, symbol, Period.DAY, FIRST, LAST, path, ExportFormat.PARQUET)
    home = Home(tmp_path)
    home.bars(path, Period.DAY)
    before = world.bars(symbol, Period.DAY, FIRST, LAST)
    after = home.source().bars(symbol, Period.DAY, FIRST, LAST)
    assert [(b.at, b.open, b.high, b.low, b.close, b.volume) for b in after] == [
        (b.at, b.open, b.high, b.low, b.close, b.volume) for b in before
    ]


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    class Broken:
        def bars(self, *args: object) -> list[object]:
            raise OSError("gone")

    path = tmp_path / "out.csv"
    with pytest.raises(OSError, match="gone"):
        export_bars(
            Broken(),  # type: ignore[arg-type]
            Symbol("700.HK"),
            Period.DAY,
            FIRST,
            LAST,
            path,
            ExportFormat.CSV,
        )
    assert list(tmp_path.iterdir()) == []
