"""A random but repeatable stretch of trading on a real venue and a real database, and its truth.

The commands are those of `tests/core/random_flow.py`: orders of every type, replaces, cancels,
auctions, days that begin and money that settles. They are played through the real writer, several
in one transaction where the market allows it. What every number of journal records adds up to is
worked out apart from the run that is cut.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random

from msgspec import structs

from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import (
    FillModel,
    MarketView,
    Stamped,
    SubmitOrder,
    VenueSettings,
)
from portway.model.corporate_action import CorporateAction
from portway.model.event import Event
from portway.model.order import OrderStatus
from portway.model.symbol import Market, Symbol
from portway.storage.schema import TABLES
from portway.storage.sqlite import Connect, SqliteStore
from portway.trading.event_codec import decode_facts
from portway.trading.ports import JournalRecord, Row
from portway.trading.runner import VenueRunner
from tests.core.random_flow import Flow
from tests.trading.floor import OPEN

__all__ = ["VENUE", "Batch", "Truth", "WatchedStore", "play", "script", "table_hash"]

VENUE = "main"
TOGETHER_MAX = 6  # Commands that are submitted at once.


@dataclass
class _RecordedFlow(Flow):
    """A flow that keeps each command with its instant and what was known of the markets."""

    told: list[Stamped] = field(default_factory=list)

    def tell(self, command):
        if isinstance(command, SubmitOrder):  # Every order can be asked for again.
            request_id = f"request-{len(self.told)}"
            command = SubmitOrder(
                command.account_no, structs.replace(command.terms, client_request_id=request_id)
            )
        return super().tell(command)

    def decided(self, stamped: Stamped, seq: int) -> Iterator[Event]:
        self.told.append(stamped)
        yield from super().decided(stamped, seq)


def script(seed: int, commands: int) -> list[list[Stamped]]:
    """Return the commands of a seed, at least so many, in groups that are submitted together."""
    random = Random(seed)
    flow = _RecordedFlow(Random(seed), tuple(FillModel)[seed % len(FillModel)], pace=12)
    flow.begin()
    while len(flow.told) < commands or not _is_whole(flow):
        flow.step()
    groups: list[list[Stamped]] = []
    room = 0
    for one in flow.told:
        if room and groups[-1][-1].views == one.views:
            groups[-1].append(one)
            room -= 1
        else:
            groups.append([one])
            room = random.randrange(TOGETHER_MAX)
    return groups


def _is_whole(flow: Flow) -> bool:
    """Whether orders were filled, replaced and cancelled, and money settled."""
    facts = {type(fact).__name__ for record in flow.facts for fact in record}
    ended = {one.status for one in flow.state.closed.values()}
    return {"OrderFilled", "OrderReplaced", "SettlementDone"} <= facts and (
        OrderStatus.CANCELED in ended
    )


@dataclass
class _ScriptedMarket:
    """The markets as they were when a command was written down."""

    views: Mapping[Symbol, MarketView] = field(default_factory=dict)

    def view(self, symbol: Symbol) -> MarketView | None:
        return self.views.get(symbol)

    def now(self, market: Market) -> datetime:
        return OPEN

    def actions(self, symbol: Symbol, after: date, through: date) -> list[CorporateAction]:
        return []

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        """Every move is in the script."""


@dataclass
class Batch:
    """One transaction: what was written, and the commands that were submitted when it was."""

    records: Sequence[JournalRecord]
    rows: Sequence[Row]
    begun: int
    done: int | None = None


class WatchedStore(SqliteStore):
    """The real adapter; notes where in the life of the disk each transaction began and was done."""

    def __init__(self, path: Path, changes: Sequence[object], connect: Connect) -> None:
        self.batches: list[Batch] = []
        self._changes = changes
        super().__init__(path, connect)

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        self.batches.append(Batch(records, rows, len(self._changes)))
        super().append(venue, records, rows)
        self.batches[-1].done = len(self._changes)


async def play(
    store: SqliteStore,
    groups: Sequence[Sequence[Stamped]],
    seed: int,
    answered: Callable[[], None] = lambda: None,
) -> None:
    """Carry a script out on a venue over a store, each group in (as a rule) one transaction.

    Args:
        answered: Called after each group.
    """
    market = _ScriptedMarket()
    settings = VenueSettings(fill_model=tuple(FillModel)[seed % len(FillModel)])
    runner = VenueRunner(VENUE, store, market, configure=lambda _: settings)
    await runner.start()
    try:
        for group in groups:
            market.views = group[0].views
            await asyncio.gather(*(runner.submit(one.command, one.at) for one in group))
            answered()
    finally:
        await runner.close()


@dataclass
class Truth:
    """What every number of records adds up to.

    Attributes:
        digests: By number of records, the digest of their fold; its invariants hold.
        tables: By number of records at the end of a transaction, a hash of the read models.
    """

    payloads: list[bytes]
    digests: list[str]
    tables: dict[int, str]

    @classmethod
    def of(cls, batches: Sequence[Batch], folder: Path) -> Truth:
        """Work it out from what was to be written, on a disk without faults."""
        state = State()
        payloads, digests = [], [digest(state)]
        folder.mkdir()
        store = SqliteStore(folder / "truth.db")
        tables = {0: table_hash(store)}
        for batch in batches:
            for record in batch.records:
                for fact in decode_facts(record.payload):
                    evolve(state, fact)
                check_invariants(state)
                payloads.append(record.payload)
                digests.append(digest(state))
            store.append(VENUE, batch.records, batch.rows)
            tables[len(payloads)] = table_hash(store)
        store.close()
        return cls(payloads, digests, tables)


def table_hash(store: SqliteStore) -> str:
    """Return a hash over all rows of the read models."""
    hashed = hashlib.sha256()
    for table in sorted(set(TABLES.values())):
        hashed.update(f"{table}\n".encode())
        for row in store.select(f"SELECT * FROM {table}"):  # Each has a primary key: its order.
            hashed.update(repr(row).encode())
    return hashed.hexdigest()
