"""What stands in a database beside its journal and what follows from it, taken over to another.

Accounts of the gateway, apps, tokens, sessions, documents, small values: nothing else tells them.
"""

from __future__ import annotations

from portway.storage.errors import DatabaseCorrupt
from portway.storage.schema import TABLES
from portway.storage.sqlite import SqliteStore
from portway.storage.sqlite_reader import SqliteReader

__all__ = ["copy_other_tables"]

_DERIVED = ("journal", "journal_head", "snapshots", *TABLES.values())


def copy_other_tables(source: SqliteReader, target: SqliteStore) -> None:
    """Copy every row of every table that does not follow from the journal.

    Raises:
        DatabaseCorrupt: If one cannot be read: who may sign in is not guessed at.
        WriteFailed: If it cannot be written.
    """
    tables = target.select(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    for (table,) in tables:
        if table in _DERIVED:
            continue
        try:
            rows = source.select(f"SELECT * FROM {table}")
        except DatabaseCorrupt as error:
            raise DatabaseCorrupt(
                f"table {table} cannot be read, and nothing else tells what it held: {error}"
            ) from error
        for row in rows:
            marks = ", ".join("?" * len(row))
            target.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
