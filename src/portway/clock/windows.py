"""The hours in which the `open` clock lets each market stand.

From one hour after the opening of continuous trading to five minutes before its end, lunch break
left out; so a client always finds an open market with a history of today behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from portway.model.calendar import Calendar
from portway.model.session import continuous_spans
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["OpenWindows"]

AFTER_OPEN = timedelta(hours=1)
BEFORE_END = timedelta(minutes=5)

Window = tuple[datetime, datetime]


class OpenWindows:
    """Windows of the `open` clock by market and trading day."""

    def __init__(self, calendars: Mapping[Market, Calendar]) -> None:
        self._calendars = calendars

    def of_day(self, market: Market, day: date) -> list[Window]:
        """The windows of a trading day, in order."""
        half = self._calendars[market].is_half_day(day)
        spans = continuous_spans(market, day, half)
        first = spans[0][0] + AFTER_OPEN
        last = spans[-1][1] - BEFORE_END
        cut = [(max(begin, first), min(end, last)) for begin, end in spans]
        return [(begin, end) for begin, end in cut if begin < end]

    def start(self, market: Market, wall_now: datetime) -> datetime:
        """Where a market first stands: on its latest trading day that is not in the future."""
        calendar = self._calendars[market]
        day = calendar.latest_on_or_before(wall_now.astimezone(MARKET_ZONES[market]).date())
        begin = self.of_day(market, day)[0][0]
        if begin > wall_now:
            begin = self.of_day(market, calendar.previous_trading_day(day))[0][0]
        return begin

    def clamp(self, market: Market, at: datetime) -> datetime:
        """The instant itself when it lies in a window, else the beginning of the next one."""
        day = at.astimezone(MARKET_ZONES[market]).date()
        if self._calendars[market].is_trading_day(day):
            for begin, end in self.of_day(market, day):
                if at < end:
                    return max(at, begin)
        return self.next_day(market, at)

    def end_of_window(self, market: Market, at: datetime) -> datetime:
        """The end of the window that `at` stands in, or at whose end it stands."""
        day = at.astimezone(MARKET_ZONES[market]).date()
        return next(end for begin, end in self.of_day(market, day) if begin <= at <= end)

    def next_window(self, market: Market, at: datetime) -> datetime | None:
        """The beginning of the next window of the same day, if there is one."""
        day = at.astimezone(MARKET_ZONES[market]).date()
        return next((begin for begin, _ in self.of_day(market, day) if begin > at), None)

    def next_day(self, market: Market, at: datetime) -> datetime:
        """The beginning of the first window of the next trading day."""
        day = at.astimezone(MARKET_ZONES[market]).date()
        return self.of_day(market, self._calendars[market].next_trading_day(day))[0][0]
