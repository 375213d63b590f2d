"""Servers and gathered facts for the compatibility tests.

A client program runs once per test run and prints everything that its tests ask about; whichever
worker comes first runs it, the others read what it found. Servers start only where a program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, run_program

PROGRAMS = Path(__file__).parent / "programs"
KINDS = ("longbridge-sync", "longbridge-async", "longport-sync")

Facts = Callable[..., Any]


@pytest.fixture(scope="session")
def gather(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Facts:
    """Run a program once in the whole test run, against a fresh server of its own; its facts."""
    root = shared_folder(tmp_path_factory, worker_id)

    def run(name: str, client: str, *arguments: str, server: tuple[str, ...] = ()) -> Any:
        package, mode = client.split("-")

        def make(folder: Path) -> Any:
            with Server(folder / "home", *server) as running:
                program = PROGRAMS / f"{name}.py"
                return run_program(program, running.env, package, mode, *arguments)

        return gather_once(root, "-".join((name, client, *arguments)), make)

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
