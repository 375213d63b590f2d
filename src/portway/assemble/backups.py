"""A home taken away and brought back: packed while a server runs, proven before it is believed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from portway.assemble.ledger_files import HomeReport, opened_for_reading, verify_reader
from portway.storage.archive import Archived, refuse_full, take_archive, unpack_archive
from portway.storage.errors import ArchiveDamaged, HomeUnusable
from portway.storage.home import DATABASE_FILE

__all__ = ["Archived", "restore_home", "take_archive"]


def restore_home(
    file: Path, home: Path, told: Callable[[int], None] = lambda count: None
) -> tuple[Archived, HomeReport]:
    """Unpack a backup into a new home and verify it; the home appears only when all of it agrees.

    Args:
        told: Called with the number of bytes unpacked since the last call.

    Raises:
        HomeUnusable: If the folder is not empty, or cannot be made.
        ArchiveDamaged: If a byte is not what was written, or the journal does not agree.
        StorageError, JournalCorrupt: If it cannot be read or written.
    """
    refuse_full(home)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".portway-restore-", dir=home.parent))  # Mode 0700.
    except OSError as error:
        raise HomeUnusable(
            f"{home}: {error.strerror or error}; choose another folder with --home"
        ) from error
    try:
        archived = unpack_archive(file, folder, told)
        with opened_for_reading(folder) as reader:
            report = verify_reader(reader)
            heads = {venue: reader.head(venue) for venue in reader.venues()}
        _refuse_other_journal(file, archived, report, heads)
        for end in ("-shm", "-wal"):  # What reading leaves behind; nobody else knows the folder.
            (folder / f"{DATABASE_FILE}{end}").unlink(missing_ok=True)
        refuse_full(home)
        if home.exists():
            home.rmdir()
        folder.rename(home)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return archived, report


def _refuse_other_journal(
    file: Path, archived: Archived, report: HomeReport, heads: dict[str, tuple[int, str]]
) -> None:
    if report.damage is not None:
        raise ArchiveDamaged(file, report.damage)
    for found, _ in report.venues:
        if found.difference is not None:
            raise ArchiveDamaged(file, str(found.difference))
    if heads != dict(archived.journals):
        raise ArchiveDamaged(file, "its journal does not end where its manifest says")
