"""Why a record of the journal does not fit its hash: what was changed, as far as it can be told.

Each hash holds the record and the hash before it, so the record after a broken one tells which of
its two parts is the old one.
"""

from __future__ import annotations

from portway.storage.sqlite import chain_link
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.event_codec import UnreadableRecord, decode_facts
from portway.trading.verify import subject_of

__all__ = ["explain_break"]

_SHOWN_DIGITS = 12


def explain_break(reader: SqliteReader, venue: str, seq: int) -> tuple[str, str]:
    """Return what a broken record is about, "" if that cannot be read, and what is wrong with it.

    Args:
        seq: The first record that is not what was written, or is missing.
    """
    rows = {
        found: (bytes(payload), bytes(chain))
        for found, payload, chain in reader.select(
            "SELECT seq, payload, chain FROM journal WHERE venue = ? AND seq BETWEEN ? AND ?",
            (venue, seq - 1, seq + 1),
        )
        if isinstance(payload, bytes) and isinstance(chain, bytes)
    }
    last = reader.last_known(venue)
    if seq not in rows:
        where = f"and record {last} is the last" if last > seq else "though the head names it"
        return "", f"it is missing, {where}"
    payload, stored = rows[seq]
    before = rows[seq - 1][1] if seq - 1 in rows else b""
    computed = chain_link(before, payload)
    what = f"its hash is {_short(stored)}, and what stands there has {_short(computed)}"
    if stored == computed:
        return _subject(payload), "its hash is not that of the journal's head"
    if seq + 1 in rows:
        after, link = rows[seq + 1]
        if chain_link(stored, after) == link:
            what += ": the record was changed, for the next one stands on the hash"
        elif chain_link(computed, after) == link:
            what += ": the hash was changed, for the next one stands on the record"
    return _subject(payload), what


def _subject(payload: bytes) -> str:
    try:
        return subject_of(decode_facts(payload))
    except UnreadableRecord:
        return ""


def _short(chain: bytes) -> str:
    return f"{chain.hex()[:_SHOWN_DIGITS]}…"
