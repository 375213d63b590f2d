"""Continuous matching: the case file for the types and fill models that trade, and its rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from portway.core.engine import Outsides, handle
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import (
    CancelOrder,
    ConfigureVenue,
    Deposit,
    FillModel,
    MarketMoved,
    MarketView,
    OpenAccount,
    ReplaceOrder,
    Stamped,
    SubmitOrder,
    VenueSettings,
)
from portway.model.event import Event, OrderAccepted, OrderFilled, OrderStatusChanged
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderTerms, OrderType, TimeInForce
from portway.model.quote import Depth, Level, Trade, TradeSession
from portway.model.symbol import Symbol

SECURITIES = {
    "HK": ("1.HK", "HKD", 100, Board.HK_EQUITY, SecurityClass.EQUITY),
    "US": ("A.US", "USD", 1, Board.US_MAIN, SecurityClass.STOCK),
    "CN": ("600000.SH", "CNY", 100, Board.SH_MAIN_CONNECT, SecurityClass.A_SHARE),
}
MODELS = {"depth": FillModel.DEPTH, "touch": FillModel.TOUCH}
SUPPLY = 200_000  # Shares that every account has before a case begins.
REASONS = {"PRICE_OUTSIDE_BAND": "aggressive_bound"}


class CaseFloor:
    """One venue on one symbol, driven by the events of a case."""

    def __init__(self, given: dict[str, Any]) -> None:
        symbol, currency, lot, board, kind = SECURITIES[given["market"]]
        self.instrument = Instrument(
            Symbol(symbol), "", "", "", "", currency, lot, board, kind, stamp_duty=True
        )
        self.day = date.fromisoformat(given["date"])
        self.at = datetime(self.day.year, self.day.month, self.day.day, 3, 0, tzinfo=UTC)
        self.state, self.outsides, self.seq = State(), Outsides(), 0
        self.shown: Depth | None = None
        self.ids: dict[str, int] = {}
        self.events: list[Event] = []
        self.tell(ConfigureVenue(VenueSettings(fill_model=MODELS[given["fill_model"]])))
        orders = [event for event in given["events"] if event["event"] == "order"]
        for name in sorted({order["account"] for order in orders}):
            self.open(name, Decimal(orders[0]["price"] or 10))
        self.events.clear()

    def open(self, account_no: str, price: Decimal) -> None:
        """Give an account money, and shares bought from an outside that is then gone."""
        self.tell(OpenAccount(account_no, account_no))
        currency = self.instrument.settlement_currency
        self.tell(Deposit(account_no, currency, Decimal(10**9)))
        self.show([], [[price, SUPPLY]])
        self.order(account_no, "supply", "Buy", "LO", price, SUPPLY)
        self.show([], [])

    def play(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "depth":
                self.show(event["bids"], event["asks"])
            case "trade":
                self.at += timedelta(seconds=1)
                price = Decimal(event["price"])
                trade = Trade(self.instrument.symbol, self.at, price, event["quantity"])
                self.move((trade,))
            case "order":
                self.order(
                    event["account"],
                    event["id"],
                    event["side"],
                    event["order_type"],
                    event["price"],
                    event["quantity"],
                )
            case "cancel":
                self.tell(CancelOrder(self.account_of(event["id"]), self.ids[event["id"]]))
            case "replace":
                quantity, price = Decimal(event["quantity"]), Decimal(event["price"])
                account_no, order_id = self.account_of(event["id"]), self.ids[event["id"]]
                self.tell(ReplaceOrder(account_no, order_id, quantity, price))

    def show(self, bids: list[Any], asks: list[Any]) -> None:
        self.at += timedelta(seconds=1)
        symbol = self.instrument.symbol
        self.shown = Depth(symbol, self.at, _levels(asks), _levels(bids))
        self.move(())

    def move(
        self, prints: tuple[Trade, ...], session: TradeSession | None = TradeSession.NORMAL
    ) -> None:
        symbol = self.instrument.symbol
        self.tell(MarketMoved(symbol, self.at, session, self.shown, prints))

    def order(
        self, account_no: str, name: str, side: str, kind: str, price: Any, quantity: int
    ) -> None:
        terms = OrderTerms(
            self.instrument.symbol,
            OrderType[kind],
            OrderSide[side.upper()],
            Decimal(quantity),
            TimeInForce.DAY,
            price=None if price is None else Decimal(price),
        )
        events = self.tell(SubmitOrder(account_no, terms))
        assert isinstance(events[0], OrderAccepted), events
        self.ids[name] = events[0].order.order_id

    def tell(self, command: Any) -> tuple[Event, ...]:
        self.at += timedelta(seconds=1)
        self.seq += 1
        views = {self.instrument.symbol: self.view()}
        events = handle(self.state, self.outsides, Stamped(command, self.at, views), self.seq)
        check_invariants(self.state)
        self.events += events
        return events

    def view(self) -> MarketView:
        day = self.day
        later = day + timedelta(days=1)
        return MarketView(self.instrument, day, later, TradeSession.NORMAL, later, day, self.shown)

    def account_of(self, name: str) -> str:
        return self.state.orders[self.ids[name]].order.account_no

    def fills(self) -> Iterator[dict[str, Any]]:
        names = {order_id: name for name, order_id in self.ids.items()}
        for event in self.events:
            if isinstance(event, OrderFilled):
                against = "outside" if event.against is None else names[event.against]
                execution = event.execution
                yield {
                    "order": names[execution.order_id],
                    "price": execution.price,
                    "quantity": execution.quantity,
                    "against": against,
                }

    def ends(self) -> dict[int, OrderStatusChanged]:
        changes = (event for event in self.events if isinstance(event, OrderStatusChanged))
        return {event.order_id: event for event in changes}


def _levels(levels: list[Any]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), int(size), 1) for price, size in levels)


def _is_covered(given: dict[str, Any]) -> bool:
    events = given["events"]
    kinds = {event["order_type"] for event in events if event["event"] == "order"}
    waits = any(event["event"] == "wait" for event in events)  # US market orders that linger.
    return given["fill_model"] in MODELS and kinds <= {"LO", "MO"} and not waits


def test_the_cases_of_matching(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "matching.json").read_text())
    covered = [case for case in cases if _is_covered(case["given"])]
    assert len(covered) >= 30
    for case in covered:
        given, expect = case["given"], case["expect"]
        floor = CaseFloor(given)
        for event in given["events"]:
            floor.play(event)
        wanted = [
            {**fill, "price": Decimal(fill["price"]), "quantity": Decimal(fill["quantity"])}
            for fill in expect["fills"]
        ]
        assert list(floor.fills()) == wanted, case["id"]
        for name, order in expect["orders"].items():
            _check_order(floor, name, order, case["id"])
        if "outside" in expect and given["fill_model"] != "touch":
            assert _outside(floor) == _as_decimals(expect["outside"]), case["id"]


def _check_order(floor: CaseFloor, name: str, wanted: dict[str, Any], case_id: str) -> None:
    order_id = floor.ids[name]
    filled = sum(one["quantity"] for one in floor.fills() if one["order"] == name)
    assert filled == wanted["filled"], (case_id, name)
    live = floor.state.orders.get(order_id)
    if wanted["state"] == "resting":
        assert live is not None, (case_id, name)
        assert live.order.leaves_quantity == wanted["leaves"], (case_id, name)
        return
    statuses = {
        "filled": {OrderStatus.FILLED},
        "cancelled": {OrderStatus.CANCELED, OrderStatus.PARTIAL_WITHDRAWAL},
        "rejected": {OrderStatus.REJECTED},
    }
    assert floor.state.closed[order_id].status in statuses[wanted["state"]], (case_id, name)
    if wanted["state"] == "rejected" and wanted["reason"] == "aggressive_bound":
        assert REASONS[floor.ends()[order_id].msg] == "aggressive_bound", case_id


def _outside(floor: CaseFloor) -> dict[str, list[tuple[Decimal, Decimal]]]:
    outside = floor.outsides[floor.instrument.symbol]
    return {
        name: [(level.price, level.left) for level in outside.levels(side)]
        for name, side in (("bids", OrderSide.BUY), ("asks", OrderSide.SELL))
    }


def _as_decimals(outside: dict[str, list[Any]]) -> dict[str, list[tuple[Decimal, Decimal]]]:
    return {
        name: [(Decimal(price), Decimal(size)) for price, size in levels]
        for name, levels in outside.items()
    }


def _floor(market: str = "HK", model: str = "depth") -> CaseFloor:
    order = {"event": "order", "account": "A", "price": "10", "id": "", "order_type": "LO"}
    events = [order, {**order, "account": "B"}]
    return CaseFloor(
        {"market": market, "date": "2026-01-05", "fill_model": model, "events": events}
    )


def test_a_print_before_the_order_came_does_not_fill_it() -> None:
    floor = _floor()
    early = Trade(floor.instrument.symbol, floor.at, Decimal("9.90"), 1000)
    floor.show([["9.98", 500]], [["10.02", 500]])
    floor.order("A", "a1", "Buy", "LO", "10.00", 300)
    floor.move((early,))
    assert not list(floor.fills())
    floor.move((Trade(floor.instrument.symbol, floor.at, Decimal("9.90"), 100),))
    assert [(one["price"], one["quantity"]) for one in floor.fills()] == [(Decimal("10.00"), 300)]


def test_nothing_fills_while_nothing_matches_continuously() -> None:
    floor = _floor()
    floor.show([["9.98", 500]], [["10.02", 500]])
    floor.order("A", "a1", "Buy", "LO", "10.00", 300)
    symbol, at = floor.instrument.symbol, floor.at + timedelta(seconds=1)
    floor.shown = Depth(symbol, at, _levels([["9.90", 500]]), ())
    floor.move((Trade(symbol, at, Decimal("9.90"), 100),), session=None)
    assert not list(floor.fills())
    # The depth that was shown in the break counts as soon as matching goes on.
    floor.move(())
    assert [one["quantity"] for one in floor.fills()] == [300]


def test_the_same_depth_again_restores_nothing() -> None:
    floor = _floor()
    floor.show([], [["10.01", 300]])
    floor.order("A", "a1", "Buy", "LO", "10.01", 300)
    floor.order("B", "b1", "Buy", "LO", "10.01", 100)
    floor.move(())
    assert [one["order"] for one in floor.fills()] == ["a1"]
    floor.show([], [["10.01", 300]])  # A new update of the same size does.
    assert [one["order"] for one in floor.fills()] == ["a1", "b1"]


def test_own_orders_before_an_update_stand_before_the_outside_at_their_price() -> None:
    floor = _floor()
    floor.show([["9.98", 500]], [["10.02", 500]])
    floor.order("A", "a1", "Buy", "LO", "10.00", 300)
    floor.show([["10.00", 500]], [["10.02", 500]])
    floor.order("B", "b1", "Sell", "LO", "10.00", 400)
    assert [(one["order"], one["quantity"], one["against"]) for one in floor.fills()] == [
        ("b1", 300, "a1"),
        ("a1", 300, "b1"),
        ("b1", 100, "outside"),
    ]


def test_a_us_market_order_stops_at_its_bound_and_ends() -> None:
    floor = _floor("US")
    floor.show([["10.00", 100]], [["10.02", 100], ["10.50", 100], ["10.52", 100]])
    floor.order("A", "a1", "Buy", "MO", None, 300)
    assert [one["price"] for one in floor.fills()] == [Decimal("10.02"), Decimal("10.50")]
    assert floor.state.closed[floor.ids["a1"]].status is OrderStatus.PARTIAL_WITHDRAWAL


def test_currency_of_the_floor_is_that_of_the_security() -> None:
    floor = _floor("CN")
    assert set(floor.state.accounts["A"].purses) == {Currency.CNH}
