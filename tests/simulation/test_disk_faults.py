"""A disk that is full, read-only, broken or slow: orders are refused, reads go on, all ends well.

For every trouble the n-th call of the file system fails, once or until it is mended, for n from 0
until a run meets it no more; `make test` takes every few n, `make sim SEED=7` all. Whoever was told
"nothing was done" must find nothing after a power cut either, whatever the cut loses.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from portway.core.digest import digest
from portway.model.command import (
    CancelOrder,
    Command,
    Deposit,
    OpenAccount,
    ReplaceOrder,
    TimeReached,
)
from portway.model.event import OrderAccepted
from portway.model.money import Currency
from portway.model.symbol import Market
from portway.storage.sqlite import SqliteStore
from portway.trading import runner as runner_module
from portway.trading.errors import JournalUnavailable, OutcomeUnknown, VenueBusy
from portway.trading.event_codec import decode_facts
from portway.trading.ports import OrderFilter
from portway.trading.recovery import recover
from portway.trading.runner import VenueRunner
from tests.simulation.disk import Call, Disk, Trouble
from tests.simulation.power_cut import Loss, Platter
from tests.simulation.trading_day import VENUE, Batch, Truth, WatchedStore
from tests.trading.floor import ACCOUNT, TENCENT, HandMarket, buy, sell

STRIDE = 1 if os.environ.get("PORTWAY_SEED") else 11
DATABASE = "portway.db"
TROUBLES = {
    "full": (Trouble.FULL, Call.WRITE),
    "read-only": (Trouble.READ_ONLY, Call.WRITE),
    "broken when written": (Trouble.BROKEN_WRITE, Call.WRITE),
    "broken when flushed": (Trouble.BROKEN_SYNC, Call.SYNC),
    "broken when read": (Trouble.BROKEN_READ, Call.READ),
}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an account and some money, as a server left it."""
    home = tmp_path_factory.mktemp("furnished")

    async def furnish() -> None:
        store = SqliteStore(home / DATABASE)
        runner = VenueRunner(VENUE, store, HandMarket())
        await runner.start()
        await runner.submit(OpenAccount(ACCOUNT, "me"))
        await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10_000_000)))
        await runner.close()
        store.close()

    asyncio.run(furnish())
    return home


@dataclass
class Desk:
    """A venue over a disk that can fail, and what its client was told of each order.

    Attributes:
        told: By request id: "done", "nothing" was done, or "unknown".
    """

    home: Path
    disk: Disk
    store: WatchedStore
    runner: VenueRunner
    before: dict[str, bytes]
    told: dict[str, str] = field(default_factory=dict)
    order_ids: dict[str, int] = field(default_factory=dict)

    async def order(self, name: str, command: Command) -> None:
        """Submit an order, and remember what its client may believe."""
        try:
            event = (await self.runner.submit(command))[0]
        except JournalUnavailable:
            self.told[name] = "nothing"
        except OutcomeUnknown:
            self.told[name] = "unknown"
        else:
            self.told[name] = "done"
            if isinstance(event, OrderAccepted):
                self.order_ids[name] = event.order.order_id

    async def change(self, name: str) -> None:
        """Replace and cancel an order, if it is there."""
        order_id = self.order_ids.get(name, 1)
        for command in (
            ReplaceOrder(ACCOUNT, order_id, Decimal(300), Decimal("491")),
            CancelOrder(ACCOUNT, order_id),
        ):
            with suppress(JournalUnavailable, OutcomeUnknown):
                await self.runner.submit(command)

    def shown(self) -> set[str]:
        """The request ids of all orders that a query shows."""
        rows = self.store.read_models(VENUE).orders(ACCOUNT, OrderFilter(), limit=100)
        return {str(row.order.terms.client_request_id) for row in rows}


@asynccontextmanager
async def desk(furnished: Path, home: Path) -> AsyncIterator[Desk]:
    shutil.copytree(furnished, home)
    before = {DATABASE: (home / DATABASE).read_bytes()}
    disk, market = Disk(), HandMarket()
    market.show(TENCENT, "499.8x1000000", "500x1000000")
    store = WatchedStore(home / DATABASE, disk.changes, disk.connect)
    runner = VenueRunner(VENUE, store, market)
    await runner.start()
    try:
        yield Desk(home, disk, store, runner, before)
    finally:
        disk.mend()
        await runner.close()
        store.close()
        disk.close()


ORDERS: Sequence[tuple[str, Command]] = (
    ("filled", buy(200, "500", client_request_id="filled")),
    ("resting", buy(100, "490", client_request_id="resting")),
    ("sold", sell(100, "499.8", client_request_id="sold")),
    ("last", buy(100, "480", client_request_id="last")),
)


async def trade(at: Desk, reads: bool) -> None:
    """Submit every order; after each, everything that was answered can be read."""
    for name, command in ORDERS:
        await at.order(name, command)
        if at.told[name] == "nothing" and Counter(at.told.values())["nothing"] == 1:
            kept_after_a_cut(at)
        if name == "resting":
            await at.change(name)
        if reads:
            assert at.shown() == {one for one, what in at.told.items() if what == "done"}


