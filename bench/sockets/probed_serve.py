"""`portway serve`, with a note of when the fan-out turned to each push: for the load benches.

The server is the real one. A note is made where a market event reaches the fan-out, before
anything of it is encoded; it costs under a microsecond per push, whoever receives it.
`python probed_serve.py NOTES serve ...`: each note is the instant (CLOCK_MONOTONIC, ns) and the
first bytes of the push's packet, which tell its command, symbol and sequence.
"""

from __future__ import annotations

import atexit
import struct
import sys
import time
from typing import Any

from portway.cli.main import main
from portway.gateway.sockets import fanout

NOTE = struct.Struct("<qB39s")  # instant, command, body: symbol and sequence come first


def install(path: str) -> None:
    """Make the notes from now on."""
    notes = open(path, "wb", buffering=1 << 20)  # noqa: SIM115 - open until the process ends
    atexit.register(notes.close)
    on_change, encode_push = fanout.Fanout.on_change, fanout.encode_push
    turned_at = 0

    def noted_change(self: fanout.Fanout, *event: Any) -> None:
        nonlocal turned_at
        turned_at = time.monotonic_ns()
        on_change(self, *event)

    def noted_push(command: int, body: bytes) -> bytes:
        notes.write(NOTE.pack(turned_at, command, body[:39]))
        return encode_push(command, body)

    fanout.Fanout.on_change = noted_change  # type: ignore[method-assign]
    fanout.encode_push = noted_push  # type: ignore[attr-defined]


if __name__ == "__main__":
    install(sys.argv.pop(1))
    main()
