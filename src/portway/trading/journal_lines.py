"""The journal for reading: facts as lines of text, and as lines of JSON.

A line says when, about whom, what and how much; a filter keeps the lines that meet it. The JSON is
canonical: the same facts give the same bytes, whatever form the journal keeps them in. Nothing is
computed; every amount stands in the fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from portway.model.event import (
    AccountClosed,
    AccountOpened,
    AccountReset,
    AuctionBounded,
    AuctionHeld,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CombinationFilled,
    CreditLimitChanged,
    CurbLifted,
    DividendDeclared,
    DividendPaid,
    Fact,
    Hold,
    InterestAccrued,
    InterestPosted,
    MarginCalled,
    MarginCallMet,
    OptionExpired,
    OrderAccepted,
    OrderFilled,
    OrderLingers,
    OrderParked,
    OrderReentered,
    OrderReplaced,
    OrderStatusChanged,
    PositionAdjusted,
    ProductRedeemed,
    QueueMoved,
    SettlementDone,
    StandingChanged,
    TradingCurbed,
    VenueConfigured,
    WatchMoved,
)
from portway.model.order import TERMINAL_STATUSES, Order, OrderStatus
from portway.trading.event_codec import decode_facts
from portway.trading.plain import plain
from portway.trading.ports import JournalRecord

__all__ = ["KINDS", "Line", "LineFilter", "Lines", "export_line"]

KINDS: Final = tuple(fact.__name__ for fact in get_args(Fact))


@dataclass(frozen=True, slots=True)
class Line:
    """One fact in words.

    Attributes:
        at: Market time, UTC; None: the fact has none of its own, and it is that of its record.
        accounts: Whom it is about; more than one where a market's day began.
        text: What happened, with its amounts.
    """

    seq: int
    kind: str
    at: datetime | None
    accounts: tuple[str, ...]
    order_id: int | None
    symbol: str
    text: str


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which facts; None and empty mean no restriction. Conditions are joined by AND.

    Attributes:
        first_at, last_at: Market instants, both inclusive.
    """

    account_no: str | None = None
    order_id: int | None = None
    symbol: str | None = None
    kinds: frozenset[str] = frozenset()
    first_at: datetime | None = None
    last_at: datetime | None = None

    def passes(self, line: Line) -> bool:
        """Tell whether a line meets every condition."""
        at = line.at
        return (
            (self.account_no is None or self.account_no in line.accounts)
            and (self.order_id is None or self.order_id == line.order_id)
            and (self.symbol is None or self.symbol == line.symbol)
            and (not self.kinds or line.kind in self.kinds)
            and (self.first_at is None or (at is not None and at >= self.first_at))
            and (self.last_at is None or (at is not None and at <= self.last_at))
        )


@dataclass(slots=True)
class Lines:
    """Turns records into lines, one after the other from the first: it remembers whose orders are.

    Attributes:
        orders: Account and symbol of every order that is not terminal yet, by id.
    """

    orders: dict[int, tuple[str, str]] = field(default_factory=dict)
    _at: datetime | None = None

    def of(self, record: JournalRecord) -> Iterator[Line]:
        """Yield a line for each fact of a record.

        Raises:
            UnreadableRecord: If it was written by a later version, or is damaged.
        """
        for fact in decode_facts(record.payload):
            at = _instant_of(fact)
            self._at = at or self._at
            order_id = _order_id_of(fact)
            if isinstance(fact, OrderAccepted):
                order = fact.order
                self.orders[order.order_id] = (order.account_no, str(order.terms.symbol))
            account_no, symbol = self.orders.get(order_id or 0, ("", ""))
            accounts = _accounts_of(fact) or ((account_no,) if account_no else ())
            yield Line(
                record.seq,
                type(fact).__name__,
                at or self._at,
                accounts,
                order_id,
                _symbol_of(fact) or symbol,
                text_of(fact),
            )
            if order_id is not None and _status_of(fact) in TERMINAL_STATUSES:
                self.orders.pop(order_id, None)


