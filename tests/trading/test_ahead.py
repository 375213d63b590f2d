"""What is decided while a batch is being written: told after it, and anew when it fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from portway.core.book import Outsides
from portway.core.digest import digest
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import CancelOrder, Deposit, MarketMoved, Stamped, SubmitOrder
from portway.model.event import Event, OrderFilled, OrderRefused
from portway.model.money import Currency
from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.storage.memory import Fault, MemoryStore
from portway.trading import batch as batch_module
from portway.trading import runner as runner_module
from portway.trading.errors import DecisionFailed, OutcomeUnknown, VenueClosed
from portway.trading.ports import JournalRecord, Published, Row
from portway.trading.recovery import recover
from portway.trading.runner import VenueRunner
from tests.trading.floor import ACCOUNT, TENCENT, HandMarket, buy, printed
from tests.trading.running import VENUE, funded, market_at, order_id_of, venue

TURNS = 50
RESTING = 500


class GatedStore(MemoryStore):
    """A disk whose writes begin, and end when they may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.is_open = True
        self.batches: list[int] = []

    def save_snapshot(self, venue: str, snapshot: JournalRecord) -> None:
        assert snapshot.seq == self.last_seq(venue), "a snapshot shows what is on the disk"
        super().save_snapshot(venue, snapshot)

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        self.batches.append(len(records))
        if not self.is_open:
            self.begun.release()
            assert self.may_end.acquire(timeout=60)
        super().append(venue, records, rows)


@asynccontextmanager
async def gated() -> AsyncIterator[tuple[VenueRunner, GatedStore, HandMarket]]:
    """A venue with money, the writes of which wait from now on."""
    store, market = GatedStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        store.is_open = False
        store.batches.clear()
        try:
            yield runner, store, market
        finally:
            store.is_open = True
            store.may_end.release(1000)


async def begin(store: GatedStore, first: Awaitable[object]) -> asyncio.Future[object]:
    """Submit something and wait until it is being written."""
    task = asyncio.ensure_future(first)
    assert await asyncio.to_thread(store.begun.acquire, timeout=60)
    return task


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_decided_and_shares_the_next_write() -> None:
    async with gated() as (runner, store, _):
        told: list[int] = []
        runner.listen(lambda one: told.append(one.seq))
        first = await begin(store, runner.submit(buy(100, "480")))
        later = []
        for _ in range(5):  # One after the other, each decided before the next one comes.
            later.append(asyncio.ensure_future(runner.submit(buy(100, "481"))))
            await turns()
        running = runner._running
        assert running is not None
        assert len(running.state.orders) == 6, "decided"
        assert not first.done()
        assert not any(one.done() for one in later), "nothing is answered before it is durable"
        assert told == []
        store.may_end.release()
        await first
        assert await asyncio.to_thread(store.begun.acquire, timeout=60)
        await turns()
        assert len(told) == 1, "told as soon as it is durable"
        assert not any(one.done() for one in later)
        store.may_end.release()
        ids = [order_id_of(await one) for one in later]
        assert ids == sorted(ids)
        assert store.batches == [1, 5]
        assert told == sorted(told)
        assert digest(recover(store, VENUE).state) == digest(running.state)


async def test_a_refusal_waits_for_what_it_was_judged_by() -> None:
    """Cash that an order in the write has reserved is not there; if the write fails, it is."""
    for fails in (False, True):
        async with gated() as (runner, store, _):
            if fails:
                store.fail_write(Fault.NOTHING_KEPT)
            first = await begin(store, runner.submit(buy(1900, "480")))
            second = asyncio.ensure_future(runner.submit(CancelOrder(ACCOUNT, 1)))
            third = asyncio.ensure_future(runner.submit(buy(1900, "480")))
            await turns()
            assert not second.done()
            store.is_open = True
            store.may_end.release()
            refused = (await second)[0]
            assert isinstance(refused, OrderRefused)
            order = (await third)[0].order  # type: ignore[union-attr]
            if fails:
                with pytest.raises(OutcomeUnknown):
                    await first
                assert order.msg == ""
            else:
                await first
                assert order.msg == "BUYING_POWER_EXCEEDED"


