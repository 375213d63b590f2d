"""What falls due by the clock: trading days that begin, sessions that open and end.

A table per market of continuous sessions; each row becomes commands to the venues at its instant.
It knows nothing of orders: which of them a session's end concerns is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from portway.market.days import begin_of_day
from portway.model.calendar import Calendar
from portway.model.command import SessionEnded, SessionOpened, TradingDayStarted
from portway.model.quote import TradeSession
from portway.model.session import continuous_spans, trading_hours
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["Agenda", "Due"]

Due = TradingDayStarted | SessionOpened | SessionEnded

# When the trading day is over for orders of the regular session: after the closing auction.
LAST_ACTS = {Market.HK: timedelta(minutes=10), Market.CN: timedelta(minutes=3)}

SPAN_DAYS_MAX = 64  # Each event of a working symbol asks for its session: recent days stay.

Span = tuple[TradeSession, datetime, datetime]


class Agenda:
    """What falls due in each market."""

    def __init__(self, calendars: Mapping[Market, Calendar]) -> None:
        self._calendars = calendars
        self.spans = lru_cache(maxsize=SPAN_DAYS_MAX)(self._spans)

    def between(self, market: Market, begin: datetime, end: datetime) -> list[Due]:
        """Everything with `begin < at <= end`, in order."""
        zone = MARKET_ZONES[market]
        first = begin.astimezone(zone).date() - timedelta(days=1)
        last = end.astimezone(zone).date() + timedelta(days=1)
        days = self._calendars[market].trading_days(first, last)
        due = [one for day in days for one in self._of_day(market, day) if begin < one.at <= end]
        return sorted(due, key=lambda one: one.at)

    def session_at(self, market: Market, day: date, at: datetime) -> TradeSession | None:
        """The continuous session that runs at `at` of trading day `day`, if any."""
        for session, begin, end in self.spans(market, day):
            if begin <= at < end:
                return session
        return None

    def ended_at(self, market: Market, day: date, at: datetime) -> frozenset[TradeSession]:
        """Sessions of trading day `day` that are over at `at`."""
        return frozenset(
            one.session
            for one in self._of_day(market, day)
            if isinstance(one, SessionEnded) and one.at <= at
        )

    def _spans(self, market: Market, day: date) -> Sequence[Span]:
        """Every stretch of continuous trading of a trading day, in order."""
        half = self._calendars[market].is_half_day(day)
        regular = [
            (TradeSession.NORMAL, begin, end) for begin, end in continuous_spans(market, day, half)
        ]
        extended = [
            (part.session, part.begin, part.end)
            for part in trading_hours(market).parts(day, half)
            if part.session is not TradeSession.NORMAL
        ]
        return sorted([*regular, *extended], key=lambda span: span[1])

    def _of_day(self, market: Market, day: date) -> Iterator[Due]:
        yield TradingDayStarted(market, day, begin_of_day(market, day))
        spans = self.spans(market, day)
        for index, (session, begin, end) in enumerate(spans):
            follows_itself = index > 0 and spans[index - 1][0::2] == (session, begin)
            if not follows_itself:  # The US overnight session is cut at midnight for bars alone.
                yield SessionOpened(market, day, session, begin)
            if all(later[0] is not session for later in spans[index + 1 :]):
                after = LAST_ACTS.get(market, timedelta(0))
                yield SessionEnded(market, day, session, end + after)
