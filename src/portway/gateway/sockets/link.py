"""One socket connection, whatever its transport: what is pending, when it is written, how it ends.

Everything sent to a connection gathers in a list and leaves in one joined write at the end of the
loop turn: the kernel's price per write is the cost of a push, so joining is what counts. A
connection whose transport buffer is full is `congested`: what may be merged is then merged by its
owner, the rest waits here up to a hard maximum, past which the connection is closed.

Knows no packet's meaning. Subclasses say how packets are framed and read.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from typing import ClassVar, Final, Protocol, cast

from portway.gateway.stats import GatewayStats
from portway.wire.commands import CloseCode
from portway.wire.packet import Packet

__all__ = [
    "BACKLOG_BYTES_MAX",
    "CLOSE_GRACE_S",
    "REQUEST_BYTES_MAX",
    "WRITE_HIGH_BYTES",
    "WRITE_LOW_BYTES",
    "Flusher",
    "Link",
    "LinkOwner",
    "binary_frame",
]

REQUEST_BYTES_MAX: Final = 1 << 20  # the largest honest request, 500 symbols, takes some 10 KiB
WRITE_HIGH_BYTES: Final = 256 * 1024  # above it a connection is congested,
WRITE_LOW_BYTES: Final = 64 * 1024  # until its buffer has shrunk to this
BACKLOG_BYTES_MAX: Final = 8 << 20  # transport buffer and waiting trades of one connection
CLOSE_GRACE_S: Final = 2.0  # for the peer to read the close message and to go

log = logging.getLogger(__name__)


def binary_frame(packet: bytes) -> bytes:
    """Return an unmasked, final, binary WebSocket frame around one packet."""
    length = len(packet)
    if length < 126:
        return bytes((0x82, length)) + packet
    if length < 65536:
        return b"\x82\x7e" + length.to_bytes(2, "big") + packet
    return b"\x82\x7f" + length.to_bytes(8, "big") + packet


class LinkOwner(Protocol):
    """Who is told what happens on a link: the session."""

    def data_arrived(self) -> None:
        """Whole packets may be there: take them with `Link.take`."""
        ...

    def drained(self) -> None:
        """The transport takes data again: hand over what was merged meanwhile."""
        ...

    def lost(self) -> None:
        """The connection is gone; nothing can be sent any more."""
        ...


class Flusher:
    """Writes the pending bytes of every dirty link once per turn of the event loop.

    Attributes:
        dirty: Links with something to write.
        congested: Links whose transport is full, with the loop time since when.
    """

    __slots__ = ("_loop", "_relieved", "_scheduled", "congested", "dirty")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._scheduled = False
        self._relieved = asyncio.Event()
        self.dirty: list[Link] = []
        self.congested: dict[Link, float] = {}

    def schedule(self) -> None:
        """See that `dirty` is written before the loop waits again."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def relieve(self, link: Link) -> None:
        """Note that a link takes data again, or is gone."""
        if link in self.congested:
            del self.congested[link]
            self._relieved.set()

    async def drained(self, within_s: float) -> None:
        """Wait until everything pushed so far has left this process, at most `within_s`.

        A connection that has been full for so long already is not waited for: who asks after every
        piece of a long way would else wait as long for each of them.
        """
        if self._scheduled:
            await asyncio.sleep(0)  # `_flush` is due in this turn
        last = self._loop.time() + within_s
        while self.congested:
            left = min(last, max(self.congested.values()) + within_s) - self._loop.time()
            if left <= 0:
                return
            self._relieved.clear()
            try:
                async with asyncio.timeout(left):
                    await self._relieved.wait()
            except TimeoutError:
                log.info("%d slow connections hold nobody up any longer", len(self.congested))

    def _flush(self) -> None:
        self._scheduled = False
        dirty, self.dirty = self.dirty, []
        for link in dirty:
            link.flush()


