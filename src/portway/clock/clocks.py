"""The three clocks: `open`, `at` and `wall`.

A clock holds the instant at which each market stands and plans how it moves when time passes: as
legs, one after the other. Whoever drives it processes everything that is due in a leg and only
then asks for the next, so the instants never run ahead of what has been processed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portway.clock.errors import ClockError
from portway.clock.position import ClockPosition
from portway.clock.spec import LAST_INSTANT, ClockMode
from portway.clock.windows import OpenWindows
from portway.model.symbol import Market

__all__ = ["AtClock", "Clock", "Leg", "OpenClock", "WallClock"]

SPEED_MAX = 100_000.0  # A day in under a second; faster is a jump.
WALL_GAP = timedelta(seconds=10)  # A longer hole (a restart, a sleeping machine) is not shown.


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of market time.

    Attributes:
        targets: Where each market stands afterwards; one that is absent does not move.
        silent: What is due on the way is processed, but market data of it is not pushed: these
            are hours that the clock skips.
    """

    targets: Mapping[Market, datetime]
    silent: bool = False


class Clock(ABC):
    """Where the markets stand, and how fast they move.

    Attributes:
        instants: Market time per market: everything before it has been processed.
        speed: Market seconds per wall second; 0 stands still until it is set.
        paused: Stands still, keeping its speed.
    """

    mode: ClockMode

    def __init__(self, instants: Mapping[Market, datetime], speed: float = 1.0) -> None:
        self.instants = dict(instants)
        self.paused = False
        self.speed = 0.0
        self.set_speed(speed)

    def now(self, market: Market) -> datetime:
        """Market time of `market`; a market without a clock of its own follows Hong Kong."""
        return self.instants.get(market) or self.instants[Market.HK]

    def set_speed(self, speed: float) -> None:
        """Set market seconds per wall second.

        Raises:
            ClockError: If it is negative or above `SPEED_MAX`.
        """
        if not 0 <= speed <= SPEED_MAX:
            raise ClockError(f"speed {speed} is not between 0 and {SPEED_MAX:.0f}")
        self.speed = speed

    def position(self, margin: timedelta = timedelta(0)) -> ClockPosition:
        """What to keep of it; `margin` reserves time that may be shown before the next save."""
        ahead = margin * self.speed if not self.paused else timedelta(0)
        instants = {m: at + ahead for m, at in self.instants.items()}
        return ClockPosition(self.mode, instants, self.speed, self.paused)

    def flow(self, wall_elapsed: timedelta, wall_now: datetime) -> Iterator[Leg]:
        """Plan the way of a free-running clock."""
        if self.paused or not self.speed:
            return iter(())
        return self.legs(wall_elapsed * self.speed)

    def legs(self, market_elapsed: timedelta) -> Iterator[Leg]:
        """Plan the way of `market_elapsed`; each leg counts as gone when the next is asked for."""
        for leg in self._plan(market_elapsed):
            yield leg
            self.instants.update(leg.targets)

    def jump(self, instant: datetime) -> Iterator[Leg]:
        """Plan the way straight to `instant`.

        Raises:
            ClockError: If this mode cannot jump or the instant is in the past.
        """
        raise ClockError(
            f"a clock in mode {self.mode} cannot jump: start with --clock 'at INSTANT'"
        )

    @abstractmethod
    def _plan(self, market_elapsed: timedelta) -> Iterator[Leg]: ...


class AtClock(Clock):
    """One simulated instant for all markets."""

    mode = ClockMode.AT

    def _plan(self, market_elapsed: timedelta) -> Iterator[Leg]:
        yield self._to(max(self.instants.values()) + market_elapsed)

    def jump(self, instant: datetime) -> Iterator[Leg]:
        now = max(self.instants.values())
        if instant < now:
            raise ClockError(
                f"the clock stands at {now.isoformat()} and cannot go back to"
                f" {instant.isoformat()}: that takes a new world (another --home)"
            )
        return self._once(Leg(self._to(instant).targets, silent=True))

    def _to(self, instant: datetime) -> Leg:
        if instant > LAST_INSTANT:
            raise ClockError("the world ends with 2035: start a new one (another --home)")
        return Leg(dict.fromkeys(self.instants, instant))

    def _once(self, leg: Leg) -> Iterator[Leg]:
        yield leg
        self.instants.update(leg.targets)


class OpenClock(Clock):
    """Each market always in continuous trading, on a trading day of its own.

    The lunch break is skipped. When the first market comes to the end of its window, all roll
    together, each to the beginning of the window of its own next trading day.
    """

    mode = ClockMode.OPEN

    def __init__(
        self, windows: OpenWindows, instants: Mapping[Market, datetime], speed: float = 1.0
    ) -> None:
        super().__init__(instants, speed)
        self._windows = windows

    def _plan(self, market_elapsed: timedelta) -> Iterator[Leg]:
        left = market_elapsed
        while True:
            ends = {m: self._windows.end_of_window(m, at) for m, at in self.instants.items()}
            step = min(left, *(end - self.instants[m] for m, end in ends.items()))
            if step > timedelta(0):
                yield Leg({m: at + step for m, at in self.instants.items()})
            left -= step
            at_end = [m for m, end in ends.items() if self.instants[m] >= end]
            if not at_end:
                return
            yield self._skip(at_end)

    def _skip(self, at_end: Sequence[Market]) -> Leg:
        """Over the lunch break; or, where no window is left of the day, all to the next day."""
        nexts = {m: self._windows.next_window(m, self.instants[m]) for m in at_end}
        if all(nexts.values()):
            return Leg({m: at for m, at in nexts.items() if at}, silent=True)
        rolled = {m: self._windows.next_day(m, at) for m, at in self.instants.items()}
        return Leg(rolled, silent=True)


class WallClock(Clock):
    """Real time: every market stands at the wall's now."""

    mode = ClockMode.WALL

    def position(self, margin: timedelta = timedelta(0)) -> ClockPosition:
        return ClockPosition(self.mode, dict(self.instants))

    def set_speed(self, speed: float) -> None:
        if speed != 1.0:
            raise ClockError("a clock in mode wall has speed 1: start with --clock 'at INSTANT'")
        self.speed = speed

    def flow(self, wall_elapsed: timedelta, wall_now: datetime) -> Iterator[Leg]:
        behind = wall_now - max(self.instants.values())
        if behind <= timedelta(0):
            return
        leg = Leg(dict.fromkeys(self.instants, wall_now), silent=behind > WALL_GAP)
        yield leg
        self.instants.update(leg.targets)

    def legs(self, market_elapsed: timedelta) -> Iterator[Leg]:
        raise ClockError("a clock in mode wall cannot step: start with --clock 'at INSTANT'")

    def _plan(self, market_elapsed: timedelta) -> Iterator[Leg]:
        raise AssertionError("unreachable: legs() refuses")
