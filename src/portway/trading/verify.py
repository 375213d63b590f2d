"""Whether a journal is whole, and whether everything kept beside it follows from it.

The journal is folded from its first record on; each row that follows is compared with the one that
is kept, the state with the snapshot's at its place. History is compared as it is made and open
orders, accounts, balances and positions at the end, so memory grows with what is open, not with
the journal. The first thing that does not agree is named and ends the walk. Nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, get_args

from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.event import Fact
from portway.trading.event_codec import UnreadableRecord, decode_facts
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    Journal,
    JournalCorrupt,
    OrderRow,
    PositionRow,
    Row,
)
from portway.trading.projections import rows_of
from portway.trading.row_keys import key_of
from portway.trading.snapshot import SNAPSHOT_VERSION, decode_state

__all__ = ["Difference", "KeptRows", "SnapshotOf", "Verified", "subject_of", "verify"]

_LASTING: Final = (AccountRow, BalanceRow, PositionRow)
# What a fact that does not fit the state can run into while it is added up.
_MISFIT: Final = (AssertionError, LookupError, ValueError, TypeError, ArithmeticError)
TELL_RECORDS: Final = 500


class KeptRows(Protocol):
    """The rows of the read models of one venue, as they are kept."""

    def difference(self, row: Row) -> str | None:
        """Return how the kept row with this one's key differs from it; None: it does not."""
        ...

    def count(self, kind: type[Row]) -> int:
        """Return how many rows of a kind are kept."""
        ...

    def table(self, kind: type[Row]) -> str:
        """Return what a kind is called where it is kept."""
        ...


