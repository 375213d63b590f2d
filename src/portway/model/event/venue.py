"""Facts about a venue as a whole: its settings, and how far the auction of a symbol has come."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from portway.model.command import VenueSettings
from portway.model.curb import CurbKind
from portway.model.order import DayAuction
from portway.model.symbol import Symbol

__all__ = [
    "AuctionBounded",
    "AuctionHeld",
    "CurbLifted",
    "TradingCurbed",
    "VenueConfigured",
]


class VenueConfigured(Struct, frozen=True, gc=False):
    settings: VenueSettings
    at: datetime


class AuctionBounded(Struct, frozen=True, gc=False):
    """The no-cancellation stage of an auction begins: the best prices recorded then bound it."""

    symbol: Symbol
    trading_day: date
    auction: DayAuction
    at: datetime
    lowest_ask: Decimal | None
    highest_bid: Decimal | None


class AuctionHeld(Struct, frozen=True, gc=False):
    """An auction is over; its trades, at one price, follow.

    Attributes:
        price: None: nothing could trade.
    """

    symbol: Symbol
    trading_day: date
    auction: DayAuction
    at: datetime
    price: Decimal | None


class TradingCurbed(Struct, frozen=True):
    """Trading of a security is restricted; takes the place of an earlier restriction.

    Attributes:
        until: A limit state becomes a pause then; a pause and a cooling-off period end.
        lower, upper: Between which prices may be traded meanwhile; None: that side is open.
    """

    symbol: Symbol
    kind: CurbKind
    at: datetime
    until: datetime
    lower: Decimal | None = None
    upper: Decimal | None = None


class CurbLifted(Struct, frozen=True):
    """Trading of a security is no longer restricted."""

    symbol: Symbol
    at: datetime
