"""Reads tables of any size, CSV (plain, .gz, .zip) and Parquet, a bounded batch at a time.

A batch knows the line of the file from which each row came and where to go on after it, so that
an import can say what is wrong where, and start again where it stood. What columns mean is decided
elsewhere; here a CSV column is text, a Parquet column has the type that it has in the file.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from portway.market.imported.records import Ints
from portway.market.importers.errors import RecordedDataError

__all__ = ["Batch", "Table", "open_table"]

BLOCK_BYTES: Final = 8 << 20  # Text of one batch.
LINE_BYTES_MAX: Final = 1 << 20  # A longer line is no line of a table.
PARQUET_ROWS: Final = 250_000  # Rows of one batch.
READ_BYTES: Final = 4 << 20

_FETCH: Final = "fetch the file again"
_SAVE: Final = "save it as CSV in UTF-8 with one header row, or as Parquet"
_DAMAGED: Final = (
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows.

    Attributes:
        columns: By the file's own column names.
        lines: Line (CSV, header is 1) or row number (Parquet, the first is 1) of each row.
        ragged: Lines left out because they have another number of fields than the header.
        resume: Where the next batch begins; give it to `batches`.
        done: Part of the file that has been read, 0 to 1.
    """

    columns: dict[str, pa.Array]
    lines: Ints
    ragged: tuple[int, ...]
    resume: tuple[int, int]
    done: float

    def __len__(self) -> int:
        return len(self.lines)


class Table(Protocol):
    """A file of rows."""

    @property
    def path(self) -> Path: ...

    @property
    def names(self) -> Sequence[str]:
        """The column names as they stand in the file."""
        ...

    def batches(
        self, wanted: Sequence[str], resume: tuple[int, int] | None = None
    ) -> Iterator[Batch]:
        """Yield the rows, with the columns `wanted`.

        Args:
            resume: Of the batch after which to go on; None begins with the first row.

        Raises:
            RecordedDataError: If the file turns out damaged.
        """
        ...


def open_table(path: Path) -> Table:
    """Open a table by its name: `.parquet` or `.pq`, else CSV.

    Raises:
        RecordedDataError: If it cannot be read or has no columns.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        return _ParquetTable(path)
    return _CsvTable(path)


# --- CSV --------------------------------------------------------------------------------------


class _CsvTable:
    def __init__(self, path: Path) -> None:
        self.path = path
        with _reading(path), _opened(path) as (stream, _):
            head = stream.readline(LINE_BYTES_MAX)
        self._header_bytes = len(head)
        text = _text(path, head.removeprefix(codecs.BOM_UTF8)).strip("\r\n")
        if not text.strip():
            raise RecordedDataError(path, "the file is empty", way_out=_SAVE)
        self.delimiter = max(",;\t", key=text.count)
        self.names = tuple(name.strip().strip('"') for name in text.split(self.delimiter))
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            reason = f"the header names {', '.join(map(repr, twice))} twice"
            raise RecordedDataError(path, reason, way_out="rename a column", line=1)

    def batches(
        self, wanted: Sequence[str], resume: tuple[int, int] | None = None
    ) -> Iterator[Batch]:
        offset, line = resume or (self._header_bytes, 1)
        with _reading(self.path), _opened(self.path) as (stream, position):
            _skip(stream, offset)
            size = max(self.path.stat().st_size, 1)
            rest = b""
            while block := stream.read(BLOCK_BYTES):
                rest += block
                cut = rest.rfind(b"\n") + 1
                if not cut:
                    if len(rest) > LINE_BYTES_MAX:
                        reason = f"a line of more than {LINE_BYTES_MAX} bytes"
                        raise RecordedDataError(self.path, reason, way_out=_SAVE, line=line + 1)
                    continue
                text, rest = rest[:cut], rest[cut:]
                offset += len(text)
                batch = self._batch(text, wanted, line, offset, position() / size)
                line = batch.resume[1]
                yield batch
            if rest:
                yield self._batch(rest, wanted, line, offset + len(rest), 1.0)

    def _batch(
        self, text: bytes, wanted: Sequence[str], line: int, offset: int, done: float
    ) -> Batch:
        _text(self.path, text, line)
        count = text.count(b"\n") + (not text.endswith(b"\n"))
        ragged: list[int] = []

        def skip(row: Any) -> str:
            if row.text.strip():  # a blank line is nothing to talk about
                ragged.append(line + row.number)
            dropped.append(row.number)
            return "skip"

        dropped: list[int] = []
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(
                column_names=list(self.names), use_threads=False, block_size=len(text) + 1
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.delimiter, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(dict.fromkeys(wanted)),
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=True,
                null_values=["", "null", "NULL", "None", "NaN", "nan", "N/A"],
            ),
        )
        lines = np.arange(1, count + 1, dtype=np.int64)
        if dropped:
            lines = np.delete(lines, np.array(dropped, dtype=np.int64) - 1)
        lines = lines[: table.num_rows] + line
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        return Batch(columns, lines, tuple(ragged), (offset, line + count), min(done, 1.0))


def _text(path: Path, data: bytes, line: int = 0) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = line + data.count(b"\n", 0, error.start) + 1
        raise RecordedDataError(path, "bytes that are no text", way_out=_SAVE, line=bad) from None


def _skip(stream: IO[bytes], offset: int) -> None:
    """Read up to `offset`: a compressed file cannot be entered in the middle."""
    if stream.seekable() and not isinstance(stream, gzip.GzipFile | zipfile.ZipExtFile):
        stream.seek(offset)
        return
    while offset:
        block = stream.read(min(offset, READ_BYTES))
        if not block:
            raise EOFError("the file ends before the place where the import stood")
        offset -= len(block)


class _opened:  # noqa: N801  # reads as a verb
    """The bytes of a CSV file, unpacked, and how much of the file itself has been read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[IO[bytes]] = []

    def __enter__(self) -> tuple[IO[bytes], Any]:
        raw = self._path.open("rb")
        self._open.append(raw)
        suffix = self._path.suffix.lower()
        stream: IO[bytes] = raw
        if suffix == ".gz":
            stream = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
        elif suffix == ".zip":
            archive = zipfile.ZipFile(raw)
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise zipfile.BadZipFile(f"it holds {len(members)} files instead of one")
            stream = archive.open(members[0])
        self._open.append(stream)
        return stream, raw.tell

    def __exit__(self, *error: object) -> None:
        for one in reversed(self._open):
            one.close()


