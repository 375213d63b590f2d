"""One run of one library: `consumer.py MODULE WHAT HTTP_PORT WS_PORT`; prints figures as JSON.

WHAT is `none`, `three` or `all` (attributes that the callback reads), `busy` (three, while the main
thread computes), `paced` (latency of stamped pushes), `pull` or `submit` (calls, one by one).
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

MODULE, WHAT, HTTP, WS = sys.argv[1:]
CALLS = 4000
ALL = (
    "last_done", "open", "high", "low", "timestamp", "volume", "turnover", "trade_status",
    "trade_session", "current_volume", "current_turnover",
)  # fmt: skip
TOUCHED = {"none": (), "all": ALL}.get(WHAT, ("last_done", "volume", "timestamp"))

INLINE = MODULE.endswith("+inline")  # ours alone: callbacks on the thread that reads
sdk: Any = importlib.import_module(MODULE.removesuffix("+inline"))


def config() -> Any:
    url = f"ws://127.0.0.1:{WS}/v2"
    given = ("k", "s", "t", f"http://127.0.0.1:{HTTP}", url, url)
    found = sdk.Config.from_apikey(*given, enable_print_quote_packages=False)
    return replace(found, inline_callbacks=True) if INLINE else found


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def pushes() -> dict[str, float]:
    over = threading.Event()
    seen = [0, 0.0, 0.0]
    late: list[int] = []
    touched = TOUCHED

    def count(symbol: str, event: Any) -> None:
        if not seen[0]:
            seen[1], seen[2] = time.perf_counter(), time.process_time()
        seen[0] += 1
        if touched:
            for name in touched:
                getattr(event, name)
        if symbol == "END.HK":
            over.set()

    def count_none(symbol: str, event: Any) -> None:
        if not seen[0]:
            seen[1], seen[2] = time.perf_counter(), time.process_time()
        seen[0] += 1
        if symbol == "END.HK":
            over.set()

    def lateness(symbol: str, event: Any) -> None:
        late.append(time.monotonic_ns() // 1000 - int(event.timestamp.timestamp()))
        count_none(symbol, event)

    ctx = sdk.QuoteContext(config())
    ctx.set_on_quote({"none": count_none, "paced": lateness}.get(WHAT, count))
    before = rss_mb()
    ctx.subscribe([*(f"{n + 1}.HK" for n in range(100)), "END.HK"], [sdk.SubType.Quote])
    peak = before
    while not over.is_set():
        if WHAT == "busy":
            sum(range(1000))
        else:
            over.wait(0.005)
            peak = max(peak, rss_mb())
    seconds, cpu = time.perf_counter() - seen[1], time.process_time() - seen[2]
    found = {"rate": seen[0] / seconds, "cpu_us": cpu / seen[0] * 1e6, "grown_mb": peak - before}
    if late:
        found["p50_us"] = statistics.median(late[len(late) // 20 : -1])
    return found


def calls() -> dict[str, float]:
    if WHAT == "pull":
        quote = sdk.QuoteContext(config())
        call = lambda: quote.quote(["700.HK"])  # noqa: E731
    else:
        trade = sdk.TradeContext(config())
        given = ("700.HK", sdk.OrderType.LO, sdk.OrderSide.Buy, Decimal(100))
        call = lambda: trade.submit_order(  # noqa: E731
            *given, sdk.TimeInForceType.Day, Decimal("500.5")
        )
    for _ in range(20):
        call()
    took, cpu = [], time.process_time()
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    cpu = time.process_time() - cpu
    return {"p50_us": statistics.median(took) * 1e6, "cpu_us": cpu / CALLS * 1e6}


def main() -> None:
    figures = calls() if WHAT in ("pull", "submit") else pushes()
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures), flush=True)
    os._exit(0)  # without the farewell of native threads


if __name__ == "__main__":
    main()
