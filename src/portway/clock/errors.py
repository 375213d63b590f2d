"""What can be wrong with a request to a clock: one error, with the way out in its text."""

from __future__ import annotations

__all__ = ["ClockError"]


class ClockError(ValueError):
    """The clock cannot do what was asked; the text says what can be done instead."""
