"""What a user asks of the clock: `open`, `wall` or `at INSTANT`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portway.clock.errors import ClockError

__all__ = ["ClockMode", "ClockSpec", "parse_clock", "parse_instant"]

# The synthetic world and the calendars know these years; a clock outside them has no market.
FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(2035, 12, 31, tzinfo=UTC)


class ClockMode(StrEnum):
    """How market time follows world time."""

    OPEN = "open"
    AT = "at"
    WALL = "wall"


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """A mode and, for `at`, the instant at which all markets stand."""

    mode: ClockMode
    instant: datetime | None = None

    def __str__(self) -> str:
        return f"at {self.instant.isoformat()}" if self.instant else self.mode.value


def parse_clock(text: str) -> ClockSpec:
    """Read `open`, `wall` or `at INSTANT`.

    Raises:
        ClockError: If it is none of these, or the instant is unusable.
    """
    word, _, rest = text.strip().partition(" ")
    if word in (ClockMode.OPEN, ClockMode.WALL) and not rest:
        return ClockSpec(ClockMode(word))
    if word == ClockMode.AT and rest.strip():
        return ClockSpec(ClockMode.AT, parse_instant(rest.strip()))
    raise ClockError(
        f"clock {text!r} is not known: say open, wall, or 'at 2026-01-05T09:30:00+08:00'"
    )


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with an offset, between 2000 and 2035; return it in UTC.

    Raises:
        ClockError: If it cannot be read, has no offset, or lies outside the world.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(
            f"{text!r} is not an instant: write it as 2026-01-05T09:30:00+08:00"
        ) from None
    if instant.tzinfo is None:
        written = instant.isoformat()  # A date alone takes no offset.
        raise ClockError(
            f"{text!r} has no offset: write {written}+08:00 (Hong Kong) or {written}-05:00"
        )
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        raise ClockError(f"{text!r} lies outside the world, which runs from 2000 to 2035")
    return instant.astimezone(UTC)
