"""Token refresh, and one-time passwords for sockets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from portway.gateway.http.request import Request, instant_of
from portway.gateway.http.services import Services

__all__ = ["refresh_token", "socket_token"]


async def refresh_token(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/token/refresh: a new access token; the old one works for a short while yet."""
    assert request.principal is not None
    wanted = request.text("expired_at")
    expires_at = None if wanted is None else instant_of(wanted, "expired_at").timestamp()
    token, record, account = await services.identity.refresh(
        request.principal, request.headers.get("authorization", b""), expires_at
    )
    return {
        "token": token,
        "expired_at": _iso(record.expires_at),
        "issued_at": _iso(record.issued_at),
        "account_info": {
            "member_id": str(account.member_id),
            "aaid": account.aaid,
            "account_channel": account.channel,
        },
    }


async def socket_token(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/socket/token and /v2/socket/token: a password for one connection.

    Clients refuse to connect by themselves when `online` has reached `limit`.
    """
    assert request.principal is not None
    return {
        "otp": services.identity.issue_password(request.principal),
        "limit": services.limits.profile.connections_max,
        "online": services.limits.online(request.principal.caller),
    }


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