@pytest.mark.parametrize("fault", [None, *Fault])
async def test_nobody_waits_for_the_end_of_a_long_command_behind_their_own(
    fault: Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "EVENTS_A_TURN", 1)
    async with gated() as (runner, store, market):
        store.is_open = True
        await runner.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10**9)))
        await asyncio.gather(*(runner.submit(buy(100, "499")) for _ in range(RESTING)))
        running = runner._running
        assert running is not None
        store.is_open = False
        first = await begin(store, runner.submit(buy(100, "480")))
        if fault is not None:
            store.fail_write(fault)
        left: list[int] = []
        first.add_done_callback(lambda _: left.append(len(running.state.orders)))
        decide = runner_module.decide

        def slowly(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> Iterator[Event]:
            for number, event in enumerate(decide(state, outsides, stamped, seq)):
                yield event
                if number == RESTING // 10:
                    time.sleep(0.1)  # The worker thread has all the time it needs.

        monkeypatch.setattr(runner_module, "decide", slowly)
        at = market.now(Market.HK)
        through = (printed(TENCENT, "498", 100, at),)
        moved = MarketMoved(TENCENT, at, TradeSession.NORMAL, None, through)
        long = asyncio.ensure_future(runner.submit(moved, at))
        store.is_open = True
        store.may_end.release()
        assert sum(isinstance(one, OrderFilled) for one in await long) == RESTING
        if fault is None:
            order_id_of(await first)  # type: ignore[arg-type]
            assert left[0] > 1, "orders were still to be filled when it was answered"
        else:
            with pytest.raises(OutcomeUnknown):
                await first
        now = runner._running
        assert now is not None
        assert digest(recover(store, VENUE).state) == digest(now.state)


async def test_what_is_decided_anew_meets_the_market_as_it_is_by_then() -> None:
    async with gated() as (runner, store, market):
        first = await begin(store, runner.submit(buy(100, "480")))
        second = asyncio.ensure_future(runner.submit(buy(100, "500")))
        await turns()
        market.show(TENCENT, "519x1000", "520x1000")
        store.fail_write(Fault.NOTHING_KEPT)
        store.is_open = True
        store.may_end.release()
        with pytest.raises(OutcomeUnknown):
            await first
        assert not [one for one in await second if isinstance(one, OrderFilled)]


async def test_what_waits_behind_a_full_batch_meets_the_market_as_it_is_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_module, "BATCH_EVENTS_MAX", 2)
    async with gated() as (runner, store, market):
        first = await begin(store, runner.submit(buy(100, "480")))
        behind = [asyncio.ensure_future(runner.submit(buy(100, "481"))) for _ in range(3)]
        last = asyncio.ensure_future(runner.submit(buy(100, "500")))
        await turns()
        market.show(TENCENT, "519x1000", "520x1000")
        store.is_open = True
        store.may_end.release(10)
        await asyncio.gather(first, *behind)
        assert not [one for one in await last if isinstance(one, OrderFilled)]


@pytest.mark.parametrize("fault", Fault)
async def test_a_write_that_fails_takes_nothing_of_the_next_batch_with_it(fault: Fault) -> None:
    async with gated() as (runner, store, market):
        told: list[Published] = []
        runner.listen(told.append)
        resting = await begin(store, runner.submit(buy(100, "499")))
        store.fail_write(fault, after=1)
        store.may_end.release()
        await resting
        lost = await begin(store, runner.submit(buy(100, "490")))
        at = market.now(Market.HK)
        through = (printed(TENCENT, "498", 100, at),)
        moved = MarketMoved(TENCENT, at, TradeSession.NORMAL, None, through)
        behind = [
            asyncio.ensure_future(runner.submit(one, None if one is not moved else at))
            for one in (buy(100, "480"), moved, Deposit(ACCOUNT, Currency.HKD, Decimal(1)))
        ]
        later = [asyncio.ensure_future(runner.submit(buy(100, "479"))) for _ in range(3)]
        await turns()
        store.is_open = True
        store.may_end.release()
        with pytest.raises(OutcomeUnknown):
            await lost
        ids = [order_id_of(await one) for one in (behind[0], *later)]
        assert ids == sorted(ids), "who came first stands first"
        fills = [one for one in await behind[1] if isinstance(one, OrderFilled)]
        assert len(fills) == 1, "decided anew, on the state that is on the disk"
        await behind[2]
        running = runner._running
        assert running is not None
        check_invariants(running.state)
        assert digest(recover(store, VENUE).state) == digest(running.state)
        kept = 2 if fault is Fault.KEPT_BUT_UNANSWERED else 1
        assert len(running.state.orders) == kept + len(later)
        seqs = [one.seq for one in told]
        assert seqs == sorted(seqs)


