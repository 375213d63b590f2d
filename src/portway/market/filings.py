"""Filings of a security: the announcements of its corporate actions, as far as they are out.

A simulation has no reports to file; what it does know ahead of time are dividends, bonus and rights
issues and splits. Each is announced ten trading days before its ex-date, an hour after the close,
and nothing of it is shown earlier. There are no documents behind the titles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from portway.model.calendar import Calendar, OutsideCalendar
from portway.model.corporate_action import CorporateAction
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["FILINGS_MAX", "Filing", "filings"]

FILINGS_MAX: Final = 50  # the newest
NOTICE_DAYS: Final = 10
_PUBLISHED: Final = {
    Market.HK: time(17, 0),
    Market.US: time(17, 0),
    Market.CN: time(16, 0),
    Market.SG: time(18, 15),
}


@dataclass(frozen=True, slots=True)
class Filing:
    """One announcement."""

    action: CorporateAction
    published_at: datetime


def filings(
    actions: Iterable[CorporateAction], market: Market, calendar: Calendar, now: datetime
) -> list[Filing]:
    """Return what has been announced by `now`, the newest first.

    Args:
        actions: All of the security, ascending; those whose notice lies beyond the calendar have
            none.
    """
    found = []
    for action in actions:
        try:
            day = calendar.add(action.ex_date, -NOTICE_DAYS)
        except OutsideCalendar:
            continue
        at = datetime.combine(day, _PUBLISHED[market], MARKET_ZONES[market]).astimezone(UTC)
        if at <= now:
            found.append(Filing(action, at))
    found.sort(key=lambda one: one.published_at, reverse=True)
    return found[:FILINGS_MAX]
