"""Homes made by random trading, without a server: journal, read models and the small files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from portway.core.engine import evolve
from portway.core.state import State
from portway.model.event import Fact
from portway.storage.home import open_home, write_json
from portway.storage.sqlite import SqliteStore
from portway.trading.event_codec import encode_facts
from portway.trading.ports import JournalRecord, Row
from portway.trading.projections import rows_of
from portway.trading.row_keys import key_of
from portway.trading.snapshot import encode_state
from tests.core.money_flow import play_money

VENUE = "main"
BATCH = 5  # Records in one transaction.


def home_of(
    path: Path, facts: Iterable[Sequence[Fact]], snapshot_after: int | None = None
) -> list[JournalRecord]:
    """Make a home whose venue has these facts, written as the runner writes them."""
    with open_home(path) as home:
        write_json(path / "world.json", {"seed": 1})
        store = SqliteStore(home.database)
        try:
            return list(_written(store, facts, snapshot_after))
        finally:
            store.close()


def traded_home(path: Path, seed: int = 1, steps: int = 60) -> list[JournalRecord]:
    """Make a home of a random flow about orders and money, with a snapshot in its middle."""
    facts = play_money(seed, steps).facts
    return home_of(path, facts, snapshot_after=len(facts) // 2)


def _written(
    store: SqliteStore, facts: Iterable[Sequence[Fact]], snapshot_after: int | None
) -> Iterable[JournalRecord]:
    state = State()
    records: list[JournalRecord] = []
    rows: dict[object, Row] = {}
    for seq, record in enumerate(facts, start=1):
        for index, fact in enumerate(record):
            order = evolve(state, fact)
            rows.update((key_of(row), row) for row in rows_of(state, fact, order, seq, index))
        records.append(JournalRecord(seq, encode_facts(record)))
        if len(records) == BATCH or seq == snapshot_after:
            store.append(VENUE, records, tuple(rows.values()))
            yield from records
            records, rows = [], {}
        if seq == snapshot_after:
            store.save_snapshot(VENUE, JournalRecord(seq, encode_state(state)))
    store.append(VENUE, records, tuple(rows.values()))
    yield from records
