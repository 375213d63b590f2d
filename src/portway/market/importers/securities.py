"""Imports full lists of securities into a home: read whole, checked line by line, or not at all.

A list is recognised by its header (the shapes are in `security_rows`). Everything that is wrong is
told at once, with its line; a list with one mistake changes nothing. What is imported is merged
with what the home has, by symbol: a blank leaves what was known. Importing the same list again, or
its lines in another order, gives the same file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Final

from portway.market.importers.errors import RecordedDataError
from portway.market.importers.security_rows import (
    SHAPES,
    NotListed,
    Shape,
    clean_text,
    parse_code,
)
from portway.market.reference.instrument_table import COLUMNS
from portway.market.reference.listing import csv_row, read_listing, write_listing
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["ImportReport", "ListRefused", "Problem", "import_securities"]

LIST_BYTES_MAX: Final = 256 << 20  # Unpacked; the largest known list has 3 MB.
PROBLEMS_KEPT: Final = 1000
_CHUNK_BYTES: Final = 1 << 20
_PROGRESS_ROWS: Final = 512
_NAME_COLUMNS: Final = ("name_en", "name_cn", "name_hk")
_SAVE: Final = "save it as CSV in UTF-8 with one header row"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a list.

    Attributes:
        line: Of the file, counted from 1.
        text: What it is, beginning with the column where there is one.
    """

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class ListRefused(RecordedDataError):
    """A list with mistakes; nothing of it was imported.

    Attributes:
        problems: By line, at most `PROBLEMS_KEPT`; `count` is how many there are.
    """

    def __init__(self, path: Path, problems: Sequence[Problem], count: int) -> None:
        self.problems = tuple(sorted(problems))
        self.count = count
        lines = "1 mistake" if count == 1 else f"{count} mistakes"
        super().__init__(
            path,
            f"{lines}, the first in line {self.problems[0].line} ({self.problems[0].text})",
            way_out="nothing was imported: correct them and import it again",
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        shape: How the list was read.
        rows: Rows of the list; those that are no security are in `left_out`, by reason.
        added: Securities that the home's list did not have; `changed` and `unchanged` it had.
        by_class: Securities of the list by class.
        named: Securities to which the names tables gave a name.
        total: Securities in the home's list now.
    """

    shape: str
    rows: int
    added: int
    changed: int
    unchanged: int
    by_class: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    named: int = 0
    total: int = 0


def import_securities(
    path: Path,
    home: Path,
    *,
    names: Sequence[Path] = (),
    fresh: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Merge the list at `path` into the list of `home`.

    Args:
        path: A CSV file, plain or gzip, in one of the known shapes.
        names: Tables of names (`code` or `symbol`, and any of `name_en`, `name_cn`, `name_hk`): the
            Chinese names win over the list's, an English one fills a blank.
        fresh: Whether what was imported before of the markets of this list is forgotten.
        progress: Called now and then with how many lines of how many were read.

    Raises:
        ListRefused: If lines are wrong; tells all of them.
        RecordedDataError: If a file, or the list that the home has, cannot be read at all.
        OSError: If the home cannot be written; the old list stands.
    """
    lines = _Lines.of(path)
    shape = _shape_of(lines)
    found = _parse(lines, shape, progress)
    named = _give_names(found.texts, names, shape.market)
    old = read_listing(home)
    if fresh:
        markets = {market_of(symbol) for symbol in found.texts}
        old = {symbol: row for symbol, row in old.items() if market_of(symbol) not in markets}
    new = dict(old)
    for symbol, texts in found.texts.items():
        new[symbol] = _merged(old.get(symbol), texts)
    if new != old or not new:
        write_listing(home, new)
    added = len(found.texts.keys() - old.keys())
    changed = sum(new[symbol] != old[symbol] for symbol in found.texts.keys() & old.keys())
    return ImportReport(
        shape=shape.name,
        rows=found.rows,
        added=added,
        changed=changed,
        unchanged=len(found.texts) - added - changed,
        by_class=dict(Counter(one["security_class"] for one in found.texts.values())),
        left_out=dict(found.left_out),
        named=named,
        total=len(new),
    )


# --- rows -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """The securities of one list so far, and what is wrong with it."""

    texts: dict[Symbol, dict[str, str]] = field(default_factory=dict)
    # Where each security stands: its line, and the code as the list spells it.
    places: dict[Symbol, tuple[int, str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    rows: int = 0

    def problem(self, line: int, text: str) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(line, text))

    def add(self, line: int, code: str, texts: dict[str, str]) -> None:
        symbol = Symbol(texts["symbol"])
        if symbol not in self.texts:
            self.texts[symbol], self.places[symbol] = texts, (line, code)
            return
        first, spelled = self.places[symbol]
        if spelled == code:
            self.problem(line, f"{code} stands in line {first} already")
            return
        # One share under two spellings, as BRK/B and BRKb: what one does not say the other does.
        self.left_out["another spelling of the same security"] += 1
        ahead, behind = texts, self.texts[symbol]
        if spelled < code:
            ahead, behind = behind, ahead
        self.texts[symbol] = {**behind, **{name: text for name, text in ahead.items() if text}}
        self.places[symbol] = (line, min(code, spelled))


def _parse(lines: _Lines, shape: Shape, progress: Progress | None) -> _Found:
    found = _Found()
    header = lines.header
    key = "code" if shape.needed[0] == "code" else "symbol"
    try:
        for line, fields in lines.rows():
            found.rows += 1
            if progress is not None and found.rows % _PROGRESS_ROWS == 0:
                progress(line, lines.count)
            if len(fields) != len(header):
                found.problem(line, f"{len(fields)} fields, and the header has {len(header)}")
                continue
            row = dict(zip(header, fields, strict=True))
            try:
                found.add(line, row[key], _checked(shape, row))
            except NotListed as reason:
                found.left_out[str(reason)] += 1
            except ValueError as error:
                found.problem(line, str(error))
    except csv.Error as error:
        found.problem(lines.line, f"{error}; the rest of the file was not read")
    if found.problem_count:
        raise ListRefused(lines.path, found.problems, found.problem_count)
    if not found.texts:
        raise RecordedDataError(
            lines.path, "it has no security", way_out="nothing was imported: give a whole list"
        )
    return found


def _checked(shape: Shape, row: Mapping[str, str]) -> dict[str, str]:
    texts = shape.parse({name: text.strip() for name, text in row.items()})
    return {name: texts.get(name, "") for name in COLUMNS}


def _merged(old: str | None, texts: Mapping[str, str]) -> str:
    """Return the row of a security: what the list says, else what was known."""
    known = [""] * len(COLUMNS) if old is None else next(csv.reader((old,)))
    return csv_row([texts[name] or was for name, was in zip(COLUMNS, known, strict=True)])


# --- names ------------------------------------------------------------------------------------


def _give_names(
    texts: dict[Symbol, dict[str, str]], tables: Sequence[Path], market: Market | None
) -> int:
    named: set[Symbol] = set()
    for path in tables:
        for symbol, names in _names_of(path, market):
            if symbol not in texts:
                continue
            one = texts[symbol]
            fitting = {n: t for n, t in names.items() if n != "name_en" or not one["name_en"]}
            one.update(fitting)
            if fitting:
                named.add(symbol)
    return len(named)


def _names_of(path: Path, market: Market | None) -> Iterator[tuple[Symbol, dict[str, str]]]:
    """Yield what a table of names says; its codes are those of `market` where they name none."""
    lines = _Lines.of(path)
    header = lines.header
    key = next((column for column in ("code", "symbol") if column in header), None)
    columns = [column for column in _NAME_COLUMNS if column in header]
    if key is None or not columns:
        raise RecordedDataError(
            path,
            "it is no table of names",
            way_out="give one with 'code' or 'symbol', and 'name_cn' or 'name_hk'",
            line=1,
        )
    for line, fields in lines.rows():
        try:
            if len(fields) != len(header):
                raise ValueError(f"{len(fields)} fields, and the header has {len(header)}")
            row = dict(zip(header, fields, strict=True))
            symbol = _named_symbol(row[key].strip(), market)
            names = {column: clean_text(row[column]) for column in columns}
        except ValueError as error:
            raise RecordedDataError(path, str(error), way_out="correct it", line=line) from None
        yield symbol, {column: name for column, name in names.items() if name}


def _named_symbol(code: str, market: Market | None) -> Symbol:
    with suppress(ValueError):
        return Symbol(parse_code(code, None))
    return Symbol(parse_code(code, market))


# --- files ------------------------------------------------------------------------------------


class _Lines:
    """The text of a CSV file, and where reading stands.

    Attributes:
        header: Names of the columns, in small letters.
        count: How many lines there are.
        line: The line that was read last.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        # Whatever ends the lines; a line end inside quotes stays what it is.
        ended = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
        self._lines = ended.split("\n")
        self.count = len(self._lines)
        self._reader = csv.reader((line + "\n" for line in self._lines), strict=True)
        try:
            self.header = [name.strip().lower() for name in next(self._reader, [])]
        except csv.Error as error:
            raise RecordedDataError(path, str(error), way_out=_SAVE, line=1) from None

    @classmethod
    def of(cls, path: Path) -> _Lines:
        """Read the file at `path` whole.

        Raises:
            RecordedDataError: If it is not there, damaged, too large or not UTF-8.
        """
        content = _content(path)
        if content.startswith(codecs.BOM_UTF8):
            content = content[len(codecs.BOM_UTF8) :]
        try:
            return cls(path, content.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise RecordedDataError(path, "it is not UTF-8", way_out=_SAVE, line=line) from None

    @property
    def line(self) -> int:
        return self._reader.line_num

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row and the line on which it begins, empty lines and comments left out.

        Raises:
            csv.Error: If quotes do not match.
        """
        before = self._reader.line_num
        for fields in self._reader:
            line, before = before + 1, self._reader.line_num
            if any(fields) and not fields[0].startswith("#"):
                yield line, fields


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not packed:
                return _limited(path, plain)
            with gzip.open(plain, "rb") as unpacked:
                return _limited(path, unpacked)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordedDataError(
            path, f"the archive is cut or damaged ({error})", way_out="fetch the file again"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordedDataError(path, reason, way_out="check the path") from None


def _limited(path: Path, file: BufferedIOBase) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := file.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > LIST_BYTES_MAX:
            raise RecordedDataError(
                path,
                f"it is larger than {LIST_BYTES_MAX >> 20} MB: no list of securities",
                way_out="give a list; trades and bars have commands of their own",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _shape_of(lines: _Lines) -> Shape:
    header = lines.header
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise RecordedDataError(
            lines.path, f"columns that stand twice: {', '.join(twice)}", way_out=_SAVE, line=1
        )
    for shape in SHAPES:
        if set(shape.needed) <= set(header):
            _check_columns(lines, shape)
            return shape
    near = min(SHAPES, key=lambda shape: len(set(shape.needed) - set(header)))
    missing = ", ".join(sorted(set(near.needed) - set(header)))
    raise RecordedDataError(
        lines.path,
        f"its columns are those of no known list; of {near.name} it lacks {missing}",
        way_out="see docs/reference-data.md for the lists that can be read",
        line=1,
    )


def _check_columns(lines: _Lines, shape: Shape) -> None:
    unknown = sorted(set(lines.header) - set(COLUMNS))
    if shape.strict and unknown:
        raise RecordedDataError(
            lines.path,
            f"unknown columns: {', '.join(map(repr, unknown))}",
            way_out=f"portway's own columns are {', '.join(COLUMNS)}",
            line=1,
        )
