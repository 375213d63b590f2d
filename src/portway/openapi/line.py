"""One WebSocket connection: packets out, answers paired with their requests, pushes handed on.

Runs on the loop of its context and lives as long as its connection. Knows no session and no
meaning of a body: signing in and coming back is `transport.py`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import picows
from google.protobuf.message import DecodeError as BadMessage

from portway.openapi.direct import DirectSender
from portway.openapi.errors import ConnectError, DecodeError, RequestTimeout, refused
from portway.wire.connection import RequestIds, decode_message
from portway.wire.errors import ProtocolError
from portway.wire.handshake import websocket_query
from portway.wire.packet import (
    PACKET_BYTES_MAX,
    PUSH_HEAD_BYTES,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    encode_request,
    push_heads,
)
from portway.wire.pb.control_pb2 import Error

if TYPE_CHECKING:
    from portway.openapi.calls.socket_call import SocketCall

__all__ = [
    "CONNECT_SECONDS",
    "SILENCE_SECONDS",
    "Line",
    "MustWait",
    "PushSink",
    "Reply",
    "open_line",
    "successful_body",
]

log = logging.getLogger("portway.openapi.socket")

CONNECT_SECONDS: Final = 5.0
BACKLOG_SECONDS: Final = 0.05  # between two looks at what the loop could not write yet
SILENCE_SECONDS: Final = 120.0  # a service pings far more often than that
_TIMEOUT_MS_MAX: Final = 60_000  # the protocol's own maximum

_NO_STATUS: Final = 1005  # RFC 6455: a close frame without a code

# What the kernel holds for us. Left to itself it grows to megabytes in a burst, all of which is
# then decoded in one go: out of the processor's cache, and held twice.
_RECEIVE_BYTES: Final = 256 * 1024

_BINARY = picows.WSMsgType.BINARY


class Reply:
    """An answer that a thread waits for, without a future of any event loop."""

    __slots__ = ("_error", "_lock", "_packet", "request_id")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._packet: ResponsePacket | None = None
        self._error: BaseException | None = None
        self.request_id = 0

    def done(self) -> bool:
        """Whether it is there."""
        return not self._lock.locked()

    def set_result(self, packet: ResponsePacket) -> None:
        """Hand the answer over; once."""
        self._packet = packet
        self._lock.release()

    def set_exception(self, error: BaseException) -> None:
        """Say that none will come; once."""
        self._error = error
        self._lock.release()

    def wait(self, timeout_s: float) -> ResponsePacket | None:
        """Return the answer, or `None` if it does not come in time."""
        if not self._lock.acquire(timeout=timeout_s):
            return None
        if self._error is not None:
            raise self._error
        return self._packet


class MustWait(Exception):
    """The rate limit does not let a call out at once."""


class PushSink:
    """Where the pushes of a connection go; everything is called on the loop's thread.

    Attributes:
        takers: What takes the body of a push, by its command. Raises `ValueError` or a
            `DecodeError` of the protocol buffers on what cannot be read.
    """

    takers: Mapping[int, Callable[[bytes], None]] = {}

    def drop(self, error: Exception) -> None:
        """A push could not be read."""

    def flush(self, pushes: int) -> None:
        """What was received in one piece has been handed over: so many pushes."""


class Line(picows.WSListener):  # type: ignore[misc, unused-ignore]
    """A connection, from its upgrade to its end; made by `open_line`."""

    def __init__(self, sink: PushSink) -> None:
        self._sink = sink
        # What a plain push begins with -> what takes its body, and its length less the fifth byte.
        self._takers = {
            head: (take, length)
            for command, take in sink.takers.items()
            for head, length in push_heads(command)
        }
        self._loop = asyncio.get_running_loop()
        self._transport: picows.WSTransport | None = None
        # Held by whoever writes: requests come from any thread. What is written may end the line.
        self._writing = threading.RLock()
        self._direct: DirectSender | None = None
        self._ids = RequestIds()
        self._waiting: dict[int, asyncio.Future[ResponsePacket] | Reply] = {}
        self._parts: list[bytes] = []
        self._pushes = 0  # of the piece that is being read
        self._seen_at = self._loop.time()
        self._watchdog: asyncio.TimerHandle | None = None
        self._reason = ""
        self._paused = False
        self.closed: asyncio.Future[str] = self._loop.create_future()

    # ------------------------------------------------------------------------------- sending

    async def ask(self, call: SocketCall[Any], timeout_s: float, told_ms: int) -> bytes:
        """Send a request and return the body of its successful answer.

        Args:
            call: Command and body; its `read` is not used here.
            timeout_s: How long to wait for the answer, in seconds.
            told_ms: The timeout told to the server, in milliseconds.

        Raises:
            ConnectError: The line is or goes down; the server may have acted on the request.
            RequestTimeout: No answer in time; the line stays up, a late answer is ignored.
            OpenApiException: The server refused.
            DecodeError: The server refused with what cannot be read.
        """
        transport = self._transport
        if transport is None or self.closed.done():
            raise ConnectError(self._ended())
        answer: asyncio.Future[ResponsePacket] = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, _expire, answer, call.command, timeout_s)
        with self._writing:
            request_id, request = self._announced(call, answer, told_ms)
        try:
            with self._writing:
                self._set_paused(False)  # an answer may stand behind pushes that nobody took yet
                transport.send(_BINARY, request)
                self._check_backlog()
            response = await answer
        finally:
            timer.cancel()
            self._waiting.pop(request_id, None)
        return successful_body(response)

    def start(self, call: SocketCall[Any], reply: Reply, told_ms: int) -> None:
        """Send a request whose answer a thread waits for; on the loop's thread."""
        transport = self._transport
        if transport is None or self.closed.done():
            reply.set_exception(ConnectError(self._ended()))
            return
        with self._writing:
            reply.request_id, request = self._announced(call, reply, told_ms)
            self._set_paused(False)
            transport.send(_BINARY, request)
            self._check_backlog()

    def start_here(self, call: SocketCall[Any], reply: Reply, told_ms: int) -> bool:
        """Do as `start` on the calling thread; false if that cannot be done, and nothing was."""
        with self._writing:
            direct = self._direct
            if direct is None:
                return False
            reply.request_id, request = self._announced(call, reply, told_ms)
            try:
                if not direct.send(request):
                    del self._waiting[reply.request_id]
                    return False
            except BrokenPipeError as error:
                self._loop.call_soon_threadsafe(self.disconnect, str(error))
            is_paused = self._paused
        if is_paused:
            self._loop.call_soon_threadsafe(self.resume)
        return True

    def _check_backlog(self) -> None:
        """After the loop wrote: what it could not write yet goes before all else."""
        with self._writing:
            if self._direct is not None and self._direct.is_behind():
                self._loop.call_later(BACKLOG_SECONDS, self._check_backlog)

    def _announced(
        self, call: SocketCall[Any], waiter: asyncio.Future[ResponsePacket] | Reply, told_ms: int
    ) -> tuple[int, bytes]:
        """Number and bytes of a request whose answer is expected from now on."""
        request_id = self._ids.take()
        self._waiting[request_id] = waiter
        told_ms = min(_TIMEOUT_MS_MAX, told_ms)
        packet = RequestPacket(call.command, request_id, told_ms, call.body)
        return request_id, encode_request(packet)

    def forget(self, reply: Reply) -> None:
        """Nobody waits for this answer any more."""
        self._waiting.pop(reply.request_id, None)

    def pause(self) -> bool:
        """Stop reading until `resume`, unless an answer is awaited; return whether it stopped."""
        if self._waiting or self._paused:
            return self._paused
        self._set_paused(True)
        return self._paused

    def resume(self) -> None:
        """Read on."""
        self._set_paused(False)

    def disconnect(self, reason: str) -> None:
        """Close the connection; `closed` then says why."""
        if self._transport is None or self.closed.done():
            return
        self._reason = self._reason or reason
        self._hang_up(self._transport)

    def _hang_up(self, transport: picows.WSTransport) -> None:
        with self._writing:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()

    # ----------------------------------------------------------------------------- receiving

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        sock = transport.underlying_transport.get_extra_info("socket")
        if sock is not None:  # as transports of some loops say
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._direct = DirectSender(transport)
        self._watchdog = self._loop.call_later(SILENCE_SECONDS, self._watch)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """The hot path: one plain push in one frame costs a lookup and a call.

        The type of the frame is not asked for before: that costs as much as the lookup, and a text
        message that looks like a push does no harm.
        """
        message = frame.get_payload_as_bytes()
        known, length = self._takers.get(message[:4]), len(message)
        if (
            known is not None
            and length >= PUSH_HEAD_BYTES
            and known[1] + message[4] == length
            and frame.fin
            and not self._parts
        ):
            self._pushes += 1
            try:  # as in `_hand_over`, without its call
                known[0](message[PUSH_HEAD_BYTES:])
            except (BadMessage, ValueError) as error:
                self._sink.drop(error)
        elif frame.fin and frame.msg_type == _BINARY:
            self._take(message)
        else:
            self._take_other(frame, message)
        if frame.last_in_buffer:
            self._seen_at = self._loop.time()
            self._tell_end()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        if not self.closed.done():
            self.closed.set_result(self._reason or "the server closed the connection")
        with self._writing:
            if self._direct is not None:
                self._direct.close()
            self._direct, waiting = None, list(self._waiting.values())
        for answer in waiting:
            if not answer.done():
                answer.set_exception(ConnectError(self._ended()))
        self._tell_end()

    def _tell_end(self) -> None:
        pushes, self._pushes = self._pushes, 0
        self._sink.flush(pushes)

    def _take(self, message: bytes) -> None:
        try:
            packet = decode_message(message)
        except ProtocolError as error:
            self.disconnect(f"the server broke the protocol: {type(error).__name__}: {error}")
            return
        if isinstance(packet, ResponsePacket):
            answer = self._waiting.pop(packet.request_id, None)
            if answer is not None and not answer.done():
                answer.set_result(packet)  # else it came too late
        elif isinstance(packet, PushPacket):
            take = self._sink.takers.get(packet.cmd_code)
            if take is not None:
                self._hand_over(take, packet.body)
        else:
            log.debug("ignored a request of the server, command %d", packet.cmd_code)

    def _hand_over(self, take: Callable[[bytes], None], body: bytes) -> None:
        self._pushes += 1
        try:
            take(body)
        except (BadMessage, ValueError) as error:
            self._sink.drop(error)

    def _take_other(self, frame: picows.WSFrame, payload: bytes) -> None:
        kind = frame.msg_type
        if kind in (_BINARY, picows.WSMsgType.CONTINUATION):
            self._parts.append(payload)
            if sum(map(len, self._parts)) > PACKET_BYTES_MAX:
                self.disconnect(f"the server broke the protocol: over {PACKET_BYTES_MAX} bytes")
            elif frame.fin:
                message, self._parts = b"".join(self._parts), []
                self._take(message)
        elif kind == picows.WSMsgType.CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else _NO_STATUS
            said = f"{code} {payload[2:].decode('utf-8', 'replace')}".rstrip()
            self._reason = f"the server closed the connection: {said}"
            if self._transport is not None:
                self._hang_up(self._transport)
        elif kind == picows.WSMsgType.PING:
            if self._transport is not None:
                with self._writing:
                    self._transport.send_pong(payload)
                    self._check_backlog()
        elif kind == picows.WSMsgType.TEXT:
            self.disconnect("the server broke the protocol: a text message")

    def _watch(self) -> None:
        left = self._seen_at + SILENCE_SECONDS - self._loop.time()
        if self._paused:
            left = SILENCE_SECONDS  # our own doing
        if left <= 0:
            self.disconnect(f"nothing came from the server for {SILENCE_SECONDS:.0f} s")
            return
        self._watchdog = self._loop.call_later(left, self._watch)

    def _set_paused(self, paused: bool) -> None:
        if self._transport is None or paused == self._paused or self.closed.done():
            return
        raw = self._transport.underlying_transport
        if paused:
            raw.pause_reading()
        else:
            raw.resume_reading()
        self._paused = paused

    def _ended(self) -> str:
        return f"connection closed: {self._reason or 'the server closed the connection'}"


