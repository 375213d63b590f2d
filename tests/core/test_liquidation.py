"""Margin calls and forced sales: when they begin, what is sold first, and when it stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from portway.core.engine import handle
from portway.core.invariants import check_invariants
from portway.core.liquidation import CANCELED_MSG, REMARK
from portway.model.account import MoneyRules
from portway.model.command import (
    Command,
    ConfigureVenue,
    Deposit,
    MarketMoved,
    MarketView,
    Stamped,
    SubmitOrder,
    VenueSettings,
)
from portway.model.corporate_action import CorporateAction
from portway.model.event import (
    Event,
    MarginCalled,
    MarginCallMet,
    OrderAccepted,
    OrderFilled,
    OrderStatusChanged,
)
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from tests.core.test_accounts import Bank
from tests.trading.floor import ACCOUNT, APPLE, OPEN, TENCENT, terms

D = Decimal
ON = VenueSettings(money=MoneyRules(liquidates=True))


@dataclass
class Risky(Bank):
    """A bank whose markets move, with a depth of its own for each security."""

    at: datetime = OPEN
    closed: set[Symbol] = field(default_factory=set)

    def tell(self, command: Command, *actions: CorporateAction) -> tuple[Event, ...]:
        self.seq += 1
        views = {symbol: self.view(symbol) for symbol in self.prices}
        stamped = Stamped(command, self.at, views, actions)
        events = handle(self.state, self.outsides, stamped, self.seq)
        check_invariants(self.state)
        return events

    def view(self, symbol: Symbol) -> MarketView:
        view = super().view(symbol)
        if symbol not in self.closed:
            return view
        return structs.replace(view, session=None)

    def move(self, symbol: Symbol, price: str) -> tuple[Event, ...]:
        self.prices[symbol] = D(price)
        view = self.view(symbol)
        return self.tell(MarketMoved(symbol, self.at, view.session, view.depth))


def indebted(settings: VenueSettings = ON) -> Risky:
    """Two hundred Apple at 200 on 21,000 of own money: a call below 158, forced below 146."""
    bank = Risky()
    bank.tell(ConfigureVenue(settings))
    bank.open(USD=21_000)
    assert bank.buy(APPLE, 200) is OrderStatus.FILLED
    return bank


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [type(one).__name__ for one in events]


def sold(events: tuple[Event, ...]) -> dict[str, Decimal]:
    """What was closed, by symbol; below zero: bought back."""
    amounts: dict[str, Decimal] = {}
    for one in events:
        if isinstance(one, OrderFilled):
            execution = one.execution
            sign = 1 if execution.side is OrderSide.SELL else -1
            amounts[execution.symbol] = (
                amounts.get(execution.symbol, D(0)) + sign * execution.quantity
            )
    return amounts


def test_nothing_is_judged_unless_the_owner_asks_for_it() -> None:
    bank = indebted(VenueSettings())
    assert bank.move(APPLE, "100") == ()
    assert bank.totals.risk_level == 3


def test_a_call_begins_with_danger_and_is_met_by_what_is_paid_in() -> None:
    bank = indebted()
    assert bank.move(APPLE, "190") == ()
    [called] = bank.move(APPLE, "155")
    assert isinstance(called, MarginCalled)
    assert called.amount == bank.totals.margin_call > 0
    assert bank.account.called_days == 0
    assert bank.move(APPLE, "154") == (), "it is told once"
    bank.tell(Deposit(ACCOUNT, Currency.USD, D(10_000)))
    assert kinds(bank.move(APPLE, "154")) == ["MarginCallMet"]
    assert bank.account.called_days is None


def test_at_the_forced_level_positions_are_sold_at_the_market() -> None:
    bank = indebted()
    events = bank.move(APPLE, "140")
    assert kinds(events)[0] == "MarginCalled"
    [made] = [one.order for one in events if isinstance(one, OrderAccepted)]
    assert (made.is_forced, made.terms.order_type, made.terms.remark) == (
        True, OrderType.MO, REMARK,
    )  # fmt: skip
    assert sold(events) == {APPLE: 200}
    assert isinstance(events[-1], MarginCallMet)
    assert not bank.account.positions[APPLE].quantity


def test_orders_of_the_account_are_taken_back_first() -> None:
    bank = indebted()
    waits = bank.tell(SubmitOrder(ACCOUNT, terms(OrderSide.SELL, 100, "300", APPLE)))[0]
    assert isinstance(waits, OrderAccepted)
    events = bank.move(APPLE, "140")
    [canceled] = [
        one
        for one in events
        if isinstance(one, OrderStatusChanged) and one.order_id == waits.order.order_id
    ]
    assert (canceled.status, canceled.msg) == (OrderStatus.CANCELED, CANCELED_MSG)
    assert events.index(canceled) < kinds(events).index("OrderAccepted")
    assert sold(events) == {APPLE: 200}


def test_the_largest_requirement_goes_first_and_no_more_than_danger_asks() -> None:
    """Two positions: the larger one is sold, and what is left is out of danger."""
    bank = Risky()
    bank.tell(ConfigureVenue(ON))
    bank.open(USD=21_000)
    bank.buy(APPLE, 140)
    assert bank.buy(TENCENT, 100) is OrderStatus.FILLED
    events = bank.move(APPLE, "120")
    assert sold(events) == {APPLE: 140}
    assert bank.totals.risk_level < 3


def test_a_short_is_bought_back_at_the_forced_level() -> None:
    bank = Risky()
    bank.tell(ConfigureVenue(ON))
    bank.open(USD=20_000)
    bank.sell(APPLE, 150)
    events = bank.move(APPLE, "270")
    assert sold(events) == {APPLE: -150}
    assert bank.totals.risk_level == 0


def test_nothing_is_sold_while_its_market_is_closed() -> None:
    bank = indebted()
    bank.closed.add(APPLE)
    assert kinds(bank.move(APPLE, "140")) == ["MarginCalled"]
    bank.closed.clear()
    assert sold(bank.move(APPLE, "140")) == {APPLE: 200}


@pytest.mark.parametrize(("hour", "closes"), [(13, False), (14, True)])
def test_a_call_that_is_not_met_falls_due_on_the_third_day_at_two(hour: int, closes: bool) -> None:
    bank = indebted()
    bank.move(APPLE, "155")
    for number in (6, 7, 8):
        bank.start(date(2026, 1, number), Market.HK)
        bank.at = datetime(2026, 1, number, 1, tzinfo=UTC)
        assert bank.move(APPLE, "155") == ()
    bank.at = datetime(2026, 1, 8, tzinfo=UTC) + timedelta(hours=hour - 8)
    assert bool(sold(bank.move(APPLE, "155"))) is closes


def test_a_market_that_takes_little_is_asked_again() -> None:
    bank = indebted()
    bank.prices[APPLE] = D(140)
    view = bank.view(APPLE)
    assert view.depth is not None
    thin = structs.replace(
        view.depth, bids=tuple(structs.replace(one, volume=50) for one in view.depth.bids)
    )
    first = bank.tell(MarketMoved(APPLE, bank.at, TradeSession.NORMAL, thin))
    assert OrderAccepted in map(type, first)
    assert sold(first)
