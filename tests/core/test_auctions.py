"""Call auctions live: who takes part, at what price they trade, what becomes of the rest."""

from __future__ import annotations

from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    CancelOrder,
    ReplaceOrder,
)
from portway.model.order import DayAuction, OrderStatus, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.session import Phase
from tests.core.day_floor import DayFloor
from tests.trading.floor import ACCOUNT, APPLE, MOUTAI, OTHER

OPENING, CLOSING = DayAuction.OPENING, DayAuction.CLOSING
AO, ALO, S = OrderType.AO, OrderType.ALO, OrderStatus


def opened(floor: DayFloor, auction: DayAuction = OPENING) -> None:
    phases = {OPENING: Phase.PRE_OPEN_INPUT, CLOSING: Phase.CLOSING_INPUT}
    floor.enter(phases[auction])
    floor.tell(AuctionOpened(floor.market, floor.day, auction, floor.at))


def matched(floor: DayFloor, auction: DayAuction = OPENING) -> None:
    floor.enter(Phase.BLOCKING if auction is OPENING else Phase.CLOSED)
    floor.tell(AuctionEnded(floor.market, floor.day, auction, floor.at))


def before_the_open() -> DayFloor:
    floor = DayFloor()
    floor.next_day()
    return floor


def test_orders_wait_for_the_auction_and_trade_at_the_price_that_the_outside_prints() -> None:
    floor = before_the_open()
    at_auction = floor.order("BUY", 100, None, AO)
    better, same, worse = (floor.order("BUY", 200, price, ALO) for price in ("510", "502", "501"))
    limit = floor.order("SELL", 100, "499", account_no=OTHER)  # Sent as an at-auction limit order.
    assert {floor.status(one) for one in (at_auction, better, limit)} == {S.NOT_REPORTED}
    opened(floor)
    # One own price would decide: without the seller nothing crosses.
    floor.tell(CancelOrder(OTHER, limit))
    assert {floor.status(one) for one in (at_auction, better, worse)} == {S.NEW}
    floor.enter(Phase.BLOCKING)
    floor.prints("502", auction=OPENING)
    assert floor.fills(at_auction) == [("502", 100)]
    assert floor.fills(better) == [("502", 200)]
    assert floor.fills(same) == [("502", 200)]
    assert floor.status(worse) is S.NEW
    floor.prints("400", auction=OPENING)  # An auction is held once.
    assert not floor.fills(worse)


def test_own_orders_that_make_a_price_trade_at_it_whatever_the_outside_prints() -> None:
    floor = before_the_open()
    buy = floor.order("BUY", 300, "502", ALO)
    sell = floor.order("SELL", 200, "498", ALO, account_no=OTHER)
    opened(floor)
    floor.prints("490", auction=OPENING)
    # Buyers are left over at every price: the highest.
    assert floor.fills(buy) == floor.fills(sell) == [("502", 200)]
    assert floor.status(buy) is S.PARTIAL_FILLED


def test_what_the_opening_leaves_of_a_limit_order_goes_on_and_at_auction_orders_end() -> None:
    floor = before_the_open()
    rest = floor.order("BUY", 200, "495", ALO)
    lonely = floor.order("BUY", 100, None, AO)
    opened(floor)
    matched(floor)
    assert floor.status(lonely) is S.CANCELED
    assert floor.status(rest) is S.NEW
    floor.open()
    floor.show("494x100", "495x300")
    assert floor.fills(rest) == [("495", 200)]


def test_an_auction_limit_outside_the_bound_is_rejected_and_a_limit_order_waits() -> None:
    floor = before_the_open()
    alo = floor.order("BUY", 100, "580", ALO)
    limit = floor.order("BUY", 100, "420")
    opened(floor)
    assert floor.status(alo) is S.REJECTED
    assert floor.messages[alo] == "PRICE_OUTSIDE_BAND"
    assert floor.status(limit) is S.NOT_REPORTED
    matched(floor)
    floor.open()
    assert floor.status(limit) is S.NEW


def test_the_last_stage_bounds_new_orders_and_lets_nobody_leave() -> None:
    floor = before_the_open()
    opened(floor)
    bid = floor.order("BUY", 100, "490", ALO)
    floor.order("SELL", 100, "510", ALO, account_no=OTHER)
    floor.enter(Phase.PRE_OPEN_NO_CANCEL)
    floor.tell(AuctionLocked(floor.market, floor.day, OPENING, floor.at))
    assert floor.refusal(CancelOrder(ACCOUNT, bid)) == "CANCEL_NOT_ALLOWED"
    assert floor.refusal(ReplaceOrder(ACCOUNT, bid, price=floor.close)) == "REPLACE_NOT_ALLOWED"
    outside = floor.order("BUY", 100, "515", ALO)
    assert floor.status(outside) is S.REJECTED
    assert floor.status(floor.order("BUY", 100, "505", ALO)) is S.NEW


