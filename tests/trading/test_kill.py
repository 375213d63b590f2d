"""kill -9 in the middle of trading: what was answered is there, once, and the money agrees."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.event import CashDeposited, OrderAccepted, OrderFilled
from portway.model.order import OrderSide
from portway.storage.sqlite import SqliteStore
from portway.trading.event_codec import decode_facts
from portway.trading.ports import ExecutionFilter, OrderFilter
from portway.trading.recovery import recover
from tests.conftest import ROOT
from tests.trading.floor import ACCOUNT, TENCENT

VENUE = "main"


def told_before_the_kill(folder: Path, seed: int) -> list[int]:
    """Start the trader, kill it after some answers, return the ids it was told."""
    answers = Random(seed).randrange(3, 200)
    command = [sys.executable, "-m", "tests.trading.trader_process", str(folder), str(seed)]
    told: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as trader:
        assert trader.stdout is not None
        for line in trader.stdout:
            told.append(int(line))
            if len(told) == answers:
                trader.kill()
        trader.wait()
    assert len(told) >= answers, "the trader ended by itself"
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path, seed: int) -> None:
    told = told_before_the_kill(tmp_path, seed)
    store = SqliteStore(tmp_path / "portway.db")
    state, accepted, cash, shares = State(), Counter[int](), Decimal(0), Decimal(0)
    for record in store.read(VENUE):
        for fact in decode_facts(record.payload):
            evolve(state, fact)
            if isinstance(fact, OrderAccepted):
                accepted[fact.order.order_id] += 1
            elif isinstance(fact, CashDeposited):
                cash += fact.amount
            elif isinstance(fact, OrderFilled):
                sign = 1 if fact.execution.side is OrderSide.BUY else -1
                fees = sum((fee.amount for fee in fact.fees), Decimal(0))
                cash -= sign * fact.execution.consideration + fees
                shares += sign * fact.execution.quantity
    assert set(told) <= set(accepted)
    assert set(accepted.values()) == {1}
    check_invariants(state)
    assert digest(recover(store, VENUE).state) == digest(state)

    reads = store.read_models(VENUE)
    rows = reads.orders(ACCOUNT, OrderFilter(), limit=100_000)
    assert {row.order.order_id for row in rows} == set(accepted)
    assert [row.cash for row in reads.balances(ACCOUNT)] == [cash]
    positions = {row.symbol: row.quantity for row in reads.positions(ACCOUNT)}
    assert positions.get(TENCENT, Decimal(0)) == shares
    executed: Counter[int] = Counter()
    for one in reads.executions(ACCOUNT, ExecutionFilter(), limit=100_000):
        executed[one.execution.order_id] += int(one.execution.quantity)
    for row in rows:
        assert row.order.executed_quantity == executed[row.order.order_id]
    store.close()


def test_a_venue_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = told_before_the_kill(tmp_path, seed=4)
    store = SqliteStore(tmp_path / "portway.db")
    recovered = recover(store, VENUE)
    store.close()
    assert set(first) <= set(recovered.state.orders) | set(recovered.state.closed)
