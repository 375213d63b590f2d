"""What an import asks of the place where imported data is kept; `storage` implements it.

A file is staged in portions, each durable with the place in the file up to which it reaches, and
becomes visible as a whole or not at all. The same file with the same options goes on where an
interrupted import stood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from portway.market.imported.records import Records
from portway.model.corporate_action import CorporateAction
from portway.model.symbol import Symbol

__all__ = ["AlreadyImported", "ImportStore", "ImportSummary", "Staging"]


class AlreadyImported(Exception):
    """This file was imported with these options before; nothing is left to do."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became visible.

    Attributes:
        rows: Rows of the file that are now served.
        symbols: How many symbols they are of.
    """

    rows: int
    symbols: int


class Staging(Protocol):
    """One file on its way in."""

    @property
    def resume(self) -> tuple[int, int] | None:
        """Up to where an interrupted import of the file got; None at the beginning."""
        ...

    @property
    def state(self) -> Mapping[str, Any]:
        """What the importer left with the last portion; empty at the beginning."""
        ...

    def add(self, symbols: Sequence[Symbol], rows: Records) -> None:
        """Stage rows; their `code` is an index into `symbols`, rows of one symbol together."""
        ...

    def checkpoint(self, resume: tuple[int, int], state: Mapping[str, Any]) -> None:
        """Make everything added so far durable, with the place to go on from."""
        ...

    def commit(self, report: Mapping[str, Any]) -> ImportSummary:
        """Make the file visible, all of it at once; older rows of the same times give way.

        Args:
            report: What `portway import report` tells of the file.
        """
        ...

    def discard(self) -> None:
        """Forget the file: nothing of it was ever visible."""
        ...


class ImportStore(Protocol):
    """Where imported data is kept."""

    def stage(self, path: Path, kind: str, options: Mapping[str, Any]) -> Staging:
        """Begin, or go on with, the import of a file.

        Args:
            kind: `bars-1m`, `bars-day` or `ticks`.

        Raises:
            AlreadyImported: If there is nothing left to do.
        """
        ...

    def add_actions(
        self, path: Path, actions: Sequence[CorporateAction], report: Mapping[str, Any]
    ) -> None:
        """Make corporate actions visible, in place of those of the same symbol and ex-date."""
        ...
