"""One channel with all its connections: who is on it, who is too many, who has gone silent.

Both transports of a channel share its gate, so that a session is resumed and a limit counted
whichever way a client comes. The gate keeps the bounds that no single session can keep: number of
connections, of those that have not signed in, and the sweep that pings the living and ends the
dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from portway.gateway.errors import Refused
from portway.gateway.identity import Identity, OpenedSession
from portway.gateway.limits import Caller, Limits
from portway.gateway.sockets.link import Flusher, Link
from portway.gateway.sockets.session import Session
from portway.gateway.sockets.tcp import TcpLink
from portway.gateway.sockets.websocket import WebSocketLink
from portway.gateway.stats import GatewayStats
from portway.wire.commands import Channel, CloseCode

__all__ = ["ChannelHandler", "Gate", "Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds, and how many may wait.

    Attributes:
        ping_s: Between two WebSocket pings; clients leave after 120 s without one.
        idle_s: Without any sign of life a connection is closed.
        sign_in_s: For signing in after connecting, anew with every attempt.
        sweep_s: How often the three are looked at.
        strangers_max: Connections that have not signed in; the oldest gives way.
        connections_max: Of this channel, signed in or not; a newcomer is dropped.
    """

    ping_s: float = 30.0
    idle_s: float = 150.0
    sign_in_s: float = 30.0
    sweep_s: float = 5.0
    strangers_max: int = 256
    connections_max: int = 20_000


class ChannelHandler(Protocol):
    """The business commands of one channel."""

    def handle(
        self, session: Session, cmd_code: int, request: Message
    ) -> Message | Coroutine[Any, Any, Message]:
        """Answer a command of a signed-in session.

        Raises:
            Refused: Here or in the coroutine; the connection is kept.
        """
        ...

    def drained(self, session: Session) -> None:
        """The session's link takes data again after a congestion."""
        ...

    def forget(self, session: Session) -> None:
        """The session is over: drop its subscriptions."""
        ...


