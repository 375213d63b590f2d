"""How the gateway says no.

    Refused    a request, a sign-in or a socket command is answered with a reason's code and text

Reasons are names of the table in `wire/reasons.py`; the text a client reads comes from there, in
its language. Everything else that rises is a defect: it is logged with its trace, and the client
reads "internal error" and nothing more.
"""

from __future__ import annotations

__all__ = ["Refused"]


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
