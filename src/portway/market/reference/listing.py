"""The list of securities that a home keeps of what was imported: one CSV file, whole or not there.

Rows have the columns of the instrument table, sorted by symbol; the last line tells how many there
are and their digest, so that a file that was cut or changed by hand is noticed at the start and not
on the day when one of its symbols is asked for.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from portway.market.importers.errors import RecordedDataError
from portway.market.reference.instrument_table import COLUMNS
from portway.model.symbol import Symbol

__all__ = ["LISTING_FILE", "csv_row", "read_listing", "write_listing"]

LISTING_FILE: Final = "securities.csv"
_HEADER: Final = ",".join(COLUMNS)
_END: Final = "#end"


def csv_row(texts: Sequence[str]) -> str:
    """Return the texts as one line of CSV, without its end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(texts)
    return buffer.getvalue()


def read_listing(home: Path) -> Mapping[Symbol, str]:
    """Return the rows of the home's list by symbol; empty when nothing was imported.

    Raises:
        RecordedDataError: If the file is not as an import has left it.
    """
    path = home / LISTING_FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    body, _, end = content.rstrip(b"\n").rpartition(b"\n")
    body += b"\n"
    header, *rows = body.decode("utf-8", errors="replace").rstrip("\n").split("\n")
    if end.decode("utf-8", errors="replace") != _end(len(rows), body):
        raise _damaged(path, "it was cut or changed since it was imported")
    if header != _HEADER:
        raise _damaged(path, "it was imported by another version of portway")
    return {Symbol(row[: row.index(",")]): row for row in rows}


def write_listing(home: Path, rows: Mapping[Symbol, str]) -> None:
    """Replace the home's list at once: a reader sees the old one or the new one, never a part.

    Raises:
        OSError: If it cannot be written; the old list stands.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    body = _lines([_HEADER, *(rows[symbol] for symbol in sorted(rows))])
    handle, name = tempfile.mkstemp(dir=home, prefix=f".{LISTING_FILE}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.write(_lines([_end(len(rows), body)]))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, home / LISTING_FILE)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _end(count: int, body: bytes) -> str:
    return f"{_END},{count},{sha256(body).hexdigest()}"


def _damaged(path: Path, reason: str) -> RecordedDataError:
    return RecordedDataError(
        path, reason, way_out="move it away and import the list again: portway import securities"
    )
