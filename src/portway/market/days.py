"""Which trading day a board shows at an instant, and when the next one begins.

A board stays on its trading day until the next one begins: at local midnight, in the US on the
evening before at 20:00, when the overnight session opens. Between trading days (a weekend, a
holiday) the last one stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from portway.model.calendar import Calendar
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["TradingDays", "begin_of_day"]

# Local hour, on the date before, at which a trading day begins.
BEGIN_HOURS = {Market.US: 20}


def begin_of_day(market: Market, day: date) -> datetime:
    """Return the instant from which boards show trading day `day`, UTC."""
    hour = BEGIN_HOURS.get(market)
    if hour is None:
        begin = datetime.combine(day, time(), MARKET_ZONES[market])
    else:
        begin = datetime.combine(day - timedelta(days=1), time(hour), MARKET_ZONES[market])
    return begin.astimezone(UTC)


class TradingDays:
    """The trading days of all markets, by instant."""

    def __init__(self, calendars: Mapping[Market, Calendar]) -> None:
        self._calendars = calendars

    def shown_at(self, market: Market, at: datetime) -> date:
        """The trading day that boards show at `at`."""
        day = at.astimezone(MARKET_ZONES[market]).date()
        if begin_of_day(market, day + timedelta(days=1)) <= at:
            day += timedelta(days=1)
        return self._calendars[market].latest_on_or_before(day)

    def next_begin(self, market: Market, day: date) -> datetime:
        """When boards turn from trading day `day` to the next one."""
        return begin_of_day(market, self._calendars[market].next_trading_day(day))

    def is_half(self, market: Market, day: date) -> bool:
        return self._calendars[market].is_half_day(day)

    def previous(self, market: Market, day: date) -> date:
        """The trading day before `day`."""
        return self._calendars[market].previous_trading_day(day)