class _reading:  # noqa: N801  # reads as a verb
    """Turns what goes wrong while a file is read into one error that names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _DAMAGED):
            reason = f"the archive is damaged or cut short ({error})"
            raise RecordedDataError(self._path, reason, way_out=_FETCH) from error
        if isinstance(error, pa.ArrowInvalid):
            text = str(error).splitlines()[0][:200]
            reason = f"this cannot be read as a table ({text})"
            raise RecordedDataError(self._path, reason, way_out=_SAVE) from error
        if isinstance(error, OSError):
            reason = f"cannot be read ({error.strerror or error})"
            raise RecordedDataError(self._path, reason, way_out=_FETCH) from error


# --- Parquet ----------------------------------------------------------------------------------


class _ParquetTable:
    def __init__(self, path: Path) -> None:
        self.path = path
        with _reading(path), pq.ParquetFile(path) as file:
            self.names = tuple(file.schema_arrow.names)
            self._groups = file.num_row_groups
            self._rows = max(file.metadata.num_rows, 1)

    def batches(
        self, wanted: Sequence[str], resume: tuple[int, int] | None = None
    ) -> Iterator[Batch]:
        # The place is a row group and the number of rows before it.
        group, rows = resume or (0, 0)
        with _reading(self.path), pq.ParquetFile(self.path, memory_map=True) as file:
            for number in range(group, self._groups):
                total = file.metadata.row_group(number).num_rows
                seen = 0
                found = file.iter_batches(
                    PARQUET_ROWS, [number], columns=list(wanted), use_threads=False
                )
                for batch in found:
                    columns = {name: batch.column(name) for name in batch.schema.names}
                    lines = np.arange(rows + 1, rows + 1 + len(batch), dtype=np.int64)
                    rows += len(batch)
                    seen += len(batch)
                    # Only the end of a row group is a place to go on from.
                    place = (number + 1, rows) if seen == total else (-1, rows)
                    yield Batch(columns, lines, (), place, min(rows / self._rows, 1.0))
