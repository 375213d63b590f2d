"""The file of a recording: made once, given up when it cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portway.storage import command_file
from portway.storage.command_file import CommandFile, read_script_lines
from portway.storage.errors import ScriptUnreadable
from portway.trading.script import RECORDING_MARK


def test_lines_are_there_at_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    file = CommandFile(tmp_path / "commands.jsonl")
    file.write(b"one\n")
    assert read_script_lines(file.path) == [b"one"]
    file.close(b"end\n")
    assert read_script_lines(file.path) == [b"one", b"end"]
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    path.write_text("mine")
    with pytest.raises(ScriptUnreadable, match="name another file"):
        CommandFile(path)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptUnreadable, match="nowhere"):
        CommandFile(tmp_path / "nowhere" / "commands.jsonl")


def test_what_cannot_be_written_any_more_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = CommandFile(tmp_path / "commands.jsonl")
    read_only = os.open(tmp_path / "commands.jsonl", os.O_RDONLY)
    os.dup2(read_only, file._file.fileno())  # As a disk that takes nothing more.
    file.write(b"one\n")
    file.write(b"two\n")
    file.close(b"end\n")
    os.close(read_only)
    assert "no longer recorded" in caplog.text
    assert read_script_lines(file.path) == []


def test_a_torn_tail_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A killed server may leave half a line; what a hand left so is its author's mistake."""
    path, head = tmp_path / "script.jsonl", RECORDING_MARK
    path.write_bytes(head + b'\n{"b": 2}')
    assert read_script_lines(path) == [head, b'{"b": 2}']
    for cut in range(1, 8):
        path.write_bytes(head + b"\n" + b'{"b": 2}'[:cut])
        assert read_script_lines(path) == [head], cut
    assert "ends within line 2" in caplog.text
    for text in (head + b'\n{"b"\n', b'by hand\n{"b"'):
        path.write_bytes(text)
        assert read_script_lines(path)[1] == b'{"b"'


def test_a_script_has_a_maximum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_file, "SCRIPT_BYTES_MAX", 3)
    path = tmp_path / "script.jsonl"
    path.write_text("four")
    with pytest.raises(ScriptUnreadable, match="larger than 3 bytes"):
        read_script_lines(path)
    with pytest.raises(ScriptUnreadable, match="No such file"):
        read_script_lines(tmp_path / "missing")
