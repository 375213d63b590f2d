"""WebSocket: the upgrade, control frames and binary messages, each of them one packet.

The `websockets` library's sans-I/O protocol parses the upgrade and the frames and answers pings;
pushes bypass it: their frames are built once and appended as they are. What breaks the official
clients is not sent: no text, no unsolicited pong, no fragment, no extension.
"""

from __future__ import annotations

import logging
from collections import deque
from http import HTTPStatus
from typing import ClassVar, Final

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from portway.gateway.sockets.link import REQUEST_BYTES_MAX, Flusher, Link
from portway.gateway.stats import GatewayStats
from portway.wire.commands import CloseCode, websocket_close_code
from portway.wire.connection import decode_message
from portway.wire.errors import BadHandshake
from portway.wire.handshake import parse_websocket_query
from portway.wire.packet import Packet

__all__ = ["WebSocketLink"]

# The library tells of every connection that opens and closes; only its troubles matter here.
_protocol_log = logging.getLogger(f"{__name__}.protocol")
_protocol_log.setLevel(logging.WARNING)

FRAGMENTS_MAX: Final = 4096  # of one message; empty ones would add up for ever

# Close codes of the WebSocket standard.
_UNSUPPORTED_DATA = 1003  # text where only binary is spoken
_MESSAGE_TOO_BIG = 1009
_REASON_BYTES_MAX = 123  # room for the text in a close frame


class WebSocketLink(Link):
    """One WebSocket connection, from the first byte of the upgrade on."""

    framed: ClassVar[bool] = True
    transport_name: ClassVar[str] = "websocket"

    def __init__(self, flusher: Flusher, stats: GatewayStats) -> None:
        super().__init__(flusher, stats)
        # Twice the body, so that the packet layer is the one to say what is too large.
        self._protocol = ServerProtocol(max_size=2 * REQUEST_BYTES_MAX, logger=_protocol_log)
        self._messages: deque[bytes] = deque()
        self._parts: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.seen_at = self._loop.time()
        if self.closing and self._protocol.state is State.CLOSED:
            return
        self._protocol.receive_data(data)
        self._handle_events()
        self._write_protocol()
        if self._messages and not self.closing:
            self._notify()

    def eof_received(self) -> bool | None:
        self._protocol.receive_eof()
        self._handle_events()
        return None  # the transport closes itself

    def take(self) -> Packet | None:
        if not self._messages:
            return None
        return decode_message(self._messages.popleft(), REQUEST_BYTES_MAX)

    def ping(self) -> None:
        if self._protocol.state is State.OPEN and not self.closing:
            self._protocol.send_ping(b"")
            self._write_protocol()

    # --------------------------------------------------------------------------- receiving

    def _handle_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._upgrade(event)
            elif isinstance(event, Frame) and not self.closing:
                self._handle_frame(event)

    def _upgrade(self, request: Request) -> None:
        _, _, query = request.path.partition("?")
        try:
            parse_websocket_query(query)
        except BadHandshake as error:
            response = self._protocol.reject(HTTPStatus.BAD_REQUEST, f"{error}\n")
        else:
            response = self._protocol.accept(request)
            headers = request.headers
            # Of a header that occurs twice the client's own value is the last.
            self.accept_language = (["", *headers.get_all("accept-language")])[-1]
            self.has_dc_region = bool(headers.get_all("x-dc-region"))
        self._protocol.send_response(response)

    def _handle_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self._fail(_UNSUPPORTED_DATA, "binary messages only")
        elif frame.opcode is Opcode.BINARY and frame.fin:
            self._messages.append(bytes(frame.data))
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if len(self._parts) > FRAGMENTS_MAX:
                self._fail(_MESSAGE_TOO_BIG, "too many fragments")
            elif frame.fin:
                self._messages.append(b"".join(self._parts))
                self._parts.clear()

    # ---------------------------------------------------------------------------- sending

    def _write_protocol(self) -> None:
        """Write what the protocol wants to say, after what was queued before."""
        if self._transport is None or self._transport.is_closing():
            return
        writes = self._protocol.data_to_send()
        if any(writes):
            self.flush()
            self._transport.write(b"".join(writes))
            self._check_backlog()  # a flood of pings is answered only as far as it is read
        if b"" in writes:  # the library's sign that the stream ends here
            self._end()
            self._transport.close()
            self._abort_later()

    def _write_close(self, code: CloseCode, reason: str) -> None:
        self._send_close_frame(websocket_close_code(code), reason)

    def _fail(self, code: int, reason: str) -> None:
        """Close with a code of the WebSocket standard itself."""
        if self.closing:
            return
        self.flush()
        self.close_reason = reason
        self._stats.closes[(str(code),)] += 1
        self._send_close_frame(code, reason)
        self._end()
        self._abort_later()

    def _send_close_frame(self, code: int, reason: str) -> None:
        if self._protocol.state is not State.OPEN:
            self.abort()  # no upgrade yet, or a close frame is on its way already
            return
        text = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
        self._protocol.send_close(code, text)
        self._write_protocol()
