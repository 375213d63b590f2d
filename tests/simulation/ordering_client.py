"""A client that never gives up: orders on many connections at once, each repeated until answered.

Run in a process of its own: `python -m tests.simulation.ordering_client ENV_FILE SEED`. Prints a
line of JSON per answered order: its request id, its order id, and how often it was sent. A reply
that was lost, with its server or with its connection, is asked for again with the same request id.
When its input ends it lets what is under way be answered, and ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from tests.support.signed import signed_request

CONNECTIONS = 8
PAUSE_SECONDS = 0.02  # Before a server that is not there is tried again.
ANSWER_SECONDS = 30


class Line:
    """One connection to the server; opened again whenever it broke."""

    def __init__(self, env: Mapping[str, str]) -> None:
        address = urlsplit(env["LONGPORT_HTTP_URL"])
        self._env, self._host, self._port = env, address.hostname, address.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.sent = 0

    async def ask(self, method: str, target: str, body: Any = None) -> dict[str, Any]:
        """Send until there is an answer that says what became of it."""
        self.sent = 0
        while True:
            self.sent += 1
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await self._once(signed_request(self._env, method, target, body))
            except (OSError, EOFError, TimeoutError):
                if self._streams is not None:
                    self._streams[1].transport.abort()
                self._streams = None
            else:
                # Busy, stopping, no disk, outcome unknown: all of them say to ask again.
                if answer["code"] // 1000 not in (503, 504):
                    return answer
            await asyncio.sleep(PAUSE_SECONDS)

    async def _once(self, request: bytes) -> dict[str, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return json.loads(await reader.readexactly(length))


async def order(line: Line, random: Random, name: str) -> None:
    """One order, and sometimes its cancellation."""
    kind = random.choice(("MO", "MO", "LO"))
    body = {
        "symbol": "700.HK",
        "order_type": kind,
        "side": random.choice(("Buy", "Sell")) if kind == "MO" else "Buy",
        "submitted_quantity": "100",
        "time_in_force": "Day",
        "client_request_id": name,
    }
    if kind == "LO":
        body["submitted_price"] = "400"  # Far below the market: it rests.
    answer = await line.ask("POST", "/v1/trade/order", body)
    assert answer["code"] == 0, answer
    order_id = answer["data"]["order_id"]
    print(json.dumps([name, order_id, line.sent]), flush=True)
    if kind == "LO":
        await line.ask("DELETE", f"/v1/trade/order?order_id={order_id}")


async def main(env: Mapping[str, str], seed: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)

    async def work(number: int) -> None:
        line, random, turn = Line(env), Random(f"{seed} {number}"), 0
        while not stop.is_set():
            turn += 1
            await order(line, random, f"{seed}-{number}-{turn}")

    await asyncio.gather(*(work(number) for number in range(CONNECTIONS)))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])))
