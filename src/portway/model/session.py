"""The day of a market: its phases at the exchange, and which trading day an instant belongs to.

The tables say what the exchange does: auctions, breaks, which orders it takes. Into which part of
the day a candlestick falls is another table, `hours.py`, whose public names are offered here too.
Times in the tables are exchange-local, instants aware and in UTC, starts inclusive and ends
exclusive. Calendars and the random ends of HK auctions are arguments.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Final

from portway.model.calendar import Calendar
from portway.model.hours import (
    Part,
    TradingHours,
    hhmm,
    instant,
    regular_parts,
    trading_hours,
)
from portway.model.instrument import OPTION_CLASSES, Board, Instrument, SecurityClass
from portway.model.order import OrderType
from portway.model.quote import TradeSession
from portway.model.symbol import MARKET_ZONES, Market

__all__ = [
    "CLOSED",
    "OVERNIGHT_ROW",
    "AuctionEnds",
    "Part",
    "Phase",
    "PhaseRules",
    "PhaseSpan",
    "PhaseState",
    "SessionRow",
    "Timetable",
    "TradingHours",
    "continuous_span",
    "continuous_spans",
    "day_reset",
    "day_spans",
    "phase_at",
    "regular_parts",
    "schedule",
    "session_rows",
    "timetable_of",
    "trading_day_of",
    "trading_hours",
]


class Phase(StrEnum):
    """What the exchange is doing with a security."""

    CLOSED = "closed"
    PRE_OPEN_INPUT = "pre_open_input"  # HK, as the next ones
    PRE_OPEN_NO_CANCEL = "pre_open_no_cancel"
    PRE_OPEN_RANDOM = "pre_open_random"
    BLOCKING = "blocking"
    CLOSING_REFERENCE = "closing_reference"
    CLOSING_INPUT = "closing_input"
    CLOSING_NO_CANCEL = "closing_no_cancel"
    CLOSING_RANDOM = "closing_random"
    CONTINUOUS = "continuous"  # HK, CN, SG
    BREAK = "break"
    OVERNIGHT = "overnight"  # US, as the next ones
    OVERNIGHT_QUOTES = "overnight_quotes"  # no more trading, quotes until the pre-market
    PRE = "pre"
    REGULAR = "regular"
    POST = "post"
    OPEN_AUCTION = "open_auction"  # CN, as the next ones
    OPEN_AUCTION_NO_CANCEL = "open_auction_no_cancel"
    SILENT = "silent"
    CLOSE_AUCTION = "close_auction"


class Timetable(StrEnum):
    """Which of a market's timetables a security follows."""

    HK = "hk"  # opening auction, continuous trading, closing auction
    HK_NO_CLOSING_AUCTION = "hk_no_closing_auction"
    HK_CONTINUOUS_ONLY = "hk_continuous_only"  # warrants, CBBCs, inline warrants, debt
    US = "us"
    US_OPTION = "us_option"
    US_OPTION_LATE = "us_option_late"  # board USOptionS, a quarter of an hour longer
    SH = "sh"
    SH_FUND = "sh_fund"  # its closing auction came later than that of the shares
    SZ = "sz"
    SG = "sg"


@dataclass(frozen=True, slots=True)
class AuctionEnds:
    """How long the two random stages of an HK day last; each is drawn from 0 to 2 minutes.

    The defaults are the middle, for callers to whom the very instant does not matter.

    Attributes:
        opening: From 09:20 to the match of the pre-opening session.
        closing: From 16:08 (half day 12:08) to the end of the closing auction.
    """

    opening: timedelta = timedelta(minutes=1)
    closing: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        for drawn in (self.opening, self.closing):
            assert timedelta(0) <= drawn <= RANDOM_STAGE, "a random stage lasts up to two minutes"


@dataclass(frozen=True, slots=True)
class PhaseRules:
    """The dates and times among the phases that are settings.

    Attributes:
        overnight_until: New York time at which US overnight trading ends; quotes go on to 04:00.
        fund_auction_from: First day on which Shanghai funds have a closing auction.
    """

    overnight_until: time = time(3, 50)
    fund_auction_from: date = date(2026, 7, 6)


RANDOM_STAGE: Final = timedelta(minutes=2)
# Shanghai shares have had a closing auction from this day on; Shenzhen had one before the table.
SH_AUCTION_FROM: Final = date(2018, 8, 20)
_DEFAULT_ENDS: Final = AuctionEnds()
_DEFAULT_RULES: Final = PhaseRules()


