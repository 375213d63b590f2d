"""An archive is what was written, byte by byte, or it is refused; nothing lands outside of it."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from portway.assemble.backups import restore_home
from portway.storage.archive import MANIFEST_FILE, take_archive, unpack_archive
from portway.storage.errors import (
    ArchiveDamaged,
    DatabaseCorrupt,
    HomeUnusable,
    StorageError,
    WrongVersion,
)
from portway.trading.ports import JournalCorrupt
from tests.support.homes import traded_home

FLIPS = 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    traded_home(path, seed=4, steps=20)
    (path / "clock.json").write_text('{"mode": "open"}')
    (path / "data" / "deep").mkdir(parents=True)
    (path / "data" / "deep" / "bars.bin").write_bytes(bytes(range(256)) * 40)
    for name in ("server.json", "lock", ".hidden", "portway.db-wal"):
        (path / name).write_bytes(b"" if name.startswith("portway") else b"of a running server")
    return path


def contents(home: Path) -> dict[str, bytes]:
    """What belongs to a home; of the database what it says, not how its pages lie."""
    found = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith(("portway.db", "lock", "server", "."))
    }
    connection = sqlite3.connect(home / "portway.db")
    found["dump"] = "\n".join(connection.iterdump()).encode()
    connection.close()
    return found


def rewritten(file: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    """Write an archive anew with a manifest and files that somebody else made up."""
    with zipfile.ZipFile(file) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(files.pop(MANIFEST_FILE))
    change(manifest, files)
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(MANIFEST_FILE, json.dumps(manifest))
        for name, data in files.items():
            packed.writestr(name, data)


def test_what_comes_back_is_what_was_taken(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    taken = take_archive(home, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(taken.files) == {
        "clock.json", "data/deep/bars.bin", "portway.db", "version.json", "world.json",
    }  # fmt: skip
    archived, report = restore_home(file, tmp_path / "new")
    assert archived == taken
    assert report.exit_status == 0
    assert contents(tmp_path / "new") == contents(home)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    modes = {
        path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*") if path.is_file()
    }
    assert modes == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "home", "new"]


def test_nothing_is_written_over(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    take_archive(home, file)
    with pytest.raises(StorageError, match="is there already"):
        take_archive(home, file)
    with pytest.raises(HomeUnusable, match="not empty"):
        restore_home(file, home)
    (tmp_path / "empty").mkdir()
    restore_home(file, tmp_path / "empty")
    assert contents(tmp_path / "empty") == contents(home)


@pytest.mark.parametrize("seed", range(3))
def test_a_changed_byte_is_refused_or_changes_nothing(
    home: Path, tmp_path: Path, seed: int
) -> None:
    """Flips all over an archive: its files, its directory, its manifest."""
    file = tmp_path / "backup"
    take_archive(home, file)
    data, wanted = file.read_bytes(), contents(home)
    random, refused = Random(seed), 0
    for number in range(FLIPS):
        flipped = bytearray(data)
        flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
        file.write_bytes(flipped)
        target = tmp_path / f"new{number}"
        try:
            unpack_archive(file, target)
        except (ArchiveDamaged, WrongVersion):
            refused += 1
            continue
        assert contents(target) == wanted
    assert refused > FLIPS * 0.9, "nearly all of an archive is what it holds"


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_off_is_refused(home: Path, tmp_path: Path, share: float) -> None:
    file = tmp_path / "backup"
    take_archive(home, file)
    os.truncate(file, int(file.stat().st_size * share))
    with pytest.raises(ArchiveDamaged, match="another backup"):
        restore_home(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "home"]


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "data/../../evil", "a\\..\\evil", "C:evil", "./evil"]
)
def test_no_file_lands_outside(home: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "backup"
    take_archive(home, file)

    def add(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files[name] = b"evil"
        manifest["files"][name] = {"bytes": 4, "sha256": hashlib.sha256(b"evil").hexdigest()}

    rewritten(file, add)
    with pytest.raises(ArchiveDamaged):
        restore_home(file, tmp_path / "new")
    assert not list(tmp_path.rglob("evil"))


def test_more_than_was_said_is_not_unpacked(home: Path, tmp_path: Path) -> None:
    """A file that unpacks to far more than its length, as a bomb does."""
    file = tmp_path / "backup"
    take_archive(home, file)
    rewritten(file, lambda _, files: files.update({"world.json": bytes(50_000_000)}))
    with pytest.raises(ArchiveDamaged, match=r"world\.json is not what was written"):
        unpack_archive(file, tmp_path / "new")
    assert (tmp_path / "new" / "world.json").stat().st_size <= 2 << 20


@pytest.mark.parametrize("key", ["format", "home_version", "schema_version"])
def test_an_archive_of_a_later_version_is_refused_with_the_way_out(
    home: Path, tmp_path: Path, key: str
) -> None:
    file = tmp_path / "backup"
    take_archive(home, file)
    rewritten(file, lambda manifest, _: manifest.update({key: 99, "portway": "9.0"}))
    with pytest.raises(WrongVersion, match=r"portway 9\.0"):
        restore_home(file, tmp_path / "new")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04" + bytes(200)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ArchiveDamaged):
        restore_home(tmp_path / "file", tmp_path / "new")


def test_a_home_whose_journal_is_broken_is_not_kept_as_a_backup(home: Path, tmp_path: Path) -> None:
    with sqlite3.connect(home / "portway.db") as connection:
        connection.execute("UPDATE journal SET payload = x'00' WHERE seq = 7")
    connection.close()
    with pytest.raises(JournalCorrupt, match="record 7"):
        take_archive(home, tmp_path / "backup")
    data = (home / "portway.db").read_bytes()
    (home / "portway.db").write_bytes(data[: len(data) // 2])
    with pytest.raises(DatabaseCorrupt, match="cut off"):
        take_archive(home, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_a_backup_whose_rows_do_not_follow_is_not_restored(home: Path, tmp_path: Path) -> None:
    with sqlite3.connect(home / "portway.db") as connection:
        connection.execute("UPDATE balances SET cash = '1'")
    connection.close()
    take_archive(home, tmp_path / "backup")
    with pytest.raises(ArchiveDamaged, match="cash is '1' instead of"):
        restore_home(tmp_path / "backup", tmp_path / "new")


def test_a_copy_is_taken_again_when_a_file_changes_under_it(home: Path, tmp_path: Path) -> None:
    """An import that ends meanwhile: a file goes, another comes."""
    bars = home / "data" / "deep" / "bars.bin"

    def end_import(_: int) -> None:
        if bars.exists():
            bars.rename(bars.with_name("bars-2.bin"))

    taken = take_archive(home, tmp_path / "backup", end_import)
    assert "data/deep/bars-2.bin" in taken.files
    assert "data/deep/bars.bin" not in taken.files


def test_a_home_that_never_rests_is_given_up(home: Path, tmp_path: Path) -> None:
    def grow(_: int) -> None:
        with (home / "data" / "deep" / "bars.bin").open("ab") as file:
            file.write(b"more")

    with pytest.raises(StorageError, match="changes all the time"):
        take_archive(home, tmp_path / "backup", grow)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
