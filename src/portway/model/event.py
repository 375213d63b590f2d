"""Every fact that can follow from a command, with every amount in it, and every refusal.

Facts are journaled; adding them up in order is all there is to know about a venue. A refusal
changes nothing and is not kept. `hold` is what the order keeps reserved after the event, so that a
fold never computes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import auto

from portway.model.command import VenueSettings
from portway.model.entry import Entry, Fee
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import NamedEnum, Order, OrderStatus, TriggerStatus
from portway.model.symbol import Market

__all__ = [
    "AccountOpened",
    "Answer",
    "CashDeposited",
    "CashWithdrawn",
    "Event",
    "Fact",
    "Hold",
    "NO_HOLD",
    "OrderAccepted",
    "OrderFilled",
    "OrderRefused",
    "OrderRepeated",
    "OrderReplaced",
    "OrderStatusChanged",
    "RefusalReason",
    "SettlementDone",
    "Settled",
    "VenueConfigured",
]


class RefusalReason(NamedEnum):
    """Why a command is refused at once, or an order after it got its id.

    The wire has a code and a text, in every language, for each name. An order refused later bears
    the name in its `msg`; whoever shows it puts the text in its place.
    """

    PARAMETER_INVALID = auto()
    SYMBOL_NOT_FOUND = auto()
    ORDER_TYPE_NOT_SUPPORTED = auto()
    TIME_IN_FORCE_NOT_SUPPORTED = auto()
    OUTSIDE_RTH_NOT_SUPPORTED = auto()
    EXPIRE_DATE_INVALID = auto()
    QUANTITY_NOT_POSITIVE = auto()
    QUANTITY_FRACTIONAL = auto()
    QUANTITY_TOO_SMALL = auto()
    QUANTITY_TOO_LARGE = auto()
    LOT_SIZE_MISMATCH = auto()
    ODD_LOT_QUANTITY = auto()
    QUANTITY_NOT_ABOVE_EXECUTED = auto()
    WRONG_BID_SIZE = auto()
    SECURITY_NOT_TRADABLE = auto()
    PRICE_OUTSIDE_BAND = auto()
    NO_OPPOSITE_QUOTE = auto()
    MARKET_CLOSED_FOR_TYPE = auto()
    BUYING_POWER_EXCEEDED = auto()
    SHARES_NOT_ENOUGH = auto()
    REPLACE_NOT_SUPPORTED = auto()
    REPLACE_NOT_ALLOWED = auto()
    CANCEL_NOT_ALLOWED = auto()
    ORDER_ALREADY_CANCELED = auto()
    ORDER_ALREADY_FILLED = auto()
    ORDER_ALREADY_REJECTED = auto()
    ORDER_EXPIRED = auto()
    ORDER_NOT_FOUND = auto()
    ACCOUNT_NOT_FOUND = auto()
    ACCOUNT_EXISTS = auto()
    WITHDRAWABLE_EXCEEDED = auto()


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
class OrderAccepted:
    """An order got its id, in its first status; that may be REJECTED, with the reason in `msg`."""

    order: Order
    hold: Hold


@dataclass(frozen=True, slots=True)
class OrderStatusChanged:
    """An order took one step of its life without an execution."""

    order_id: int
    account_no: str
    status: OrderStatus
    at: datetime
    hold: Hold
    msg: str = ""
    trigger_status: TriggerStatus | None = None
    triggered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderReplaced:
    """New terms are in force.

    Attributes:
        status: REPLACED; a waiting status for an order not yet reported; PARTIAL_FILLED never.
        keeps_priority: The order stays where it stood in the queue.
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
    | OrderAccepted
    | OrderStatusChanged
    | OrderReplaced
    | OrderFilled
    | SettlementDone
)

Answer = OrderRefused | OrderRepeated  # Told to the caller alone, not journaled.
Event = Fact | Answer
