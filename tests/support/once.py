"""Facts that are costly to gather: once in a whole test run, whatever worker asks first."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

__all__ = ["gather_once", "shared_folder"]


def shared_folder(factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run share."""
    base = factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "gathered"
    root.mkdir(exist_ok=True)
    return root


def gather_once(root: Path, key: str, make: Callable[[Path], Any]) -> Any:
    """Return `make(folder)`, a JSON value; later callers, in any worker, get what the first got.

    `folder` is new and the caller's own. A failure is not remembered: the next one tries again.
    """
    name = "".join(one if one.isalnum() or one in "-." else "_" for one in key)
    answer = root / f"{name}.json"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            folder = root / name
            attempt = 0
            while folder.exists():
                attempt += 1
                folder = root / f"{name}.{attempt}"
            folder.mkdir()
            text = json.dumps(make(folder))
            answer.write_text(text)
    return json.loads(answer.read_text())
