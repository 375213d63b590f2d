"""Seconds from `portway serve` typed to a server that answers, on a warm install.

Measured from the start of the process to the first good answer of /healthz; the middle of five,
once for a home that is made on the way and once for one that is there already.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from machine import machine

RUNS = 5
POLL_SECONDS = 0.005


def seconds_until_ready(home: Path) -> float:
    (home / "server.json").unlink(missing_ok=True)
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "portway.cli", "serve", "--free-ports", "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not is_ready(home):
            assert server.poll() is None, "the server ended by itself"
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - began
    finally:
        server.terminate()
        server.wait(10)


def is_ready(home: Path) -> bool:
    try:
        url = json.loads((home / "server.json").read_text())["http_url"]
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        seconds_until_ready(warm)  # Also warms the file cache.
        again = statistics.median(seconds_until_ready(warm) for _ in range(RUNS))
        homes = (Path(folder) / f"fresh{number}" for number in range(RUNS))
        fresh = statistics.median(seconds_until_ready(home) for home in homes)
    print(f"ready in {again:.2f} s on a home that exists, {fresh:.2f} s on a new one")
    print(machine())


main()
