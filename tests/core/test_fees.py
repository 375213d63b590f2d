"""Fees: the case file for the classes that have a schedule, and what must hold for any order."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.fees import (
    FeeClass,
    FeeQuery,
    affordable,
    fee_class_of,
    fees_added,
    order_fees,
    total,
)
from portway.model.command import FeeRates
from portway.model.order import OrderSide
from tests.trading.floor import APPLE, INSTRUMENTS, MOUTAI, TENCENT

CLASSES = {
    ("HK", "equity"): FeeClass.HK_STAMPED,
    ("HK", "reit"): FeeClass.HK_REIT,
    ("HK", "etp"): FeeClass.HK_UNSTAMPED,
    ("HK", "warrant"): FeeClass.HK_UNSTAMPED,
    ("HK", "cbbc"): FeeClass.HK_UNSTAMPED,
    ("US", "stock"): FeeClass.US_STOCK,
    ("US", "etf"): FeeClass.US_STOCK,
    ("CN", "a_share"): FeeClass.CN_SHARE,
    ("CN", "etf"): FeeClass.CN_ETF,
}
BY_LAW = {"sec_rate", "taf_per_share", "taf_max"}  # They follow from the date.
DAYS = st.sampled_from([date(2023, 6, 1), date(2025, 6, 27), date(2026, 1, 5), date(2026, 4, 6)])
QUERIES = st.builds(
    FeeQuery,
    st.sampled_from(FeeClass),
    st.sampled_from(OrderSide),
    DAYS,
    st.just(FeeRates()),
)
PRICES = st.decimals("0.01", "1000", places=3)
QUANTITIES = st.integers(1, 100_000).map(Decimal)


def test_the_cases_of_fees(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "fees.json").read_text())
    covered = 0
    for case in cases:
        given_, expect = case["given"], case["expect"]
        if given_["class"] == "option":
            continue  # Options have no schedule yet.
        covered += 1
        items = _items(given_)
        wanted = {name: Decimal(amount) for name, amount in expect["items"].items()}
        assert items == wanted, case["id"]
        assert sum(items.values()) == Decimal(expect["total"]), case["id"]
    assert covered >= 38


def _items(given_: dict[str, Any]) -> dict[str, Decimal]:
    market = given_["market"]
    rates = {
        f"{market.lower()}_{name}": Decimal(value)
        for name, value in given_["rates"].items()
        if name not in BY_LAW
    }
    query = FeeQuery(
        CLASSES[market, given_["class"]],
        OrderSide[given_["side"].upper()],
        date.fromisoformat(given_["date"]),
        FeeRates(**rates),
    )
    executions = given_["executions"]
    consideration = sum(Decimal(one["price"]) * one["quantity"] for one in executions)
    quantity = sum(Decimal(one["quantity"]) for one in executions)
    fees = order_fees(query, Decimal(consideration), Decimal(quantity))
    return {fee.name: fee.amount for fee in fees}


@given(QUERIES, st.lists(st.tuples(PRICES, QUANTITIES), min_size=1, max_size=6))
def test_executions_one_by_one_pay_what_the_order_pays_at_once(
    query: FeeQuery, executions: list[tuple[Decimal, Decimal]]
) -> None:
    charged: dict[str, Decimal] = {}
    consideration = quantity = Decimal(0)
    for price, shares in executions:
        consideration += price * shares
        quantity += shares
        for fee in fees_added(query, consideration, quantity, charged):
            assert fee.amount
            charged[fee.name] = charged.get(fee.name, Decimal(0)) + fee.amount
    at_once = {one.name: one.amount for one in order_fees(query, consideration, quantity)}
    assert charged == {name: amount for name, amount in at_once.items() if amount}


@given(QUERIES, PRICES, PRICES, QUANTITIES)
def test_fees_never_fall_when_the_price_rises(
    query: FeeQuery, one: Decimal, other: Decimal, quantity: Decimal
) -> None:
    low, high = sorted((one, other))
    cheap = total(order_fees(query, low * quantity, quantity))
    assert cheap <= total(order_fees(query, high * quantity, quantity))


@given(QUERIES, PRICES, st.decimals("0", "1000000", places=2), st.sampled_from([1, 100, 500]))
def test_the_affordable_quantity_is_the_largest_that_is_paid_for(
    query: FeeQuery, price: Decimal, cash: Decimal, lot: int
) -> None:
    def cost(quantity: Decimal) -> Decimal:
        return price * quantity + total(order_fees(query, price * quantity, quantity))

    quantity = affordable(query, price, cash, Decimal(lot))
    assert quantity % lot == 0
    assert not quantity or cost(quantity) <= cash
    assert cost(quantity + lot) > cash


def test_the_class_follows_from_the_security() -> None:
    assert fee_class_of(INSTRUMENTS[TENCENT]) is FeeClass.HK_STAMPED
    assert fee_class_of(INSTRUMENTS[APPLE]) is FeeClass.US_STOCK
    assert fee_class_of(INSTRUMENTS[MOUTAI]) is FeeClass.CN_SHARE


def test_the_published_example_of_700_hk() -> None:
    query = FeeQuery(FeeClass.HK_STAMPED, OrderSide.BUY, date(2026, 1, 5), FeeRates())
    fees = order_fees(query, Decimal(40_000), Decimal(100))
    assert total(fees) == Decimal("72.08")


@pytest.mark.parametrize(("quantity", "commission"), [("1", "0.03"), ("1000", "4.90")])
def test_on_small_us_orders_the_maximum_wins(quantity: str, commission: str) -> None:
    query = FeeQuery(FeeClass.US_STOCK, OrderSide.BUY, date(2026, 4, 6), FeeRates())
    fees = order_fees(query, Decimal(5) * Decimal(quantity), Decimal(quantity))
    assert fees[0].amount == Decimal(commission)
