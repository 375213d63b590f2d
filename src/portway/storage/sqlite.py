"""The default store: journal, read models and identity in one SQLite file.

WAL with `synchronous=FULL`: a commit is on the disk when `append` returns. Journal records are
chained by SHA-256, so that a changed, missing or cut record is found and named. One connection
writes, under a lock; another reads, so that queries never wait for a write.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from portway.storage.errors import DatabaseCorrupt, WrongVersion
from portway.storage.intake import TAKE_IN, intake_values, prepare_intake
from portway.storage.schema import CACHE_SCHEMA, MIGRATIONS, SCHEMA, SCHEMA_VERSION
from portway.storage.sqlite_reads import SqliteReadModels
from portway.trading.ports import (
    JournalCorrupt,
    JournalRecord,
    NothingWritten,
    Row,
    WriteFailed,
)

__all__ = ["SqliteStore", "chain_link", "open_connection"]

BUSY_TIMEOUT_MS: Final = 5000
READ_ROWS: Final = 1000  # Journal records fetched at a time: bounds the memory of a recovery.
_NO_CHAIN: Final = b""
# A commit that fails in one of these ways has not written its last frame whole: whatever the next
# start finds in the log, it is no transaction.
_COMMIT_UNDONE: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY)

Connect = Callable[[Path], sqlite3.Connection]


def open_connection(path: Path) -> sqlite3.Connection:
    """Open the file; every statement outside of BEGIN and COMMIT is a transaction of its own."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