@dataclass(frozen=True, slots=True)
class PhaseState:
    """What holds at an instant.

    Attributes:
        session: Session of what is traded or quoted now; None while closed.
        trading_day: None while closed.
        order_types: What the exchange itself takes now, sorted by name; what a broker queues or
            watches on its own is not meant.
        cancel: Whether the exchange lets a resting order be cancelled.
    """

    phase: Phase
    session: TradeSession | None
    trading_day: date | None
    order_types: tuple[OrderType, ...]
    cancel: bool


CLOSED: Final = PhaseState(Phase.CLOSED, None, None, (), cancel=False)


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A stretch of a trading day in which one state holds, `begin <= at < end`, UTC."""

    begin: datetime
    end: datetime
    state: PhaseState

    @property
    def phase(self) -> Phase:
        """The phase of its state."""
        return self.state.phase


@dataclass(frozen=True, slots=True)
class _Row:
    """When a phase begins; it lasts until the next row.

    Attributes:
        at: On the exchange's wall clock, from midnight of the trading day; below zero on the
            evening before it.
    """

    at: timedelta
    phase: Phase
    order_types: tuple[OrderType, ...] = ()
    cancel: bool = False
    session: TradeSession = TradeSession.NORMAL


_AUCTION: Final = (OrderType.ALO, OrderType.AO)
_HK_CONTINUOUS: Final = (OrderType.ELO, OrderType.LO, OrderType.SLO)
_LIMIT: Final = (OrderType.LO,)
_LIMIT_AND_MARKET: Final = (OrderType.LO, OrderType.MO)


def _hk_rows(timetable: Timetable, half: bool, ends: AuctionEnds) -> tuple[_Row, ...]:
    """HK: pre-opening session, continuous trading with a break, closing auction session."""
    opening = (
        _Row(hhmm(9, 0), Phase.PRE_OPEN_INPUT, _AUCTION, cancel=True),
        _Row(hhmm(9, 15), Phase.PRE_OPEN_NO_CANCEL, _AUCTION),
        _Row(hhmm(9, 20), Phase.PRE_OPEN_RANDOM, _AUCTION),
        _Row(hhmm(9, 20) + ends.opening, Phase.BLOCKING),
    )
    morning = (_Row(hhmm(9, 30), Phase.CONTINUOUS, _HK_CONTINUOUS, cancel=True),)
    afternoon = (
        _Row(hhmm(12, 0), Phase.BREAK),
        _Row(hhmm(12, 30), Phase.BREAK, cancel=True),
        _Row(hhmm(13, 0), Phase.CONTINUOUS, _HK_CONTINUOUS, cancel=True),
    )
    end = hhmm(12 if half else 16)
    closing = (
        _Row(end, Phase.CLOSING_REFERENCE),
        _Row(end + hhmm(0, 1), Phase.CLOSING_INPUT, _AUCTION, cancel=True),
        _Row(end + hhmm(0, 6), Phase.CLOSING_NO_CANCEL, _AUCTION),
        _Row(end + hhmm(0, 8), Phase.CLOSING_RANDOM, _AUCTION),
        _Row(end + hhmm(0, 8) + ends.closing, Phase.CLOSED),
    )
    return (
        *(opening if timetable is not Timetable.HK_CONTINUOUS_ONLY else ()),
        *morning,
        *(() if half else afternoon),
        *(closing if timetable is Timetable.HK else (_Row(end, Phase.CLOSED),)),
    )


def _us_rows(timetable: Timetable, half: bool, overnight_until: time) -> tuple[_Row, ...]:
    """US: overnight from the evening before, pre-market, regular, post-market; options regular."""
    close = hhmm(13 if half else 16)
    regular = _Row(hhmm(9, 30), Phase.REGULAR, _LIMIT_AND_MARKET, cancel=True)
    if timetable is not Timetable.US:
        late = hhmm(0, 15 if timetable is Timetable.US_OPTION_LATE else 0)
        return (regular, _Row(close + late, Phase.CLOSED))
    pre, post, overnight = TradeSession.PRE, TradeSession.POST, TradeSession.OVERNIGHT
    until = hhmm(overnight_until.hour, overnight_until.minute)
    until += timedelta(seconds=overnight_until.second)
    return (
        _Row(hhmm(-4), Phase.OVERNIGHT, _LIMIT, cancel=True, session=overnight),
        _Row(until, Phase.OVERNIGHT_QUOTES, session=overnight),
        _Row(hhmm(4), Phase.PRE, _LIMIT, cancel=True, session=pre),
        regular,
        _Row(close, Phase.POST, _LIMIT, cancel=True, session=post),
        _Row(close + hhmm(4), Phase.CLOSED),
    )


def _cn_rows(timetable: Timetable, has_closing_auction: bool) -> tuple[_Row, ...]:
    """CN: opening auction, a silence, continuous trading with a break, closing auction."""
    queues = timetable is Timetable.SZ  # Shenzhen takes orders in the silence, and acts at 09:30
    closing = (_Row(hhmm(14, 57), Phase.CLOSE_AUCTION, _LIMIT),) if has_closing_auction else ()
    return (
        _Row(hhmm(9, 15), Phase.OPEN_AUCTION, _LIMIT, cancel=True),
        _Row(hhmm(9, 20), Phase.OPEN_AUCTION_NO_CANCEL, _LIMIT),
        _Row(hhmm(9, 25), Phase.SILENT, _LIMIT if queues else (), cancel=queues),
        _Row(hhmm(9, 30), Phase.CONTINUOUS, _LIMIT, cancel=True),
        _Row(hhmm(11, 30), Phase.BREAK),
        _Row(hhmm(13, 0), Phase.CONTINUOUS, _LIMIT, cancel=True),
        *closing,
        _Row(hhmm(15, 0), Phase.CLOSED),
    )


def _sg_rows(half: bool) -> tuple[_Row, ...]:
    """SG: continuous trading only; its auctions are not modelled."""
    morning = _Row(hhmm(9, 0), Phase.CONTINUOUS, _LIMIT, cancel=True)
    if half:
        return (morning, _Row(hhmm(12, 0), Phase.CLOSED))
    return (
        morning,
        _Row(hhmm(12, 0), Phase.BREAK),
        _Row(hhmm(13, 0), Phase.CONTINUOUS, _LIMIT, cancel=True),
        _Row(hhmm(17, 0), Phase.CLOSED),
    )


TIMETABLE_MARKETS: Final = {
    Timetable.HK: Market.HK,
    Timetable.HK_NO_CLOSING_AUCTION: Market.HK,
    Timetable.HK_CONTINUOUS_ONLY: Market.HK,
    Timetable.US: Market.US,
    Timetable.US_OPTION: Market.US,
    Timetable.US_OPTION_LATE: Market.US,
    Timetable.SH: Market.CN,
    Timetable.SH_FUND: Market.CN,
    Timetable.SZ: Market.CN,
    Timetable.SG: Market.SG,
}


def timetable_of(instrument: Instrument) -> Timetable:
    """Return the timetable that a security follows; an index follows its exchange's shares."""
    match instrument.market:
        case Market.HK if instrument.is_index or instrument.cas_eligible:
            return Timetable.HK
        case Market.HK:
            if instrument.pos_eligible:
                return Timetable.HK_NO_CLOSING_AUCTION
            return Timetable.HK_CONTINUOUS_ONLY
        case Market.US if instrument.board is Board.US_OPTION_S:
            return Timetable.US_OPTION_LATE
        case Market.US:
            is_option = instrument.security_class in OPTION_CLASSES
            return Timetable.US_OPTION if is_option else Timetable.US
        case Market.CN if instrument.symbol.endswith(".SZ"):
            return Timetable.SZ
        case Market.CN:
            is_fund = instrument.security_class is SecurityClass.ETF
            return Timetable.SH_FUND if is_fund else Timetable.SH
        case _:
            return Timetable.SG


