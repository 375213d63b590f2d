"""The single writer: durable before it answers, in order, whole again after a failed write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from portway.assemble.venue import venue_settings
from portway.core.digest import digest
from portway.core.invariants import check_invariants
from portway.model.command import (
    CancelOrder,
    FillModel,
    MarketMoved,
    OpenAccount,
    RejectTiming,
    VenueSettings,
)
from portway.model.quote import TradeSession
from portway.model.symbol import Symbol
from portway.settings import Settings
from portway.storage.memory import Fault, MemoryStore
from portway.trading import runner as runner_module
from portway.trading.errors import (
    DecisionFailed,
    JournalUnavailable,
    OutcomeUnknown,
    VenueBusy,
    VenueClosed,
)
from portway.trading.ports import JournalRecord, Published, Row
from portway.trading.recovery import recover
from portway.trading.runner import VenueRunner
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    TENCENT,
    buy,
    sell,
)
from tests.trading.running import (
    VENUE,
    funded,
    market_at,
    order_id_of,
    settle,
    venue,
)


async def test_an_answer_is_durable_and_visible_to_queries() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        seen: list[bool] = []
        reads = store.read_models(VENUE)
        runner.listen(lambda one: seen.append(store.last_seq(VENUE) >= one.seq))
        order_id = order_id_of(await runner.submit(buy(100, "490")))
        assert reads.order(order_id) is not None
        assert seen
        assert all(seen)


async def test_a_burst_shares_its_writes_and_is_answered_in_order() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        before = store.writes
        answers = await asyncio.gather(*(runner.submit(buy(100, "480")) for _ in range(18)))
        ids = [order_id_of(answer) for answer in answers]
        assert ids == sorted(set(ids))
        assert store.writes - before < 4


@pytest.mark.covers("error 503000")
async def test_a_full_inbox_says_so_and_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "INBOX_COMMANDS_MAX", 5)
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        answers = await asyncio.gather(
            *(runner.submit(buy(100, "480")) for _ in range(9)), return_exceptions=True
        )
        assert [isinstance(answer, VenueBusy) for answer in answers] == [False] * 5 + [True] * 4
        assert len(store.read_models(VENUE).positions(ACCOUNT)) == 0


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("after", range(8))
async def test_a_failed_write_is_outcome_unknown_and_the_state_is_what_is_on_disk(
    fault: Fault, after: int
) -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        told: list[int] = []
        runner.listen(lambda one: told.append(one.seq))
        store.fail_write(fault, after)
        unknown = 0
        for turn in range(12):
            try:
                await runner.submit(buy(100, "500.5" if turn % 2 else "490"))
            except OutcomeUnknown:
                unknown += 1
        assert unknown == 1
        assert told == sorted(told)
        running = runner._running
        assert running is not None
        check_invariants(running.state)
        recovered = recover(store, VENUE)
        assert digest(recovered.state) == digest(running.state)
        kept = 12 if fault is Fault.KEPT_BUT_UNANSWERED else 11
        assert len(running.state.orders) + len(running.state.closed) == kept


async def test_a_failed_write_answers_its_whole_batch_and_the_next_one_stands() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        store.fail_write(Fault.NOTHING_KEPT)
        answers = await asyncio.gather(
            *(runner.submit(buy(100, "480")) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(answer, OutcomeUnknown) for answer in answers)
        order_id_of(await runner.submit(buy(100, "480")))


async def test_a_defect_drops_its_command_and_the_venue_goes_on() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        order_id_of(await runner.submit(buy(100, "480")))
        # A market that contradicts itself is a defect of whoever feeds it.
        broken = market.show(TENCENT, "499.8x100", "500x100")
        market.shown[TENCENT] = None  # type: ignore[assignment]
        structs.force_setattr(broken, "asks", None)
        market.shown[TENCENT] = broken
        bad, good = await asyncio.gather(
            runner.submit(buy(100, "480")),
            runner.submit(buy(1, "190", symbol=APPLE)),
            return_exceptions=True,
        )
        assert isinstance(bad, DecisionFailed)
        assert not isinstance(good, BaseException)
        order_id_of(good)


async def test_a_market_that_cannot_follow_a_symbol_keeps_nobody_out() -> None:
    """A damaged recorded day, say: the order stands, is answered, and others go on."""
    market = market_at()

    def fails(symbols: object) -> None:
        raise RuntimeError("a damaged day")

    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        market.working_symbols_changed = fails  # type: ignore[method-assign]
        order_id_of(await runner.submit(buy(100, "480")))
        order_id_of(await runner.submit(buy(1, "190", symbol=APPLE)))


async def test_a_listener_that_fails_keeps_nothing_from_the_others() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        heard: list[int] = []

        def fails(published: Published) -> None:
            raise RuntimeError("a defect in a listener")

        stop = runner.listen(fails)
        runner.listen(lambda one: heard.append(one.seq))
        await runner.submit(buy(100, "480"))
        stop()
        await runner.submit(buy(100, "480"))
        assert len(heard) == 2


async def test_a_restart_begins_with_the_latest_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "SNAPSHOT_RECORDS", 10)
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        for turn in range(30):
            await runner.submit(buy(100, "500.5" if turn % 3 else "490"))
        running = runner._running
        assert running is not None
        before = digest(running.state)
    recovered = recover(store, VENUE)
    assert recovered.snapshot_seq >= 30
    assert digest(recovered.state) == before == digest(recover(store, VENUE, from_start=True).state)


@pytest.mark.covers("error 504000")
async def test_a_venue_that_cannot_write_does_not_start() -> None:
    store = MemoryStore()
    store.fail_write(Fault.NOTHING_KEPT)
    runner = VenueRunner(VENUE, store, market_at())
    with pytest.raises(OutcomeUnknown):
        await runner.start()
    with pytest.raises(VenueClosed):
        await runner.submit(OpenAccount(ACCOUNT, ""))


class BrokenStore(MemoryStore):
    """An adapter with a defect of its own."""

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        if self.writes == 5:
            self.writes += 1
            raise RuntimeError("not what the port allows")
        super().append(venue, records, rows)


class DeafStore(MemoryStore):
    """A disk that for a while can neither be written nor read."""

    is_deaf = False

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        if self.is_deaf:
            raise OSError("input/output error")
        super().append(venue, records, rows)

    def read(self, venue: str, after_seq: int = 0) -> Iterator[JournalRecord]:
        if self.is_deaf:
            raise OSError("input/output error")
        return super().read(venue, after_seq)


async def test_a_venue_goes_on_by_itself_when_its_disk_does() -> None:
    store = DeafStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        store.is_deaf = True
        with pytest.raises(OutcomeUnknown):
            await runner.submit(buy(100, "490"))
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match="cannot be read"):
                await runner.submit(buy(100, "490"))
        store.is_deaf = False
        order_id_of(await runner.submit(buy(100, "490")))


async def test_whatever_an_adapter_raises_nobody_waits_for_ever() -> None:
    async with venue(BrokenStore(), market_at()) as runner:
        for turn in range(5):
            if turn == 4:
                with pytest.raises(OutcomeUnknown):
                    await runner.submit(OpenAccount(f"A{turn}", ""))
            else:
                await runner.submit(OpenAccount(f"A{turn}", ""))
        await runner.submit(OpenAccount("A4", ""))


@pytest.mark.covers("error 503002")
async def test_closing_finishes_what_was_submitted() -> None:
    store = MemoryStore()
    runner = VenueRunner(VENUE, store, market_at())
    with pytest.raises(VenueClosed):
        await runner.submit(OpenAccount(ACCOUNT, ""))
    await runner.start()
    waiting = [asyncio.ensure_future(runner.submit(OpenAccount(f"A{n}", ""))) for n in range(20)]
    await asyncio.sleep(0)
    await runner.close()
    assert len(await asyncio.gather(*waiting)) == 20
    assert len(store.read_models(VENUE).accounts()) == 20
    with pytest.raises(VenueClosed):
        await runner.submit(OpenAccount("late", ""))


async def test_settings_are_facts_and_change_only_when_they_differ() -> None:
    store, market = MemoryStore(), market_at()
    for _ in range(2):
        async with venue(store, market):
            pass
    assert store.last_seq(VENUE) == 1
    async with venue(store, market, fill_model=FillModel.TOUCH):
        pass
    assert store.last_seq(VENUE) == 2
    async with venue(store, market, fill_model=FillModel.QUEUE):
        pass
    assert store.last_seq(VENUE) == 3


async def test_the_same_script_at_the_same_instants_writes_the_same_journal() -> None:
    async def run() -> list[bytes]:
        store, market = MemoryStore(), market_at()
        async with venue(store, market) as runner:
            await funded(runner)
            order_id = order_id_of(await runner.submit(buy(200, "499")))
            await runner.submit(buy(100, None))
            await runner.submit(sell(100, "499.8"))
            shown = market.show(TENCENT, "498x100", "498.8x100")
            runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, shown))
            await settle(runner)
            await runner.submit(CancelOrder(ACCOUNT, order_id))
        return store.payloads(VENUE)

    one, other = await run(), await run()
    assert one == other
    assert len(one) > 8


class SlowStore(MemoryStore):
    """A disk on which other commands arrive while it writes."""

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        self.during(venue)
        super().append(venue, records, rows)

    def during(self, venue: str) -> None:
        self.seen = [record.seq for record in self.read(venue)]


async def test_nothing_is_told_before_it_is_written() -> None:
    store = SlowStore()
    async with venue(store, market_at()) as runner:
        told: list[int] = []
        runner.listen(lambda one: told.append(one.seq))
        store.during = lambda venue: seen.append((store.last_seq(venue), list(told)))  # type: ignore[method-assign]
        seen: list[tuple[int, list[int]]] = []
        await funded(runner)
        for last, before in seen:
            assert all(seq <= last for seq in before)
        assert Symbol("700.HK") not in runner.working_symbols()


async def test_a_venue_trades_as_its_journal_says_until_it_is_told_otherwise() -> None:
    store = MemoryStore()
    async with venue(store, market_at(), fill_model=FillModel.QUEUE):
        pass
    runner = VenueRunner(VENUE, store, market_at())
    await runner.start()
    assert runner.settings.fill_model is FillModel.QUEUE
    await runner.close()


def test_what_was_asked_for_stands_over_what_the_home_has() -> None:
    stands = VenueSettings(fill_model=FillModel.QUEUE)
    asked = Settings(Path("home"), rejects="early", not_lent=("GME.US", "AAPL.US"))
    told = venue_settings(asked, stands)
    assert (told.fill_model, told.rejects) == (FillModel.QUEUE, RejectTiming.EARLY)
    assert told.money.not_lent == ("GME.US", "AAPL.US")
    assert venue_settings(Settings(Path("home")), told) == told
