"""From the journal back to the state: a snapshot, and the facts after it added up.

No rule of today touches the past: an amount that was posted is the amount that is added up, however
fees or margins have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass

from portway.core.engine import evolve
from portway.core.state import State
from portway.trading.event_codec import UnreadableRecord, decode_facts
from portway.trading.ports import Journal, JournalCorrupt
from portway.trading.snapshot import decode_state

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A state and the position of the last record in it.

    Attributes:
        snapshot_seq: Position of the snapshot it began with; 0: it is folded from the start.
    """

    state: State
    seq: int
    snapshot_seq: int = 0


def recover(journal: Journal, venue: str, *, from_start: bool = False) -> Recovered:
    """Fold the journal of a venue from its latest snapshot on.

    Args:
        from_start: Pass over snapshots and fold everything, to check them and the journal.

    Raises:
        JournalCorrupt: If a record that is read is damaged, missing, or of a later version.
    """
    begin = Recovered(State(), 0) if from_start else _snapshot(journal, venue)
    state, seq = begin.state, begin.seq
    for record in journal.read(venue, seq):
        if record.seq != seq + 1:
            raise JournalCorrupt(f"journal of {venue}: record {seq + 1} is missing")
        try:
            facts = decode_facts(record.payload)
        except UnreadableRecord as error:
            raise JournalCorrupt(f"journal of {venue}, record {record.seq}: {error}") from error
        for fact in facts:
            evolve(state, fact)
        seq = record.seq
    return Recovered(state, seq, begin.snapshot_seq)


def _snapshot(journal: Journal, venue: str) -> Recovered:
    """Return the latest snapshot, or the empty state where there is none that can be used."""
    kept = journal.snapshot(venue)
    state = decode_state(kept.payload) if kept is not None else None
    if kept is None or state is None:
        return Recovered(State(), 0)
    return Recovered(state, kept.seq, kept.seq)
