"""Listens for HTTP connections on one address, and ends those whose peers take too long."""

from __future__ import annotations

import asyncio
from typing import Final

from portway.gateway.http.connection import HttpConnection
from portway.gateway.http.messages import Respond

__all__ = ["HttpListener"]

CONNECTIONS_MAX: Final = 4096
SWEEP_SECONDS: Final = 1.0  # Between two looks at who is late: one timer for all connections.


class HttpListener:
    """Listens on one address and hands requests to one app."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._connections: set[HttpConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int) -> int:
        """Open the listener; a port of 0 takes a free one. Returns the port in use.

        Raises:
            OSError: If the port cannot be had.
        """
        self._server = await asyncio.get_running_loop().create_server(
            self.connection, host, port, backlog=1024
        )
        self._sweep()
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def connection(self) -> HttpConnection:
        """Make the protocol of one more connection."""
        return HttpConnection(self._respond, self._connections, self._tasks)

    @property
    def answering(self) -> int:
        """How many connections wait for an answer."""
        return len(self._tasks)

    async def close(self, grace_s: float = 3.0) -> None:
        """Stop listening, let running requests finish within `grace_s`, drop the connections."""
        if self._server is None:
            return
        self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._connections):
            connection.shut_down()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=grace_s)
        for connection in list(self._connections):
            connection.abort()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            connection.end_if_late(now)
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)
