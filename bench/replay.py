"""Ticks per second of a recorded day, from the file to a subscriber, at full speed.

IBM on 2013-10-07: the server stands at 03:59 New York time and is stepped over the whole day in
one call; a subscriber of trades and depth counts what arrives. Once a subscriber that only cuts
packets (what the server can do), once the official client with empty callbacks. Time runs from the
call to the last push; reading the files is part of it.

Needs the recorded days: PORTWAY_SHARED, or the folder ../shared.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from machine import ROOT, machine

from tests.compat.raw import PUSH, Link
from tests.support.server import Server, run_client

DAY_SECONDS = 16 * 3600 + 120
CLOCK = ("--clock", "at 2013-10-07T03:59:00-04:00", "--speed", "0", "--limits", "none")

OFFICIAL = """
import json, os, sys, time, urllib.request
from longport.openapi import *
context = QuoteContext(Config.from_env())
count = last = 0
def on_push(symbol, push):
    global count, last
    count += 1
    last = time.perf_counter()
context.set_on_trades(on_push)
context.set_on_depth(on_push)
context.subscribe(["IBM.US"], [SubType.Trade, SubType.Depth])
began = time.perf_counter()
urllib.request.urlopen(urllib.request.Request(
    os.environ["PORTWAY_ADMIN_URL"] + "/clock/step",
    json.dumps({"seconds": int(sys.argv[1])}).encode(), {"content-type": "application/json"}))
seen = -1
while seen != count:
    seen = count
    time.sleep(1)
print(json.dumps([count, last - began]), flush=True)
os._exit(0)
"""

TOKEN = """
import json, os
from longport.openapi import HttpClient
print(json.dumps(HttpClient.from_env().request("get", "/v1/socket/token")["otp"]))
"""


def raw_subscriber(server: Server) -> tuple[int, float]:
    """Pushes counted, and seconds from the step to the last of them."""
    from portway.wire.pb import quote_pb2

    with Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
        link.sign_in(run_client(TOKEN, server.env))
        wanted = quote_pb2.SubscribeRequest(symbol=["IBM.US"], sub_type=[2, 4])
        link.ask(6, wanted)
        stepping = threading.Thread(target=server.step, args=(DAY_SECONDS,))
        began = last = time.perf_counter()
        stepping.start()
        count = 0
        while stepping.is_alive() or link.waiting(0.5):
            if link.waiting(0.05):
                packets = link.drain()
                count += sum(packet.kind == PUSH for packet in packets)
                last = time.perf_counter()
        stepping.join()
    return count, last - began


def main() -> int:
    shared = Path(os.environ.get("PORTWAY_SHARED") or ROOT.parent / "shared")
    lean = shared / "data" / "us" / "lean"
    if not lean.is_dir():
        print(f"replay: no recorded days at {lean}: set PORTWAY_SHARED", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first", "second"):
            with Server(Path(folder) / name, "--replay", str(lean), *CLOCK) as server:
                if name == "first":
                    count, seconds = raw_subscriber(server)
                    who = "a plain subscriber"
                else:
                    count, seconds = run_client(OFFICIAL, server.env, str(DAY_SECONDS))
                    who = "the official client"
                conflated = int(server.metric("portway_pushes_conflated_total"))
            print(
                f"{count / seconds:,.0f} ticks/s from file to {who}"
                f" ({count:,} in {seconds:.2f} s, {conflated} conflated)"
            )
    print(machine())
    return 0


raise SystemExit(main())
