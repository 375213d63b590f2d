"""Money of a cash account: the ledger cases, with holds and fees as the cases give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from portway.core.accounts import convert, deposit, settle, withdraw
from portway.core.buying_power import CashView, HoldingView, Summary, summarise, withdrawable
from portway.core.evolve import evolve
from portway.core.invariants import check_invariants
from portway.core.ledger import execution_entry
from portway.core.order_checks import affordability_refusal
from portway.core.order_states import Step, next_status
from portway.core.state import LiveOrder, State
from portway.model.command import ConvertCash, Deposit, MarketView, TradingDayStarted, Withdraw
from portway.model.entry import Fee
from portway.model.event import (
    NO_HOLD,
    AccountOpened,
    Hold,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
    RefusalReason,
)
from portway.model.execution import Execution
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.money import Currency
from portway.model.order import (
    Order,
    OrderSide,
    OrderStatus,
    OrderTerms,
    OrderType,
    TimeInForce,
)
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol, market_of

NO = "A"
AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
REFUSED = {
    RefusalReason.BUYING_POWER_EXCEEDED: "not_enough_cash",
    RefusalReason.SHARES_NOT_ENOUGH: "not_enough_shares",
    RefusalReason.WITHDRAWABLE_EXCEEDED: "exceeds_withdrawable",
}
ZERO = Decimal(0)


class Books:
    """An account whose orders reserve and pay what a case says."""

    def __init__(self) -> None:
        self.state = State()
        self.today = date(2026, 1, 5)
        self.ids: dict[str, int] = {}
        self.prices: dict[Symbol, Decimal] = {}
        evolve(self.state, AccountOpened(NO, NO, Currency.HKD, "lb", AT))

    def play(self, event: dict[str, Any]) -> str | None:
        """Carry an event of a case out; return why it is refused."""
        return getattr(self, event["event"])(event)  # type: ignore[no-any-return]

    def deposit(self, event: dict[str, Any]) -> str | None:
        command = Deposit(NO, Currency(event["currency"]), Decimal(event["amount"]))
        return self._payment(deposit(self.state, command, AT))

    def withdraw(self, event: dict[str, Any]) -> str | None:
        command = Withdraw(NO, Currency(event["currency"]), Decimal(event["amount"]))
        return self._payment(withdraw(self.state, command, AT))

    def convert(self, event: dict[str, Any]) -> str | None:
        sold, bought = Currency(event["sell"]), Currency(event["buy"])
        amount, rate = Decimal(event["amount"]), Decimal(event["rate"])
        return self._payment(convert(self.state, ConvertCash(NO, sold, bought, amount, rate), AT))

    def _payment(self, events: Any) -> str | None:
        for event in events:
            if isinstance(event, OrderRefused):
                return REFUSED[event.reason]
            evolve(self.state, event)
        return None

    def order(self, event: dict[str, Any]) -> str | None:
        symbol, side = Symbol(event["symbol"]), OrderSide[event["side"].upper()]
        price, quantity = Decimal(event["price"]), Decimal(event["quantity"])
        hold = self._hold(side, price, quantity, event["fees"])
        account = self.state.accounts[NO]
        reason = affordability_refusal(account, side, _view(symbol), hold)
        if reason is not None:
            return REFUSED[reason]
        order_id = self.ids[event["id"]] = len(self.ids) + 1
        terms = OrderTerms(symbol, OrderType.LO, side, quantity, TimeInForce.DAY, price=price)
        order = Order(
            order_id,
            NO,
            terms,
            OrderStatus.NOT_REPORTED,
            Currency(event["currency"]),
            AT,
            AT,
            self.today,
            quantity,
            price,
        )
        evolve(self.state, OrderAccepted(order, hold))
        for step in (Step.REPORTED, Step.BOOKED):
            self._step(self.state.orders[order_id], step)
        return None

    def fill(self, event: dict[str, Any]) -> str | None:
        live = self.state.orders[self.ids[event["id"]]]
        order = live.order
        execution = Execution(
            f"{order.order_id}-{live.executions + 1}",
            order.order_id,
            NO,
            order.terms.symbol,
            order.terms.side,
            Decimal(event["price"]),
            Decimal(event["quantity"]),
            order.currency,
            AT,
            self.today,
        )
        leaves = order.leaves_quantity - execution.quantity
        fees = (Fee("COMMISSION", Decimal(event["fee"])),)
        assert order.price is not None
        is_cn = market_of(execution.symbol) is Market.CN
        evolve(
            self.state,
            OrderFilled(
                execution,
                next_status(order.status, Step.PART_FILLED if leaves else Step.FILLED),
                None,
                fees,
                execution_entry(execution, fees, date.fromisoformat(event["settles"])),
                date.fromordinal(self.today.toordinal() + is_cn),
                self._hold(order.terms.side, order.price, leaves, event["fees_left"]),
            ),
        )
        self.prices[execution.symbol] = execution.price
        return None

    def cancel(self, event: dict[str, Any]) -> str | None:
        self._step(self.state.orders[self.ids[event["id"]]], Step.CANCELED)
        return None

    def replace(self, event: dict[str, Any]) -> str | None:
        live = self.state.orders[self.ids[event["id"]]]
        order, leaves = live.order, Decimal(event["leaves"])
        hold = self._hold(order.terms.side, Decimal(event["price"]), leaves, event["fees"])
        account = self.state.accounts[NO]
        view = _view(order.terms.symbol)
        reason = affordability_refusal(account, order.terms.side, view, hold, freed=live.hold)
        if reason is not None:
            return REFUSED[reason]
        quantity = order.executed_quantity + leaves
        evolve(
            self.state,
            OrderReplaced(
                order.order_id,
                NO,
                OrderStatus.REPLACED,
                AT,
                quantity,
                Decimal(event["price"]),
                "",
                hold,
                keeps_priority=False,
            ),
        )
        return None

    def day(self, event: dict[str, Any]) -> str | None:
        self.today = date.fromisoformat(event["date"])
        for market in (Market.HK, Market.US, Market.CN):
            evolve(self.state, settle(self.state, TradingDayStarted(market, self.today, AT)))
        return None

    def mark(self, event: dict[str, Any]) -> str | None:
        self.prices[Symbol(event["symbol"])] = Decimal(event["price"])
        return None

    def _step(self, live: LiveOrder, step: Step) -> None:
        executed = live.order.executed_quantity > 0
        status = next_status(live.order.status, step, executed=executed)
        hold = NO_HOLD if step is Step.CANCELED else live.hold
        evolve(self.state, OrderStatusChanged(live.order.order_id, NO, status, AT, hold))

    def _hold(self, side: OrderSide, price: Decimal, leaves: Decimal, fees: str) -> Hold:
        if not leaves:
            return NO_HOLD
        if side is OrderSide.SELL:
            return Hold(shares=leaves)
        return Hold(price * leaves, Decimal(fees))

    def summary(self, fx: Mapping[str, str]) -> Summary:
        account = self.state.accounts[NO]
        rates = {
            currency: Decimal(fx[f"{currency}/HKD"]) for currency in (Currency.USD, Currency.CNH)
        }
        holdings = [
            HoldingView(symbol, position.currency, position.quantity, self.prices[symbol])
            for symbol, position in account.positions.items()
            if position.quantity
        ]
        return summarise(self.cash(), holdings, currency=Currency.HKD, rates=rates)

    def cash(self) -> list[CashView]:
        purses = self.state.accounts[NO].purses.items()
        return [
            CashView(
                currency,
                purse.cash,
                purse.frozen_cash,
                purse.frozen_fees,
                purse.receivable,
                purse.payable,
            )
            for currency, purse in purses
        ]


def _view(symbol: Symbol) -> MarketView:
    currency = {Market.HK: "HKD", Market.US: "USD"}.get(market_of(symbol), "CNY")
    instrument = Instrument(
        symbol, "", "", "", "", currency, 1, Board.HK_EQUITY, SecurityClass.EQUITY
    )
    day = date(2026, 1, 5)
    return MarketView(instrument, day, day, TradeSession.NORMAL, day, day)


def test_the_ledger_cases_of_a_cash_account(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "money.json").read_text())
    covered = 0
    for case in cases:
        given = case["given"]
        if case["kind"] != "ledger" or given["account"] != "cash":
            continue
        covered += 1
        books = Books()
        for event, after in zip(given["events"], case["expect"]["after"], strict=True):
            where = (case["id"], event)
            assert books.play(event) == after["refused"], where
            check_invariants(books.state)
            _compare(books, given["fx"], after, where)
    assert covered >= 19


def _compare(books: Books, fx: Mapping[str, str], after: dict[str, Any], where: object) -> None:
    cash = {view.currency: view for view in books.cash()}
    for currency, wanted in after["cash"].items():
        view = cash[Currency(currency)]
        shown = {
            "available_cash": view.available,
            "frozen_cash": view.frozen_cash,
            "settling_cash": view.settling,
            "withdraw_cash": withdrawable(view),
        }
        _close(shown, wanted, where)
    summary = books.summary(fx)
    names = (
        *("total_cash", "net_assets", "init_margin", "maintenance_margin", "buy_power"),
        *("max_finance_amount", "remaining_finance_amount", "margin_call"),
    )
    _close({name: getattr(summary, name) for name in names}, after, where)
    assert summary.risk_level == after["risk_level"], where
    positions = {
        symbol: position
        for symbol, position in books.state.accounts[NO].positions.items()
        if position.quantity
    }
    assert set(positions) == set(after["positions"]), where
    for symbol, position in positions.items():
        wanted = after["positions"][symbol]
        assert position.quantity == wanted["quantity"], where
        assert position.available == wanted["available"], where
        assert abs(position.cost_price - Decimal(wanted["cost_price"])) <= Decimal("0.001"), where


def _close(shown: Mapping[str, Decimal], wanted: Mapping[str, Any], where: object) -> None:
    for name, amount in shown.items():
        assert abs(amount - Decimal(wanted[name])) <= Decimal("0.01"), (where, name, amount)


def test_an_average_cost_ignores_sales_and_starts_anew_when_flat() -> None:
    books = Books()
    books.deposit({"currency": "HKD", "amount": "100000"})
    base = {"symbol": "5.HK", "currency": "HKD", "fees": "0"}
    for name, side, price, quantity in (
        ("a", "Buy", "60", 100),
        ("b", "Buy", "64", 100),
        ("c", "Sell", "70", 150),
        ("d", "Sell", "70", 50),
        ("e", "Buy", "10", 10),
    ):
        wish = {**base, "id": name, "side": side, "price": price, "quantity": quantity}
        assert books.order(wish) is None
        books.fill({**wish, "fee": "1", "fees_left": "0", "settles": "2026-01-07"})
        position = books.state.accounts[NO].positions[Symbol("5.HK")]
        expected = {"a": 60, "b": 62, "c": 62, "d": 0, "e": 10}[name]
        assert position.cost_price == expected
