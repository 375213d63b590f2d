"""Facts about a venue as a whole: its settings, and how far the auction of a symbol has come."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from portway.model.command import VenueSettings
from portway.model.order import DayAuction
from portway.model.symbol import Symbol

__all__ = [
    "AuctionBounded",
    "AuctionHeld",
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
