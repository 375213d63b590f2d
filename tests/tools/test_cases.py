"""`make cases`: its closing line, its exit status, and that nothing wrong is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portway.testing import cases as registry
from portway.testing.cases import kind
from tools import cases


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of case files of our own, and one kind that doubles."""
    monkeypatch.setenv("PORTWAY_CASES", str(tmp_path))
    monkeypatch.setattr(registry, "_registry", {})
    monkeypatch.setattr(registry, "kinds", lambda: registry._registry)
    kind("sample", "double")(lambda given: {"twice": given["x"] * 2})


def write(folder: Path, name: str, *rows: tuple[str, int, int]) -> None:
    (folder / f"{name}.json").write_text(
        json.dumps(
            [
                {"id": f"{name}-{row}", "kind": kind, "given": {"x": x}, "expect": {"twice": twice}}
                for row, (kind, x, twice) in enumerate(rows, start=1)
            ]
        )
    )


def test_all_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "sample", ("double", 1, 2), ("double", 2, 4))
    assert cases.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"


def test_a_wrong_case_and_an_unknown_kind_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "sample", ("double", 1, 2), ("double", 2, 5), ("half", 2, 1))
    assert cases.main([]) == 1
    out = capsys.readouterr().out
    assert "FAIL sample-2 (double; ): twice: expected 5, got 4" in out
    assert "FAIL sample-3 (half; ): unknown kind 'half' in sample" in out
    assert out.splitlines()[-1] == "1 passed, 2 failed"


def test_a_file_that_is_not_covered_is_named_and_holds_nothing_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "other", ("double", 1, 3))
    write(tmp_path, "sample", ("double", 1, 2))
    assert cases.main([]) == 0
    out = capsys.readouterr().out
    assert "SKIP other.json: not covered yet" in out
    assert out.splitlines()[-1] == "1 passed, 0 failed"


def test_a_file_that_cannot_be_read_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sample.json").write_text("[")
    assert cases.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_nothing_run_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert cases.main([]) == 1
    assert capsys.readouterr().out == "0 passed, 0 failed\n"


def test_without_the_folder_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTWAY_CASES", str(tmp_path / "none"))
    assert cases.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1
