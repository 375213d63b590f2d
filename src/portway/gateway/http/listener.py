"""Serves the app: uvicorn's HTTP protocol on our own listener, with the bounds it lacks.

Headers have a size and a time within which they must be complete, bodies a time, connections a
number; whatever is not HTTP is answered with an envelope too. Signals are not touched: stopping is
`close`.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from portway.wire.envelope import failure

__all__ = ["HttpListener"]

HEAD_BYTES_MAX: Final = 128 * 1024  # request line and headers of one request
TARGET_BYTES_MAX: Final = 60 * 1024  # the URL parser's own limit lies just above
HEAD_SECONDS: Final = 15.0
BODY_SECONDS: Final = 30.0  # for the whole body to arrive
LINGER_SECONDS: Final = 1.0  # for a refused client to read why before its connection is reset
KEEP_ALIVE_SECONDS: Final = 75
CONNECTIONS_MAX: Final = 4096


class _TargetTooLong(ValueError):
    """Ends the parsing of a request; answered by `send_400_response`."""


class _BoundedProtocol(HttpToolsProtocol):
    """One HTTP connection whose requests are bounded: heads in size and time, bodies in time.

    A request that arrives in one piece, as nearly all do, starts no timer.
    """

    _head_bytes = 0
    _has_begun = False
    _is_head_done = False
    _is_body_done = False
    _is_refused = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_within(HEAD_SECONDS)
        if len(self.connections) > CONNECTIONS_MAX:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.parser is None or self._is_refused or self.transport.is_closing():
            return
        self._has_begun = False
        super().data_received(data)
        if self._is_head_done or self._is_refused:
            self._expect_body()
            return
        if self._has_begun or self._timer is None:
            self._expect_within(HEAD_SECONDS)
        # A head that began within this chunk counts the whole chunk: the bound is rough by one.
        self._head_bytes = len(data) + (0 if self._has_begun else self._head_bytes)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse("REQUEST_TOO_LARGE")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._is_head_done = self._is_body_done = False

    def on_headers_complete(self) -> None:
        if len(self.url) > TARGET_BYTES_MAX:
            raise _TargetTooLong
        self._is_head_done = True
        self._cancel_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_body_done = True
        self._cancel_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._is_body_done:  # Else a later request is on its way already.
            self._is_head_done = False
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request, or one whose head cannot be taken."""
        if len(getattr(self, "url", b"")) > TARGET_BYTES_MAX:
            self._refuse("REQUEST_TOO_LARGE")
        else:
            self._refuse("PARAMETER_INVALID", "not a valid HTTP request", status=400)

    def _expect_body(self) -> None:
        if not self._is_body_done and not self._is_refused and self._timer is None:
            self._expect_within(BODY_SECONDS)

    def _expect_within(self, seconds: float) -> None:
        self._cancel_timer()
        self._timer = self.loop.call_later(seconds, self._is_late)

    def _is_late(self) -> None:
        self.transport.abort()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, reason: str, detail: str = "", status: int | None = None) -> None:
        self._is_refused = True
        row_status, envelope = failure(reason, detail=detail)
        body = msgspec.json.encode(envelope)
        self.transport.write(
            b"".join(
                (
                    STATUS_LINE[status or row_status],
                    b"content-type: application/json; charset=utf-8\r\n",
                    b"content-length: %d\r\n" % len(body),
                    b"x-trace-id: %s\r\n" % secrets.token_hex(16).encode(),
                    b"connection: close\r\n\r\n",
                    body,
                )
            )
        )
        # Closing with unread bytes would reset the connection and may take the answer with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


class HttpListener:
    """Listens on one address and serves one app."""

    def __init__(self, app: Any) -> None:
        self._config = Config(
            app,
            http=_BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Open the listener; a port of 0 takes a free one. Returns the port in use.

        Raises:
            OSError: If the port cannot be had.
        """
        self._config.load()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _BoundedProtocol(self._config, self._state, {}), host, port, backlog=1024
        )
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def close(self, grace_s: float = 3.0) -> None:
        """Stop listening, let running requests finish within `grace_s`, drop the connections."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=grace_s)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
