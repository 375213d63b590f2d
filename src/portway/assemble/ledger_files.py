"""A home opened for the owner's proofs: its journal and read models at one instant, for reading.

The command line knows no adapter; what verifies, shows and audits a journal is handed out here. A
server may run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portway.storage.broken_link import explain_break
from portway.storage.errors import ArchiveDamaged, DatabaseCorrupt, StorageError
from portway.storage.home import DATABASE_FILE, check_home, is_in_use
from portway.storage.kept_rows import SqliteKeptRows
from portway.storage.log_tail import LogTail, log_tail
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.verify import Verified, verify

__all__ = [
    "ArchiveDamaged",
    "DatabaseCorrupt",
    "HomeReport",
    "SqliteReader",
    "StorageError",
    "opened_for_reading",
    "tail_of",
    "verify_reader",
]


@dataclass(slots=True)
class HomeReport:
    """What a look through a whole database has found.

    Attributes:
        damage: The damaged page, in words; None: every page is sound.
        tail: What the write-ahead log passes over, where a server has left one and none runs.
        venues: What was found of each venue's journal, with its head's hash (64 hex digits).
    """

    damage: str | None = None
    tail: LogTail | None = None
    venues: list[tuple[Verified, str]] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something differs, 2 the file is damaged."""
        if self.damage is not None or (self.tail is not None and self.tail.is_damage):
            return 2
        return int(any(one.difference is not None for one, _ in self.venues))


def tail_of(home: Path) -> LogTail | None:
    """Return what the log of a home passes over; None: nothing, or a server is writing it now."""
    tail = None if is_in_use(home) else log_tail(home / DATABASE_FILE)
    return tail if tail is not None and tail.bad_frame is not None else None


@contextmanager
def opened_for_reading(home: Path) -> Iterator[SqliteReader]:
    """Open the database of a home for reading.

    Raises:
        StorageError: If there is none, or it cannot be read; one line with the way out.
    """
    check_home(home)
    reader = SqliteReader.open(home / DATABASE_FILE)
    try:
        yield reader
    finally:
        reader.close()


def verify_reader(
    reader: SqliteReader,
    told: Callable[[str, int, int], None] = lambda venue, seq, last: None,
) -> HomeReport:
    """Look through every page, then walk every journal and compare what is kept beside it.

    Args:
        told: Called now and then with venue, position reached and last position.
    """
    report = HomeReport(reader.damage())
    if report.damage is not None:
        return report
    for venue in reader.venues():
        last, head = reader.head(venue)

        def reached(seq: int, venue: str = venue, last: int = last) -> None:
            told(venue, seq, last)

        def explain(seq: int, venue: str = venue) -> tuple[str, str]:
            return explain_break(reader, venue, seq)

        kept = SqliteKeptRows(reader, venue)
        found = verify(reader, venue, kept, reader.kept_snapshot(venue), reached, explain)
        report.venues.append((found, head))
    return report
