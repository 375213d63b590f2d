"""Continuous matching: its rules beyond the case file, which `portway.testing` plays."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from portway.model.money import Currency
from portway.model.order import OrderStatus
from portway.model.quote import Depth, Level, Trade
from portway.testing.case_kinds.matching import MatchFloor as CaseFloor


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
    floor.shown = Depth(symbol, at, (Level(Decimal("9.90"), 500, 1),), ())
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
    assert floor.ids["a1"] in floor.state.orders  # For a second it waits for more.
    floor.play({"event": "wait", "seconds": "1"})
    assert floor.state.closed[floor.ids["a1"]].status is OrderStatus.PARTIAL_WITHDRAWAL


def test_currency_of_the_floor_is_that_of_the_security() -> None:
    floor = _floor("CN")
    assert set(floor.state.accounts["A"].purses) == {Currency.CNH}
