"""The home folder: private, versioned, one server at a time, files replaced at once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from portway.storage.errors import HomeLocked, HomeUnusable, WrongVersion
from portway.storage.home import open_home, read_json, write_json


def test_a_new_home_is_private_and_versioned(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home"
    with open_home(path) as home:
        assert home.database.parent == path
        assert path.stat().st_mode & 0o777 == 0o700
        assert read_json(path / "version.json") == {"home_version": 1}
    with open_home(path):
        pass


def test_a_second_server_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with open_home(tmp_path / "home") as home:
        with pytest.raises(HomeLocked, match=str(os.getpid())) as refused:
            open_home(home.path)
        assert refused.value.pid == os.getpid()
    open_home(tmp_path / "home").close()


def test_a_killed_server_leaves_the_home_free(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from portway.storage.home import open_home
        home = open_home(Path(sys.argv[1]))
        print("held", flush=True)
        time.sleep(60)
    """)
    path = tmp_path / "home"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HomeLocked, match=str(holder.pid)):
            open_home(path)
        holder.kill()
        holder.wait()
    open_home(path).close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"home_version": "x"}', "{}"])
def test_a_damaged_version_file_is_refused(tmp_path: Path, text: str) -> None:
    open_home(tmp_path).close()
    (tmp_path / "version.json").write_text(text)
    with pytest.raises(HomeUnusable, match="restore"):
        open_home(tmp_path)


def test_another_version_is_refused_and_the_lock_let_go(tmp_path: Path) -> None:
    write_json(tmp_path / "version.json", {"home_version": 99})
    for _ in range(2):
        with pytest.raises(WrongVersion, match="99"):
            open_home(tmp_path)


def test_a_database_without_its_version_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "portway.db").write_bytes(b"")
    with pytest.raises(HomeUnusable, match="version"):
        open_home(tmp_path)


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnusable, match="--home") as refused:
        open_home(tmp_path / "file" / "home")
    assert "\n" not in str(refused.value)


def test_a_json_file_is_replaced_at_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    assert read_json(path) is None
    write_json(path, {"port": 1})
    write_json(path, {"port": 2, "name": "渡"})
    assert read_json(path) == {"port": 2, "name": "渡"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["server.json"]


def test_a_value_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    write_json(path, {"port": 1})
    with pytest.raises(TypeError):
        write_json(path, {"port": object()})
    assert read_json(path) == {"port": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["server.json"]
