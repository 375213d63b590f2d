"""`portway import securities` as people meet it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.main import main
from portway.market.reference import LISTING_FILE
from portway.settings import SERVER_FILE

LIST = "code,name_en,category,board_lot\n10001,A,Derivative Warrants,100\n90,B,Equity,200\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(tmp_path: Path, home: Path, text: str, *more: str) -> Result:
    path = tmp_path / "list.csv"
    path.write_text(text)
    arguments = ["import", "securities", str(path), "--home", str(home), *more]
    return CliRunner().invoke(main, arguments, prog_name="portway")


def test_it_tells_what_was_imported(tmp_path, home):
    result = run(tmp_path, home, LIST)
    assert result.exit_code == 0
    assert "Read 2 lines of the Hong Kong list of securities." in result.output
    assert "1 warrant" in result.output
    assert f"2 new, 0 changed, 0 as before; the list of {home} has 2 securities." in result.output
    assert "running" not in result.output
    assert (home / LISTING_FILE).exists()


def test_it_says_when_a_running_server_must_start_again(tmp_path, home):
    home.mkdir()
    (home / SERVER_FILE).write_text("{}")
    assert "from its next start on" in run(tmp_path, home, LIST).output


def test_names_and_a_fresh_start(tmp_path, home):
    names = tmp_path / "names.csv"
    names.write_text("code,name_cn\n90,琥珀能源\n")
    assert "named from tables: 1" in run(tmp_path, home, LIST, "--names", str(names)).output
    result = run(tmp_path, home, LIST.replace("10001", "10002"), "--fresh")
    assert "2 new, 0 changed, 0 as before" in result.output


def test_mistakes_are_told_line_by_line(tmp_path, home):
    bad = LIST + "".join(f"{code},C,Equity,0\n" for code in range(100, 130))
    result = run(tmp_path, home, bad)
    assert result.exit_code == 1
    assert "line 4: board_lot: '0' is not a whole number" in result.output
    assert "... and 10 more (--all-problems)" in result.output
    assert "nothing was imported: correct them" in result.output
    assert not home.exists()
    whole = run(tmp_path, home, bad, "--all-problems").output
    assert "line 33: board_lot" in whole
    assert "more (--all" not in whole


def test_what_is_no_list_is_one_line(tmp_path, home):
    result = run(tmp_path, home, "a,b\n1,2\n")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "docs/reference-data.md" in result.output


def test_a_home_that_cannot_be_written_is_named(tmp_path, home):
    home.write_text("not a folder")
    result = run(tmp_path, home / "inside", LIST)
    assert result.exit_code == 1
    assert str(home) in result.output
    assert "Traceback" not in result.output


def test_the_verbs_of_import_are_told():
    result = CliRunner().invoke(main, ["import", "--help"], prog_name="portway")
    assert result.exit_code == 0
    assert "securities" in result.output
