"""What a submitted command can meet besides an answer.

TradingError
├── VenueBusy           the inbox is full; nothing was done
├── VenueClosed         the runner is stopping or not started; nothing was done
├── JournalUnavailable  the journal cannot be written or read now; nothing was done
├── DecisionFailed      a defect; nothing was done
└── OutcomeUnknown      the write failed; the command may or may not have been carried out
"""

from __future__ import annotations

__all__ = [
    "DecisionFailed",
    "JournalUnavailable",
    "OutcomeUnknown",
    "TradingError",
    "VenueBusy",
    "VenueClosed",
]


class TradingError(Exception):
    """Base of this layer's exceptions."""


class VenueBusy(TradingError):
    """The inbox is full; nothing was done, try again later."""


class VenueClosed(TradingError):
    """The runner does not take commands now; nothing was done."""


class JournalUnavailable(TradingError):
    """The journal cannot be written or read; nothing was done; it is tried with every command."""


class DecisionFailed(TradingError):
    """A defect kept the command from being decided; nothing was done."""


class OutcomeUnknown(TradingError):
    """It is not certain whether the command was carried out: ask for the order before retrying."""
