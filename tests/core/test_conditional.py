"""Conditional, delayed, attached and odd-lot orders at the venue."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from portway.model.command import CancelOrder, ReplaceOrder
from portway.model.event import NO_HOLD, OrderAccepted
from portway.model.order import (
    AttachedKind,
    AttachedTerms,
    OrderStatus,
    OrderType,
    OutsideRth,
    TimeInForce,
    TriggerStatus,
)
from portway.model.quote import TradeSession
from portway.model.session import Phase
from tests.core.day_floor import DayFloor
from tests.trading.floor import ACCOUNT, APPLE

S, T = OrderStatus, TriggerStatus
LIT, MIT = OrderType.LIT, OrderType.MIT
D = Decimal


def floor_at(last: str = "500") -> DayFloor:
    floor = DayFloor()
    floor.last = D(last)
    floor.show("499.8x1000", "500x1000")
    return floor


# --- Triggers ---------------------------------------------------------------------------------


def test_a_limit_if_touched_sleeps_reserves_nothing_and_works_as_a_limit_order() -> None:
    floor = floor_at()
    order = floor.order("BUY", 100, "495", LIT, trigger_price=D(496))
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    assert floor.live(order).trigger_status is T.ACTIVE
    assert floor.state.orders[order].hold == NO_HOLD
    floor.prints("497")
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    floor.prints("496")
    assert floor.status(order) is S.NEW
    live = floor.live(order)
    assert (live.trigger_status, live.price) == (T.RELEASED, D(495))
    assert live.triggered_at is not None
    assert floor.state.orders[order].hold.cash == 49_500
    floor.show("494x100", "495x100")
    assert floor.fills(order) == [("495", 100)]


def test_a_limit_that_was_replaced_before_the_trigger_is_the_one_that_works() -> None:
    floor = floor_at()
    order = floor.order("BUY", 100, "495", LIT, trigger_price=D(496))
    floor.tell(ReplaceOrder(ACCOUNT, order, D(100), D(490)))
    floor.prints("496")
    assert floor.live(order).price == 490
    floor.show("494x100", "495x100")
    assert floor.fills(order) == []


def test_a_market_if_touched_takes_the_market_when_it_is_touched() -> None:
    floor = floor_at()
    order = floor.order("SELL", 100, None, MIT, trigger_price=D(505))
    floor.prints("505")
    assert floor.fills(order) == [("499.8", 100)]


def test_a_trailing_stop_follows_the_high_and_sells_at_its_offset() -> None:
    floor = floor_at()
    more = {"trailing_amount": D(5), "limit_offset": D(1)}
    order = floor.order("SELL", 100, None, OrderType.TSLPAMT, **more)
    floor.prints("510", "506", "520", "516")
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    watch = floor.state.orders[order].watch
    assert watch is not None
    assert watch.extreme == 520
    floor.show("514.5x1000", "515x1000")
    floor.prints("515")
    assert floor.live(order).price == 514 if order in floor.state.orders else True
    assert floor.fills(order) == [("514.5", 100)]


def test_one_update_of_the_market_moves_a_watch_once() -> None:
    floor = floor_at()
    floor.order("SELL", 100, None, OrderType.TSMAMT, trailing_amount=D(50))
    before = floor.seq
    floor.prints("501", "502", "503")
    assert floor.seq - before == 3


def test_a_cancelled_or_expired_conditional_order_is_disarmed() -> None:
    floor = floor_at()
    ids = [floor.order("BUY", 100, None, MIT, trigger_price=D(490)) for _ in range(2)]
    events = floor.tell(CancelOrder(ACCOUNT, ids[0])) + floor.end()
    assert [floor.status(one) for one in ids] == [S.CANCELED, S.EXPIRED]
    assert {one.trigger_status for one in events} == {T.DEACTIVE}  # type: ignore[union-attr]


def test_a_release_that_cannot_be_paid_is_rejected() -> None:
    floor = floor_at()
    order = floor.order("SELL", 10_000, None, MIT, trigger_price=D(490))
    floor.order("SELL", 100, "600")  # Shares that the other one counted on.
    floor.prints("490")
    assert floor.status(order) is S.REJECTED
    assert floor.messages[order] == "SHARES_NOT_ENOUGH"


def test_a_trigger_met_outside_of_its_session_waits_for_it() -> None:
    floor = DayFloor(APPLE, "200")
    floor.last = D(200)
    floor.enter(Phase.PRE, TradeSession.PRE)
    floor.show("199.9x100", "200.1x100")
    more = {"trigger_price": D(201), "outside_rth": OutsideRth.ANY_TIME}
    order = floor.order("BUY", 5, None, MIT, **more)
    floor.prints("201")
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    assert floor.live(order).trigger_status is T.RELEASED
    floor.show("200.9x100", "201.1x100")
    floor.open()
    assert floor.fills(order) == [("201.1", 5)]


def test_new_terms_of_a_conditional_order_begin_a_new_watch() -> None:
    floor = floor_at()
    order = floor.order("BUY", 100, None, MIT, trigger_price=D(510))
    floor.tell(ReplaceOrder(ACCOUNT, order, D(200), trigger_price=D(490)))
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    assert floor.live(order).terms.trigger_price == 490
    floor.prints("510")
    assert floor.status(order) is S.VARIETIES_NOT_REPORTED
    floor.prints("490")
    assert sum(quantity for _, quantity in floor.fills(order)) == 200


def test_a_released_market_order_can_no_longer_be_replaced() -> None:
    floor = DayFloor(APPLE, "200")
    floor.last = D(200)
    floor.show("199.9x5", "200.1x5")
    order = floor.order("BUY", 10, None, MIT, trigger_price=D(201))
    floor.prints("201")
    assert floor.status(order) is S.PARTIAL_FILLED  # It lingers.
    assert floor.refusal(ReplaceOrder(ACCOUNT, order, D(20))) == "REPLACE_NOT_SUPPORTED"
    floor.wait(1)
    assert floor.status(order) is S.PARTIAL_WITHDRAWAL


# --- Delayed ----------------------------------------------------------------------------------


def test_a_delayed_order_is_sent_at_its_instant() -> None:
    floor = floor_at()
    order = floor.order("BUY", 100, "500", delayed_until=floor.at + timedelta(minutes=1))
    assert floor.status(order) is S.DELAYED_NOT_REPORTED
    soon = floor.at + timedelta(hours=1)
    assert floor.state.due_between(floor.market, floor.at, soon) == [
        floor.live(order).terms.delayed_until
    ]
    floor.wait(30)
    assert floor.status(order) is S.DELAYED_NOT_REPORTED
    floor.wait(31)
    assert floor.fills(order) == [("500", 100)]


def test_an_instant_while_the_market_is_closed_means_the_next_session() -> None:
    floor = floor_at()
    order = floor.order("BUY", 100, "500", delayed_until=floor.at + timedelta(hours=2))
    floor.end()
    assert floor.status(order) is S.DELAYED_NOT_REPORTED  # Its day has not begun.
    floor.next_day()
    floor.open()
    assert floor.fills(order) == [("500", 100)]


@pytest.mark.parametrize("kind", [OrderType.LO, OrderType.MO])
def test_the_submit_time_can_be_moved_and_cleared(kind: OrderType) -> None:
    floor = floor_at()
    price = "500" if kind is OrderType.LO else None
    order = floor.order("BUY", 100, price, kind, delayed_until=floor.at + timedelta(hours=1))
    later = floor.at + timedelta(hours=2)
    floor.tell(ReplaceOrder(ACCOUNT, order, delayed_until=later))
    assert floor.live(order).terms.delayed_until == later
    too_late = floor.at + timedelta(days=91)
    wish = ReplaceOrder(ACCOUNT, order, delayed_until=too_late)
    assert floor.refusal(wish) == "DELAYED_UNTIL_INVALID"
    clear = floor.at.fromtimestamp(1, floor.at.tzinfo)
    floor.tell(ReplaceOrder(ACCOUNT, order, delayed_until=clear))
    assert floor.fills(order) == [("500", 100)]


# --- Attached ---------------------------------------------------------------------------------


def bracket(**more: object) -> AttachedTerms:
    return AttachedTerms(  # type: ignore[arg-type]
        AttachedKind.BRACKET, profit_taker_price=D(510), stop_loss_price=D(490), **more
    )


def test_a_bracket_wakes_with_its_parent_and_one_half_ends_the_other() -> None:
    floor = floor_at()
    parent = floor.order("BUY", 200, "499.8", attached=bracket())
    profit, loss = parent + 1, parent + 2
    assert floor.live(profit).trigger_status is floor.live(loss).trigger_status is T.DEACTIVE
    floor.show("499x100", "499.8x100")
    assert floor.live(profit).quantity == 100
    assert floor.live(profit).trigger_status is T.ACTIVE
    floor.show("499x100", "499.8x200")
    assert floor.status(parent) is S.FILLED
    assert floor.live(loss).quantity == 200
    floor.show("509.5x1000", "510x1000")
    floor.prints("510")
    assert floor.fills(profit) == [("509.5", 200)]
    assert floor.status(loss) is S.CANCELED


def test_a_stop_loss_sells_at_its_limit_when_the_market_falls() -> None:
    floor = floor_at()
    more = {"activate_order_type": LIT, "stop_loss_submit_price": D(489)}
    wish = AttachedTerms(AttachedKind.STOP_LOSS, stop_loss_price=D(490), **more)  # type: ignore[arg-type]
    parent = floor.order("BUY", 100, "500", attached=wish)
    child = parent + 2
    assert parent + 1 not in floor.state.orders
    floor.show("489.4x1000", "489.6x1000")
    floor.prints("490")
    assert floor.fills(child) == [("489.4", 100)]


def test_children_end_with_a_parent_that_never_traded() -> None:
    floor = floor_at()
    parent = floor.order("BUY", 100, "480", attached=bracket())
    floor.tell(CancelOrder(ACCOUNT, parent))
    assert floor.status(parent + 1) is floor.status(parent + 2) is S.CANCELED


def test_a_triggered_child_cancels_what_is_left_of_its_parent() -> None:
    floor = floor_at()
    parent = floor.order("BUY", 300, "499.8", attached=bracket())
    floor.show("499x100", "499.8x100")
    floor.show("509.5x1000", "510x1000")
    floor.prints("510")
    assert floor.fills(parent + 1) == [("509.5", 100)]
    assert floor.status(parent) is S.PARTIAL_WITHDRAWAL


def test_a_print_that_fills_a_parent_counts_for_the_child_that_watched_before() -> None:
    floor = floor_at()
    parent = floor.order("BUY", 300, "499.8", attached=bracket())
    floor.show("499x100", "499.8x100")
    floor.show("489.8x1000", "500x1000")
    floor.prints("490")  # Through the parent's limit, and down to the stop.
    assert floor.status(parent) is S.FILLED
    assert floor.fills(parent + 2) == [("489.8", 300)]


def test_children_take_new_triggers_through_their_parent_and_can_be_cancelled() -> None:
    floor = floor_at()
    parent = floor.order("BUY", 100, "480", attached=bracket())
    wish = AttachedTerms(AttachedKind.BRACKET, profit_taker_price=D(520), stop_loss_price=D(470))
    floor.tell(ReplaceOrder(ACCOUNT, parent, attached=wish))
    triggers = [floor.live(parent + place).terms.trigger_price for place in (1, 2)]
    assert triggers == [520, 470]
    floor.tell(CancelOrder(ACCOUNT, parent + 1))
    assert floor.status(parent + 2) is S.VARIETIES_NOT_REPORTED
    floor.tell(ReplaceOrder(ACCOUNT, parent, cancels_attached=True))
    assert floor.status(parent + 2) is S.CANCELED
    assert floor.status(parent) is S.REPLACED


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        (AttachedTerms(AttachedKind.BRACKET, stop_loss_price=D(490)), "profit_taker_price"),
        (bracket(activate_order_type=OrderType.LO), "activate_order_type"),
        (bracket(time_in_force=TimeInForce.GTD), "expire_time"),
    ],
)
def test_a_wrong_attachment_is_refused_with_the_whole_order(
    wish: AttachedTerms, detail: str
) -> None:
    refused = floor_at().submit("BUY", 100, "500", attached=wish)
    assert refused.detail == detail  # type: ignore[union-attr]


def test_nothing_is_attached_to_a_rejected_order() -> None:
    floor = floor_at()
    first = floor.submit("SELL", 20_000, "500", attached=bracket())
    assert isinstance(first, OrderAccepted)
    assert first.order.status is S.REJECTED
    assert not floor.state.orders


# --- Odd lots, special limits -----------------------------------------------------------------


def test_an_odd_lot_trades_two_ticks_behind_the_market() -> None:
    floor = floor_at()
    buy = floor.order("BUY", 7, "502", OrderType.ODD)
    assert floor.fills(buy) == [("501", 7)]
    sell = floor.order("SELL", 7, "499.8", OrderType.ODD)
    assert floor.status(sell) is S.NEW
    floor.show("500.5x100", "501x100")
    assert floor.fills(sell) == [] if floor.status(sell) is S.NEW else [("499.8", 7)]
    floor.show("501x100", "501.5x100")
    assert floor.fills(sell) == [("499.8", 7)]


def test_a_special_limit_order_must_cross_and_never_rests() -> None:
    floor = floor_at()
    late = floor.order("BUY", 100, "499", OrderType.SLO)
    assert floor.status(late) is S.REJECTED
    part = floor.order("BUY", 2000, "500", OrderType.SLO)
    assert floor.fills(part) == [("500", 1000)]
    assert floor.status(part) is S.PARTIAL_WITHDRAWAL
    assert floor.refusal(ReplaceOrder(ACCOUNT, part, D(100))) == "REPLACE_NOT_SUPPORTED"


# --- Halts ------------------------------------------------------------------------------------


def test_what_comes_while_a_security_is_halted_waits_for_its_end() -> None:
    floor = floor_at()
    resting = floor.order("BUY", 100, "499")
    floor.enter(Phase.BREAK)
    floor.show("480x100", "481x100")
    order = floor.order("BUY", 100, "488")
    assert floor.status(order) is S.NOT_REPORTED
    assert not floor.fills(resting)
    floor.enter(Phase.CONTINUOUS, TradeSession.NORMAL)
    floor.show("486x100", "487x500")
    assert floor.fills(order) == [("487", 100)]
    assert floor.fills(resting) == [("499", 100)]
