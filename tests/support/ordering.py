"""A program that orders on many connections until it is told to end, as a test holds it.

The program is `tests/simulation/ordering_client.py`, in a process of its own: it asks again for
every reply that it lost, so that it lives on while its server is killed and started again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

from tests.conftest import ROOT
from tests.support.server import Server

__all__ = ["Answered", "Orderer"]

END_SECONDS = 120


class Answered(NamedTuple):
    """An order that was answered; `sent` counts the requests that it took."""

    request_id: str
    order_id: str
    sent: int


class Orderer:
    """The running program; leaving the context ends it, whatever happened."""

    def __init__(self, server: Server, seed: int = 0) -> None:
        env_file = server.home.parent / "ordering-env.json"
        env_file.write_text(json.dumps(server.env))
        command = [sys.executable, "-m", "tests.simulation.ordering_client", str(env_file)]
        self._process = subprocess.Popen(
            [*command, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.answered: list[Answered] = []

    def more(self, count: int) -> None:
        """Wait for so many more answered orders."""
        assert self._process.stdout
        for _ in range(count):
            line = self._process.stdout.readline()
            assert line, "the program ended by itself"
            self.answered.append(Answered(*json.loads(line)))

    def finish(self) -> list[Answered]:
        """Let what is under way be answered; every order that was answered, from the first on."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self.answered += [Answered(*json.loads(line)) for line in self._process.stdout]
        assert self._process.wait(END_SECONDS) == 0
        return self.answered

    def __enter__(self) -> Orderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
