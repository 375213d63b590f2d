"""The server's face, put together: HTTP, and both socket channels on both transports.

Builds the gateway's parts around the services, opens and closes the listeners in order, and tells
what the rest of the server asks of them: whether anybody is there, and whether they keep up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry

from portway.assemble.desk import Desk
from portway.assemble.first_start import Credentials, identity_tables, keep_token
from portway.assemble.health import DataPath
from portway.conductor import Conductor
from portway.gateway.history_quota import HistoryQuota
from portway.gateway.http.admin import AdminApi, Endpoint
from portway.gateway.http.admin_accounts import account_routes
from portway.gateway.http.admin_levels import level_routes
from portway.gateway.http.app import HttpApp
from portway.gateway.http.listener import HttpListener
from portway.gateway.http.pulls import Pulls
from portway.gateway.http.services import Services
from portway.gateway.identity import Identity
from portway.gateway.limits import PROFILES, Limits
from portway.gateway.office import Office
from portway.gateway.rights import DELAY_MINUTES, RightsBook
from portway.gateway.sockets.fanout import Fanout
from portway.gateway.sockets.gate import Gate
from portway.gateway.sockets.link import Flusher
from portway.gateway.sockets.quote_channel import QuoteChannel
from portway.gateway.sockets.trade_channel import TradeChannel
from portway.gateway.standing import Standings
from portway.gateway.stats import GatewayStats, register
from portway.gateway.watchlists import Watchlists
from portway.market.delayed import DelayedMarkets
from portway.market.runner import MarketRunner
from portway.market.temperatures import Temperatures
from portway.model.symbol import Market
from portway.settings import Settings
from portway.storage.documents import SqliteDocuments
from portway.storage.home import Home
from portway.storage.sqlite import SqliteStore
from portway.wire.commands import Channel

__all__ = ["Listeners"]

DRAIN_SECONDS_MAX = 5.0  # A reader that has not caught up by then is slow, and gets merged pushes.
SWEEP_SECONDS = 3600.0
QUOTE_DELAY = timedelta(minutes=DELAY_MINUTES)
EVERYWHERE = {"0.0.0.0", "::", ""}  # Addresses to listen on, not to connect to.


class Listeners:
    """All listeners of one server. Belongs to one event loop."""

    def __init__(
        self,
        settings: Settings,
        store: SqliteStore,
        desk: Desk,
        market: MarketRunner,
        credentials: Credentials,
        home: Home,
        more_routes: Mapping[tuple[str, str], Endpoint],
    ) -> None:
        """Build the gateway; `more_routes` are endpoints of the admin API beside its own."""
        self._more_routes = more_routes
        self._settings = settings
        self._credentials = credentials
        self._desk = desk
        self._market = market
        self._store = store
        self._stats = GatewayStats()
        self._flusher = Flusher(asyncio.get_running_loop())
        self._identity = Identity(
            identity_tables(store),
            time.time,
            credentials.tool_secret,
            on_refresh=partial(keep_token, home),
        )
        self._limits = Limits(PROFILES[settings.limits])
        self._rights = RightsBook(SqliteDocuments(store))
        self._quotes = self._quote_channel()
        self._quote_gate = self._gate(Channel.QUOTE, self._quotes)
        self._trade_channel = TradeChannel(desk, market, self._stats)
        self._trade_gate = self._gate(Channel.TRADE, self._trade_channel)
        self._http: HttpListener | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def has_clients(self) -> bool:
        """Whether anybody has signed in on a socket."""
        return bool(self._quote_gate.online or self._trade_gate.online)

    async def drained(self) -> None:
        """Wait until every connection has taken what was pushed; a slow one is not waited for."""
        await self._flusher.drained(DRAIN_SECONDS_MAX)

    async def open(self, conductor: Conductor) -> dict[str, Any]:
        """Open every listener; return addresses and credentials for `portway env`.

        Raises:
            OSError: If a port cannot be had.
        """
        await self._rights.load()
        host, ports = self._settings.host, self._settings.ports
        quote, quote_tcp = await self._quote_gate.listen(host, ports.quote, ports.quote_tcp)
        trade, trade_tcp = await self._trade_gate.listen(host, ports.trade, ports.trade_tcp)
        self._http = HttpListener(self._app(conductor).respond)
        http = await self._http.listen(host, ports.http)
        reachable = "127.0.0.1" if host in EVERYWHERE else host
        at = f"[{reachable}]" if ":" in reachable else reachable
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep of expired sessions")
        return {
            "http_url": f"http://{at}:{http}",
            "quote_ws_url": f"ws://{at}:{quote}",
            "trade_ws_url": f"ws://{at}:{trade}",
            "quote_tcp": f"{at}:{quote_tcp}",
            "trade_tcp": f"{at}:{trade_tcp}",
            "admin_url": f"http://{at}:{http}/admin/{self._credentials.admin_secret}",
            "app_key": self._credentials.app_key,
            "app_secret": self._credentials.app_secret,
            "access_token": self._credentials.access_token,
            "tool_secret": self._credentials.tool_secret,
        }

    async def close(self) -> None:
        """Tell every client that the server goes, and close."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._trade_channel.close()
        await asyncio.gather(self._quote_gate.close(), self._trade_gate.close())
        await self._identity.saved()
        if self._http is not None:
            await self._http.close()

    async def _sweep(self) -> None:
        while True:
            await self._identity.drop_expired()
            await asyncio.sleep(SWEEP_SECONDS)

    def _gate(self, channel: Channel, handler: QuoteChannel | TradeChannel) -> Gate:
        return Gate(
            channel,
            handler,
            identity=self._identity,
            limits=self._limits,
            flusher=self._flusher,
            stats=self._stats,
        )

    def _quote_channel(self) -> QuoteChannel:
        fanout = Fanout(self._market, self._flusher, self._stats)
        tiers = self._limits.profile.history_tiers
        quota = None
        if tiers is not None:
            quota = HistoryQuota(
                tiers,
                SqliteDocuments(self._store),
                standing=Standings(self._desk, self._market).of,
                today=lambda: self._market.trading_day(Market.HK),
                wall=time.time,
            )
        return QuoteChannel(
            self._market,
            fanout,
            self._limits,
            self._identity,
            time.time,
            self._rights,
            lambda: DelayedMarkets(self._market.now, self._market.beside, QUOTE_DELAY),
            quota,
        )

    def _app(self, conductor: Conductor) -> HttpApp:
        registry = CollectorRegistry()
        register(registry, self._stats)
        services = Services(
            trades=self._desk,
            quotes=self._market,
            identity=self._identity,
            limits=self._limits,
            watchlists=Watchlists(SqliteDocuments(self._store)),
            pulls=Pulls(self._quotes, self._quote_gate),
            temperatures=Temperatures(self._market),
            wall=time.time,
            steady=time.monotonic,
        )
        return HttpApp(
            services,
            admin=AdminApi(conductor, self._status(conductor), self._owner_routes()),
            admin_secret=self._credentials.admin_secret,
            health=DataPath(self._store, conductor, self._desk),
            registry=registry,
            stats=self._stats,
        )

    def _owner_routes(self) -> dict[tuple[str, str], Endpoint]:
        identity = self._identity
        tables = identity_tables(self._store)
        office = Office(self._desk, tables, time.time, identity.forget, identity.dismiss)
        return {
            **account_routes(office, self._limits, time.monotonic),
            **level_routes(self._rights, tables),
            **self._more_routes,
        }

    def _status(self, conductor: Conductor) -> Callable[[], dict[str, Any]]:
        def status() -> dict[str, Any]:
            return {
                "limits": self._settings.limits,
                "connections": {
                    "quote": self._quote_gate.online,
                    "trade": self._trade_gate.online,
                },
                "moving": conductor.is_moving,
            }

        return status
