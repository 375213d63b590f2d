"""Bar and tick files: fixed-width records behind a small header, memory-mapped to be read.

A bar file is a header of 128 bytes and then records of `portway.market.imported.records.BAR`; a
tick file has the columns of a symbol's day one after another. A file is written once, whole and
flushed, under a new name, and never changed: what is mapped stays as it is.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from portway.market.imported.ports import TickColumns
from portway.market.imported.records import BAR, TICK, BarTable, Records
from portway.storage.errors import DataFileDamaged

__all__ = ["FileFacts", "checksum", "map_bars", "map_ticks", "write_bars", "write_ticks"]

HEADER_BYTES: Final = 128
BAR_MAGIC: Final = b"PWBARS01"
TICK_MAGIC: Final = b"PWTICK01"
READ_BYTES: Final = 8 << 20

# magic, record bytes, price places, turnover places, rows, symbol
_HEADER: Final = struct.Struct("<8sHBBq64s")
_TICK_COLUMNS: Final = tuple(name for name in TICK.names or () if name != "code")
_SYMBOL_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the manifest keeps of a written file.

    Attributes:
        first: `at` of the first record, `last` of the last; 0 where there is none.
        crc32: Of the whole file.
    """

    rows: int
    first: int
    last: int
    crc32: int


def write_bars(
    path: Path, symbol: str, windows: Iterable[Records], price_places: int, turnover_places: int
) -> FileFacts:
    """Write ascending records as they come; on return the file is on the disk."""
    rows = first = last = 0
    with path.open("wb") as file:
        file.write(bytes(HEADER_BYTES))
        for window in windows:
            if not len(window):
                continue
            first = first if rows else int(window["at"][0])
            last = int(window["at"][-1])
            rows += len(window)
            file.write(np.ascontiguousarray(window).tobytes())
        file.seek(0)
        file.write(_header(BAR_MAGIC, BAR.itemsize, price_places, turnover_places, rows, symbol))
        _flush(file)
    return FileFacts(rows, first, last, checksum(path))


def map_bars(path: Path, symbol: str) -> BarTable:
    """Map a bar file.

    Raises:
        DataFileDamaged: If it is not what its header says.
    """
    places, money, rows = _read_header(path, BAR_MAGIC, BAR.itemsize, BAR.itemsize, symbol)
    if not rows:
        return BarTable(np.empty(0, dtype=BAR), places, money)
    table = np.memmap(path, dtype=BAR, mode="r", offset=HEADER_BYTES, shape=(rows,))
    # A plain view: the subclass costs a microsecond for each slice of each field.
    return BarTable(table.view(np.ndarray), places, money)


def write_ticks(path: Path, symbol: str, rows: Records, price_places: int) -> FileFacts:
    """Write the ticks of a day, prices already in units of `price_places`."""
    with path.open("wb") as file:
        file.write(_header(TICK_MAGIC, TICK.itemsize, price_places, 0, len(rows), symbol))
        for name in _TICK_COLUMNS:
            file.write(np.ascontiguousarray(rows[name]).tobytes())
            file.write(bytes(-file.tell() % 8))
        _flush(file)
    first, last = (int(rows["at"][0]), int(rows["at"][-1])) if len(rows) else (0, 0)
    return FileFacts(len(rows), first, last, checksum(path))


def map_ticks(path: Path, symbol: str) -> TickColumns:
    """Map a tick file.

    Raises:
        DataFileDamaged: If it is not what its header says.
    """
    widths = [TICK[name].itemsize for name in _TICK_COLUMNS]
    places, _, rows = _read_header(path, TICK_MAGIC, TICK.itemsize, sum(widths), symbol)
    data = np.memmap(path, dtype=np.uint8, mode="r") if rows else np.empty(0, dtype=np.uint8)
    columns: dict[str, Any] = {}
    offset = HEADER_BYTES
    for name, width in zip(_TICK_COLUMNS, widths, strict=True):
        part = data[offset : offset + rows * width].view(np.ndarray)
        columns[name] = part.view(TICK[name])
        offset += rows * width
        offset += -offset % 8
    return TickColumns(**columns, price_places=places)


def checksum(path: Path) -> int:
    """Return the CRC-32 of a whole file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            found = zlib.crc32(block, found)
    return found


def _header(magic: bytes, width: int, places: int, money: int, rows: int, symbol: str) -> bytes:
    name = symbol.encode()[:_SYMBOL_BYTES]
    return _HEADER.pack(magic, width, places, money, rows, name).ljust(HEADER_BYTES, b"\0")


def _read_header(
    path: Path, magic: bytes, width: int, row_bytes: int, symbol: str
) -> tuple[int, int, int]:
    """Return price places, turnover places and the number of rows of a file that is whole."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise DataFileDamaged(path, error.strerror or str(error)) from error
    if len(head) < HEADER_BYTES:
        raise DataFileDamaged(path, "it has no header")
    found, bytes_of_row, places, money, rows, name = _HEADER.unpack_from(head)
    if found != magic or bytes_of_row != width:
        raise DataFileDamaged(path, "it is no file of this kind and version")
    if name.rstrip(b"\0") != symbol.encode()[:_SYMBOL_BYTES]:
        raise DataFileDamaged(path, f"it is not of {symbol}")
    if rows < 0 or size < HEADER_BYTES + rows * row_bytes:
        raise DataFileDamaged(path, "it is cut short")
    return places, money, rows


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
