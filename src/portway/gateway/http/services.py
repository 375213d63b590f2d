"""What the handlers of HTTP endpoints share: the ports, the identity, the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portway.gateway.identity import Identity
from portway.gateway.limits import Limits
from portway.gateway.ports import QuoteService, TradeService

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything an endpoint may ask.

    Attributes:
        wall: Unix seconds now; tokens, sessions and limits live by it.
        steady: Seconds of a clock that never steps back, for the rate limits.
    """

    trades: TradeService
    quotes: QuoteService
    identity: Identity
    limits: Limits
    wall: Callable[[], float]
    steady: Callable[[], float]
