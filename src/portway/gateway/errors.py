"""How the gateway says no.

    Refused       a request, a sign-in or a socket command is answered with a reason's code and text
    refusal_of    the refusal for what a submitted command can meet

Reasons are names of the table in `wire/reasons.py`; the text a client reads comes from there, in
its language. Everything else that rises is a defect: it is logged with its trace, and the client
reads "internal error" and nothing more.
"""

from __future__ import annotations

from typing import Final

from portway.trading.errors import (
    JournalUnavailable,
    OutcomeUnknown,
    TradingError,
    VenueBusy,
    VenueClosed,
)

__all__ = ["Refused", "refusal_of"]

_REASONS: Final[dict[type[TradingError], str]] = {
    VenueBusy: "VENUE_BUSY",
    VenueClosed: "VENUE_CLOSED",
    JournalUnavailable: "STORAGE_UNAVAILABLE",
    OutcomeUnknown: "OUTCOME_UNKNOWN",
}


class Refused(Exception):
    """The caller is told no.

    Attributes:
        reason: Name of a row in the table of reasons.
        detail: In English, which field or value, where the row's text has a place for it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def refusal_of(error: TradingError) -> Exception:
    """Return what to raise when a command met `error`: its refusal, or a defect as it stands."""
    reason = _REASONS.get(type(error))
    return error if reason is None else Refused(reason)
