"""The C programs of the benches: compiled when a bench begins, started on a processor of their own.

A reader or a sender in Python would be slower than what it measures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["SERVER_CORE", "CLIENT_CORE", "compile_c", "compiler", "pinned"]

HERE = Path(__file__).resolve().parent
SERVER_CORE, CLIENT_CORE = 0, 1


def compiler() -> str | None:
    """The C compiler of this machine, if it has one."""
    return shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")


def compile_c(name: str, folder: Path) -> Path:
    """Compile `name`.c into `folder`.

    Raises:
        SystemExit: If there is no compiler: these benches can measure nothing without.
    """
    cc = compiler()
    if cc is None:
        raise SystemExit("skipped: no C compiler here (gcc, cc or clang), the readers are in C")
    program = folder / name
    subprocess.run([cc, "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return program


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, bound to one processor where that is possible."""
    if shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(core), *command]
