"""Decide and evolve over random flows: the invariants, determinism, and each kind of command."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from portway.core.digest import digest
from portway.core.engine import evolve
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import FillModel
from portway.model.event import (
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
)
from portway.model.order import TERMINAL_STATUSES, OrderSide, OrderStatus
from portway.trading.event_codec import decode_facts, encode_facts
from tests.core.random_flow import Flow, examples, play

SEEDS = st.integers(0, 10**9)
MODELS = st.sampled_from(FillModel)


@pytest.mark.fuzz
@given(SEEDS, MODELS)
@examples(25)
def test_every_invariant_holds_after_every_command(seed: int, model: FillModel) -> None:
    flow = Flow(Random(seed), model)
    flow.begin()
    for _ in range(120):
        flow.step()
        check_invariants(flow.state)
        for account in flow.state.accounts.values():
            # A cash account is never overdrawn by what it buys.
            assert all(purse.available >= 0 for purse in account.purses.values())


@pytest.mark.fuzz
@given(SEEDS)
@examples(15)
def test_cash_and_shares_are_what_the_executions_say(seed: int) -> None:
    flow = play(seed, 150)
    shares: Counter[tuple[str, str]] = Counter()
    executed: Counter[int] = Counter()
    for fact in (one for record in flow.facts for one in record):
        if isinstance(fact, OrderFilled):
            execution = fact.execution
            sign = 1 if execution.side is OrderSide.BUY else -1
            shares[execution.account_no, execution.symbol] += sign * int(execution.quantity)
            executed[execution.order_id] += int(execution.quantity)
    for (account_no, symbol), quantity in shares.items():
        position = flow.state.accounts[account_no].positions.get(symbol)  # type: ignore[call-overload]
        assert (position.quantity if position is not None else 0) == quantity
    for order_id, live in flow.state.orders.items():
        assert live.order.executed_quantity == executed[order_id]


@pytest.mark.fuzz
@given(SEEDS)
@examples(15)
def test_no_fill_is_worse_than_its_limit_and_no_status_follows_an_end(seed: int) -> None:
    flow = play(seed, 150)
    limits: dict[int, Decimal | None] = {}
    ended: set[int] = set()
    for fact in (one for record in flow.facts for one in record):
        if isinstance(fact, OrderAccepted):
            limits[fact.order.order_id] = fact.order.price
            ended |= {fact.order.order_id} if fact.order.is_terminal else set()
        elif isinstance(fact, OrderStatusChanged):
            assert fact.order_id not in ended
            if fact.price is not None:  # A trigger was met, or a short sale stands elsewhere.
                limits[fact.order_id] = fact.price
            ended |= {fact.order_id} if fact.status in TERMINAL_STATUSES else set()
        elif isinstance(fact, OrderFilled):
            execution = fact.execution
            assert execution.order_id not in ended
            ended |= {execution.order_id} if fact.status is OrderStatus.FILLED else set()
            limit = limits[execution.order_id]
            if limit is not None:
                is_buy = execution.side is OrderSide.BUY
                assert execution.price <= limit if is_buy else execution.price >= limit
        elif isinstance(fact, OrderReplaced):
            limits[fact.order_id] = fact.price


@pytest.mark.fuzz
@given(SEEDS)
@examples(10)
def test_the_fold_of_the_journal_is_the_state(seed: int) -> None:
    flow = play(seed, 150)
    folded = State()
    for record in flow.facts:
        payload = encode_facts(record)
        facts = decode_facts(payload)
        assert facts == record
        assert encode_facts(facts) == payload
        for fact in facts:
            evolve(folded, fact)
    assert digest(folded) == digest(flow.state)


@pytest.mark.fuzz
@given(SEEDS)
@examples(5)
def test_the_same_commands_give_the_same_journal_byte_for_byte(seed: int) -> None:
    one, other = play(seed, 100), play(seed, 100)
    assert [encode_facts(record) for record in one.facts] == [
        encode_facts(record) for record in other.facts
    ]
    assert digest(one.state) == digest(other.state)


def test_the_flow_is_lively() -> None:
    """The properties above would hold in an empty market too."""
    seen: Counter[str] = Counter()
    for seed in range(10):
        flow = Flow(Random(seed))
        flow.begin()
        for _ in range(150):
            for event in flow.step():
                seen[type(event).__name__] += 1
                if isinstance(event, OrderStatusChanged):
                    seen[event.status.name] += 1
                if isinstance(event, OrderFilled) and event.against is not None:
                    seen["own match"] += 1
                if isinstance(event, OrderRefused):
                    seen[event.reason.name] += 1
    wanted = [
        "OrderFilled",
        "OrderReplaced",
        "OrderRepeated",
        "SettlementDone",
        "CashWithdrawn",
        "own match",
        "CANCELED",
        "EXPIRED",
        "PARTIAL_WITHDRAWAL",
        "WAIT_TO_NEW",
        "LOT_SIZE_MISMATCH",
    ]
    assert not [name for name in wanted if not seen[name]], seen


def test_an_event_that_does_not_fit_fails_and_is_not_swallowed() -> None:
    flow = play(3, 60)
    filled = next(one for record in flow.facts for one in record if isinstance(one, OrderFilled))
    twice = structs.replace(filled.execution, quantity=Decimal(10**9))
    with pytest.raises((KeyError, AssertionError)):
        evolve(flow.state, structs.replace(filled, execution=twice))
