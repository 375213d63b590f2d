"""HTTP/1.1 as a client needs it: one request, one answer, on connections that are kept alive.

A connection serves one call at a time. What the peer closed while it lay idle is noticed before it
is used, so that a call which must not be repeated need not be. Written for this, because parsing
the headers of an answer with the standard library costs more than the rest of a call.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from portway.openapi.errors import ConnectError

if TYPE_CHECKING:
    import ssl

__all__ = ["ANSWER_BYTES_MAX", "Answer", "BadAnswer", "Connection", "Connections"]

ANSWER_BYTES_MAX: Final = 64 * 2**20
HEAD_BYTES_MAX: Final = 64 * 2**10
IDLE_CONNECTIONS_MAX: Final = 8
CONNECT_SECONDS: Final = 5.0

_READ_BYTES: Final = 64 * 2**10
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: (.*))?")
_NO_BODY: Final = (204, 304)


class BadAnswer(Exception):
    """The peer does not speak HTTP/1.1, or ended in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came.

    Attributes:
        status: HTTP status.
        reason: The text after it.
        trace_id: Header `x-trace-id`, or empty.
        body: As it was sent.
        is_last: Whether the peer closes the connection after it.
        date: The peer's clock, as its header says it.
    """

    status: int
    reason: str
    trace_id: str
    body: bytes
    is_last: bool
    date: str = ""


class Connection:
    """A connection that is made by its first use."""

    __slots__ = ("_buffer", "_host", "_port", "_tls", "sock")

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._buffer = bytearray()
        self.sock: socket.socket | None = None

    def ask(self, method: str, request: bytes, deadline: float) -> Answer:
        """Send a request and return its answer.

        Raises:
            TimeoutError: Not done at the deadline, an instant of the steady clock.
            OSError: The connection could not be made, or broke.
            BadAnswer: The answer is not HTTP, is cut, or is too long.
        """
        sock = self.sock
        if sock is None:
            sock = self.sock = self._connect(deadline)
        sock.settimeout(_left(deadline))
        sock.sendall(request)
        while True:
            answer = self._read_answer(sock, method, deadline)
            if answer.status >= 200:
                return answer

    def close(self) -> None:
        """End it; may be called again."""
        sock, self.sock = self.sock, None
        if sock is not None:
            sock.close()

    def wake(self) -> None:
        """End it under a thread that waits on it; that thread closes it."""
        sock = self.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was down already

    def is_usable(self) -> bool:
        """Whether an idle connection is open: bytes or an end to read mean the peer is done."""
        if self.sock is None:
            return False
        try:
            readable, _, _ = select.select([self.sock], [], [], 0)
        except (OSError, ValueError):
            return False
        return not readable

    def _connect(self, deadline: float) -> socket.socket:
        timeout = min(CONNECT_SECONDS, _left(deadline))
        sock = socket.create_connection((self._host, self._port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise

    # ----------------------------------------------------------------------------- reading

    def _read_answer(self, sock: socket.socket, method: str, deadline: float) -> Answer:
        head = self._read_until(sock, b"\r\n\r\n", HEAD_BYTES_MAX, deadline)
        first, *lines = head[:-4].split(b"\r\n")
        match = _STATUS_LINE.fullmatch(first)
        if match is None:
            raise BadAnswer(f"not HTTP/1.1: {first[:80]!r}")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise BadAnswer(f"not a header: {line[:80]!r}")
            headers[name.lower()] = value.strip()
        status = int(match[2])
        is_last = match[1] == b"0" or headers.get(b"connection", b"").lower() == b"close"
        if status < 200 or status in _NO_BODY or method == "HEAD":
            body = b""
        elif b"transfer-encoding" in headers:
            body = self._read_chunks(sock, headers[b"transfer-encoding"], deadline)
        elif b"content-length" in headers:
            body = self._read_exactly(sock, _size(headers[b"content-length"], 10), deadline)
        else:
            body, is_last = self._read_to_end(sock, deadline), True
        trace_id = headers.get(b"x-trace-id", b"").decode("latin-1")
        reason = (match[3] or b"").decode("latin-1")
        date = headers.get(b"date", b"").decode("latin-1")
        return Answer(status, reason, trace_id, body, is_last or bool(self._buffer), date)

    def _read_chunks(self, sock: socket.socket, coding: bytes, deadline: float) -> bytes:
        if coding.lower() != b"chunked":
            raise BadAnswer(f"transfer encoding {coding[:40]!r}")
        pieces, total = [], 0
        while True:
            line = self._read_until(sock, b"\r\n", HEAD_BYTES_MAX, deadline)
            size = _size(line[:-2].partition(b";")[0].strip(), 16)
            if not size:
                break
            total += size
            if total > ANSWER_BYTES_MAX:
                raise BadAnswer(f"answer over {ANSWER_BYTES_MAX} bytes")
            pieces.append(self._read_exactly(sock, size, deadline))
            if self._read_exactly(sock, 2, deadline) != b"\r\n":
                raise BadAnswer("a chunk without its end")
        while self._read_until(sock, b"\r\n", HEAD_BYTES_MAX, deadline) != b"\r\n":
            pass  # trailers
        return b"".join(pieces)

    def _read_until(self, sock: socket.socket, end: bytes, most: int, deadline: float) -> bytes:
        buffer = self._buffer
        while (at := buffer.find(end)) < 0:
            if len(buffer) > most:
                raise BadAnswer(f"head over {most} bytes")
            self._receive(sock, deadline)
        found = bytes(buffer[: at + len(end)])
        del buffer[: at + len(end)]
        return found

    def _read_exactly(self, sock: socket.socket, size: int, deadline: float) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            self._receive(sock, deadline)
        found = bytes(buffer[:size])
        del buffer[:size]
        return found

    def _read_to_end(self, sock: socket.socket, deadline: float) -> bytes:
        while True:
            sock.settimeout(_left(deadline))
            data = sock.recv(_READ_BYTES)
            if not data:
                found = bytes(self._buffer)
                self._buffer.clear()
                return found
            self._buffer += data
            if len(self._buffer) > ANSWER_BYTES_MAX:
                raise BadAnswer(f"answer over {ANSWER_BYTES_MAX} bytes")

    def _receive(self, sock: socket.socket, deadline: float) -> None:
        sock.settimeout(_left(deadline))
        data = sock.recv(_READ_BYTES)
        if not data:
            raise BadAnswer("the connection ended before the answer did")
        self._buffer += data


class Connections:
    """The connections to one host; may be used from several threads.

    Args:
        host: Name or address.
        port: `None` for the scheme's own.
        is_secure: Whether to speak TLS.
    """

    def __init__(self, host: str, port: int | None, *, is_secure: bool) -> None:
        self._host, self._port = host, port or (443 if is_secure else 80)
        self._is_secure = is_secure
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._closed = False

    def take(self) -> Connection:
        """Return a connection that is open, or a new one that is not connected yet.

        Raises:
            ConnectError: After `close`.
        """
        with self._lock:
            if self._closed:
                raise ConnectError("the client is closed")
            while self._idle:
                connection = self._idle.pop()
                if connection.is_usable():
                    self._busy.add(connection)
                    return connection
                connection.close()
            connection = Connection(self._host, self._port, self._tls_context())
            self._busy.add(connection)
            return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose call is over."""
        with self._lock:
            self._busy.discard(connection)
            has_room = len(self._idle) < IDLE_CONNECTIONS_MAX and not self._closed
            if has_room and connection.sock is not None:
                self._idle.append(connection)
                return
        connection.close()

    def drop(self, connection: Connection) -> None:
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
            connection.wake()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._is_secure and self._tls is None:
            import ssl

            self._tls = ssl.create_default_context()
        return self._tls


def _size(text: bytes, base: int) -> int:
    digits = b"0123456789" if base == 10 else b"0123456789abcdefABCDEF"
    if not text or len(text) > 12 or text.strip(digits):
        raise BadAnswer(f"a size of {text[:40]!r}")
    size = int(text, base)
    if size > ANSWER_BYTES_MAX:
        raise BadAnswer(f"answer over {ANSWER_BYTES_MAX} bytes")
    return size


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
