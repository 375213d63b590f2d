"""The auditor proves what is right, and names what is not, whichever side was changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.assemble.ledger_files import opened_for_reading
from portway.model.entry import Posting
from portway.model.event import Fact, OrderFilled, SettlementDone
from portway.model.money import Currency
from portway.trading.audit import POINTS_MAX, Audit, CurvePoint, Unproven, _Curve, audit
from portway.trading.audit_books import entry_of
from portway.trading.audit_profit import Holding, cents
from portway.trading.event_codec import decode_facts, encode_facts
from portway.trading.ports import JournalCorrupt
from tests.core.money_flow import play_money
from tests.core.random_flow import Flow
from tests.core.risky_flow import RiskyFlow
from tests.core.test_options import PUT_190, PUT_200, OptionFloor
from tests.support.homes import VENUE, home_of, traded_home
from tests.trading.floor import OPEN
from tests.trading.test_verify import forge, look, tamper

SEEDS = range(6)


def audit_of(home: Path) -> Audit:
    with opened_for_reading(home) as reader:
        return audit(reader, VENUE, reader.read_models(VENUE))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    traded_home(tmp_path / "home", seed=1, steps=250)
    return tmp_path / "home"


def test_random_trading_is_proven_with_every_kind_of_entry(tmp_path: Path) -> None:
    """A new fact with an entry has to come up in the random flows, and the audit to know it."""
    seen: Counter[type[Fact]] = Counter()
    flows: list[Flow] = [play_money(seed, 1200) for seed in SEEDS]
    flows.append(RiskyFlow(Random(4)))
    flows[-1].begin()
    for _ in range(400):
        flows[-1].step()
    for number, flow in enumerate(flows):
        facts = flow.facts
        home_of(tmp_path / f"home{number}", facts)
        found = audit_of(tmp_path / f"home{number}")
        entries = [entry for record in facts for fact in record for entry in entry_of(fact)]
        assert (found.records, found.entries) == (len(facts), len(entries))
        assert set(found.assets) == {one.asset for entry in entries for one in entry.postings}
        seen.update(type(fact) for record in facts for fact in record if entry_of(fact))
    carriers = {kind for kind in get_args(Fact) if "entry" in kind.__struct_fields__}
    assert carriers | {SettlementDone} == set(seen), "a fact with an entry that no flow has"


def test_puts_that_are_written_and_those_that_would_be_are_kept_from_the_answer(
    tmp_path: Path,
) -> None:
    """A cash account keeps their strikes; a working order to write has no position yet."""
    floor = OptionFloor(cash=70_000)
    floor.trade("SELL", 1, "5", PUT_200)
    floor.order("SELL", 1, "9", PUT_190)
    home_of(tmp_path / "home", floor.facts)
    assert audit_of(tmp_path / "home").records == len(floor.facts)


def test_the_curve_ends_with_the_closing_balance(home: Path) -> None:
    for account in audit_of(home).accounts:
        worth = sum(Fraction(account.cash[code] * rate) for code, rate in account.rates.items())
        worth += sum(
            account.values[symbol] * Fraction(account.rates[held.currency])
            for symbol, held in account.holdings.items()
        )
        assert abs(Fraction(account.curve[-1].worth) - worth) <= Fraction(1, 100)
        instants = [point.at for point in account.curve]
        assert instants == sorted(instants)


@pytest.mark.parametrize(
    ("table", "column", "what"),
    [
        ("balances", "cash", "cash of"),
        ("balances", "frozen_cash", "frozen cash of"),
        ("balances", "frozen_fees", "fees in the frozen cash of"),
        ("balances", "receivable", "unsettled proceeds of"),
        ("balances", "payable", "unsettled cost of"),
        ("balances", "interest", "accrued interest of"),
        ("positions", "quantity", "positions of"),
        ("positions", "frozen_quantity", "frozen shares of"),
        ("positions", "cost_price", "cost price of"),
    ],
)
def test_a_figure_that_was_changed_is_named(home: Path, table: str, column: str, what: str) -> None:
    sql = f"SELECT account_no, {'symbol' if table == 'positions' else 'currency'} FROM {table}"
    where = " WHERE quantity <> '0'" if table == "positions" else ""
    account_no, key = look(home, sql + where)
    name = "symbol" if table == "positions" else "currency"
    tamper(
        home,
        f"UPDATE {table} SET {column} = {column} + 1 WHERE account_no = ? AND {name} = ?",
        account_no,
        key,
    )
    with pytest.raises(Unproven, match=f"^{what} {account_no}"):
        audit_of(home)


def test_a_movement_of_money_that_was_changed_is_found_in_the_statement(home: Path) -> None:
    seq, index = look(home, "SELECT seq, idx FROM cash_flow WHERE account_no = 'A1'")
    where = "WHERE account_no = 'A1' AND seq = ? AND idx = ?"
    tamper(home, f"UPDATE cash_flow SET amount = amount + 1 {where}", seq, index)
    with pytest.raises(Unproven, match=r"closing balance of A1 .* in the statement"):
        audit_of(home)


def first_fill(home: Path) -> tuple[int, list[Fact], int]:
    connection = sqlite3.connect(home / "portway.db")
    rows = connection.execute("SELECT seq, payload FROM journal ORDER BY seq").fetchall()
    connection.close()
    for seq, payload in rows:
        facts = list(decode_facts(payload))
        for index, fact in enumerate(facts):
            if isinstance(fact, OrderFilled) and len(fact.fees) > 1:
                return seq, facts, index
    raise AssertionError("nothing was filled")


@pytest.mark.parametrize("fraud", ["quantity", "cash", "fee", "stranger"])
def test_postings_that_balance_and_are_false_are_named(home: Path, fraud: str) -> None:
    """Somebody who forges a record, its chain and nothing else is told by the fact itself."""
    seq, facts, index = first_fill(home)
    fill = facts[index]
    assert isinstance(fill, OrderFilled)
    postings = {(one.account, one.asset): one.amount for one in fill.entry.postings}
    no, symbol = fill.execution.account_no, str(fill.execution.symbol)
    code = fill.execution.currency.value
    moves = {
        "quantity": (f"client:{no}:shares", "street:shares", symbol),
        "cash": (f"client:{no}:settling", "street:cash", code),
        "fee": (f"fees:{fill.fees[0].name}", f"fees:{fill.fees[1].name}", code),
        "stranger": ("client:A9:cash", "street:cash", code),
    }
    gains, loses, asset = moves[fraud]
    postings[gains, asset] = postings.get((gains, asset), Decimal(0)) + 1
    postings[loses, asset] -= 1
    entry = msgspec.structs.replace(
        fill.entry, postings=tuple(Posting(*key, amount) for key, amount in postings.items())
    )
    facts[index] = msgspec.structs.replace(fill, entry=entry)
    forge(home, seq, encode_facts(facts))
    with pytest.raises(
        Unproven, match=rf"^record {seq} \(OrderFilled of order \d+, account {no}\)"
    ):
        audit_of(home)


def test_a_record_that_is_gone_leaves_something_that_does_not_follow(home: Path) -> None:
    tamper(home, "DELETE FROM journal WHERE seq = 30")
    with pytest.raises(JournalCorrupt, match="record 30"):
        audit_of(home)


@given(
    trades=st.lists(
        st.tuples(
            st.integers(-9, 9).filter(bool), st.decimals("0.01", "99", places=2, allow_nan=False)
        ),
        max_size=30,
    )
)
def test_what_was_earned_and_what_is_held_is_what_was_paid(
    trades: list[tuple[int, Decimal]],
) -> None:
    """Whatever is bought, sold and sold short: gains less open cost are the money that moved."""
    held, earned, money = Holding(Currency.USD), Fraction(0), Fraction(0)
    for quantity, price in trades:
        earned += held.trade(Fraction(quantity), Fraction(price))
        money -= quantity * Fraction(price)
    assert held.quantity == sum(quantity for quantity, _ in trades)
    assert earned - held.cost == money
    assert held.quantity or not held.cost
    assert held.cost.denominator <= 10**32, "fractions do not grow with the number of trades"


@pytest.mark.parametrize(
    ("trades", "earned", "cost"),
    [
        ([(100, "10"), (100, "12"), (-150, "13")], "300", "550"),
        ([(100, "10"), (-160, "9")], "-100", "-540"),
        ([(-50, "20"), (20, "18"), (-10, "22")], "40", "-820"),
    ],
)
def test_gains_are_by_average_cost(trades: list[tuple[int, str]], earned: str, cost: str) -> None:
    held = Holding(Currency.HKD)
    sums = sum(held.trade(Fraction(quantity), Fraction(price)) for quantity, price in trades)
    assert (sums, held.cost) == (Fraction(earned), Fraction(cost))


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    from datetime import timedelta

    curve = _Curve()
    points = [
        CurvePoint(OPEN + timedelta(seconds=n), Decimal(n), Decimal(0))
        for n in range(3 * POINTS_MAX)
    ]
    for point in points:
        curve.add(point)
    assert POINTS_MAX / 2 <= len(curve.points) <= POINTS_MAX
    assert (curve.points[0], curve.points[-1]) == (points[0], points[-1])
    assert curve.points == sorted(curve.points, key=lambda one: one.at)


@pytest.mark.parametrize(
    ("amount", "shown"), [("1/3", "0.33"), ("-1/3", "-0.33"), ("0.005", "0.01"), ("-2.5", "-2.50")]
)
def test_cents_are_rounded_half_up(amount: str, shown: str) -> None:
    assert f"{cents(Fraction(amount)):f}" == shown
