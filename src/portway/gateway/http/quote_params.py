"""Reading of the quote side's bodies and queries over HTTP: refusals have that family's code.

The trade endpoints refuse with another code, so what `Request` raises is said anew here.
"""

from __future__ import annotations

from typing import TypeVar

from portway.gateway.errors import Refused
from portway.gateway.http.request import Request

__all__ = ["quote_body", "quote_refusal"]

T = TypeVar("T")


def quote_refusal(detail: str) -> Refused:
    """Return the refusal of a missing or malformed field of a quote endpoint."""
    return Refused("QUOTE_HTTP_INVALID", detail)


def quote_body(request: Request, shape: type[T]) -> T:
    """Return the body as a value of `shape`, or refuse with the quote side's code."""
    try:
        return request.json(shape)
    except Refused as refused:
        raise quote_refusal(refused.detail) from None
