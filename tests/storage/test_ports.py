"""One suite for every store: what the trading side may rely on, whatever keeps its data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from portway.core.engine import evolve
from portway.core.state import State
from portway.model.event import OrderRefused
from portway.model.order import OrderSide, OrderStatus
from portway.model.symbol import Market
from portway.storage.memory import MemoryStore
from portway.storage.sqlite import SqliteStore
from portway.trading.event_codec import encode_facts
from portway.trading.ports import (
    BusinessType,
    CashFlowFilter,
    ExecutionFilter,
    JournalRecord,
    OrderFilter,
    ReadModels,
    Row,
    WriteFailed,
)
from portway.trading.projections import rows_of
from portway.trading.row_keys import key_of
from tests.core.random_flow import ACCOUNTS, Flow
from tests.trading.floor import APPLE, DAY, TENCENT, next_weekday

VENUE = "main"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Store = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = SqliteStore(tmp_path / "portway.db")
    yield opened
    opened.close()


def fill(store: Store, seed: int = 5, steps: int = 200) -> Flow:
    """Keep a random flow in the store, a record at a time, and return it."""
    flow = Flow(Random(seed))
    flow.begin()
    for _ in range(steps):
        flow.step()
    state = State()
    for seq, facts in enumerate(flow.facts, start=1):
        rows: dict[object, Row] = {}
        for index, fact in enumerate(facts):
            order = evolve(state, fact)
            for row in rows_of(state, fact, order, seq, index):
                rows[key_of(row)] = row
        record = JournalRecord(seq, encode_facts(facts))
        store.append(VENUE, [record], tuple(rows.values()))
    return flow


def models(store: Store) -> ReadModels:
    return store.read_models(VENUE)


def test_records_come_back_as_they_were_written(store: Store) -> None:
    records = [JournalRecord(seq, f"record {seq}".encode()) for seq in range(1, 8)]
    store.append(VENUE, records[:3], ())
    store.append(VENUE, records[3:], ())
    assert list(store.read(VENUE)) == records
    assert list(store.read(VENUE, after_seq=5)) == records[5:]
    assert list(store.read(VENUE, after_seq=7)) == []
    assert store.last_seq(VENUE) == 7


def test_venues_have_journals_of_their_own(store: Store) -> None:
    store.append("a", [JournalRecord(1, b"x")], ())
    assert list(store.read("b")) == []
    assert store.last_seq("b") == 0
    store.append("b", [JournalRecord(1, b"y")], ())
    assert [record.payload for record in store.read("a")] == [b"x"]


@pytest.mark.parametrize("seq", [1, 3])
def test_a_record_that_does_not_follow_is_refused_with_its_rows(store: Store, seq: int) -> None:
    store.append(VENUE, [JournalRecord(1, b"x")], ())
    with pytest.raises(WriteFailed):
        store.append(VENUE, [JournalRecord(seq, b"y")], ())
    assert [record.payload for record in store.read(VENUE)] == [b"x"]
    store.append(VENUE, [JournalRecord(2, b"z")], ())
    assert store.last_seq(VENUE) == 2


def test_the_rows_of_a_flow_are_its_state(store: Store) -> None:
    flow = fill(store)
    reads = models(store)
    assert [row.account_no for row in reads.accounts()] == sorted(ACCOUNTS)
    for account_no, account in flow.state.accounts.items():
        balances = {row.currency: row for row in reads.balances(account_no)}
        for currency, purse in account.purses.items():
            row = balances[currency]
            assert (row.cash, row.frozen_cash, row.frozen_fees) == (
                purse.cash,
                purse.frozen_cash,
                purse.frozen_fees,
            )
            assert (row.receivable, row.payable) == (purse.receivable, purse.payable)
        held = {s: p for s, p in account.positions.items() if p.quantity}
        rows = {row.symbol: row for row in reads.positions(account_no)}
        assert rows.keys() == held.keys()
        for symbol, position in held.items():
            assert rows[symbol].quantity == position.quantity
            assert rows[symbol].available_quantity == position.available
            assert rows[symbol].init_quantity == position.init_quantity
            assert rows[symbol].cost_price == position.cost_price
    for order_id, live in flow.state.orders.items():
        kept = reads.order(order_id)
        assert kept is not None
        assert kept.order == live.order
        assert kept.hold == live.hold
    for order_id, closed in flow.state.closed.items():
        kept = reads.order(order_id)
        assert kept is not None
        assert kept.order.status is closed.status
    assert reads.order(1) is None
    assert reads.account("nobody") is None


FILTERS = [
    OrderFilter(),
    OrderFilter(symbol=TENCENT),
    OrderFilter(statuses=frozenset({OrderStatus.FILLED, OrderStatus.CANCELED})),
    OrderFilter(side=OrderSide.SELL, market=Market.US),
    OrderFilter(days={Market.HK: DAY}),
    OrderFilter(days={Market.HK: next_weekday(DAY), Market.US: next_weekday(DAY, 2)}),
    OrderFilter(days={}),
    OrderFilter(before_days={Market.HK: next_weekday(DAY), Market.US: DAY}),
    OrderFilter(submitted_from=LONG_AGO, submitted_to=datetime(2026, 1, 5, 2, 33, tzinfo=UTC)),
]


@pytest.mark.parametrize("where", FILTERS)
def test_orders_are_those_that_pass_newest_first(store: Store, where: OrderFilter) -> None:
    fill(store)
    reads = models(store)
    for account_no in ACCOUNTS:
        everything = reads.orders(account_no, OrderFilter(), limit=10_000)
        found = reads.orders(account_no, where, limit=10_000)
        assert list(found) == [row for row in everything if where.passes(row)]
        ids = [row.order.order_id for row in found]
        assert ids == sorted(ids, reverse=True)
        assert list(reads.orders(account_no, where, limit=2, offset=1)) == list(found)[1:3]


@pytest.mark.parametrize(
    "where",
    [
        ExecutionFilter(),
        ExecutionFilter(symbol=APPLE),
        ExecutionFilter(days={Market.HK: DAY, Market.US: next_weekday(DAY)}),
        ExecutionFilter(before_days={Market.HK: next_weekday(DAY)}),
        ExecutionFilter(done_from=LONG_AGO, done_to=LONG_AGO + timedelta(days=1)),
    ],
)
def test_executions_are_those_that_pass_newest_first(store: Store, where: ExecutionFilter) -> None:
    fill(store)
    reads = models(store)
    everything = reads.executions(ACCOUNTS[0], ExecutionFilter(), limit=10_000)
    assert everything
    found = reads.executions(ACCOUNTS[0], where, limit=10_000)
    assert list(found) == [row for row in everything if where.passes(row)]
    places = [(row.seq, row.index) for row in found]
    assert places == sorted(places, reverse=True)


def test_the_cash_flow_adds_up_to_the_balances(store: Store) -> None:
    flow = fill(store)
    reads = models(store)
    always = CashFlowFilter(LONG_AGO, LONG_AGO + timedelta(days=36_500))
    for account_no, account in flow.state.accounts.items():
        rows = reads.cash_flow(account_no, always, limit=10_000)
        for currency, purse in account.purses.items():
            assert sum(row.amount for row in rows if row.currency is currency) == purse.cash
        only = CashFlowFilter(always.begin, always.end, BusinessType.CASH)
        deposits = reads.cash_flow(account_no, only, limit=10_000)
        assert [row for row in rows if row.business_type is BusinessType.CASH] == list(deposits)
        traded = [row for row in rows if row.business_type is BusinessType.STOCK]
        for row, next_one in pairwise(traded):
            # The fees of an execution follow right after it.
            assert "Contract" in next_one.name or next_one.description == row.description


def test_charges_and_history_of_an_order(store: Store) -> None:
    flow = fill(store)
    reads = models(store)
    execution = reads.executions(ACCOUNTS[0], ExecutionFilter(), limit=1)[0].execution
    assert {row.order_id for row in reads.charges(execution.order_id)} == {execution.order_id}
    events = reads.order_events(execution.order_id)
    assert events[-1].status in (OrderStatus.WAIT_TO_NEW, OrderStatus.NOT_REPORTED)
    assert any(row.msg.startswith("Execution of") for row in events)
    assert not any(isinstance(one, OrderRefused) for record in flow.facts for one in record)


def test_the_latest_snapshot_is_kept(store: Store) -> None:
    assert store.snapshot(VENUE) is None
    store.append(VENUE, [JournalRecord(seq, b"x") for seq in range(1, 6)], ())
    for seq in (2, 4):
        store.save_snapshot(VENUE, JournalRecord(seq, f"state {seq}".encode()))
    assert store.snapshot(VENUE) == JournalRecord(4, b"state 4")
    assert store.snapshot("other") is None
