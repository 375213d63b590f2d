"""Names of what stands in a home and is read by more than one part of this room."""

from __future__ import annotations

from typing import Final

__all__ = ["CLOCK_FILE", "VENUE", "WORLD_FILE"]

VENUE: Final = "main"  # The one venue of a home.
CLOCK_FILE: Final = "clock.json"
WORLD_FILE: Final = "world.json"