class SnapshotOf(Protocol):
    """A snapshot as it is kept; `belongs`: it is tied to the record `seq` of this journal."""

    @property
    def seq(self) -> int: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def belongs(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that does not agree.

    Attributes:
        seq: The record that it follows from, None when no single one is to blame.
        subject: The facts of that record, in words.
        is_damage: The record itself is damaged or missing; else something kept beside it is not
            what follows from it.
    """

    what: str
    seq: int | None = None
    subject: str = ""
    is_damage: bool = False

    def __str__(self) -> str:
        if self.seq is None:
            return self.what
        subject = f" ({self.subject})" if self.subject else ""
        return f"record {self.seq}{subject}: {self.what}"


@dataclass(slots=True)
class Verified:
    """What a walk has found.

    Attributes:
        seq: The last record that agrees.
        digest: Of the state after it; "" when the walk ended before.
        snapshot: What was found of the snapshot, in words.
        rows: How many rows agree, by table.
        difference: None: everything agrees.
    """

    venue: str
    seq: int = 0
    digest: str = ""
    snapshot: str = "there is none"
    rows: Counter[str] = field(default_factory=Counter)
    difference: Difference | None = None


def verify(
    journal: Journal,
    venue: str,
    kept: KeptRows,
    snapshot: SnapshotOf | None = None,
    told: Callable[[int], None] = lambda seq: None,
    explain: Callable[[int], tuple[str, str]] | None = None,
) -> Verified:
    """Walk the journal of a venue and compare everything kept beside it.

    Args:
        told: Called with the position reached, now and then.
        explain: Returns what a record is about that is not what was written, and why it is not.
    """
    walk = _Walk(journal, venue, kept, snapshot, explain)
    try:
        for seq in walk.steps():
            if not seq % TELL_RECORDS:
                told(seq)
        walk.finish()
    except _Found as found:
        walk.verified.difference = found.difference
    told(walk.verified.seq)
    return walk.verified


def subject_of(facts: Sequence[Fact]) -> str:
    """Return the kinds of some facts, and whom the first of them is about."""
    kinds = ", ".join(dict.fromkeys(type(fact).__name__ for fact in facts))
    for fact in facts:
        execution = getattr(fact, "execution", None)
        order = getattr(fact, "order", None) or execution or fact
        parts = [
            f"{word} {value}"
            for word, name in (("order", "order_id"), ("account", "account_no"))
            if (value := getattr(order, name, None)) is not None
        ]
        if parts:
            return f"{kinds} of {', '.join(parts)}"
    return kinds


class _Found(Exception):
    """Ends the walk at the first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


class _Walk:
    def __init__(
        self,
        journal: Journal,
        venue: str,
        kept: KeptRows,
        snapshot: SnapshotOf | None,
        explain: Callable[[int], tuple[str, str]] | None,
    ) -> None:
        self._journal = journal
        self._venue = venue
        self._kept = kept
        self._snapshot = snapshot
        self._explain = explain
        self._state = State()
        self._lasting: dict[object, tuple[Row, int, str]] = {}
        self._counts: Counter[type[Row]] = Counter()
        self.verified = Verified(venue)

    def steps(self) -> Iterator[int]:
        """Add up record after record and yield the position reached."""
        done = self.verified
        records = self._journal.read(self._venue)
        while True:
            try:
                record = next(records, None)
            except JournalCorrupt as error:
                seq = done.seq + 1
                subject, what = ("", str(error)) if self._explain is None else self._explain(seq)
                raise _Found(Difference(what, seq, subject, is_damage=True)) from error
            if record is None:
                break
            try:
                facts = decode_facts(record.payload)
            except UnreadableRecord as error:
                what = f"it cannot be read: {error}"
                raise _Found(Difference(what, record.seq, is_damage=True)) from error
            self._add(record.seq, facts)
            done.seq = record.seq
            if self._snapshot is not None and self._snapshot.seq == record.seq:
                self._compare_snapshot(self._snapshot)
            yield record.seq
        last = self._journal.last_seq(self._venue)
        if last != done.seq:
            what = f"the journal's head says that record {last} is its last, and it has {done.seq}"
            raise _Found(Difference(what, done.seq, is_damage=True))

    def finish(self) -> None:
        """Compare what lasts, then the number of rows."""
        for row, seq, subject in sorted(self._lasting.values(), key=lambda one: one[1]):
            self._compare(row, seq, subject)
        for kind in get_args(Row):
            table, count = self._kept.table(kind), self._kept.count(kind)
            if count != self._counts[kind]:
                what = f"{table} has {count} rows, and {self._counts[kind]} follow from the journal"
                raise _Found(Difference(what))
            self.verified.rows[table] = count
        if self._snapshot is not None and not self._snapshot.belongs:
            raise _Found(Difference("the snapshot does not belong to this journal"))
        try:
            check_invariants(self._state)
        except AssertionError as error:
            raise _Found(self._first_violation(str(error))) from error
        self.verified.digest = digest(self._state)

    def _add(self, seq: int, facts: Sequence[Fact]) -> None:
        for index, fact in enumerate(facts):
            try:
                order = evolve(self._state, fact)
                rows = list(rows_of(self._state, fact, order, seq, index))
            except _MISFIT as error:
                what = f"it does not fit what was before: {error or type(error).__name__}"
                raise _Found(Difference(what, seq, subject_of([fact]), is_damage=True)) from error
            for row in rows:
                self._take(row, seq, fact)

    def _take(self, row: Row, seq: int, fact: Fact) -> None:
        """Compare a row that will not change any more, and keep the others for the end."""
        key = key_of(row)
        if isinstance(row, _LASTING) or (isinstance(row, OrderRow) and not row.order.is_terminal):
            self._lasting[key] = (row, seq, type(fact).__name__)
            return
        self._lasting.pop(key, None)
        self._compare(row, seq, subject_of([fact]))

    def _compare(self, row: Row, seq: int, subject: str) -> None:
        self._counts[type(row)] += 1
        off = self._kept.difference(row)
        if off is not None:
            raise _Found(Difference(off, seq, subject))

    def _compare_snapshot(self, snapshot: SnapshotOf) -> None:
        where = f"the snapshot after record {snapshot.seq}"
        state = decode_state(snapshot.payload)
        if state is not None:
            if digest(state) != digest(self._state):
                raise _Found(Difference(f"{where} is not the state that follows from the journal"))
            self.verified.snapshot = f"after record {snapshot.seq}, agrees"
        elif _is_of_another_version(snapshot.payload):
            self.verified.snapshot = f"after record {snapshot.seq}, of another version: not used"
        else:
            raise _Found(Difference(f"{where} is damaged"))

    def _first_violation(self, last: str) -> Difference:
        """Fold once more, slowly, to name the record with which an invariant ceased to hold."""
        state = State()
        for record in self._journal.read(self._venue):
            facts = decode_facts(record.payload)
            for fact in facts:
                evolve(state, fact)
            try:
                check_invariants(state)
            except AssertionError as error:
                return Difference(str(error), record.seq, subject_of(facts), is_damage=True)
        return Difference(last)


def _is_of_another_version(payload: bytes) -> bool:
    head, _, version = payload.partition(b"\n")[0].rpartition(b" ")
    return head == b"portway state" and version.isdigit() and int(version) != SNAPSHOT_VERSION
