"""Long random flows over all order types and markets, every invariant asserted after each event.

`make test` plays 50,000 events; `make sim SEED=7` a million from that seed on. Every other flow has
a margin account, short sales, exchange, resets and corporate actions as well. The seed, the kind of
flow and the number of the event that broke something are in the message.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from portway.core.bands import band_of, is_paused
from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.account import AccountKind
from portway.model.command import FillModel, MarketMoved, Stamped, TradingDayStarted
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.event import (
    AuctionHeld,
    Event,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
)
from portway.model.order import TERMINAL_STATUSES, OrderSide, OrderStatus, OrderType
from portway.model.symbol import market_of
from tests.core.money_flow import MoneyFlow
from tests.core.random_flow import TYPES, Flow
from tests.core.risky_flow import RiskyFlow
from tests.support.order_steps import STEPS

SEED = os.environ.get("PORTWAY_SEED")
EVENTS = 1_000_000 if SEED else 50_000
EVENTS_A_FLOW = 2_000 if SEED else 650
FLOWS = -(-EVENTS // len(FillModel) // EVENTS_A_FLOW)  # For each fill model.
S = OrderStatus


@dataclass
class Watcher:
    """What the events alone say of every order: its status, limit and executions."""

    status: dict[int, OrderStatus] = field(default_factory=dict)
    limit: dict[int, Decimal | None] = field(default_factory=dict)
    executed: Counter[int] = field(default_factory=Counter)
    quantity: dict[int, Decimal] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def watch(self, event: Event) -> None:
        self.seen[type(event).__name__] += 1
        match event:
            case OrderAccepted(order=order):
                assert order.order_id not in self.status, "ids are never used twice"
                self.status[order.order_id] = order.status
                self.limit[order.order_id] = order.price
                self.quantity[order.order_id] = order.quantity
                self.kinds[order.order_id] = order.terms.order_type.name
                if not order.is_terminal:
                    self.seen[
                        f"{order.terms.order_type.name} in {market_of(order.terms.symbol)}"
                    ] += 1
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
        # A trigger was met, or a short sale that comes back stands at another price.
        return event.trigger_status is not None or event.price is not None

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
        self.seen[f"{self.kinds[order_id]} filled"] += 1
        assert self.executed[order_id] <= self.quantity[order_id], f"{order_id} is filled twice"
        self._step(order_id, event.status)
        if event.against is not None:
            self.seen["own match"] += 1


class Watched:
    """Over a flow: watches its every event, and checks the state after each.

    Attributes:
        events: Of the random commands; what the flow begins with does not count.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.watcher = Watcher()
        self.events = 0

    def decided(self, stamped: Stamped, seq: int) -> Iterator[Event]:
        symbol = None
        for event in super().decided(stamped, seq):  # type: ignore[misc]
            self.watcher.watch(event)
            if isinstance(event, AuctionHeld):
                symbol = event.symbol  # An auction has bounds of its own.
            elif isinstance(event, OrderFilled) and event.execution.symbol != symbol:
                self._check_band(stamped, event)
                self._check_fair(stamped, event)
            self.events += 1
            check_invariants(self.state)  # type: ignore[attr-defined]
            yield event

    def _check_fair(self, stamped: Stamped, event: OrderFilled) -> None:
        """The outside gives nobody a better price than it shows or prints."""
        execution, command = event.execution, stamped.command
        is_odd = self.watcher.kinds[execution.order_id] == "ODD"
        if event.against is not None or is_odd or execution.option is not None:
            return  # Odd lots have a counterparty of their own.
        is_buy = execution.side is OrderSide.BUY
        depths = [stamped.views[execution.symbol].depth]
        prices = []
        if isinstance(command, MarketMoved):
            depths.append(command.depth)
            prices += [one.price for one in command.prints]
        for shown in depths:
            if shown is not None:
                prices += [one.price for one in (shown.asks if is_buy else shown.bids)]
        fair = min(prices) <= execution.price if is_buy else max(prices) >= execution.price
        assert fair, f"{execution.side.name} at {execution.price} when {prices} was shown"

    def _check_band(self, stamped: Stamped, event: OrderFilled) -> None:
        """Nothing trades continuously outside of its band, nor while it pauses."""
        state, execution = self.state, event.execution  # type: ignore[attr-defined]
        if execution.option is not None:
            return  # Options have no bands.
        view = stamped.views[execution.symbol]
        assert not is_paused(state, view), f"{execution.symbol} pauses"
        band = band_of(state, view, stamped.at)
        odd = self.watcher.kinds[execution.order_id] == "ODD"
        assert odd or band.holds(execution.price), f"{execution.price} is outside of {band}"
        if execution.price in (band.lower, band.upper):
            self.watcher.seen["at the band"] += 1