# Thousands of securities draw their own auction ends every day: only recent days stay.
@lru_cache(maxsize=8192)
def day_spans(
    timetable: Timetable,
    day: date,
    half: bool,
    ends: AuctionEnds = _DEFAULT_ENDS,
    rules: PhaseRules = _DEFAULT_RULES,
) -> tuple[PhaseSpan, ...]:
    """Return the phases of a trading day in order, without gap, the closed ones left out."""
    match TIMETABLE_MARKETS[timetable]:
        case Market.HK:
            rows = _hk_rows(timetable, half, ends)
        case Market.US:
            rows = _us_rows(timetable, half, rules.overnight_until)
        case Market.CN:
            since = {Timetable.SH: SH_AUCTION_FROM, Timetable.SH_FUND: rules.fund_auction_from}
            rows = _cn_rows(timetable, day >= since.get(timetable, date.min))
        case _:
            rows = _sg_rows(half)
    market = TIMETABLE_MARKETS[timetable]
    instants = [instant(market, day, row.at) for row in rows]
    return tuple(
        PhaseSpan(begin, end, PhaseState(row.phase, row.session, day, row.order_types, row.cancel))
        for row, begin, end in zip(rows, instants, instants[1:], strict=False)
        if begin < end
    )


def phase_at(
    timetable: Timetable,
    at: datetime,
    calendar: Calendar,
    ends: AuctionEnds = _DEFAULT_ENDS,
    rules: PhaseRules = _DEFAULT_RULES,
) -> PhaseState:
    """Return what holds at an aware instant.

    Args:
        ends: The random instants of that security on that trading day (HK).
    """
    day = trading_day_of(TIMETABLE_MARKETS[timetable], at, calendar)
    if day is None:
        return CLOSED
    spans = day_spans(timetable, day, calendar.is_half_day(day), ends, rules)
    index = bisect_right(spans, at, key=attrgetter("begin")) - 1
    return spans[index].state if index >= 0 and at < spans[index].end else CLOSED


