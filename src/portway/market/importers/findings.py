"""What an import found wrong, line by line and in total, and what is done about each kind.

With `refuse` one fault refuses the file; with `mark` a row that can be served is served with a
flag, and one that cannot is left out. Either way everything is counted and the first faults of each
kind are kept with their lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

__all__ = ["Fault", "Finding", "Findings", "LINES_KEPT", "OnError"]

LINES_KEPT: Final = 50  # Of each kind of fault.


class OnError(StrEnum):
    """What an import does about faults."""

    REFUSE = "refuse"
    MARK = "mark"


class Fault(StrEnum):
    """Kinds of faults; values are what a report says."""

    FIELDS = "another number of fields than the header"
    SYMBOL = "no symbol with a region"
    TIME = "no time that can be read"
    OFF_MINUTE = "a bar that does not begin on a whole minute"
    HOURS = "outside the trading hours"
    IDLE_DAY = "a day on which the market does not trade"
    NUMBER = "a number is missing or cannot be read"
    PRICE = "a price that is not above zero"
    VOLUME = "a negative volume"
    FRACTION = "a fraction of a share"
    RANGE = "open, high, low and close contradict each other"
    NO_VOLUME = "prices that move with too few shares, or none"
    ORDER = "out of order in time"
    TWICE = "the same time twice"
    TYPE = "a side or type that is not known"
    GAP = "missing bars"

    @property
    def is_served(self) -> bool:
        """Whether `mark` serves the row; otherwise it is left out."""
        return self in _SERVED


_SERVED: Final = frozenset(
    {Fault.IDLE_DAY, Fault.FRACTION, Fault.RANGE, Fault.NO_VOLUME, Fault.ORDER, Fault.GAP}
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault at one line."""

    line: int
    fault: Fault
    symbol: str
    detail: str = ""

    def text(self) -> str:
        """Return one line for people."""
        said = [f"line {self.line}:"] + ([self.symbol] if self.symbol else [])
        return " ".join([*said, self.fault.value + (f" ({self.detail})" if self.detail else "")])


@dataclass(slots=True)
class Findings:
    """The faults of one file so far.

    Attributes:
        counts: How often each kind was met.
        kept: The first `LINES_KEPT` of each kind.
        notes: Other countable facts, such as rows without trading that were left out.
    """

    counts: dict[Fault, int] = field(default_factory=dict)
    kept: list[Finding] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def add(self, fault: Fault, found: Iterable[Finding], count: int) -> None:
        """Take in `count` faults of one kind, of which `found` are some."""
        seen = self.counts.get(fault, 0)
        self.counts[fault] = seen + count
        self.kept += list(found)[: max(LINES_KEPT - seen, 0)]

    def note(self, text: str, count: int) -> None:
        """Count something that is no fault."""
        if count:
            self.notes[text] = self.notes.get(text, 0) + count

    @property
    def total(self) -> int:
        """Number of faults of every kind; gaps are told but are none."""
        return sum(count for fault, count in self.counts.items() if fault is not Fault.GAP)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the journal."""
        return {
            "counts": {fault.name: count for fault, count in self.counts.items()},
            "kept": [[one.line, one.fault.name, one.symbol, one.detail] for one in self.kept],
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Findings:
        """Return what `to_json` wrote."""
        return cls(
            {Fault[name]: int(count) for name, count in value["counts"].items()},
            [
                Finding(line, Fault[name], symbol, text)
                for line, name, symbol, text in value["kept"]
            ],
            dict(value["notes"]),
        )

    def lines(self) -> list[str]:
        """Return the report: each fault kept, by line, then the totals."""
        found = [one.text() for one in sorted(self.kept)]
        for fault, count in self.counts.items():
            kept = sum(one.fault is fault for one in self.kept)
            more = f", the first {kept} above" if kept < count else ""
            found.append(f"{count} x {fault.value}{more}")
        return found + [f"{count} x {text}" for text, count in self.notes.items()]
