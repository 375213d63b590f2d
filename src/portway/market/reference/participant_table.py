"""The HK exchange participants behind the numbers of a broker queue.

A participant has one or more broker numbers, and a number belongs to one participant alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from portway.market.reference.rows import Row, TableError, read_table

__all__ = ["Participant", "participants"]


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of the exchange.

    Attributes:
        broker_ids: Its numbers in broker queues, ascending.
        name_cn: Simplified Chinese; `name_hk` is traditional.
    """

    broker_ids: tuple[int, ...]
    name_en: str
    name_cn: str
    name_hk: str


@cache
def participants() -> tuple[Participant, ...]:
    """Return every built-in participant, in the order of the table."""
    found = tuple(read_table("participants.csv", _parse))
    ids = [number for one in found for number in one.broker_ids]
    twice = sorted({number for number in ids if ids.count(number) > 1})
    if twice:
        raise TableError(f"participants.csv: numbers of two participants: {twice}")
    return found


def _parse(row: Row) -> Participant:
    ids = tuple(sorted(map(int, row["broker_ids"].split())))
    if not ids:
        raise ValueError("a participant without a broker number")
    return Participant(ids, row["name_en"], row["name_cn"], row["name_hk"])
