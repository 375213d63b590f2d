"""The single writer: durable before it answers, in order, whole again after a failed write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from portway.assemble.venue import venue_settings
from portway.core.digest import digest
from portway.core.invariants import check_invariants
from portway.model.command import (
    CancelOrder,
    Deposit,
    FillModel,
    MarketMoved,
    OpenAccount,
    RejectTiming,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    TradingDayStarted,
    VenueSettings,
    Withdraw,
)
from portway.model.event import (
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderRepeated,
    RefusalReason,
)
from portway.model.money import Currency
from portway.model.order import Order, OrderStatus, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from portway.settings import Settings
from portway.storage.memory import Fault, MemoryStore
from portway.trading import runner as runner_module
from portway.trading.errors import DecisionFailed, OutcomeUnknown, VenueBusy, VenueClosed
from portway.trading.ports import JournalRecord, Published, Row
from portway.trading.recovery import recover
from portway.trading.runner import VenueRunner
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    OTHER,
    TENCENT,
    HandMarket,
    buy,
    next_weekday,
    printed,
    sell,
)

VENUE = "main"
S = OrderStatus


@asynccontextmanager
async def venue(
    store: MemoryStore, market: HandMarket, **settings: Any
) -> AsyncIterator[VenueRunner]:
    runner = VenueRunner(VENUE, store, market, configure=lambda _: VenueSettings(**settings))
    await runner.start()
    try:
        yield runner
    finally:
        await runner.close()


async def funded(runner: VenueRunner) -> None:
    for account_no in (ACCOUNT, OTHER):
        await runner.submit(OpenAccount(account_no, "me"))
        await runner.submit(Deposit(account_no, Currency.HKD, Decimal(1_000_000)))
        await runner.submit(Deposit(account_no, Currency.USD, Decimal(100_000)))


def market_at(bids: str = "499.8x1000", asks: str = "500x300 500.5x1000") -> HandMarket:
    market = HandMarket()
    market.show(TENCENT, bids, asks)
    market.show(APPLE, "199.99x300 199.98x500", "200.01x200 200.02x800")
    return market


def pushed(runner: VenueRunner) -> list[Order]:
    """Collect every state of every order that is told from now on."""
    orders: list[Order] = []

    def collect(published: Published) -> None:
        orders.extend(one.order for one in published.facts if one.order is not None)

    runner.listen(collect)
    return orders


def statuses(orders: Sequence[Order]) -> list[str]:
    return [order.status.name for order in orders]


def order_id_of(events: Sequence[object]) -> int:
    assert isinstance(events[0], OrderAccepted), events
    return events[0].order.order_id


async def test_a_limit_order_that_crosses_fills_level_by_level_and_is_pushed_step_by_step() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        orders = pushed(runner)
        events = await runner.submit(buy(400, "500.5"))
        assert statuses(orders) == ["WAIT_TO_NEW", "NEW", "PARTIAL_FILLED", "FILLED"]
        fills = [one.execution for one in events if isinstance(one, OrderFilled)]
        assert [(one.price, one.quantity) for one in fills] == [(500, 300), (Decimal("500.5"), 100)]
        assert len(str(order_id_of(events))) == 18
        assert orders[-1].executed_amount == Decimal("200050")


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


async def test_cancel_and_replace_walk_their_statuses() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        orders = pushed(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        await runner.submit(ReplaceOrder(ACCOUNT, order_id, Decimal(100), Decimal("491")))
        await runner.submit(CancelOrder(ACCOUNT, order_id))
        assert statuses(orders) == [
            *("WAIT_TO_NEW", "NEW"),
            *("WAIT_TO_REPLACE", "PENDING_REPLACE", "REPLACED"),
            *("WAIT_TO_CANCEL", "PENDING_CANCEL", "CANCELED"),
        ]
        assert (orders[4].quantity, orders[4].price) == (100, 491)
        refused = await runner.submit(CancelOrder(ACCOUNT, order_id))
        assert refused == (OrderRefused(RefusalReason.ORDER_ALREADY_CANCELED),)


async def test_a_replace_that_crosses_trades_at_once() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        events = await runner.submit(ReplaceOrder(ACCOUNT, order_id, None, Decimal("500")))
        assert [one.status for one in events if isinstance(one, OrderFilled)] == [S.FILLED]


async def test_another_account_sees_nothing_of_an_order() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        not_found = (OrderRefused(RefusalReason.ORDER_NOT_FOUND),)
        assert await runner.submit(CancelOrder(OTHER, order_id)) == not_found
        assert await runner.submit(ReplaceOrder(OTHER, order_id, Decimal(100))) == not_found


async def test_a_resting_order_is_filled_by_the_moving_market() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(300, "499"))
        assert set(runner.working_symbols()) == set(market.told) == {TENCENT}
        shown = market.show(TENCENT, "498x100", "498.8x200")
        runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, shown))
        runner.market_moved(MarketMoved(APPLE, market.at, TradeSession.NORMAL, None))
        await settle(runner)
        at = market.now(Market.HK)
        through = (printed(TENCENT, "498.8", 100, at),)
        runner.market_moved(MarketMoved(TENCENT, at, TradeSession.NORMAL, shown, through))
        await settle(runner)
        assert statuses(orders) == ["WAIT_TO_NEW", "NEW", "PARTIAL_FILLED", "FILLED"]
        assert {order.last_price for order in orders[2:]} == {Decimal("499")}
        assert not runner.working_symbols()


async def settle(runner: VenueRunner) -> None:
    """Wait until what was told before has been carried out: commands are done in order."""
    await runner.submit(CancelOrder("nobody", 1))


async def test_moves_that_change_nothing_write_nothing() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        await runner.submit(buy(300, "480"))
        before = store.writes
        for _ in range(50):
            shown = market.show(TENCENT, "499x100", "500x200")
            runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, shown))
            await asyncio.sleep(0)
        await settle(runner)
        assert store.writes == before


async def test_waiting_prints_are_bounded_and_none_that_matters_is_lost() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(300, "490"))
        for turn in range(5 * runner_module.PRINTS_MAX):
            market.at += timedelta(milliseconds=1)
            price = "489.8" if turn == 10 else "499.8"
            moved = (printed(TENCENT, price, 100, market.at),)
            runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, None, moved))
        await settle(runner)
        assert orders[-1].status is S.FILLED


async def test_orders_entered_while_closed_wait_for_the_session() -> None:
    market = market_at()
    market.session = None
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(100, "500"))
        taken_back = order_id_of(await runner.submit(buy(100, "499")))
        changed = order_id_of(await runner.submit(buy(100, "498")))
        await runner.submit(CancelOrder(ACCOUNT, taken_back))
        await runner.submit(ReplaceOrder(ACCOUNT, changed, Decimal(200), Decimal("500")))
        market.session = TradeSession.NORMAL
        await runner.submit(
            SessionOpened(Market.HK, DAY, TradeSession.NORMAL, market.now(Market.HK))
        )
        assert statuses(orders) == [
            *("NOT_REPORTED", "NOT_REPORTED", "NOT_REPORTED", "CANCELED", "REPLACED_NOT_REPORTED"),
            *("WAIT_TO_NEW", "NEW", "FILLED"),
            *("WAIT_TO_NEW", "NEW", "FILLED"),
        ]


async def test_a_day_order_expires_and_a_long_term_order_stays() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(100, "480"))
        await runner.submit(buy(100, "481", time_in_force=TimeInForce.GTC))
        await runner.submit(
            buy(100, "482", time_in_force=TimeInForce.GTD, expire_date=next_weekday(DAY))
        )
        at = market.now(Market.HK)
        await runner.submit(SessionEnded(Market.HK, DAY, TradeSession.NORMAL, at))
        assert statuses(orders[6:]) == ["EXPIRED"]
        await runner.submit(SessionEnded(Market.HK, next_weekday(DAY), TradeSession.NORMAL, at))
        assert [order.terms.time_in_force for order in orders[7:]] == [TimeInForce.GTD]
        assert set(runner.working_symbols()) == {TENCENT}


async def test_money_settles_on_its_day_and_may_then_be_withdrawn() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        await runner.submit(buy(300, "500"))
        await runner.submit(sell(300, "499.8"))
        [balance] = [
            row for row in store.read_models(VENUE).balances(ACCOUNT) if row.currency == "HKD"
        ]
        assert balance.receivable > 0
        assert balance.payable > 0
        everything = Withdraw(ACCOUNT, Currency.HKD, balance.cash)
        refused = await runner.submit(everything)
        assert refused == (OrderRefused(RefusalReason.WITHDRAWABLE_EXCEEDED),)
        for days in (1, 2):
            at = market.now(Market.HK)
            await runner.submit(TradingDayStarted(Market.HK, next_weekday(DAY, days), at))
        [balance] = [
            row for row in store.read_models(VENUE).balances(ACCOUNT) if row.currency == "HKD"
        ]
        assert (balance.receivable, balance.payable) == (0, 0)
        assert not isinstance((await runner.submit(everything))[0], OrderRefused)


async def test_a_request_id_makes_a_retry_safe_for_ten_minutes() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        order = buy(100, "490", client_request_id="r1")
        answers = await asyncio.gather(*(runner.submit(order) for _ in range(50)))
        order_id = order_id_of(answers[0])
        assert all(answer == (OrderRepeated(order_id),) for answer in answers[1:])
        market.at += timedelta(minutes=9, seconds=59)
        assert await runner.submit(order) == (OrderRepeated(order_id),)
    async with venue(store, market) as runner:
        assert await runner.submit(order) == (OrderRepeated(order_id),)
        market.at += timedelta(seconds=1)
        assert order_id_of(await runner.submit(order)) > order_id


async def test_markets_measure_the_window_by_their_own_clocks() -> None:
    """HK stands hours before the US in simulated time: neither makes the other forget."""
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        hk, us = (
            buy(100, "490", client_request_id="r"),
            buy(1, "190", APPLE, client_request_id="r"),
        )
        hk_at, us_at = market.at, market.at + timedelta(hours=12)
        first = order_id_of(await runner.submit(hk, hk_at))
        order_id_of(await runner.submit(us, us_at))
        assert await runner.submit(hk, hk_at + timedelta(minutes=1)) == (OrderRepeated(first),)


async def test_a_burst_shares_its_writes_and_is_answered_in_order() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        before = store.writes
        answers = await asyncio.gather(*(runner.submit(buy(100, "480")) for _ in range(18)))
        ids = [order_id_of(answer) for answer in answers]
        assert ids == sorted(set(ids))
        assert store.writes - before < 4


async def test_concurrent_orders_cannot_spend_the_same_cash() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        answers = await asyncio.gather(*(runner.submit(buy(600, "499")) for _ in range(10)))
        first = [answer[0] for answer in answers]
        assert all(isinstance(event, OrderAccepted) for event in first)
        accepted = [event.order for event in first if isinstance(event, OrderAccepted)]
        assert [order.status for order in accepted].count(S.REJECTED) == 7
        assert {order.msg for order in accepted if order.status is S.REJECTED} == {
            "BUYING_POWER_EXCEEDED"
        }


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
            with pytest.raises(VenueClosed, match="cannot be read"):
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
