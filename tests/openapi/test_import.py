"""What importing the SDK costs, and what it does not drag in.

Measured in processor time: what else runs on the machine is not the import's fault.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, time
start = time.process_time()
import portway.openapi
print(time.process_time() - start)
print(" ".join(sys.modules))
"""


def _import_once() -> tuple[float, set[str]]:
    out = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    seconds, modules = out.stdout.decode().splitlines()
    return float(seconds), set(modules.split())


def test_importing_is_quick_and_needs_no_server() -> None:
    runs = [_import_once() for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < 0.150
    modules = runs[0][1]
    assert not modules & {"click", "rich", "websockets", "uvicorn", "numpy", "portway.model"}
    assert not modules & {"picows", "uvloop"}  # wait for the first connection


def test_every_exported_name_is_there() -> None:
    import portway.openapi as sdk

    assert sorted(sdk.__all__, key=str.lower) == sorted(set(sdk.__all__), key=str.lower)
    assert all(hasattr(sdk, name) for name in sdk.__all__)
