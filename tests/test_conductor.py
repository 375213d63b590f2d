"""Market time with a venue beside it: what is due is carried out, once the venue can be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portway import conductor as conducting
from portway.clock import Clock, ClockPosition, start_clock
from portway.clock.spec import parse_clock
from portway.conductor import Conductor
from portway.market import runner as marketing
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.market.views import MarketViews
from portway.model.command import Deposit, OpenAccount, SubmitOrder
from portway.model.event import OrderAccepted
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType
from portway.model.session import Phase
from portway.model.symbol import Market, Symbol
from portway.storage.memory import MemoryStore
from portway.trading.errors import VenueBusy
from portway.trading.ports import JournalRecord, OrderFilter, Row, WriteFailed
from portway.trading.runner import VenueRunner
from tests.gateway.clients import until
from tests.trading.floor import ACCOUNT, terms

TENCENT = Symbol("700.HK")


class StubbornStore(MemoryStore):
    """A journal whose next writes fail."""

    failures = 0

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        if self.failures:
            self.failures -= 1
            raise WriteFailed("the disk is full")
        super().append(venue, records, rows)


class Day:
    """A venue in a synthetic market, and whoever moves their time."""

    def __init__(self, clock: Clock, store: StubbornStore) -> None:
        reference = built_in()
        world = SyntheticWorld(7, reference)
        self.market = MarketRunner(reference, [world], clock.instants)
        self.views = MarketViews(self.market)
        self.store, self.venue = store, VenueRunner("main", store, self.views)
        self.can_keep, self.keeps_tried = True, 0
        self.conductor = Conductor(
            clock,
            self.market,
            self.venue,
            keep=self._keep,
            is_wanted=lambda: True,
            drained=_nothing,
        )

    def _keep(self, position: ClockPosition) -> None:
        self.keeps_tried += 1
        if not self.can_keep:
            raise OSError("no space left on device")

    async def order(self, kind: OrderType, price: str | None = None, **more: object) -> int:
        wish = terms(OrderSide.BUY, 100, price, TENCENT, order_type=kind, **more)
        first = (await self.venue.submit(SubmitOrder(ACCOUNT, wish)))[0]
        assert isinstance(first, OrderAccepted), first
        return first.order.order_id

    def status(self, order_id: int) -> OrderStatus:
        rows = self.store.read_models("main").orders(ACCOUNT, OrderFilter(), limit=100)
        return next(row.order.status for row in rows if row.order.order_id == order_id)


async def _nothing() -> None:
    return


@asynccontextmanager
async def day(at: str, speed: float = 0.0) -> AsyncIterator[Day]:
    calendars = built_in().calendars
    none: ClockPosition | None = None
    clock = start_clock(parse_clock(f"at {at}"), none, calendars, datetime.now(UTC), speed)
    that = Day(clock, StubbornStore())
    await that.venue.start()
    await that.venue.submit(OpenAccount(ACCOUNT, ""))
    await that.venue.submit(Deposit(ACCOUNT, Currency.HKD, Decimal(10**7)))
    try:
        yield that
    finally:
        await that.venue.close()


async def test_what_is_due_waits_for_the_venue_and_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conducting, "RETRY_SECONDS", 0.001)
    async with day("2026-01-05T15:59:00+08:00") as that:
        order = await that.order(OrderType.LO, "500")
        that.store.failures = 4
        await that.conductor.step(1200)
        assert that.status(order) is OrderStatus.EXPIRED
        assert not that.store.failures


async def test_a_move_that_the_venue_could_not_hear_does_not_stop_the_clock() -> None:
    async with day("2026-01-05T10:00:00+08:00") as that:
        view = that.views.view(TENCENT)
        assert view is not None
        assert view.depth is not None
        best = view.depth.bids[0].price
        order = await that.order(OrderType.LO, str(best))
        that.store.failures = 1
        await that.conductor.step(1800)
        assert that.status(order) is OrderStatus.FILLED


async def test_a_long_way_leaves_turns_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """By counting: whoever else is on the loop gets a turn after each piece of the way."""
    monkeypatch.setattr(marketing, "CHUNK_EVENTS", 10)
    async with day("2026-01-05T10:00:00+08:00") as that:
        view = that.views.view(TENCENT)
        assert view is not None
        assert view.depth is not None
        await that.order(OrderType.LO, str(view.depth.bids[0].price))
        turns, when_filled = 0, 0

        async def somebody_else() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        def filled(_: object) -> None:
            nonlocal when_filled
            when_filled = turns

        that.venue.listen(filled)
        other = asyncio.create_task(somebody_else())
        await that.conductor.jump("2026-01-05T11:59:00+08:00")
        other.cancel()
        assert not that.venue.working_symbols()
        assert turns - when_filled > 50, "the rest of the way has thousands of events"


async def test_time_stands_still_while_its_position_cannot_be_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or a restart would go back behind what was shown; the server itself goes on."""
    monkeypatch.setattr(conducting, "KEEP_SECONDS", 0.0)
    async with day("2026-01-05T10:00:00+08:00", speed=100) as that:
        that.can_keep = False
        running = asyncio.create_task(that.conductor.run())
        await until(lambda: that.keeps_tried)
        stood = that.market.now(Market.HK)
        tried = that.keeps_tried
        await until(lambda: that.keeps_tried > tried + 3)
        assert that.market.now(Market.HK) == stood
        that.can_keep = True
        await until(lambda: that.market.now(Market.HK) > stood)
        running.cancel()


