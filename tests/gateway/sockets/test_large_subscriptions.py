"""A subscription to everything at once, over the synthetic world: who is held up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from portway.gateway.identity import Principal, first_start
from portway.gateway.limits import PROFILES
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.symbol import Market, Symbol
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.assembled import Gateway, GatewayPorts, ListenerPorts
from tests.gateway.clients import SocketClient, connect
from tests.gateway.world import (
    HandFedQuotes,
    Health,
    MemoryDocuments,
    MemoryIdentity,
    StillClock,
    Trades,
    depth,
    world,
)

HEARTBEAT, SUBSCRIBE, QUOTE = 1, 6, 11
TENCENT = Symbol("700.HK")
MOVE = timedelta(milliseconds=20)
# Boards that may become ready between two turns of the loop: more would hold others up.
BOARDS_PER_TURN_MAX = 2


class ReadinessProbe:
    """Watches, at every turn of the event loop, which boards are at hand.

    Attributes:
        most_at_once: The most boards that became ready between two turns.
        lost: Boards that had been ready and fell behind again.
    """

    def __init__(self, runner: MarketRunner, symbols: list[Symbol]) -> None:
        self.most_at_once = 0
        self.lost: set[Symbol] = set()
        self._runner = runner
        self._symbols = symbols
        self._ready = self._at_hand()
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._turn)

    def _at_hand(self) -> set[Symbol]:
        return {symbol for symbol in self._symbols if self._runner.is_at_hand(symbol)}

    def _turn(self) -> None:
        ready = self._at_hand()
        self.most_at_once = max(self.most_at_once, len(ready - self._ready))
        self.lost |= self._ready - ready
        self._ready = ready
        self._handle = self._loop.call_soon(self._turn)

    def stop(self) -> None:
        self._handle.cancel()


@asynccontextmanager
async def two_clients() -> AsyncIterator[tuple[SocketClient, SocketClient, MarketRunner]]:
    """The gateway over the real runner and the synthetic world, mid-morning, time moving on."""
    reference = built_in()
    at = dict.fromkeys(Market, datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    runner = MarketRunner(reference, [SyntheticWorld(1, reference)], at)
    start = first_start(time.time())
    gateway = Gateway(
        GatewayPorts(
            MemoryIdentity(start),
            runner,
            Trades(HandFedQuotes()),
            StillClock(),
            Health(),
            MemoryDocuments(),
            HandFedQuotes,
        ),
        PROFILES["none"],
        admin_secret="unused",
    )
    ports = await gateway.start("127.0.0.1", ListenerPorts())

    async def move() -> None:
        while True:
            targets = {market: runner.now(market) + MOVE for market in Market}
            for _ in runner.advance(targets, silent=False):
                await asyncio.sleep(MOVE.total_seconds())

    moving = asyncio.create_task(move())
    try:
        clients = []
        for _ in range(2):
            client = await connect("ws", ports)
            who = Principal(start.app.app_key, start.account.account_no)
            await client.sign_in(gateway.identity.issue_password(who))
            clients.append(client)
        yield clients[0], clients[1], runner
    finally:
        moving.cancel()
        await gateway.close()


async def test_a_subscription_to_many_boards_holds_nobody_up() -> None:
    async with two_clients() as (greedy, other, runner):
        symbols = sorted(runner.reference.instruments)[::12]
        tencent = pb.MultiSecurityRequest(symbol=[TENCENT])
        assert (await other.request(QUOTE, tencent)).status_code == 0
        everything = pb.SubscribeRequest(symbol=symbols, sub_type=[1, 2, 3, 4], is_first_push=True)
        probe = ReadinessProbe(runner, [one for one in symbols if one != TENCENT])
        answer = asyncio.create_task(greedy.request(SUBSCRIBE, everything))
        answered = 0
        while not answer.done():
            assert (await other.request(HEARTBEAT, b"here")).body == b"here"
            assert (await other.request(QUOTE, tencent)).status_code == 0
            answered += 1
        probe.stop()
        assert (await answer).status_code == 0
        assert answered >= 2, "the other client waited for the subscription"
        assert 1 <= probe.most_at_once <= BOARDS_PER_TURN_MAX
        assert probe.lost == set(), "time that goes on makes a board again"


async def test_first_pushes_of_everything_are_delivered() -> None:
    async with world("none") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        symbols = sorted(w.quotes.reference.instruments)[:500]
        for symbol in symbols:
            w.quotes.feed(depth(symbol, 1, ["100.1", "100.2"], ["99.9", "99.8"]))
        request = pb.SubscribeRequest(symbol=symbols, sub_type=[1, 2, 3, 4], is_first_push=True)
        assert (await client.request(SUBSCRIBE, request)).status_code == 0
        assert len(await client.wait_pushes(2 * len(symbols))) == 2 * len(symbols)
