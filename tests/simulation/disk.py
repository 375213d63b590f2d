"""A disk under SQLite that remembers every call that changes it, and fails when it is told to.

It is a file system of apsw's own SQLite; `connect` opens connections on it that look like those of
the standard library, so that the real adapter runs its own statements above it, unchanged. The
files are real ones of the folder they are opened in: what a power cut would leave of them is
`power_cut.py`'s affair.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

import apsw

__all__ = ["Call", "Change", "Disk", "Trouble"]

LOG_PAGES = 40  # The log is folded after so few that it is often cut and fails in it; usually 1000.
_NUMBERS = itertools.count()


class Call(Enum):
    """What SQLite asks a file system to do."""

    OPEN = auto()
    READ = auto()
    WRITE = auto()
    SYNC = auto()
    TRUNCATE = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changed the disk; what it does not need is empty.

    Attributes:
        size: To which the file was cut.
    """

    call: Call
    file: str
    offset: int = 0
    data: bytes = b""
    size: int = 0


class Trouble(Enum):
    """How a call fails, as SQLite is told: result and extended result."""

    FULL = (apsw.FullError, apsw.SQLITE_FULL)
    READ_ONLY = (apsw.ReadOnlyError, apsw.SQLITE_READONLY)
    BROKEN_WRITE = (apsw.IOError, apsw.SQLITE_IOERR_WRITE)
    BROKEN_SYNC = (apsw.IOError, apsw.SQLITE_IOERR_FSYNC)
    BROKEN_READ = (apsw.IOError, apsw.SQLITE_IOERR_READ)

    def error(self) -> Exception:
        kind, code = self.value
        error: Exception = kind(f"a fault was ordered: {self.name}")
        error.extendedresult = code  # type: ignore[attr-defined]
        return error


@dataclass
class Disk:
    """One file system, registered for as long as it is open.

    Attributes:
        changes: Every call that changed the disk, in order.
        calls: How many calls there were; of all kinds, those that failed too.
        failed: How many were made to fail.
        before: Told of every call and its number before it happens; raises, or waits.
    """

    changes: list[Change] = field(default_factory=list)
    calls: int = 0
    failed: int = 0
    before: Callable[[Call, int], None] | None = None
    name: str = field(default_factory=lambda: f"disk{next(_NUMBERS)}")

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._vfs: _FileSystem | None = _FileSystem(self)

    def connect(self, path: Path) -> sqlite3.Connection:
        """Open a connection for the adapter."""
        return _Connection(path, self.name)  # type: ignore[return-value]

    def close(self) -> None:
        """Forget the file system; its connections are closed."""
        if self._vfs is not None:
            self._vfs.unregister()
            self._vfs = None

    def fail(self, trouble: Trouble, *kinds: Call, skip: int = 0, times: int | None = None) -> None:
        """Let calls of some kinds fail, after `skip` of them and for so many; None: until mended.

        Args:
            kinds: Empty for every kind.
        """
        counted = itertools.count()

        def before(call: Call, _: int) -> None:
            if kinds and call not in kinds:
                return
            number = next(counted)
            if number >= skip and (times is None or number < skip + times):
                self.failed += 1
                raise trouble.error()

        self.before = before

    def mend(self) -> None:
        """Let everything succeed again."""
        self.before = None

    def met(self, call: Call) -> None:
        """Count a call; raises when it is to fail."""
        with self._lock:
            self.calls += 1
            number = self.calls
        if self.before is not None:
            self.before(call, number)


class _FileSystem(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        self._disk.met(Call.OPEN)
        path = name if isinstance(name, str) or name is None else name.filename()
        file = _File(self._disk, name, flags, Path(path).name if path else "")
        if path and flags[0] & apsw.SQLITE_OPEN_CREATE:
            self._disk.changes.append(Change(Call.OPEN, file.name))
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.met(Call.DELETE)
        super().xDelete(filename, syncdir)
        self._disk.changes.append(Change(Call.DELETE, Path(filename).name))

    def excepthook(self, *_: object) -> None:
        """An ordered fault is no surprise."""


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, filename: Any, flags: list[int], name: str) -> None:
        self.name = name
        self._disk = disk
        super().__init__("", filename, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.met(Call.READ)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        try:
            self._disk.met(Call.WRITE)
        except apsw.FullError:
            # A disk that gets full takes what still fits.
            self._write(bytes(data[: len(data) // 2]), offset)
            raise
        self._write(bytes(data), offset)

    def _write(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._disk.changes.append(Change(Call.WRITE, self.name, offset, data))

    def xSync(self, flags: int) -> None:
        self._disk.met(Call.SYNC)
        super().xSync(flags)
        self._disk.changes.append(Change(Call.SYNC, self.name))

    def xTruncate(self, newsize: int) -> None:
        self._disk.met(Call.TRUNCATE)
        super().xTruncate(newsize)
        self._disk.changes.append(Change(Call.TRUNCATE, self.name, size=newsize))

    def excepthook(self, *_: object) -> None:
        """An ordered fault is no surprise."""


class _Connection:
    """A connection of apsw with the face of the standard library's, as far as the adapter looks."""

    def __init__(self, path: Path, vfs: str) -> None:
        self._connection = _told(lambda: apsw.Connection(str(path), vfs=vfs))
        self._connection.set_wal_hook(_fold_log)

    def execute(self, sql: str, values: Sequence[object] = ()) -> _Rows:
        return _Rows(_told(lambda: self._connection.execute(sql, values).fetchall()))

    def executemany(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        _told(lambda: self._connection.executemany(sql, values).fetchall())

    def executescript(self, sql: str) -> None:
        self.execute(sql)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        _told(self._connection.close)


class _Rows:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


def _fold_log(connection: apsw.Connection, name: str, pages: int) -> int:
    """Do what SQLite does by itself after a commit: a failure is none of the commit's.

    Its own code would let the error of a fault, which is Python's, come out of the commit.
    """
    if pages >= LOG_PAGES:
        with suppress(apsw.Error):
            connection.wal_checkpoint(name)
    return apsw.SQLITE_OK


def _told(act: Callable[[], Any]) -> Any:
    """Act, with the errors of the standard library."""
    try:
        return act()
    except apsw.Error as error:
        told = sqlite3.OperationalError(str(error))
        told.sqlite_errorcode = error.extendedresult
        raise told from error
