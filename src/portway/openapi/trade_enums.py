"""Enums of orders, assets and statements: names and ordinals of the official client.

Wire values come from `portway.wire.names`; the base class is in `enums.py`.
"""

from __future__ import annotations

from portway.openapi.enums import OpenApiEnum

__all__ = [
    "AttachedOrderType",
    "BalanceType",
    "CashFlowDirection",
    "ChargeCategoryCode",
    "CommissionFreeStatus",
    "ContractDirection",
    "DeductionStatus",
    "MultiLegPosition",
    "MultiLegStrategy",
    "OrderSide",
    "OrderStatus",
    "OrderTag",
    "OrderType",
    "OutsideRTH",
    "StatementType",
    "TimeInForceType",
    "TopicType",
    "TriggerStatus",
]


class TopicType(OpenApiEnum):
    """What the trade socket can push."""

    Private = 0


class OrderSide(OpenApiEnum):
    """Buy or sell."""

    Unknown = 0
    Buy = 1
    Sell = 2


class OrderType(OpenApiEnum):
    """How an order finds its price; names as in the API."""

    Unknown = 0
    LO = 1
    ELO = 2
    MO = 3
    AO = 4
    ALO = 5
    ODD = 6
    LIT = 7
    MIT = 8
    TSLPAMT = 9
    TSLPPCT = 10
    TSMAMT = 11
    TSMPCT = 12
    SLO = 13


class OrderStatus(OpenApiEnum):
    """Where an order is in its life."""

    Unknown = 0
    NotReported = 1
    ReplacedNotReported = 2
    ProtectedNotReported = 3
    VarietiesNotReported = 4
    Filled = 5
    WaitToNew = 6
    New = 7
    WaitToReplace = 8
    PendingReplace = 9
    Replaced = 10
    PartialFilled = 11
    WaitToCancel = 12
    PendingCancel = 13
    Rejected = 14
    Canceled = 15
    Expired = 16
    PartialWithdrawal = 17
    DelayedNotReported = 18


class OrderTag(OpenApiEnum):
    """What kind of order it is; six members are known to older services only."""

    Unknown = 0
    Normal = 1
    LongTerm = 2
    Grey = 3
    MarginCall = 4
    Offline = 5
    Creditor = 6
    Debtor = 7
    NonExercise = 8
    AllocatedSub = 9


class TimeInForceType(OpenApiEnum):
    """How long an order may work."""

    Unknown = 0
    Day = 1
    GoodTilCanceled = 2
    GoodTilDate = 3


class OutsideRTH(OpenApiEnum):
    """In which sessions of a US stock an order may trade."""

    Unknown = 0
    RTHOnly = 1
    AnyTime = 2
    Overnight = 3
    OptionPreMarket = 4


class TriggerStatus(OpenApiEnum):
    """Whether a conditional order was triggered."""

    Unknown = 0
    Deactive = 1
    Active = 2
    Released = 3


class CommissionFreeStatus(OpenApiEnum):
    """State of a commission waiver."""

    Unknown = 0
    None_ = 1
    Calculated = 2
    Pending = 3
    Ready = 4


class DeductionStatus(OpenApiEnum):
    """State of a deduction."""

    Unknown = 0
    None_ = 1
    NoData = 2
    Pending = 3
    Done = 4


class ChargeCategoryCode(OpenApiEnum):
    """Who charges a fee."""

    Unknown = 0
    Broker = 1
    Third = 2


class BalanceType(OpenApiEnum):
    """What a flow of funds moved."""

    Unknown = 0
    Cash = 1
    Stock = 2
    Fund = 3


class CashFlowDirection(OpenApiEnum):
    """Out of the account or into it."""

    Unknown = 0
    Out = 1
    In = 2


class AttachedOrderType(OpenApiEnum):
    """What an attached order protects."""

    Unknown = 0
    ProfitTaker = 1
    StopLoss = 2
    Bracket = 3


class MultiLegStrategy(OpenApiEnum):
    """An option strategy of several legs."""

    Unknown = 0
    CoveredCall = 1
    CoveredPut = 2
    VerticalCallSpread = 3
    VerticalPutSpread = 4
    Collar = 5
    Straddle = 6
    Strangle = 7
    CalendarCallSpread = 8
    CalendarPutSpread = 9


class MultiLegPosition(OpenApiEnum):
    """Long or short."""

    Unknown = 0
    Long = 1
    Short = 2


class ContractDirection(OpenApiEnum):
    """Call or put."""

    Unknown = 0
    Call = 1
    Put = 2


class StatementType(OpenApiEnum):
    """Daily or monthly statements; ordinals begin at 1."""

    Daily = 1
    Monthly = 2
