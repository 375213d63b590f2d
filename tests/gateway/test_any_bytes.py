"""Any bytes on any port: a defined close or a coded answer, and a server that goes on for others.

The world fails a test when an exception goes unhandled or is answered as a defect. `make fuzz`
runs these longer.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import struct
from itertools import pairwise

import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.gateway.sockets.gate import Timing
from portway.wire.commands import COMMANDS, Channel
from portway.wire.packet import RequestPacket, encode_request
from portway.wire.pb import control_pb2, quote_pb2
from tests.gateway.clients import QUERY, TcpClient, WsClient, connect
from tests.gateway.world import World, http, world

pytestmark = pytest.mark.fuzz

DRAWN = settings.get_profile(settings.get_current_profile_name()).max_examples
EXAMPLES = DRAWN if DRAWN > 1000 else 40  # each one starts a server
PORTS = ("http", "quote", "trade", "quote_tcp", "trade_tcp")
UPGRADE = (
    f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: 9026ilx3BaH5mAuRnaFjhA==\r\n\r\n"
).encode()
AUTH = encode_request(
    RequestPacket(2, 1, 5000, control_pb2.AuthRequest(token="x").SerializeToString())
)


def masked(payload: bytes, opcode: int = 2) -> bytes:
    head = bytes((0x80 | opcode,))
    if len(payload) < 126:
        head += bytes((0x80 | len(payload),))
    else:
        head += b"\xfe" + struct.pack(">H", len(payload))
    return head + bytes(4) + payload


seeds = st.sampled_from(
    [
        UPGRADE,
        UPGRADE + masked(AUTH),
        UPGRADE + masked(b"hello", opcode=1),
        UPGRADE + masked(bytes(125), opcode=9),
        b"\x11\x09" + AUTH,
        b"\x11\x09" + AUTH * 3,
        b"GET /v1/trade/order/today? HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\n\r\n",
        b"POST /v1/trade/order HTTP/1.1\r\ncontent-length: 10\r\n\r\n{}",
        b"POST /v1/trade/order HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n",
        b"\x11\x09"
        + bytes((0x21, 2))
        + bytes(6)
        + b"\x00\x00\x20"
        + gzip.compress(bytes(9999))[:32],
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Chunks of noise, or of something true that was cut, doubled and changed."""
    if draw(st.booleans()):
        return draw(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
    data = bytearray(draw(seeds))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "change", "insert", "double"])):
            case "cut":
                del data[place : place + draw(st.integers(1, 20))]
            case "change" if place < len(data):
                data[place] = draw(st.integers(0, 255))
            case "insert":
                data[place:place] = draw(st.binary(max_size=20))
            case "double":
                data += data[place:]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    edges = [0, *cuts, len(data)]
    return [bytes(data[a:b]) for a, b in pairwise(edges)]


async def still_serves(w: World) -> None:
    """Every listener takes a new client and answers it."""
    assert (await http(w.ports.http, "GET", "/healthz", {}))[0] == 200
    for channel in Channel:
        for kind in ("ws", "tcp"):
            client = await connect(kind, w.ports, channel)
            assert (await client.request(1, b"alive")).body == b"alive"
            client.drop()


@settings(max_examples=EXAMPLES)
@given(port=st.sampled_from(PORTS), chunks=streams())
def test_any_bytes_end_in_an_answer_or_a_close(port: str, chunks: list[bytes]) -> None:
    async def run() -> None:
        async with world(timing=Timing(sign_in_s=0.05, sweep_s=0.02)) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", getattr(w.ports, port))
            for chunk in chunks:
                writer.write(chunk)
                await asyncio.sleep(0)
            if port == "http":
                writer.write_eof()
            try:
                async with asyncio.timeout(10):
                    while await reader.read(65536):
                        pass
            except ConnectionError:
                pass  # the other side may reset while there are bytes on the way
            writer.close()
            await still_serves(w)

    asyncio.run(run())


