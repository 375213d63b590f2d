"""One subscriber that stops reading, among 200: how late the pushes of the other 199 are then.

A `portway serve` of its own and a crowd as in bench/load.py, at about 5,000 frames a second. The
phases alternate: the first connection reads, then it does not, and its pushes are merged because
its transport is full. Told is the median lateness of the other 199 in each phase, from the
fan-out's turn to the receipt, and the ratio of each pair of neighbouring phases.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine
from sockets.crowd import Crowd, NotedServer, lateness_ms, symbols_of, turned_at
from sockets.native import compile_c

CONNECTIONS, SYMBOLS_EACH, PAIRS = 200, 40, 11
FRAMES_PER_S, PHASE_SECONDS = 5_000, 3.0
QUOTE, DEPTH = 1, 2  # not trades: who leaves megabytes of those unread is disconnected
HURRY = 4  # so much faster, until the slow one's buffers are full
FILL_SECONDS_MAX = 60


def fill(server: NotedServer, speed: float) -> None:
    """Let the market run fast until pushes of the slow connection are merged."""
    before = server.metric("portway_pushes_conflated_total")
    server.admin("clock/speed", {"speed": speed * HURRY})
    end = time.monotonic() + FILL_SECONDS_MAX
    while server.metric("portway_pushes_conflated_total") == before:
        assert time.monotonic() < end, "the connection that does not read never became slow"
        time.sleep(0.1)
    server.admin("clock/speed", {"speed": speed})


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = compile_c("crowd", folder)
        with NotedServer(folder / "home") as server:
            follow = symbols_of(CONNECTIONS, SYMBOLS_EACH)
            follow[0] = sorted(set().union(*follow))  # so that its buffers fill soon
            crowd = Crowd(program, server, follow, (QUOTE, DEPTH), slow=1)
            speed = server.set_rate(FRAMES_PER_S)
            counts, merged = [], 0.0
            for phase in range(2 * PAIRS):
                is_slow = phase % 2 == 1
                if is_slow:
                    crowd.tell("stop")
                    fill(server, speed)
                time.sleep(1)  # what the hurry or the catching up left is out of the way
                before = server.metric("portway_pushes_conflated_total")
                counts.append(crowd.record(PHASE_SECONDS))
                now_merged = server.metric("portway_pushes_conflated_total") - before
                if is_slow:
                    assert now_merged, "the slow connection was not slow"
                    merged += now_merged
                    crowd.tell("go")
            crowd.close()
            server.stop()
            records, turned = crowd.taken(), turned_at(server)
    medians = []
    for part in np.split(records, np.cumsum(counts)[:-1]):
        others = part[part["who"] != 0]
        medians.append(float(np.median(lateness_ms(others, turned))))
    reading, stopped = medians[::2], medians[1::2]
    ratios = [slow / fast for fast, slow in zip(reading, stopped, strict=True)]
    print(f"{CONNECTIONS} connections, one slow in every other phase of {PHASE_SECONDS:.0f} s")
    print(f"  {sum(counts) / len(counts) / PHASE_SECONDS:,.0f} frames/s, {merged:.0f} merged")
    for what, values in (("it reads", reading), ("it does not", stopped)):
        print(f"  p50 of the others while {what}: {statistics.median(values):.3f} ms", end=" ")
        print(f"({min(values):.3f} to {max(values):.3f})")
    print(
        f"  ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f});",
        end="",
    )
    print(" wanted: at most 1.10")
    print(machine())


if __name__ == "__main__":
    main()
