"""Volatility bands at the venue: what trades at their edge, what waits, what stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portway.core.bands import band_of
from portway.model.command import CancelOrder, SubmitOrder, TimeReached
from portway.model.curb import CurbKind
from portway.model.event import AuctionHeld, CurbLifted, TradingCurbed
from portway.model.instrument import SecurityClass
from portway.model.order import DayAuction, OrderSide, OrderStatus, OrderType
from portway.model.price_limits import NO_BAND, PriceRange
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from tests.core.day_floor import DayFloor
from tests.trading.floor import ACCOUNT, APPLE, OTHER, TENCENT, terms

D = Decimal
S = OrderStatus
US_TEN = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # Ten in New York.
US_LATE = datetime(2026, 1, 5, 20, 40, tzinfo=UTC)  # 15:40 there.


def us_floor(at: datetime = US_TEN, reference: str = "200") -> DayFloor:
    """A floor on a share of tier 2, whose band is 180 to 220."""
    floor = DayFloor(APPLE, "200")
    floor.at = at
    floor.references = ((at - timedelta(minutes=30), D(reference)),)
    floor.show("199.9x500", "200x500")
    return floor


def hk_floor() -> DayFloor:
    """A floor on a watched share, whose band is 425 to 575."""
    floor = DayFloor(TENCENT, "500")
    floor.instrument = replace(floor.instrument, vcm_eligible=True)
    floor.references = ((floor.at, D(500)),)
    return floor


def kinds(floor: DayFloor, symbol: Symbol = APPLE) -> CurbKind | None:
    curb = floor.state.curbs.get(symbol)
    return curb.kind if curb is not None else None


# --- Widths -----------------------------------------------------------------------------------


def band(floor: DayFloor) -> PriceRange:
    return band_of(floor.state, floor.view(), floor.at)


def test_us_bands_are_those_of_the_tier() -> None:
    floor = us_floor()
    assert band(floor) == PriceRange(D(180), D(220))
    floor.instrument = replace(floor.instrument, indexes=(Symbol(".SPX.US"),))
    assert band(floor) == PriceRange(D(190), D(210))
    fund = replace(floor.instrument, security_class=SecurityClass.ETF, indexes=())
    floor.instrument = replace(fund, name_en="Some 3X Bull Fund")
    assert band(floor) == PriceRange(D(170), D(230))


def test_us_bands_of_the_first_tier_double_before_the_close() -> None:
    floor = us_floor(US_LATE)
    assert band(floor) == PriceRange(D(180), D(220)), "tier 2 above 3.00 does not"
    floor.instrument = replace(floor.instrument, indexes=(Symbol(".SPX.US"),))
    assert band(floor) == PriceRange(D(180), D(220))


def test_there_is_no_band_without_a_reference_or_outside_of_regular_hours() -> None:
    floor = us_floor()
    floor.session = TradeSession.PRE
    assert band(floor) is NO_BAND
    floor.session = TradeSession.NORMAL
    floor.references = ((floor.at + timedelta(seconds=1), D(200)),)
    assert band(floor) is NO_BAND


def test_hong_kong_watches_what_the_list_names_and_not_after_the_opening() -> None:
    floor = hk_floor()
    assert band(floor) == PriceRange(D(425), D(575)), "half past ten"
    floor.at -= timedelta(minutes=46)
    assert band(floor) is NO_BAND, "before a quarter to ten"
    floor = hk_floor()
    floor.instrument = replace(floor.instrument, indexes=(Symbol("HSI.HK"),))
    assert band(floor) == PriceRange(D(450), D(550))
    floor.instrument = replace(floor.instrument, vcm_eligible=False)
    assert band(floor) is NO_BAND


# --- Limit up - limit down --------------------------------------------------------------------


def test_a_buy_above_the_band_takes_what_is_within_and_stands_at_the_band() -> None:
    floor = us_floor()
    floor.show("199x100", "219x100 221x100")
    order = floor.order("BUY", 300, "230")
    assert floor.fills(order) == [("219", 100)]
    floor.show("199x100", "218x100")
    assert floor.fills(order) == [("219", 100), ("220", 100)], "at the band, not at its limit"
    assert floor.live(order).price == 230, "its owner's limit stays"


def test_a_print_beyond_the_band_fills_at_the_band_and_nothing_outside_of_it() -> None:
    floor = us_floor()
    sells = floor.order("SELL", 100, "225"), floor.order("SELL", 100, "170")
    assert floor.fills(sells[1]) == [("199.9", 100)]
    floor.prints("226")
    assert floor.fills(sells[0]) == [], "its limit is above the band"


def test_a_market_order_stops_at_the_band() -> None:
    floor = us_floor(reference="182")  # To 200.20.
    floor.show("199x100", "200x100 200.5x100")
    order = floor.order("BUY", 200, None, OrderType.MO)
    assert floor.fills(order) == [("200", 100)]


def test_two_orders_of_the_venue_trade_within_the_band() -> None:
    floor = us_floor()
    floor.show("", "")
    buy = floor.order("BUY", 100, "250")
    sell = floor.order("SELL", 100, "150", account_no=OTHER)
    assert floor.fills(buy) == floor.fills(sell) == [("220", 100)]


# --- The pause --------------------------------------------------------------------------------


def paused(at: datetime = US_TEN) -> DayFloor:
    """A floor that pauses, since the outside has bid at the band for 15 seconds."""
    floor = us_floor(at)
    floor.order("BUY", 100, "150")
    floor.show("220x100", "220.1x100")
    assert kinds(floor) is CurbKind.LIMIT_STATE
    floor.at += timedelta(seconds=15)
    floor.tell(TimeReached(Market.US, floor.at))
    assert kinds(floor) is CurbKind.PAUSE
    return floor


def test_a_limit_state_that_clears_within_15_seconds_is_over() -> None:
    floor = us_floor()
    floor.show("220x100", "220.1x100")
    floor.at += timedelta(seconds=14)
    floor.show("219.9x100", "220x100")
    assert kinds(floor) is None


def test_in_a_pause_nothing_trades_and_orders_wait_for_the_reopening() -> None:
    floor = us_floor()
    rests = floor.order("BUY", 100, "199")
    floor.show("220x100", "220.1x100")
    floor.at += timedelta(seconds=15)
    floor.tell(TimeReached(Market.US, floor.at))
    waits = floor.order("BUY", 100, "200")
    sells = floor.order("SELL", 200, "198", account_no=OTHER)
    floor.show("190x100", "195x1000")
    floor.prints("190")
    assert floor.fills(rests) == floor.fills(waits) == floor.fills(sells) == []
    assert floor.status(waits) is S.NOT_REPORTED
    floor.show("190x100", "210x100")
    until = floor.state.curbs[APPLE].until
    assert floor.state.due_between(Market.US, floor.at, until) == [until]
    floor.at = until
    events = floor.tell(TimeReached(Market.US, floor.at))
    [held] = [one for one in events if isinstance(one, AuctionHeld)]
    assert held.auction is DayAuction.REOPENING
    assert any(isinstance(one, CurbLifted) for one in events)
    price = f"{held.price.normalize():f}" if held.price is not None else ""
    assert floor.fills(rests) == floor.fills(waits) == [(price, 100)]
    assert {one for one, _ in floor.fills(sells)} == {price}
    assert sum(quantity for _, quantity in floor.fills(sells)) == 200
    assert kinds(floor) is None


def test_a_late_pause_lasts_to_the_close() -> None:
    floor = paused(datetime(2026, 1, 5, 20, 55, tzinfo=UTC))
    assert floor.state.curbs[APPLE].until == datetime(2026, 1, 5, 21, 0, tzinfo=UTC)


def test_a_security_can_pause_again_on_one_day() -> None:
    floor = paused()
    floor.at = floor.state.curbs[APPLE].until
    floor.tell(TimeReached(Market.US, floor.at))
    assert kinds(floor) is None
    floor.show("220x100", "220.2x100")
    assert kinds(floor) is CurbKind.LIMIT_STATE


def test_a_pause_of_a_security_without_orders_ends_too() -> None:
    floor = us_floor()
    order = floor.order("BUY", 100, "150")
    floor.show("220x100", "220.1x100")

    floor.tell(CancelOrder(ACCOUNT, order))
    floor.at += timedelta(seconds=16)
    floor.tell(TimeReached(Market.US, floor.at))
    assert floor.state.curbs == {}


# --- Hong Kong --------------------------------------------------------------------------------


def test_what_would_trade_beyond_the_band_is_rejected_and_cools_trading_off() -> None:
    floor = hk_floor()
    floor.show("570x100", "575x100 576x100")
    order_id = floor.order("BUY", 300, "577")
    assert floor.fills(order_id) == [("575", 100)]
    assert floor.status(order_id) is S.PARTIAL_WITHDRAWAL
    assert floor.messages[order_id] == "PRICE_OUTSIDE_BAND"
    assert kinds(floor, TENCENT) is CurbKind.COOLING_OFF


def test_while_trading_cools_off_only_prices_within_the_band_are_taken() -> None:
    floor = hk_floor()
    floor.show("570x100", "576x500")
    first = floor.order("BUY", 100, "577")
    assert (floor.status(first), floor.fills(first)) == (S.REJECTED, [])
    floor.references = ((floor.at, D(540)),)
    again = floor.order("BUY", 100, "577")
    assert (floor.status(again), floor.messages[again]) == (S.REJECTED, "PRICE_OUTSIDE_BAND")
    rests = floor.order("BUY", 100, "575")
    assert floor.status(rests) is S.NEW
    floor.at += timedelta(minutes=5)
    floor.tell(TimeReached(Market.HK, floor.at))
    assert kinds(floor, TENCENT) is None
    assert floor.fills(floor.order("BUY", 100, "577")) == [("576", 100)]


@pytest.mark.parametrize("kind", [OrderType.MO, OrderType.SLO])
def test_orders_that_sweep_stop_at_the_band(kind: OrderType) -> None:
    floor = hk_floor()
    floor.show("570x100", "574x100 575x100 576x100")
    price = None if kind is OrderType.MO else "578"
    wish = terms(OrderSide.BUY, 300, price, TENCENT, order_type=kind)
    events = floor.tell(SubmitOrder(ACCOUNT, wish))
    [order_id] = floor.executions
    assert floor.fills(order_id) == [("574", 100), ("575", 100)]
    assert floor.status(order_id) is S.PARTIAL_WITHDRAWAL
    assert any(isinstance(one, TradingCurbed) for one in events)
