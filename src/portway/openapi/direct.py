"""Requests sent by the thread that makes them, past the event loop.

To hand a request over wakes the loop's thread, and that is a fifth of what a pull costs. So a
second writer sends small messages on the same socket. That is safe because all writers of the
connection hold one lock, and because it sends only when the loop has nothing left to write. Not
over TLS, whose state belongs to the loop.
"""

from __future__ import annotations

import secrets
import socket
import struct
from typing import Final

import picows

__all__ = ["DirectSender"]

MESSAGE_BYTES_MAX: Final = 4096
_LENGTH_BYTES_MAX: Final = 125  # RFC 6455: a longer one stands in two bytes of its own
_BINARY_WHOLE: Final = 0x82
_MASKED: Final = 0x80


class DirectSender:
    """The second writer of a connection.

    Args:
        transport: The connection, after its upgrade. Its owner holds a lock whenever it writes, and
            whenever it calls what is here.
    """

    def __init__(self, transport: picows.WSTransport) -> None:
        raw = transport.underlying_transport
        sock = raw.get_extra_info("socket")
        self._unwritten = raw.get_write_buffer_size
        self._is_behind = False
        self._socket: socket.socket | None = None
        if sock is not None and not transport.is_secure:
            self._socket = sock.dup()
            self._socket.setblocking(False)

    def send(self, message: bytes) -> bool:
        """Send a binary message; return whether it is on its way.

        Raises:
            BrokenPipeError: A part of it is on its way: the connection is of no use any more.
        """
        if self._socket is None or len(message) > MESSAGE_BYTES_MAX or self._is_behind:
            return False
        frame = _frame(message)
        try:
            sent = self._socket.send(frame)
        except OSError:  # no room, or the end: the loop knows what to do about both
            return False
        if sent < len(frame):
            raise BrokenPipeError("a frame was cut")
        return True

    def is_behind(self) -> bool:
        """Whether the loop has something left to write, which goes first; on the loop's thread."""
        self._is_behind = self._unwritten() > 0
        return self._is_behind

    def close(self) -> None:
        """Send nothing more."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()


def _frame(message: bytes) -> bytes:
    """Return a whole binary frame, masked as a client's have to be."""
    length, key = len(message), secrets.token_bytes(4)
    if length <= _LENGTH_BYTES_MAX:
        head = bytes((_BINARY_WHOLE, _MASKED | length))
    else:
        head = struct.pack(">BBH", _BINARY_WHOLE, _MASKED | (_LENGTH_BYTES_MAX + 1), length)
    mask = (key * (length // 4 + 1))[:length]
    masked = int.from_bytes(message, "little") ^ int.from_bytes(mask, "little")
    return head + key + masked.to_bytes(length, "little")
