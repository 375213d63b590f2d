"""What imports of bars and of ticks do alike: a table read a portion at a time, staged, refused.

Owns what a portion has to know of the one before, so that an interrupted import goes on where it
stood, and when a file with faults is refused. What a row means is the reader's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from portway.market.imported.listing import Listing
from portway.market.imported.records import Ints, Records
from portway.market.importers.batches import Rows, group_rows
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.findings import Findings, OnError
from portway.market.importers.staging import ImportStore, ImportSummary
from portway.market.importers.tables import Batch, Table
from portway.market.importers.times import ZoneOfFile

__all__ = [
    "ImportRefused",
    "Portions",
    "Progress",
    "RowReader",
    "VolumeUnit",
    "import_portions",
    "shares_per_lot",
]

FAULTS_MAX: Final = 5000  # After so many a file that will be refused is not read on.
_WAY_OUT: Final = "mend the file, or take --on-error mark"

Progress = Callable[[float], None]


class VolumeUnit(StrEnum):
    """What a volume counts."""

    SHARES = "shares"
    LOTS = "lots"


class ImportRefused(RecordedDataError):
    """A file with faults; nothing of it was imported.

    Attributes:
        findings: What is wrong with it.
    """

    def __init__(self, path: Path, findings: Findings) -> None:
        self.findings = findings
        super().__init__(path, f"{findings.total} faults", way_out=_WAY_OUT)


class Portions:
    """A file's rows as they come, and what the next ones have to know of them.

    Attributes:
        columns: Name of the file's column for each meaning.
        last: Latest moment of each symbol so far, in the unit of its reader.
        findings: What is wrong, from the first row on.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str],
        listing: Listing,
        symbols: Sequence[str],
        state: Mapping[str, Any],
    ) -> None:
        """Go on from `state`; empty: at the first row.

        Args:
            symbols: The symbol of a file without such a column; else those to read, all when empty.
        """
        self.columns = columns
        self._listing = listing
        self._symbols = symbols
        self._zone = ZoneOfFile(path, state.get("zone"))
        self.last: dict[str, int] = dict(state.get("last", {}))
        self.findings = Findings.from_json(state["findings"]) if state else Findings()

    def state(self) -> dict[str, Any]:
        """Return what the next portion needs."""
        return {"zone": self._zone.kind, "last": self.last, "findings": self.findings.to_json()}

    def rows(self, batch: Batch) -> Rows:
        """Return a batch with its symbols and instants."""
        return group_rows(
            batch,
            self.columns,
            self._listing,
            self._zone,
            self.findings,
            symbol=self._symbols[0] if len(self._symbols) == 1 else None,
            only=frozenset(self._symbols) if "symbol" in self.columns else frozenset(),
        )

    def volume_column(self, unit: VolumeUnit) -> tuple[str, bool]:
        """Return the meaning of the column of volumes, and whether it counts lots."""
        name = "volume_lots" if "volume_lots" in self.columns else "volume"
        return name, name == "volume_lots" or unit is VolumeUnit.LOTS


def shares_per_lot(rows: Rows) -> Ints:
    """Return for each row the shares of a lot, as its market's volumes count them.

    Mainland volumes are in lots of 100, whatever the lot of an order.
    """
    sizes = [max(one.step, one.lot_size) for one in rows.listed]
    found: Ints = np.array([*sizes, 1], dtype=np.int64)[rows.code]
    return found


class RowReader(Protocol):
    """Turns batches into records."""

    @property
    def portions(self) -> Portions: ...

    def read(self, batch: Batch) -> tuple[list[Any], Records]:
        """Return the symbols of a batch and its records, grouped by symbol."""
        ...


def import_portions(
    table: Table,
    store: ImportStore,
    kind: str,
    options: Mapping[str, Any],
    reader_of: Callable[[Mapping[str, Any]], RowReader],
    *,
    on_error: OnError,
    refuses: Callable[[Findings], bool] = lambda findings: False,
    progress: Progress,
) -> tuple[ImportSummary, Findings]:
    """Import a table; goes on where an interrupted import of the same kind and options stood.

    Args:
        reader_of: Makes the reader, given the state that an earlier one left.
        refuses: Whether findings that are no faults refuse the file all the same.

    Raises:
        ImportRefused: If the file has faults, and the options refuse those.
        AlreadyImported: If nothing is left to do.
        RecordedDataError: If it cannot be read.
    """
    staging = store.stage(table.path, kind, options)
    reader = reader_of(staging.state)
    findings = reader.portions.findings
    try:
        for batch in table.batches(tuple(reader.portions.columns.values()), staging.resume):
            symbols, rows = reader.read(batch)
            staging.add(symbols, rows)
            if batch.resume[0] >= 0:
                staging.checkpoint(batch.resume, reader.portions.state())
            progress(batch.done)
            if on_error is OnError.REFUSE and findings.total > FAULTS_MAX:
                break
        if (on_error is OnError.REFUSE and findings.total) or refuses(findings):
            raise ImportRefused(table.path, findings)
    except RecordedDataError:
        staging.discard()
        raise
    return staging.commit({"findings": findings.to_json()}), findings