class Gate:
    """All connections of one channel."""

    def __init__(
        self,
        channel: Channel,
        channel_handler: ChannelHandler,
        *,
        identity: Identity,
        limits: Limits,
        flusher: Flusher,
        stats: GatewayStats,
        timing: Timing | None = None,
    ) -> None:
        self.channel = channel
        self.channel_handler = channel_handler
        self.identity = identity
        self.limits = limits
        self.stats = stats
        self.timing = timing or Timing()
        self._flusher = flusher
        self._loop = asyncio.get_running_loop()
        self._strangers: dict[Session, None] = {}
        self._members: dict[Session, None] = {}
        self._by_lineage: dict[str, Session] = {}
        self._flights: dict[Caller, asyncio.Semaphore] = {}
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._pinged_at = self.now()
        identity.on_dismissal(self._dismiss)

    # ---------------------------------------------------------------------------- listening

    async def listen(
        self, host: str, websocket_port: int | None, tcp_port: int | None
    ) -> tuple[int | None, int | None]:
        """Open the listeners; a port of 0 takes a free one, `None` opens none.

        Returns:
            The two ports in use.

        Raises:
            OSError: If a port cannot be had.
        """
        websocket = await self._listen(host, websocket_port, WebSocketLink)
        tcp = await self._listen(host, tcp_port, TcpLink)
        self._sweep_later()
        return websocket, tcp

    async def _listen(
        self, host: str, port: int | None, link_class: Callable[[Flusher, GatewayStats], Link]
    ) -> int | None:
        if port is None:
            return None
        server = await self._loop.create_server(
            lambda: self.accept(link_class), host, port, backlog=1024
        )
        self._servers.append(server)
        number: int = server.sockets[0].getsockname()[1]
        return number

    def accept(self, link_class: Callable[[Flusher, GatewayStats], Link]) -> Link:
        """Make the link and the session of a connection that was just accepted."""
        link = link_class(self._flusher, self.stats)
        session = Session(self, link)
        if len(self._members) + len(self._strangers) >= self.timing.connections_max:
            self._loop.call_soon(link.abort)
        elif len(self._strangers) >= self.timing.strangers_max:
            # Those who sign in do so within milliseconds: the oldest stranger is the least likely.
            next(iter(self._strangers)).link.abort()
        self._strangers[session] = None
        self.stats.connections[(self.channel.value, link.transport_name)] += 1
        return link

    async def close(self) -> None:
        """Stop listening, tell every client that the server goes, and drop the connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for server in self._servers:
            server.close()
        for session in [*self._members, *self._strangers]:
            session.link.close(CloseCode.SERVER_SHUTDOWN, "server shutdown")
        self._servers.clear()
        # One turn for the close messages to reach the sockets.
        await asyncio.sleep(0)

    # ----------------------------------------------------------------------- for sessions

    def now(self) -> float:
        """Seconds on the loop's steady clock."""
        return self._loop.time()

    @property
    def online(self) -> int:
        """Signed-in connections of this channel."""
        return len(self._members)

    def permit(self, caller: Caller, cmd_code: int) -> bool:
        """Spend a permit for a command; trade-channel commands are free."""
        if self.channel is not Channel.QUOTE:
            return True
        return self.limits.permit_quote_call(caller, cmd_code, self.now())

    def in_flight(self, caller: Caller) -> asyncio.Semaphore:
        """A place among the calls of `caller` that may run at once; others wait in order."""
        flights = self._flights.get(caller)
        if flights is None:
            places = self.limits.profile.quote_in_flight_max or self.timing.connections_max
            flights = self._flights[caller] = asyncio.Semaphore(places)
        return flights

    def has_room(self, caller: Caller) -> bool:
        """Whether one more connection of `caller` would be admitted now."""
        if not self.limits.connect(caller, self.channel):
            return False
        self.limits.disconnect(caller, self.channel)
        return True

    def admit(self, session: Session, opened: OpenedSession) -> None:
        """Count a session that has proved who it is; an older connection of the same one closes.

        Raises:
            Refused: If the account has as many connections as it may have, or the client is gone.
        """
        if session not in self._strangers:
            raise Refused("NOT_AUTHENTICATED")  # lost while its sign-in was written
        caller = opened.principal.caller
        older = self._by_lineage.get(opened.lineage)
        if older is not None:
            older.link.close(CloseCode.CONNECT_DUPLICATE, "the session goes on elsewhere")
        if not self.limits.connect(caller, self.channel):
            raise Refused("CONNECTION_LIMIT")
        del self._strangers[session]
        self._members[session] = None
        self._by_lineage[opened.lineage] = session
        # From here on `forget` gives the room back.
        session.principal = opened.principal
        session.lineage = opened.lineage

    def forget(self, session: Session) -> None:
        """Give back everything a connection held; called once, when it ends."""
        self.stats.connections[(self.channel.value, session.link.transport_name)] -= 1
        if session in self._strangers:
            del self._strangers[session]
            return
        del self._members[session]
        assert session.principal is not None
        self.limits.disconnect(session.principal.caller, self.channel)
        if self._by_lineage.get(session.lineage) is session:
            del self._by_lineage[session.lineage]
        self.channel_handler.forget(session)

    def _dismiss(self, app_key: str, account_no: str) -> None:
        for session in [*self._members]:
            assert session.principal is not None, "a member has signed in"
            if (session.principal.app_key, session.principal.account_no) == (app_key, account_no):
                session.link.close(CloseCode.AUTH_ERROR, "a token of the account was revoked")

    # ---------------------------------------------------------------------------- sweeping

    def _sweep_later(self) -> None:
        self._sweeper = self._loop.call_later(self.timing.sweep_s, self._sweep)

    def _sweep(self) -> None:
        now = self.now()
        timing = self.timing
        pinging = now - self._pinged_at >= timing.ping_s - timing.sweep_s / 2
        if pinging:
            self._pinged_at = now
        for session in [*self._strangers]:
            if now - session.link.opened_at > timing.sign_in_s:
                session.link.close(CloseCode.AUTH_ERROR, "no sign-in")
            elif pinging:
                session.link.ping()
        for session in [*self._members]:
            if now - session.link.seen_at > timing.idle_s:
                session.link.close(CloseCode.HEARTBEAT_TIMEOUT, "no sign of life")
            elif pinging:
                session.link.ping()
        self._sweep_later()
