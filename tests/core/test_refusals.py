"""Every reason for which something is refused, reached through the real checks; none is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from portway.model.account import AccountKind, Agreement, Standing
from portway.model.command import (
    CancelOrder,
    ChangeStanding,
    CloseAccount,
    Deposit,
    OpenAccount,
    ReplaceOrder,
    SubmitOrder,
    Withdraw,
)
from portway.model.event import OrderAccepted, OrderRefused, RefusalReason
from portway.model.instrument import Board, SecurityClass
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderType, OutsideRth, TimeInForce
from portway.model.session import Phase
from portway.model.symbol import Symbol
from portway.wire.reasons import REASONS
from tests.core.day_floor import DayFloor
from tests.core.test_options import CALL_210, OptionFloor
from tests.trading.floor import ACCOUNT, APPLE, MOUTAI, OTHER, TENCENT, terms

D = Decimal
T = OrderType
Scenario = Callable[[], str | None]


def submitted(
    side: str = "BUY",
    quantity: int | str = 100,
    price: str | None = "500",
    kind: OrderType = T.LO,
    floor: DayFloor | None = None,
    **more: object,
) -> str | None:
    """Return why a new order was refused, or rejected with an id."""
    floor = floor or DayFloor()
    wish = terms(OrderSide[side], quantity, price, floor.symbol, **more)
    events = floor.tell(SubmitOrder(ACCOUNT, structs.replace(wish, order_type=kind)))
    if isinstance(events[0], OrderRefused):
        return events[0].reason.name
    assert isinstance(events[0], OrderAccepted)
    return floor.messages[events[0].order.order_id]


def apple() -> DayFloor:
    return DayFloor(APPLE, "200")


def star() -> DayFloor:
    floor = DayFloor(MOUTAI, "1500")
    floor.instrument = replace(floor.instrument, board=Board.SH_STAR, lot_size=200)
    return floor


def an_index() -> DayFloor:
    floor = DayFloor()
    floor.instrument = replace(
        floor.instrument, board=Board.HK_HS, security_class=SecurityClass.INDEX
    )
    return floor


def of_ended(how: str) -> str | None:
    """Cancel an order that has come to an end."""
    floor = DayFloor()
    order = floor.order("BUY", 100, "490")
    if how == "canceled":
        floor.tell(CancelOrder(ACCOUNT, order))
    if how == "filled":
        floor.show("489x100", "490x100")
    if how == "expired":
        floor.end()
    if how == "rejected":
        order = floor.order("SELL", 100_000, "500")
    return floor.refusal(CancelOrder(ACCOUNT, order))


def replaced(quantity: int | None = None, *, fills: int = 0, kind: OrderType = T.LO) -> str | None:
    floor = DayFloor()
    price = None if kind is T.AO else "490"
    order = floor.order("BUY", 300, price, kind)
    if fills:
        floor.show("489x100", f"490x{fills}")
    wish = ReplaceOrder(ACCOUNT, order, None if quantity is None else D(quantity))
    return floor.refusal(wish)


def replaced_after_its_end() -> str | None:
    floor = DayFloor()
    order = floor.order("BUY", 100, "490")
    floor.end()
    return floor.refusal(ReplaceOrder(ACCOUNT, order, D(200)))


def cancelled_while_locked() -> str | None:

    floor = DayFloor()
    order = floor.order("BUY", 100, "490")
    floor.enter(Phase.CLOSING_NO_CANCEL)
    return floor.refusal(CancelOrder(ACCOUNT, order))


def unknown_symbol() -> str | None:
    floor = DayFloor()
    wish = terms(OrderSide.BUY, 100, "500", APPLE)
    return floor.refusal(SubmitOrder(ACCOUNT, wish))


def on_account(command: object) -> str | None:
    return DayFloor().refusal(command)  # type: ignore[arg-type]


def sold_short(
    symbol: Symbol = APPLE, price: str = "200", lent: bool = True, **standing: object
) -> str | None:
    """Sell on margin what the account has not."""
    floor = DayFloor(symbol, price)
    floor.instrument = replace(floor.instrument, short_sell=lent)
    floor.show(f"{price}x100", "600x100")
    floor.tell(OpenAccount("M", "", kind=AccountKind.MARGIN, standing=Standing(**standing)))  # type: ignore[arg-type]
    first = floor.submit("SELL", 100, price, account_no="M")
    if isinstance(first, OrderRefused):
        return first.reason.name
    floor.tell(Deposit("M", Currency.HKD, D(10**6)))
    return floor.messages[floor.order("SELL", 100, price, account_no="M")]


def bought_by_a_resident() -> str | None:
    floor = DayFloor(MOUTAI, "1500")
    floor.tell(ChangeStanding(ACCOUNT, Standing(residency="CN")))
    return submitted(price="1500", floor=floor)


SIGNED = {"agreements": tuple(Agreement)}
GTC, GTD = TimeInForce.GTC, TimeInForce.GTD
LATE = DayFloor().day + timedelta(days=91)


def written_naked() -> str | None:
    floor = OptionFloor(AccountKind.MARGIN, approved=False)
    return floor.rejection("SELL", 1, "5", CALL_210)


SCENARIOS: dict[str, Scenario] = {
    "PARAMETER_INVALID": lambda: submitted(remark="x" * 256),
    "SYMBOL_NOT_FOUND": unknown_symbol,
    "ORDER_TYPE_NOT_SUPPORTED": lambda: submitted(kind=T.ELO, price="200", floor=apple()),
    "TIME_IN_FORCE_NOT_SUPPORTED": lambda: submitted(kind=T.ALO, time_in_force=GTC),
    "OUTSIDE_RTH_NOT_SUPPORTED": lambda: submitted(
        kind=T.MO, price=None, floor=apple(), outside_rth=OutsideRth.OVERNIGHT
    ),
    "EXPIRE_DATE_INVALID": lambda: submitted(time_in_force=GTD, expire_date=LATE),
    "DELAYED_UNTIL_INVALID": lambda: submitted(delayed_until=DayFloor().at - timedelta(1)),
    "QUANTITY_NOT_POSITIVE": lambda: submitted(quantity=0),
    "QUANTITY_FRACTIONAL": lambda: submitted(quantity="100.5"),
    "QUANTITY_TOO_SMALL": lambda: submitted(quantity=100, price="1500", floor=star()),
    "QUANTITY_TOO_LARGE": lambda: submitted(quantity=300_100),
    "LOT_SIZE_MISMATCH": lambda: submitted(quantity=150),
    "ODD_LOT_QUANTITY": lambda: submitted(kind=T.ODD),
    "QUANTITY_NOT_ABOVE_EXECUTED": lambda: replaced(100, fills=100),
    "WRONG_BID_SIZE": lambda: submitted(price="500.1"),
    "SECURITY_NOT_TRADABLE": lambda: submitted(floor=an_index()),
    "PRICE_OUTSIDE_BAND": lambda: submitted(price="5000"),
    "NO_OPPOSITE_QUOTE": lambda: submitted(price="500", kind=T.SLO),
    "BUYING_POWER_EXCEEDED": lambda: submitted(quantity=300_000, price="4000"),
    "SHARES_NOT_ENOUGH": lambda: submitted("SELL", 100_000),
    "SHORT_SALE_DISCLOSURE_MISSING": lambda: sold_short(agreements=()),
    "BORROWING_AGREEMENT_MISSING": lambda: sold_short(TENCENT, "500"),
    "RESIDENCY_RESTRICTED": bought_by_a_resident,
    "SHARES_NOT_LENT": lambda: sold_short(TENCENT, "500", lent=False, **SIGNED),
    "OPTION_APPROVAL_MISSING": written_naked,
    "SHORT_PRICE_TOO_LOW": lambda: sold_short(TENCENT, "500", **SIGNED),
    "REPLACE_NOT_SUPPORTED": lambda: replaced(400, kind=T.AO),
    "REPLACE_NOT_ALLOWED": replaced_after_its_end,
    "CANCEL_NOT_ALLOWED": cancelled_while_locked,
    "ORDER_ALREADY_CANCELED": lambda: of_ended("canceled"),
    "ORDER_ALREADY_FILLED": lambda: of_ended("filled"),
    "ORDER_ALREADY_REJECTED": lambda: of_ended("rejected"),
    "ORDER_EXPIRED": lambda: of_ended("expired"),
    "ORDER_NOT_FOUND": lambda: on_account(CancelOrder(ACCOUNT, 1)),
    "ACCOUNT_NOT_FOUND": lambda: on_account(Withdraw("nobody", Currency.HKD, D(1))),
    "ACCOUNT_EXISTS": lambda: on_account(OpenAccount(OTHER, "")),
    "WITHDRAWABLE_EXCEEDED": lambda: on_account(Withdraw(ACCOUNT, Currency.HKD, D(10**12))),
    "ACCOUNT_NOT_EMPTY": lambda: on_account(CloseAccount(ACCOUNT)),
}


@pytest.mark.parametrize("reason", RefusalReason, ids=lambda one: one.name)
def test_every_reason_is_reached_and_has_a_text(reason: RefusalReason) -> None:
    assert SCENARIOS[reason.name]() == reason.name
    assert REASONS[reason.name].message()
