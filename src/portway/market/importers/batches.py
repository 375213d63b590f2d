"""A batch of a table as symbols, instants and sessions: what bars and ticks have in common.

Rows are numbered as in the batch; every function works on whole columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from portway.market.imported.days import DAY_US, to_date
from portway.market.imported.listing import Listed, Listing
from portway.market.imported.records import Ints
from portway.market.importers.columns import Bools, texts
from portway.market.importers.findings import Fault, Finding, Findings
from portway.market.importers.tables import Batch
from portway.market.importers.times import ZoneOfFile, instants
from portway.model.hours import TradingHours
from portway.model.symbol import Market

__all__ = ["Rows", "SessionsOfDays", "by_hours", "by_market", "group_rows", "segments"]

_DETAIL_CHARS_MAX: Final = 60


@dataclass(slots=True)
class Rows:
    """The rows of a batch, with what is wrong with them.

    Attributes:
        code: Index into `listed` for each row, -1 without a symbol.
        keep: False for rows that are left out.
    """

    batch: Batch
    listed: list[Listed]
    code: Ints
    at_us: Ints
    findings: Findings
    keep: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.keep = np.ones(len(self.batch), dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.batch)

    def blame(self, fault: Fault, rows: Bools, detail: Mapping[int, str] | None = None) -> None:
        """Report `fault` for the rows that are still kept; leave them out unless it is served."""
        self.tell(fault, rows, detail)
        if not fault.is_served:
            self.keep &= ~rows

    def tell(self, fault: Fault, rows: Bools, detail: Mapping[int, str] | None = None) -> None:
        """Report `fault` for the rows that are still kept."""
        found = np.flatnonzero(rows & self.keep)
        if not len(found):
            return
        shown = [
            Finding(
                int(self.batch.lines[row]),
                fault,
                self.listed[self.code[row]].symbol if self.code[row] >= 0 else "",
                (detail or {}).get(int(row), "")[:_DETAIL_CHARS_MAX],
            )
            for row in found[:50].tolist()
        ]
        self.findings.add(fault, shown, len(found))


def group_rows(
    batch: Batch,
    columns: Mapping[str, str],
    listing: Listing,
    zone: ZoneOfFile,
    findings: Findings,
    *,
    symbol: str | None,
    only: frozenset[str],
) -> Rows:
    """Return the batch with symbols and instants.

    Args:
        columns: Name of the file's column for each meaning; `symbol`, and `time` or `date`.
        symbol: Of every row, for files without such a column.
        only: Symbols to read; all when it is empty.
    """
    for line in batch.ragged:
        findings.add(Fault.FIELDS, [Finding(line, Fault.FIELDS, "")], 1)
    if "symbol" in columns:
        indices, values = texts(batch.columns[columns["symbol"]])
    else:
        indices, values = np.zeros(len(batch), dtype=np.int64), [symbol]
    found = [listing.find(value) if value else None for value in values]
    listed = [one for one in found if one is not None]
    codes = np.cumsum([one is not None for one in found]) - 1
    codes = np.where([one is not None for one in found], codes, -1).astype(np.int64)
    code = codes[indices] if len(indices) else np.empty(0, dtype=np.int64)
    rows = Rows(batch, listed, code, np.zeros(len(batch), dtype=np.int64), findings)
    bad = {row: repr(values[indices[row]]) for row in np.flatnonzero(code < 0)[:50].tolist()}
    rows.blame(Fault.SYMBOL, code < 0, bad)
    if only:
        wanted = np.array([one.symbol in only for one in listed] + [False], dtype=np.bool_)
        rows.keep &= wanted[code]
    _read_times(rows, batch.columns[columns.get("time", columns.get("date", ""))], zone)
    return rows


def _read_times(rows: Rows, column: pa.Array, zone: ZoneOfFile) -> None:
    bad = np.zeros(len(rows), dtype=np.bool_)
    lines = rows.batch.lines
    for _, mask in by_market(rows):
        market = rows.listed[rows.code[np.flatnonzero(mask)[0]]].market
        if mask.all():
            rows.at_us, bad = instants(column, market, lines, zone)
            continue
        at, wrong = instants(column.filter(pa.array(mask)), market, lines[mask], zone)
        rows.at_us[mask], bad[mask] = at, wrong
    # Far off the years that any exchange knows nothing can be computed with them.
    bad |= (rows.at_us < -200 * 365 * DAY_US) | (rows.at_us > 200 * 365 * DAY_US)
    shown = np.flatnonzero(bad & rows.keep)[:50].tolist()
    rows.blame(Fault.TIME, bad, {row: repr(column[row].as_py()) for row in shown})
    rows.at_us = np.where(bad, 0, rows.at_us)


def by_market(rows: Rows) -> Iterator[tuple[Market, Bools]]:
    """Yield each market of the kept rows with its rows."""
    markets = [one.market for one in rows.listed]
    for market in dict.fromkeys(markets):
        own = np.array([one is market for one in markets] + [False], dtype=np.bool_)
        mask = own[rows.code] & rows.keep
        if mask.any():
            yield market, mask


def by_hours(rows: Rows) -> Iterator[tuple[TradingHours, Bools]]:
    """Yield each kind of trading hours of the kept rows with its rows."""
    for hours in dict.fromkeys(one.hours for one in rows.listed):
        own = np.array([one.hours == hours for one in rows.listed] + [False], dtype=np.bool_)
        mask = own[rows.code] & rows.keep
        if mask.any():
            yield hours, mask


@dataclass(frozen=True, slots=True)
class SessionsOfDays:
    """The parts of some trading days in one row, for looking up many instants at once.

    Attributes:
        begin, end: Microseconds since 1970; `beyond` is the end with its grace.
        first: Index of the first part of each of `days`; one more at the end.
    """

    days: Ints
    begin: Ints
    end: Ints
    beyond: Ints
    session: npt.NDArray[np.uint8]
    first: Ints

    @classmethod
    def of(cls, hours: TradingHours, days: Ints, half_days: frozenset[date]) -> SessionsOfDays:
        """Return the parts of `days`, ascending, each once."""
        found: list[tuple[int, int, int, int]] = []
        first = [0]
        for day in days.tolist():
            local = to_date(day)
            for part in hours.parts(local, local in half_days):
                begin, end = int(part.begin.timestamp()), int(part.end.timestamp())
                grace = int(part.grace.total_seconds())
                found.append((begin, end, end + grace, int(part.session)))
            first.append(len(found))
        table = np.array(found, dtype=np.int64).reshape(-1, 4)
        begin, end, beyond = (table[:, :3].T * 1_000_000).copy()
        return cls(
            days, begin, end, beyond, table[:, 3].astype(np.uint8), np.array(first, dtype=np.int64)
        )

    def locate(self, at_us: Ints) -> tuple[Ints, Bools]:
        """Return for each instant the index of its part, and whether it lies in it."""
        place = np.searchsorted(self.begin, at_us, side="right") - 1
        inside = (place >= 0) & (at_us < self.beyond[np.maximum(place, 0)])
        return np.maximum(place, 0), inside


def segments(codes: Ints) -> Sequence[tuple[int, int]]:
    """Return begin and end of each stretch of equal codes."""
    if not len(codes):
        return []
    cuts = np.flatnonzero(np.diff(codes)) + 1
    edges = [0, *cuts.tolist(), len(codes)]
    return list(pairwise(edges))
