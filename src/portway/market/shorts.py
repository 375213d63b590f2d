"""Short sales of a security, day by day, and the positions that they leave open.

Made for securities of the synthetic world alone, from the part of each day's volume that its seed
says was sold short: nothing is made up about recorded or imported data. A day's short sales stay
open by half and are covered evenly over twenty trading days; so trades and positions agree.
Positions are told at the ends of weeks in Hong Kong, and on the 15th and the last day of each month
(or the trading day before) in the US, once the day is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

from portway.market.ports import MarketSource
from portway.model.instrument import Instrument, SecurityClass
from portway.model.quote import Period
from portway.model.symbol import MARKET_ZONES, Market, Symbol

__all__ = [
    "COUNT_MAX",
    "COVER_DAYS",
    "ShortDay",
    "ShortPosition",
    "ShortSource",
    "open_positions",
    "short_days",
    "told",
]

COUNT_MAX: Final = 250  # rows of one answer
COVER_DAYS: Final = 20
_SHORTABLE: Final = {
    Market.US: frozenset({SecurityClass.STOCK, SecurityClass.ETF}),
    Market.HK: frozenset({SecurityClass.EQUITY, SecurityClass.ETP, SecurityClass.REIT}),
}


@runtime_checkable
class ShortSource(Protocol):
    """A source that knows which part of a day's volume was sold short."""

    def short_share(self, symbol: Symbol, day: date) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class ShortDay:
    """One day's short sales.

    Attributes:
        close: Raw, in the security's currency.
        volume: Shares of the whole day; `sold` of them short.
    """

    day: date
    close: Decimal
    volume: int
    sold: int

    @property
    def rate(self) -> Decimal:
        """The part of the volume that was sold short."""
        return Decimal(self.sold) / self.volume if self.volume else Decimal(0)


@dataclass(frozen=True, slots=True)
class ShortPosition:
    """What is open after a day.

    Attributes:
        cost: Mean close of the days on which what is open was sold.
        average_volume: Shares a day over the last twenty trading days.
    """

    day: date
    close: Decimal
    open_shares: int
    cost: Decimal
    average_volume: int


def short_days(
    instrument: Instrument, source: MarketSource, last: date, count: int
) -> list[ShortDay]:
    """Return up to `count` days with short sales up to `last`, ascending.

    Empty for what cannot be sold short, and for data that is not drawn.
    """
    market = instrument.market
    classes = _SHORTABLE.get(market, frozenset())
    allowed = instrument.short_sell if market is Market.HK else True
    if instrument.security_class not in classes or not allowed:
        return []
    if not isinstance(source, ShortSource):
        return []
    symbol = instrument.symbol
    first = last - timedelta(days=count * 3 // 2 + 30)
    bars = source.bars(symbol, Period.DAY, first, last)[-count:]
    zone = MARKET_ZONES[market]
    found = []
    for bar in bars:
        day = bar.at.astimezone(zone).date()
        lots = int(source.short_share(symbol, day) * bar.volume) // instrument.lot_size
        found.append(ShortDay(day, bar.close, bar.volume, lots * instrument.lot_size))
    return found


def open_positions(days: Sequence[ShortDay]) -> list[ShortPosition]:
    """Return what is open after each of `days` but the first `COVER_DAYS - 1`, which feed it."""
    places = range(COVER_DAYS - 1, len(days))
    return [_position(days[place - COVER_DAYS + 1 : place + 1]) for place in places]


def told(positions: Sequence[ShortPosition], market: Market, next_day: date) -> list[ShortPosition]:
    """Return the positions of those days on which the market tells them, ascending.

    Args:
        positions: Of consecutive trading days, ascending.
        next_day: The trading day after the last one.
    """
    following = [*(one.day for one in positions[1:]), next_day]
    return [
        one
        for one, after in zip(positions, following, strict=True)
        if _is_told(one.day, after, market)
    ]


def _is_told(day: date, following: date, market: Market) -> bool:
    if market is Market.HK:
        return following.isocalendar()[:2] != day.isocalendar()[:2]
    return following.month != day.month or day.day <= 15 < following.day


def _position(days: Sequence[ShortDay]) -> ShortPosition:
    open_shares, paid = Decimal(0), Decimal(0)
    for age, one in enumerate(reversed(days)):
        left = one.sold * Decimal(COVER_DAYS - age) / (2 * COVER_DAYS)
        open_shares += left
        paid += left * one.close
    latest = days[-1]
    return ShortPosition(
        day=latest.day,
        close=latest.close,
        open_shares=int(open_shares),
        cost=paid / open_shares if open_shares else latest.close,
        average_volume=sum(one.volume for one in days) // len(days),
    )
