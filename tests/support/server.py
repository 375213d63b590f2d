"""A `portway serve` of its own for a test, in a process of its own.

Official clients hold the interpreter lock while they wait, so client and server never share a
process. Servers listen on free loopback ports and are ended by their process id.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

READY_SECONDS = 30
STOP_SECONDS = 10


class Server:
    """A running server and the environment that points clients at it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        """Start it; `--free-ports` is added unless the arguments choose a port themselves."""
        self.home = home
        self.arguments = arguments
        self.log = home.parent / f"{home.name}.log"
        self.process = self._start()
        self.env = self._environment()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "portway.cli", "serve"]
        if "--http-port" not in self.arguments:
            command.append("--free-ports")
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, "--home", str(self.home), *self.arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_without_client_settings(os.environ),
            )

    def _environment(self) -> dict[str, str]:
        command = [sys.executable, "-m", "portway.cli", "env", "--format", "json"]
        waiting = subprocess.Popen(
            [*command, "--home", str(self.home), "--wait", str(READY_SECONDS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        while waiting.poll() is None:
            try:
                waiting.wait(0.1)
            except subprocess.TimeoutExpired:
                if self.process.poll() is not None:  # It ended: nothing to wait for.
                    waiting.kill()
        said, complaint = waiting.communicate()
        if waiting.returncode:
            self.kill()
            raise AssertionError(f"{complaint.decode()}\nserver log:\n{self.log.read_text()}")
        env: dict[str, str] = json.loads(said)
        return env

    def admin(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the admin API: GET without a body, POST with one; the envelope's `data`."""
        request = urllib.request.Request(
            f"{self.env['PORTWAY_ADMIN_URL']}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["data"]

    def step(self, seconds: float) -> Any:
        """Move the clock and return when everything due on the way has happened."""
        return self.admin("clock/step", {"seconds": seconds})

    @property
    def database(self) -> Path:
        """The file that holds the journal and everything else that must not be lost."""
        return self.home / "portway.db"

    def metrics(self) -> dict[str, float]:
        """Every metric with its labels, as `/metrics` spells them."""
        with urllib.request.urlopen(f"{self.env['LONGPORT_HTTP_URL']}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        rows = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in rows}

    def metric(self, name: str) -> float:
        """The sum over all label sets of one metric."""
        return sum(value for row, value in self.metrics().items() if row.partition("{")[0] == name)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """kill -9, as a power cut does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_SECONDS)

    def restart(self) -> None:
        """Start again on the same home."""
        self.process = self._start()
        self.env = self._environment()

    def start_again(self) -> None:
        """Start on the same home and ports without waiting: whoever asks it waits."""
        self.process = self._start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def refusal(*arguments: str) -> str:
    """The one line of a server that does not start: no traceback, and an exit status."""
    answer = subprocess.run(
        [sys.executable, "-m", "portway.cli", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=2 * READY_SECONDS,
        env={**_without_client_settings(os.environ), "TERM": "dumb"},
        check=False,
    )
    assert answer.returncode not in (0, -signal.SIGTERM), answer.stdout
    assert "Traceback" not in answer.stderr
    complaint = [line for line in answer.stderr.splitlines() if line.startswith("Error:")]
    assert len(complaint) == 1, answer.stderr
    return complaint[0]


def chosen_ports() -> list[str]:
    """Flags that fix all five ports, to free ones: for a server that clients find again."""
    flags = ("--http-port", "--quote-port", "--trade-port", "--quote-tcp-port", "--trade-tcp-port")
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in flags]
    ports = [str(holder.getsockname()[1]) for holder in holders]
    for holder in holders:
        holder.close()
    return [word for pair in zip(flags, ports, strict=True) for word in pair]


def _without_client_settings(environ: Mapping[str, str]) -> dict[str, str]:
    ours = ("PORTWAY_HOME", "PORTWAY_ADMIN_URL", "PORTWAY_QUOTE_TCP", "PORTWAY_TRADE_TCP")
    return {key: value for key, value in environ.items() if key not in ours}


def run_client(program: str, env: Mapping[str, str], *arguments: str, timeout: float = 120) -> Any:
    """Run a client program (source text) in its own process; return the JSON it prints last."""
    return _json_of(["-c", program, *arguments], env, timeout)


def run_program(path: Path, env: Mapping[str, str], *arguments: str, timeout: float = 120) -> Any:
    """Run a client program (a file) in its own process; return the JSON it prints last."""
    return _json_of([str(path), *arguments], env, timeout)


def text_of(
    command: Sequence[str], env: Mapping[str, str], *, cwd: Path | None = None, timeout: float = 240
) -> str:
    """Run a client program (arguments of the interpreter) to its end; return all it printed."""
    answer = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=client_environment(env),
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr.decode()[-4000:]
    return answer.stdout.decode()


def client_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a client's process: this one's, with the server's variables alone."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LONGPORT_", "LONGBRIDGE_"))}
    quiet = {f"{name}_PRINT_QUOTE_PACKAGES": "false" for name in ("LONGPORT", "LONGBRIDGE")}
    return {**clean, **env, **quiet, "TZ": "UTC"}


def _json_of(command: Sequence[str], env: Mapping[str, str], timeout: float) -> Any:
    return json.loads(text_of(command, env, timeout=timeout).splitlines()[-1])
