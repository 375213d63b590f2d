"""Every fact that can follow from a command, with every amount in it, and every refusal.

Facts are journaled; adding them up in order is all there is to know about a venue. A refusal
changes nothing and is not kept. `hold` is what the order keeps reserved after the event, so that a
fold never computes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portway.model.account import AccountKind
from portway.model.command import VenueSettings
from portway.model.entry import Entry, Fee
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import (
    DayAuction,
    Order,
    OrderStatus,
    OrderTerms,
    TriggerStatus,
)
from portway.model.refusal import RefusalReason
from portway.model.symbol import Market, Symbol

__all__ = [
    "AccountClosed",
    "AccountOpened",
    "AccountReset",
    "Accrual",
    "Answer",
    "AuctionBounded",
    "AuctionHeld",
    "CashConverted",
    "CashDeposited",
    "CashWithdrawn",
    "CreditLimitChanged",
    "DividendDeclared",
    "DividendPaid",
    "DividendRight",
    "Event",
    "Fact",
    "Hold",
    "InterestAccrued",
    "InterestPosted",
    "NO_HOLD",
    "OrderAccepted",
    "OrderFilled",
    "OrderLingers",
    "OrderParked",
    "OrderReentered",
    "OrderRefused",
    "OrderRepeated",
    "OrderReplaced",
    "OrderStatusChanged",
    "PositionAdjusted",
    "QueueMoved",
    "RefusalReason",
    "SettlementDone",
    "Settled",
    "VenueConfigured",
    "WatchMoved",
]


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The command, be it about an order or an account, is refused; nothing follows from it.

    Attributes:
        detail: What exactly was wrong, in English, for the answer's message where the reason's own
            text does not say it.
    """

    reason: RefusalReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OrderRepeated:
    """The client's request id was seen before: the answer of then, and nothing new."""

    order_id: int


@dataclass(frozen=True, slots=True)
class Hold:
    """What a working order keeps reserved.

    Attributes:
        cash: Limit price times open quantity of a buy, in the order's currency.
        fees: Estimated fees of the open part of a buy, same currency.
        shares: Open quantity of a sell.
    """

    cash: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    shares: Decimal = Decimal(0)


NO_HOLD = Hold()


@dataclass(frozen=True, slots=True)
class VenueConfigured:
    settings: VenueSettings
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountOpened:
    account_no: str
    name: str
    base_currency: Currency
    channel: str
    at: datetime
    kind: AccountKind = AccountKind.CASH
    finance_max: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CashDeposited:
    """Money came in, final at once; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class CashWithdrawn:
    """Money left; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class CashConverted:
    """Money of one currency became money of another, final at once; both amounts above zero.

    Attributes:
        rate: `bought` for one unit of `sold`, before rounding to the cent.
    """

    account_no: str
    sold: Currency
    sold_amount: Decimal
    bought: Currency
    bought_amount: Decimal
    rate: Decimal
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class CreditLimitChanged:
    """How much a margin account may borrow from now on, in its base currency."""

    account_no: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Accrual:
    """Interest that grew on one account.

    Attributes:
        name: `DEBIT_INTEREST` or `BORROW_FEE`.
        weight: What was owed times its yearly rate times the days, in `currency`.
    """

    account_no: str
    name: str
    currency: Currency
    weight: Decimal


@dataclass(frozen=True, slots=True)
class InterestAccrued:
    """Interest grew up to the beginning of `through`, not posted yet."""

    through: date
    at: datetime
    accruals: tuple[Accrual, ...]


@dataclass(frozen=True, slots=True)
class InterestPosted:
    """What accrued on one account left its cash; `amount` above zero, or zero after rounding."""

    account_no: str
    name: str
    currency: Currency
    amount: Decimal
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class DividendRight:
    """A claim to a dividend: of whoever held the shares before the ex-date.

    Attributes:
        quantity: Shares held; below zero: shares sold short, whose seller pays.
        gross: Signed as `quantity`; `tax`: withheld of it, zero or more.
    """

    account_no: str
    symbol: Symbol
    currency: Currency
    quantity: Decimal
    gross: Decimal
    tax: Decimal
    pay_date: date


@dataclass(frozen=True, slots=True)
class DividendDeclared:
    """A security trades without a dividend from `ex_date` on: who gets how much, and when."""

    symbol: Symbol
    ex_date: date
    at: datetime
    rights: tuple[DividendRight, ...]


@dataclass(frozen=True, slots=True)
class DividendPaid:
    right: DividendRight
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class PositionAdjusted:
    """A position changed by a split, a bonus or a change of symbol.

    Attributes:
        symbol: Before; `new_symbol` after, most often the same.
        ratio: New shares for each old one, fractions of a share not yet cut off.
        quantity: Afterwards; what was left of it as a fraction was paid as `cash`.
        entry: Shares and cash, balanced.
    """

    account_no: str
    symbol: Symbol
    new_symbol: Symbol
    currency: Currency
    ratio: Decimal
    quantity: Decimal
    cost_price: Decimal
    cash: Decimal
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class AccountReset:
    """An account holds nothing any more; its history stays."""

    account_no: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class AccountClosed:
    account_no: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """An order got its id, in its first status; that may be REJECTED, with the reason in `msg`."""

    order: Order
    hold: Hold


