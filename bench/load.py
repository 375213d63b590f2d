"""1,000 connections with 100 symbols each, for a minute: the server's memory, and late pushes.

A `portway serve` of its own; each connection follows quotes, depths and trades of 100 of the
built-in instruments. Market time runs as fast as makes about 20,000 frames a second.

Two latencies are told, both to the receipt by a reader in C. From the turn: from the instant at
which the fan-out turned to the market event, before anything of it was encoded, so it holds
encoding, the sends to all its followers, the kernel and the reader. From the due instant: free
running time is carried on every 20 ms, so an event waits for its turn, 10 ms on average; when it
was due follows from its market time, since market time is a straight line over machine time, and
no event is handled before it is due.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import psutil
from machine import machine
from sockets.crowd import Crowd, NotedServer, lateness_ms, symbols_of, turned_at
from sockets.native import compile_c

CONNECTIONS, SYMBOLS_EACH = 1000, 100
FRAMES_PER_S, SECONDS = 20_000, 60.0
QUOTE, DEPTH, TRADE = 1, 2, 4


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = compile_c("crowd", folder)
        with NotedServer(folder / "home") as server:
            process = psutil.Process(server.process.pid)
            alone = process.memory_info().rss
            follow = symbols_of(CONNECTIONS, SYMBOLS_EACH)
            crowd = Crowd(program, server, follow, (QUOTE, DEPTH, TRADE))
            speed = server.set_rate(FRAMES_PER_S)
            used = process.cpu_times()
            frames = crowd.record(SECONDS)
            spent = process.cpu_times()
            resident = process.memory_info().rss
            conflated = server.metric("portway_pushes_conflated_total")
            crowd.close()
            server.stop()
            records, turned = crowd.taken(), turned_at(server)
    cpu = (spent.user + spent.system - used.user - used.system) / SECONDS
    turn = lateness_ms(records, turned)
    # Market microseconds on the line of machine time; the earliest turn touches it.
    market_ns = records["sequence"] * 1000 / speed
    line = (records["at_ns"] - turn * 1e6) - market_ns
    due = (records["at_ns"] - market_ns - np.percentile(line, 0.1)) / 1e6
    print(f"{CONNECTIONS:,} connections x {SYMBOLS_EACH} symbols, {SECONDS:.0f} s of pushes")
    print(f"  passwords {crowd.passwords_s:.1f} s, sign-in {crowd.sign_in_s:.1f} s,", end=" ")
    print(f"subscriptions {crowd.subscribe_s:.1f} s")
    print(f"  resident memory: {resident / 2**20:.0f} MiB (wanted: under 600 MB),", end=" ")
    print(f"{alone / 2**20:.0f} MiB before the first connection")
    print(f"  {frames / SECONDS:,.0f} frames/s, {conflated:.0f} merged, {cpu:.0%} of a processor")
    for what, late in (("the fan-out's turn", turn), ("the due instant", due)):
        p50, p99 = np.percentile(late, (50, 99))
        print(f"  from {what} to the receiver: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    print(f"  (speed of the market {speed:.1f}; wanted: p50 under 5 ms)")
    print(machine())


if __name__ == "__main__":
    main()
