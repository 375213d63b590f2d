"""Every fact that can follow from a command, with every amount in it, and every refusal.

Facts are journaled; adding them up in order is all there is to know about a venue. A refusal
changes nothing and is not kept. `accounts`, `orders` and `venue` hold them by what they are about;
the unions stand here.
"""

from __future__ import annotations

from portway.model.event.accounts import (
    AccountClosed,
    AccountOpened,
    AccountReset,
    Accrual,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CreditLimitChanged,
    DividendDeclared,
    DividendPaid,
    DividendRight,
    InterestAccrued,
    InterestPosted,
    MarginCalled,
    MarginCallMet,
    OptionExpired,
    PositionAdjusted,
    ProductRedeemed,
    Settled,
    SettlementDone,
    StandingChanged,
)
from portway.model.event.orders import (
    NO_HOLD,
    CombinationFilled,
    Hold,
    OrderAccepted,
    OrderFilled,
    OrderLingers,
    OrderParked,
    OrderReentered,
    OrderRefused,
    OrderRepeated,
    OrderReplaced,
    OrderStatusChanged,
    QueueMoved,
    WatchMoved,
)
from portway.model.event.venue import (
    AuctionBounded,
    AuctionHeld,
    CurbLifted,
    TradingCurbed,
    VenueConfigured,
)
from portway.model.refusal import RefusalReason

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
    "CombinationFilled",
    "CreditLimitChanged",
    "CurbLifted",
    "DividendDeclared",
    "DividendPaid",
    "DividendRight",
    "Event",
    "Fact",
    "Hold",
    "InterestAccrued",
    "InterestPosted",
    "MarginCallMet",
    "MarginCalled",
    "NO_HOLD",
    "OptionExpired",
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
    "ProductRedeemed",
    "QueueMoved",
    "RefusalReason",
    "Settled",
    "SettlementDone",
    "StandingChanged",
    "TradingCurbed",
    "VenueConfigured",
    "WatchMoved",
]

Fact = (
    VenueConfigured
    | AccountOpened
    | StandingChanged
    | CashDeposited
    | CashWithdrawn
    | CashConverted
    | CreditLimitChanged
    | InterestAccrued
    | InterestPosted
    | MarginCalled
    | MarginCallMet
    | DividendDeclared
    | DividendPaid
    | PositionAdjusted
    | OptionExpired
    | ProductRedeemed
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
    | TradingCurbed
    | CurbLifted
    | OrderReplaced
    | OrderFilled
    | CombinationFilled
    | SettlementDone
)

Answer = OrderRefused | OrderRepeated  # Told to the caller alone, not journaled.
Event = Fact | Answer
