"""What is made to happen on one day of one security: a bend of its path, a halt, a lively tape.

A story bends the day that the seed has drawn instead of replacing it, before anything is rounded or
added up: its minutes, prints, books and the days after it follow from the bent day as from any
other, so that there is one truth. Which stories are told, and when, is decided above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portway.market.synthetic.draws import exp
from portway.market.synthetic.rough import knot_places

__all__ = ["Corners", "PriceBand", "Story", "StoryBand", "Walls"]

Corners = tuple[tuple[int, int], ...]
_SPARSE = 3  # Minutes around a bend in which the day's own points are left out.


@dataclass(frozen=True, slots=True)
class StoryBand:
    """A volatility control's price band around a story.

    Attributes:
        first: Minute whose price is the reference; the band holds from there to minute `last`.
        trigger: Minute at whose end the price has reached it: the cooling-off begins.
        part: Half the width of the band, in parts of the reference.
    """

    first: int
    trigger: int
    last: int
    part: float


@dataclass(frozen=True, slots=True)
class PriceBand:
    """The same with its prices, in steps of the day's grid."""

    first: int
    trigger: int
    last: int
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Walls:
    """Up to minute `until` a story has not begun: the drawn day's low and high hold, in steps."""

    until: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Story:
    """A bend of one day. Minutes are counted over those that trade, from 0 at the open.

    Attributes:
        bends: Minute of the regular session, and how far the price is then from the undisturbed
            one, as a logarithm; straight between, and flat before the first and after the last.
        volume: Factor on the day's volume; `calm` on its volatility.
        halt: First minute without trading and how many there are; None without a halt.
        band: Prices stay inside it while it holds.
        fades_in: Trading days in which what is left of the bend at the close goes away.
    """

    bends: tuple[tuple[int, float], ...] = ()
    volume: float = 1.0
    calm: float = 1.0
    halt: tuple[int, int] | None = None
    band: StoryBand | None = None
    fades_in: int = 40

    @property
    def highest(self) -> float:
        """The farthest above the undisturbed price, as a logarithm; `lowest` below it."""
        return max((shift for _, shift in self.bends), default=0.0)

    @property
    def lowest(self) -> float:
        return min((shift for _, shift in self.bends), default=0.0)

    @property
    def at_open(self) -> float:
        """How far the opening price is bent."""
        return self.bends[0][1] if self.bends and self.bends[0][0] == 0 else 0.0

    @property
    def at_close(self) -> float:
        """How far the close is bent."""
        return self.bends[-1][1] if self.bends else 0.0

    def shift(self, minute: int) -> float:
        """How far the price at the end of a minute is bent."""
        before = (0, self.at_open)
        for place, shift in self.bends:
            if place >= minute:
                if place == before[0]:
                    return shift
                part = (minute - before[0]) / (place - before[0])
                return before[1] + (shift - before[1]) * part
            before = (place, shift)
        return self.at_close

    def path(self, usual: list[int], minutes: int) -> list[tuple[int, float]]:
        """Return the turning points of the bent day, in the unit of `usual`.

        Args:
            usual: The undisturbed prices at the day's points.
            minutes: How many minutes trade; a halt takes its part from the drawn day.
        """
        places = [self._traded(place) for place in knot_places(self._drawn(minutes)).tolist()]
        known = [usual[0] + self.calm * (one - usual[0]) for one in usual]
        bent = {minute for minute, _ in self.bends if minute <= minutes}
        kept = [
            place for place in places
            if place in (0, minutes) or all(abs(place - one) > _SPARSE for one in bent)
        ]  # fmt: skip
        found = sorted({*kept, *bent})
        values = []
        for minute in found:
            after = next(i for i, place in enumerate(places) if place >= minute)
            before = max(0, after - 1)
            span = places[after] - places[before]
            part = (minute - places[before]) / span if span else 1.0
            values.append(known[before] + (known[after] - known[before]) * part)
        bends = exp(np.array([self.shift(minute) for minute in found])).tolist()
        return [(at, one * bend) for at, one, bend in zip(found, values, bends, strict=True)]

    def _drawn(self, minutes: int) -> int:
        """How many minutes the drawn day has for so many that trade."""
        return minutes if self.halt is None else minutes + self.halt[1]

    def _traded(self, minute: int) -> int:
        """Which of the minutes that trade a minute of the drawn day is."""
        if self.halt is None or minute <= self.halt[0]:
            return minute
        return max(self.halt[0], minute - self.halt[1])
