"""The folder `data` of a home: a manifest and the files of imported bars and ticks it names.

The manifest is a small database. New files get new names, and one transaction makes all files of an
import visible; what no row names is rubbish and swept away. A file on its way in is staged: rows in
one file, their segments in another, and in the manifest how far both are valid and up to where the
source has been read. One import at a time; a server may read meanwhile and sees the new data when
it starts again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from portway.market.imported.listing import Listing
from portway.market.imported.ports import TickColumns
from portway.market.imported.records import BAR, TICK, BarTable, Records, empty_bars
from portway.market.importers.staging import AlreadyImported, ImportSummary
from portway.model.corporate_action import CorporateAction
from portway.model.quote import Period
from portway.model.symbol import Symbol
from portway.storage.bars import FileFacts, checksum, map_bars, map_ticks
from portway.storage.data_commit import Commit, NewFile
from portway.storage.errors import HomeUnusable, StorageError

__all__ = ["DATA_FOLDER", "ImportBusy", "MarketData", "StagedFile"]

DATA_FOLDER: Final = "data"
MANIFEST: Final = "manifest.db"
VERSION: Final = 1
_SEGMENT: Final = np.dtype([("code", "<u4"), ("count", "<u4"), ("row", "<u8")])

_SCHEMA: Final = """
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    is_done INTEGER NOT NULL DEFAULT 0,
    place TEXT,
    rows INTEGER NOT NULL DEFAULT 0,
    segments INTEGER NOT NULL DEFAULT 0,
    symbols TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL DEFAULT '{}',
    report TEXT NOT NULL DEFAULT '{}',
    finished_at TEXT
) STRICT;
CREATE TABLE files (
    symbol TEXT NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    name TEXT NOT NULL,
    rows INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    crc32 INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    PRIMARY KEY (symbol, kind, day)
) STRICT;
CREATE TABLE adjusted (symbol TEXT PRIMARY KEY, adjusted_by TEXT NOT NULL) STRICT;
CREATE TABLE actions (
    symbol TEXT NOT NULL,
    ex_date TEXT NOT NULL,
    cash TEXT NOT NULL,
    bonus TEXT NOT NULL,
    rights TEXT NOT NULL,
    rights_price TEXT NOT NULL,
    split TEXT NOT NULL,
    PRIMARY KEY (symbol, ex_date)
) STRICT;
"""


class ImportBusy(StorageError):
    """Another import into this home is running."""


class MarketData:
    """Imported data of one home; for the server that reads and the command that imports."""

    def __init__(self, home: Path, listing: Listing) -> None:
        """Open the folder; it is made with the first import.

        Raises:
            HomeUnusable: If the manifest is damaged or of another version.
        """
        self.folder = home / DATA_FOLDER
        self.listing = listing
        self._files: dict[Symbol, dict[tuple[str, str], str]] = {}
        self._actions: dict[Symbol, list[CorporateAction]] = {}
        self._adjusted: dict[Symbol, str] = {}
        self._tables: dict[tuple[Symbol, str], BarTable] = {}
        self.reload()

    # -- reading -----------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the manifest anew."""
        self._files, self._actions, self._adjusted, self._tables = {}, {}, {}, {}
        if not (self.folder / MANIFEST).exists():
            return
        with self.manifest() as db:
            for symbol, kind, day, name in db.execute("SELECT symbol, kind, day, name FROM files"):
                self._files.setdefault(Symbol(symbol), {})[kind, day] = name
            self._adjusted = {
                Symbol(symbol): text for symbol, text in db.execute("SELECT * FROM adjusted")
            }
            rows = db.execute("SELECT * FROM actions ORDER BY symbol, ex_date")
            for symbol, ex_date, *terms in rows:
                cash, bonus, rights, rights_price, split = map(Decimal, terms)
                action = CorporateAction(
                    Symbol(symbol),
                    date.fromisoformat(ex_date),
                    cash=cash,
                    bonus=bonus,
                    rights=rights,
                    rights_price=rights_price,
                    split=split,
                )
                self._actions.setdefault(Symbol(symbol), []).append(action)

    def symbols(self) -> Sequence[Symbol]:
        """Every symbol with bars or ticks, sorted."""
        return sorted(self._files)

    def bars(self, symbol: Symbol, period: Period) -> BarTable:
        """The bars that are served; mapped when they are first asked for."""
        return self.table(symbol, "served-1m" if period is Period.ONE_MINUTE else "served-day")

    def table(self, symbol: Symbol, kind: str) -> BarTable:
        """One bar file of a symbol; empty when there is none."""
        found = self._tables.get((symbol, kind))
        if found is None:
            name = self._files.get(symbol, {}).get((kind, ""))
            found = empty_bars() if name is None else map_bars(self.folder / name, symbol)
            self._tables[symbol, kind] = found
        return found

    def tick_days(self, symbol: Symbol) -> Sequence[date]:
        """Trading days with ticks, ascending."""
        days = (day for kind, day in self._files.get(symbol, {}) if kind == "ticks")
        return [date.fromisoformat(day) for day in sorted(days)]

    def ticks(self, symbol: Symbol, day: date) -> TickColumns:
        """The ticks of such a day."""
        return map_ticks(self.folder / self._files[symbol]["ticks", day.isoformat()], symbol)

    def adjusted_by(self, symbol: Symbol) -> str | None:
        """What the symbol's prices are adjusted by already; None without prices."""
        return self._adjusted.get(symbol)

    def actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Corporate actions that the prices are not adjusted by yet."""
        found = self._actions.get(symbol, [])
        match self._adjusted.get(symbol):
            case "all":
                return []
            case "splits":
                left = [CorporateAction(symbol, one.ex_date, cash=one.cash) for one in found]
                return [one for one in left if one.cash]
        return found

    def imports(self) -> list[dict[str, Any]]:
        """Every import, unfinished ones included, for the report."""
        if not (self.folder / MANIFEST).exists():
            return []
        with self.manifest() as db:
            names = "id, path, kind, options, is_done, rows, report, finished_at"
            found = db.execute(f"SELECT {names} FROM imports ORDER BY id").fetchall()
        keys = names.split(", ")
        return [dict(zip(keys, row, strict=True)) for row in found]

    def verify(self) -> list[str]:
        """Read every file and return a line for each that is not as it was written."""
        wrong = []
        with self.manifest() as db:
            for name, crc32 in db.execute("SELECT DISTINCT name, crc32 FROM files").fetchall():
                path = self.folder / name
                if not path.exists() or checksum(path) != crc32:
                    wrong.append(f"{path}: damaged or gone; import the data again")
        return wrong

    @contextmanager
    def manifest(self) -> Iterator[sqlite3.Connection]:
        """Give the manifest's database; a transaction of its own."""
        path = self.folder / MANIFEST
        try:
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("PRAGMA synchronous = FULL")
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, VERSION):
                    raise HomeUnusable(
                        f"{path} has version {version}, this program reads {VERSION}"
                    )
                if not version:
                    db.executescript(_SCHEMA)
                    db.execute(f"PRAGMA user_version = {VERSION}")
                yield db
        except sqlite3.DatabaseError as error:
            raise HomeUnusable(f"{path}: {error}; restore it, or import anew without it") from error

    # -- importing ---------------------------------------------------------------------------

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Hold the right to import, which one process has at a time.

        Raises:
            ImportBusy: If another has it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A database that stays locked is a lock on every system, and free when its holder ends.
        with closing(sqlite3.connect(self.folder / "importing.lock", timeout=0)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise ImportBusy(f"another import into {self.folder} is running") from None
            yield
            lock.rollback()

    def stage(self, path: Path, kind: str, options: Mapping[str, Any]) -> StagedFile:
        """Begin, or go on with, the import of a file."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        text = json.dumps(dict(options), sort_keys=True)
        key = (digest, kind, text)
        with self.manifest() as db:
            query = "SELECT id, is_done FROM imports WHERE digest=? AND kind=? AND options=?"
            found = db.execute(query, key).fetchone()
            if found and found[1]:
                raise AlreadyImported(str(path))
            number = found[0] if found else None
            if number is None:
                insert = "INSERT INTO imports (path, digest, kind, options) VALUES (?, ?, ?, ?)"
                number = db.execute(insert, (str(path.resolve()), *key)).lastrowid
        return StagedFile(self, int(number or 0), kind, options, self.listing)

    def add_actions(
        self, path: Path, actions: Sequence[CorporateAction], report: Mapping[str, Any]
    ) -> None:
        """Make corporate actions visible, in place of those of the same symbol and ex-date."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with self.manifest() as db:
            db.executemany(
                "INSERT OR REPLACE INTO actions VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.symbol,
                        one.ex_date.isoformat(),
                        *(str(term) for term in (one.cash, one.bonus, one.rights)),
                        str(one.rights_price),
                        str(one.split),
                    )
                    for one in actions
                ],
            )
            db.execute(
                "INSERT INTO imports (path, digest, kind, options, is_done, rows, report,"
                " finished_at) VALUES (?, ?, 'actions', '{}', 1, ?, ?, ?)",
                (str(path.resolve()), digest, len(actions), json.dumps(dict(report)), _now()),
            )
        self.reload()

    def forget(self, symbols: Sequence[Symbol]) -> int:
        """Take symbols out, their corporate actions too; return how many files they had.

        Files that were imported before may be imported again from now on.
        """
        if not (self.folder / MANIFEST).exists():
            return 0
        count = 0
        with self.manifest() as db:
            for symbol in symbols:
                found = db.execute("DELETE FROM files WHERE symbol=?", (symbol,))
                count += found.rowcount
                db.execute("DELETE FROM adjusted WHERE symbol=?", (symbol,))
                db.execute("DELETE FROM actions WHERE symbol=?", (symbol,))
            db.execute("UPDATE imports SET digest='' WHERE is_done=1")
        self.sweep()
        self.reload()
        return count

    def publish(
        self,
        number: int,
        files: Sequence[NewFile],
        adjusted: Mapping[Symbol, str],
        report: Mapping[str, Any],
        rows: int,
    ) -> None:
        """Make the files of an import visible in one transaction, then sweep."""
        with self.manifest() as db:
            for one in files:
                facts: FileFacts = one.facts
                db.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        one.symbol,
                        one.kind,
                        one.day,
                        one.name,
                        facts.rows,
                        facts.first,
                        facts.last,
                        facts.crc32,
                        number,
                    ),
                )
            db.executemany("INSERT OR REPLACE INTO adjusted VALUES (?, ?)", adjusted.items())
            db.execute(
                "UPDATE imports SET is_done=1, rows=?, report=?, finished_at=?, state='{}',"
                " symbols='[]' WHERE id=?",
                (rows, json.dumps(dict(report)), _now(), number),
            )
        self.sweep()
        self.reload()

    def sweep(self) -> None:
        """Remove files that no row of the manifest names."""
        with self.manifest() as db:
            named = {name for (name,) in db.execute("SELECT name FROM files")}
            open_imports = {
                f"staging/{number}{suffix}"
                for (number,) in db.execute("SELECT id FROM imports WHERE is_done=0")
                for suffix in (".rows", ".segments")
            }
        for folder in ("bars", "ticks", "staging"):
            for path in (self.folder / folder).rglob("*"):
                name = path.relative_to(self.folder).as_posix()
                if path.is_file() and name not in named and name not in open_imports:
                    try:
                        path.unlink()
                    except OSError:
                        continue  # Windows keeps what a running server has mapped; swept next time.


