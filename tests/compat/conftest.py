"""Servers and gathered facts for the compatibility tests.

A client program runs once per test run and prints everything that its tests ask about; whichever
worker comes first runs it, the others read what it found. Servers start only where a program runs.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server, run_program

PROGRAMS = Path(__file__).parent / "programs"
KINDS = ("longbridge-sync", "longbridge-async", "longport-sync")

Facts = Callable[..., Any]


@pytest.fixture(scope="session")
def run_root(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "compat"
    root.mkdir(exist_ok=True)
    return root


@pytest.fixture(scope="session")
def gather(run_root: Path) -> Facts:
    """Run a program once in the whole test run, against a fresh server of its own; its facts."""

    def run(name: str, client: str, *arguments: str, server: tuple[str, ...] = ()) -> Any:
        key = "-".join((name, client, *arguments)).replace("/", "_").replace(":", "")
        answer = run_root / f"{key}.json"
        with (run_root / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not answer.exists():
                with Server(run_root / f"home-{key}", *server) as running:
                    package, mode = client.split("-")
                    program = PROGRAMS / f"{name}.py"
                    facts = run_program(program, running.env, package, mode, *arguments)
                answer.write_text(json.dumps(facts))
        return json.loads(answer.read_text())

    return run


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> str:
    """Each official package, in each of its ways."""
    return str(request.param)


@pytest.fixture(params=("longbridge-sync", "longport-sync"))
def package(request: pytest.FixtureRequest) -> str:
    """Each official package, where sync and async share the code under test."""
    return str(request.param)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    servers: list[Server] = []

    def start(*arguments: str) -> Server:
        servers.append(Server(tmp_path / f"home{len(servers)}", *arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