class Link(asyncio.Protocol):
    """A connection. Single-threaded: everything happens on the loop that made it.

    Attributes:
        framed: Whether packets travel in WebSocket frames.
        congested: The transport buffer is full; merge what may be merged.
        seen_at: Loop time of the last sign of life from the peer.
        accept_language: Header of the upgrade request, "" where there is none.
        has_dc_region: The upgrade carried `x-dc-region`, as newer clients do.
    """

    framed: ClassVar[bool]
    transport_name: ClassVar[str]

    def __init__(self, flusher: Flusher, stats: GatewayStats) -> None:
        self.owner: LinkOwner | None = None
        self.pending: list[bytes] = []
        self.dirty = False
        self.congested = False
        self.closing = False
        self.close_reason = ""
        self.seen_at = 0.0
        self.opened_at = 0.0
        self.accept_language = ""
        self.has_dc_region = False
        self.peer = ""
        self._flusher = flusher
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._held_bytes = 0
        self._reading = True
        self._has_overflowed = False
        self._grace: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------- for the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance check: uvloop's transports do not inherit from asyncio's.
        transport = self._transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)
        peer = transport.get_extra_info("peername")
        self.peer = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer)
        self.opened_at = self.seen_at = self._loop.time()
        if self.closing:  # turned away before it was there
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.pending.clear()
        if self._grace is not None:
            self._grace.cancel()
        self._end()

    def pause_writing(self) -> None:
        self.congested = True
        self._flusher.congested[self] = self._loop.time()
        # Later, because this is called in the middle of a write.
        self._loop.call_soon(self._check_backlog)

    def resume_writing(self) -> None:
        self.congested = False
        self._flusher.relieve(self)
        self._held_bytes = 0
        if self.owner is not None:
            self.owner.drained()
        self.flush()

    # ---------------------------------------------------------------------- for the owner

    @abstractmethod
    def take(self) -> Packet | None:
        """Return the next whole packet, or `None` until more bytes arrive.

        Raises:
            ProtocolError: If the bytes follow no layout; the connection is then to be closed.
        """

    @abstractmethod
    def ping(self) -> None:
        """Ask the peer for a sign of life, where the transport has such a thing."""

    @abstractmethod
    def _write_close(self, code: CloseCode, reason: str) -> None:
        """Write the transport's close message."""

    def send(self, packet: bytes) -> None:
        """Queue one packet; it leaves with the end of the loop turn, in the order of the calls."""
        if self.closing:
            return
        self.pending.append(binary_frame(packet) if self.framed else packet)
        if self.congested:
            self.hold(len(packet))
        elif not self.dirty:
            self.dirty = True
            self._flusher.dirty.append(self)
            self._flusher.schedule()

    def hold(self, length: int) -> None:
        """Count bytes queued while congested; past the maximum the connection ends."""
        self._held_bytes += length
        buffered = self._transport.get_write_buffer_size() if self._transport else 0
        if self._held_bytes + buffered > BACKLOG_BYTES_MAX:
            # Later: whoever sends goes through the list of subscribers that a close would change.
            self._loop.call_soon(self._overflow)

    def flush(self) -> None:
        """Write what is pending, joined, unless the transport is full."""
        self.dirty = False
        if self.congested or not self.pending or self._transport is None:
            return
        if self.closing:
            self.pending.clear()
            return
        pending = self.pending
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        pending.clear()
        self._transport.write(data)

    def close(self, code: CloseCode, reason: str) -> None:
        """Tell the peer why and end the connection; what was queued before is still written."""
        if self.closing or self._transport is None:
            return
        self.flush()
        self.close_reason = reason
        self._stats.closes[(code.name,)] += 1
        self._write_close(code, reason)
        self._end()
        self._abort_later()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._end()
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Take no more bytes from the peer until `resume_reading`."""
        if self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    # ----------------------------------------------------------------------- for subclasses

    def _notify(self) -> None:
        if self.owner is not None and not self.closing:
            self.owner.data_arrived()

    def _end(self) -> None:
        """Nothing more is sent or taken from here on; the owner hears of it once."""
        self.closing = True
        self._flusher.relieve(self)
        if self.owner is not None:
            owner, self.owner = self.owner, None
            owner.lost()

    def _abort_later(self) -> None:
        """Drop the connection if it has not ended by then: its peer may not read."""
        if self._grace is None:
            self._grace = self._loop.call_later(CLOSE_GRACE_S, self.abort)

    def _check_backlog(self) -> None:
        """End a connection whose transport holds more than the maximum."""
        buffered = self._transport.get_write_buffer_size() if self._transport else 0
        if buffered > BACKLOG_BYTES_MAX:
            self._overflow()

    def _overflow(self) -> None:
        if self.closing or self._has_overflowed:
            return
        self._has_overflowed = True
        self._stats.overflows += 1
        log.warning("connection from %s reads too slowly: closed", self.peer)
        self.pending.clear()
        self.close(CloseCode.SERVER_ERROR, "slow reader: too much data is waiting")
