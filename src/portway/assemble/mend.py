"""A damaged home made sound again, when its owner asks: cut after the last record that is proven.

The journal is written anew up to there, everything that follows from it is derived anew, accounts,
apps and tokens are taken over as they stand, and the damaged files are kept beside. Never while a
server runs, and never more than the journal itself proves.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portway.assemble.ledger_files import HomeReport, verify_reader
from portway.assemble.names import VENUE
from portway.storage.copied_tables import copy_other_tables
from portway.storage.errors import DatabaseCorrupt, StorageError
from portway.storage.home import DATABASE_FILE, check_home, locked_home
from portway.storage.log_tail import LogTail, log_tail
from portway.storage.sqlite import SqliteStore
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.event_codec import UnreadableRecord
from portway.trading.ports import WriteFailed
from portway.trading.rebuild import rebuild

__all__ = ["Mended", "mend_home"]

_ENDS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Mended:
    """What was kept and what was cut.

    Attributes:
        kept: By venue, the last record that was kept, and the last that was known of.
        why: What is wrong, in words, by venue.
        tail: Of the log, where more than a torn transaction was lost in it.
        damaged: Where the damaged database is now; None: there was nothing to mend.
        report: What a look through the home as it stands now has found.
    """

    kept: dict[str, tuple[int, int]]
    why: dict[str, str]
    tail: LogTail | None
    damaged: Path | None
    report: HomeReport


def mend_home(home: Path) -> Mended:
    """Cut the journal after its last sound record and derive everything else from it anew.

    Raises:
        HomeLocked: If a server runs on it.
        StorageError: If too little can be read to keep anything, or it cannot be written.
    """
    check_home(home)
    database = home / DATABASE_FILE
    with locked_home(home):
        tail = log_tail(database)
        tail = tail if tail is not None and tail.is_damage else None
        with closing(SqliteReader.open(database)) as reader:
            report = verify_reader(reader)
            if report.exit_status == 0 and tail is None:
                return Mended({}, {}, None, None, report)
            new = database.with_name(f"{DATABASE_FILE}.mended")
            kept, why = _write(reader, report, new)
        report = _verified(new)
        damaged = _swap(database, new)
    return Mended(kept, why, tail, damaged, report)


def _write(
    reader: SqliteReader, report: HomeReport, new: Path
) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """Write the sound part to a new file; return what was kept, and why no more."""
    kept: dict[str, tuple[int, int]] = {}
    why: dict[str, str] = {}
    for end in _ENDS:
        new.with_name(f"{new.name}{end}").unlink(missing_ok=True)
    found = {one.venue: one for one, _ in report.venues}
    try:
        with closing(SqliteStore(new)) as store:
            for venue in _venues(reader):
                difference = found[venue].difference if venue in found else None
                last = sum(1 for _ in reader.sound_records(venue))
                if difference is not None and difference.is_damage and difference.seq is not None:
                    last = min(last, difference.seq - 1)
                rebuild(islice(reader.sound_records(venue), last), store, venue)
                kept[venue] = (last, max(last, reader.last_known(venue)))
                why[venue] = str(difference) if difference is not None else report.damage or ""
            copy_other_tables(reader, store)
    except (UnreadableRecord, WriteFailed, OSError) as error:
        raise StorageError(f"{new}: {error}; restore a backup instead") from error
    return kept, why


def _venues(reader: SqliteReader) -> list[str]:
    try:
        return reader.venues()
    except DatabaseCorrupt:
        return [VENUE]


def _verified(new: Path) -> HomeReport:
    with closing(SqliteReader.open(new)) as reader:
        report = verify_reader(reader)
    if report.exit_status:
        raise StorageError(f"{new} does not agree with itself either; restore a backup instead")
    return report


def _swap(database: Path, new: Path) -> Path:
    """Put the new file in place of the old one, which is kept under another name."""
    number = 1
    while (damaged := database.with_name(f"{database.name}.damaged-{number}")).exists():
        number += 1
    for end in _ENDS:
        old = database.with_name(f"{database.name}{end}")
        if old.exists():
            old.rename(damaged.with_name(f"{damaged.name}{end}"))
    for end in _ENDS[1:]:
        new.with_name(f"{new.name}{end}").unlink(missing_ok=True)
    os.replace(new, database)
    return damaged
