"""What falls due by the clock: trading days that begin, auctions and sessions that open and end.

A table per market of continuous sessions, and of the stages of its call auctions; each row becomes
commands to the venues at its instant. An auction that ends at random is ended by its own print; the
table has the latest end. It knows nothing of orders: whom an instant concerns is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from portway.market.days import begin_of_day
from portway.model.calendar import Calendar
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    SessionEnded,
    SessionOpened,
    TradingDayStarted,
)
from portway.model.order import DayAuction
from portway.model.quote import TradeSession
from portway.model.session import (
    Phase,
    PhaseSpan,
    Timetable,
    continuous_spans,
    day_spans,
    trading_hours,
)
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["Agenda", "Due"]

Due = (
    TradingDayStarted | AuctionOpened | AuctionLocked | AuctionEnded | SessionOpened | SessionEnded
)

# When the trading day is over for orders of the regular session: after the closing auction.
LAST_ACTS = {Market.HK: timedelta(minutes=10), Market.CN: timedelta(minutes=3)}
# An auction's print bears the instant of its end: it is heard first, then comes what follows.
AFTER_PRINT = {
    Market.HK: timedelta(0),  # Random ends come before the latest one.
    Market.CN: timedelta(seconds=2),
    Market.US: timedelta(seconds=2),
}
EXPIRY_AFTER = {Market.CN: timedelta(seconds=1)}  # After the auction's end, where that is late.

OPENING, CLOSING = DayAuction.OPENING, DayAuction.CLOSING
INPUT_PHASES = {
    Phase.PRE_OPEN_INPUT: OPENING,
    Phase.OPEN_AUCTION: OPENING,
    Phase.CLOSING_INPUT: CLOSING,
    Phase.CLOSE_AUCTION: CLOSING,
}
LOCKED_PHASES = {Phase.PRE_OPEN_NO_CANCEL: OPENING, Phase.CLOSING_NO_CANCEL: CLOSING}
# The stage with whose end the auction is matched at the latest, and how long it can last.
LAST_PHASES = {
    Phase.PRE_OPEN_RANDOM: (OPENING, timedelta(minutes=2)),
    Phase.CLOSING_RANDOM: (CLOSING, timedelta(minutes=2)),
    Phase.OPEN_AUCTION_NO_CANCEL: (OPENING, timedelta(minutes=5)),
    Phase.CLOSE_AUCTION: (CLOSING, timedelta(minutes=3)),
}
TIMETABLES = {Market.HK: Timetable.HK, Market.CN: Timetable.SZ}

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
        ends: dict[TradeSession, datetime] = {}
        for session, _, end in self.spans(market, day):
            ends[session] = end
        last_act = LAST_ACTS.get(market, timedelta(0))
        return frozenset(session for session, end in ends.items() if end + last_act <= at)

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
        yield from self._auctions(market, day)
        spans = self.spans(market, day)
        for index, (session, begin, end) in enumerate(spans):
            follows_itself = index > 0 and spans[index - 1][0::2] == (session, begin)
            if not follows_itself:  # The US overnight session is cut at midnight for bars alone.
                yield SessionOpened(market, day, session, begin)
            if all(later[0] is not session for later in spans[index + 1 :]):
                yield SessionEnded(market, day, session, _expiry(market, session, end))

    def _auctions(self, market: Market, day: date) -> Iterator[Due]:
        """Stages of the call auctions, by the longest timetable that the market has."""
        timetable = TIMETABLES.get(market)
        if timetable is None:
            return
        spans = day_spans(timetable, day, self._calendars[market].is_half_day(day))
        for span in spans:
            if span.phase in INPUT_PHASES:
                yield AuctionOpened(market, day, INPUT_PHASES[span.phase], span.begin)
            if span.phase in LOCKED_PHASES:
                yield AuctionLocked(market, day, LOCKED_PHASES[span.phase], span.begin)
            if span.phase in LAST_PHASES:
                yield _auction_end(market, day, span)


def _auction_end(market: Market, day: date, span: PhaseSpan) -> AuctionEnded:
    auction, longest = LAST_PHASES[span.phase]
    return AuctionEnded(market, day, auction, span.begin + longest + AFTER_PRINT[market])


def _expiry(market: Market, session: TradeSession, end: datetime) -> datetime:
    if session is not TradeSession.NORMAL:
        return end
    after = LAST_ACTS.get(market, timedelta(0)) + AFTER_PRINT.get(market, timedelta(0))
    return end + after + EXPIRY_AFTER.get(market, timedelta(0))
