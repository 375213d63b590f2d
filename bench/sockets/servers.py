"""The Python servers that bench/fanout.py compares, each in a process of its own.

`python servers.py portway|websockets FOLLOWERS` prints its port (`length 1`: the bytes of a frame).
A line "go UPDATES BATCH PAUSE_US" makes that many quote pushes, `BATCH` of them in one turn of the
event loop, each encoded once and sent to `FOLLOWERS` of the connections that are open; then a line
of JSON tells bytes, pushes, start and processor time. Neither server is sent more than its
connections take.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from portway.gateway.sockets.fanout import Fanout, Subscriber
from portway.gateway.sockets.link import Flusher, Link, binary_frame
from portway.gateway.sockets.quote_messages import quote_push
from portway.gateway.sockets.websocket import WebSocketLink
from portway.gateway.stats import GatewayStats
from portway.model.quote import SessionQuote, SubType, TradeSession, TradeStatus
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange, QuoteChange
from portway.wire.commands import QuoteCommand
from portway.wire.packet import encode_push

SYMBOLS = [Symbol(f"{1000 + place}.HK") for place in range(100)]
BEGIN = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)
FULL_BYTES = 128 * 1024  # waiting at one connection: then the bench lets it drain
LOOK_UPDATES = 64  # between two looks at what is waiting
PRICE, TURNOVER = Decimal("612.500"), Decimal("61250.000")


def change(number: int) -> QuoteChange:
    """What one print changes: price and totals, and here the day's range as well."""
    at, volume = BEGIN + timedelta(microseconds=100 * number), 32_000_000 + 100 * (number % 1000)
    turnover = PRICE * volume
    full = SessionQuote(PRICE, PRICE, PRICE, PRICE, volume, turnover, at, PRICE)
    return QuoteChange(
        TradeSession.NORMAL, at, TradeStatus.NORMAL,
        PRICE, PRICE, PRICE, PRICE, volume, turnover, 100, TURNOVER, full,
    )  # fmt: skip


CHANGES = [change(number) for number in range(1000)]
BOARDS = {symbol: Board(symbol, BEGIN.date(), (), PRICE) for symbol in SYMBOLS}


class Quotes:
    """As much of the market as the fan-out asks for."""

    def listen(self, *_: object) -> None:
        """The bench calls the fan-out itself."""

    def now(self, market: Market) -> datetime:
        return BEGIN

    def board(self, symbol: Symbol) -> Board:
        return BOARDS[symbol]


class Portway:
    """The fan-out, links and flusher of the quote gateway."""

    def __init__(self, followers: int) -> None:
        self.followers = followers
        self.stats = GatewayStats()
        self.flusher = Flusher(asyncio.get_running_loop())
        self.fanout = Fanout(Quotes(), self.flusher, self.stats)  # type: ignore[arg-type]
        self.links: list[Link] = []
        self.subscribers: list[Subscriber] = []

    async def listen(self) -> int:
        server = await asyncio.get_running_loop().create_server(self.accept, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def accept(self) -> Link:
        link = WebSocketLink(self.flusher, self.stats)
        self.links.append(link)
        return link

    def merged(self) -> int:
        return self.stats.conflated

    def transports(self) -> list[Any]:
        return [link._transport for link in self.links if link._transport is not None]

    def begin(self) -> None:
        for one in self.subscribers:
            list(self.fanout.subscriptions.remove_all(one))
        self.links = [link for link in self.links if link._transport is not None]
        self.subscribers = [Subscriber(link, wants_overnight=False) for link in self.links]
        for place, symbol in enumerate(SYMBOLS):
            for one in followers_of(self.subscribers, place, self.followers):
                self.fanout.subscriptions.add(one, symbol, [SubType.QUOTE])
            self.fanout.subscriptions.topics[symbol].fresh.clear()

    def update(self, number: int) -> None:
        symbol = SYMBOLS[number % len(SYMBOLS)]
        moved = BoardChange(None, CHANGES[number % len(CHANGES)], None, None)
        self.fanout.on_change(symbol, moved, BOARDS[symbol])


class Websockets:
    """`websockets.broadcast` of the same packets to the same receivers."""

    def __init__(self, followers: int) -> None:
        self.followers = followers
        self.connections: list[ServerConnection] = []
        self.receivers: list[list[ServerConnection]] = []

    async def listen(self) -> int:
        server = await serve(self.accept, "127.0.0.1", 0, compression=None, ping_interval=None)
        port: int = next(iter(server.sockets)).getsockname()[1]
        return port

    async def accept(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await connection.wait_closed()
        self.connections.remove(connection)

    def merged(self) -> int:
        return 0

    def transports(self) -> list[Any]:
        return [one.transport for one in self.connections]

    def begin(self) -> None:
        self.receivers = [
            followers_of(self.connections, place, self.followers) for place in range(len(SYMBOLS))
        ]

    def update(self, number: int) -> None:
        place = number % len(SYMBOLS)
        broadcast(self.receivers[place], packet_of(SYMBOLS[place], number))


def packet_of(symbol: Symbol, number: int) -> bytes:
    """The packet that portway's fan-out makes of an update."""
    moved = CHANGES[number % len(CHANGES)]
    sequence = BOARDS[symbol].next_sequence(SubType.QUOTE, moved.at)
    return encode_push(QuoteCommand.PUSH_QUOTE, quote_push(symbol, Market.HK, sequence, moved))


def followers_of(everybody: list[Any], place: int, count: int) -> list[Any]:
    """`count` of the connections, others for each symbol."""
    turned = everybody[place:] + everybody[:place]
    return turned[:count]


def frame_bytes() -> int:
    """Length of one WebSocket frame of the bench; the same for every update."""
    lengths = {len(binary_frame(packet_of(SYMBOLS[n % 100], n))) for n in range(1000)}
    assert len(lengths) == 1, f"frames of several lengths: {sorted(lengths)}"
    return lengths.pop()


async def run(server: Portway | Websockets, updates: int, batch: int, pause_s: float) -> None:
    """Make the updates and wait until they have left this process."""
    looked_at = 0
    for first in range(0, updates, batch):
        for number in range(first, first + batch):
            server.update(number)
        await asyncio.sleep(pause_s)
        if first - looked_at >= LOOK_UPDATES:
            looked_at = first
            await drain(server.transports, FULL_BYTES)
    await drain(server.transports, 0)


async def drain(transports: Callable[[], list[Any]], to_bytes: int) -> None:
    while any(one.get_write_buffer_size() > to_bytes for one in transports()):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def main(name: str, followers: int) -> None:
    server = (Portway if name == "portway" else Websockets)(followers)
    print(await server.listen(), flush=True)
    length = frame_bytes()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.startswith("end"):
            continue
        updates, batch, pause_us = map(int, line.split()[1:])
        server.begin()
        cpu, began = time.process_time(), time.monotonic_ns()
        await run(server, updates, batch, pause_us / 1e6)
        cpu = time.process_time() - cpu
        assert not server.merged(), "pushes were merged: the bench sent too fast"
        pushes = updates * followers
        told = {"bytes": pushes * length, "pushes": pushes, "began_ns": began, "cpu_s": cpu}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "length":
        print(frame_bytes())
    else:
        uvloop.run(main(sys.argv[1], int(sys.argv[2])))
