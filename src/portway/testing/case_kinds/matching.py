"""The kind of `matching`: one venue on one symbol, driven event by event.

A `MatchFloor` plays depth, prints, orders and time to the real core and tells what became of it;
accounts are given money and shares before a case begins, so that these play no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from portway.core.book import OutsideLevel
from portway.core.engine import Outsides, handle
from portway.core.invariants import check_invariants
from portway.core.matching import SELF_MATCH_MSG
from portway.core.state import State
from portway.model.command import (
    CancelOrder,
    Command,
    ConfigureVenue,
    Deposit,
    FillModel,
    MarketMoved,
    MarketView,
    OpenAccount,
    ReplaceOrder,
    Stamped,
    SubmitOrder,
    TimeReached,
    VenueSettings,
)
from portway.model.event import Event, OrderAccepted, OrderFilled, OrderStatusChanged
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.order import OrderSide, OrderStatus, OrderTerms, OrderType, TimeInForce
from portway.model.quote import Depth, Level, Trade, TradeSession
from portway.model.symbol import Symbol
from portway.testing.cases import kind

__all__ = ["MatchFloor"]

SECURITIES: Final = {
    "HK": ("1.HK", "HKD", 100, Board.HK_EQUITY, SecurityClass.EQUITY),
    "US": ("A.US", "USD", 1, Board.US_MAIN, SecurityClass.STOCK),
    "CN": ("600000.SH", "CNY", 100, Board.SH_MAIN_CONNECT, SecurityClass.A_SHARE),
}
MODELS: Final = {"depth": FillModel.DEPTH, "touch": FillModel.TOUCH, "queue": FillModel.QUEUE}
STEP: Final = timedelta(milliseconds=1)
SUPPLY: Final = 200_000  # Shares that every account has before a case begins.


class MatchFloor:
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
                self.at += STEP
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
            case "wait":
                self.at += timedelta(seconds=float(event["seconds"]))
                self.tell(TimeReached(self.instrument.market, self.at))
            case "cancel":
                self.tell(CancelOrder(self.account_of(event["id"]), self.ids[event["id"]]))
            case "replace":
                quantity, price = Decimal(event["quantity"]), Decimal(event["price"])
                account_no, order_id = self.account_of(event["id"]), self.ids[event["id"]]
                self.tell(ReplaceOrder(account_no, order_id, quantity, price))

    def show(self, bids: list[Any], asks: list[Any]) -> None:
        self.at += STEP
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

    def tell(self, command: Command) -> tuple[Event, ...]:
        self.at += STEP
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

    def outside(self) -> dict[str, list[OutsideLevel]]:
        """Return what is left of the outside depth."""
        outside = self.outsides[self.instrument.symbol]
        return {
            "bids": list(outside.levels(OrderSide.BUY)),
            "asks": list(outside.levels(OrderSide.SELL)),
        }

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

    def msg(self, order_id: int) -> str:
        """Return why an order ended: the text of its last step."""
        told = ""
        for event in self.events:
            if isinstance(event, OrderStatusChanged) and event.order_id == order_id:
                told = event.msg or told
            if isinstance(event, OrderAccepted) and event.order.order_id == order_id:
                told = event.order.msg
        return told


def _levels(levels: list[Any]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), int(size), 1) for price, size in levels)


_STATES: Final = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "cancelled",
    OrderStatus.PARTIAL_WITHDRAWAL: "cancelled",
    OrderStatus.REJECTED: "rejected",
}


@kind("matching", "sequence")
def sequence(given: Mapping[str, Any]) -> Mapping[str, Any]:
    floor = MatchFloor(dict(given))
    for event in given["events"]:
        floor.play(event)
    answer: dict[str, Any] = {"fills": list(floor.fills()), "orders": {}}
    submitted = {one["id"]: one["quantity"] for one in given["events"] if one["event"] == "order"}
    submitted |= {
        one["id"]: one["quantity"] for one in given["events"] if one["event"] == "replace"
    }
    for name, quantity in submitted.items():
        filled = sum(one["quantity"] for one in answer["fills"] if one["order"] == name)
        live = floor.state.orders.get(floor.ids[name])
        told = {
            "state": "resting" if live is not None else _end(floor, name),
            "filled": filled,
            "leaves": quantity - filled,
        }
        if told["state"] in ("cancelled", "rejected"):
            told["reason"] = _reason(floor, given, name)
        answer["orders"][name] = told
    answer["outside"] = {
        side: [[level.price, level.left] for level in levels]
        for side, levels in floor.outside().items()
    }
    return answer


def _end(floor: MatchFloor, name: str) -> str:
    return _STATES[floor.state.closed[floor.ids[name]].status]


def _reason(floor: MatchFloor, given: Mapping[str, Any], name: str) -> str:
    order = next(one for one in given["events"] if one.get("id") == name)
    match floor.msg(floor.ids[name]):
        case "":
            return "request"
        case text if text == SELF_MATCH_MSG:
            return "self_match"
        case "PRICE_OUTSIDE_BAND":
            return "aggressive_bound"
    if _end(floor, name) == "cancelled":
        return "no_liquidity"
    return "must_cross" if order["order_type"] == "SLO" else "no_opposite_quote"
