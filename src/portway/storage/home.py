"""The server's home folder: private, versioned, and used by one server at a time.

Owns the folder's layout and its lock; what stands in the files belongs to their writers. The lock
is the operating system's, held on an open file, so that it is free again the moment a server ends,
however it ends.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from portway.storage.errors import DatabaseCorrupt, HomeLocked, HomeUnusable, WrongVersion
from portway.storage.log_tail import log_tail

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "DATABASE_FILE",
    "HOME_VERSION",
    "LOCK_FILE",
    "VERSION_FILE",
    "Home",
    "check_home",
    "is_in_use",
    "locked_home",
    "open_home",
    "read_json",
    "write_json",
]

HOME_VERSION: Final = 1
VERSION_FILE: Final = "version.json"
LOCK_FILE: Final = "lock"
DATABASE_FILE: Final = "portway.db"
_NO_VERSION: Final = (
    "{path} has a database but no version.json; restore that file, or choose another folder with "
    "--home"
)
_JSON_BYTES_MAX: Final = 1 << 20  # Files of the home are small; a larger one is not ours.


class Home:
    """An opened home folder, locked until `close`."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    @property
    def database(self) -> Path:
        """Where the database stands."""
        return self.path / DATABASE_FILE

    def close(self) -> None:
        """Let another server have the folder."""
        self._lock.close()

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_home(path: Path) -> Home:
    """Make the folder if there is none, check its version and lock it.

    Raises:
        HomeLocked: Another server uses it; names its process.
        WrongVersion: It was written by another version of the layout.
        HomeUnusable: It is damaged or cannot be written.
        DatabaseCorrupt: The log of its database is, and what was answered would be passed over.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise HomeUnusable(
            f"{path}: {error.strerror or error}; choose another folder with --home"
        ) from error
    try:
        _check_version(path)
        _refuse_lost_transactions(path)
    except BaseException:
        lock.close()
        raise
    return Home(path, lock)


def check_home(path: Path) -> None:
    """Check that there is a home of this version, without locking or changing it.

    Raises:
        WrongVersion: It was written by another version of the layout.
        HomeUnusable: There is none, or it is damaged.
    """
    if not path.is_dir():
        raise HomeUnusable(f"there is no home at {path}: 'portway serve --home {path}' makes one")
    if not (path / DATABASE_FILE).exists():
        raise HomeUnusable(f"{path} has no {DATABASE_FILE}: is it the right --home?")
    found = read_json(path / VERSION_FILE)
    if found is None:
        raise HomeUnusable(_NO_VERSION.format(path=path))
    _refuse_other_version(path, found)


@contextmanager
def locked_home(path: Path) -> Iterator[None]:
    """Keep every server away from a home that is there, without a look into it.

    Raises:
        HomeLocked: A server uses it.
    """
    with _lock(path):
        yield


def is_in_use(path: Path) -> bool:
    """Tell whether a server runs on a home now."""
    try:
        with (path / LOCK_FILE).open("r+") as file:
            _take(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a small JSON file; None when there is no such file.

    Raises:
        HomeUnusable: If it is damaged.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeUnusable(f"{path}: {error.strerror or error}") from error
    try:
        value = json.loads(text) if len(text) <= _JSON_BYTES_MAX else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise HomeUnusable(
            f"{path} is damaged: it holds no JSON object; move it away or restore it"
        )
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a small JSON file at once and for its owner's eyes alone (mode 0600).

    A reader sees the old object or the new one, never a part; on return it is on the disk.

    Raises:
        OSError: If it cannot be written; the old file stands.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _check_version(path: Path) -> None:
    found = read_json(path / VERSION_FILE)
    if found is None:
        if (path / DATABASE_FILE).exists():
            raise HomeUnusable(_NO_VERSION.format(path=path))
        write_json(path / VERSION_FILE, {"home_version": HOME_VERSION})
        return
    _refuse_other_version(path, found)


def _refuse_lost_transactions(path: Path) -> None:
    """SQLite would pass over them in silence and go on without."""
    tail = log_tail(path / DATABASE_FILE)
    if tail is not None and tail.is_damage:
        raise DatabaseCorrupt(
            f"{tail}; restore a backup, or give them up with "
            f"'portway journal verify --cut --home {path}'"
        )


def _refuse_other_version(path: Path, found: Mapping[str, Any]) -> None:
    version = found.get("home_version")
    if not isinstance(version, int):
        raise HomeUnusable(f"{path / VERSION_FILE} is damaged: it names no version; restore it")
    if version != HOME_VERSION:
        raise WrongVersion(
            f"{path} has home version {version}, this program reads {HOME_VERSION}; use the "
            "version that wrote it, or choose another folder with --home"
        )


def _lock(path: Path) -> IO[str]:
    """Hold the folder's lock; the file says who holds it, the operating system that it is held."""
    file = os.fdopen(os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        _take(file)
    except OSError:
        pid = _holder(file)
        file.close()
        who = f"process {pid}" if pid is not None else "another process"
        raise HomeLocked(
            f"{path} is in use by {who}; stop it, or choose another folder with --home", pid
        ) from None
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


def _holder(file: IO[str]) -> int | None:
    try:
        file.seek(0)
        text = file.read(20).strip()
    except OSError:  # Windows keeps the locked bytes from being read.
        return None
    return int(text) if text.isdigit() else None


if sys.platform == "win32":
    _LOCKED_BYTE: Final = 1 << 30  # Beyond the text, which stays readable.

    def _take(file: IO[str]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _flush_folder(path: Path) -> None:
        """Windows has no flush of a folder; `os.replace` is on the disk with the file."""

else:

    def _take(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _flush_folder(path: Path) -> None:
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
