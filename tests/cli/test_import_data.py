"""`portway import ticks|bars|actions|report` and `portway export`, as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.main import main
from tests.market.bar_files import BAR_HEADER, minute_rows


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args), "--home", str(home)])


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_bars_are_imported_reported_and_exported(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "a.csv", BAR_HEADER, *minute_rows("700.HK", "2024-03-04", 5))
    first = run(home, "import", "bars", path)
    assert first.exit_code == 0, first.output
    assert "5 rows of 1 symbols" in first.output
    assert "nothing to do" in run(home, "import", "bars", path).output
    report = run(home, "import", "report", "--verify", "--symbol", "700.HK")
    assert report.exit_code == 0
    assert "bars-1m, 5 rows, done" in report.output
    assert "0 of 5 ONE_MINUTE bars are marked" in report.output
    out = tmp_path / "out"
    dates = ("--from", "2024-03-04", "--to", "2024-03-04")
    result = run(
        home, "export", "700.HK", "--period", "1m", *dates, "--format", "csv", "--out", out
    )
    assert result.exit_code == 0, result.output
    lines = (out / "700.HK.1m.csv").read_text().splitlines()
    assert lines[1] == ("700.HK,2024-03-04T09:30:00+08:00,10,10.02,9.99,10.01,400,4002,normal")
    assert len(lines) == 6


def test_faults_are_told_by_line_and_nothing_is_imported(tmp_path: Path, home: Path) -> None:
    rows = [*minute_rows("700.HK", "2024-03-04", 2), "700.HK,2024-03-05 09:30,1,-2,1,1,100,"]
    path = write(tmp_path / "a.csv", BAR_HEADER, *rows)
    result = run(home, "import", "bars", path)
    assert result.exit_code == 1
    assert "a.csv, line 4: 700.HK a price that is not above zero" in result.output
    assert "1 faults; mend the file, or take --on-error mark" in result.output
    marked = run(home, "import", "bars", path, "--on-error", "mark")
    assert marked.exit_code == 0
    assert "3 rows" not in marked.output


def test_a_missing_column_is_one_line_with_a_way_out(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "a.csv", "symbol,time", "700.HK,2024-03-04")
    result = run(home, "import", "ticks", path)
    assert result.exit_code == 1
    assert "Error:" in result.output
    assert "no column price or bid or ask" in result.output
    assert "Traceback" not in result.output


def test_actions_and_factors_go_the_same_way(tmp_path: Path, home: Path) -> None:
    table = write(tmp_path / "a.csv", "symbol,ex_date,cash", "700.HK,2024-05-17,3.4")
    assert "1 rows of 1 symbols" in run(home, "import", "actions", table).output
    factors = write(tmp_path / "aapl.csv", "20140606,1,0.142857,645.57", "20501231,1,1,0")
    result = run(home, "import", "actions", factors)
    assert "1 rows of 1 symbols" in result.output, result.output


def test_an_export_of_nothing_known_is_refused(tmp_path: Path, home: Path) -> None:
    dates = ("--from", "2024-03-04", "--to", "2024-03-04")
    result = run(home, "export", "NOSUCH.US", *dates, "--out", tmp_path)
    assert result.exit_code == 1
    assert "has NOSUCH.US" in result.output
    assert (
        run(home, "export", "700.HK", "--from", "2024-03-04", "--to", "2024-01-01").exit_code == 2
    )