class WatchedFlow(Watched, Flow):
    """Cash accounts and every order type."""


class WatchedMoneyFlow(Watched, MoneyFlow):
    """The same with a margin account, options, exchange, resets and what companies give.

    Options follow a split into whole shares alone, which tests/core/test_options.py tries. Any
    other change would leave written calls without cover: shares on which some are held only pay.
    """

    def _actions(self, command: TradingDayStarted) -> Iterator[CorporateAction | Redemption]:
        optioned = {
            one.option.underlying
            for account in self.state.accounts.values()
            for one in account.positions.values()
            if one.option is not None
        }
        for action in super()._actions(command):
            pays = isinstance(action, CorporateAction) and bool(action.cash)
            if pays or action.symbol not in optioned:
                yield action


class WatchedRiskyFlow(Watched, RiskyFlow):
    """The same on a venue that closes the positions of accounts in danger."""


KINDS = (WatchedFlow, WatchedMoneyFlow, WatchedFlow, WatchedRiskyFlow)


def played(seed: int, events: int, model: FillModel, kind: type[Any] = WatchedFlow) -> Any:
    """Return a flow after at least so many events, and at most those of one command more."""
    flow = kind(Random(seed), model)
    flow.begin()
    flow.events = 0
    while flow.events < events:
        try:
            flow.step()
            for account in flow.state.accounts.values():
                if account.kind is AccountKind.CASH:
                    purses = account.purses.values()
                    assert all(purse.available >= 0 for purse in purses), "overdrawn"
        except AssertionError as error:
            where = f"seed {seed}, {kind.__name__}, {model.name}, event {flow.events}"
            raise AssertionError(f"{where}: {error}") from error
    return flow


@pytest.mark.parametrize("model", FillModel)
def test_every_invariant_holds_over_long_flows(model: FillModel) -> None:
    seen: Counter[str] = Counter()
    first = int(SEED or 0)
    played_events = 0
    for seed in range(first, first + FLOWS):
        flow = played(seed, EVENTS_A_FLOW, model, KINDS[seed % len(KINDS)])
        played_events += flow.events
        seen += flow.watcher.seen
        for order_id, live in flow.state.orders.items():
            assert live.order.executed_quantity == flow.watcher.executed[order_id]
            assert live.order.status is flow.watcher.status[order_id]
    assert played_events * len(FillModel) >= EVENTS
    wanted = [f"{kind.name} in {market}" for market in TYPES for kind in TYPES[market]]
    wanted += [f"{kind.name} filled" for kind in OrderType]
    wanted += ["at the band", "TradingCurbed", "CurbLifted", "MarginCalled"]
    wanted += ["own match", "AuctionHeld", "OrderReentered", "OrderLingers", "EXPIRED", "REJECTED"]
    wanted += ["QueueMoved"] if model is FillModel.QUEUE else []
    assert not [name for name in wanted if not seen[name]], seen


def test_the_fold_of_a_long_flow_is_its_state() -> None:
    flow = played(int(SEED or 0), 2_000, FillModel.QUEUE)
    folded = State()
    for record in flow.facts:
        for fact in record:
            evolve(folded, fact)
    assert digest(folded) == digest(flow.state)
