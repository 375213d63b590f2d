"""Mutated frames by the hundred thousand: packets or named errors, answers or closes, flat memory.

Three ways: against the parsers alone; as requests with damaged bodies on connections that have
signed in; as damaged streams on both transports. Whatever comes, no exception goes unhandled, none
is answered as a defect (the world sees to both), what the server holds does not grow, and a client
with a socket of its own is served meanwhile. `make test` sends 200,000, the same on each run;
`make fuzz` 5,000,000 new ones, from a seed that a failure names (PORTWAY_FUZZ_SEED repeats it).
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random

import pytest
from google.protobuf.message import DecodeError
from hypothesis import settings

from portway.gateway.sockets.tcp import TcpLink
from portway.gateway.sockets.websocket import WebSocketLink
from portway.wire.commands import COMMANDS, Channel
from portway.wire.connection import Connection, Side, decode_message
from portway.wire.errors import ProtocolError
from portway.wire.handshake import decode_tcp_handshake, parse_websocket_query, websocket_query
from portway.wire.packet import (
    PUSH_HEAD_BYTES,
    PacketSignature,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    decode_packet,
    encode_packet,
    encode_push,
    encode_request,
    push_heads,
)
from portway.wire.pb import control_pb2, quote_pb2
from tests.fuzz.memory import Footprint, MemoryTransport, mutated
from tests.gateway.clients import SocketClient, connect
from tests.gateway.test_any_bytes import UPGRADE, masked, random_body
from tests.gateway.world import World, world

pytestmark = pytest.mark.fuzz

IS_LONG = settings.get_current_profile_name() == "fuzz"
SHARDS = 4
FRAMES = (5_000_000 if IS_LONG else 200_000) // SHARDS
BURST = 50  # frames on one connection
PARSED, BODIES, STREAMS = 0.60, 0.36, 0.04  # shares of the three ways
HEARTBEAT = 1


def seed_of(shard: int) -> int:
    """Fixed in `make test`, new in `make fuzz`."""
    given = os.environ.get("PORTWAY_FUZZ_SEED")
    return int(given) if given else random.SystemRandom().randrange(2**32) if IS_LONG else shard


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_mutated_frames_end_in_answers_or_closes_and_leave_nothing_behind(
    shard: int,
) -> None:
    seed = seed_of(shard)
    chance = random.Random(seed)
    print(f"PORTWAY_FUZZ_SEED={seed}")  # shown with a failure
    async with world("none") as w:
        beside = await connect("ws", w.ports)
        await beside.sign_in(w.password())
        tenth = FRAMES // 10
        baseline = None
        for part in range(10):
            parse(chance, int(tenth * PARSED))
            await send_bodies(w, chance, int(tenth * BODIES))
            await send_streams(w, chance, int(tenth * STREAMS))
            await is_served(beside)
            await forget_all(w)
            if part == 1:  # caches are warm
                baseline = Footprint()
        assert baseline is not None
        Footprint().assert_flat_since(baseline)


# ------------------------------------------------------------------------------------ parsers


def corpus() -> list[bytes]:
    """One whole packet of each kind and flag."""
    quote = quote_pb2.PushQuote(symbol="700.HK", sequence=5, last_done="600.000", volume=100)
    body, signed = quote.SerializeToString(), PacketSignature(7, bytes(16))
    auth = control_pb2.AuthRequest(token="x", metadata={"a": "b"}).SerializeToString()
    return [
        encode_push(101, body),
        encode_packet(PushPacket(101, body * 40, signed), 1),
        encode_packet(ResponsePacket(11, 3, 0, body * 30), 1),
        encode_packet(ResponsePacket(11, 3, 3, body, signed)),
        encode_packet(RequestPacket(2, 1, 5000, auth)),
        encode_packet(RequestPacket(6, 9, 0, body * 20, signed), 1),
        b"\x23\x65" + b"\x00\x00\x40" + gzip.compress(bytes(100_000))[:64],
    ]


PACKETS = corpus()
MESSAGES = (quote_pb2.PushQuote, quote_pb2.PushDepth, control_pb2.AuthRequest)
QUERY = websocket_query().encode()
HEADS = {head: length for command in range(256) for head, length in push_heads(command)}


def parse(chance: random.Random, count: int) -> None:
    """The parsers of both sides, without a connection."""
    for _ in range(count):
        data = mutated(chance, chance.choice(PACKETS))
        try:
            match chance.randrange(8):
                case 0 | 1:
                    body = decode_packet(data, 1 << 20).body
                    chance.choice(MESSAGES).FromString(body)
                case 2:
                    decode_message(data, 1 << 20)
                case 3:
                    length = HEADS.get(data[:4])
                    if length is not None and len(data) > 4 and length + data[4] == len(data):
                        assert decode_packet(data) == PushPacket(data[1], data[PUSH_HEAD_BYTES:])
                case 4:
                    parse_websocket_query(mutated(chance, QUERY))
                case 5:
                    decode_tcp_handshake(data[:2].ljust(2, b"\0"))
                case _:
                    stream(chance, data)
        except (ProtocolError, DecodeError):
            continue


def stream(chance: random.Random, data: bytes) -> None:
    """A byte stream in two pieces, with the same result as in one."""
    side = chance.choice((Side.CLIENT, Side.SERVER))
    data = b"\x11\x09" + data if side is Side.SERVER else data
    cut = chance.randrange(len(data) + 1)
    results = []
    for pieces in ((data,), (data[:cut], data[cut:])):
        connection, taken, error = Connection(side, body_bytes_max=1 << 20), 0, ""
        try:
            for piece in pieces:
                connection.receive_data(piece)
                while packets := connection.packets_received():
                    taken += len(packets)
        except ProtocolError as found:
            error = type(found).__name__
        results.append((taken, error))
        assert connection.buffered_bytes <= len(data)
    assert results[0] == results[1], "the cut changed what was understood"


# --------------------------------------------------------------------------------- connections


LINKS = {"ws": WebSocketLink, "tcp": TcpLink}


class Peer:
    """One connection in memory, of either transport, from the accept on."""

    def __init__(self, w: World, kind: str, channel: Channel) -> None:
        gate = w.gateway.quote_gate if channel is Channel.QUOTE else w.gateway.trade_gate
        self.kind = kind
        self.transport = MemoryTransport(gate.accept(LINKS[kind]))
        self.transport.feed(UPGRADE if kind == "ws" else b"\x11\x09")

    def framed(self, packet: bytes) -> bytes:
        return masked(packet) if self.kind == "ws" else packet

    async def sign_in(self, w: World) -> None:
        auth = control_pb2.AuthRequest(token=w.password()).SerializeToString()
        self.transport.feed(self.framed(encode_request(RequestPacket(2, 1, 0, auth))))
        while b"\x02\x02\x00\x00\x00\x01" not in self.transport.written:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await self.settled()

    async def settled(self) -> None:
        """Until the server reads on, or has closed, and what it had to say is written."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while not self.transport.reading and not self.transport.ended:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def is_alive(self, chance: random.Random) -> bool:
        """Whether a heartbeat is answered with its own body."""
        body = chance.randbytes(9)
        self.transport.written.clear()
        self.transport.feed(self.framed(encode_request(RequestPacket(HEARTBEAT, 2, 0, body))))
        await self.settled()
        return body in self.transport.written


