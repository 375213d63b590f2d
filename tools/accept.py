"""Runs the conformance kits of a shared folder against a server started for that alone.

The server gets a home of its own and free ports, so it disturbs no other; the kits get nothing but
the environment that `portway env` prints, as any client program would. Run
`python -m tools.accept [-k REGEX] [--times N]`.

Exit status: 0 every kit passed; 1 a kit or the server failed; 2 there is no kit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_S = 30  # How long the server may take until `portway env` has something to print.
STOP_S = 10  # A server asked to end does so within 5 s; the rest is for a busy machine.
PAUSE_S = 31  # The trade limit counts calls of any 30 s: a second run starts with none.
POLL_S = 0.05
LOG_LINES = 40  # How much of the server's log is shown when something failed.


class AcceptError(RuntimeError):
    """The server did not start, answer or end as it should; the message says which."""


@contextmanager
def server(portway: Path, home: Path) -> Iterator[Mapping[str, str]]:
    """Run a server on `home`; yield the environment that its clients need.

    Raises:
        AcceptError: If it is not ready in time, ends by itself, or does not end when asked.
    """
    with log_of(home).open("wb") as log:
        process = subprocess.Popen(
            [str(portway), "serve", "--free-ports", "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield client_environment(portway, home, process)
            if process.poll() is not None:
                raise AcceptError(f"the server ended by itself, status {process.returncode}")
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AcceptError(f"the server did not end {STOP_S} s after SIGTERM") from None


def log_of(home: Path) -> Path:
    """Return where the server of `home` writes what it prints."""
    return home.with_suffix(".log")


def client_environment(
    portway: Path, home: Path, process: subprocess.Popen[bytes]
) -> Mapping[str, str]:
    """Ask the starting server of `home` for its clients' environment; foreign settings are dropped.

    Raises:
        AcceptError: If there is none within `READY_S` seconds, or the server has ended.
    """
    command = [str(portway), "env", "--format", "json", "--wait", str(READY_S)]
    with subprocess.Popen(
        [*command, "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        while asking.poll() is None:
            if process.poll() is not None:
                asking.kill()
                raise AcceptError(f"the server ended by itself, status {process.returncode}")
            time.sleep(POLL_S)
        told, wrong = asking.communicate()
    if asking.returncode != 0:
        raise AcceptError(f"portway env: {wrong.strip() or asking.returncode}")
    own = {str(name): str(value) for name, value in json.loads(told).items()}
    foreign = ("LONGPORT_", "LONGBRIDGE_", "PORTWAY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | own


def run_kits(kits: Sequence[Path], options: argparse.Namespace) -> int:
    """Start a server, run every kit against it as often as asked; return how many runs failed."""
    with tempfile.TemporaryDirectory(prefix="portway-accept-") as folder:
        home = Path(folder) / "home"
        failed = 0
        try:
            with server(options.portway, home) as environment:
                for turn in range(options.times):
                    if turn:
                        print(f"again in {PAUSE_S} s", flush=True)
                        time.sleep(PAUSE_S)
                    failed += sum(run_kit(kit, environment, options) != 0 for kit in kits)
        except AcceptError as error:
            print(f"FAIL server: {error}")
            failed += 1
        if failed:
            show_log(log_of(home))
        return failed


def run_kit(kit: Path, environment: Mapping[str, str], options: argparse.Namespace) -> int:
    """Run one kit and return its exit status; what it prints is shown as it comes."""
    chosen = ["-k", options.pattern] if options.pattern else []
    print(f"{kit}: {' '.join(chosen) or 'all checks'}", flush=True)
    return subprocess.run(
        [sys.executable, str(kit), *chosen], env=environment, check=False
    ).returncode


def show_log(path: Path) -> None:
    """Print the last lines of the server's log."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    print("\n".join(["the server's log ends with:", *lines[-LOG_LINES:]]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and run; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the conformance kits against a new server.")
    shared = os.environ.get("PORTWAY_SHARED") or str(ROOT.parent / "shared")
    parser.add_argument("--shared", type=Path, default=Path(shared), help="folder with the kits")
    parser.add_argument("-k", dest="pattern", help="only the checks whose name matches")
    parser.add_argument(
        "--times", type=int, default=1, help=f"how often, {PAUSE_S} s between on one server"
    )
    own = Path(sys.executable).with_name("portway")
    parser.add_argument("--portway", type=Path, default=own, help="the command that serves")
    options = parser.parse_args(arguments)
    kits = sorted(options.shared.glob("conformance*/run.py"))
    if not kits:
        print(f"no conformance kit in {options.shared}; set PORTWAY_SHARED", file=sys.stderr)
        return 2
    return 1 if run_kits(kits, options) else 0


if __name__ == "__main__":
    sys.exit(main())