async def test_a_defect_meanwhile_costs_its_own_command_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gated() as (runner, store, _):
        sound = runner_module.decide

        def decide(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> Iterator[Event]:
            command = stamped.command
            for event in sound(state, outsides, stamped, seq):
                yield event
                if isinstance(command, SubmitOrder) and command.terms.remark == "bad":
                    raise ZeroDivisionError

        monkeypatch.setattr(runner_module, "decide", decide)
        first = await begin(store, runner.submit(buy(100, "480")))
        good = [asyncio.ensure_future(runner.submit(buy(100, "481"))) for _ in range(3)]
        bad = asyncio.ensure_future(runner.submit(buy(100, "482", remark="bad")))
        good += [asyncio.ensure_future(runner.submit(buy(100, "483"))) for _ in range(3)]
        await turns()
        assert not bad.done(), "it is told behind what came before it"
        store.batches.clear()
        store.is_open = True
        store.may_end.release()
        await first
        ids = [order_id_of(await one) for one in good]
        assert ids == sorted(ids), "who came first stands first"
        with pytest.raises(DecisionFailed):
            await bad
        assert store.batches[:3] == [1, 1, 1], "alone, so that another defect costs nobody else"
        running = runner._running
        assert running is not None
        assert len(running.state.orders) == 7
        assert digest(recover(store, VENUE).state) == digest(running.state)


async def test_after_a_lone_defect_the_market_is_heard_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gated() as (runner, store, market):
        store.is_open = True
        await runner.submit(buy(100, "499"))
        told: list[Published] = []
        heard = asyncio.Event()
        runner.listen(told.append)
        runner.listen(lambda _: heard.set())
        sound = runner_module.decide

        def broken(*args: object) -> Iterator[Event]:
            raise ZeroDivisionError

        monkeypatch.setattr(runner_module, "decide", broken)
        with pytest.raises(DecisionFailed):
            await runner.submit(buy(100, "480"))
        monkeypatch.setattr(runner_module, "decide", sound)
        at = market.now(Market.HK)
        print_through = (printed(TENCENT, "498", 100, at),)
        runner.market_moved(MarketMoved(TENCENT, at, TradeSession.NORMAL, None, print_through))
        await asyncio.wait_for(heard.wait(), 10)
        assert isinstance(told[0].facts[0].fact, OrderFilled)


async def test_a_writer_that_stops_on_a_defect_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gated() as (runner, store, _):
        written = await begin(store, runner.submit(buy(100, "480")))
        decided = asyncio.ensure_future(runner.submit(buy(100, "481")))
        await turns()

        def broken() -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(runner, "_take", broken)
        waiting = asyncio.ensure_future(runner.submit(buy(100, "482")))
        await turns()
        with pytest.raises(OutcomeUnknown):
            await written
        for one in (decided, waiting):
            with pytest.raises(VenueClosed):
                await one


async def test_a_snapshot_waits_for_the_disk_and_shows_what_is_on_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner_module, "SNAPSHOT_RECORDS", 3)
    monkeypatch.setattr(batch_module, "BATCH_EVENTS_MAX", 5)
    async with gated() as (runner, store, _):
        first = await begin(store, runner.submit(buy(100, "480")))
        later = [asyncio.ensure_future(runner.submit(buy(100, "480"))) for _ in range(12)]
        await turns()
        store.may_end.release(1000)
        await asyncio.gather(first, *later)
        await runner.submit(buy(100, "480"))
        assert "could not save a snapshot" not in caplog.text
        assert store.snapshot(VENUE) is not None
        recovered = recover(store, VENUE)
        assert recovered.snapshot_seq > 7
        assert digest(recovered.state) == digest(recover(store, VENUE, from_start=True).state)


async def test_closing_finishes_what_is_written_and_what_was_decided_behind_it() -> None:
    async with gated() as (runner, store, _):
        first = await begin(store, runner.submit(buy(100, "480")))
        second = asyncio.ensure_future(runner.submit(buy(100, "481")))
        await turns()
        closing = asyncio.ensure_future(runner.close())
        await turns()
        assert not closing.done()
        with pytest.raises(VenueClosed):
            await runner.submit(buy(100, "482"))
        store.is_open = True
        store.may_end.release()
        await closing
        order_id_of(await first)  # type: ignore[arg-type]
        order_id_of(await second)
