"""A client of the raw TCP gateway in the plainest bytes: no part of the server's own wire layer.

Only the protobuf messages are shared; headers are written and read by hand, from the packet
tables of the socket protocol.
"""

from __future__ import annotations

import select
import socket
import struct
from typing import NamedTuple

from google.protobuf.message import Message

from portway.wire.pb import control_pb2

__all__ = ["Answer", "Link"]

HANDSHAKE = bytes([0x11, 0x09])  # Version 1, codec 1, platform 9.
REQUEST, RESPONSE, PUSH = 1, 2, 3


class Answer(NamedTuple):
    """One packet from the server; `status` is None for a push."""

    kind: int
    cmd: int
    request_id: int | None
    status: int | None
    body: bytes

    @property
    def error(self) -> tuple[int, str]:
        """Code and text of a refusal."""
        found = control_pb2.Error.FromString(self.body)
        return found.code, found.msg


class Link:
    """One connection; `ask` sends a request and returns its response."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._socket.sendall(HANDSHAKE)
        self._requests = 0
        self._unread = b""

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, cmd: int, body: Message | bytes = b"") -> Answer:
        data = body if isinstance(body, bytes) else body.SerializeToString()
        self._requests += 1
        head = struct.pack(">BBIH", REQUEST, cmd, self._requests, 0)
        self._socket.sendall(head + len(data).to_bytes(3, "big") + data)
        while True:
            answer = self.next()
            if answer.request_id == self._requests:
                return answer

    def next(self) -> Answer:
        """The next packet, whatever it is.

        Raises:
            ConnectionError: If the server has closed the connection.
        """
        first, cmd = self._exactly(2)
        assert not first & 0x30, "this client asks for no gzip, and nothing is signed"
        if first & 0x0F == PUSH:
            body = self._exactly(int.from_bytes(self._exactly(3), "big"))
            return Answer(PUSH, cmd, None, None, body)
        assert first & 0x0F == RESPONSE
        request_id, status = struct.unpack(">IB", self._exactly(5))
        body = self._exactly(int.from_bytes(self._exactly(3), "big"))
        return Answer(RESPONSE, cmd, request_id, status, body)

    def sign_in(self, password: str) -> Answer:
        return self.ask(2, control_pb2.AuthRequest(token=password))

    def waiting(self, seconds: float) -> bool:
        """Whether something can be read within so many seconds."""
        return bool(self._unread or select.select([self._socket], [], [], seconds)[0])

    def drain(self) -> list[Answer]:
        """Every whole packet that is there, read in large pieces."""
        self._unread += self._socket.recv(1 << 20)
        data, place, packets = self._unread, 0, []
        while True:
            head = 5 if data[place : place + 1] and data[place] & 0x0F == PUSH else 10
            if len(data) < place + head:
                break
            end = place + head + int.from_bytes(data[place + head - 3 : place + head], "big")
            if len(data) < end:
                break
            kind, cmd = data[place] & 0x0F, data[place + 1]
            packets.append(Answer(kind, cmd, None, None, data[place + head : end]))
            place = end
        self._unread = data[place:]
        return packets

    def _exactly(self, count: int) -> bytes:
        data, self._unread = self._unread[:count], self._unread[count:]
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the server closed the connection")
            data += piece
        return data
