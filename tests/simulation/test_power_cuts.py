"""A power cut at every change of the disk: what was answered is there, once, and it adds up.

A stretch of trading runs over the real adapter on a disk that remembers its changes. Then the cut
is made after every one of them, with every kind of loss, and the database is opened again as
`portway serve` opens it. `make test` samples the cuts; `make sim SEED=7` makes them all.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from portway.core.digest import digest
from portway.model.command import Stamped, SubmitOrder
from portway.model.event import OrderAccepted
from portway.storage.log_tail import log_tail
from portway.storage.sqlite import Connect, SqliteStore, open_connection
from portway.trading import runner as runner_module
from portway.trading.event_codec import decode_facts
from portway.trading.recovery import recover
from tests.simulation.disk import Change, Disk
from tests.simulation.power_cut import Loss, Platter
from tests.simulation.trading_day import (
    VENUE,
    Batch,
    Truth,
    WatchedStore,
    play,
    script,
    table_hash,
)

SEED = os.environ.get("PORTWAY_SEED")
FIRST = int(SEED or 0)
HISTORIES = range(FIRST, FIRST + (2 if SEED else 3))
POINTS = None if SEED else 100  # Of each history; None: all of them.
COMMANDS = 110
DATABASE = "portway.db"


@dataclass
class History:
    """A run that was recorded.

    Attributes:
        answered: By group of commands, how many changes the disk had seen when all were answered.
    """

    seed: int
    groups: list[list[Stamped]]
    changes: list[Change]
    batches: list[Batch]
    answered: list[int]
    truth: Truth


@pytest.fixture(scope="module", params=HISTORIES)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    with pytest.MonkeyPatch.context() as patch:
        # Snapshots are taken, and started from, in so short a run too.
        patch.setattr(runner_module, "SNAPSHOT_RECORDS", 25)
        folder = tmp_path_factory.mktemp(f"history-{request.param}")
        yield recorded(request.param, folder)


def recorded(seed: int, folder: Path) -> History:
    groups, disk, answered = script(seed, COMMANDS), Disk(), []
    store = WatchedStore(folder / DATABASE, disk.changes, disk.connect)
    asyncio.run(play(store, groups, seed, lambda: answered.append(len(disk.changes))))
    store.close()
    disk.close()
    truth = Truth.of(store.batches, folder / "truth")
    return History(seed, groups, disk.changes, store.batches, answered, truth)


def cuts(history: History) -> list[tuple[int, Loss]]:
    every = [(after, loss) for after in range(len(history.changes) + 1) for loss in Loss]
    if POINTS is None:
        return every
    return sorted(Random(history.seed).sample(every, POINTS), key=lambda cut: cut[0])


def cut(history: History) -> Iterator[tuple[int, Loss, dict[str, bytes]]]:
    """Yield after how many changes the power went, what was lost, and the files that are left."""
    platter, applied = Platter(), 0
    for after, loss in cuts(history):
        for change in history.changes[applied:after]:
            platter.apply(change)
        applied = after
        yield after, loss, platter.after(loss, Random(f"{history.seed} {after} {loss.name}"))


@contextmanager
def where(history: History, after: int, loss: Loss) -> Iterator[None]:
    """Let a failure say how to see it again."""
    try:
        yield
    except AssertionError as error:
        place = f"seed {history.seed}, after change {after}, losing {loss.name}"
        raise AssertionError(f"{place}: {error}") from error


def restarted(
    files: dict[str, bytes], folder: Path, connect: Connect = open_connection
) -> SqliteStore:
    """Open what is left, as `portway serve` does unless `connect` says otherwise."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    tail = log_tail(folder / DATABASE)
    assert tail is None or not tail.is_damage, f"a power cut is no damage: {tail}"
    return SqliteStore(folder / DATABASE, connect)


def check(store: SqliteStore, history: History, after: int) -> int:
    """Assert that a database is what it may be after so many changes; return its last record."""
    kept = [record.payload for record in store.read(VENUE)]
    count = len(kept)
    written = [batch for batch in history.batches if batch.done is not None and batch.done <= after]
    begun = [batch for batch in history.batches if batch.begun < after]
    assert count >= max((batch.records[-1].seq for batch in written), default=0), "lost"
    assert count <= max((batch.records[-1].seq for batch in begun), default=0), "invented"
    assert kept == history.truth.payloads[:count], "another journal"
    assert count in history.truth.tables, "half a transaction"
    assert table_hash(store) == history.truth.tables[count], "read models are not the journal's"
    assert digest(recover(store, VENUE).state) == history.truth.digests[count]
    return count


def ask_again(store: SqliteStore, history: History, after: int) -> None:
    """Submit what was under way once more, as clients do: every order is there once."""
    done = sum(position <= after for position in history.answered)
    under_way = history.groups[done : done + 1]
    asyncio.run(play(store, under_way, history.seed))
    ids = accepted(record.payload for record in store.read(VENUE))
    assert set(ids.values()) <= {1}, "an order is there twice"
    wanted = accepted(history.truth.payloads)
    for one in (stamped.command for group in under_way for stamped in group):
        if isinstance(one, SubmitOrder) and wanted[one.terms.client_request_id]:
            assert ids[one.terms.client_request_id] == 1, "an order was lost, and not made again"


def accepted(payloads: Iterable[bytes]) -> Counter[str | None]:
    facts = (fact for payload in payloads for fact in decode_facts(payload))
    orders = (fact.order.terms for fact in facts if isinstance(fact, OrderAccepted))
    return Counter(terms.client_request_id for terms in orders if terms.client_request_id)


def test_a_history_is_lively_and_its_journal_is_the_fold_of_its_commands(history: History) -> None:
    facts = {
        type(fact).__name__ for payload in history.truth.payloads for fact in decode_facts(payload)
    }
    assert {"OrderAccepted", "OrderFilled", "OrderReplaced", "SettlementDone"} <= facts
    assert any(len(batch.records) > 1 for batch in history.batches)
    files = Counter(change.file for change in history.changes)
    assert files[DATABASE] > 100, "the log was folded into the file several times"
    assert len(history.changes) > 800


def test_nothing_answered_is_lost_and_nothing_is_there_twice(
    history: History, tmp_path: Path
) -> None:
    found = set()
    for number, (after, loss, files) in enumerate(cut(history)):
        store = restarted(files, tmp_path / "home")
        with where(history, after, loss):
            found.add(check(store, history, after))
            if number % 10 == 0:
                ask_again(store, history, after)
        store.close()
        shutil.rmtree(tmp_path / "home")
    assert len(found) > 20, "the cuts came at different times"
    print(f"seed {history.seed}: {number + 1} cuts")


def test_a_cut_in_the_middle_of_recovery_loses_nothing_either(
    history: History, tmp_path: Path
) -> None:
    """The log is folded into the file as a restarted server stops: the power goes once more."""
    random, again = Random(history.seed), 0
    for number, (after, loss, files) in enumerate(cut(history)):
        if number % 10:
            continue
        disk = Disk()
        restarted(files, tmp_path / "first", disk.connect).close()
        disk.close()
        platter = Platter.holding(files)
        for change in disk.changes[: random.randrange(len(disk.changes) + 1)]:
            platter.apply(change)
            again += 1
        store = restarted(platter.after(random.choice(tuple(Loss)), random), tmp_path / "again")
        with where(history, after, loss):
            check(store, history, after)
        store.close()
        for name in ("first", "again"):
            shutil.rmtree(tmp_path / name)
    assert again > 50, "recovery changes the disk"
    print(f"seed {history.seed}: {number // 10 + 1} cuts in a restart after a cut")
