"""What can be wrong with recorded data: one error that names the file, the line and the way out."""

from __future__ import annotations

from pathlib import Path

from portway.market.ports import SourceDamaged

__all__ = ["RecordedDataError"]


class RecordedDataError(SourceDamaged):
    """A folder or file of recorded data that cannot be read; the message is one line.

    Attributes:
        path: The folder or file.
        line: Line of the file, counted from 1; None when it is not about one line.
        reason: What is wrong.
        way_out: What the user can do about it.
    """

    def __init__(self, path: Path, reason: str, *, way_out: str, line: int | None = None) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        self.way_out = way_out
        place = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{place}: {reason}; {way_out}")
