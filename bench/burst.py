"""Whether others get through while 5,000 orders are filled within a second.

5,500 limit orders rest at the best bid of a security. Then the market moves: it prints below that
bid, and most of them are filled at once, journaled, and pushed to their account. All the while a
new client signs in again and again (password over HTTP, then a WebSocket), and another asks for the
orders of the day, a thousand of them. Who is told of the fills has a process of its own, as other
clients have. All of them share this machine with the server; what is told is the slowest and the
middle one.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from machine import machine

from portway.wire.commands import Channel
from portway.wire.pb import quote_pb2, trade_pb2
from tests.gateway.clients import SocketClient, WsClient, connect
from tests.support.server import Server
from tests.support.signed import signed_request

SYMBOL, LOT = "3033.HK", 200
ORDERS, AT_ONCE = 5500, 64  # Some fill before the rest: 5,000 of them within one second.
CASH = "10000000000"
UNTIL = ("11:30:00", "13:30:00", "14:30:00", "15:30:00")
PAUSE_S = 0.05  # between two of the same kind: what is measured is the delay, not another load
SIGN_IN_MS, TODAY_MS = 500, 200  # What is promised.
DAY = "2026-03-03"
CLOCK = ("--clock", f"at {DAY}T10:15:00+08:00", "--speed", "0", "--limits", "none")


class Line:
    """One kept HTTP connection."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env, self._address = env, urlsplit(env["LONGPORT_HTTP_URL"])

    async def open(self) -> Line:
        host, port = self._address.hostname, self._address.port
        self._reader, self._writer = await asyncio.open_connection(host, port, limit=1 << 24)
        return self

    async def call(self, method: str, target: str, body: object = None) -> dict[str, object]:
        self._writer.write(signed_request(self._env, method, target, body))
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length))
        assert answer["code"] == 0, answer
        return answer["data"]


async def signed_in(http: Line, ports: SimpleNamespace, channel: Channel) -> SocketClient:
    """A new connection, signed in with a password of its own."""
    password = (await http.call("GET", "/v1/socket/token"))["otp"]
    client = await connect("ws", ports, channel)
    await client.sign_in(str(password))
    return client


class Follower:
    """A process that is told of every fill."""

    def __init__(self, env: dict[str, str], ports: SimpleNamespace) -> None:
        context = multiprocessing.get_context("spawn")
        self.seen = context.Value("i", 0)
        self._moments, child = context.Pipe()
        self._process = context.Process(target=follow, args=(env, ports, self.seen, child))
        self._process.start()
        assert self._moments.recv() == "ready"

    def end(self) -> list[float]:
        """Return when the pushes came."""
        self._moments.send("end")
        moments: list[float] = self._moments.recv()
        self._process.join()
        return moments


def follow(env: dict[str, str], ports: SimpleNamespace, seen: Any, pipe: Any) -> None:
    """Run the process of a `Follower`."""

    async def run() -> None:
        moments: list[float] = []
        client = await signed_in(await Line(env).open(), ports, Channel.TRADE)
        await client.request(16, trade_pb2.Sub(topics=["private"]))
        pipe.send("ready")
        ended = asyncio.create_task(asyncio.to_thread(pipe.recv))
        while not ended.done():
            pushed = asyncio.create_task(client.wait_pushes(1))
            await asyncio.wait([pushed, ended], return_when=asyncio.FIRST_COMPLETED)
            if pushed.done():
                moments.append(time.perf_counter())
                seen.value = len(moments)
        pipe.send(moments)

    asyncio.run(run())


