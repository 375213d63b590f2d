"""What every bench says last: the machine that its figure was measured on."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

__all__ = ["ROOT", "machine"]


def machine() -> str:
    """One line: Python, processors, platform."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0].partition(":")[2].strip() if names else model
    version = ".".join(map(str, sys.version_info[:3]))
    return f"Python {version}, {os.cpu_count()} x {model}, {platform.platform(terse=True)}"


sys.path.insert(0, str(ROOT))  # The benches share the tests' way of starting a server.
if __name__ == "__main__":
    print(machine())
