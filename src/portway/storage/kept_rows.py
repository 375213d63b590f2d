"""The rows of the read models as they stand in the file, compared with what they should be.

Compared are all columns of a row as they are stored, letter by letter, those too that no query
reads back. What an earlier version wrote as JSON may lack fields that came later, and may spell
out what is left out today.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from portway.storage.row_codec import row_from, row_values
from portway.storage.schema import COLUMNS, TABLES
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.plain import plain
from portway.trading.ports import Row

__all__ = ["SqliteKeptRows"]

_SHOWN_CHARACTERS = 60
_JSON_COLUMNS = {"body": "order", "hold": "hold", "standing": "standing"}  # And the part of a row.


class SqliteKeptRows:
    """Rows of one venue, found by their keys."""

    def __init__(self, reader: SqliteReader, venue: str) -> None:
        self._reader = reader
        self._venue = venue
        self._columns: dict[str, list[str]] = {}
        self._keys: dict[str, list[str]] = {}
        for table in TABLES.values():
            info = reader.select("SELECT name, pk FROM pragma_table_info(?)", (table,))
            self._columns[table] = [name for name, _ in info]
            self._keys[table] = [name for name, pk in sorted(info, key=lambda one: one[1]) if pk]

    def difference(self, row: Row) -> str | None:
        """Return how the stored row differs from `row`, which has its key; None: it does not."""
        table = TABLES[type(row)]
        names, keys = self._columns[table], self._keys[table]
        wanted = dict(zip(names, row_values(self._venue, row), strict=True))
        where = " AND ".join(f"{name} = ?" for name in keys)
        key = [wanted[name] for name in keys]
        found = self._reader.select(f"SELECT * FROM {table} WHERE {where}", key)
        shown = ", ".join(f"{name} {wanted[name]}" for name in keys[1:])
        if not found:
            return f"{table} has no row for {shown}"
        stored = dict(zip(names, found[0], strict=True))
        if stored == wanted:
            return None
        off = [name for name in names if stored[name] != wanted[name]]
        if all(_is_earlier(row, name, stored[name]) for name in off):
            read = [stored[name.strip()] for name in COLUMNS[type(row)].split(",")]
            if self._means(row, read):
                return None
        name = off[0]
        return f"{table}, {shown}: {name} is {_cut(stored[name])} instead of {_cut(wanted[name])}"

    def count(self, kind: type[Row]) -> int:
        """Return how many rows of a kind there are."""
        sql = f"SELECT count(*) FROM {TABLES[kind]} WHERE venue = ?"
        return int(self._reader.select(sql, (self._venue,))[0][0])

    @staticmethod
    def table(kind: type[Row]) -> str:
        """Return the name of a kind's table, for messages."""
        return TABLES[kind]

    @staticmethod
    def _means(row: Row, stored: Sequence[Any]) -> bool:
        try:
            return bool(row_from(type(row), tuple(stored)) == row)
        except (ValueError, TypeError, ArithmeticError, msgspec.MsgspecError):
            return False


def _is_earlier(row: Row, column: str, stored: object) -> bool:
    """Tell whether a text can be how an earlier version wrote a part of a row as JSON."""
    if column not in _JSON_COLUMNS:
        return False
    if stored is None:
        return True  # The column came later than the row.
    try:
        found = json.loads(stored) if isinstance(stored, str) else None
    except ValueError:
        return False
    is_canonical = json.dumps(found, separators=(",", ":"), ensure_ascii=False) == stored
    return is_canonical and _is_part(found, plain(getattr(row, _JSON_COLUMNS[column])))


def _is_part(found: object, whole: object) -> bool:
    if isinstance(found, dict) and isinstance(whole, dict):
        return all(key in whole and _is_part(one, whole[key]) for key, one in found.items())
    return type(found) is type(whole) and found == whole


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