class Burst:
    """A server with resting orders, and what happens when the market moves."""

    def __init__(self, server: Server) -> None:
        self.server, env = server, server.env
        self.env = env
        self.ports = SimpleNamespace(
            quote=urlsplit(env["LONGPORT_QUOTE_WS_URL"]).port,
            trade=urlsplit(env["LONGPORT_TRADE_WS_URL"]).port,
        )
        self.pushed_at: list[float] = []  # On the steady clock of the machine.
        self.sign_ins: list[tuple[float, float]] = []  # When it ended, how long it took.
        self.lists: list[tuple[float, float]] = []
        self.is_over = False

    async def run(self) -> None:
        http = await Line(self.env).open()
        await self._rest(await self._bid(http))
        follower = Follower(self.env, self.ports)
        probes = [self._sign_in_on_and_on(), self._list_on_and_on()]
        tasks = [asyncio.create_task(one) for one in probes]
        try:
            await self._move(follower)
        finally:
            self.is_over = True
            self.pushed_at = follower.end()
        await asyncio.gather(*tasks)  # a probe that failed fails the bench

    async def _bid(self, http: Line) -> str:
        quotes = await signed_in(http, self.ports, Channel.QUOTE)
        answer = await quotes.request(14, quote_pb2.SecurityRequest(symbol=SYMBOL))
        quotes.drop()
        return quote_pb2.SecurityDepthResponse.FromString(answer.body).bid[0].price

    async def _rest(self, price: str) -> None:
        """Place the orders, each of one lot."""
        waiting = iter(range(ORDERS))
        body = {
            "symbol": SYMBOL, "order_type": "LO", "side": "Buy", "time_in_force": "Day",
            "submitted_quantity": str(LOT), "submitted_price": price,
        }  # fmt: skip

        async def place() -> None:
            line = await Line(self.env).open()
            for _ in waiting:
                await line.call("POST", "/v1/trade/order", body)

        await asyncio.gather(*(place() for _ in range(AT_ONCE)))

    async def _move(self, follower: Follower) -> None:
        """Let the market go on, as fast as it can, until the orders are filled."""
        for until in UNTIL:
            await asyncio.to_thread(self.server.admin, "clock/jump", {"to": f"{DAY}T{until}+08:00"})
            if follower.seen.value >= ORDERS:
                return
        print(f"only {follower.seen.value:,} of {ORDERS:,} orders were filled")

    async def _sign_in_on_and_on(self) -> None:
        while not self.is_over:
            http = await Line(self.env).open()
            began = time.perf_counter()
            client = await signed_in(http, self.ports, Channel.QUOTE)
            ended = time.perf_counter()
            self.sign_ins.append((ended, ended - began))
            assert isinstance(client, WsClient)
            client.drop()
            await asyncio.sleep(PAUSE_S)

    async def _list_on_and_on(self) -> None:
        http = await Line(self.env).open()
        while not self.is_over:
            began = time.perf_counter()
            await http.call("GET", "/v1/trade/order/today")
            ended = time.perf_counter()
            self.lists.append((ended, ended - began))
            await asyncio.sleep(PAUSE_S)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "home", *CLOCK) as server:
        account = server.admin("accounts")["accounts"][0]["account_no"]
        deposit = {"account_no": account, "currency": "HKD", "amount": CASH}
        server.admin("accounts/deposit", deposit)
        burst = Burst(server)
        asyncio.run(burst.run())
    report(burst)
    print(machine())


def report(burst: Burst) -> None:
    moments = sorted(burst.pushed_at)
    busiest = max(sum(at <= one < at + 1 for one in moments) for at in moments[::50])
    print(f"{len(moments):,} orders filled, at most {busiest:,} of them within a second")
    for what, taken, most in (
        ("a new socket signs in", burst.sign_ins, SIGN_IN_MS),
        ("the orders of the day", burst.lists, TODAY_MS),
    ):
        during = [
            took * 1000
            for ended, took in taken
            if any(ended - took - 0.05 <= at <= ended for at in moments)
        ]
        print(
            f"  {what}: {len(during)} times, p50 {statistics.median(during):.0f} ms, "
            f"at most {max(during):.0f} ms (wanted: {most} ms)"
        )


if __name__ == "__main__":
    main()
