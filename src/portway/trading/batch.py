"""What a venue's writer carries through a turn: submitted commands, and what they add up to.

A call waits in the inbox until it is decided; a batch is what is written in one transaction. Only
the writer touches either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from msgspec import Struct

from portway.core.state import State
from portway.model.command import Command
from portway.model.event import Event, Fact
from portway.model.order import Order
from portway.trading.errors import TradingError
from portway.trading.ports import JournalRecord, Published, Row
from portway.trading.projections import rows_of
from portway.trading.row_keys import LINES, key_of

__all__ = [
    "BATCH_COMMANDS_MAX",
    "BATCH_EVENTS_MAX",
    "Answer",
    "Batch",
    "Call",
    "parts_of",
    "refuse",
]

BATCH_COMMANDS_MAX: Final = 256  # Commands that share one transaction.
BATCH_EVENTS_MAX: Final = 1000  # After which no further command is added: others write too.

Answer = tuple[Event, ...]


class Call(Struct, eq=False):
    """A submitted command and whoever waits for its answer; nobody waits for a market's move.

    Attributes:
        is_alone: It, or one beside it, met a defect: it is written with no other.
    """

    command: Command
    at: datetime | None = None
    answer: asyncio.Future[Answer] | None = None
    events: Answer = ()
    is_alone: bool = False


@dataclass(slots=True)
class Batch:
    """What some commands add up to, until it is durable.

    Attributes:
        calls: What was decided.
        events: That followed, facts and others.
        is_full: Nothing more is decided into it.
        lines: Rows that no other replaces: what happened.
        standing: The latest of each row that others replace: what stands.
    """

    calls: list[Call] = field(default_factory=list)
    events: int = 0
    is_full: bool = False
    records: list[JournalRecord] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    standing: dict[object, Row] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)

    def add(self, call: Call) -> None:
        """Take in a command that was decided."""
        self.calls.append(call)
        self.events += len(call.events)
        self.is_full = (
            call.is_alone
            or len(self.calls) >= BATCH_COMMANDS_MAX
            or self.events >= BATCH_EVENTS_MAX
        )

    def collect(self, state: State, fact: Fact, order: Order | None, seq: int, index: int) -> None:
        """Add the rows that follow from a fact."""
        for row in rows_of(state, fact, order, seq, index):
            if isinstance(row, LINES):
                self.lines.append(row)
            else:
                self.standing[key_of(row)] = row

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows that follow from it."""
        return (*self.lines, *self.standing.values())


def parts_of(published: Published, most: int) -> Iterator[Published]:
    """Cut the facts of a command that brought many about; the order stays."""
    if len(published.facts) <= most:
        yield published
        return
    for begin in range(0, len(published.facts), most):
        yield Published(published.seq, published.facts[begin : begin + most])


def refuse(calls: Iterable[Call], error: TradingError) -> None:
    """Tell whoever waits for one of these that it met `error`."""
    for call in calls:
        if call.answer is not None and not call.answer.done():
            call.answer.set_exception(error)
