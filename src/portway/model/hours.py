"""Candle sessions: into which part of a trading day a print falls, as official clients see it.

What the exchange does in those hours is in `session.py`; here an auction is just a print within the
grace of the last part. Times in the table are exchange-local, instants aware and in UTC, starts
inclusive and ends exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from portway.model.instrument import Board
from portway.model.quote import TradeSession
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["Part", "TradingHours", "hhmm", "instant", "regular_parts", "trading_hours"]


def hhmm(hour: int, minute: int = 0) -> timedelta:
    """Return a time of the exchange's wall clock, counted from midnight of the trading day.

    Below zero it lies on the evening before, at 24 hours and more on the day after.
    """
    return timedelta(hours=hour, minutes=minute)


def instant(market: Market, day: date, at: timedelta) -> datetime:
    """Return the UTC instant at which the exchange's wall clock shows `at` on or around `day`."""
    # The wall clock is added to, then read in its zone: 09:30 stays 09:30 when summer time begins.
    wall = datetime.combine(day, time.min) + at
    return wall.replace(tzinfo=MARKET_ZONES[market]).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """An unbroken piece of a session; minute bars are counted from its beginning.

    Attributes:
        begin: UTC, inclusive; `end` is exclusive.
        grace: A print from `end` up to, not including, `end + grace` counts as one at `end`: the
            print of a closing auction. Zero almost everywhere.
    """

    session: TradeSession
    begin: datetime
    end: datetime
    grace: timedelta = timedelta(0)


class _Kind(StrEnum):
    """Which candle sessions a board has; matters in the US alone."""

    ORDINARY = "ordinary"
    REGULAR_ONLY = "regular_only"
    LATE = "late"
    VIX = "vix"


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The candle sessions of a market's board; made by `trading_hours`."""

    market: Market
    kind: _Kind = _Kind.ORDINARY

    def parts(self, day: date, half: bool) -> tuple[Part, ...]:
        """Return the parts of a trading day in time order, never overlapping.

        The US day begins with the overnight session on the evening before; it is cut at midnight,
        as clients count its bars.
        """
        return _parts(self.market, self.kind, day, half)

    def regular_parts(self, day: date, half: bool) -> tuple[Part, ...]:
        """Return the parts of the regular session, from which day bars are made."""
        parts = _parts(self.market, self.kind, day, half)
        return tuple(part for part in parts if part.session is TradeSession.NORMAL)


_BOARD_KINDS: Final = {
    Board.US_OPTION: _Kind.REGULAR_ONLY,
    Board.US_OPTION_S: _Kind.LATE,
    Board.VIX_INDEX: _Kind.VIX,
    # An index has no value of its own outside the hours of its members' main session.
    Board.US_DJI: _Kind.REGULAR_ONLY,
    Board.US_NSDQ: _Kind.REGULAR_ONLY,
    Board.US_SECTOR: _Kind.REGULAR_ONLY,
    Board.SPX_INDEX: _Kind.REGULAR_ONLY,
}


@lru_cache
def trading_hours(market: Market, board: Board | None = None) -> TradingHours:
    """Return the candle sessions of a board, or of the market's ordinary securities."""
    kind = _Kind.ORDINARY if board is None else _BOARD_KINDS.get(board, _Kind.ORDINARY)
    return TradingHours(market, kind)


def regular_parts(
    market: Market, day: date, half: bool, board: Board | None = None
) -> tuple[Part, ...]:
    """Return the parts of the regular session of a trading day, in time order."""
    return trading_hours(market, board).regular_parts(day, half)


@lru_cache(maxsize=8192)
def _parts(market: Market, kind: _Kind, day: date, half: bool) -> tuple[Part, ...]:
    return tuple(
        Part(
            session,
            instant(market, day, begin),
            instant(market, day, end),
            timedelta(minutes=grace_minutes),
        )
        for session, begin, end, grace_minutes in _candle_rows(market, kind, half)
    )


def _candle_rows(
    market: Market, kind: _Kind, half: bool
) -> list[tuple[TradeSession, timedelta, timedelta, int]]:
    """The table of candle sessions: session, begin, end, minutes of grace."""
    normal = TradeSession.NORMAL
    match market:
        case Market.HK if half:
            return [(normal, hhmm(9, 30), hhmm(12), 10)]
        case Market.HK:
            return [(normal, hhmm(9, 30), hhmm(12), 0), (normal, hhmm(13), hhmm(16), 10)]
        case Market.CN:  # never a half day
            return [(normal, hhmm(9, 30), hhmm(11, 30), 0), (normal, hhmm(13), hhmm(15), 10)]
        case Market.SG if half:
            return [(normal, hhmm(9), hhmm(12, 15), 5)]
        case Market.SG:
            return [(normal, hhmm(9), hhmm(12), 0), (normal, hhmm(13), hhmm(17, 15), 5)]
    close = hhmm(13 if half else 16)
    match kind:
        case _Kind.REGULAR_ONLY:
            return [(normal, hhmm(9, 30), close, 0)]
        case _Kind.LATE:
            return [(normal, hhmm(9, 30), close + hhmm(0, 15), 0)]
        case _Kind.VIX:
            regular = (normal, hhmm(9, 30), close + hhmm(0, 15), 0)
            return [(normal, hhmm(3, 15), hhmm(9, 25), 0), regular]
    return [
        (TradeSession.OVERNIGHT, hhmm(-4), hhmm(0), 0),
        (TradeSession.OVERNIGHT, hhmm(0), hhmm(4), 0),
        (TradeSession.PRE, hhmm(4), hhmm(9, 30), 0),
        (normal, hhmm(9, 30), close, 0),
        (TradeSession.POST, close, close + hhmm(4), 0),
    ]
