"""Multi-leg orders: all legs or none, within one net price, and borne as a whole.

Source: trade 8.4, markets 15.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from portway.core.funds import summary_of
from portway.model.account import AccountKind
from portway.model.command import CancelOrder, SubmitOrder
from portway.model.derivative import Right
from portway.model.event import (
    CombinationFilled,
    Event,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderStatusChanged,
)
from portway.model.money import Currency
from portway.model.order import Combination, Leg, OrderSide, OrderStatus
from portway.model.quote import TradeSession
from portway.model.strategies import STRATEGIES, WrongLegs, combination_of
from portway.model.symbol import Symbol
from tests.core.test_options import (
    CALL_200,
    CALL_210,
    EXPIRY,
    PUT_190,
    PUT_200,
    OptionFloor,
    contract,
)
from tests.trading.floor import ACCOUNT, APPLE, depth, next_weekday, terms

ONE = Decimal(1)
VERTICAL = ((CALL_200, ONE), (CALL_210, ONE))


def submit(
    floor: OptionFloor,
    strategy: str,
    legs: tuple[tuple[Symbol, Decimal], ...],
    price: str | None,
    *,
    side: OrderSide = OrderSide.BUY,
    quantity: int = 1,
) -> tuple[Event, ...]:
    combination = combination_of(strategy, side, legs)
    wish = terms(side, quantity, price, legs[0][0], combination=combination)
    return floor.tell(SubmitOrder(ACCOUNT, wish))


def fills(events: tuple[Event, ...]) -> list[tuple[str, Decimal, Decimal]]:
    return [
        (one.execution.symbol, one.execution.quantity, one.execution.price)
        for one in events
        if isinstance(one, OrderFilled)
    ]


def combined(events: tuple[Event, ...]) -> list[tuple[Decimal, Decimal, OrderStatus]]:
    return [
        (one.quantity, one.price, one.status)
        for one in events
        if isinstance(one, CombinationFilled)
    ]


def margin_floor(cash: int = 20_000) -> OptionFloor:
    floor = OptionFloor(AccountKind.MARGIN, cash=cash)
    floor.quote(CALL_210, "2", "2.05")
    floor.views[CALL_210] = structs.replace(floor.views[CALL_210], last_done=Decimal(2))
    return floor


def test_a_spread_within_its_limit_trades_all_legs_at_once() -> None:
    floor = margin_floor()
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "3.05", quantity=2)
    assert fills(events) == [(CALL_200, 2, Decimal("5.05")), (CALL_210, 2, Decimal(2))]
    assert combined(events) == [(2, Decimal("3.05"), OrderStatus.FILLED)]
    assert (floor.shares(CALL_200), floor.shares(CALL_210)) == (2, -2)
    assert not floor.state.orders
    first = events[0]
    assert isinstance(first, OrderAccepted)
    legs = [one.order for one in events[1:] if isinstance(one, OrderAccepted)]
    assert {leg.multileg_id for leg in legs} == {first.order.order_id}
    # A debit spread is paid in full: its value lends nothing, and it asks for no more.
    summary = summary_of(floor.state, floor.state.accounts[ACCOUNT], floor.views)
    assert summary.init_margin == 2 * 100 * (5 - 2)


def test_a_spread_waits_for_its_net_price_and_reserves_nothing() -> None:
    floor = margin_floor()
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "2.90")
    assert not fills(events)
    (order_id,) = floor.state.combinations
    assert floor.state.accounts[ACCOUNT].purse(Currency.USD).frozen_cash == 0
    floor.quote(CALL_200, "4.80", "4.90")
    assert order_id not in floor.state.orders
    assert floor.state.closed[order_id].status is OrderStatus.FILLED
    assert (floor.shares(CALL_200), floor.shares(CALL_210)) == (1, -1)


def test_a_sold_spread_gets_its_net_price_at_least() -> None:
    floor = margin_floor()
    # Sold: the 200 call at the bid of 5, the 210 call bought at the ask of 2.05.
    assert not fills(submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "2.96", side=OrderSide.SELL))
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "2.95", side=OrderSide.SELL)
    assert combined(events) == [(1, Decimal("2.95"), OrderStatus.FILLED)]
    assert (floor.shares(CALL_200), floor.shares(CALL_210)) == (-1, 1)


def test_no_more_combinations_trade_than_every_leg_shows() -> None:
    floor = margin_floor()
    thin = depth(CALL_210, "2x3", "2.05x3", floor.at)
    floor.views[CALL_210] = structs.replace(floor.views[CALL_210], depth=thin)
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "3.05", quantity=5)
    assert combined(events) == [(3, Decimal("3.05"), OrderStatus.PARTIAL_FILLED)]
    (order_id,) = floor.state.combinations
    floor.tell(CancelOrder(ACCOUNT, order_id))
    assert floor.state.closed[order_id].status is OrderStatus.PARTIAL_WITHDRAWAL
    assert not floor.state.symbols


def test_a_market_combination_takes_what_there_is_and_ends() -> None:
    floor = margin_floor()
    combination = combination_of("STRADDLE", OrderSide.BUY, ((CALL_200, ONE), (PUT_200, ONE)))
    wish = terms(OrderSide.BUY, 1, None, CALL_200, combination=combination)
    events = floor.tell(SubmitOrder(ACCOUNT, wish))
    assert combined(events) == [(1, Decimal("10.10"), OrderStatus.FILLED)]


def test_what_the_account_cannot_bear_as_a_whole_is_rejected_and_no_leg_trades() -> None:
    floor = margin_floor(cash=300)
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "3.05", quantity=50)
    ended = events[-1]
    assert isinstance(ended, OrderStatusChanged)
    assert (ended.status, ended.msg) == (OrderStatus.REJECTED, "BUYING_POWER_EXCEEDED")
    assert not fills(events)


def test_a_sold_straddle_is_naked_and_takes_approval() -> None:
    floor = OptionFloor(AccountKind.MARGIN, approved=False)
    events = submit(floor, "STRADDLE", ((CALL_200, ONE), (PUT_200, ONE)), "9", side=OrderSide.SELL)
    ended = events[-1]
    assert isinstance(ended, OrderStatusChanged)
    assert ended.msg == "OPTION_APPROVAL_MISSING"


def test_a_cash_account_buys_shares_and_writes_the_call_against_them_at_once() -> None:
    floor = OptionFloor(cash=30_000)
    legs = ((APPLE, Decimal(100)), (CALL_210, ONE))
    price = 100 * Decimal("200.05") - 5
    events = submit(floor, "COVERED_CALL", legs, str(price))
    assert [symbol for symbol, *_ in fills(events)] == [APPLE, CALL_210]
    assert floor.state.accounts[ACCOUNT].pledged_shares(APPLE) == 100


def test_a_cash_account_has_no_credit_spreads() -> None:
    floor = OptionFloor(cash=30_000)
    floor.quote(CALL_210, "2", "2.05")
    events = submit(floor, "VERTICAL_CALL_SPREAD", VERTICAL, "0.01", side=OrderSide.SELL)
    ended = events[-1]
    assert isinstance(ended, OrderStatusChanged)
    assert ended.msg == "SHARES_NOT_ENOUGH"


def refusal(floor: OptionFloor, legs: tuple[Leg, ...]) -> str:
    wish = terms(OrderSide.BUY, 1, "3", CALL_200, combination=Combination("COLLAR", legs))
    first = floor.tell(SubmitOrder(ACCOUNT, wish))[0]
    assert isinstance(first, OrderRefused)
    return f"{first.reason.name} {first.detail}"


def test_legs_that_make_no_sense_are_refused() -> None:
    floor = margin_floor()
    call, put = Leg(CALL_200, OrderSide.SELL, ONE), Leg(PUT_190, OrderSide.BUY, ONE)
    assert refusal(floor, (call,)).startswith("PARAMETER_INVALID legs")
    assert refusal(floor, (call, call)).startswith("PARAMETER_INVALID legs")
    half = Leg(PUT_190, OrderSide.BUY, Decimal("0.5"))
    assert refusal(floor, (call, half)).startswith("PARAMETER_INVALID ratio_quantity")
    unknown = Leg(Symbol("XYZ260109C200000.US"), OrderSide.BUY, ONE)
    assert refusal(floor, (call, unknown)).startswith("SYMBOL_NOT_FOUND")
    floor.views[PUT_190] = structs.replace(floor.views[PUT_190], session=TradeSession.POST)
    assert refusal(floor, (call, put)).startswith("OUTSIDE_RTH_NOT_SUPPORTED")


@pytest.mark.parametrize(
    ("strategy", "legs", "bought"),
    [
        ("VERTICAL_CALL_SPREAD", (CALL_210, CALL_200), [False, True]),
        ("VERTICAL_PUT_SPREAD", (PUT_190, PUT_200), [False, True]),
        ("STRADDLE", (CALL_200, PUT_200), [True, True]),
        ("STRANGLE", (CALL_210, PUT_190), [True, True]),
        ("COVERED_CALL", (APPLE, CALL_210), [True, False]),
        ("COVERED_PUT", (APPLE, PUT_190), [False, False]),
        ("COLLAR", (APPLE, PUT_190, CALL_210), [True, True, False]),
    ],
)
def test_the_direction_of_each_leg_follows_from_strategy_and_side(
    strategy: str, legs: tuple[Symbol, ...], bought: list[bool]
) -> None:
    pairs = [(symbol, ONE) for symbol in legs]
    for side in OrderSide:
        made = combination_of(strategy, side, pairs)
        expected = bought if side is OrderSide.BUY else [not one for one in bought]
        assert [leg.side is OrderSide.BUY for leg in made.legs] == expected


def test_a_calendar_is_long_the_later_expiry() -> None:
    later = contract(Right.CALL, "200", next_weekday(EXPIRY, 5))
    made = combination_of("CALENDAR_CALL_SPREAD", OrderSide.BUY, [(CALL_200, ONE), (later, ONE)])
    assert [leg.side for leg in made.legs] == [OrderSide.SELL, OrderSide.BUY]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_legs_of_another_strategy_are_refused_with_what_it_consists_of(strategy: str) -> None:
    with pytest.raises(WrongLegs, match="consists of"):
        combination_of(strategy, OrderSide.BUY, [(APPLE, ONE), (APPLE, ONE)])
