"""What the handlers of HTTP endpoints share: the ports, the identity, the limits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from portway.gateway.http.request import Request
from portway.gateway.identity import Identity
from portway.gateway.limits import Limits
from portway.gateway.ports import QuoteService, TradeService
from portway.gateway.watchlists import Watchlists
from portway.market.temperatures import Temperatures
from portway.wire.commands import QuoteCommand

__all__ = ["Services"]


class QuotePulls(Protocol):
    """Answers pulls of the quote socket that come over HTTP."""

    async def answer(self, request: Request, command: QuoteCommand) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything an endpoint may ask.

    Attributes:
        wall: Unix seconds now; tokens, sessions and limits live by it.
        steady: Seconds of a clock that never steps back, for the rate limits.
        url_secret: By which addresses that the server hands out prove themselves.
    """

    trades: TradeService
    quotes: QuoteService
    identity: Identity
    limits: Limits
    watchlists: Watchlists
    pulls: QuotePulls
    temperatures: Temperatures
    wall: Callable[[], float]
    steady: Callable[[], float]
    url_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
