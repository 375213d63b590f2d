"""Where the clock stands, as the home keeps it over restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portway.clock.errors import ClockError
from portway.clock.spec import ClockMode
from portway.model.symbol import Market

__all__ = ["ClockPosition"]


@dataclass(frozen=True, slots=True)
class ClockPosition:
    """A mode and the instant of each market.

    Attributes:
        instants: Nothing that a client has seen is later than these.
        speed: Market seconds per wall second, kept through a pause.
    """

    mode: ClockMode
    instants: Mapping[Market, datetime]
    speed: float = 1.0
    paused: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "mode": self.mode.value,
            "speed": self.speed,
            "paused": self.paused,
            "instants": {market.value: at.isoformat() for market, at in self.instants.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClockPosition:
        """Read what `to_json` wrote.

        Raises:
            ClockError: If it is something else.
        """
        try:
            instants = {
                Market(market): _aware(datetime.fromisoformat(text))
                for market, text in data["instants"].items()
            }
            if not instants:
                raise ValueError("no market has an instant")
            speed, paused = float(data.get("speed", 1.0)), bool(data.get("paused", False))
            return cls(ClockMode(data["mode"]), instants, speed, paused)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ClockError(f"the stored clock position is unreadable ({error})") from None


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset")
    return instant.astimezone(UTC)
