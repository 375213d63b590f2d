"""One request and its answer, as the connection hands the one over and takes the other.

The connection knows bytes, bounds and order; the app knows paths, signatures and envelopes. Both
meet here and know nothing else of each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from portway.gateway.errors import Refused

__all__ = ["Answer", "ClientGone", "RequestBody", "RequestHead", "Respond"]

BODY_BYTES_MAX: Final = 1 << 20
DISCARDED_BYTES_MAX: Final = 16 << 20  # of a body that is too long, so that its sender sees why

JSON: Final = b"application/json; charset=utf-8"


class ClientGone(Exception):
    """The client hung up before its request was complete: there is nobody to answer."""


class RequestHead(msgspec.Struct, frozen=True):
    """A request before its body.

    Attributes:
        raw_path: As it travelled, which is what a signature covers; likewise `raw_query`.
        headers: Last value of each, by lower-case name.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Mapping[str, bytes]


class Answer(msgspec.Struct):
    """A response before it is written.

    Attributes:
        trace_id: Under which the log tells about it.
        close: End the connection after it: the rest of the request was not read.
        headers: Beyond those of every answer.
    """

    status: int
    body: bytes
    content_type: bytes = JSON
    close: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()
    trace_id: str = ""


Respond = Callable[[RequestHead, "RequestBody"], Awaitable[Answer | None]]


class RequestBody:
    """The body of one request while it arrives.

    Args:
        want: Called when somebody waits for what has not arrived: reading may go on.
    """

    __slots__ = ("_arrival", "_parts", "_want", "is_complete", "is_gone", "size")

    def __init__(self, want: Callable[[], None]) -> None:
        self.is_complete = False
        self.size = 0
        self.is_gone = False
        self._parts: list[bytes] = []
        self._arrival: asyncio.Future[None] | None = None
        self._want = want

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for more of it."""
        return self._arrival is not None

    def feed(self, part: bytes) -> None:
        """Take what has arrived; of a body that is too long nothing is kept."""
        self.size += len(part)
        if self.size <= BODY_BYTES_MAX and not self.is_gone:
            self._parts.append(part)
            return
        self._parts.clear()
        if self.size > DISCARDED_BYTES_MAX:
            self._wake()

    def end(self) -> None:
        """It has arrived as a whole."""
        self.is_complete = True
        self._wake()

    def drop(self) -> None:
        """Keep nothing more of it: it was answered, or its sender has hung up."""
        self.is_gone = True
        self._parts.clear()
        self._wake()

    async def read(self) -> bytes:
        """Return the whole body.

        One that is too long is read on and thrown away up to a bound: a client that is still
        sending when its connection closes never sees the answer.

        Raises:
            Refused: If it is too long.
            ClientGone: If the connection ended before it did.
        """
        while not self.is_complete and self.size <= DISCARDED_BYTES_MAX:
            if self.is_gone:
                raise ClientGone
            self._arrival = asyncio.get_running_loop().create_future()
            self._want()
            await self._arrival
        if self.is_gone:
            raise ClientGone
        if self.size > BODY_BYTES_MAX:
            raise Refused("REQUEST_TOO_LARGE")
        return b"".join(self._parts)

    def _wake(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_result(None)
