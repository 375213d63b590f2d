"""When a trade becomes final: the days on which money and shares change hands, and resale.

A table of settlement cycles by market, class and date, counted on the calendars that the caller
brings. Mainland securities are traded through Hong Kong, so their money moves, and their shares may
be sold again, only on days when both markets are open. Nothing here knows an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from portway.model.calendar import Calendar
from portway.model.instrument import OPTION_CLASSES, SecurityClass
from portway.model.symbol import Market

__all__ = ["US_T1_FROM", "US_T2_FROM", "Settlement", "settlement"]

US_T2_FROM: Final = date(2017, 9, 5)  # Three days before.
US_T1_FROM: Final = date(2024, 5, 28)

# Settlement days from the trade to the money; shares move with it, but for the mainland's, which
# are delivered on the evening of the trade.
_CASH_DAYS: Final = {Market.HK: 2, Market.CN: 1, Market.SG: 2}
_US_CYCLES: Final = ((US_T1_FROM, 1), (US_T2_FROM, 2), (date.min, 3))
_US_OPTION_DAYS: Final = 1


@dataclass(frozen=True, slots=True)
class Settlement:
    """The days that follow from a trade.

    Attributes:
        cash: On which its money is final; `securities`: on which its shares are.
        sellable_from: First trading day on which shares it bought may be sold.
    """

    cash: date
    securities: date
    sellable_from: date


def settlement(
    market: Market,
    security_class: SecurityClass,
    trade_date: date,
    calendars: Mapping[Market, Calendar],
    *,
    same_day_resale: bool = False,
) -> Settlement:
    """Return what follows from a trade of `trade_date`.

    Args:
        trade_date: A trading day of the market; a US overnight session's is the day it belongs to.
        calendars: Of the market; for the mainland of Hong Kong as well.
        same_day_resale: Mainland funds of bonds, gold, the money market or foreign shares, which
            may be sold on the day they were bought. Elsewhere everything may.

    Raises:
        ValueError: If the market does not trade on `trade_date`.
        OutsideCalendar: If a day lies beyond a calendar.
    """
    calendar = calendars[market]
    if not calendar.is_trading_day(trade_date):
        raise ValueError(f"{trade_date} is no trading day of {market}")
    if market is Market.CN:
        following = _next_shared(calendar, calendars[Market.HK], trade_date)
        return Settlement(
            cash=following,
            securities=trade_date,
            sellable_from=trade_date if same_day_resale else following,
        )
    cash = calendar.add(trade_date, _cash_days(market, security_class, trade_date))
    return Settlement(cash=cash, securities=cash, sellable_from=trade_date)


def _cash_days(market: Market, security_class: SecurityClass, trade_date: date) -> int:
    if market is not Market.US:
        return _CASH_DAYS[market]
    if security_class in OPTION_CLASSES:
        return _US_OPTION_DAYS
    return next(days for first, days in _US_CYCLES if trade_date >= first)


def _next_shared(calendar: Calendar, other: Calendar, day: date) -> date:
    """Return the first day after `day` on which both markets trade."""
    day = calendar.next_trading_day(day)
    while not other.is_trading_day(day):
        day = calendar.next_trading_day(day)
    return day
