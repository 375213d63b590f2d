"""The gateway put together for its own tests: both socket gates, HTTP, and what they share.

As the assembly of a real server does it, over whatever implements the ports.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from portway.gateway.history_quota import HistoryQuota
from portway.gateway.http.admin import AdminApi
from portway.gateway.http.admin_accounts import account_routes
from portway.gateway.http.admin_levels import level_routes
from portway.gateway.http.app import HttpApp
from portway.gateway.http.listener import HttpListener
from portway.gateway.http.pulls import Pulls
from portway.gateway.http.services import Services
from portway.gateway.identity import Identity
from portway.gateway.limits import LimitProfile, Limits
from portway.gateway.office import Office
from portway.gateway.ports import (
    ClockControl,
    DocumentStore,
    HealthCheck,
    IdentityStore,
    QuoteService,
    TradeService,
)
from portway.gateway.quote_view import Delayed
from portway.gateway.rights import RightsBook
from portway.gateway.sockets.fanout import Fanout
from portway.gateway.sockets.gate import Gate, Timing
from portway.gateway.sockets.link import Flusher
from portway.gateway.sockets.quote_channel import QuoteChannel
from portway.gateway.sockets.trade_channel import TradeChannel
from portway.gateway.standing import Standings
from portway.gateway.stats import GatewayStats, register
from portway.gateway.watchlists import Watchlists
from portway.market.temperatures import Temperatures
from portway.model.symbol import Market
from portway.wire.commands import Channel

__all__ = ["Gateway", "GatewayPorts", "ListenerPorts"]


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """What the rest of the server gives to the gateway."""

    store: IdentityStore
    quotes: QuoteService
    trades: TradeService
    clock: ClockControl
    health: HealthCheck
    documents: DocumentStore
    delayed: Callable[[], Delayed]


@dataclass(frozen=True, slots=True)
class ListenerPorts:
    """TCP ports of the five listeners: asked for (0 takes any free one), then in use."""

    http: int = 0
    quote: int = 0
    trade: int = 0
    quote_tcp: int = 0
    trade_tcp: int = 0


class Gateway:
    """Everything a client can reach. Made inside the event loop that serves it.

    Args:
        admin_secret: Part of the admin API's path, and what the command line tools of this server
            prove themselves with.
        status: What `/admin/<secret>/status` shows besides the gateway's own figures.
    """

    def __init__(
        self,
        ports: GatewayPorts,
        profile: LimitProfile,
        *,
        admin_secret: str,
        registry: CollectorRegistry | None = None,
        timing: Timing | None = None,
        wall: Callable[[], float] = time.time,
        status: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.stats = GatewayStats()
        self.identity = Identity(ports.store, wall, tool_secret=admin_secret)
        self.limits = Limits(profile)
        self._status = status
        self._flusher = Flusher(loop)
        self._trade_channel = TradeChannel(ports.trades, ports.quotes, self.stats)
        fanout = Fanout(ports.quotes, self._flusher, self.stats)
        quota = None
        if profile.history_tiers is not None:
            quota = HistoryQuota(
                profile.history_tiers,
                ports.documents,
                standing=Standings(ports.trades, ports.quotes).of,
                today=lambda: ports.trades.trading_days()[Market.HK],
                wall=wall,
            )
        self.rights = RightsBook(ports.documents)
        quote_channel = QuoteChannel(
            ports.quotes,
            fanout,
            self.limits,
            self.identity,
            wall,
            self.rights,
            ports.delayed,
            quota,
        )
        shared = {
            "identity": self.identity,
            "limits": self.limits,
            "flusher": self._flusher,
            "stats": self.stats,
            "timing": timing,
        }
        self.quote_gate = Gate(Channel.QUOTE, quote_channel, **shared)  # type: ignore[arg-type]
        self.trade_gate = Gate(Channel.TRADE, self._trade_channel, **shared)  # type: ignore[arg-type]
        registry = registry if registry is not None else CollectorRegistry()
        register(registry, self.stats)
        services = Services(
            ports.trades,
            ports.quotes,
            self.identity,
            self.limits,
            Watchlists(ports.documents),
            Pulls(quote_channel, self.quote_gate),
            Temperatures(ports.quotes),
            wall,
            loop.time,
        )
        self._http = HttpListener(
            HttpApp(
                services,
                admin=AdminApi(
                    ports.clock,
                    self.status,
                    {
                        **account_routes(
                            Office(
                                ports.trades,
                                ports.store,
                                wall,
                                self.identity.forget,
                                self.identity.dismiss,
                            ),
                            self.limits,
                            loop.time,
                        ),
                        **level_routes(self.rights, ports.store),
                    },
                ),
                admin_secret=admin_secret,
                health=ports.health,
                registry=registry,
                stats=self.stats,
            ).respond
        )

    async def start(self, host: str, ports: ListenerPorts) -> ListenerPorts:
        """Open all listeners; returns the ports in use.

        Raises:
            OSError: If a port cannot be had; those opened before are closed again.
        """
        try:
            quote, quote_tcp = await self.quote_gate.listen(host, ports.quote, ports.quote_tcp)
            trade, trade_tcp = await self.trade_gate.listen(host, ports.trade, ports.trade_tcp)
            http = await self._http.listen(host, ports.http)
        except OSError:
            await self.close()
            raise
        assert quote is not None
        assert trade is not None
        assert quote_tcp is not None
        assert trade_tcp is not None
        return ListenerPorts(http, quote, trade, quote_tcp, trade_tcp)

    async def close(self) -> None:
        """Take no more clients, say goodbye to those there are, let running calls finish."""
        self._trade_channel.close()
        await asyncio.gather(self.quote_gate.close(), self.trade_gate.close(), self._http.close())

    async def drained(self, within_s: float = 5.0) -> None:
        """Wait until subscribers have taken what was pushed, at most `within_s`."""
        await self._flusher.drained(within_s)

    @property
    def online(self) -> int:
        """Signed-in socket connections: whether anybody is there to see the market move."""
        return self.quote_gate.online + self.trade_gate.online

    def status(self) -> dict[str, Any]:
        """What the gateway says of itself, beside what its owner adds."""
        return {
            **self._status(),
            "limits": self.limits.profile.name,
            "connections": {"quote": self.quote_gate.online, "trade": self.trade_gate.online},
            "pushes": self.stats.pushes,
            "conflated": self.stats.conflated,
        }
