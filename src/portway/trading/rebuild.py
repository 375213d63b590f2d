"""A journal written anew from as much of it as is sound, with the rows that follow from it.

The sound part ends before the first record that is not what was written, or that nobody can read;
nothing behind it is guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from portway.core.engine import evolve
from portway.core.state import State
from portway.trading.event_codec import decode_facts
from portway.trading.ports import Journal, JournalRecord, Row
from portway.trading.projections import rows_of
from portway.trading.row_keys import key_of

__all__ = ["rebuild"]

BATCH_RECORDS: Final = 256


def rebuild(records: Iterable[JournalRecord], target: Journal, venue: str) -> None:
    """Write records and the rows that follow from them to an empty journal.

    Raises:
        UnreadableRecord: If one of them cannot be read.
        WriteFailed: If the target cannot be written.
    """
    for some, rows in _batches(records):
        target.append(venue, some, rows)


def _batches(
    source: Iterable[JournalRecord],
) -> Iterator[tuple[list[JournalRecord], list[Row]]]:
    state = State()
    records: list[JournalRecord] = []
    rows: dict[object, Row] = {}
    for record in source:
        for index, fact in enumerate(decode_facts(record.payload)):
            order = evolve(state, fact)
            for row in rows_of(state, fact, order, record.seq, index):
                rows[key_of(row)] = row
        records.append(record)
        if len(records) == BATCH_RECORDS:
            yield records, list(rows.values())
            records, rows = [], {}
    if records:
        yield records, list(rows.values())
