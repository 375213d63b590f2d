"""Facts about a venue as a whole: its settings, and how far the auction of a symbol has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portway.model.command import VenueSettings
from portway.model.order import DayAuction
from portway.model.symbol import Symbol

__all__ = [
    "AuctionBounded",
    "AuctionHeld",
    "VenueConfigured",
]


@dataclass(frozen=True, slots=True)
class VenueConfigured:
    settings: VenueSettings
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