async def open_line(url: str, headers: Mapping[str, str], sink: PushSink) -> Line:
    """Connect to a socket gateway.

    Raises:
        RequestTimeout: If the upgrade takes over `CONNECT_SECONDS`.
        ConnectError: If it is refused or fails.
    """
    separator = "&" if "?" in url else "?"
    target = f"{url}{separator}{websocket_query()}"
    make: Callable[[], Line] = lambda: Line(sink)  # noqa: E731 - typed for the library
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, line = await picows.ws_connect(
                make,
                target,
                extra_headers=dict(headers),
                max_frame_size=PACKET_BYTES_MAX,
                websocket_handshake_timeout=CONNECT_SECONDS,
                enable_auto_pong=False,  # whoever writes holds the lock
                logger_name=log,
            )
    except TimeoutError:
        raise RequestTimeout(f"connect timeout: {url}") from None
    except OSError as error:
        raise ConnectError(f"IO error: {url}: {error.strerror or error}") from error
    except picows.WSError as error:
        raise ConnectError(f"HTTP error: {url}: {error}") from error
    if not isinstance(line, Line):  # none is handed over when it was lost by now
        raise ConnectError(f"connection closed during the upgrade: {url}")
    return line


def successful_body(response: ResponsePacket) -> bytes:
    if response.status_code == 0:
        return response.body
    try:
        error = Error.FromString(response.body)
    except BadMessage as problem:
        raise DecodeError(f"response error: {response.status_code}: {problem}") from None
    raise refused(error.code, error.msg)


def _expire(answer: asyncio.Future[ResponsePacket], command: int, timeout_s: float) -> None:
    if not answer.done():
        answer.set_exception(
            RequestTimeout(f"request timeout: command {command}, no answer in {timeout_s:.1f} s")
        )
