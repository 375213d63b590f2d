"""What importing the SDK costs, and what it does not drag in.

Counted, not timed: how long a module takes depends on the machine and on what else runs there.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
before = set(sys.modules)
import portway.openapi
print(" ".join(set(sys.modules) - before))
"""

# What a connection needs waits for the first one; of the rest these are the slow ones.
HEAVY = {
    "asyncio", "click", "concurrent.futures", "http.server", "numpy", "pandas", "picows", "polars",
    "portway.core", "portway.gateway", "portway.model", "rich", "urllib.request", "uvicorn",
    "uvloop", "websockets", "zoneinfo",
}  # fmt: skip
MODULES_MAX = 230


def test_importing_is_light_and_needs_no_server() -> None:
    out = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    modules = set(out.stdout.decode().split())
    assert not modules & HEAVY
    assert len(modules) < MODULES_MAX


def test_every_exported_name_is_there() -> None:
    import portway.openapi as sdk

    assert sorted(sdk.__all__, key=str.lower) == sorted(set(sdk.__all__), key=str.lower)
    assert all(hasattr(sdk, name) for name in sdk.__all__)
