"""Trading hours as candlesticks see them: which bar a moment belongs to.

Pure. The tables are those that the official client builds its bars by; where the exchange's own
hours differ, bars of the two clients still agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portway.openapi.enums import Market, Period, SecurityBoard, TradeSession
from portway.openapi.errors import ConfigError

__all__ = ["MINUTES", "bar_start", "market_of", "zone_of"]

Segments = tuple[tuple[int, int], ...]  # minutes of the day, the end excluded

# Minutes in a bar; the periods that are missing here are days and longer.
MINUTES: Final = {
    Period.Min_1: 1, Period.Min_2: 2, Period.Min_3: 3, Period.Min_5: 5, Period.Min_10: 10,
    Period.Min_15: 15, Period.Min_20: 20, Period.Min_30: 30, Period.Min_45: 45,
    Period.Min_60: 60, Period.Min_120: 120, Period.Min_180: 180, Period.Min_240: 240,
}  # fmt: skip

_MARKETS: Final = {
    "US": Market.US, "HK": Market.HK, "SG": Market.SG, "SH": Market.CN, "SZ": Market.CN,
}  # fmt: skip
_ZONES: Final = {
    Market.US: "America/New_York",
    Market.HK: "Asia/Hong_Kong",
    Market.SG: "Asia/Singapore",
    Market.CN: "Asia/Shanghai",
}


@dataclass(frozen=True, slots=True)
class _Hours:
    """Of one session: an ordinary day, a half day, and for how many minutes stragglers count."""

    full: Segments
    half: Segments
    after_minutes: int = 0


def _at(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _segments(text: str) -> Segments:
    pairs = (part.split("-") for part in text.split())
    return tuple((_at(start), _at(end)) for start, end in pairs)


def _hours(full: str, half: str, after_minutes: int = 0) -> _Hours:
    return _Hours(_segments(full), _segments(half), after_minutes)


_OVERNIGHT = "00:00-04:00 20:00-24:00"
_HOURS: Final = {
    (Market.HK, TradeSession.Intraday): _hours("09:30-12:00 13:00-16:00", "09:30-12:00", 10),
    (Market.CN, TradeSession.Intraday): _hours("09:30-11:30 13:00-15:00", "", 10),
    (Market.SG, TradeSession.Intraday): _hours("09:00-12:00 13:00-17:15", "09:00-12:15", 5),
    (Market.US, TradeSession.Intraday): _hours("09:30-16:00", "09:30-13:00"),
    (Market.US, TradeSession.Pre): _hours("04:00-09:30", "04:00-09:30"),
    (Market.US, TradeSession.Post): _hours("16:00-20:00", "13:00-17:00"),
    (Market.US, TradeSession.Overnight): _hours(_OVERNIGHT, _OVERNIGHT),
}
_BOARD_HOURS: Final = {
    SecurityBoard.USOptionS: _hours("09:30-16:15", "09:30-13:15"),
    SecurityBoard.VIXIndex: _hours("03:15-09:25 09:30-16:15", "03:15-09:25 09:30-13:15"),
}


def market_of(symbol: str) -> Market | None:
    """Return the market of a symbol, by the text after its last dot; `None` if bars have none."""
    return _MARKETS.get(symbol.rpartition(".")[2])


def zone_of(market: Market) -> ZoneInfo:
    """Return the zone of a market.

    Raises:
        ConfigError: If this machine has no table of time zones.
    """
    try:
        return ZoneInfo(_ZONES[market])
    except ZoneInfoNotFoundError:
        raise ConfigError("this machine has no time zones: pip install tzdata") from None


def bar_start(
    local: datetime,
    period: Period,
    *,
    market: Market,
    board: SecurityBoard,
    session: TradeSession,
    is_half_day: bool,
) -> datetime | None:
    """Return when the bar of a moment begins, in market time; `None` outside the session's hours.

    Args:
        local: The moment, in the zone of the market.
        period: Length of the bar.
        market: Of the security.
        board: Of the security; some have hours of their own.
        session: That the moment was said to belong to.
        is_half_day: Whether the market closes early that day.
    """
    hours = _HOURS.get((market, session))
    if board in _BOARD_HOURS:  # these have one session alone
        hours = _BOARD_HOURS[board] if session is TradeSession.Intraday else None
    if hours is None:
        return None
    found = _place(local, hours, is_half_day)
    if found is None:
        return None
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = MINUTES.get(period)
    if minutes is None:
        return datetime.combine(_first_day(local.date(), period), midnight.timetz())
    minute, start = found
    at = start + (minute - start) // minutes * minutes
    return midnight + timedelta(minutes=at)


def _place(local: datetime, hours: _Hours, is_half_day: bool) -> tuple[int, int] | None:
    """The minute of the day and the start of its segment."""
    segments = hours.half if is_half_day else hours.full
    minute = local.hour * 60 + local.minute
    for start, end in segments:
        if start <= minute < end:
            return minute, start
    if segments and 0 <= minute - segments[-1][1] < hours.after_minutes:
        return segments[-1][1], segments[-1][0]  # counts as at the end exactly
    return None


def _first_day(day: date, period: Period) -> date:
    if period is Period.Week:
        return day - timedelta(days=day.weekday())
    if period is Period.Month:
        return day.replace(day=1)
    if period is Period.Quarter:
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    if period is Period.Year:
        return day.replace(month=1, day=1)
    return day