def test_a_closing_auction_takes_what_rests_near_the_reference_price() -> None:
    floor = DayFloor()
    near, far = floor.order("BUY", 100, "490"), floor.order("BUY", 100, "460")
    parked = floor.order("BUY", 100, None, AO)
    assert floor.status(parked) is S.NOT_REPORTED
    floor.last = floor.reference = floor.close
    opened(floor, CLOSING)
    late = floor.order("BUY", 100, "491")  # Sent as an at-auction limit order.
    assert floor.status(late) is S.NEW
    floor.enter(Phase.CLOSED)
    floor.prints("455", auction=CLOSING)
    assert floor.fills(near) == floor.fills(late) == floor.fills(parked) == [("455", 100)]
    assert not floor.fills(far)
    floor.end()
    assert floor.status(far) is S.EXPIRED
    tomorrow = floor.order("BUY", 100, None, AO)
    assert floor.live(tomorrow).trading_day > floor.day


def test_without_any_print_a_closing_auction_matches_at_the_reference_price() -> None:
    floor = DayFloor()
    floor.reference = floor.close
    opened(floor, CLOSING)
    buy = floor.order("BUY", 100, None, AO)
    sell = floor.order("SELL", 100, None, AO, account_no=OTHER)
    matched(floor, CLOSING)
    assert floor.fills(buy) == floor.fills(sell) == [("500", 100)]


def test_an_at_auction_order_never_pays_more_than_it_has_reserved() -> None:
    floor = before_the_open()
    order = floor.order("BUY", 100, None, AO)
    opened(floor)
    floor.prints("700", auction=OPENING)
    assert not floor.fills(order)
    assert floor.status(order) is S.CANCELED


def test_a_mainland_day_begins_and_ends_with_an_auction() -> None:
    floor = DayFloor(MOUTAI, "1500")
    floor.next_day()
    order, wild = floor.order("BUY", 100, "1550"), floor.order("BUY", 100, "1700")
    floor.enter(Phase.OPEN_AUCTION)
    floor.tell(AuctionOpened(floor.market, floor.day, OPENING, floor.at))
    assert floor.status(order) is S.NEW
    assert floor.status(wild) is S.REJECTED  # Beyond the daily limit.
    floor.enter(Phase.SILENT)
    floor.prints("1510", auction=OPENING)
    assert floor.fills(order) == [("1510", 100)]
    floor.show("1509x100", "1510x100")
    floor.open()
    floor.show("1509x100", "1510x200")
    caged = floor.order("BUY", 100, "1545")  # More than two percent above the best ask.
    assert floor.status(caged) is S.REJECTED
    resting = floor.order("BUY", 100, "1505")
    floor.enter(Phase.CLOSE_AUCTION)
    floor.tell(AuctionOpened(floor.market, floor.day, CLOSING, floor.at))
    assert floor.refusal(CancelOrder(ACCOUNT, resting)) == "CANCEL_NOT_ALLOWED"
    floor.enter(Phase.CLOSED)
    floor.prints("1500", auction=CLOSING)
    assert floor.fills(resting) == [("1500", 100)]


def test_what_waited_for_a_us_morning_crosses_first_and_then_meets_the_market() -> None:
    floor = DayFloor(APPLE, "200")
    floor.enter(Phase.PRE, TradeSession.PRE)
    floor.show("199.9x100", "200.1x100")
    buy = floor.order("BUY", 10, "201")
    market = floor.order("BUY", 5, None, OrderType.MO)
    sell = floor.order("SELL", 8, "199", account_no=OTHER)
    assert {floor.status(one) for one in (buy, market, sell)} == {S.NOT_REPORTED}
    floor.open()
    assert floor.fills(market) == [("200", 5)]  # Without a limit: first, at the one price.
    assert floor.fills(sell) == [("200", 8)]
    assert floor.fills(buy) == [("200", 3), ("200.1", 7)]


def test_the_official_close_fills_what_rests_at_or_better() -> None:
    floor = DayFloor(APPLE, "200")
    order, worse = floor.order("BUY", 10, "200"), floor.order("BUY", 10, "199.5")
    floor.session = TradeSession.POST
    floor.enter(Phase.POST, TradeSession.POST)
    floor.prints("199.8", auction=CLOSING)
    assert floor.fills(order) == [("199.8", 10)]
    assert not floor.fills(worse)
    floor.end()
    assert floor.status(worse) is S.EXPIRED


def test_a_long_term_order_enters_every_day_anew() -> None:
    floor = DayFloor(APPLE, "200")
    order = floor.order("BUY", 10, "201", time_in_force=TimeInForce.GTC)
    floor.end()
    floor.next_day()
    assert floor.status(order) is S.NEW
    assert floor.state.orders[order].is_parked
    floor.show("189x100", "190x4 190.5x100")
    floor.open()
    # As a new order it takes what is there; resting it would have paid its own price.
    assert floor.fills(order) == [("190", 4), ("190.5", 6)]


def test_a_long_term_order_rests_again_behind_nobody_of_the_day_before() -> None:
    floor = DayFloor()
    order = floor.order("BUY", 100, "490", time_in_force=TimeInForce.GTC)
    floor.end()
    floor.next_day()
    opened(floor)
    assert not floor.state.orders[order].is_parked
    assert floor.status(order) is S.NEW
    floor.enter(Phase.BLOCKING)
    floor.prints("488", auction=OPENING)
    assert floor.fills(order) == [("488", 100)]
