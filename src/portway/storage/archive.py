"""A home in one file: taken while a server may run, checked byte by byte when it is unpacked.

The archive is a zip file with a manifest: versions, the journal's head, and of every file its
length and SHA-256. Databases are copied page by page as they stood at one instant. What belongs to
a running server alone (its lock, its addresses, its logs) is left out; secrets are in it, so only
its owner may read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, Final

from portway.storage.errors import ArchiveDamaged, HomeUnusable, StorageError, WrongVersion
from portway.storage.home import DATABASE_FILE, HOME_VERSION, LOCK_FILE, check_home
from portway.storage.schema import SCHEMA_VERSION
from portway.storage.sqlite_reader import SqliteReader, connect_read_only

__all__ = ["Archived", "MANIFEST_FILE", "refuse_full", "take_archive", "unpack_archive"]

FORMAT: Final = 1
MANIFEST_FILE: Final = "manifest.json"
MANIFEST_BYTES_MAX: Final = 16 << 20
FILES_MAX: Final = 100_000
ATTEMPTS: Final = 5  # Of copying, while files change under it.
CHUNK_BYTES: Final = 1 << 20
_LEFT_OUT: Final = (LOCK_FILE, "server.json", MANIFEST_FILE)
_LOG_ENDS: Final = ("-wal", "-shm", "-journal")
# Copied right before the database: a clock that is a moment behind the journal is what a power cut
# leaves as well; one ahead of it would pass over what fell due in between.
_CLOCK_FILE: Final = "clock.json"

# What a zip file can raise whose bytes are not what was written; `RuntimeError`: it says that it is
# encrypted, or packed in a way that is not known.
_UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, KeyError,
)  # fmt: skip

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Archived:
    """What an archive holds.

    Attributes:
        journals: By venue, the position of its last record and its hash (64 hex digits).
        files: By name inside the home, length in bytes and SHA-256 (64 hex digits).
    """

    home_version: int
    schema_version: int
    taken_at: str
    journals: Mapping[str, tuple[int, str]]
    files: Mapping[str, tuple[int, str]]


class _Moved(Exception):
    """A file changed or went away while it was copied."""


def take_archive(home: Path, file: Path, told: Told = lambda count: None) -> Archived:
    """Copy a home into a new file; a server may run on it.

    Args:
        told: Called with the number of bytes copied, and later packed, since the last call.

    Raises:
        StorageError: If there is no home, it is damaged, or the file is there or cannot be written.
        JournalCorrupt: If the journal's chain is broken: what is damaged is not kept as a backup.
    """
    check_home(home)
    if file.exists():
        raise StorageError(f"{file} is there already; choose another name")
    try:
        with _scratch(file.absolute().parent) as folder:
            for attempt in range(ATTEMPTS):
                copy = folder / str(attempt)
                try:
                    archived = _copy(home, copy, told)
                    break
                except _Moved:
                    shutil.rmtree(copy)
            else:
                raise StorageError(f"{home} changes all the time; wait until the import is done")
            packed = folder / "packed"
            _pack(copy, archived, packed, told)
            os.replace(packed, file)
    except OSError as error:
        raise StorageError(f"{file}: {error.strerror or error}") from error
    return archived


def unpack_archive(file: Path, folder: Path, told: Told = lambda count: None) -> Archived:
    """Unpack an archive into an empty folder and check every byte of it.

    Raises:
        ArchiveDamaged: If it is not what was written, or no archive.
        WrongVersion: If a later version wrote it.
        StorageError: If the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            archived = _manifest_of(packed, file)
            for name, (length, digest) in archived.files.items():
                _unpack(packed, file, name, length, digest, folder / name)
                told(length)
    except _UNREADABLE as error:
        raise ArchiveDamaged(file, str(error)) from error
    except OSError as error:
        raise StorageError(f"{error.filename or file}: {error.strerror or error}") from error
    return archived


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """Make a folder that only its owner can read, on the disk of the file to come."""
    path = Path(tempfile.mkdtemp(prefix=".portway-backup-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _copy(home: Path, copy: Path, told: Told) -> Archived:
    """Copy everything that belongs to a home, as of one moment.

    Raises:
        _Moved: If a file changed meanwhile.
    """
    copy.mkdir()
    names = _names_in(home)
    last = (_CLOCK_FILE, DATABASE_FILE)
    # A list of files before the files it names: those it no longer names may be gone by then.
    databases = [name for name in names if name.endswith(".db") and name not in last]
    others = [name for name in names if name not in (*databases, *last)]
    before = {name: _signature(home / name) for name in others}
    for name in (*databases, *others, *(one for one in last if one in names)):
        _copy_file(home / name, copy / name)
        told((copy / name).stat().st_size)
    for name in others:
        if _signature(home / name) != before[name]:
            raise _Moved(name)
    with closing(SqliteReader.open(copy / DATABASE_FILE)) as reader:
        journals = {}
        for venue in reader.venues():
            for _ in reader.read(venue):
                pass  # Each record is checked against the one before.
            journals[venue] = reader.head(venue)
        schema_version = int(reader.file_version or 0)
    files = {name: ((copy / name).stat().st_size, _digest(copy / name)) for name in names}
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Archived(HOME_VERSION, schema_version, taken_at, journals, files)


def _names_in(home: Path) -> list[str]:
    found = []
    for path in home.rglob("*"):
        name = path.relative_to(home).as_posix()
        is_ours = not any(part.startswith(".") for part in path.relative_to(home).parts)
        is_kept = path.name not in _LEFT_OUT and not path.name.endswith(_LOG_ENDS)
        is_kept = is_kept and not path.name.startswith(f"{DATABASE_FILE}.")  # Mended, or damaged.
        if is_ours and is_kept and path.is_file() and not path.is_symlink():
            found.append(name)
    return sorted(found)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".db":
        with (
            closing(connect_read_only(source)) as connection,
            closing(sqlite3.connect(target)) as copy,
        ):
            connection.backup(copy)
        return
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise _Moved(source.name) from error


def _signature(path: Path) -> tuple[int, int, int]:
    """Return what changes with every change of a file."""
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise _Moved(path.name) from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(copy: Path, archived: Archived, target: Path, told: Told) -> None:
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(handle, "w+b") as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        packed.writestr(MANIFEST_FILE, json.dumps(_manifest(archived), indent=1) + "\n")
        for name, (length, _) in archived.files.items():
            packed.write(copy / name, name)
            told(length)
        packed.close()
        raw.flush()
        os.fsync(raw.fileno())


def _manifest(archived: Archived) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "portway": version("portway"),
        "home_version": archived.home_version,
        "schema_version": archived.schema_version,
        "taken_at": archived.taken_at,
        "journals": {
            venue: {"records": seq, "head": head}
            for venue, (seq, head) in archived.journals.items()
        },
        "files": {
            name: {"bytes": length, "sha256": digest}
            for name, (length, digest) in archived.files.items()
        },
    }


def _manifest_of(packed: zipfile.ZipFile, file: Path) -> Archived:
    try:
        with packed.open(MANIFEST_FILE) as entry:
            data = json.loads(entry.read(MANIFEST_BYTES_MAX))
        if data["format"] > FORMAT:
            raise WrongVersion(
                f"{file} was written by portway {data['portway']}, a later version; restore it "
                "with that one"
            )
        archived = Archived(
            data["home_version"],
            data["schema_version"],
            data["taken_at"],
            {venue: (one["records"], one["head"]) for venue, one in data["journals"].items()},
            {name: (one["bytes"], one["sha256"]) for name, one in data["files"].items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArchiveDamaged(file, f"its manifest cannot be read ({error})") from error
    if archived.home_version > HOME_VERSION or archived.schema_version > SCHEMA_VERSION:
        raise WrongVersion(
            f"{file} holds a home of version {archived.home_version}, schema "
            f"{archived.schema_version}; this program reads up to {HOME_VERSION}, schema "
            f"{SCHEMA_VERSION}: restore it with portway {data['portway']}"
        )
    _check_names(packed, file, archived)
    return archived


def _check_names(packed: zipfile.ZipFile, file: Path, archived: Archived) -> None:
    """Exactly the files of the manifest, and none that would land outside of the folder."""
    if sorted(packed.namelist()) != sorted([*archived.files, MANIFEST_FILE]):
        raise ArchiveDamaged(file, "it does not hold the files that its manifest names")
    for name in archived.files:
        path = PurePosixPath(name)
        is_inside = not path.is_absolute() and ".." not in path.parts and path.parts
        if not is_inside or "\\" in name or ":" in name or name != path.as_posix():
            raise ArchiveDamaged(file, f"it holds {name!r}, which is no file of a home")
    if len(archived.files) > FILES_MAX or DATABASE_FILE not in archived.files:
        raise ArchiveDamaged(file, "it holds no home")


def _unpack(
    packed: zipfile.ZipFile, file: Path, name: str, length: int, digest: str, target: Path
) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed, left = hashlib.sha256(), length
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with packed.open(name) as entry, os.fdopen(handle, "wb") as out:
        # Never more than was said: what unpacks to more is no archive of ours.
        while chunk := entry.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                break
            hashed.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if left or hashed.hexdigest() != digest:
        raise ArchiveDamaged(file, f"{name} is not what was written")


def refuse_full(home: Path) -> None:
    """Refuse a folder that holds anything.

    Raises:
        HomeUnusable: With the way out.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeUnusable(
            f"{home} is not empty; restore into a folder that does not exist yet: --home NEW"
        )
