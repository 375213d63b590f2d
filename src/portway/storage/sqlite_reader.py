"""The database of a home, for reading alone: as it stood at one instant, also while a server runs.

One read transaction is held open, so that journal and read models agree with each other whatever
is written meanwhile; the write-ahead log cannot be folded into the file until it is let go. A file
of an earlier version is read through a temporary copy brought up to this version; the file itself
is never written. Damage of the file is told with the page, damage of a record by the journal's own
chain.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from portway.storage.errors import DatabaseCorrupt, WrongVersion
from portway.storage.schema import CACHE_SCHEMA, MIGRATIONS, SCHEMA, SCHEMA_VERSION, TABLES
from portway.storage.sqlite import BUSY_TIMEOUT_MS, SqliteStore, chain_link
from portway.trading.ports import JournalRecord, Row, WriteFailed

__all__ = ["KeptSnapshot", "SqliteReader", "connect_read_only"]

_PAGE: Final = re.compile(r"\bpage (\d+)", re.IGNORECASE)
_HEADER_BYTES: Final = 100
# The second: SQLite quotes damaged text in its own complaint.
_UNREADABLE: Final = (sqlite3.DatabaseError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """A snapshot as it stands in the file.

    Attributes:
        belongs: Whether it is tied to the record of the journal that it follows.
    """

    seq: int
    payload: bytes
    belongs: bool


class SqliteReader(SqliteStore):
    """The reading half of a store; every write is refused.

    Attributes:
        file_version: Of the tables as they stand in the file.
    """

    file_version: str | None

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Read from a connection of one's own; `path` is for messages.

        Raises:
            DatabaseCorrupt: The file is damaged or not a database.
            WrongVersion: Its tables are of a later version.
        """
        self._path = path
        self._heads = {}
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        # Damaged text is for the comparison to find and name, not for the driver to fall over.
        connection.text_factory = _lenient_text
        self._reader = connection
        self._begin()
        found = self.file_version = self.meta("schema_version")
        if found is not None and found.isdecimal() and int(found) in MIGRATIONS:
            self._reader = _upgraded(connection, int(found))
            self._begin()
            found = self.meta("schema_version")
        if found != str(SCHEMA_VERSION):
            raise WrongVersion(
                f"{path} has schema version {found}, this program reads {SCHEMA_VERSION}; "
                "use the version that wrote it, or another home"
            )
        self._reader.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    @classmethod
    def open(cls, path: Path) -> SqliteReader:
        """Open a database file; it must exist.

        Raises:
            DatabaseCorrupt, WrongVersion: As the constructor.
        """
        connection = connect_read_only(path)
        try:
            return cls(connection, path)
        except BaseException:
            connection.close()
            raise

    def renew(self) -> None:
        """See what was written since; what was read before is then of an earlier instant."""
        with self._read_lock:
            self._reader.execute("COMMIT")
        self._begin()

    def close(self) -> None:
        """Let go of the file."""
        with self._read_lock:
            self._reader.close()

    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query.

        Raises:
            DatabaseCorrupt: If a page that it needs is damaged.
        """
        try:
            return super().select(sql, values)
        except _UNREADABLE as error:
            raise self._damaged(str(error)) from error

    def venues(self) -> list[str]:
        """Return every venue that the journal or any table names, in order."""
        tables = ("journal", "journal_head", "snapshots", *TABLES.values())
        found: set[str] = set()
        for table in tables:
            if self._has_table(table):
                found |= {str(row[0]) for row in self.select(f"SELECT DISTINCT venue FROM {table}")}
        return sorted(found)

    def head(self, venue: str) -> tuple[int, str]:
        """Return position and hash (64 hex digits) of the newest record."""
        seq, chain = self._head(venue)
        return seq, bytes(chain).hex()

    def last_known(self, venue: str) -> int:
        """Return the highest position that head or journal name, as far as they can be read."""
        known = [0]
        for sql in (
            "SELECT seq FROM journal_head WHERE venue = ?",
            "SELECT max(seq) FROM journal WHERE venue = ?",
        ):
            try:
                known += [row[0] for row in self.select(sql, (venue,)) if isinstance(row[0], int)]
            except DatabaseCorrupt:
                continue
        return max(known)

    def sound_records(self, venue: str) -> Iterator[JournalRecord]:
        """Yield every record up to the first that is not what was written, or cannot be read.

        One by one: the ones before a damaged page are read, whatever stands on it.
        """
        chain, seq = b"", 0
        sql = "SELECT payload, chain FROM journal WHERE venue = ? AND seq = ?"
        while True:
            try:
                rows = self.select(sql, (venue, seq + 1))
            except DatabaseCorrupt:
                return
            if not rows or not isinstance(rows[0][0], bytes):
                return
            chain = chain_link(chain, rows[0][0])
            if rows[0][1] != chain:
                return
            seq += 1
            yield JournalRecord(seq, rows[0][0])

    def kept_snapshot(self, venue: str) -> KeptSnapshot | None:
        """Return the snapshot of a venue as it stands, also one that recovery would pass over."""
        if not self._has_table("snapshots"):
            return None
        rows = self.select(
            "SELECT s.seq, s.payload, s.chain = j.chain FROM snapshots s "
            "LEFT JOIN journal j ON j.venue = s.venue AND j.seq = s.seq WHERE s.venue = ?",
            (venue,),
        )
        if not rows:
            return None
        seq, payload, belongs = rows[0]
        if not (isinstance(seq, int) and isinstance(payload, bytes)):
            return KeptSnapshot(0, b"", belongs=False)
        return KeptSnapshot(seq, payload, bool(belongs))

    def damage(self) -> str | None:
        """Look through every page; return what is wrong with the first damaged one, or None."""
        with self._read_lock:
            return _length_damage(self._path) or self._page_damage()

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        raise WriteFailed(f"{self._path} is open for reading")

    def save_snapshot(self, venue: str, snapshot: JournalRecord) -> None:
        raise WriteFailed(f"{self._path} is open for reading")

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        raise WriteFailed(f"{self._path} is open for reading")

    def _begin(self) -> None:
        try:
            self._reader.execute("BEGIN")
            # The first read decides of which instant everything is.
            tables = self._reader.execute("SELECT name FROM sqlite_master").fetchall()
        except _UNREADABLE as error:
            raise self._damaged(str(error)) from error
        if ("meta",) not in tables:
            raise self._damaged("it has no table of portway's")

    def _has_table(self, name: str) -> bool:
        return bool(self.select("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)))

    def _page_damage(self) -> str | None:
        try:
            found = str(self._reader.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found != "ok":
                return f"{_page_of(found)}: {' '.join(found.split())}"
            return _shape_damage(self._reader)
        except _UNREADABLE as error:
            return f"{_page_of(str(error))}: {error}"

    def _damaged(self, what: str) -> DatabaseCorrupt:
        return _unreadable(self._path, what)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; the file must exist.

    Raises:
        DatabaseCorrupt: There is no such file, or it cannot be opened.
    """
    if not path.is_file():
        raise DatabaseCorrupt(f"{path}: there is no such file; is it the right --home?")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    has_log = Path(f"{path}-wal").exists()
    # On a medium that cannot be written SQLite cannot make the index of its log: without a log
    # nobody writes, and it needs none.
    for way in (uri, f"{uri}&immutable=1"):
        connection = sqlite3.connect(way, uri=True, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if has_log or "unable to open" not in str(error):
                raise _unreadable(path, error) from error
        except _UNREADABLE as error:
            connection.close()
            raise _unreadable(path, error) from error
        else:
            return connection
    raise DatabaseCorrupt(f"{path}: it cannot be opened; may you read it?")


def _unreadable(path: Path, error: Exception | str) -> DatabaseCorrupt:
    return DatabaseCorrupt(
        f"{path}: {_length_damage(path) or error}; restore it from a backup, or move it away to "
        "start afresh"
    )


def _lenient_text(text: bytes) -> str:
    return text.decode(errors="backslashreplace")


def _upgraded(connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """Return a temporary copy whose tables are of this version; the original is closed."""
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    copy.text_factory = _lenient_text
    connection.backup(copy)
    connection.close()
    while (step := MIGRATIONS.get(version)) is not None:
        version += 1
        after = f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version';"
        copy.executescript(f"BEGIN IMMEDIATE; {step} {after} COMMIT;")
    return copy


def _length_damage(path: Path) -> str | None:
    """Tell whether the file ends before its last page, by the header's own count of pages."""
    log = Path(f"{path}-wal")
    if not path.is_file() or (log.exists() and log.stat().st_size):
        return None  # Pages stand in the log, and the file grows when it is folded in.
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    bytes_found = path.stat().st_size
    if len(header) < _HEADER_BYTES:
        return f"page 1 is cut off: the file has {bytes_found} bytes"
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(header[28:32], "big")
    is_counted = header[24:28] == header[92:96]  # Else a very old SQLite wrote, and did not count.
    if not page_bytes or not is_counted or bytes_found >= pages * page_bytes:
        return None
    return (
        f"page {bytes_found // page_bytes + 1} of {pages} is cut off: the file has {bytes_found} "
        f"bytes instead of {pages * page_bytes}"
    )


def _page_of(text: str) -> str:
    found = _PAGE.search(text)
    return f"page {found[1]}" if found else "page 1 or the pages it leads to"


def _shape_damage(reader: sqlite3.Connection) -> str | None:
    """Compare tables, columns and indexes with those that this program makes."""
    expected = sqlite3.connect(":memory:")
    try:
        expected.executescript(SCHEMA)
        expected.execute(CACHE_SCHEMA)
        found, wanted = _shape(reader), _shape(expected)
    finally:
        expected.close()
    for name, columns in wanted.items():
        if found.get(name) != columns and not (name == "snapshots" and name not in found):
            return f"page 1: the definition of {name} is not what was written"
    return None


def _shape(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    named = connection.execute(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    ).fetchall()
    shape: dict[str, list[tuple[object, ...]]] = {}
    for kind, name, table in named:
        pragma = "table_info" if kind == "table" else "index_info"
        rows = connection.execute(f"SELECT * FROM pragma_{pragma}(?)", (name,)).fetchall()
        shape[name] = [(kind, table), *(_folded(row) for row in rows)]
    return shape


def _folded(row: tuple[Any, ...]) -> tuple[object, ...]:
    """Fold names and types, which SQL spells as it likes, and nothing else."""
    return tuple(
        value.casefold() if place in (1, 2) and isinstance(value, str) else value
        for place, value in enumerate(row)
    )
