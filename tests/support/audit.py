"""Derives everything again from the journal of a stopped server, and holds the rest against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

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

__all__ = ["Audit", "audit"]

VENUE = "main"


@dataclass
class Audit:
    """What a journal says.

    Attributes:
        accepted: By order id, how often it was accepted.
        request_ids: By request id, the orders that bear it.
        cash: By account and currency, from deposits, fills and fees alone.
        shares: By account and symbol, from fills alone.
    """

    state: State = field(default_factory=State)
    records: int = 0
    accepted: Counter[int] = field(default_factory=Counter)
    request_ids: dict[str, list[int]] = field(default_factory=dict)
    cash: Counter[tuple[str, str]] = field(default_factory=Counter)
    shares: Counter[tuple[str, str]] = field(default_factory=Counter)
    executed: Counter[int] = field(default_factory=Counter)

    def take(self, fact: object) -> None:
        """Add a fact up, apart from the state."""
        match fact:
            case OrderAccepted(order=order):
                self.accepted[order.order_id] += 1
                if order.terms.client_request_id is not None:
                    ids = self.request_ids.setdefault(order.terms.client_request_id, [])
                    ids.append(order.order_id)
            case CashDeposited():
                self.cash[fact.account_no, str(fact.currency)] += fact.amount
            case OrderFilled(execution=execution):
                sign = 1 if execution.side is OrderSide.BUY else -1
                fees = sum((fee.amount for fee in fact.fees), Decimal(0))
                money = execution.account_no, str(execution.currency)
                self.cash[money] -= sign * execution.consideration + fees
                self.shares[execution.account_no, execution.symbol] += sign * execution.quantity
                self.executed[execution.order_id] += int(execution.quantity)


def audit(database: Path) -> Audit:
    """Fold the journal; assert that state, snapshot, read models, cash and shares agree with it."""
    store = SqliteStore(database)
    found = Audit()
    for record in store.read(VENUE):
        for fact in decode_facts(record.payload):
            evolve(found.state, fact)
            found.take(fact)
        found.records = record.seq
    check_invariants(found.state)
    assert digest(recover(store, VENUE).state) == digest(found.state)
    assert set(found.accepted.values()) <= {1}, "an order is there twice"

    reads = store.read_models(VENUE)
    orders = []
    for account in reads.accounts():
        no = account.account_no
        orders += reads.orders(no, OrderFilter(), limit=1_000_000)
        for balance in reads.balances(no):
            assert balance.cash == found.cash[no, str(balance.currency)], (no, balance.currency)
        held = {row.symbol: row.quantity for row in reads.positions(no)}
        wanted = {symbol: count for (of, symbol), count in found.shares.items() if of == no}
        assert held == {symbol: count for symbol, count in wanted.items() if count}
        rows = reads.executions(no, ExecutionFilter(), limit=1_000_000)
        assert len({row.execution.trade_id for row in rows}) == len(rows)
    assert {row.order.order_id for row in orders} == set(found.accepted)
    for row in orders:
        assert row.order.executed_quantity == found.executed[row.order.order_id]
    store.close()
    return found
