"""Raw TCP: a stream of packets behind a handshake of two bytes.

Heartbeats are ordinary packets with command 1, answered by the session; a close is announced by a
CLOSE push. The server sends no heartbeat requests of its own.
"""

from __future__ import annotations

from typing import ClassVar

from portway.gateway.sockets.link import REQUEST_BYTES_MAX, Flusher, Link
from portway.gateway.stats import GatewayStats
from portway.wire.commands import CloseCode, ControlCommand
from portway.wire.connection import Connection, Side
from portway.wire.errors import ProtocolError
from portway.wire.packet import Packet, encode_push
from portway.wire.pb.control_pb2 import Close

__all__ = ["TcpLink"]


class TcpLink(Link):
    """One raw TCP connection."""

    framed: ClassVar[bool] = False
    transport_name: ClassVar[str] = "tcp"

    def __init__(self, flusher: Flusher, stats: GatewayStats) -> None:
        super().__init__(flusher, stats)
        self._connection = Connection(Side.SERVER, body_bytes_max=REQUEST_BYTES_MAX)

    def data_received(self, data: bytes) -> None:
        self.seen_at = self._loop.time()
        if self.closing:
            return
        try:
            self._connection.receive_data(data)
        except ProtocolError as error:
            self.close(CloseCode.UNPACK_ERROR, str(error))
            return
        self._notify()

    def take(self) -> Packet | None:
        return self._connection.next_packet()

    def ping(self) -> None:
        """Clients send heartbeats by themselves here; a request of ours would break some."""

    def _write_close(self, code: CloseCode, reason: str) -> None:
        assert self._transport is not None
        body = Close(code=code.value, reason=reason).SerializeToString()  # type: ignore[arg-type]
        self._transport.write(encode_push(ControlCommand.CLOSE, body))
        self._transport.close()
