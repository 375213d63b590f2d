"""Short sales by market: who may, in what, and at which prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from portway.core.short_sales import REPRICED_MSG
from portway.model.account import AccountKind, Agreement, MoneyRules, Standing
from portway.model.command import ChangeStanding, Deposit, OpenAccount, ReplaceOrder
from portway.model.event import OrderAccepted, OrderRefused
from portway.model.money import Currency
from portway.model.order import OrderStatus, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.session import Phase
from portway.model.symbol import Symbol
from tests.core.day_floor import DayFloor
from tests.trading.floor import APPLE, MOUTAI, TENCENT

D = Decimal
S = OrderStatus
SELLER = "M1"
EVERYTHING = tuple(Agreement)


def floor_of(
    symbol: Symbol,
    close: str,
    agreements: tuple[Agreement, ...] = EVERYTHING,
    residency: str = "HK",
    **settings: object,
) -> DayFloor:
    """A floor with a margin account that has money and no shares."""
    floor = DayFloor(symbol, close, **settings)
    floor.instrument = replace(floor.instrument, short_sell=True)
    standing = Standing(agreements, residency)
    floor.tell(OpenAccount(SELLER, "", kind=AccountKind.MARGIN, standing=standing))
    for currency in Currency:
        floor.tell(Deposit(SELLER, currency, D(10**7)))
    return floor


def sell(
    floor: DayFloor,
    price: str | None,
    kind: OrderType = OrderType.LO,
    quantity: int = 100,
    side: str = "SELL",
    **more: object,
) -> str | int:
    """Return the reason why a sale is refused at once, or its id."""
    first = floor.submit(side, quantity, price, kind, SELLER, **more)
    if isinstance(first, OrderRefused):
        return first.reason.name
    assert isinstance(first, OrderAccepted), first
    return first.order.order_id


def placed(
    floor: DayFloor, price: str | None, kind: OrderType = OrderType.LO, **more: object
) -> int:
    order_id = sell(floor, price, kind, **more)  # type: ignore[arg-type]
    assert isinstance(order_id, int), order_id
    return order_id


# --- Who may ----------------------------------------------------------------------------------


def test_us_shares_are_lent_after_the_disclosure() -> None:
    floor = floor_of(APPLE, "200", agreements=())
    floor.show("200x500", "200.01x500")
    assert sell(floor, "200") == "SHORT_SALE_DISCLOSURE_MISSING"
    floor.tell(ChangeStanding(SELLER, Standing((Agreement.US_SHORT_SALE,))))
    order = placed(floor, "200")
    assert floor.status(order) is S.FILLED
    floor.tell(ChangeStanding(SELLER, Standing(())))
    assert sell(floor, "200") == "SHORT_SALE_DISCLOSURE_MISSING"
    assert floor.status(placed(floor, "200.01", side="BUY")) is S.FILLED, "buying back is free"


def test_hong_kong_shares_are_lent_after_the_agreement() -> None:
    floor = floor_of(TENCENT, "500", agreements=(Agreement.US_SHORT_SALE,))
    floor.show("500x500", "500.5x500")
    assert sell(floor, "500.5") == "BORROWING_AGREEMENT_MISSING"
    floor.tell(ChangeStanding(SELLER, Standing(EVERYTHING)))
    assert floor.status(placed(floor, "500.5")) is S.NEW


def test_a_replacement_that_goes_short_needs_the_agreement_too() -> None:
    floor = floor_of(APPLE, "200", agreements=())
    floor.show("200x500", "200.01x500")
    floor.order("BUY", 100, "200.01", account_no=SELLER)
    order = placed(floor, "210")
    wish = ReplaceOrder(SELLER, order, D(200))
    assert floor.refusal(wish) == "SHORT_SALE_DISCLOSURE_MISSING"
    assert floor.refusal(ReplaceOrder(SELLER, order, D(50))) is None


@pytest.mark.parametrize(
    ("symbol", "close", "price"), [(TENCENT, "500", "500.5"), (APPLE, "200", "200")]
)
def test_what_nobody_lends_is_not_sold(symbol: Symbol, close: str, price: str) -> None:
    """Hong Kong lends designated securities; the US what the venue's owner has not taken out."""
    money = MoneyRules(not_lent=(APPLE,))
    floor = floor_of(symbol, close, money=money)
    floor.instrument = replace(floor.instrument, short_sell=False)
    floor.show(f"{close}x500", f"{price}x500")
    order = placed(floor, price)
    assert floor.status(order) is S.REJECTED
    assert floor.messages[order] == "SHARES_NOT_LENT"


def test_mainland_shares_are_never_lent() -> None:
    floor = floor_of(MOUTAI, "1500")
    order = placed(floor, "1500")
    assert (floor.status(order), floor.messages[order]) == (S.REJECTED, "SHARES_NOT_ENOUGH")


def test_hong_kong_takes_limits_alone_as_short_sales() -> None:
    floor = floor_of(TENCENT, "500")
    floor.show("500x500", "500.5x500")
    assert sell(floor, None, OrderType.MO) == "ORDER_TYPE_NOT_SUPPORTED"
    assert sell(floor, "500.5", OrderType.ELO) == "ORDER_TYPE_NOT_SUPPORTED"