async def send_bodies(w: World, chance: random.Random, count: int) -> None:
    """Requests with whole headers, damaged bodies and any command: the connection is kept."""
    for first in range(0, count, BURST):
        kind, channel = chance.choice(("ws", "tcp")), chance.choice(list(Channel))
        peer = Peer(w, kind, channel)
        await peer.sign_in(w)
        for number in range(first, min(first + BURST, count)):
            command = chance.choice([*COMMANDS[channel], chance.randrange(256)])
            if command in (2, 3):
                command = 4
            body = mutated(chance, random_body(chance, channel, command))
            packet = encode_request(RequestPacket(command, number + 3, 0, body))
            peer.transport.feed(peer.framed(packet))
            if not peer.transport.reading:
                await peer.settled()
        await peer.settled()
        assert await peer.is_alive(chance), "a damaged body cost the connection"
        peer.transport.hang_up()


async def send_streams(w: World, chance: random.Random, count: int) -> None:
    """Damaged headers and frames, signed in or not: answered as far as understood, then closed."""
    for number in range(count):
        kind, channel = chance.choice(("ws", "tcp")), chance.choice(list(Channel))
        peer = Peer(w, kind, channel)
        if number % 4 == 0:
            await peer.sign_in(w)
        packet = chance.choice(PACKETS)
        data = (
            mutated(chance, peer.framed(packet))
            if chance.random() < 0.5
            else peer.framed(mutated(chance, packet))
        )
        cut = chance.randrange(len(data) + 1)
        peer.transport.feed(data[:cut])
        peer.transport.feed(data[cut:])
        if number % 20 == 0:
            await peer.settled()
        peer.transport.hang_up()


async def is_served(client: SocketClient) -> None:
    """The client beside it all gets its answers."""
    assert (await client.request(HEARTBEAT, b"alive")).body == b"alive"
    request = quote_pb2.MultiSecurityRequest(symbol=["700.HK"])
    answer = await client.request(11, request)
    assert [
        one.symbol for one in quote_pb2.SecurityQuoteResponse.FromString(answer.body).secu_quote
    ]


async def forget_all(w: World) -> None:
    """Let what the last connections left to do be done; empty the store that stands for a disk."""
    while w.gateway.online > 1:  # noqa: ASYNC110
        await asyncio.sleep(0)
    w.identity.sessions.clear()