def export_line(record: JournalRecord) -> bytes:
    """Return a record as one line of canonical JSON, without its end of line.

    `{"seq": 7, "facts": [{"fact": "CashDeposited", ...}]}`: every field in the order of the model,
    decimals and dates as text, instants in UTC.

    Raises:
        UnreadableRecord: If it was written by a later version, or is damaged.
    """
    facts = [{"fact": type(fact).__name__, **plain(fact)} for fact in decode_facts(record.payload)]
    return msgspec.json.encode({"seq": record.seq, "facts": facts})


def text_of(fact: Fact) -> str:
    """Return what happened, with its amounts, in a few words."""
    match fact:
        case OrderAccepted(order=order, hold=hold):
            return f"{_wish(order)}: {order.status.name}{_said(order.msg)}{_held(hold)}"
        case OrderStatusChanged():
            price = f" at {fact.price:f}" if fact.price is not None else ""
            quantity = f" for {fact.quantity:f}" if fact.quantity is not None else ""
            trigger = f" trigger {fact.trigger_status.name}" if fact.trigger_status else ""
            said = f"{price}{quantity}{trigger}{_said(fact.msg)}"
            return f"{fact.status.name}{said}{_held(fact.hold)}"
        case OrderReplaced():
            price = f" at {fact.price:f}" if fact.price is not None else ""
            return f"{fact.status.name} for {fact.quantity:f}{price}{_held(fact.hold)}"
        case CombinationFilled():
            return f"{fact.quantity:f} combinations at {fact.price:f} net"
        case OrderFilled(execution=one):
            charged = sum((fee.amount for fee in fact.fees), Decimal(0))
            amount = f"{one.consideration:f} {one.currency.value}"
            counter = f" against {fact.against}" if fact.against is not None else ""
            side = "bought" if one.side.name == "BUY" else "sold"
            traded = f"{side} {one.quantity:f} at {one.price:f} = {amount}{counter}"
            return f"{traded}, fees {charged:f}: {fact.status.name}{_held(fact.hold)}"
    return _text_of_money(fact)


def _text_of_money(fact: Fact) -> str:
    match fact:
        case AccountOpened():
            return f"{fact.kind.name.lower()} account {fact.name!r} in {fact.base_currency.value}"
        case StandingChanged(standing=standing):
            agreed = ", ".join(one.name for one in standing.agreements) or "nothing"
            return f"agreed to {agreed}; lives in {standing.residency}"
        case CashDeposited():
            return f"+{fact.amount:f} {fact.currency.value}{_said(fact.note)}"
        case CashWithdrawn():
            return f"-{fact.amount:f} {fact.currency.value}{_said(fact.note)}"
        case CashConverted():
            gone = f"-{fact.sold_amount:f} {fact.sold.value}"
            return f"{gone} +{fact.bought_amount:f} {fact.bought.value} at {fact.rate:.8f}"
        case CreditLimitChanged():
            return f"credit {fact.amount:f}"
        case MarginCalled():
            return f"margin call, {fact.amount:f} missing"
        case MarginCallMet():
            return "above maintenance margin again"
        case InterestAccrued():
            return f"through {fact.through}, on {len(fact.accruals)} balances"
        case InterestPosted():
            return f"{fact.name} -{fact.amount:f} {fact.currency.value}"
        case DividendDeclared():
            return f"ex {fact.ex_date}, {len(fact.rights)} holders"
        case DividendPaid(right=one):
            gross = f"{one.gross:+f} {one.currency.value} on {one.quantity:f} shares"
            return f"{gross}, tax {one.tax:f}"
        case PositionAdjusted():
            new = f" as {fact.new_symbol}" if fact.new_symbol != fact.symbol else ""
            cash = f", {fact.cash:+f} {fact.currency.value} for a fraction" if fact.cash else ""
            return f"times {fact.ratio:f} = {fact.quantity:f} shares{new}{cash}"
        case OptionExpired():
            end = "exercised" if fact.contracts > 0 else "assigned"
            what = f"{end if fact.is_exercised else 'lapsed'} at {fact.close:f}"
            moved = f"{fact.shares:+f} {fact.option.underlying}, {fact.cash:+f}"
            return f"{fact.contracts:f} {what}: {moved} {fact.currency.value}"
        case ProductRedeemed():
            how = "called" if fact.called else "expired"
            return (
                f"{fact.quantity:f} {how} at {fact.price:f}: {fact.cash:+f} {fact.currency.value}"
            )
        case AccountReset():
            return "everything it held is gone"
        case AccountClosed():
            return "closed"
        case SettlementDone(settled=settled):
            parts = (
                f"{one.account_no} {one.receivable - one.payable:+f} {one.currency.value}"
                for one in settled
            )
            what = "; ".join(parts) or "nothing was due"
            return f"{fact.market.value} day {fact.trading_day} begins, settled: {what}"
    return _text_of_venue(fact)


