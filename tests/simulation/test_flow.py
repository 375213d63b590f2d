"""Long random flows over all order types and markets, every invariant asserted on the way.

`make test` plays 50,000 commands; `make sim SEED=7` a million from that seed. The seed and the
number of the command that broke something are in the message.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import pytest

from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.order_states import TRANSITIONS
from portway.core.state import State
from portway.model.command import FillModel, Stamped
from portway.model.event import (
    Event,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
)
from portway.model.order import TERMINAL_STATUSES, OrderSide, OrderStatus
from tests.core.random_flow import Flow

SEED = os.environ.get("PORTWAY_SEED")
COMMANDS = 1_000_000 if SEED else 50_000
FLOWS = 25  # Of so many commands each; every fill model has its turn.
S = OrderStatus
STEPS = {(before, after) for (before, _), after in TRANSITIONS.items()}
# What the table leaves to whether something was executed, and to where a replace was asked.
STEPS |= {(before, S.PARTIAL_WITHDRAWAL) for before, after in STEPS if after is S.CANCELED}
STEPS |= {(before, S.PARTIAL_WITHDRAWAL) for before, after in STEPS if after is S.EXPIRED}
STEPS |= {
    (before, after)
    for before in (S.WAIT_TO_REPLACE, S.PENDING_REPLACE)
    for after in (S.NEW, S.REPLACED, S.PARTIAL_FILLED)
}


@dataclass
class Watcher:
    """What the events alone say of every order: its status, limit and executions."""

    status: dict[int, OrderStatus] = field(default_factory=dict)
    limit: dict[int, Decimal | None] = field(default_factory=dict)
    executed: Counter[int] = field(default_factory=Counter)
    quantity: dict[int, Decimal] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def watch(self, event: Event) -> None:
        self.seen[type(event).__name__] += 1
        match event:
            case OrderAccepted(order=order):
                assert order.order_id not in self.status, "ids are never used twice"
                self.status[order.order_id] = order.status
                self.limit[order.order_id] = order.price
                self.quantity[order.order_id] = order.quantity
                self.seen[f"{order.terms.order_type.name} {order.status.name}"] += 1
            case OrderStatusChanged():
                self._step(event.order_id, event.status, stays=self._is_noted(event))
                if event.price is not None:
                    self.limit[event.order_id] = event.price
                self.quantity[event.order_id] = event.quantity or self.quantity[event.order_id]
            case OrderReplaced():
                is_waiting = event.status not in (S.REPLACED, S.PARTIAL_FILLED)
                self._step(event.order_id, event.status, stays=is_waiting)
                self.limit[event.order_id] = event.price
                self.quantity[event.order_id] = event.quantity
            case OrderFilled():
                self._fill(event)
            case OrderRefused():
                self.seen[event.reason.name] += 1

    @staticmethod
    def _is_noted(event: OrderStatusChanged) -> bool:
        return event.trigger_status is not None

    def _step(self, order_id: int, after: OrderStatus, *, stays: bool = False) -> None:
        before = self.status[order_id]
        assert before not in TERMINAL_STATUSES, f"{order_id}: {before.name} has no way out"
        legal = (before, after) in STEPS or (stays and before is after)
        assert legal, f"{order_id}: {before.name} to {after.name}"
        self.status[order_id] = after
        self.seen[after.name] += 1

    def _fill(self, event: OrderFilled) -> None:
        execution = event.execution
        order_id, limit = execution.order_id, self.limit[execution.order_id]
        if limit is not None:
            is_buy = execution.side is OrderSide.BUY
            fair = execution.price <= limit if is_buy else execution.price >= limit
            assert fair, f"{order_id}: {execution.price} is worse than {limit}"
        self.executed[order_id] += int(execution.quantity)
        assert self.executed[order_id] <= self.quantity[order_id], f"{order_id} is filled twice"
        self._step(order_id, event.status)
        if event.against is not None:
            self.seen["own match"] += 1


@dataclass
class WatchedFlow(Flow):
    """A flow whose every event is watched, and whose state is checked after each."""

    watcher: Watcher = field(default_factory=Watcher)

    def decided(self, stamped: Stamped, seq: int):
        for event in super().decided(stamped, seq):
            self.watcher.watch(event)
            yield event


def played(seed: int, commands: int, model: FillModel) -> WatchedFlow:
    flow = WatchedFlow(Random(seed), model)
    flow.begin()
    for number in range(commands):
        try:
            flow.step()
            check_invariants(flow.state)
            for account in flow.state.accounts.values():
                assert all(purse.available >= 0 for purse in account.purses.values()), "overdrawn"
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {model.name}, command {number}: {error}") from error
    return flow


@pytest.mark.parametrize("model", FillModel)
def test_every_invariant_holds_over_long_flows(model: FillModel) -> None:
    seen: Counter[str] = Counter()
    first = int(SEED or 0)
    share = COMMANDS // len(FillModel) // FLOWS
    for seed in range(first, first + FLOWS):
        flow = played(seed, share, model)
        seen += flow.watcher.seen
        for order_id, live in flow.state.orders.items():
            assert live.order.executed_quantity == flow.watcher.executed[order_id]
            assert live.order.status is flow.watcher.status[order_id]
    wanted = ["own match", "AuctionHeld", "OrderReentered", "OrderLingers", "EXPIRED", "REJECTED"]
    wanted += ["QueueMoved"] if model is FillModel.QUEUE else []
    assert not [name for name in wanted if not seen[name]], seen


def test_the_fold_of_a_long_flow_is_its_state() -> None:
    flow = played(int(SEED or 0), 2_000, FillModel.QUEUE)
    folded = State()
    for record in flow.facts:
        for fact in record:
            evolve(folded, fact)
    assert digest(folded) == digest(flow.state)
