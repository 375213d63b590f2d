"""A transport that is a list in memory, and what tells whether memory stays flat.

Half a million connections take no socket and no waiting: the protocol classes of the server are
the real ones, only the kernel is missing.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from pathlib import Path
from typing import Any

__all__ = ["Footprint", "MemoryTransport", "mutated"]

PAGE_BYTES = 4096
# Caches that fill up, and pages that the allocator keeps: what leaks per frame is far more.
BLOCKS_GROWTH_MAX = 5000
BYTES_GROWTH_MAX = 64 << 20


class MemoryTransport(asyncio.Transport):
    """The peer's end of a connection: what was written lies in `written`."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = bytearray()
        self.reading = True
        self.ended = False
        self.wrote_eof = False
        self._loop = asyncio.get_running_loop()
        protocol.connection_made(self)

    def feed(self, data: bytes) -> None:
        """Bytes from the peer."""
        if not self.ended:
            self.protocol.data_received(data)

    def hang_up(self) -> None:
        """The peer goes away."""
        if not self.ended:
            self.protocol.eof_received()
            self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("memory", 0) if name in ("peername", "sockname") else default

    def write(self, data: Any) -> None:
        if not self.ended:  # as the transports of the event loops
            self.written += data

    def close(self) -> None:
        if not self.ended:
            self.ended = True
            self._loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self.ended

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """The peer reads the end of the stream; it may still send."""
        self.wrote_eof = True

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits here."""


class Footprint:
    """What the process holds now."""

    def __init__(self) -> None:
        gc.collect()
        self.blocks = sys.getallocatedblocks()
        statm = Path("/proc/self/statm")
        self.rss_bytes = int(statm.read_text().split()[1]) * PAGE_BYTES if statm.exists() else 0

    def assert_flat_since(self, earlier: Footprint) -> None:
        """Fail when more is held than noise explains."""
        blocks = self.blocks - earlier.blocks
        assert blocks < BLOCKS_GROWTH_MAX, f"{blocks:,} more objects are held than before"
        grown = self.rss_bytes - earlier.rss_bytes
        assert grown < BYTES_GROWTH_MAX, f"{grown:,} more bytes are resident than before"


def mutated(chance: random.Random, data: bytes, changes_max: int = 4) -> bytes:
    """`data` cut, doubled, overwritten or filled with noise, in one to `changes_max` places."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, changes_max)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << chance.randrange(8)
            case 1 if place < len(changed):
                changed[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                del changed[place : place + chance.randint(1, 9)]
            case 3:
                changed[place:place] = chance.randbytes(chance.randint(1, 9))
            case 4:
                changed += changed[place:][:2000]
            case _:
                del changed[place:]
    return bytes(changed)
