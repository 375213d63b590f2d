"""The raw TCP transport: handshake, stream, close push."""

from __future__ import annotations

import asyncio

import pytest

from portway.wire.packet import RequestPacket, encode_request
from portway.wire.pb import control_pb2
from tests.gateway.clients import TcpClient, until
from tests.gateway.world import world


async def test_handshake_and_sign_in_may_come_in_one_segment_or_byte_by_byte() -> None:
    async with world() as w:
        for cut in (1000, 1):
            client = await TcpClient.connect(w.ports.quote_tcp, handshake=b"")
            auth = control_pb2.AuthRequest(token=w.password()).SerializeToString()
            stream = b"\x11\x09" + encode_request(RequestPacket(2, 77, 0, auth))
            for start in range(0, len(stream), cut):
                client.writer.write(stream[start : start + cut])
                await client.writer.drain()
            assert (await client.answer(77)).status_code == 0


@pytest.mark.parametrize("handshake", [b"\x12\x09", b"\x21\x09", b"\x11\x08", b"\x00\x00", b"GE"])
async def test_a_bad_handshake_gets_a_close_push(handshake: bytes) -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp, handshake)
        closed = await client.ended()
        assert closed.code == control_pb2.Close.UnpackError
        assert closed.reason


async def test_the_reserved_bits_of_the_handshake_are_ignored() -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp, b"\x11\xf9")
        await client.sign_in(w.password())


async def test_a_broken_stream_gets_a_close_push_after_the_answers_before_it() -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp)
        good = encode_request(RequestPacket(1, 5, 0, b"still answered"))
        client.writer.write(good + b"\x0f\xff\xff")
        closed = await client.ended()
        assert closed.code == control_pb2.Close.UnpackError
        assert client.answers[5].body == b"still answered"


async def test_a_body_over_the_limit_is_refused_by_its_announced_length() -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp)
        client.writer.write(bytes((1, 1)) + bytes(6) + b"\xff\xff\xff")
        assert (await client.ended()).code == control_pb2.Close.UnpackError


async def test_signed_packets_are_read_past_their_signature() -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp)
        head = bytes((0x11, 1)) + (9).to_bytes(4, "big") + bytes(2) + (1).to_bytes(3, "big")
        client.writer.write(
            head + b"x" + bytes(24) + head.replace(b"\x09", b"\x0a") + b"y" + bytes(24)
        )
        assert (await client.answer(9)).body == b"x"
        assert (await client.answer(10)).body == b"y"


async def test_a_flood_of_requests_that_reads_no_answer_is_closed() -> None:
    async with world() as w:
        client = await TcpClient.connect(w.ports.quote_tcp)
        client.reader._transport.pause_reading()
        flood = encode_request(RequestPacket(1, 1, 0, bytes(1000))) * 500
        try:
            while not w.gateway.stats.overflows:
                client.writer.write(flood)
                await asyncio.wait_for(client.writer.drain(), 10)
        except ConnectionError:
            pass  # the server has gone already
        await until(lambda: w.gateway.stats.overflows == 1)
        client.drop()
