"""Durable orders per second through signed HTTP, with 1 and with 64 calls in flight.

Resting limit orders of a cheap lot, each answered when its facts are on the disk (`--limits none`).
The client signs every call and keeps its connections; it runs in this process and shares the
machine with the server, so the figure is what both reach together.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from machine import machine

from portway.wire.signature import signature_header
from tests.support.server import Server, run_client

SYMBOL, LOT = "3033.HK", 200
CASH = "100000000"
# In flight, orders; all rounds together stay within the working orders that an account may have.
CALLS = ((1, 300), (64, 3000))
ROUNDS = 3
MEMORY = "/dev/shm"  # A home in memory: the same server with nothing to flush.
LENGTH = re.compile(rb"content-length: *(\d+)")
PATH = "/v1/trade/order"


def request(env: dict[str, str], price: str) -> bytes:
    """One signed order as the bytes of an HTTP request."""
    body = json.dumps(
        {
            "symbol": SYMBOL,
            "order_type": "LO",
            "side": "Buy",
            "submitted_quantity": str(LOT),
            "submitted_price": price,
            "time_in_force": "Day",
        }
    ).encode()
    headers = {
        "host": urlsplit(env["LONGPORT_HTTP_URL"]).netloc,
        "authorization": env["LONGPORT_ACCESS_TOKEN"],
        "x-api-key": env["LONGPORT_APP_KEY"],
        "x-timestamp": f"{time.time():.3f}",
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
    }
    headers["x-api-signature"] = signature_header(
        "POST", PATH, "", body, headers, env["LONGPORT_APP_SECRET"]
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Round(NamedTuple):
    """Orders per second, milliseconds of the middle and of the 99th, microseconds each."""

    rate: float
    p50: float
    p99: float
    spent: float


class Caller(asyncio.Protocol):
    """One kept connection: the next order leaves when the answer to the last one has come."""

    def __init__(self, orders: Iterator[bytes], took: list[float], done: asyncio.Future[None]):
        self._orders, self._took, self._done = orders, took, done
        self._left, self._began = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left += data
        head, end, body = self._left.partition(b"\r\n\r\n")
        if not end or len(body) < int(LENGTH.search(head.lower())[1]):  # type: ignore[index]
            return
        self._left = b""
        self._took.append(time.perf_counter() - self._began)
        if json.loads(body)["code"] != 0:
            self._done.set_exception(AssertionError(body))
            return
        self.send()

    def send(self) -> None:
        """Let the next order leave; without one, the connection ends."""
        order = next(self._orders, None)
        if order is None:
            self._transport.close()
            self._done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(order)


async def round_of(
    env: dict[str, str], price: str, in_flight: int, orders: int
) -> tuple[float, list[float]]:
    """Place `orders` of them, signed beforehand: what is measured is the server."""
    address, loop = urlsplit(env["LONGPORT_HTTP_URL"]), asyncio.get_running_loop()
    signed = iter([request(env, price) for _ in range(orders)])
    took: list[float] = []
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(in_flight)]
    callers = [Caller(signed, took, one) for one in done]
    for caller in callers:
        await loop.create_connection(lambda one=caller: one, address.hostname, address.port)
    began = time.perf_counter()
    for caller in callers:
        caller.send()
    await asyncio.gather(*done)
    seconds = time.perf_counter() - began
    return seconds, sorted(took)


def main() -> None:
    with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        flush_ms, commit_ms = flush_p50_ms(Path(disk)), commit_p50_ms(Path(disk))
        with served(Path(disk)) as kept, served(Path(memory)) as quick:
            prices = [resting_price(server) for server in (kept, quick)]
            measured = []
            for _ in range(ROUNDS):
                for in_flight, orders in CALLS:
                    pair = [
                        measure(server, price, in_flight, orders)
                        for server, price in zip((kept, quick), prices, strict=True)
                    ]
                    measured.append((in_flight, *pair))
        report(measured, flush_ms, commit_ms)
    print(machine())


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server whose home lies in `folder`, with the money for all orders."""
    clock = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
    with Server(folder / "home", *clock) as server:
        deposit(server)
        yield server


def measure(server: Server, price: str, in_flight: int, orders: int) -> Round:
    before = processor_seconds(server)
    seconds, took = asyncio.run(round_of(server.env, price, in_flight, orders))
    spent = processor_seconds(server) - before
    p50, p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    return Round(orders / seconds, p50, p99, spent / orders * 1e6)


def flush_p50_ms(folder: Path) -> float:
    """What appending some bytes and flushing them takes on this disk."""
    took = []
    with (folder / "flushed").open("ab", buffering=0) as file:
        for _ in range(300):
            began = time.perf_counter()
            file.write(bytes(220))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def commit_p50_ms(folder: Path) -> float:
    """What a transaction of one row takes that SQLite makes durable, with nothing else around."""
    took = []
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE bare (number INTEGER PRIMARY KEY, payload BLOB)")
        for number in range(300):
            began = time.perf_counter()
            database.execute("INSERT INTO bare VALUES (?, ?)", (number, bytes(220)))
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def report(measured: list[tuple[int, Round, Round]], flush_ms: float, commit_ms: float) -> None:
    for in_flight, _ in CALLS:
        rounds = [(disk, memory) for some, disk, memory in measured if some == in_flight]
        disk = [one for one, _ in rounds]
        rate, p50, p99, spent = (statistics.median(column) for column in zip(*disk, strict=True))
        print(f"{rate:,.0f} durable orders/s with {in_flight} in flight")
        print(
            f"  p50 {p50:.2f} ms, p99 {p99:.1f} ms; the server's processors: {spent:,.0f} us each"
        )
        ratio = statistics.median(one.rate / other.rate for one, other in rounds)
        print(f"  {ratio:.2f} of the rate of the same server with its home in memory")
        if in_flight == 1:
            print(f"  p50 is {p50 / flush_ms:.1f} x the disk's fdatasync ({flush_ms:.2f} ms)")
            print(f"  and {p50 / commit_ms:.1f} x a bare SQLite commit ({commit_ms:.2f} ms)")


def processor_seconds(server: Server) -> float:
    """What the server has used so far, in all its threads."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def deposit(server: Server) -> None:
    """Pay in what all orders together need."""
    account = [sys.executable, "-m", "portway.cli", "account"]
    at_home = ["--home", str(server.home), "--json"]
    listed = subprocess.run([*account, "list", *at_home], check=True, capture_output=True)
    account_no = json.loads(listed.stdout)[0]["account_no"]
    subprocess.run(
        [*account, "deposit", account_no, "hkd", CASH, *at_home], check=True, capture_output=True
    )


def resting_price(server: Server) -> str:
    """A price that rests: a few percent below the last one, on the tick grid."""
    program = (
        "import json\n"
        "from longport.openapi import *\n"
        f"print(json.dumps(str(QuoteContext(Config.from_env()).quote(['{SYMBOL}'])[0].last_done)),"
        " flush=True)\n"
        "import os; os._exit(0)"
    )
    return f"{float(run_client(program, server.env)) * 0.95:.1f}"


main()