def schedule(
    timetable: Timetable,
    day: date,
    half: bool,
    ends: AuctionEnds = _DEFAULT_ENDS,
    rules: PhaseRules = _DEFAULT_RULES,
) -> list[tuple[datetime, Phase]]:
    """Return every instant of a trading day at which the phase changes, the last to `CLOSED`."""
    changes: list[tuple[datetime, Phase]] = []
    spans = day_spans(timetable, day, half, ends, rules)
    for span in spans:
        if not changes or changes[-1][1] is not span.phase:
            changes.append((span.begin, span.phase))
    return [*changes, (spans[-1].end, Phase.CLOSED)]


def trading_day_of(market: Market, at: datetime, calendar: Calendar) -> date | None:
    """Return the trading day that an instant belongs to, or None on a day without trading.

    That is the exchange's own date, open or closed; in the US the evening from 20:00 on belongs to
    the day after it. Friday evening, and the eve of a holiday, belong to no day.
    """
    local = at.astimezone(MARKET_ZONES[market])
    day = local.date()
    if market is Market.US and local.hour >= 20:
        day += timedelta(days=1)
    return day if calendar.is_trading_day(day) else None


# --- Continuous trading, day reset, the published sessions --------------------------------------

_DEFAULT_TIMETABLES: Final = {
    Market.HK: Timetable.HK,
    Market.US: Timetable.US,
    Market.CN: Timetable.SH,
    Market.SG: Timetable.SG,
}
_CONTINUOUS_PHASES: Final = frozenset({Phase.CONTINUOUS, Phase.REGULAR})


def continuous_spans(market: Market, day: date, half: bool) -> list[tuple[datetime, datetime]]:
    """Return begin and end of each stretch of continuous trading of ordinary shares, in order."""
    spans = day_spans(_DEFAULT_TIMETABLES[market], day, half)
    return [(one.begin, one.end) for one in spans if one.phase in _CONTINUOUS_PHASES]


def continuous_span(market: Market, day: date, half: bool) -> tuple[datetime, datetime]:
    """Return the first begin and the last end of continuous trading, a break included."""
    spans = continuous_spans(market, day, half)
    return spans[0][0], spans[-1][1]


_DAY_RESETS: Final = {
    Market.HK: hhmm(8, 50),
    Market.US: hhmm(9, 20),
    Market.CN: hhmm(9, 0),
    Market.SG: hhmm(8, 20),
}


def day_reset(market: Market, day: date) -> datetime:
    """Return the instant at which the quotes of the day before are cleared."""
    return instant(market, day, _DAY_RESETS[market])


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One row of the answer to "market trading sessions": exchange-local times as hhmm numbers."""

    begin_hhmm: int
    end_hhmm: int
    session: TradeSession


_NORMAL: Final = TradeSession.NORMAL
_SESSION_ROWS: Final = {
    Market.US: (
        SessionRow(930, 1600, _NORMAL),
        SessionRow(400, 930, TradeSession.PRE),
        SessionRow(1600, 2000, TradeSession.POST),
    ),
    Market.HK: (SessionRow(930, 1200, _NORMAL), SessionRow(1300, 1600, _NORMAL)),
    # The closing auction is not listed, although it takes place.
    Market.CN: (SessionRow(930, 1130, _NORMAL), SessionRow(1300, 1457, _NORMAL)),
    Market.SG: (SessionRow(900, 1200, _NORMAL), SessionRow(1300, 1700, _NORMAL)),
}
# Hour 24 fails the whole call in the official clients, so midnight is never an end.
OVERNIGHT_ROW: Final = SessionRow(2000, 400, TradeSession.OVERNIGHT)


def session_rows(market: Market) -> tuple[SessionRow, ...]:
    """Return the sessions that the quote protocol publishes, in its order.

    The overnight row is not among them; a server that shows it adds `OVERNIGHT_ROW` for the US.
    """
    return _SESSION_ROWS[market]
