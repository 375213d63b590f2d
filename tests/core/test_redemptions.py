"""Structured products in an account: paid when they end, gone from the exchange when called.

Source: markets 11.1.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from portway.core.engine import handle
from portway.core.invariants import check_invariants
from portway.model.command import MarketMoved, MarketView, Stamped, TradingDayStarted
from portway.model.corporate_action import Redemption
from portway.model.event import Event, OrderStatusChanged, ProductRedeemed
from portway.model.money import Currency
from portway.model.order import OrderStatus
from portway.model.quote import TradeStatus
from portway.model.symbol import Market
from tests.core.day_floor import DayFloor
from tests.trading.floor import ACCOUNT, TENCENT, next_weekday

HELD = 10_000


def begin_day(floor: DayFloor, end: Redemption | None = None) -> tuple[Event, ...]:
    floor.day = next_weekday(floor.day)
    floor.seq += 1
    command = TradingDayStarted(Market.HK, floor.day, floor.at)
    actions = (end,) if end is not None else ()
    stamped = Stamped(command, floor.at, {TENCENT: floor.view()}, actions)
    events = handle(floor.state, floor.outsides, stamped, floor.seq)
    check_invariants(floor.state)
    return events


def ending(floor: DayFloor, cash: str, *, called: bool = False) -> Redemption:
    ex_date = next_weekday(floor.day)
    paid = next_weekday(ex_date, 3)
    return Redemption(TENCENT, ex_date, Decimal(cash), paid, Decimal(500), called)


def purse_of(floor: DayFloor) -> tuple[Decimal, Decimal]:
    purse = floor.state.accounts[ACCOUNT].purse(Currency.HKD)
    return purse.cash, purse.receivable


def test_a_product_that_expires_is_paid_on_its_day_and_counts_at_once() -> None:
    floor = DayFloor()
    begin_day(floor), begin_day(floor)  # What the floor began with has settled.
    cash, receivable = purse_of(floor)
    end = ending(floor, "0.131")
    (redeemed, *_) = (one for one in begin_day(floor, end) if isinstance(one, ProductRedeemed))
    assert (redeemed.quantity, redeemed.cash) == (HELD, Decimal("1310.00"))
    assert TENCENT not in floor.state.accounts[ACCOUNT].positions
    assert purse_of(floor) == (cash + 1310, receivable + 1310)
    while floor.day < end.pay_date:
        begin_day(floor)
    assert purse_of(floor) == (cash + 1310, 0)
    assert not floor.state.ledger.imbalance()


def test_a_product_without_value_is_gone_without_a_payment() -> None:
    floor = DayFloor()
    before = purse_of(floor)
    begin_day(floor, ending(floor, "0", called=True))
    assert TENCENT not in floor.state.accounts[ACCOUNT].positions
    assert purse_of(floor) == before


def test_its_working_orders_end_with_it() -> None:
    floor = DayFloor()
    order_id = floor.order("SELL", 100, "520")
    begin_day(floor, ending(floor, "0.5"))
    assert floor.status(order_id) in (OrderStatus.CANCELED, OrderStatus.EXPIRED)


def test_a_contract_that_is_called_takes_its_orders_off_the_exchange_at_once() -> None:
    floor = DayFloor()
    order_id = floor.order("SELL", 100, "520")
    view: MarketView = structs.replace(floor.view(), status=TradeStatus.EXPIRED)
    moved = MarketMoved(TENCENT, floor.at, None, None)
    floor.seq += 1
    events = handle(
        floor.state, floor.outsides, Stamped(moved, floor.at, {TENCENT: view}), floor.seq
    )
    assert [type(one) for one in events] == [OrderStatusChanged]
    assert floor.status(order_id) is OrderStatus.CANCELED
