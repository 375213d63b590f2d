"""Everything in memory, for tests and simulation: the same ports, and faults to order.

Nothing survives the process, but a second runner on the same store sees what a disk would show
after a power cut. A fault strikes a chosen write: before anything was kept, or after everything
was, when only the answer is lost; a transaction knows nothing in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    CashFlowFilter,
    CashFlowRow,
    ChargeRow,
    ExecutionFilter,
    ExecutionRow,
    JournalCorrupt,
    JournalRecord,
    OrderEventRow,
    OrderFilter,
    OrderRow,
    PositionRow,
    Row,
    ShareMoveRow,
    WriteFailed,
)
from portway.trading.row_keys import key_of

R = TypeVar("R")

__all__ = ["Fault", "MemoryReadModels", "MemoryStore"]


class Fault(Enum):
    """How a write fails."""

    NOTHING_KEPT = auto()
    KEPT_BUT_UNANSWERED = auto()


@dataclass(slots=True)
class _Venue:
    records: list[JournalRecord] = field(default_factory=list)
    rows: dict[object, Row] = field(default_factory=dict)
    snapshot: JournalRecord | None = None


class MemoryStore:
    """Journal and rows of any number of venues."""

    def __init__(self) -> None:
        self._venues: dict[str, _Venue] = {}
        self._faults: dict[int, Fault] = {}
        self.writes = 0

    def fail_write(self, fault: Fault, after: int = 0) -> None:
        """Let a later write fail; `after` counts the writes that still succeed before it."""
        self._faults[self.writes + after] = fault

    def read_models(self, venue: str) -> MemoryReadModels:
        """Return the read side of a venue."""
        return MemoryReadModels(self._venue(venue).rows)

    def last_seq(self, venue: str) -> int:
        return len(self._venue(venue).records)

    def read(self, venue: str, after_seq: int = 0) -> Iterator[JournalRecord]:
        for place, record in enumerate(tuple(self._venue(venue).records), start=1):
            if record.seq != place:
                raise JournalCorrupt(f"record {place} of venue {venue} is missing")
            if record.seq > after_seq:
                yield record

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        fault = self._faults.pop(self.writes, None)
        self.writes += 1
        if fault is Fault.NOTHING_KEPT:
            raise WriteFailed("a fault was ordered: nothing was kept")
        kept = self._venue(venue)
        if records and records[0].seq != len(kept.records) + 1:
            raise WriteFailed(f"record {records[0].seq} does not follow {len(kept.records)}")
        kept.records += records
        for row in rows:
            kept.rows[key_of(row)] = row
        if fault is Fault.KEPT_BUT_UNANSWERED:
            raise WriteFailed("a fault was ordered: kept, but unanswered")

    def probe(self) -> None:
        """Memory can always be written."""

    def save_snapshot(self, venue: str, snapshot: JournalRecord) -> None:
        self._venue(venue).snapshot = snapshot

    def snapshot(self, venue: str) -> JournalRecord | None:
        return self._venue(venue).snapshot

    def payloads(self, venue: str) -> list[bytes]:
        """Return the journal's records as they were written, for comparison."""
        return [record.payload for record in self._venue(venue).records]

    def _venue(self, venue: str) -> _Venue:
        return self._venues.setdefault(venue, _Venue())


class MemoryReadModels:
    """Rows of one venue, filtered by walking them all."""

    def __init__(self, rows: dict[object, Row]) -> None:
        self._rows = rows

    def accounts(self) -> Sequence[AccountRow]:
        return sorted(self._of(AccountRow), key=lambda row: row.account_no)

    def account(self, account_no: str) -> AccountRow | None:
        return next((row for row in self._of(AccountRow) if row.account_no == account_no), None)

    def orders(
        self, account_no: str, where: OrderFilter, *, limit: int, offset: int = 0
    ) -> Sequence[OrderRow]:
        rows = [
            row
            for row in self._of(OrderRow)
            if row.order.account_no == account_no and where.passes(row)
        ]
        rows.sort(key=lambda row: row.order.order_id, reverse=True)
        return rows[offset : offset + limit]

    def order(self, order_id: int) -> OrderRow | None:
        return next((row for row in self._of(OrderRow) if row.order.order_id == order_id), None)

    def order_events(self, order_id: int) -> Sequence[OrderEventRow]:
        rows = [row for row in self._of(OrderEventRow) if row.order_id == order_id]
        return sorted(rows, key=lambda row: (row.seq, row.index), reverse=True)

    def charges(self, order_id: int) -> Sequence[ChargeRow]:
        rows = [row for row in self._of(ChargeRow) if row.order_id == order_id]
        return sorted(rows, key=lambda row: (row.seq, row.index))

    def executions(
        self, account_no: str, where: ExecutionFilter, *, limit: int, offset: int = 0
    ) -> Sequence[ExecutionRow]:
        rows = [
            row
            for row in self._of(ExecutionRow)
            if row.execution.account_no == account_no and where.passes(row)
        ]
        rows.sort(key=lambda row: (row.seq, row.index), reverse=True)
        return rows[offset : offset + limit]

    def cash_flow(
        self, account_no: str, where: CashFlowFilter, *, limit: int, offset: int = 0
    ) -> Sequence[CashFlowRow]:
        rows = [
            row
            for row in self._of(CashFlowRow)
            if row.account_no == account_no and where.passes(row)
        ]
        rows.sort(key=lambda row: (row.seq, row.index), reverse=True)
        return rows[offset : offset + limit]

    def share_moves(self, account_no: str) -> Sequence[ShareMoveRow]:
        rows = [row for row in self._of(ShareMoveRow) if row.account_no == account_no]
        return sorted(rows, key=lambda row: (row.seq, row.index), reverse=True)

    def positions(self, account_no: str) -> Sequence[PositionRow]:
        rows = [
            row for row in self._of(PositionRow) if row.account_no == account_no and row.quantity
        ]
        return sorted(rows, key=lambda row: row.symbol)

    def balances(self, account_no: str) -> Sequence[BalanceRow]:
        rows = [row for row in self._of(BalanceRow) if row.account_no == account_no]
        return sorted(rows, key=lambda row: row.currency)

    def _of(self, kind: type[R]) -> list[R]:
        return [row for row in tuple(self._rows.values()) if isinstance(row, kind)]