def kept_after_a_cut(at: Desk) -> None:
    """Cut the power now: what was done is there, what was not done is not."""
    changes, told, home = list(at.disk.changes), dict(at.told), at.home.with_name("cut")
    random = Random(len(changes))
    platter = Platter.holding(at.before)
    for change in changes:
        platter.apply(change)
    for loss in Loss:
        home.mkdir()
        for name, content in platter.after(loss, random).items():
            (home / name).write_bytes(content)
        store = SqliteStore(home / DATABASE)
        there = accepted(store)
        store.close()
        shutil.rmtree(home)
        assert all(there[name] == 1 for name, what in told.items() if what == "done"), loss
        assert not [name for name, what in told.items() if what == "nothing" and there[name]], loss


def accepted(store: SqliteStore) -> Counter[str]:
    facts = (fact for record in store.read(VENUE) for fact in decode_facts(record.payload))
    orders = (fact.order.terms for fact in facts if isinstance(fact, OrderAccepted))
    return Counter(str(terms.client_request_id) for terms in orders)


def check_restart(home: Path, batches: Sequence[Batch], folder: Path) -> None:
    """Open the database as a server does: once each, and it all agrees."""
    store = SqliteStore(home / DATABASE)
    assert accepted(store) == Counter(name for name, _ in ORDERS)
    payloads = {record.payload for record in store.read(VENUE)}
    state = recover(store, VENUE, from_start=True).state
    assert digest(recover(store, VENUE).state) == digest(state)
    kept = [batch for batch in batches if batch.records[0].payload in payloads]
    truth = Truth.of([*first_batches(store, kept), *kept], folder)
    assert truth.digests[-1] == digest(state)
    rows = store.select("SELECT order_id, status FROM orders ORDER BY order_id")
    orders = {**state.orders, **state.closed}
    assert [order_id for order_id, _ in rows] == sorted(orders)
    store.close()


def first_batches(store: SqliteStore, kept: Sequence[Batch]) -> list[Batch]:
    """What was in the journal before the batches that were watched."""
    begin = min(batch.records[0].seq for batch in kept)
    return [Batch([record], (), 0) for record in store.read(VENUE) if record.seq < begin]


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "until mended"])
@pytest.mark.parametrize("name", TROUBLES)
async def test_the_nth_call_fails_for_every_n(
    name: str, lasting: bool, furnished: Path, tmp_path: Path
) -> None:
    trouble, call = TROUBLES[name]
    seen: Counter[str] = Counter()
    for number in itertools.count(0, 1 if call is not Call.WRITE else STRIDE):
        home = tmp_path / f"home{number}"
        async with desk(furnished, home) as at:
            at.disk.fail(trouble, call, skip=number, times=None if lasting else 1)
            try:
                await trade(at, reads=call is not Call.READ)
            except AssertionError as error:
                raise AssertionError(f"call {number}: {error}") from error
            seen += Counter(at.told.values())
            met = at.disk.failed
            kept_after_a_cut(at)
            at.disk.mend()
            for one, command in ORDERS:  # The client tries again, without a restart.
                await at.order(one, command)
            assert set(at.told.values()) == {"done"}, f"call {number}: {at.told}"
            batches = at.store.batches
        check_restart(home, batches, tmp_path / f"truth{number}")
        if not met:
            break
    print(f"{name}: {number // (STRIDE if call is Call.WRITE else 1) + 1} runs, {dict(seen)}")
    assert seen["nothing"] or call is Call.READ, "the fault was met"
    if call is Call.WRITE and trouble is not Trouble.BROKEN_WRITE:
        assert not seen["unknown"], "a disk that says no leaves no doubt"


async def test_a_slow_flush_holds_orders_back_and_nothing_else(
    furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "INBOX_COMMANDS_MAX", 3)
    begun, may_end = threading.Event(), threading.Event()

    def wait(call: Call, _: int) -> None:
        if call is Call.SYNC:
            begun.set()
            assert may_end.wait(60)

    async with desk(furnished, tmp_path / "home") as at:
        at.disk.before = wait
        first = asyncio.create_task(at.order(*ORDERS[0]))
        assert await asyncio.to_thread(begun.wait, 60)
        waiting = [asyncio.create_task(at.order(*one)) for one in ORDERS[1:]]
        for _ in range(20):
            await asyncio.sleep(0)
            assert at.shown() == set(), "nobody sees what is not durable, and nobody waits to see"
        assert at.told == {}, "nothing is answered before it is durable"
        with pytest.raises(VenueBusy):
            await at.runner.submit(buy(100, "470"))
        at.disk.mend()
        may_end.set()
        await asyncio.gather(first, *waiting)
        assert set(at.told.values()) == {"done"}
        assert at.shown() == {name for name, _ in ORDERS}


async def test_what_fell_due_while_the_disk_was_broken_is_not_forgotten(
    furnished: Path, tmp_path: Path
) -> None:
    """Who asks a stalled venue what it waits for is sent to tell it, and so waits until it can."""
    async with desk(furnished, tmp_path / "home") as at:
        market = at.runner._market
        at_start = market.now(Market.HK)
        later = at_start + timedelta(hours=1)
        assert at.runner.due_between(Market.HK, at_start, later) == []
        at.disk.fail(Trouble.FULL, Call.WRITE)
        await at.order(*ORDERS[0])
        assert at.told == {"filled": "nothing"}
        assert at.runner.due_between(Market.HK, at_start, later) == [later]
        with pytest.raises(JournalUnavailable):
            await at.runner.submit(TimeReached(Market.HK, later), later)
        at.disk.mend()
        await at.runner.submit(TimeReached(Market.HK, later), later)
        assert at.runner.due_between(Market.HK, at_start, later) == []
