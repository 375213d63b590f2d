"""HTTP connections that are kept alive between calls, a few at most.

A connection serves one call at a time. What the peer closed while it lay idle is noticed before it
is used, so that a call which must not be repeated need not be.
"""

from __future__ import annotations

import http.client
import logging
import select
import threading
from typing import TYPE_CHECKING, Final

from portway.openapi.errors import ConnectError

if TYPE_CHECKING:
    import ssl

__all__ = ["IDLE_CONNECTIONS_MAX", "Connections"]

log = logging.getLogger("portway.openapi.http")

IDLE_CONNECTIONS_MAX: Final = 8


class Connections:
    """The connections to one host; may be used from several threads.

    Args:
        host: Name or address.
        port: `None` for the scheme's own.
        is_secure: Whether to speak TLS.
    """

    def __init__(self, host: str, port: int | None, *, is_secure: bool) -> None:
        self._host, self._port = host, port
        self._is_secure = is_secure
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._closed = False

    def take(self) -> http.client.HTTPConnection:
        """Return a connection that is open, or a new one that is not connected yet.

        Raises:
            ConnectError: After `close`.
        """
        with self._lock:
            if self._closed:
                raise ConnectError("the client is closed")
            while self._idle:
                connection = self._idle.pop()
                if _is_usable(connection):
                    self._busy.add(connection)
                    return connection
                connection.close()
            connection = self._new()
            self._busy.add(connection)
            return connection

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection whose call is over."""
        with self._lock:
            self._busy.discard(connection)
            has_room = len(self._idle) < IDLE_CONNECTIONS_MAX and not self._closed
            if has_room and connection.sock is not None:
                self._idle.append(connection)
                return
        connection.close()

    def drop(self, connection: http.client.HTTPConnection) -> None:
        """Close a connection whose call failed."""
        with self._lock:
            self._busy.discard(connection)
        connection.close()

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            _shut_down(connection)

    def _new(self) -> http.client.HTTPConnection:
        if not self._is_secure:
            return http.client.HTTPConnection(self._host, self._port)
        if self._tls is None:
            import ssl

            self._tls = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, context=self._tls)


def _is_usable(connection: http.client.HTTPConnection) -> bool:
    """Whether an idle connection is open: bytes or an end to read mean that the peer is done."""
    if connection.sock is None:
        return False
    try:
        readable, _, _ = select.select([connection.sock], [], [], 0)
    except (OSError, ValueError):
        return False
    return not readable


def _shut_down(connection: http.client.HTTPConnection) -> None:
    """Wake a thread that waits on the connection; it closes it."""
    sock = connection.sock
    if sock is None:
        return
    try:
        sock.shutdown(2)
    except OSError:
        log.debug("the connection was down already")