def test_who_lives_on_the_mainland_may_not_buy_there() -> None:
    floor = floor_of(MOUTAI, "1500", residency="CN")
    assert sell(floor, "1500", side="BUY") == "RESIDENCY_RESTRICTED"
    floor.tell(ChangeStanding(SELLER, Standing(residency="HK")))
    assert isinstance(sell(floor, "1500", side="BUY"), int)
    wrong = ChangeStanding(SELLER, Standing(residency="Mars"))
    assert floor.refusal(wrong) == "PARAMETER_INVALID"


# --- Hong Kong: never below the best ask -------------------------------------------------------


def test_a_short_sale_below_the_best_ask_is_rejected_in_hong_kong() -> None:
    floor = floor_of(TENCENT, "500")
    floor.show("500x500", "501x500")
    low = placed(floor, "500.5")
    assert (floor.status(low), floor.messages[low]) == (S.REJECTED, "SHORT_PRICE_TOO_LOW")
    order = placed(floor, "501")
    assert floor.status(order) is S.NEW
    floor.tell(ReplaceOrder(SELLER, order, D(100), D("500.5")))
    assert floor.live(order).price == 501, "the exchange refused the new terms"
    floor.show("501x500", "502x500")
    assert floor.fills(order) == [("501", 100)], "what stands may be met"


def test_in_an_auction_a_short_sale_is_held_against_its_reference() -> None:
    floor = floor_of(TENCENT, "500")
    floor.enter(Phase.PRE_OPEN_INPUT)
    low, fair = placed(floor, "499.8", OrderType.ALO), placed(floor, "500", OrderType.ALO)
    assert (floor.status(low), floor.status(fair)) == (S.REJECTED, S.NEW)
    floor.reference = D(510)
    floor.enter(Phase.CLOSING_INPUT)
    assert floor.status(placed(floor, "509", OrderType.ALO)) is S.REJECTED
    assert floor.status(placed(floor, "510", OrderType.ALO)) is S.NEW


def test_own_shares_are_sold_first_and_by_no_such_rule() -> None:
    floor = floor_of(TENCENT, "500")
    floor.show("500x500", "501x100")
    floor.order("BUY", 100, "501", account_no=SELLER)
    floor.show("500x500", "501x500")
    own, short = placed(floor, "500.5"), placed(floor, "501")
    assert (floor.status(own), floor.status(short)) == (S.NEW, S.NEW)
    assert floor.status(placed(floor, "500")) is S.REJECTED


# --- US: above the best bid after a fall --------------------------------------------------------


def fallen() -> DayFloor:
    floor = floor_of(APPLE, "200")
    floor.is_price_tested = True
    floor.show("180x500", "180.05x500")
    return floor


def test_after_a_fall_a_short_sale_stands_above_the_bid() -> None:
    floor = fallen()
    order = placed(floor, "170")
    assert floor.status(order) is S.NEW
    assert floor.live(order).price == D("180.01")
    assert floor.messages[order] == REPRICED_MSG
    floor.show("180.01x500", "180.05x500")
    assert floor.fills(order) == [("180.01", 100)], "shown above the bid, it may be met"


def test_after_a_fall_a_short_market_order_finds_no_bid() -> None:
    floor = fallen()
    order = placed(floor, None, OrderType.MO)
    assert floor.fills(order) == []
    floor.wait(2)
    assert floor.status(order) is S.CANCELED


def test_after_a_fall_a_new_limit_stands_above_the_bid_too() -> None:
    floor = fallen()
    order = placed(floor, "190")
    floor.tell(ReplaceOrder(SELLER, order, D(100), D(175)))
    assert floor.live(order).price == D("180.01")
    assert floor.fills(order) == []


def test_own_shares_are_sold_to_the_bid_after_a_fall() -> None:
    floor = fallen()
    floor.order("BUY", 100, "180.05", account_no=SELLER)
    floor.show("180x500", "180.05x500")
    assert floor.fills(placed(floor, "170")) == [("180", 100)]
    assert floor.fills(placed(floor, "170")) == [], "and no more than these"


def test_a_long_term_short_sale_that_comes_back_stands_above_the_bid() -> None:
    floor = floor_of(APPLE, "200")
    floor.show("199x500", "201x500")
    order = placed(floor, "200.5", time_in_force=TimeInForce.GTC)
    floor.end()
    floor.next_day()
    floor.is_price_tested = True
    floor.shown = None
    floor.open()
    floor.show("201x500", "202x500")
    assert floor.fills(order) == [("201", 100)], "it came before there was any bid"
    other = placed(floor, "203", time_in_force=TimeInForce.GTC)
    floor.end()
    floor.next_day()
    floor.close = D(210)
    floor.show("204x500", "205x500")
    floor.open()
    assert floor.live(other).price == D("204.01")


def test_nothing_is_sold_short_over_night() -> None:
    floor = floor_of(APPLE, "200")
    floor.enter(Phase.OVERNIGHT, TradeSession.OVERNIGHT)
    floor.at += timedelta(hours=1)
    order = placed(floor, "200")
    assert floor.messages[order] == "SHARES_NOT_ENOUGH"
