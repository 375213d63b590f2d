"""What one batch adds to the journal and to the read models, as a single statement.

A statement runs without the interpreter's lock, and taking it back means waiting for whoever holds
it. A busy server's event loop always does, and to wake one thread for the other takes longer than
most statements: a batch written row by row would spend most of its time, and a good part of the
loop's, on hundreds of such exchanges. So a batch goes as a few values into a view that exists on
the writing connection alone, and the view's trigger writes its rows, in a transaction of their own.

SQLite's JSON ends a text at NUL, so no column may hold one: names are printable, and what a client
writes freely stands inside of an order's own JSON.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from portway.storage.row_codec import row_values
from portway.storage.schema import TABLES
from portway.trading.ports import JournalRecord, Row

__all__ = ["CHAIN_BYTES", "TAKE_IN", "intake_values", "prepare_intake"]

CHAIN_BYTES: Final = 32  # of a record's link

_TABLES: Final = tuple(dict.fromkeys(TABLES.values()))
_INPUTS: Final = ("venue", "seq", "records", "payloads", "chains", *_TABLES)
TAKE_IN: Final = f"INSERT INTO intake VALUES ({', '.join('?' * len(_INPUTS))})"

# `records` tells where each payload stands in all of them together, counted from 1; the links are
# all of one length. What is NULL has no elements.
_JOURNAL: Final = f"""
INSERT INTO journal SELECT NEW.venue,
    json_extract(value, '$[0]'),
    substr(NEW.payloads, json_extract(value, '$[1]'), json_extract(value, '$[2]')),
    substr(NEW.chains, {CHAIN_BYTES} * key + 1, {CHAIN_BYTES})
    FROM json_each(NEW.records);
INSERT OR REPLACE INTO journal_head
    SELECT NEW.venue, NEW.seq, substr(NEW.chains, -{CHAIN_BYTES}) WHERE NEW.seq IS NOT NULL;
"""


def prepare_intake(connection: sqlite3.Connection) -> None:
    """Make the view and its trigger; they last as long as the connection and are in no file."""
    rows = "".join(_rows_of(table, _width(connection, table)) for table in _TABLES)
    columns = ", ".join(f"NULL AS {name}" for name in _INPUTS)
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"CREATE TEMP VIEW intake AS SELECT {columns}")
    connection.execute(
        f"CREATE TEMP TRIGGER take_in INSTEAD OF INSERT ON intake BEGIN {_JOURNAL} {rows} END"
    )


def intake_values(
    venue: str, records: Sequence[JournalRecord], chains: Sequence[bytes], rows: Sequence[Row]
) -> tuple[object, ...]:
    """Return the values of `TAKE_IN`: rows replace those with their keys.

    Args:
        chains: The link of each record.
    """
    places, end = [], 1
    for record in records:
        length = len(record.payload)
        places.append((record.seq, end, length))
        end += length
    by_table: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        by_table.setdefault(TABLES[type(row)], []).append(row_values(venue, row))
    return (
        venue,
        records[-1].seq if records else None,
        _json(places),
        b"".join(record.payload for record in records),
        b"".join(chains),
        *(_json(by_table.get(table)) for table in _TABLES),
    )


def _json(values: Any) -> str | None:
    return msgspec.json.encode(values).decode() if values else None


def _rows_of(table: str, width: int) -> str:
    columns = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(width))
    return f"INSERT OR REPLACE INTO {table} SELECT {columns} FROM json_each(NEW.{table});\n"


def _width(connection: sqlite3.Connection, table: str) -> int:
    found = connection.execute("SELECT count(*) FROM pragma_table_info(?)", (table,)).fetchone()
    return int(found[0])