@dataclass(frozen=True, slots=True)
class OrderStatusChanged:
    """An order took one step of its life without an execution.

    Attributes:
        status: May be the status before: when a trigger was met while the market takes nothing, or
            when a parent's execution wakes an attached order.
        price: The limit that follows from the trigger; None: unchanged.
        quantity: What an attached order is now for; None: unchanged.
        trading_day: The day for which it lives from now on; None: unchanged.
    """

    order_id: int
    account_no: str
    status: OrderStatus
    at: datetime
    hold: Hold
    msg: str = ""
    trigger_status: TriggerStatus | None = None
    triggered_at: datetime | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    trading_day: date | None = None


@dataclass(frozen=True, slots=True)
class WatchMoved:
    """What a conditional order remembers of the prints so far; fields as in `core.triggers.Watch`.

    At most one for each order and update of the market.
    """

    order_id: int
    at: datetime
    rises: bool | None
    is_armed: bool
    extreme: Decimal | None
    is_met: bool
    touches: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class QueueMoved:
    """How many outside shares stand ahead of a resting order at its price (fill model `queue`)."""

    order_id: int
    ahead: Decimal


@dataclass(frozen=True, slots=True)
class OrderLingers:
    """A market order that found too little waits a moment for more.

    Attributes:
        bound: Worst price at which it trades.
        until: From this instant on it is cancelled.
    """

    order_id: int
    bound: Decimal
    until: datetime


@dataclass(frozen=True, slots=True)
class OrderParked:
    """A long-term order is taken off the exchange over night; its status stays."""

    order_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReentered:
    """A long-term order is at the exchange again, behind what stands there; its status stays."""

    order_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AuctionBounded:
    """The no-cancellation stage of an auction begins: the best prices recorded then bound it."""

    symbol: Symbol
    trading_day: date
    auction: DayAuction
    at: datetime
    lowest_ask: Decimal | None
    highest_bid: Decimal | None


@dataclass(frozen=True, slots=True)
class AuctionHeld:
    """An auction is over; its trades, at one price, follow.

    Attributes:
        price: None: nothing could trade.
    """

    symbol: Symbol
    trading_day: date
    auction: DayAuction
    at: datetime
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderReplaced:
    """New terms are in force.

    Attributes:
        status: REPLACED; a waiting status for an order not yet reported; PARTIAL_FILLED never.
        keeps_priority: The order stays where it stood in the queue.
        terms: What the owner asks for now; None: as before, but for `remark`.
    """

    order_id: int
    account_no: str
    status: OrderStatus
    at: datetime
    quantity: Decimal
    price: Decimal | None
    remark: str
    hold: Hold
    keeps_priority: bool
    terms: OrderTerms | None = None


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """One execution, with all the money that moved.

    Attributes:
        status: Of the order after it.
        against: The venue's own order on the other side; None: the outside market.
        fees: What this execution adds to the fees of its order's day, one item per fee, zero items
            left out.
        entry: Cash, shares and fees, balanced; its `settles_on` is the day the cash is final.
        sellable_from: First day on which bought shares may be sold.
        hold: What the order keeps reserved for its open part.
    """

    execution: Execution
    status: OrderStatus
    against: int | None
    fees: tuple[Fee, ...]
    entry: Entry
    sellable_from: date
    hold: Hold


@dataclass(frozen=True, slots=True)
class Settled:
    """Unsettled money of one account and one day of settlement that becomes final.

    Attributes:
        receivable: From sales, zero or more; `payable`: for purchases, zero or more.
    """

    account_no: str
    currency: Currency
    settles_on: date
    receivable: Decimal
    payable: Decimal
    entry: Entry


@dataclass(frozen=True, slots=True)
class SettlementDone:
    """A market's trading day began and what was due is final."""

    market: Market
    trading_day: date
    at: datetime
    settled: tuple[Settled, ...]


Fact = (
    VenueConfigured
    | AccountOpened
    | CashDeposited
    | CashWithdrawn
    | CashConverted
    | CreditLimitChanged
    | InterestAccrued
    | InterestPosted
    | DividendDeclared
    | DividendPaid
    | PositionAdjusted
    | AccountReset
    | AccountClosed
    | OrderAccepted
    | OrderStatusChanged
    | WatchMoved
    | QueueMoved
    | OrderLingers
    | OrderParked
    | OrderReentered
    | AuctionBounded
    | AuctionHeld
    | OrderReplaced
    | OrderFilled
    | SettlementDone
)

Answer = OrderRefused | OrderRepeated  # Told to the caller alone, not journaled.
Event = Fact | Answer
