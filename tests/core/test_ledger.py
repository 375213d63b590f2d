"""Entries balance or cannot exist; the ledger is their sum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.ledger import (
    Ledger,
    client_cash,
    client_settling,
    client_shares,
    deposit_entry,
    execution_entry,
    settlement_entry,
)
from portway.model.entry import Entry, Fee, Posting, UnbalancedEntry
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import OrderSide
from tests.trading.floor import DAY, OPEN, TENCENT

AMOUNTS = st.decimals("0.01", "100000", places=2)


def execution(side: OrderSide, price: Decimal, quantity: int) -> Execution:
    return Execution(
        "1-1", 1, "A", TENCENT, side, price, Decimal(quantity), Currency.HKD, OPEN, DAY
    )


@given(st.sampled_from(OrderSide), AMOUNTS, st.integers(1, 10**6), st.lists(AMOUNTS, max_size=7))
def test_an_execution_moves_shares_money_and_fees_and_balances(
    side: OrderSide, price: Decimal, quantity: int, amounts: list[Decimal]
) -> None:
    fees = [Fee(f"F{place}", amount) for place, amount in enumerate(amounts)]
    ledger = Ledger()
    ledger.add(execution_entry(execution(side, price, quantity), fees, date(2026, 1, 7)))
    sign = 1 if side is OrderSide.BUY else -1
    assert ledger.balance(client_shares("A"), TENCENT) == sign * quantity
    owed = sign * price * quantity + sum(amounts)
    assert ledger.balance(client_settling("A"), "HKD") == -owed
    assert not ledger.imbalance()


def test_an_entry_that_does_not_balance_cannot_exist() -> None:
    with pytest.raises(UnbalancedEntry, match="HKD"):
        Entry((Posting("a", "HKD", Decimal(1)), Posting("b", "USD", Decimal(-1))))
    with pytest.raises(UnbalancedEntry):
        Entry((Posting("a", "HKD", Decimal("0.01")),))


def test_settlement_turns_settling_money_into_cash() -> None:
    ledger = Ledger()
    ledger.add(deposit_entry("A", Currency.HKD, Decimal(100)))
    ledger.add(settlement_entry("A", Currency.HKD, Decimal(-30)))
    assert ledger.balance(client_cash("A"), "HKD") == 70
    assert ledger.balance(client_settling("A"), "HKD") == 30
    assert not ledger.imbalance()
