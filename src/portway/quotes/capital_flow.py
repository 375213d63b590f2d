"""Capital flow of a trading day: a fold of its prints into money that bought and money that sold.

Counted are prints of the regular session that set the price and whose direction is known; the
amount of one is price times shares. For the distribution by size, prints of the same second, price
and direction are one trade first, because one large order prints in pieces. The vendor publishes no
thresholds: those of the table are the project's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.model.hours import Part
from portway.model.quote import Direction, Trade, TradeSession
from portway.model.symbol import Market
from portway.quotes.effects import TradeEffect, effects_by_type

__all__ = ["SIZES", "CapitalFlow", "FlowPoint", "Sides", "SizeClasses"]

_ZERO: Final = Decimal(0)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SizeClasses:
    """Bounds between small, medium and large trades, in the market's currency.

    Attributes:
        small_below: A trade of this amount is medium.
        large_from: A trade of this amount is large.
    """

    small_below: Decimal
    large_from: Decimal


SIZES: Final = {
    Market.HK: SizeClasses(Decimal(200_000), Decimal(1_000_000)),
    Market.US: SizeClasses(Decimal(50_000), Decimal(200_000)),
    Market.CN: SizeClasses(Decimal(40_000), Decimal(200_000)),
    Market.SG: SizeClasses(Decimal(40_000), Decimal(200_000)),
}


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """Net inflow from the open to the end of the minute that begins at `at`."""

    at: datetime
    inflow: Decimal


@dataclass(frozen=True, slots=True)
class Sides:
    """Amounts of one side by size of the trades, in the security's currency."""

    large: Decimal = _ZERO
    medium: Decimal = _ZERO
    small: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """All three."""
        return self.large + self.medium + self.small


class CapitalFlow:
    """The running fold of one trading day's prints. Mutable; take a reading at any time.

    Attributes:
        net: What bought less what sold, so far.
        latest: Instant of the last print that counted.

    Args:
        sizes: Bounds of the size classes; by default those of the market.
    """

    def __init__(
        self, market: Market, *, sizes: SizeClasses | None = None, is_option: bool = False
    ) -> None:
        self._sizes = SIZES[market] if sizes is None else sizes
        table = effects_by_type(market, TradeSession.NORMAL, is_option=is_option)
        self._effect_of = table.get
        self._net_by_minute: dict[datetime, Decimal] = {}
        # By direction: amounts of small, medium and large trades.
        self._done = {one: [_ZERO, _ZERO, _ZERO] for one in (Direction.UP, Direction.DOWN)}
        self._second: datetime | None = None
        self._pending: dict[tuple[Direction, Decimal], Decimal] = {}
        self.latest: datetime | None = None
        self.net = _ZERO

    def add(self, prints: Iterable[Trade]) -> None:
        """Fold prints, in order of time, that follow those folded before."""
        for one in prints:
            if one.session is not TradeSession.NORMAL or one.direction is Direction.NEUTRAL:
                continue
            if self._effect_of(one.trade_type) is TradeEffect.PRICE_AND_VOLUME:
                self._count(one)

    def _count(self, one: Trade) -> None:
        at, amount = one.at, one.price * one.volume
        second = at.replace(microsecond=0)
        minute = second.replace(second=0)
        signed = amount if one.direction is Direction.UP else -amount
        self._net_by_minute[minute] = self._net_by_minute.get(minute, _ZERO) + signed
        self.net += signed
        if second != self._second:
            self._classify(self._done, self._pending)
            self._second, self._pending = second, {}
        key = (one.direction, one.price)
        self._pending[key] = self._pending.get(key, _ZERO) + amount
        self.latest = at

    def _classify(
        self,
        sides: dict[Direction, list[Decimal]],
        trades: dict[tuple[Direction, Decimal], Decimal],
    ) -> None:
        for (direction, _), amount in trades.items():
            size = (amount >= self._sizes.small_below) + (amount >= self._sizes.large_from)
            sides[direction][size] += amount

    # -- readings ----------------------------------------------------------------------------

    def distribution(self) -> tuple[Sides, Sides]:
        """Return what bought and what sold, by size."""
        sides = {one: list(amounts) for one, amounts in self._done.items()}
        self._classify(sides, self._pending)
        bought, sold = (
            Sides(large, medium, small)
            for small, medium, large in (sides[Direction.UP], sides[Direction.DOWN])
        )
        return bought, sold

    def minutes(self) -> tuple[FlowPoint, ...]:
        """Return a point for every minute that had a counted print."""
        found, total = [], _ZERO
        for minute, amount in sorted(self._net_by_minute.items()):
            total += amount
            found.append(FlowPoint(minute, total))
        return tuple(found)

    def line(self, parts: Sequence[Part], now: datetime) -> tuple[FlowPoint, ...]:
        """Return a point for every trading minute of the regular session that has begun by `now`.

        Args:
            parts: Session parts of the day, ascending. A print outside every part counts for the
                minute before it: one in the minutes after the close makes a last point of its own.
        """
        steps = list(self.minutes())
        found: list[FlowPoint] = []
        total, place = _ZERO, 0
        for part in parts:
            if part.session is not TradeSession.NORMAL:
                continue
            at = part.begin
            while at < part.end and at <= now:
                while place < len(steps) and steps[place].at <= at:
                    total = steps[place].inflow
                    place += 1
                found.append(FlowPoint(at, total))
                at += _MINUTE
        if found and place < len(steps):
            found.append(FlowPoint(found[-1].at + _MINUTE, steps[-1].inflow))
        return tuple(found)
