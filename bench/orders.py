"""Durable orders per second through signed HTTP, with 1 and with 64 calls in flight.

Resting limit orders of a cheap lot, each answered when its facts are on the disk (`--limits none`).
The client signs every call and keeps its connections; it runs in this process and shares the
machine with the server, so the figure is what both reach together.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from machine import machine

from portway.wire.signature import signature_header
from tests.support.server import Server, run_client

SYMBOL, LOT = "3033.HK", 200
CASH = 1_000_000
ROUNDS = ((1, 200), (64, 640))  # Calls in flight, orders.
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


async def worker(env: dict[str, str], price: str, queue: asyncio.Queue[int]) -> list[float]:
    """Place orders one after the other on one connection; seconds of each."""
    address = urlsplit(env["LONGPORT_HTTP_URL"])
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    took = []
    while not queue.empty():
        queue.get_nowait()
        began = time.perf_counter()
        writer.write(request(env, price))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        answer = json.loads(await reader.readexactly(length))
        assert answer["code"] == 0, answer
        took.append(time.perf_counter() - began)
    writer.close()
    return took


async def round_of(env: dict[str, str], price: str, in_flight: int, orders: int) -> str:
    queue: asyncio.Queue[int] = asyncio.Queue()
    for number in range(orders):
        queue.put_nowait(number)
    began = time.perf_counter()
    took = await asyncio.gather(*(worker(env, price, queue) for _ in range(in_flight)))
    seconds = time.perf_counter() - began
    every = sorted(one for part in took for one in part)
    p50, p99 = (every[int(len(every) * share)] * 1000 for share in (0.5, 0.99))
    return (
        f"{orders / seconds:,.0f} durable orders/s with {in_flight} in flight"
        f" (p50 {p50:.1f} ms, p99 {p99:.1f} ms, {orders} orders)"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
        with Server(Path(folder) / "home", *clock) as server:
            price = resting_price(server)
            total = sum(orders for _, orders in ROUNDS)
            assert total * LOT * float(price) < CASH, "every order has to find its money"
            for in_flight, orders in ROUNDS:
                print(asyncio.run(round_of(server.env, price, in_flight, orders)))
    print(machine())


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
