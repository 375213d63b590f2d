"""Margin calls, and the sale of positions of accounts that have not met them; docs/margin.md.

Judged with every move of a security that a margin account holds, if the venue's owner has asked for
it. A call begins when equity falls to maintenance margin and is met when it is above again. Once
equity has fallen to the forced level, or a call is older than it may be, the broker takes the
account's orders back and closes positions by market orders, the one with the largest requirement
first, until the account is out of danger.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Final

from msgspec import Struct

from portway.core.buying_power import RiskLevel, Summary, factors_of
from portway.core.exchange_rules import Place
from portway.core.funds import mark_of, summary_of
from portway.core.margin import short_requirement
from portway.core.market_events import Outsides, floor_of
from portway.core.matching import Floor, match_depth, step_of, touch_of
from portway.core.order_states import Step
from portway.core.orders import FIRST_ORDER_ID, IDS_PER_RECORD
from portway.core.reporting import entry_hold, report
from portway.core.state import Account, Position, State
from portway.model.account import AccountKind
from portway.model.command import MarketMoved, MarketView, Stamped
from portway.model.event import Fact, MarginCalled, MarginCallMet, OrderAccepted
from portway.model.instrument import order_size_max
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderStatus, OrderTerms, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol

__all__ = ["CALL_DAYS", "REMARK", "judge"]

ZERO = Decimal(0)
DANGER: Final[RiskLevel] = 3
CALL_DAYS: Final = 3  # Trading days of Hong Kong after which a call is due ...
CALL_DUE: Final = time(14)  # ... at this time there.
REMARK: Final = "margin call"
CANCELED_MSG: Final = "canceled: the account's positions are being closed"
FIRST_PLACE: Final = 10  # Of an order's id within its record; children have the ones before.
# Where there are market orders; mainland shares bear no credit.
SOLD_IN: Final = frozenset({Market.HK, Market.US})


class _Position(Struct, frozen=True):
    """What of a position can be closed now, and the margin it asks for, in Hong Kong dollars."""

    symbol: Symbol
    quantity: Decimal
    requirement: Decimal


def judge(
    state: State, outsides: Outsides, command: MarketMoved, stamped: Stamped, seq: int
) -> Iterator[Fact]:
    """Yield what a move means for the margin accounts that hold the security."""
    if not state.settings.money.liquidates:
        return
    place = FIRST_PLACE
    for account in tuple(state.accounts.values()):
        position = account.positions.get(command.symbol)
        if account.kind is AccountKind.CASH or position is None or position.is_idle:
            continue
        summary = summary_of(state, account, stamped.views)
        yield from _call_moves(account, summary, stamped.at)
        if _is_due(account, summary, stamped.at):
            seller = _Seller(state, outsides, account, stamped, seq, place)
            yield from seller.close_positions()
            place = seller.place


def _call_moves(account: Account, summary: Summary, at: datetime) -> Iterator[Fact]:
    is_called = account.called_days is not None
    if summary.risk_level == DANGER and not is_called:
        yield MarginCalled(account.account_no, at, summary.margin_call)
    elif summary.risk_level < DANGER and is_called:
        yield MarginCallMet(account.account_no, at)


def _is_due(account: Account, summary: Summary, at: datetime) -> bool:
    """Tell whether an account's positions are to be closed."""
    days = account.called_days
    if summary.is_forced:
        return True
    if days is None or summary.risk_level < DANGER or days < CALL_DAYS:
        return False
    return days > CALL_DAYS or at.astimezone(MARKET_ZONES[Market.HK]).time() >= CALL_DUE