async def test_an_at_auction_order_gets_the_price_of_the_synthetic_auction() -> None:
    async with day("2026-01-05T08:50:00+08:00") as that:
        order = await that.order(OrderType.AO)
        await that.conductor.jump("2026-01-05T09:19:59+08:00")
        assert that.status(order) is OrderStatus.NEW
        await that.conductor.jump("2026-01-05T09:22:30+08:00")
        assert that.status(order) is OrderStatus.FILLED
        models = that.store.read_models("main")
        row = models.order(order)
        assert row is not None
        board = that.market.board(TENCENT)
        assert board is not None
        assert [one.trade_type for one in board.recent_trades()] == ["U"]
        assert row.order.last_price == board.recent_trades()[0].price


async def test_the_random_end_is_that_of_the_source() -> None:
    async with day("2026-01-05T09:20:00+08:00") as that:
        source = that.market.source(TENCENT)
        assert isinstance(source, SyntheticWorld)
        ends = source.auction_ends(TENCENT, datetime(2026, 1, 5, tzinfo=UTC).date())
        seconds = ends.opening.total_seconds()
        await that.conductor.step(seconds - 1)
        assert that.views.view(TENCENT).phase is Phase.PRE_OPEN_RANDOM  # type: ignore[union-attr]
        await that.conductor.step(2)
        assert that.views.view(TENCENT).phase is Phase.BLOCKING  # type: ignore[union-attr]
        late = await that.order(OrderType.AO)
        await that.conductor.step(600)
        assert that.status(late) is OrderStatus.NOT_REPORTED


async def test_instants_for_which_orders_wait_are_told_however_long_the_step() -> None:
    async with day("2026-01-05T10:00:00+08:00") as that:
        now = that.market.now(Market.HK)
        view = that.views.view(TENCENT)
        assert view is not None
        assert view.last_done is not None
        price = str(view.last_done + 2)
        orders = [
            await that.order(OrderType.LO, price, delayed_until=now + timedelta(minutes=minutes))
            for minutes in (1, 2, 3)
        ]
        await that.conductor.step(600)
        assert {that.status(one) for one in orders} == {OrderStatus.FILLED}


async def test_a_command_that_is_recorded_waits_for_its_place_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a step cannot be carried out, a client hears that the venue is busy."""
    monkeypatch.setattr(conducting, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(conducting, "PLACE_SECONDS_MAX", 0.05)
    noted: list[object] = []
    async with day("2026-01-05T15:59:00+08:00") as that:
        that.conductor.note_commands(lambda instants, command: noted.append((instants, command)))
        payment = Deposit(ACCOUNT, Currency.HKD, Decimal(1))
        await that.conductor.submit(payment)
        begin = datetime(2026, 1, 5, 7, 59, tzinfo=UTC)
        assert noted == [(dict.fromkeys((Market.HK, Market.US, Market.CN), begin), payment)]
        order = await that.order(OrderType.LO, "500")
        that.store.failures = 10**6
        stepping = asyncio.create_task(that.conductor.step(1200))
        await asyncio.sleep(0)
        with pytest.raises(VenueBusy):
            await that.conductor.submit(payment)
        that.store.failures = 0
        await stepping
        assert that.status(order) is OrderStatus.EXPIRED
        assert len(noted) == 1
