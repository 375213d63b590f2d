"""Pre-trade checks: each reason, and which comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from portway.core.engine import Outsides, handle
from portway.core.exchange_rules import Place, price_refusal
from portway.core.order_checks import Touch, life_day, market_bound, works_in
from portway.core.state import State
from portway.model.command import (
    Command,
    ConfigureVenue,
    Deposit,
    MarketView,
    OpenAccount,
    RejectTiming,
    ReplaceOrder,
    Stamped,
    SubmitOrder,
    VenueSettings,
    Withdraw,
)
from portway.model.event import Event, OrderAccepted, OrderRefused, RefusalReason
from portway.model.instrument import Board
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType, OutsideRth, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from portway.wire.envelope import REASONS
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    INSTRUMENTS,
    MOUTAI,
    OPEN,
    TENCENT,
    buy,
    depth,
    market_view,
    next_weekday,
    sell,
    terms,
)

R = RefusalReason
GTC, GTD = TimeInForce.GTC, TimeInForce.GTD
ONE, HUNDRED = Decimal(1), Decimal(100)
HK_BOOK = depth(TENCENT, "499.8x1000", "500x1000")


class Desk:
    """A venue with one account, and views as a test sets them."""

    def __init__(self, **settings: Any) -> None:
        self.state, self.outsides, self.seq = State(), Outsides(), 0
        self.views: dict[Symbol, MarketView] = {
            TENCENT: market_view(TENCENT, HK_BOOK, last_done="500"),
            APPLE: market_view(APPLE, depth(APPLE, "199.99x300", "200.01x200")),
            MOUTAI: market_view(MOUTAI, depth(MOUTAI, "1499x1000", "1500x1000")),
        }
        self.tell(ConfigureVenue(VenueSettings(**settings)))
        self.tell(OpenAccount(ACCOUNT, ""))
        for currency in Currency:
            self.tell(Deposit(ACCOUNT, currency, Decimal(100_000)))

    def tell(self, command: Command) -> tuple[Event, ...]:
        self.seq += 1
        stamped = Stamped(command, OPEN + timedelta(seconds=self.seq), self.views)
        return handle(self.state, self.outsides, stamped, self.seq)

    def reason(self, command: Command) -> RefusalReason | None:
        first = self.tell(command)[0]
        return first.reason if isinstance(first, OrderRefused) else None


REFUSED_AT_ONCE = [
    (buy(100, "500", remark="x" * 256), R.PARAMETER_INVALID),
    (buy(0, "500"), R.QUANTITY_NOT_POSITIVE),
    (buy(-100, "500"), R.QUANTITY_NOT_POSITIVE),
    (buy(100, "0"), R.PARAMETER_INVALID),
    (buy(100, None, order_type=OrderType.LO), R.PARAMETER_INVALID),
    (buy(100, "500", time_in_force=GTD), R.PARAMETER_INVALID),
    (buy(100, "500", symbol=Symbol("1.HK")), R.SYMBOL_NOT_FOUND),
    (buy(1, "500", symbol=APPLE, order_type=OrderType.ELO), R.ORDER_TYPE_NOT_SUPPORTED),
    (buy(100, "500", order_type=OrderType.LIT), R.PARAMETER_INVALID),
    (buy(100, None, order_type=OrderType.MIT), R.PARAMETER_INVALID),
    (buy(100, None, order_type=OrderType.TSLPAMT, limit_offset=Decimal(1)), R.PARAMETER_INVALID),
    (buy(100, None, order_type=OrderType.TSLPAMT, trailing_amount=ONE), R.PARAMETER_INVALID),
    (buy(100, None, order_type=OrderType.TSMPCT, trailing_percent=HUNDRED), R.PARAMETER_INVALID),
    (
        buy(100, None, order_type=OrderType.MIT, trigger_price=ONE, trigger_count=4),
        R.PARAMETER_INVALID,
    ),
    (buy(100, "500", order_type=OrderType.ODD), R.ODD_LOT_QUANTITY),
    (buy(100, None, symbol=MOUTAI), R.ORDER_TYPE_NOT_SUPPORTED),
    (buy(100, "500", delayed_until=OPEN), R.DELAYED_UNTIL_INVALID),
    (buy(100, "500", delayed_until=OPEN + timedelta(91)), R.DELAYED_UNTIL_INVALID),
    (
        buy(100, "500", order_type=OrderType.ELO, delayed_until=OPEN + timedelta(1)),
        R.DELAYED_UNTIL_INVALID,
    ),
    (buy(100, None, time_in_force=GTC), R.TIME_IN_FORCE_NOT_SUPPORTED),
    (buy(100, "1500", symbol=MOUTAI, time_in_force=GTC), R.TIME_IN_FORCE_NOT_SUPPORTED),
    (buy(100, "500", time_in_force=GTD, expire_date=DAY - timedelta(1)), R.EXPIRE_DATE_INVALID),
    (buy(100, "500", time_in_force=GTD, expire_date=DAY + timedelta(91)), R.EXPIRE_DATE_INVALID),
    (
        buy(1, "200", symbol=APPLE, outside_rth=OutsideRth.OPTION_PRE_MARKET),
        R.OUTSIDE_RTH_NOT_SUPPORTED,
    ),
    (buy(50, "500"), R.LOT_SIZE_MISMATCH),
    (buy("100.5", "500"), R.QUANTITY_FRACTIONAL),
    (buy(300_100, "500"), R.QUANTITY_TOO_LARGE),
    (buy(1_000_001, "200", symbol=APPLE), R.QUANTITY_TOO_LARGE),
    (buy(100, "500.1"), R.WRONG_BID_SIZE),
    (buy(1, "200.001", symbol=APPLE), R.WRONG_BID_SIZE),
]


@pytest.mark.parametrize(("order", "reason"), REFUSED_AT_ONCE)
def test_what_is_refused_at_once_gets_no_id_and_changes_nothing(
    order: SubmitOrder, reason: RefusalReason
) -> None:
    desk = Desk()
    assert desk.reason(order) is reason
    assert not desk.state.orders
    assert not desk.state.closed


def test_an_unknown_account_is_refused_first() -> None:
    order = SubmitOrder("nobody", terms(OrderSide.BUY, 0, None, Symbol("1.HK")))
    assert Desk().reason(order) is R.ACCOUNT_NOT_FOUND


def test_the_order_of_the_checks_is_fixed() -> None:
    """Take the mistakes away one by one, and each next reason shows."""
    desk = Desk()
    wrong = {"time_in_force": GTC, "order_type": OrderType.AO, "remark": "x" * 300}
    order = buy(50, "500.1", Symbol("1.HK"), **wrong)
    for better, reason in (
        ({}, R.PARAMETER_INVALID),
        ({"remark": ""}, R.SYMBOL_NOT_FOUND),
        ({"symbol": TENCENT}, R.TIME_IN_FORCE_NOT_SUPPORTED),
        ({"order_type": OrderType.MO}, R.TIME_IN_FORCE_NOT_SUPPORTED),
        ({"order_type": OrderType.LO, "time_in_force": TimeInForce.DAY}, R.LOT_SIZE_MISMATCH),
        ({"quantity": Decimal(100)}, R.WRONG_BID_SIZE),
        ({"price": Decimal(500)}, None),
    ):
        order = SubmitOrder(ACCOUNT, structs.replace(order.terms, **better))  # type: ignore[arg-type]
        assert desk.reason(order) is reason


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(300, "500"), R.BUYING_POWER_EXCEEDED),
        (buy(300, None), R.BUYING_POWER_EXCEEDED),
        (sell(100, "500"), R.SHARES_NOT_ENOUGH),
        (sell(100, "1500", symbol=MOUTAI), R.SHARES_NOT_ENOUGH),
        (buy(100, "505"), R.PRICE_OUTSIDE_BAND),
        (buy(100, "55.5"), R.PRICE_OUTSIDE_BAND),
    ],
)
def test_what_is_found_later_gets_an_id_and_is_rejected(
    order: SubmitOrder, reason: RefusalReason
) -> None:
    late = Desk()
    events = late.tell(order)
    assert isinstance(events[0], OrderAccepted)
    [(_, closed)] = late.state.closed.items()
    assert closed.status is OrderStatus.REJECTED
    early = Desk(rejects=RejectTiming.EARLY)
    assert early.reason(order) is reason
    assert not early.state.closed


def band_refusal(
    side: OrderSide, price: Decimal, view: MarketView, touch: Touch, settings: VenueSettings
) -> RefusalReason | None:
    limit = terms(side, 100, str(price))
    state = State(settings=settings)
    return price_refusal(state, limit, price, view, touch, Place.CONTINUOUS)


def test_a_hk_limit_may_reach_nine_ticks_through_the_touch() -> None:
    view = market_view(TENCENT, HK_BOOK)
    settings, touch = VenueSettings(), Touch.of_depth(HK_BOOK)
    nine, ten = Decimal("504.5"), Decimal("505")
    assert band_refusal(OrderSide.BUY, nine, view, touch, settings) is None
    assert band_refusal(OrderSide.BUY, ten, view, touch, settings) is R.PRICE_OUTSIDE_BAND
    low = Decimal("495")  # The tick of 500 and above is 0.5, below it 0.2.
    assert band_refusal(OrderSide.SELL, low, view, touch, settings) is R.PRICE_OUTSIDE_BAND
    nobody = Touch(None, None)
    assert band_refusal(OrderSide.BUY, Decimal(900), view, nobody, settings) is None


def test_the_passive_check_is_a_setting() -> None:
    view, touch = market_view(TENCENT, HK_BOOK), Touch.of_depth(HK_BOOK)
    far = Decimal("490")
    assert band_refusal(OrderSide.BUY, far, view, touch, VenueSettings()) is None
    strict = VenueSettings(hk_passive_check=True)
    assert band_refusal(OrderSide.BUY, far, view, touch, strict) is R.PRICE_OUTSIDE_BAND


def test_market_orders_are_bounded() -> None:
    rate = Decimal("0.05")
    hk = market_view(TENCENT, HK_BOOK)
    assert market_bound(OrderSide.BUY, hk, Touch.of_depth(HK_BOOK), rate) == Decimal("504.5")
    assert market_bound(OrderSide.BUY, hk, Touch(None, None), rate) is None
    us = market_view(APPLE)
    touch = Touch(Decimal("100.00"), Decimal("100.02"))
    assert market_bound(OrderSide.BUY, us, touch, rate) == Decimal("105.01")
    assert market_bound(OrderSide.SELL, us, touch, rate) == Decimal("95.01")


@pytest.mark.parametrize(
    ("outside_rth", "sessions"),
    [
        (None, {TradeSession.NORMAL}),
        (OutsideRth.RTH_ONLY, {TradeSession.NORMAL}),
        (OutsideRth.ANY_TIME, {TradeSession.PRE, TradeSession.NORMAL, TradeSession.POST}),
        (OutsideRth.OVERNIGHT, {TradeSession.OVERNIGHT}),
    ],
)
def test_in_which_sessions_a_us_order_works(
    outside_rth: OutsideRth | None, sessions: set[TradeSession]
) -> None:
    limit = terms(OrderSide.BUY, 1, "200", APPLE, outside_rth=outside_rth)
    assert {one for one in TradeSession if works_in(limit, Market.US, one)} == sessions
    assert not works_in(limit, Market.US, None)
    market = structs.replace(limit, order_type=OrderType.MO)
    assert {one for one in TradeSession if works_in(market, Market.US, one)} == {
        TradeSession.NORMAL
    }
    assert works_in(limit, Market.HK, TradeSession.NORMAL)


def test_an_order_after_its_last_session_lives_for_the_next_day() -> None:
    view = structs.replace(
        market_view(APPLE, session=TradeSession.POST), ended=frozenset({TradeSession.NORMAL})
    )
    regular = terms(OrderSide.BUY, 1, "200", APPLE)
    any_time = structs.replace(regular, outside_rth=OutsideRth.ANY_TIME)
    assert life_day(regular, view) == next_weekday(DAY)
    assert life_day(any_time, view) == DAY


def test_new_terms_are_checked_like_new_orders() -> None:
    desk = Desk()
    order_id = desk.tell(buy(100, "480"))[0].order.order_id  # type: ignore[union-attr]
    for wish, reason in (
        (ReplaceOrder(ACCOUNT, order_id, Decimal(150)), R.LOT_SIZE_MISMATCH),
        (ReplaceOrder(ACCOUNT, order_id, Decimal(0)), R.QUANTITY_NOT_POSITIVE),
        (ReplaceOrder(ACCOUNT, order_id, price=Decimal("480.1")), R.WRONG_BID_SIZE),
        (ReplaceOrder(ACCOUNT, order_id, price=Decimal(0)), R.PARAMETER_INVALID),
        (ReplaceOrder(ACCOUNT, order_id, Decimal(300)), R.BUYING_POWER_EXCEEDED),
        (ReplaceOrder(ACCOUNT, order_id, remark="x" * 256), R.PARAMETER_INVALID),
        (ReplaceOrder(ACCOUNT, 1, Decimal(100)), R.ORDER_NOT_FOUND),
        # Its own reserve counts as free: 200 at 480 fit into 100,000, 96,160 and their fees.
        (ReplaceOrder(ACCOUNT, order_id, Decimal(200)), None),
    ):
        assert desk.reason(wish) is reason, wish


def test_the_new_total_must_exceed_what_is_executed() -> None:
    desk = Desk()
    book = depth(TENCENT, "499.8x1000", "500x100")
    desk.views[TENCENT] = market_view(TENCENT, book)
    desk.tell(Deposit(ACCOUNT, Currency.HKD, Decimal(100_000)))
    order_id = desk.tell(buy(200, "500"))[0].order.order_id  # type: ignore[union-attr]
    wish = ReplaceOrder(ACCOUNT, order_id, Decimal(100))
    assert desk.reason(wish) is R.QUANTITY_NOT_ABOVE_EXECUTED


def test_an_index_cannot_be_traded() -> None:
    desk = Desk()
    index = replace(INSTRUMENTS[TENCENT], board=Board.HK_HS)
    desk.views[TENCENT] = structs.replace(desk.views[TENCENT], instrument=index)
    assert desk.reason(buy(100, "500")) is R.SECURITY_NOT_TRADABLE


def test_too_many_working_orders_are_refused() -> None:
    desk = Desk(orders_working_max=2)
    reasons = [desk.reason(buy(1, "100", symbol=APPLE)) for _ in range(3)]
    assert reasons == [None, None, R.PARAMETER_INVALID]


@pytest.mark.covers("error 409000")
def test_money_in_and_out_is_checked() -> None:
    desk = Desk()
    assert desk.reason(OpenAccount(ACCOUNT, "")) is R.ACCOUNT_EXISTS
    assert desk.reason(OpenAccount("", "")) is R.PARAMETER_INVALID
    assert desk.reason(Deposit("nobody", Currency.HKD, Decimal(1))) is R.ACCOUNT_NOT_FOUND
    assert desk.reason(Deposit(ACCOUNT, Currency.HKD, Decimal(0))) is R.PARAMETER_INVALID
    assert desk.reason(Withdraw(ACCOUNT, Currency.HKD, Decimal(100_001))) is R.WITHDRAWABLE_EXCEEDED
    assert desk.reason(Withdraw(ACCOUNT, Currency.HKD, Decimal(100_000))) is None


def test_the_wire_has_a_row_for_every_reason() -> None:
    assert {reason.name for reason in RefusalReason} <= set(REASONS)
