"""A scenario: what happens, and how it becomes stories of days once the clock has started.

The day and the minute follow from each market's instant at the very first start; the home remembers
them, so that a scenario does not happen again after a restart. Knows no files and no prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from portway.market.reference import Reference
from portway.market.synthetic import Story, StoryBand
from portway.market.synthetic.layout import Block, layout_of, microseconds
from portway.market.synthetic.profiles import profile_of
from portway.model.calendar import Calendar
from portway.model.instrument import Instrument
from portway.model.symbol import MARKET_ZONES, Market, Symbol

__all__ = ["At", "Band", "Event", "Scenario"]

_ALL = Symbol("*")
_HALF_DAY_LEFT = timedelta(minutes=5)  # Of the shortened session, at least, for it to be today.
# No volatility control in the first 15 minutes of the day and of the HK afternoon.
_UNWATCHED_MINUTES = 15
_AFTERNOON_BREAKS_AT = 1


class At(StrEnum):
    """When the events of a scenario happen."""

    EVENT = "event"  # some seconds after the start, in the regular session
    START = "start"  # on the trading day of the start
    OPEN = "open"  # at the next regular opening


@dataclass(frozen=True, slots=True)
class Band:
    """A price band that holds from minute `first` to minute `last` of an event.

    Attributes:
        trigger: Minute at whose end the price has reached it.
        per_cent: Half its width, of the price at minute `first`.
    """

    first: int
    trigger: int
    last: int
    per_cent: float


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to some symbols.

    Attributes:
        symbols: Those named; `indexes`: these with their members and trackers, each with its beta.
        path: Minutes since the event, and per cent off the undisturbed price.
        halt: Minute after which trading stops, and for how many minutes.
        volume: Factor on the day's volume; `calm` on its volatility.
    """

    symbols: tuple[Symbol, ...]
    indexes: tuple[Symbol, ...]
    path: tuple[tuple[int, float], ...]
    band: Band | None
    halt: tuple[int, int] | None
    volume: float
    calm: float

    @property
    def minutes(self) -> int:
        """How many minutes of a session it needs."""
        halted = 0 if self.halt is None else self.halt[1]
        return max((minute for minute, _ in self.path), default=0) + halted + 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named scenario."""

    name: str
    title: str
    at: At
    after_seconds: int
    events: tuple[Event, ...]
    half_days: tuple[Market, ...] = ()

    def calendars(self, reference: Reference, starts: Mapping[Market, datetime]) -> Reference:
        """Return the reference with the scenario's half days in its calendars."""
        if not self.half_days:
            return reference
        calendars = dict(reference.calendars)
        for market in self.half_days:
            calendar = calendars[market]
            day = _half_day(calendar, starts[market])
            calendars[market] = replace(calendar, half_days=calendar.half_days | {day})
        return replace(reference, calendars=MappingProxyType(calendars))

    def stories(
        self, seed: int, reference: Reference, starts: Mapping[Market, datetime]
    ) -> dict[tuple[Symbol, date], Story]:
        """Return what the synthetic world is to tell.

        Args:
            starts: Where each market's clock stood at the very first start.
        """
        found: dict[tuple[Symbol, date], Story] = {}
        for event in self.events:
            for instrument, beta in _concerned(event, seed, reference):
                place = self._place(event, seed, instrument, reference, starts)
                if place is not None:
                    day, minute = place
                    found[instrument.symbol, day] = _story(event, minute, beta)
        return found

    def _place(
        self,
        event: Event,
        seed: int,
        instrument: Instrument,
        reference: Reference,
        starts: Mapping[Market, datetime],
    ) -> tuple[date, int] | None:
        """Return the day and the minute of its regular session in which an event begins."""
        calendar = reference.calendars[instrument.market]
        start = starts[instrument.market]
        due = microseconds(start + timedelta(seconds=self.after_seconds))
        for day in _days_from(calendar, start):
            if instrument.listing_date is not None and day <= instrument.listing_date:
                return None
            if self.at is At.START:
                return day, 0
            layout = layout_of(seed, instrument, day, calendar.is_half_day(day))
            block = layout.blocks[layout.regular]
            if self.at is At.OPEN:
                if layout.opens_at > due:
                    return day, 0
                continue
            minute = _first_from(block, due)
            if event.band is not None and instrument.market is Market.HK:
                minute = _watched(block, minute, event.band.trigger)
            if minute + event.minutes <= block.minutes:
                return day, max(minute, 1)
        return None


def _concerned(event: Event, seed: int, reference: Reference) -> Iterator[tuple[Instrument, float]]:
    """Yield the instruments of an event that are listed, with the factor on its path."""
    listed = reference.instruments
    if _ALL in event.symbols:
        yield from ((one, 1.0) for one in listed.values())
        return
    yield from ((listed[one], 1.0) for one in event.symbols if one in listed)
    for one in listed.values() if event.indexes else ():
        profile = profile_of(seed, one)
        if one.symbol in event.indexes or profile.follows in event.indexes:
            yield one, 1.0
        elif any(one.in_index(index) for index in event.indexes):
            yield one, profile.beta


def _story(event: Event, minute: int, beta: float) -> Story:
    bends = tuple((minute + at, beta * math.log1p(moved / 100)) for at, moved in event.path)
    if bends and bends[0][0] > 0:
        bends = ((bends[0][0], 0.0), *bends[1:])
    band = None
    if event.band is not None:
        first, trigger, last = (
            minute + at for at in (event.band.first, event.band.trigger, event.band.last)
        )
        band = StoryBand(first, trigger, last, event.band.per_cent / 100)
    halt = None
    if event.halt is not None:
        halt = (minute + event.halt[0], event.halt[1])
    return Story(bends=bends, volume=event.volume, calm=event.calm, halt=halt, band=band)


def _first_from(block: Block, due: int) -> int:
    """Return the number of the first minute of a block that begins at `due` or later."""
    return block.minutes_begun(due)


def _watched(block: Block, minute: int, trigger: int) -> int:
    """Move an event on until its trigger falls into time that the volatility control watches."""
    minute = max(minute, _UNWATCHED_MINUTES - trigger)
    if len(block.spans) > _AFTERNOON_BREAKS_AT:
        afternoon = block.spans[0][1]
        if afternoon - trigger <= minute + trigger < afternoon + _UNWATCHED_MINUTES:
            minute = afternoon + _UNWATCHED_MINUTES
    return minute


def _days_from(calendar: Calendar, start: datetime) -> tuple[date, ...]:
    local = start.astimezone(MARKET_ZONES[calendar.market]).date()
    return calendar.trading_days(local, local + timedelta(days=30))


def _half_day(calendar: Calendar, start: datetime) -> date:
    """Return the first day whose midday end still lies ahead."""
    ends = {Market.HK: 12, Market.US: 13}[calendar.market]
    zone = MARKET_ZONES[calendar.market]
    for day in _days_from(calendar, start):
        end = datetime(day.year, day.month, day.day, ends, tzinfo=zone)
        if start + _HALF_DAY_LEFT < end:
            return day
    raise AssertionError("a month has a trading day")