class _Seller:
    """Closes positions of one account, one after the other, while it is in danger.

    Attributes:
        place: Of the next order's id within this record.
    """

    def __init__(
        self,
        state: State,
        outsides: Outsides,
        account: Account,
        stamped: Stamped,
        seq: int,
        place: int,
    ) -> None:
        self._state, self._outsides, self._account = state, outsides, account
        self._stamped, self._seq = stamped, seq
        self.place = place

    def close_positions(self) -> Iterator[Fact]:
        """Yield the ends of the account's orders, then market orders until danger is over."""
        candidates = self._candidates()
        if not candidates or self._is_selling():
            return
        for live in tuple(self._state.orders.values()):
            is_own = live.order.account_no == self._account.account_no
            # An order's end may end others with it, so each is looked up again.
            if is_own and live.order.order_id in self._state.orders:
                yield step_of(live, Step.CANCELED, self._stamped.at, ends=True, msg=CANCELED_MSG)
        for one in candidates:
            if self.place >= IDS_PER_RECORD:
                return
            yield from self._close(one)
            summary = summary_of(self._state, self._account, self._stamped.views)
            yield from _call_moves(self._account, summary, self._stamped.at)
            if self._is_selling() or not _is_due(self._account, summary, self._stamped.at):
                return

    def _is_selling(self) -> bool:
        """Tell whether an order of ours still waits for more."""
        no = self._account.account_no
        return any(
            one.order.is_forced and one.order.account_no == no
            for one in self._state.orders.values()
        )

    def _candidates(self) -> list[_Position]:
        """Return what can be closed now, the largest requirement first."""
        found = []
        for symbol, position in self._account.positions.items():
            floor = self._floor(symbol)
            quantity = _closable(floor, position) if floor is not None else ZERO
            if floor is not None and quantity:
                required = _requirement(self._account, position, floor.view)
                rate = self._state.settings.money.rate(position.currency, Currency.HKD)
                found.append(_Position(symbol, quantity, required * rate))
        return sorted(found, key=lambda one: (-one.requirement, one.symbol))

    def _floor(self, symbol: Symbol) -> Floor | None:
        view = self._stamped.views.get(symbol)
        return floor_of(self._state, self._outsides, view, self._stamped)

    def _close(self, position: _Position) -> Iterator[Fact]:
        floor = self._floor(position.symbol)
        assert floor is not None, "it could be closed a moment ago"
        side = OrderSide.SELL if position.quantity > 0 else OrderSide.BUY
        terms = OrderTerms(
            position.symbol,
            OrderType.MO,
            side,
            abs(position.quantity),
            TimeInForce.DAY,
            remark=REMARK,
        )
        hold = entry_hold(floor, terms, None, terms.quantity)
        assert hold is not None, "there is an opposite quote"
        order = Order(
            order_id=FIRST_ORDER_ID + self._seq * IDS_PER_RECORD + self.place,
            account_no=self._account.account_no,
            terms=terms,
            status=OrderStatus.WAIT_TO_NEW,
            currency=floor.view.instrument.settlement_currency,
            submitted_at=floor.at,
            updated_at=floor.at,
            trading_day=floor.view.trading_day,
            quantity=terms.quantity,
            price=None,
            is_forced=True,
        )
        self.place += 1
        yield OrderAccepted(order, hold)
        yield from match_depth(floor)
        yield from report(floor, order.order_id, Place.CONTINUOUS)


def _closable(floor: Floor, position: Position) -> Decimal:
    """Return how many shares a market order could close now, below zero to buy back."""
    instrument = floor.view.instrument
    if instrument.market not in SOLD_IN or floor.session is not TradeSession.NORMAL:
        return ZERO
    held = position.quantity
    if held > 0:
        held -= position.locked_quantity
    side = OrderSide.SELL if held > 0 else OrderSide.BUY
    if not held or touch_of(floor).opposite(side) is None:
        return ZERO
    most = order_size_max(
        instrument.market, instrument.security_class, instrument.board, instrument.lot_size
    )
    lots = min(abs(held), Decimal(most or abs(held))) // instrument.lot_size
    shares = lots * instrument.lot_size
    return shares if held > 0 else -shares


def _requirement(account: Account, position: Position, view: MarketView) -> Decimal:
    """Return the maintenance margin of a position, in its currency."""
    price, instrument = mark_of(view) or position.cost_price, view.instrument
    if position.quantity < 0:
        cost = position.cost_price
        return short_requirement(-position.quantity, price, cost, instrument.market).maintenance
    factors = factors_of(account.kind, instrument, price)
    return position.quantity * price * factors.maintenance