@settings(max_examples=EXAMPLES)
@given(
    kind=st.sampled_from(["ws", "tcp"]),
    channel=st.sampled_from(Channel),
    seed=st.integers(0, 2**32),
    count=st.integers(1, 30),
)
def test_any_commands_after_sign_in_are_answered_each_once(
    kind: str, channel: Channel, seed: int, count: int
) -> None:
    """Half of the bodies are real messages with random fields, half are noise."""
    chance = random.Random(seed)

    async def run() -> None:
        async with world("none") as w:
            client = await connect(kind, w.ports, channel)
            await client.sign_in(w.password())
            sent = []
            for _ in range(count):
                command = chance.choice([*COMMANDS[channel], *range(256)])
                if command in (1, 2, 3):
                    continue
                sent.append(client.send(command, random_body(chance, channel, command)))
            for request_id in sent:
                answer = await client.answer(request_id)
                assert answer.status_code in (0, 3, 7)
                if answer.status_code:
                    error = control_pb2.Error.FromString(answer.body)
                    assert error.code in range(301600, 301608)
                    assert error.code != 301602, "a defect was answered"
                    assert error.msg
            assert not client.answers
            await still_serves(w)

    asyncio.run(run())


def random_body(chance: random.Random, channel: Channel, command: int) -> bytes:
    row = COMMANDS[channel].get(command)
    if row is None or chance.random() < 0.3:
        return chance.randbytes(chance.randrange(60))
    message = row.request()
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.2:
            continue
        values = [_value(chance, field) for _ in range(chance.randrange(1, 4))]
        if field.message_type is not None:
            continue
        if field.is_repeated:
            getattr(message, field.name).extend(values)
        else:
            setattr(message, field.name, values[0])
    if isinstance(message, quote_pb2.SecurityHistoryCandlestickRequest):
        message.offset_request.count = chance.choice([0, 1, 1000, -1, 5000])
        message.offset_request.date = chance.choice(["", "20260105", "20300101", "00010101"])
        message.offset_request.minute = chance.choice(["", "0935", "99:99"])
        message.date_request.start_date = chance.choice(["", "20251230", "99991231", "00000000"])
        message.date_request.end_date = chance.choice(["", "20260105", "19000101"])
    return message.SerializeToString()


SYMBOLS = ["700.HK", "AAPL.US", "600519.SH", "1.HK", "x", "", "HK", "20260105", "é.HK", "HSI.HK"]
NUMBERS = [0, 1, 2, 3, 4, 5, 10, 60, 100, 1000, 2000, 4000, 1001, -1, 2**31 - 1, -(2**31)]


def _value(chance: random.Random, field: FieldDescriptor) -> object:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(8)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return chance.choice(SYMBOLS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    return chance.choice(NUMBERS)


@settings(max_examples=EXAMPLES)
@given(cuts=st.lists(st.integers(1, 400), max_size=12))
def test_frames_split_and_merged_anyhow_mean_the_same(cuts: list[int]) -> None:
    async def run() -> None:
        async with world("none") as w:
            packets = [encode_request(RequestPacket(8, i, 0, b"")) for i in range(50, 60)]
            auth = control_pb2.AuthRequest(token=w.password()).SerializeToString()
            first = encode_request(RequestPacket(2, 49, 0, auth))
            tcp = await TcpClient.connect(w.ports.quote_tcp, b"")
            await write_cut(tcp.writer, b"\x11\x09" + first + b"".join(packets), cuts)
            ws = await WsClient.connect(w.ports.quote)
            auth = control_pb2.AuthRequest(token=w.password()).SerializeToString()
            first = encode_request(RequestPacket(2, 49, 0, auth))
            await write_cut(ws.writer, b"".join(masked(one) for one in [first, *packets]), cuts)
            for client in (tcp, ws):
                for request_id in range(49, 60):
                    assert (await client.answer(request_id)).status_code == 0

    asyncio.run(run())


async def write_cut(writer: asyncio.StreamWriter, data: bytes, cuts: list[int]) -> None:
    for cut in cuts:
        writer.write(data[:cut])
        data = data[cut:]
        await asyncio.sleep(0)
    writer.write(data)
