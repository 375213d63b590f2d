"""The SDK beside the newest `longbridge`: pushes, latency, memory, calls; ratios of medians.

`python bench/sdk_clients.py [ROUNDS]`. Each figure is taken in a process of its own, in turn with
the other client, against a feeder (bench/sdk/feeder.py) whose frames are encoded beforehand.
Ratios are ours to theirs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from machine import machine

HERE = Path(__file__).parent / "sdk"
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
PUSHES = int(os.environ.get("PUSHES", "300000"))
# The second of ours runs callbacks on the thread that reads (`Config.inline_callbacks`).
LIBRARIES = ("longbridge.openapi", "portway.openapi", "portway.openapi+inline")
# What is measured -> pushes, and pushes a second (0 is all at once).
RUNS = {
    "none": (PUSHES, 0), "three": (PUSHES, 0), "all": (PUSHES, 0), "busy": (PUSHES // 10, 0),
    "paced": (15_000, 5_000), "pull": (0, 0), "submit": (0, 0),
}  # fmt: skip


def run(library: str, what: str) -> dict[str, float]:
    count, rate = RUNS[what]
    feeder = subprocess.Popen(
        [sys.executable, HERE / "feeder.py", str(count), str(rate)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a consumer that is done hangs up
    )
    try:
        assert feeder.stdout is not None
        ports = feeder.stdout.readline().decode().split()
        command = [sys.executable, HERE / "consumer.py", library, what, *ports]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("LONG", "PORTWAY_"))}
        done = subprocess.run(
            command, capture_output=True, env={**env, "TZ": "UTC"}, timeout=120, check=True
        )
        return dict(json.loads(done.stdout))
    finally:
        feeder.kill()
        feeder.wait()


def main() -> None:
    print(f"{machine()}; longbridge {version('longbridge')}, {ROUNDS} rounds")
    wanted = [what for what in RUNS if what in os.environ.get("ONLY", ",".join(RUNS)).split(",")]
    for what in wanted:
        found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in LIBRARIES}
        for _ in range(ROUNDS):
            for library in LIBRARIES[: 2 if what in ("pull", "submit") else 3]:
                for figure, value in run(library, what).items():
                    found[library][figure].append(value)
        theirs, *ours = (found[name] for name in LIBRARIES)
        for figure in theirs:
            their = statistics.median(theirs[figure])
            line = f"{what:7}{figure:9}{their:>12,.1f}"
            for own in ours:
                if own[figure]:
                    our = statistics.median(own[figure])
                    spread = f"[{min(own[figure]):,.1f}..{max(own[figure]):,.1f}]"
                    line += f"{our:>12,.1f} {spread:24}{our / (their or 1):>6.2f}x"
            print(line)


if __name__ == "__main__":
    main()
