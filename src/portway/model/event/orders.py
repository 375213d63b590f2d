"""Facts about orders, and the two answers from which nothing follows: refused and repeated.

`hold` is what the order keeps reserved after the event, so that a fold never computes one.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from portway.model.entry import Entry, Fee
from portway.model.execution import Execution
from portway.model.order import Order, OrderStatus, OrderTerms, TriggerStatus
from portway.model.refusal import RefusalReason

__all__ = [
    "CombinationFilled",
    "Hold",
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
    "QueueMoved",
    "WatchMoved",
]


class OrderRefused(Struct, frozen=True, gc=False):
    """The command, be it about an order or an account, is refused; nothing follows from it.

    Attributes:
        detail: What exactly was wrong, in English, for the answer's message where the reason's own
            text does not say it.
    """

    reason: RefusalReason
    detail: str = ""


class OrderRepeated(Struct, frozen=True, gc=False):
    """The client's request id was seen before: the answer of then, and nothing new."""

    order_id: int


class Hold(Struct, frozen=True, gc=False, omit_defaults=True):
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


class OrderAccepted(Struct, frozen=True, gc=False):
    """An order got its id, in its first status; that may be REJECTED, with the reason in `msg`."""

    order: Order
    hold: Hold


class OrderStatusChanged(Struct, frozen=True, gc=False, omit_defaults=True):
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


class WatchMoved(Struct, frozen=True, gc=False, omit_defaults=True):
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


class QueueMoved(Struct, frozen=True, gc=False):
    """How many outside shares stand ahead of a resting order at its price (fill model `queue`)."""

    order_id: int
    ahead: Decimal


class OrderLingers(Struct, frozen=True, gc=False):
    """A market order that found too little waits a moment for more.

    Attributes:
        bound: Worst price at which it trades.
        until: From this instant on it is cancelled.
    """

    order_id: int
    bound: Decimal
    until: datetime


class OrderParked(Struct, frozen=True, gc=False):
    """A long-term order is taken off the exchange over night; its status stays."""

    order_id: int
    at: datetime


class OrderReentered(Struct, frozen=True, gc=False):
    """A long-term order is at the exchange again, behind what stands there; its status stays."""

    order_id: int
    at: datetime


class OrderReplaced(Struct, frozen=True, gc=False, omit_defaults=True):
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


class CombinationFilled(Struct, frozen=True, gc=False):
    """Whole combinations of a multi-leg order have traded; what each leg did stands before it.

    Attributes:
        quantity: Combinations; `price`: net for one, paid by a buyer, got by a seller.
    """

    order_id: int
    account_no: str
    status: OrderStatus
    at: datetime
    quantity: Decimal
    price: Decimal


class OrderFilled(Struct, frozen=True, gc=False, omit_defaults=True):
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
