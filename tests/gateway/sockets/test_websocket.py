"""The WebSocket transport: the upgrade, control frames, and what ends a connection how."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from portway.gateway.sockets.gate import Timing
from portway.gateway.sockets.link import binary_frame
from tests.gateway.clients import QUERY, WsClient, until
from tests.gateway.world import http_raw, world


@pytest.mark.parametrize(
    "path",
    [
        f"/?{QUERY}",
        f"/v2?{QUERY}",
        f"/any/path/at/all?{QUERY}",
        "/?codec=1&platform=9&version=1",
        f"/?version=9&platform=1&{QUERY}",
        f"/?token=abc&{QUERY}",
    ],
)
async def test_any_path_and_order_is_accepted_and_the_last_value_counts(path: str) -> None:
    async with world() as w:
        client = await WsClient.connect(w.ports.quote, path)
        await client.sign_in(w.password())


@pytest.mark.parametrize(
    "path", ["/", "/?version=1&codec=1", f"/?{QUERY}&version=2", "/?version=x&codec=1&platform=9"]
)
async def test_a_bad_handshake_is_answered_400(path: str) -> None:
    async with world() as w:
        with pytest.raises(InvalidStatus) as caught:
            await WsClient.connect(w.ports.quote, path)
        assert caught.value.response.status_code == 400


async def test_no_extension_and_no_subprotocol_is_selected() -> None:
    async with world() as w:
        raw = (
            f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: 9026ilx3BaH5mAuRnaFjhA==\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", w.ports.quote)
        writer.write(raw.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 101 " in head
        assert "extensions" not in head
        assert "protocol:" not in head
        writer.close()


async def test_a_plain_http_request_is_told_to_upgrade() -> None:
    async with world() as w:
        status, headers, _ = await http_raw(
            w.ports.quote, b"GET /?" + QUERY.encode() + b" HTTP/1.1\r\nhost: x\r\n\r\n"
        )
        assert (status, headers["upgrade"]) == (426, "websocket")


async def test_the_server_pings_and_echoes_the_payload_of_pings() -> None:
    async with world(timing=Timing(ping_s=0.1, sweep_s=0.05)) as w:
        client = await WsClient.connect(w.ports.quote)
        await client.sign_in(w.password())
        payload = bytes.fromhex("0880d0eab6b7331005")
        client.protocol.send_ping(payload)
        client._flush()
        async with asyncio.timeout(5):
            while client.pings < 3 or not getattr(client, "pongs", []):
                asked = client.send(1, b"x")
                await client.answer(asked)
                await asyncio.sleep(0.02)
        # Only what was asked for: an unsolicited pong ends official clients.
        assert client.pongs == [payload]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text", 1003),
        ("empty message", 4003),
        ("unknown type", 4003),
        ("truncated packet", 4003),
        ("not gzip", 4003),
        ("too large", 4003),
        ("far too large", 1009),
        ("unmasked", 1002),
        ("reserved bits", 1002),
    ],
)
async def test_what_breaks_the_rules_is_closed_with_its_code(name: str, code: int) -> None:
    async with world() as w:
        client, other = [await WsClient.connect(w.ports.quote) for _ in range(2)]
        await other.sign_in(w.password())
        match name:
            case "text":
                client.protocol.send_text(b"hello")
            case "empty message":
                client.protocol.send_binary(b"")
            case "unknown type":
                client.protocol.send_binary(b"\x07" + bytes(20))
            case "truncated packet":
                client.protocol.send_binary(b"\x01\x02\x00\x00\x00\x01\x13\x88\x00\x00\x21\x0a")
            case "not gzip":
                client.protocol.send_binary(b"\x21\x02\x00\x00\x00\x01\x13\x88\x00\x00\x02ab")
            case "too large":
                client.protocol.send_binary(
                    bytes((1, 2)) + bytes(6) + b"\x18\x00\x00" + bytes(0x180000)
                )
            case "far too large":
                client.protocol.send_binary(bytes(3 << 20))
            case "unmasked":
                client.writer.write(binary_frame(b"\x01\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00"))
            case "reserved bits":
                client.writer.write(b"\xf2\x80\x00\x00\x00\x00")
        client._flush()
        assert (await client.ended()).code == code
        assert (await other.request(8)).status_code == 0


async def test_a_fragmented_message_is_one_packet() -> None:
    async with world() as w:
        client = await WsClient.connect(w.ports.quote)
        packet = bytes.fromhex("0101000000050000000009") + bytes.fromhex("0880d0eab6b7331005")
        for index, byte in enumerate(packet):
            frame = Frame(
                Opcode.CONT if index else Opcode.BINARY,
                bytes((byte,)),
                fin=index == len(packet) - 1,
            )
            client.writer.write(frame.serialize(mask=True))
            if index == 3:  # control frames may stand between fragments
                client.writer.write(Frame(Opcode.PING, b"in between").serialize(mask=True))
        answer = await client.answer(5)
        assert answer.body == packet[11:]


async def test_endless_fragments_are_closed() -> None:
    async with world() as w:
        client = await WsClient.connect(w.ports.quote)
        client.writer.write(Frame(Opcode.BINARY, b"", fin=False).serialize(mask=True))
        client.writer.write(Frame(Opcode.CONT, b"", fin=False).serialize(mask=True) * 5000)
        assert (await client.ended()).code == 1009


async def test_a_flood_of_pings_that_reads_nothing_is_closed() -> None:
    async with world() as w:
        client = await WsClient.connect(w.ports.quote)
        other = await WsClient.connect(w.ports.quote)
        client.reader._transport.pause_reading()
        flood = Frame(Opcode.PING, bytes(125)).serialize(mask=True) * 2000
        try:
            while not w.gateway.stats.overflows:
                client.writer.write(flood)
                await asyncio.wait_for(client.writer.drain(), 10)
        except ConnectionError:
            pass  # the server has gone already
        await until(lambda: w.gateway.stats.overflows == 1)
        assert (await other.request(1, b"x")).body == b"x"
        client.drop()


async def test_a_clients_close_frame_is_answered_and_the_connection_ends() -> None:
    async with world() as w:
        client = await WsClient.connect(w.ports.quote)
        await client.sign_in(w.password())
        client.protocol.send_close(1000, "bye")
        client._flush()
        assert (await client.ended()).code == 1000
        await until(lambda: w.gateway.online == 0)
