"""From the journal back to the state: a fold of facts, nothing recomputed.

No rule of today touches the past: an amount that was posted is the amount that is added up, however
fees or margins have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass

from portway.core.engine import evolve
from portway.core.state import State
from portway.trading.event_codec import UnreadableRecord, decode_facts
from portway.trading.ports import Journal, JournalCorrupt

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A state and the position of the last record in it."""

    state: State
    seq: int


def recover(journal: Journal, venue: str) -> Recovered:
    """Fold the whole journal of a venue.

    Raises:
        JournalCorrupt: If a record is damaged, missing, or of a later version.
    """
    state, seq = State(), 0
    for record in journal.read(venue):
        if record.seq != seq + 1:
            raise JournalCorrupt(f"journal of {venue}: record {seq + 1} is missing")
        try:
            facts = decode_facts(record.payload)
        except UnreadableRecord as error:
            raise JournalCorrupt(f"journal of {venue}, record {record.seq}: {error}") from error
        for fact in facts:
            evolve(state, fact)
        seq = record.seq
    return Recovered(state, seq)