class SqliteStore:
    """An open database file. Methods may be called from any thread."""

    def __init__(self, path: Path, connect: Connect = open_connection) -> None:
        """Open the file, making it if there is none.

        Args:
            connect: Opens a connection; another one stands on a file system that fails to order.

        Raises:
            DatabaseCorrupt: The file is damaged or not a database.
            WrongVersion: Its tables are another version's.
        """
        self._path = path
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        try:
            # The secrets of apps stand in it; the log beside it takes the mode over.
            path.touch(mode=0o600)
            path.chmod(0o600)
            self._writer = _prepared(connect(path))
            self._reader = _prepared(connect(path))
            self._prepare()
        except (sqlite3.DatabaseError, OSError, UnicodeDecodeError) as error:
            raise DatabaseCorrupt(
                f"{path}: {error}; restore it from a backup, or move it away to start afresh"
            ) from error

    def close(self) -> None:
        """Close both connections; the write-ahead log is folded into the file."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    def read_models(self, venue: str) -> SqliteReadModels:
        """Return the read side of a venue."""
        return SqliteReadModels(self.select, venue)

    def last_seq(self, venue: str) -> int:
        return self._head(venue)[0]

    def head(self, venue: str) -> tuple[int, str]:
        """Position of the newest record and its link, hexadecimal: equal in equal journals."""
        seq, chain = self._head(venue)
        return seq, chain.hex()

    def read(self, venue: str, after_seq: int = 0) -> Iterator[JournalRecord]:
        head_seq, head_chain = self._head(venue)
        seq, chain = after_seq, self._chain_at(venue, after_seq)
        while True:
            rows = self.select(
                "SELECT seq, payload, chain FROM journal WHERE venue = ? AND seq > ? "
                "ORDER BY seq LIMIT ?",
                (venue, seq, READ_ROWS),
            )
            for found, payload, kept in rows:
                if found != seq + 1:
                    raise _corrupt(self._path, venue, seq + 1, "is missing")
                # A damaged header of a row makes a number of it.
                if not isinstance(payload, bytes) or kept != (chain := chain_link(chain, payload)):
                    raise _corrupt(self._path, venue, found, "is not what was written")
                seq = found
                yield JournalRecord(found, payload)
            if len(rows) < READ_ROWS:
                break
        if seq < head_seq:
            raise _corrupt(self._path, venue, seq + 1, "is missing")
        if seq == head_seq and seq > after_seq and chain != head_chain:
            raise _corrupt(self._path, venue, seq, "is not what was written")

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        with self._write_lock:
            try:
                seq, chain = self._heads.get(venue) or self._head(venue)
                chains = []
                for record in records:
                    if record.seq != seq + 1:
                        raise NothingWritten(f"record {record.seq} does not follow {seq}")
                    seq, chain = record.seq, chain_link(chain, record.payload)
                    chains.append(chain)
                self._take_in(intake_values(venue, records, chains, rows))
            except sqlite3.Error as error:
                self._heads.pop(venue, None)
                raise NothingWritten(f"{self._path}: {error}") from error
            except WriteFailed:
                self._heads.pop(venue, None)
                raise
            self._heads[venue] = (seq, chain)

    def probe(self) -> None:
        self.set_meta("probe", "")

    def save_snapshot(self, venue: str, snapshot: JournalRecord) -> None:
        chain = self._chain_at(venue, snapshot.seq)
        self.execute(
            "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
            (venue, snapshot.seq, chain, snapshot.payload),
        )

    def snapshot(self, venue: str) -> JournalRecord | None:
        rows = self.select(
            "SELECT seq, snapshots.payload FROM snapshots JOIN journal USING (venue, seq) "
            "WHERE venue = ? AND snapshots.chain = journal.chain",
            (venue,),
        )
        return JournalRecord(*rows[0]) if rows else None

    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query, from the reading connection."""
        with self._read_lock:
            return self._reader.execute(sql, tuple(values)).fetchall()

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Carry out one statement in a transaction of its own; durable on return.

        Raises:
            NothingWritten: If it is certain that nothing was kept.
            WriteFailed: If neither is certain.
        """
        with self._write_lock:
            try:
                self._writer.execute(sql, tuple(values))
            except sqlite3.Error as error:
                failure = NothingWritten if _is_undone(error) else WriteFailed
                raise failure(f"{self._path}: {error}") from error

    def meta(self, key: str) -> str | None:
        """Return a value kept by `set_meta`."""
        rows = self.select("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small value, the clock's position for one; durable on return."""
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _take_in(self, values: Sequence[object]) -> None:
        try:
            self._writer.execute(TAKE_IN, values)
        except sqlite3.Error as error:
            self._undo(error)
            raise

    def _undo(self, error: sqlite3.Error) -> None:
        """Make sure that nothing is left of a transaction that failed, perhaps in its commit.

        Raises:
            WriteFailed: If the next start might find it: a flush that failed may have flushed.
        """
        writer = self._writer
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return  # It never began; nor would another write now.
            # Its place in the log is this one's now. Once flushed, nothing can bring it back.
            writer.execute("INSERT OR REPLACE INTO meta VALUES ('probe', '')")
        except sqlite3.Error:
            if not _is_undone(error):
                raise WriteFailed(f"{self._path}: {error}") from error

    def _head(self, venue: str) -> tuple[int, bytes]:
        rows = self.select("SELECT seq, chain FROM journal_head WHERE venue = ?", (venue,))
        return (rows[0][0], rows[0][1]) if rows else (0, _NO_CHAIN)

    def _chain_at(self, venue: str, seq: int) -> bytes:
        if not seq:
            return _NO_CHAIN
        rows = self.select("SELECT chain FROM journal WHERE venue = ? AND seq = ?", (venue, seq))
        if not rows:
            raise _corrupt(self._path, venue, seq, "is missing")
        return bytes(rows[0][0])

    def _prepare(self) -> None:
        """Make the tables of a new file, or check the version of an old one."""
        known = self._writer.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'meta'"
        ).fetchone()
        if not known[0]:
            # With its version in one transaction: a kill in between leaves a file to start from.
            version = f"INSERT INTO meta VALUES ('schema_version', '{SCHEMA_VERSION}');"
            self._writer.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {version} COMMIT;")
        self._migrate()
        found = self.meta("schema_version")
        if found != str(SCHEMA_VERSION):
            raise WrongVersion(
                f"{self._path} has schema version {found}, this program reads {SCHEMA_VERSION}; "
                "use the version that wrote it, or another home"
            )
        self._writer.execute(CACHE_SCHEMA)
        prepare_intake(self._writer)

    def _migrate(self) -> None:
        """Bring the tables of an earlier version up to this one, version by version."""
        while (found := self.meta("schema_version")) is not None and found.isdecimal():
            step = MIGRATIONS.get(int(found))
            if step is None:
                return
            after = f"UPDATE meta SET value = '{int(found) + 1}' WHERE key = 'schema_version';"
            self._writer.executescript(f"BEGIN IMMEDIATE; {step} {after} COMMIT;")


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: the log is flushed at every commit; NORMAL could lose answered orders in a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _is_undone(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _COMMIT_UNDONE


def chain_link(chain: bytes, payload: bytes) -> bytes:
    """Return the hash of a record, which holds all records before it."""
    return hashlib.sha256(chain + payload).digest()


def _corrupt(path: Path, venue: str, seq: int, what: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{path}: record {seq} of the journal of venue {venue} {what}; "
        "restore the file from a backup, or use another home"
    )