def _text_of_venue(fact: Fact) -> str:
    match fact:
        case VenueConfigured(settings=settings):
            return f"fill model {settings.fill_model.name.lower()}"
        case WatchMoved():
            extreme = f" extreme {fact.extreme:f}" if fact.extreme is not None else ""
            return f"{'armed' if fact.is_armed else 'not armed'}{extreme}"
        case QueueMoved():
            return f"{fact.ahead:f} ahead"
        case OrderLingers():
            return f"until {fact.until:%H:%M:%S.%f} UTC, bound {fact.bound:f}"
        case AuctionBounded() | AuctionHeld():
            price = f" at {fact.price:f}" if isinstance(fact, AuctionHeld) and fact.price else ""
            return f"{fact.auction.name.lower()} auction of {fact.trading_day}{price}"
        case TradingCurbed(kind=kind, lower=lower, upper=upper):
            band = f", from {lower or '-'} to {upper or '-'}" if lower or upper else ""
            return f"{kind.name.lower().replace('_', ' ')} until {fact.until:%H:%M:%S} UTC{band}"
        case CurbLifted():
            return "trades freely again"
        case OrderParked():
            return "off the exchange over night"
        case OrderReentered():
            return "at the exchange again, behind what stands there"
    return ""


def _wish(order: Order) -> str:
    terms = order.terms
    price = f" at {order.price:f}" if order.price is not None else ""
    return f"{terms.order_type.name} {terms.side.name.lower()} {order.quantity:f}{price}"


def _said(text: str) -> str:
    return f" ({text})" if text else ""


def _held(hold: Hold) -> str:
    parts = []
    if hold.cash or hold.fees:
        parts.append(f"{hold.cash + hold.fees:f}")
    if hold.shares:
        parts.append(f"{hold.shares:f} shares")
    return f", holds {' and '.join(parts)}" if parts else ""


def _instant_of(fact: Fact) -> datetime | None:
    if isinstance(fact, OrderAccepted):
        return fact.order.updated_at
    if isinstance(fact, OrderFilled):
        return fact.execution.at
    at = getattr(fact, "at", None)
    return at if isinstance(at, datetime) else None


def _order_id_of(fact: Fact) -> int | None:
    part: Any = fact
    if isinstance(fact, OrderAccepted):
        part = fact.order
    elif isinstance(fact, OrderFilled):
        part = fact.execution
    order_id = getattr(part, "order_id", None)
    return order_id if isinstance(order_id, int) else None


def _status_of(fact: Fact) -> OrderStatus | None:
    match fact:
        case OrderAccepted(order=order):
            return order.status
        case OrderStatusChanged() | OrderFilled() | CombinationFilled():
            return fact.status
    return None


def _accounts_of(fact: Fact) -> tuple[str, ...]:
    parts: tuple[Any, ...] = (fact,)
    match fact:
        case OrderAccepted(order=order):
            parts = (order,)
        case OrderFilled(execution=execution):
            parts = (execution,)
        case SettlementDone(settled=settled):
            parts = settled
        case InterestAccrued(accruals=accruals):
            parts = accruals
        case DividendDeclared(rights=rights):
            parts = rights
        case DividendPaid(right=right):
            parts = (right,)
    found = (getattr(part, "account_no", None) for part in parts)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _symbol_of(fact: Fact) -> str:
    part: Any = fact
    match fact:
        case OrderFilled(execution=execution):
            part = execution
        case DividendPaid(right=right):
            part = right
    symbol = getattr(part, "symbol", None)
    return str(symbol) if isinstance(symbol, str) else ""
