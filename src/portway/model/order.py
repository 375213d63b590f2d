"""What a client asks of the market: an order's terms, its enums, and the order with its history.

Enum members are matched by name with the tables of the wire; values are ours. Prices are in the
security's currency per share, quantities in shares.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto

from msgspec import Struct

from portway.model.derivative import OptionTerms
from portway.model.money import Currency
from portway.model.symbol import Symbol

__all__ = [
    "AttachedKind",
    "AttachedTerms",
    "Combination",
    "DayAuction",
    "Leg",
    "NamedEnum",
    "Order",
    "OrderSide",
    "OrderStatus",
    "OrderTerms",
    "OrderType",
    "OutsideRth",
    "TERMINAL_STATUSES",
    "TimeInForce",
    "TriggerStatus",
]


class NamedEnum(Enum):
    """Members whose value is their name: it is what a journal keeps, whatever their order."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name

    # Members are single objects: hashing them as such is three times as quick as by their name.
    __hash__ = object.__hash__


class OrderType(NamedEnum):
    """How an order meets the market; names as on the wire."""

    LO = auto()
    ELO = auto()
    MO = auto()
    AO = auto()
    ALO = auto()
    ODD = auto()
    LIT = auto()
    MIT = auto()
    TSLPAMT = auto()
    TSLPPCT = auto()
    TSMAMT = auto()
    TSMPCT = auto()
    SLO = auto()


class OrderSide(NamedEnum):
    BUY = auto()
    SELL = auto()


class TimeInForce(NamedEnum):
    DAY = auto()
    GTC = auto()
    GTD = auto()


class OutsideRth(NamedEnum):
    """In which US sessions an order may trade."""

    RTH_ONLY = auto()
    ANY_TIME = auto()
    OVERNIGHT = auto()
    OPTION_PRE_MARKET = auto()


class DayAuction(NamedEnum):
    """The call auction that opens a trading day, the one that closes it, or one after a pause."""

    OPENING = auto()
    CLOSING = auto()
    REOPENING = auto()


class AttachedKind(NamedEnum):
    """What is attached to an order, or which of the two children an order is."""

    PROFIT_TAKER = auto()
    STOP_LOSS = auto()
    BRACKET = auto()  # Both; the execution of one cancels the other.


class TriggerStatus(NamedEnum):
    NOT_USED = auto()
    DEACTIVE = auto()
    ACTIVE = auto()
    RELEASED = auto()


class OrderStatus(NamedEnum):
    NOT_REPORTED = auto()
    REPLACED_NOT_REPORTED = auto()
    PROTECTED_NOT_REPORTED = auto()
    VARIETIES_NOT_REPORTED = auto()
    DELAYED_NOT_REPORTED = auto()
    WAIT_TO_NEW = auto()
    NEW = auto()
    WAIT_TO_REPLACE = auto()
    PENDING_REPLACE = auto()
    REPLACED = auto()
    PARTIAL_FILLED = auto()
    WAIT_TO_CANCEL = auto()
    PENDING_CANCEL = auto()
    FILLED = auto()
    REJECTED = auto()
    CANCELED = auto()
    EXPIRED = auto()
    PARTIAL_WITHDRAWAL = auto()


TERMINAL_STATUSES = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.PARTIAL_WITHDRAWAL,
    }
)


class AttachedTerms(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is to follow when an order executes; prices per share, None where nothing was said.

    Attributes:
        profit_taker_price, stop_loss_price: Triggers of the children.
        time_in_force, expire_date: Of the children.
        activate_order_type: LIT or MIT.
        profit_taker_submit_price, stop_loss_submit_price: Limits of the children (LIT).
        profit_taker_depth_level, stop_loss_depth_level: Bid (below zero) or ask level that is the
            limit instead; 0: none.
    """

    kind: AttachedKind
    profit_taker_price: Decimal | None = None
    stop_loss_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    expire_date: date | None = None
    activate_order_type: OrderType = OrderType.MIT
    profit_taker_submit_price: Decimal | None = None
    stop_loss_submit_price: Decimal | None = None
    activate_rth: OutsideRth | None = None
    profit_taker_depth_level: int = 0
    stop_loss_depth_level: int = 0


class Leg(Struct, frozen=True, gc=False):
    """One leg of a combination.

    Attributes:
        ratio: Contracts, or shares, for one combination.
    """

    symbol: Symbol
    side: OrderSide
    ratio: Decimal


class Combination(Struct, frozen=True, gc=False):
    """Legs that trade together or not at all.

    Attributes:
        strategy: Name of the strategy, as in the table of the wire.
    """

    strategy: str
    legs: tuple[Leg, ...]


class OrderTerms(Struct, frozen=True, gc=False, omit_defaults=True):
    """Everything a client may say when it submits an order; None where it said nothing.

    Attributes:
        price: Limit price.
        trailing_percent: Percent number: 0.5 is half a percent.
        expire_date: Last trading day of a GTD order.
        delayed_until: Instant at which a delayed order is reported, UTC.
    """

    symbol: Symbol
    order_type: OrderType
    side: OrderSide
    quantity: Decimal
    time_in_force: TimeInForce
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    limit_offset: Decimal | None = None
    trailing_amount: Decimal | None = None
    trailing_percent: Decimal | None = None
    expire_date: date | None = None
    outside_rth: OutsideRth | None = None
    limit_depth_level: int = 0
    trigger_count: int = 0
    monitor_price: Decimal | None = None
    delayed_until: datetime | None = None
    remark: str = ""
    client_request_id: str | None = None
    attached: AttachedTerms | None = None
    combination: Combination | None = None


class Order(Struct, frozen=True, gc=False, omit_defaults=True):
    """An order as the venue knows it at one moment.

    Attributes:
        order_id: Decimal digits, rising with every order of the venue.
        quantity: Submitted shares; `executed_quantity` counts towards it.
        executed_amount: Sum of price times quantity over the executions.
        trading_day: The trading day for which a Day order lives.
        parent_id: The order whose execution wakes this one; None: it stands alone.
        attached_kind: Which child of its parent it is.
        option: Terms of the contract it is about; None: a security that is none.
        multileg_id: The multi-leg order whose leg it trades; None: it stands alone.
        is_forced: The broker made it, to close a position of an account in danger.
        msg: Why it was refused: the name of a refusal reason, to be shown as its text; or a remark
            of the system, as it stands.
    """

    order_id: int
    account_no: str
    terms: OrderTerms
    status: OrderStatus
    currency: Currency
    submitted_at: datetime
    updated_at: datetime
    trading_day: date
    quantity: Decimal
    price: Decimal | None
    executed_quantity: Decimal = Decimal(0)
    executed_amount: Decimal = Decimal(0)
    last_price: Decimal | None = None
    trigger_status: TriggerStatus = TriggerStatus.NOT_USED
    triggered_at: datetime | None = None
    msg: str = ""
    parent_id: int | None = None
    attached_kind: AttachedKind | None = None
    option: OptionTerms | None = None
    multileg_id: int | None = None
    is_forced: bool = False

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The securities it trades: its own, or those of its legs."""
        combination = self.terms.combination
        if combination is None:
            return (self.terms.symbol,)
        return tuple(leg.symbol for leg in combination.legs)

    @property
    def leaves_quantity(self) -> Decimal:
        """Shares that may still trade."""
        return self.quantity - self.executed_quantity

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL_STATUSES
