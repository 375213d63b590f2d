"""Milliseconds from a market event to the official client's callback, at 1,000 pushes a second.

How it is measured. The clock runs by itself, at a speed at which the synthetic markets make about
1,000 pushes a second for one subscriber of everything. Two subscribers take the same pushes: the
official client in a process of its own, which notes the machine's clock in each callback, and a
plain reader, whose packets carry the event's market time in microseconds (the sequence number).
The n-th push of a symbol and kind is the same for both, since nothing is conflated.

Market time is a straight line over wall time; the server tells where it stands when it is asked.
The largest difference between what it said and the moment of the answer is the line, give or take
the time of one such call. So the figure runs from the instant at which the event was due to the
callback: it holds the wait for the server's next turn (20 ms: 10 ms on average), the work on
whatever else is due in that turn, the socket, and the client.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from machine import machine

from portway.wire.pb import quote_pb2
from tests.compat.raw import PUSH, Link
from tests.support.server import Server, client_environment, run_client

WANTED_PER_SECOND = 1000
WARM_SECONDS, SECONDS = 3.0, 8.0
SYMBOLS = (
    "700.HK 9988.HK 5.HK 1299.HK 388.HK 941.HK 3690.HK 1810.HK 2318.HK 9618.HK 2800.HK 3033.HK "
    "600519.SH 601318.SH 600036.SH 000001.SZ 300750.SZ 510300.SH"
).split()
CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
MESSAGES = {
    101: ("quote", quote_pb2.PushQuote),
    102: ("depth", quote_pb2.PushDepth),
    103: ("brokers", quote_pb2.PushBrokers),
    104: ("trades", quote_pb2.PushTrade),
}

OFFICIAL = """
import json, os, sys, time
from collections import defaultdict
from longport.openapi import *
context = QuoteContext(Config.from_env())
at = defaultdict(list)
def recorder(kind):
    def on_push(symbol, push):
        at[kind + " " + symbol].append(time.time())
    return on_push
for kind in ("quote", "depth", "brokers", "trades"):
    getattr(context, "set_on_" + kind)(recorder(kind))
kinds = [SubType.Quote, SubType.Depth, SubType.Brokers, SubType.Trade]
context.subscribe(sys.argv[1].split(), kinds)
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(at), flush=True)
os._exit(0)
"""

TOKEN = """
import json
from longport.openapi import HttpClient
print(json.dumps(HttpClient.from_env().request("get", "/v1/socket/token")["otp"]))
"""


def collect(link: Link, seconds: float, into: dict[str, list[int]]) -> int:
    """Read pushes for a while; their market microseconds by kind and symbol; how many."""
    count, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if link.waiting(min(left, 0.05)):
            for packet in link.drain():
                if packet.kind == PUSH and packet.cmd in MESSAGES:
                    kind, message = MESSAGES[packet.cmd]
                    push = message.FromString(packet.body)
                    into[f"{kind} {push.symbol}"].append(push.sequence)
                    count += 1
    return count


def market_line(server: Server, speed: float, samples: int = 60) -> float:
    """Wall seconds at market second 0, were the clock always so fast."""
    best = -float("inf")
    for _ in range(samples):
        now = datetime.fromisoformat(server.admin("clock")["markets"]["HK"]["now"]).timestamp()
        best = max(best, now / speed - time.time())
        time.sleep(0.007)  # So that the samples fall anywhere between two turns.
    return -best


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "home", *CLOCK) as server:
        client = subprocess.Popen(
            [sys.executable, "-c", OFFICIAL, " ".join(SYMBOLS)],
            env=client_environment(server.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert client.stdout
        assert client.stdout.readline().strip() == "ready"
        link = Link(server.env["PORTWAY_QUOTE_TCP"])
        link.sign_in(run_client(TOKEN, server.env))
        link.ask(6, quote_pb2.SubscribeRequest(symbol=SYMBOLS, sub_type=[1, 2, 3, 4]))
        due: dict[str, list[int]] = defaultdict(list)
        collect(link, 0.5, due)  # The first pushes, if any.
        server.admin("clock/speed", {"speed": 1.0})
        at_speed_one = collect(link, WARM_SECONDS, due) / WARM_SECONDS
        speed = WANTED_PER_SECOND / at_speed_one
        server.admin("clock/speed", {"speed": speed})
        collect(link, WARM_SECONDS, due)
        before = {stream: len(stamps) for stream, stamps in due.items()}
        pushes = collect(link, SECONDS, due)
        after = {stream: len(stamps) for stream, stamps in due.items()}
        line = market_line(server, speed)
        server.admin("clock/pause", {})
        collect(link, 1.0, due)
        shown, _ = client.communicate("stop\n", timeout=30)
        conflated = server.metric("portway_pushes_conflated_total")
    report(json.loads(shown), due, before, after, line, speed, pushes, conflated)


def report(
    arrived: dict[str, list[float]],
    due: dict[str, list[int]],
    before: dict[str, int],
    after: dict[str, int],
    line: float,
    speed: float,
    pushes: int,
    conflated: float,
) -> None:
    """Match the pushes from the end and print the figures."""
    late = []
    for stream, stamps in due.items():
        skew = len(arrived[stream]) - len(stamps)  # Snapshots at the subscription may differ.
        for place in range(before.get(stream, 0), after.get(stream, 0)):
            wall = stamps[place] / 1e6 / speed + line
            late.append((arrived[stream][place + skew] - wall) * 1000)
    late.sort()
    p50, p99 = (late[int(len(late) * share)] for share in (0.5, 0.99))
    print(
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms from market event to the official client's callback"
        f" at {pushes / SECONDS:,.0f} pushes/s ({len(late):,} pushes, {conflated:.0f} conflated)"
    )
    print(machine())


main()
