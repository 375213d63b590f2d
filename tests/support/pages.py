"""Which pages of an SQLite file a table stands on, read from the bytes of the file.

By the file format of SQLite (https://www.sqlite.org/fileformat2.html), sections 1.6 and 1.7.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

PAGE_BYTES = 4096
ROWS = (0x05, 0x0D)  # Inner pages and leaves of a table whose rows have numbers,
KEYS = (0x02, 0x0A)  # of an index, or of a table without them.


def table_pages(path: Path, table: str) -> list[int]:
    """Return the numbers, from 1, of every page of a table, those of long rows included."""
    connection = sqlite3.connect(path)
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
    ).fetchone()
    connection.close()
    return sorted(_walk(path.read_bytes(), root))


def _walk(data: bytes, number: int) -> list[int]:
    page = data[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]
    kind, count = page[0], int.from_bytes(page[3:5], "big")
    assert kind in (*ROWS, *KEYS), f"page {number} is of kind {kind}"
    is_leaf = kind in (ROWS[1], KEYS[1])
    first = 8 if is_leaf else 12
    cells = [int.from_bytes(page[first + 2 * n : first + 2 * n + 2], "big") for n in range(count)]
    pages = [number]
    if not is_leaf:
        pages += _walk(data, int.from_bytes(page[8:12], "big"))
    for cell in cells:
        if not is_leaf:
            pages += _walk(data, int.from_bytes(page[cell : cell + 4], "big"))
            cell += 4
        if is_leaf or kind in KEYS:
            pages += _overflow(data, page, cell, has_number=kind in ROWS)
    return pages


def _overflow(data: bytes, page: bytes, cell: int, *, has_number: bool) -> list[int]:
    length, begin = _varint(page, cell)
    if has_number:
        _, begin = _varint(page, begin)
    most = PAGE_BYTES - 35 if has_number else (PAGE_BYTES - 12) * 64 // 255 - 23
    if length <= most:
        return []
    least = (PAGE_BYTES - 12) * 32 // 255 - 23
    kept = least + (length - least) % (PAGE_BYTES - 4)
    local = kept if kept <= most else least
    number = int.from_bytes(page[begin + local : begin + local + 4], "big")
    pages = []
    while number:
        pages.append(number)
        base = (number - 1) * PAGE_BYTES
        number = int.from_bytes(data[base : base + 4], "big")
    return pages


def _varint(page: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(8):
        byte = page[place + count]
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, place + count + 1
    return value << 8 | page[place + 8], place + 9