class StagedFile:
    """One file on its way in; see `portway.market.importers.staging.Staging`."""

    def __init__(
        self,
        data: MarketData,
        number: int,
        kind: str,
        options: Mapping[str, Any],
        listing: Listing,
    ) -> None:
        self._data = data
        self._number = number
        self._kind = kind
        self._options = options
        self._listing = listing
        self._dtype = TICK if kind == "ticks" else BAR
        folder = data.folder / "staging"
        folder.mkdir(exist_ok=True)
        self._rows_path = folder / f"{number}.rows"
        self._segments_path = folder / f"{number}.segments"
        query = "SELECT place, rows, segments, symbols, state FROM imports WHERE id=?"
        with data.manifest() as db:
            place, self._rows, self._segments, symbols, state = db.execute(
                query, (number,)
            ).fetchone()
        self.resume: tuple[int, int] | None = tuple(json.loads(place)) if place else None
        self.state: Mapping[str, Any] = json.loads(state)
        self._symbols: list[Symbol] = [Symbol(one) for one in json.loads(symbols)]
        self._codes = {symbol: code for code, symbol in enumerate(self._symbols)}
        # What was written after the last portion that is known to be whole is written again.
        for path, size in (
            (self._rows_path, self._rows * self._dtype.itemsize),
            (self._segments_path, self._segments * _SEGMENT.itemsize),
        ):
            with path.open("ab") as file:
                file.truncate(size)
        self._files = [self._rows_path.open("ab"), self._segments_path.open("ab")]

    def add(self, symbols: Sequence[Symbol], rows: Records) -> None:
        """Stage rows; rows of one symbol stand together."""
        if not len(rows):
            return
        codes = np.array([self._code(symbol) for symbol in symbols], dtype=np.uint32)
        rows["code"] = codes[rows["code"]]
        cuts = np.flatnonzero(np.diff(rows["code"])) + 1
        begins = np.concatenate(([0], cuts))
        found = np.zeros(len(begins), dtype=_SEGMENT)
        found["code"] = rows["code"][begins]
        found["count"] = np.diff(np.concatenate((begins, [len(rows)])))
        found["row"] = begins + self._rows
        self._files[0].write(rows.tobytes())
        self._files[1].write(found.tobytes())
        self._rows += len(rows)
        self._segments += len(found)

    def _code(self, symbol: Symbol) -> int:
        if symbol not in self._codes:
            self._codes[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return self._codes[symbol]

    def checkpoint(self, resume: tuple[int, int], state: Mapping[str, Any]) -> None:
        """Make everything added so far durable, with the place to go on from."""
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())
        with self._data.manifest() as db:
            db.execute(
                "UPDATE imports SET place=?, rows=?, segments=?, symbols=?, state=? WHERE id=?",
                (
                    json.dumps(resume),
                    self._rows,
                    self._segments,
                    json.dumps(self._symbols),
                    json.dumps(dict(state)),
                    self._number,
                ),
            )

    def commit(self, report: Mapping[str, Any]) -> ImportSummary:
        """Make the file visible, all of it at once."""
        for file in self._files:
            file.close()
        adjusted_by = str(self._options.get("adjusted_by", "none"))
        commit = Commit(self._data, self._number, self._kind, self._listing, adjusted_by)
        rows = np.empty(0, dtype=self._dtype)
        if self._rows:
            rows = np.memmap(self._rows_path, dtype=self._dtype, mode="r").view(np.ndarray)
        segments = np.fromfile(self._segments_path, dtype=_SEGMENT)
        order = np.argsort(segments["code"], kind="stable")
        segments = segments[order]
        for code, symbol in enumerate(self._symbols):
            first, beyond = np.searchsorted(segments["code"], (code, code + 1))
            own = segments[first:beyond]
            if len(own):
                commit.add(symbol, _gathered(rows, own["row"], own["count"]))
        adjusted = dict.fromkeys(commit.symbols, adjusted_by)
        self._data.publish(self._number, commit.files, adjusted, report, self._rows)
        return ImportSummary(self._rows, len(commit.symbols))

    def discard(self) -> None:
        """Forget the file."""
        for file in self._files:
            file.close()
        with self._data.manifest() as db:
            db.execute("DELETE FROM imports WHERE id=?", (self._number,))
        self._data.sweep()


def _gathered(rows: Records, begins: Any, counts: Any) -> Records:
    """Return the rows of some segments; without copying where they are one stretch of the file."""
    ends = begins + counts
    if np.all(begins[1:] == ends[:-1]):
        return rows[int(begins[0]) : int(ends[-1])]
    return np.concatenate(
        [rows[int(begin) : int(end)] for begin, end in zip(begins, ends, strict=True)]
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
