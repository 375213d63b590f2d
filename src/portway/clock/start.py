"""How a clock starts: from what the user asks for and what the home remembers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from portway.clock.clocks import AtClock, Clock, OpenClock, WallClock
from portway.clock.errors import ClockError
from portway.clock.position import ClockPosition
from portway.clock.spec import ClockMode, ClockSpec
from portway.clock.windows import OpenWindows
from portway.model.calendar import Calendar
from portway.model.symbol import Market

__all__ = ["CLOCK_MARKETS", "start_clock"]

CLOCK_MARKETS = (Market.HK, Market.US, Market.CN)


def start_clock(
    spec: ClockSpec | None,
    stored: ClockPosition | None,
    calendars: Mapping[Market, Calendar],
    wall_now: datetime,
    speed: float | None = None,
) -> Clock:
    """Return the clock of this run; without `speed` it goes on at the home's, paused or not.

    Without `spec` the home's mode goes on (a fresh home: `open`). A stored position is never
    undercut, since orders and pushes of that time exist: `at` an earlier instant goes on where
    the home stands when the mode is the same, and is refused when it is not.

    Raises:
        ClockError: If the request would take the home's clock back, or a market's is not known.
    """
    missing = [] if stored is None else [m for m in CLOCK_MARKETS if m not in stored.instants]
    if missing:
        raise ClockError(f"the stored clock position has no instant of {', '.join(missing)}")
    mode = spec.mode if spec else stored.mode if stored else ClockMode.OPEN
    goes_on = stored is not None and stored.mode is mode and speed is None
    pace = stored.speed if stored and goes_on else 1.0 if speed is None else speed
    clock = _clock(mode, spec, stored, calendars, wall_now, pace)
    clock.paused = stored.paused if stored and goes_on else False
    return clock


def _clock(
    mode: ClockMode,
    spec: ClockSpec | None,
    stored: ClockPosition | None,
    calendars: Mapping[Market, Calendar],
    wall_now: datetime,
    speed: float,
) -> Clock:
    if mode is ClockMode.WALL:
        _refuse_past(stored, wall_now, "wall time")
        return WallClock(dict.fromkeys(CLOCK_MARKETS, wall_now), speed)
    if mode is ClockMode.AT:
        return AtClock(dict.fromkeys(CLOCK_MARKETS, _at_instant(spec, stored)), speed)
    windows = OpenWindows(calendars)
    instants = {m: windows.start(m, wall_now) for m in CLOCK_MARKETS}
    for market, at in (stored.instants if stored else {}).items():
        instants[market] = windows.clamp(market, max(at, instants[market]))
    if stored and stored.mode is ClockMode.OPEN:
        instants = {m: windows.clamp(m, stored.instants[m]) for m in CLOCK_MARKETS}
    return OpenClock(windows, instants, speed)


def _at_instant(spec: ClockSpec | None, stored: ClockPosition | None) -> datetime:
    asked = spec.instant if spec else None
    if not stored:
        assert asked is not None, "a fresh home in mode `at` has an instant"
        return asked
    latest = max(stored.instants.values())
    if asked is None or (asked < latest and stored.mode is ClockMode.AT):
        return latest
    _refuse_past(stored, asked, asked.isoformat())
    return asked


def _refuse_past(stored: ClockPosition | None, asked: datetime, name: str) -> None:
    if stored and asked < max(stored.instants.values()):
        latest = max(stored.instants.values()).isoformat()
        raise ClockError(
            f"this home's world already stands at {latest} and cannot go back to {name}:"
            " start a new one with another --home"
        )
