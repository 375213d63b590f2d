"""Bar and tick files: what was written is what is mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.imported.records import BAR, TICK
from portway.storage.bars import checksum, map_bars, map_ticks, write_bars, write_ticks
from portway.storage.errors import DataFileDamaged


@given(counts=st.lists(st.integers(0, 50), max_size=5), places=st.integers(0, 6))
def test_bars_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], places: int
) -> None:
    path = tmp_path_factory.mktemp("bars") / "file"
    rows = np.zeros(sum(counts), dtype=BAR)
    rows["at"] = np.arange(len(rows)) * 60 + 1_700_000_000
    rows["close"] = np.arange(len(rows)) * 7 - 3
    cuts = np.cumsum(counts)[:-1] if counts else []
    facts = write_bars(path, "700.HK", np.split(rows, cuts), places, 2)
    table = map_bars(path, "700.HK")
    assert table.rows.tobytes() == rows.tobytes()
    assert (table.price_places, table.turnover_places) == (places, 2)
    assert facts.rows == len(rows)
    assert facts.crc32 == checksum(path)
    assert path.stat().st_size == 128 + 64 * len(rows)


def test_ticks_come_back_as_columns(tmp_path: Path) -> None:
    rows = np.zeros(5, dtype=TICK)
    rows["at"], rows["price"], rows["trade_type"] = range(5), range(10, 15), ord("U")
    write_ticks(tmp_path / "file", "700.HK", rows, 3)
    columns = map_ticks(tmp_path / "file", "700.HK")
    assert len(columns) == 5
    assert columns.price.tolist() == [10, 11, 12, 13, 14]
    assert columns.trade_type.tolist() == [ord("U")] * 5
    assert columns.price_places == 3


def test_a_file_of_another_symbol_or_kind_is_refused(tmp_path: Path) -> None:
    write_bars(tmp_path / "file", "700.HK", [np.zeros(2, dtype=BAR)], 2, 2)
    with pytest.raises(DataFileDamaged, match=r"not of 5\.HK"):
        map_bars(tmp_path / "file", "5.HK")
    with pytest.raises(DataFileDamaged, match="no file of this kind"):
        map_ticks(tmp_path / "file", "700.HK")
