"""Moves market time: plans from the clock, market data and venues in step, in one order.

A stretch of market time is carried out event by event: boards fold what the sources yield, venues
hear what concerns their orders and what falls due, and only when all of it is durable does the
clock count the stretch as gone: while the disk cannot be written, time stands still. It decides
nothing; it reads the machine's clock, so that nobody below has to.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from portway.clock import Clock, ClockMode, ClockPosition, Leg
from portway.clock.spec import parse_instant
from portway.market.agenda import Due
from portway.market.runner import MarketRunner
from portway.model.command import Command, MarketMoved, TimeReached
from portway.model.event import Event
from portway.model.session import Timetable, phase_at
from portway.model.symbol import Market, market_of
from portway.trading.errors import DecisionFailed, JournalUnavailable, TradingError, VenueBusy
from portway.trading.runner import VenueRunner
from portway.trading.script import Script, ScriptError, ScriptLine

__all__ = ["Conductor"]

log = logging.getLogger(__name__)

TURN_SECONDS = 0.02  # How often free-running time is carried on at least.
TURN_SECONDS_MIN = 0.0005  # And at most: events due within it leave together, in one write.
ELAPSED_MAX = timedelta(seconds=1)  # A machine that slept does not make the markets race.
KEEP_SECONDS = 1.0  # How often a moving position is saved.
RESERVE = timedelta(seconds=3)  # Market time that may be shown before the next save; > KEEP.
STEP_SECONDS_MAX = 366 * 86400.0
RETRY_SECONDS = 0.05  # Before what is due is submitted again; doubled each time, up to the maximum.
RETRY_SECONDS_MAX = 5.0
DEFECTS_MAX = 5
PLACE_SECONDS_MAX = 10.0  # How long a command waits for its place between two moves of time.

PHASE_TIMETABLES = {Market.HK: Timetable.HK, Market.US: Timetable.US, Market.CN: Timetable.SH}


@dataclass(frozen=True, slots=True)
class _Way:
    """A leg and where it begins: instants of several markets by their distance from there."""

    begins: Mapping[Market, datetime]
    leg: Leg

    @property
    def length(self) -> timedelta:
        return max(self.leg.targets[market] - begin for market, begin in self.begins.items())

    def at(self, distance: timedelta) -> dict[Market, datetime]:
        """Where the markets stand then; one whose way is shorter stands at its end."""
        targets = self.leg.targets
        return {market: min(at + distance, targets[market]) for market, at in self.begins.items()}


class Conductor:
    """The only one who moves the clock. Belongs to one event loop."""

    def __init__(
        self,
        clock: Clock,
        market: MarketRunner,
        venue: VenueRunner,
        *,
        keep: Callable[[ClockPosition], None],
        is_wanted: Callable[[], bool],
        drained: Callable[[], Awaitable[None]],
    ) -> None:
        """Prepare; `run` moves free-running time until it is cancelled.

        Args:
            keep: Saves the position; raises OSError when it cannot.
            is_wanted: Whether an `open` clock has a reason to move.
            drained: Waits until subscribers have taken what was pushed, within limits.
        """
        self._clock = clock
        self._market = market
        self._venue = venue
        self._keep = keep
        self._is_wanted = is_wanted
        self._drained = drained
        self._moving = asyncio.Lock()
        self._kept_at = 0.0
        self._script = Script(())
        self._on_script_end: Callable[[], None] = lambda: None
        self._note: Callable[[Mapping[Market, datetime], Command], None] | None = None
        self._is_kept = True  # Whether the position could be saved when it was tried last.
        self._turned_at = time.monotonic()

    @property
    def lag_seconds(self) -> float:
        """How long ago time was last carried on, or found to stand still on purpose."""
        return time.monotonic() - self._turned_at

    async def catch_up(self, since: Mapping[Market, datetime]) -> None:
        """Process what fell due between `since` and where the clock starts, unseen."""
        async with self._moving:
            begins = {m: min(since.get(m, at), at) for m, at in self._clock.instants.items()}
            await self._carry_out(Leg(dict(self._clock.instants), silent=True), begins)
        self._save(RESERVE)

    async def run(self) -> None:
        """Move free-running time until cancelled."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(self._pause_seconds())
            now = time.monotonic()
            elapsed, last = timedelta(seconds=now - last), now
            if not self._is_kept and not self._save_again(now):
                continue  # A restart would go back behind what was shown.
            self._turned_at = now
            if self._clock.mode is ClockMode.OPEN and not self._is_wanted():
                continue
            async with self._moving:
                await self._go(self._clock.flow(min(elapsed, ELAPSED_MAX), datetime.now(UTC)))
            if now - self._kept_at > KEEP_SECONDS and self.is_moving:
                self._kept_at = now
                self._save(RESERVE)

    def _save(self, reserve: timedelta = timedelta(0)) -> None:
        try:
            self._keep(self._clock.position(reserve))
        except OSError as error:
            if self._is_kept:
                log.error("market time stands still until its position can be saved: %s", error)
            self._is_kept = False
        else:
            if not self._is_kept:
                log.warning("market time moves again")
            self._is_kept = True

    def _save_again(self, now: float) -> bool:
        """Try again to save the position, now and then; whether it is saved."""
        if now - self._kept_at > KEEP_SECONDS:
            self._kept_at = now
            self._save(RESERVE)
        return self._is_kept

    def _pause_seconds(self) -> float:
        """Until the next event is due, so that it is shown when it happens and not a turn later."""
        if not self.is_moving:
            return TURN_SECONDS
        due = self._market.next_event_in() / self._clock.speed
        return min(max(due.total_seconds(), TURN_SECONDS_MIN), TURN_SECONDS)

    @property
    def is_moving(self) -> bool:
        """Whether market time runs by itself."""
        if self._clock.paused or not self._clock.speed:
            return False
        return self._clock.mode is not ClockMode.OPEN or self._is_wanted()

    # -- commands with instants ---------------------------------------------------------------

    @property
    def position(self) -> ClockPosition:
        """Where the clock stands, exactly."""
        return self._clock.position()

    def repeat(self, script: Script, on_end: Callable[[], None]) -> None:
        """Carry the lines of a script out when their instants come; the clock stands at its end.

        Args:
            on_end: Called after the last line.

        Raises:
            ScriptError: If the first line lies in the past, or the clock is real time.
        """
        if self._clock.mode is ClockMode.WALL:
            raise ScriptError("a script needs a simulated clock: start with --clock 'at INSTANT'")
        first = script.upcoming
        for market, at in (first.instants if first else {}).items():
            if at < self._clock.now(market):
                raise ScriptError(
                    f"the script begins at {at.isoformat()}, and the clock of {market.value} stands"
                    f" at {self._clock.now(market).isoformat()}: take another --home"
                )
        self._script, self._on_script_end = script, on_end

    def note_commands(self, note: Callable[[Mapping[Market, datetime], Command], None]) -> None:
        """Call `note` with every command that comes through `submit`, and where the markets stood.

        Several at one place are noted in the order in which they were carried out.
        """
        self._note = note

    async def submit(self, command: Command) -> tuple[Event, ...]:
        """Carry a client's command out between two moves of time, where its instant is exact.

        Raises:
            VenueBusy: Time has been on the move for too long; nothing was done.
            TradingError: As the venue's.
        """
        try:
            async with asyncio.timeout(PLACE_SECONDS_MAX):
                await self._moving.acquire()
        except TimeoutError:
            raise VenueBusy("a long step of the clock is being carried out") from None
        try:
            answer = await self._venue.submit(command)
            if self._note is not None:
                self._note(dict(self._clock.instants), command)
            return answer
        finally:
            self._moving.release()

    async def halt(self, running: asyncio.Task[None]) -> None:
        """Cancel the task of `run` between two moves of time, so that none is left half done."""
        async with self._moving:
            running.cancel()

    def stop(self) -> None:
        """Save where the clock stands, exactly."""
        self._save()

    # -- admin -------------------------------------------------------------------------------

    async def state(self) -> dict[str, Any]:
        """Mode, speed and where each market stands."""
        return {
            "mode": self._clock.mode.value,
            "speed": self._clock.speed,
            "paused": self._clock.paused,
            "moving": self.is_moving,
            "markets": {
                market.value: {"now": at.isoformat(), "phase": self._phase(market, at)}
                for market, at in self._market_times().items()
            },
        }

    async def step(self, seconds: float) -> dict[str, Any]:
        """Move on by market seconds; every push of the way is shown."""
        if not 0 <= seconds <= STEP_SECONDS_MAX:
            raise ValueError(f"a step has 0 to {STEP_SECONDS_MAX:.0f} seconds, not {seconds}")
        async with self._moving:
            await self._go(self._clock.legs(timedelta(seconds=seconds)), waits=True)
            self._save(self._reserve)
        return await self.state()

    async def jump(self, to: str) -> dict[str, Any]:
        """Move on to an instant; what is due on the way happens, unseen."""
        instant = parse_instant(to)
        async with self._moving:
            await self._go(self._clock.jump(instant), waits=True)
            self._save(self._reserve)
        return await self.state()

    async def pause(self) -> dict[str, Any]:
        async with self._moving:
            self._clock.paused = True
            self._save()
        return await self.state()

    async def resume(self) -> dict[str, Any]:
        self._clock.paused = False
        return await self.state()

    async def set_speed(self, speed: float) -> dict[str, Any]:
        async with self._moving:
            self._clock.set_speed(speed)
            self._save(self._reserve)
        return await self.state()

    @property
    def _reserve(self) -> timedelta:
        return RESERVE if self.is_moving else timedelta(0)

    def _market_times(self) -> dict[Market, datetime]:
        return {market: self._market.now(market) for market in self._clock.instants}

    def _phase(self, market: Market, at: datetime) -> str:
        calendar = self._market.calendar(market)
        return phase_at(PHASE_TIMETABLES[market], at, calendar).phase.value

    # -- carrying out ------------------------------------------------------------------------

    async def _go(self, legs: Iterator[Leg], *, waits: bool = False) -> None:
        for leg in legs:
            reached = await self._carry_out(leg, self._clock.instants, waits=waits)
            if reached is not None:  # A script's end: time stands here, and the rest is not gone.
                self._clock.instants.update(reached)
                self._clock.paused = True
                return

    async def _carry_out(
        self, leg: Leg, begins: Mapping[Market, datetime], *, waits: bool = False
    ) -> Mapping[Market, datetime] | None:
        """Everything that is due in a leg, in the order of its distance from the beginning.

        A fill or a trigger on the way may let an order wait for an instant that also lies on it:
        the rest is planned anew from there, so that the journal does not depend on how long the
        legs are, and so not on how fast time runs.

        Returns:
            Where a script has ended; None at the end of the leg.
        """
        way = _Way({market: begins[market] for market in leg.targets}, leg)
        agenda = self._agenda(way)
        heard, gone = dict(way.begins), timedelta(0)
        while True:
            distance, due = self._next_due(way, agenda, heard, gone)
            gone = await self._advance(way, distance, waits=waits)
            if gone < distance:
                continue
            match due:
                case None:
                    return None
                case ScriptLine(command=None):
                    self._leave_line()
                    return way.at(gone)
                case ScriptLine(command=command):
                    assert command is not None, "an end was met above"
                    await self._submit_line(command)
                case TimeReached():
                    await self._submit_due(due)
                    heard[due.market] = due.at
                case _:
                    await self._submit_due(due)
                    agenda.popleft()

    def _agenda(self, way: _Way) -> deque[tuple[timedelta, Due]]:
        """What falls due by the timetables of the markets."""
        due = [
            (one.at - begin, one)
            for market, begin in way.begins.items()
            for one in self._market.agenda.between(market, begin, way.leg.targets[market])
        ]
        return deque(sorted(due, key=lambda pair: pair[0]))

    def _next_due(
        self,
        way: _Way,
        agenda: Sequence[tuple[timedelta, Due]],
        heard: Mapping[Market, datetime],
        gone: timedelta,
    ) -> tuple[timedelta, Due | TimeReached | ScriptLine | None]:
        """What comes next, and its distance; the end of the way when nothing does.

        Args:
            heard: Up to where instants that orders wait for were told.
            gone: How far the markets have come.
        """
        distance: timedelta = way.length
        due: Due | TimeReached | ScriptLine | None = None
        if agenda:
            distance, due = agenda[0]
        for market, begin in way.begins.items():
            waiting = self._venue.due_between(market, heard[market], way.leg.targets[market])
            # One that came on the way may wait for an instant that has gone by meanwhile.
            if waiting and (due is None or max(waiting[0] - begin, gone) < distance):
                distance = max(waiting[0] - begin, gone)
                due = TimeReached(market, way.at(distance)[market])
        line = self._script.upcoming
        if line is not None and self._comes(line, way):
            begins = ((at, way.begins.get(market)) for market, at in line.instants.items())
            place = max(gone, *(at - begin for at, begin in begins if begin is not None))
            if due is None or place < distance:  # At one instant the market comes first.
                return place, line
        return distance, due

    def _comes(self, line: ScriptLine, way: _Way) -> bool:
        """Whether a script's line is reached within a leg; markets apart from it stand still."""
        ends = {**self._clock.instants, **way.leg.targets}
        return all(at <= ends[market] for market, at in line.instants.items() if market in ends)

    async def _advance(self, way: _Way, distance: timedelta, *, waits: bool) -> timedelta:
        """Move the markets on, to a distance or to where an order begins to wait for less of it.

        Venues hear what their orders must know, in order and one by one, since each move may fill
        an order and the next one meets what is left.
        """
        targets = way.at(distance)
        await self._market.ready_for(targets)
        for moved in self._market.advance(targets, silent=way.leg.silent):
            if moved is None:
                await asyncio.sleep(0)  # Everybody gets a turn between chunks.
                if waits:
                    await self._drained()
            elif await self._tell(moved) and self._waits_for_less(moved, targets):
                gone = moved.at - way.begins[market_of(moved.symbol)]
                self._market.stand_at(way.at(gone))
                return gone
        return distance

    def _waits_for_less(self, moved: MarketMoved, targets: Mapping[Market, datetime]) -> bool:
        """Whether an order of the market waits for an instant between a move and the target."""
        market = market_of(moved.symbol)
        waiting = self._venue.due_between(market, moved.at, targets[market])
        return bool(waiting) and waiting[0] < targets[market]

    async def _tell(self, moved: MarketMoved) -> bool:
        """Let the venue know; returns whether anything followed from it."""
        if moved.symbol not in self._venue.working_symbols():
            return False
        pause = RETRY_SECONDS
        while True:
            try:
                return bool(await self._venue.submit(moved, moved.at))
            except JournalUnavailable:
                # The venue has told why. Nothing was done, so that no print counts twice.
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_SECONDS_MAX)
            except TradingError as error:
                # The next move of the symbol shows the whole market again; time goes on.
                log.error("the venue did not hear that %s moved: %s", moved.symbol, error)
                return False

    async def _submit_line(self, command: Command) -> None:
        """Carry out a script's command; one that is refused was so when it was recorded, too."""
        try:
            await self._venue.submit(command)
        except TradingError as error:
            log.error("a command of the script was not carried out: %s", error)
        self._leave_line()

    def _leave_line(self) -> None:
        self._script.advance()
        if not self._script.left:
            self._on_script_end()

    async def _submit_due(self, due: Due | TimeReached) -> None:
        """Carry out what falls due: time stands still until the venue has it.

        Repeating is safe, since what is due changes nothing the second time. Only a defect, which
        would meet the same state for ever, is passed over after some attempts.
        """
        defects, pause = 0, RETRY_SECONDS
        while True:
            try:
                await self._venue.submit(due, due.at)
                return
            except DecisionFailed as error:
                defects += 1
                if defects >= DEFECTS_MAX:
                    log.error("%s is passed over after a defect: %s", type(due).__name__, error)
                    return
            except JournalUnavailable:
                pass  # The venue has told why.
            except TradingError as error:
                log.error("%s has to wait: %s", type(due).__name__, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS_MAX)
