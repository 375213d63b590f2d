"""One side of a connection, without the socket: received bytes in, packets out, and the reverse.

`Connection` is the raw TCP stream: it finds packet boundaries under any chunking and, on the server
side, consumes the two handshake bytes first. A WebSocket needs none of that, since each binary
message is one packet: `decode_message`, and `RequestIds` for the numbering both transports share.
Knows no command and no clock; whoever owns the socket decides when to close it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from portway.wire.errors import BufferOverrun, ProtocolError
from portway.wire.handshake import (
    TCP_HANDSHAKE_BYTES,
    Handshake,
    decode_tcp_handshake,
    encode_tcp_handshake,
)
from portway.wire.packet import (
    BODY_BYTES_MAX,
    PACKET_BYTES_MAX,
    REQUEST_ID_MAX,
    Packet,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    decode_packet,
    encode_packet,
    packet_length,
)

__all__ = ["BUFFER_BYTES_MAX", "Connection", "RequestIds", "Side", "decode_message"]

# One packet of the largest size, and as much again that came with its last chunk.
BUFFER_BYTES_MAX = 2 * PACKET_BYTES_MAX

_COMPACT_OVER_BYTES = 64 * 1024


class Side(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class RequestIds:
    """Numbers of a side's own requests on one connection: 1, 2, ... 2**32-1, then 1 again."""

    __slots__ = ("_last",)

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def take(self) -> int:
        """Return the next number."""
        self._last = 1 if self._last >= REQUEST_ID_MAX else self._last + 1
        return self._last


def decode_message(message: bytes, body_bytes_max: int = BODY_BYTES_MAX) -> Packet:
    """Return the one packet in a binary WebSocket message; bytes after it are ignored.

    Raises:
        ProtocolError: As `decode_packet`; an empty message is a `TruncatedPacket`.
    """
    return decode_packet(message, body_bytes_max)


class Connection:
    """Packets of one TCP connection, seen from one side.

    Feed `receive_data`, then take packets with `next_packet` (one at a time, so that a chunk full
    of small compressed bodies never stands in memory whole) or `packets_received`. What the
    `send_*` methods write gathers until `data_to_send` hands it over in one piece.

    The first `ProtocolError` is final: the boundary of the next packet is unknown, so every later
    call that would decode raises it again. Packets before it are delivered first, whatever the
    chunking. Sending goes on working, for the CLOSE push that says why.

    Args:
        side: A server reads the handshake first; a client begins with it.
        body_bytes_max: Longest body accepted, as it travels and after gzip.
        compress_over_bytes: Gzip what is sent from this length on; `None` never.
    """

    __slots__ = (
        "_body_bytes_max",
        "_buffer",
        "_compress_over_bytes",
        "_error",
        "_handshake",
        "_ids",
        "_offset",
        "_outgoing",
        "_side",
    )

    def __init__(
        self,
        side: Side,
        body_bytes_max: int = BODY_BYTES_MAX,
        compress_over_bytes: int | None = None,
    ) -> None:
        self._side = side
        self._body_bytes_max = body_bytes_max
        self._compress_over_bytes = compress_over_bytes
        self._buffer = bytearray()
        self._offset = 0
        self._handshake: Handshake | None = None
        self._error: ProtocolError | None = None
        self._ids = RequestIds()
        self._outgoing: list[bytes] = []
        if side is Side.CLIENT:
            self._outgoing.append(encode_tcp_handshake())

    @property
    def handshake(self) -> Handshake | None:
        """What the client announced; on the server side `None` until both bytes were decoded."""
        return self._handshake

    @property
    def buffered_bytes(self) -> int:
        """Bytes received and not yet taken as packets."""
        return len(self._buffer) - self._offset

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer, in any chunking.

        Raises:
            BufferOverrun: If more than `BUFFER_BYTES_MAX` bytes wait because packets are not taken.
        """
        if self._error is not None:
            return  # nothing after the error can be decoded; `next_packet` repeats it
        if self.buffered_bytes + len(data) > BUFFER_BYTES_MAX:
            raise self._fail(BufferOverrun(f"over {BUFFER_BYTES_MAX} bytes wait undecoded"))
        self._buffer += data

    def next_packet(self) -> Packet | None:
        """Return the next whole packet, or `None` until more bytes arrive.

        Raises:
            ProtocolError: If the bytes follow no packet layout; again on every later call.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._decode_next()
        except ProtocolError as error:
            raise self._fail(error) from None

    def packets_received(self) -> list[Packet]:
        """Return every whole packet that has arrived.

        After bytes that follow no layout it returns the packets before them, and raises with the
        next call: call until the list is empty.

        Raises:
            ProtocolError: As `next_packet`, when no packet stands before the error.
        """
        return list(self._iterate())

    def send_request(self, cmd_code: int, body: bytes, timeout_ms: int) -> int:
        """Append a request; return the id that its response will carry."""
        request_id = self._ids.take()
        self._send(RequestPacket(cmd_code, request_id, timeout_ms, body))
        return request_id

    def send_response(self, request: RequestPacket, status_code: int, body: bytes) -> None:
        """Append the response to a request of the peer."""
        self._send(ResponsePacket(request.cmd_code, request.request_id, status_code, body))

    def send_push(self, cmd_code: int, body: bytes) -> None:
        """Append a push."""
        self._send(PushPacket(cmd_code, body))

    def data_to_send(self) -> bytes:
        """Return everything appended since the last call, in order; empty when there is nothing."""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def _send(self, packet: Packet) -> None:
        self._outgoing.append(encode_packet(packet, self._compress_over_bytes))

    def _decode_next(self) -> Packet | None:
        if self._side is Side.SERVER and self._handshake is None:
            if self.buffered_bytes < TCP_HANDSHAKE_BYTES:
                return None
            self._handshake = decode_tcp_handshake(self._buffer)
            self._offset = TCP_HANDSHAKE_BYTES
        length = packet_length(self._buffer, self._offset, self._body_bytes_max)
        if length is None or self.buffered_bytes < length:
            self._compact()
            return None
        end = self._offset + length
        packet = decode_packet(bytes(self._buffer[self._offset : end]), self._body_bytes_max)
        self._offset = end
        if self._offset > _COMPACT_OVER_BYTES:
            self._compact()
        return packet

    def _iterate(self) -> Iterator[Packet]:
        found = False
        while True:
            try:
                packet = self.next_packet()
            except ProtocolError:
                if found:
                    return
                raise
            if packet is None:
                return
            found = True
            yield packet

    def _compact(self) -> None:
        # Dropping the head may move the tail: done now and then, not for each packet.
        del self._buffer[: self._offset]
        self._offset = 0

    def _fail(self, error: ProtocolError) -> ProtocolError:
        self._error = error
        self._buffer.clear()
        self._offset = 0
        return error
