"""Calls about access tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from portway.openapi.calls.http_call import HttpCall, with_query
from portway.openapi.errors import DecodeError

__all__ = ["refresh_access_token"]

_LIFE = timedelta(days=90)


def refresh_access_token(expired_at: datetime | None) -> HttpCall[str]:
    """A new access token; the one in use becomes void."""
    if expired_at is None:
        expired_at = datetime.now(UTC) + _LIFE
    if not isinstance(expired_at, datetime):
        raise TypeError(f"argument 'expired_at': a datetime is expected, not {expired_at!r:.80}")
    zoned = expired_at if expired_at.tzinfo is not None else expired_at.replace(tzinfo=UTC)
    text = zoned.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return HttpCall("GET", with_query("/v1/token/refresh", [("expired_at", text)]), _token)


def _token(data: Any) -> str:
    token = data.get("token") if isinstance(data, dict) else None
    if not isinstance(token, str):
        raise DecodeError("deserialize response body error: missing field `token`")
    return token
