"""Socket clients that speak in bytes: WebSocket and raw TCP, one face for both."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from portway.wire.commands import Channel
from portway.wire.packet import (
    Packet,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    decode_packet,
    encode_request,
    packet_length,
)
from portway.wire.pb import control_pb2

WAIT_S = 10.0
QUERY = "version=1&codec=1&platform=9"


class Closed(Exception):
    """The server ended the connection.

    Attributes:
        code: Of the close frame or the CLOSE push; None when there was neither.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class SocketClient:
    """What both transports share: requests, answers by id, pushes in a list."""

    def __init__(self) -> None:
        self.pushes: list[PushPacket] = []
        self.answers: dict[int, ResponsePacket] = {}
        self._next_id = 0
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def read_packet(self) -> Packet:
        raise NotImplementedError

    def write_packet(self, data: bytes) -> None:
        raise NotImplementedError

    async def request(
        self, cmd_code: int, message: Message | bytes = b"", timeout_ms: int = 30_000
    ) -> ResponsePacket:
        """Send a request and wait for its answer; pushes on the way are kept."""
        request_id = self.send(cmd_code, message, timeout_ms)
        return await self.answer(request_id)

    def send(self, cmd_code: int, message: Message | bytes = b"", timeout_ms: int = 0) -> int:
        self._next_id += 1
        body = message if isinstance(message, bytes) else message.SerializeToString()
        self.write_packet(encode_request(RequestPacket(cmd_code, self._next_id, timeout_ms, body)))
        return self._next_id

    async def answer(self, request_id: int) -> ResponsePacket:
        async with asyncio.timeout(WAIT_S):
            while request_id not in self.answers:
                await self.take()
        return self.answers.pop(request_id)

    async def take(self) -> None:
        """Read one packet into its place."""
        packet = await self.read_packet()
        if isinstance(packet, ResponsePacket):
            self.answers[packet.request_id] = packet
        elif isinstance(packet, PushPacket):
            self.pushes.append(packet)
        else:
            raise AssertionError("a server never sends requests")

    async def wait_pushes(self, count: int) -> list[PushPacket]:
        """Wait until `count` pushes have arrived; take and return them."""
        async with asyncio.timeout(WAIT_S):
            while len(self.pushes) < count:
                await self.take()
        taken, self.pushes = self.pushes[:count], self.pushes[count:]
        return taken

    async def sign_in(self, password: str, **metadata: str) -> control_pb2.AuthResponse:
        message = control_pb2.AuthRequest(token=password, metadata=metadata)
        answer = await self.request(2, message)
        assert answer.status_code == 0, error_of(answer)
        return control_pb2.AuthResponse.FromString(answer.body)

    async def ended(self) -> Closed:
        """Wait for the end of the connection and say how it came."""
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    await self.take()
        except Closed as closed:
            return closed

    def drop(self) -> None:
        """End the TCP connection, as clients do."""
        self.writer.transport.abort()


class TcpClient(SocketClient):
    @classmethod
    async def connect(cls, port: int, handshake: bytes = b"\x11\x09") -> TcpClient:
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(handshake)
        return self

    def write_packet(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_packet(self) -> Packet:
        try:
            head = await self.reader.readexactly(5)
            while (length := packet_length(head)) is None:
                head += await self.reader.readexactly(1)
            packet = decode_packet(head + await self.reader.readexactly(length - len(head)))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed(None, "the stream ended") from None
        if isinstance(packet, PushPacket) and packet.cmd_code == 0:
            close = control_pb2.Close.FromString(packet.body)
            raise Closed(close.code, close.reason)
        return packet


class WsClient(SocketClient):
    """A WebSocket client on the sans-I/O protocol of the `websockets` library."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.protocol: ClientProtocol
        self.pings = 0

    @classmethod
    async def connect(
        cls, port: int, path: str = f"/v2?{QUERY}", headers: dict[str, str] | None = None
    ) -> WsClient:
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}{path}"), max_size=None)
        request = self.protocol.connect()
        for name, value in (headers or {}).items():
            request.headers[name] = value
        self.protocol.send_request(request)
        self._flush()
        async with asyncio.timeout(WAIT_S):
            while self.protocol.state.name == "CONNECTING":
                await self._read()
                if self.protocol.handshake_exc is not None:
                    raise self.protocol.handshake_exc
        return self

    def write_packet(self, data: bytes) -> None:
        self.protocol.send_binary(data)
        self._flush()

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.writer.write(data)

    async def _read(self) -> None:
        data = await self.reader.read(65536)
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            if isinstance(event, Frame):
                self.frames.append(event)
        self._flush()
        if not data and not self.frames:
            raise Closed(self.protocol.close_rcvd.code if self.protocol.close_rcvd else None, "")

    async def read_packet(self) -> Packet:
        while True:
            if not self.frames:
                try:
                    await self._read()
                except (ConnectionError, asyncio.IncompleteReadError):
                    raise Closed(None, "reset") from None
                continue
            frame = self.frames.pop(0)
            match frame.opcode:
                case Opcode.BINARY:
                    assert frame.fin, "a server sends whole messages"
                    data = bytes(frame.data)
                    packet = decode_packet(data)
                    assert packet_length(data) == len(data), "one packet per message"
                    return packet
                case Opcode.CLOSE:
                    code = struct.unpack(">H", frame.data[:2])[0] if frame.data else None
                    raise Closed(code, bytes(frame.data[2:]).decode())
                case Opcode.PING:
                    self.pings += 1
                case Opcode.PONG:
                    self.pongs: list[bytes] = [*getattr(self, "pongs", []), bytes(frame.data)]
                case other:
                    raise AssertionError(f"a frame that breaks clients: {other}")


async def until(condition: Callable[[], object]) -> None:
    """Let the server go on until a figure of it is what the test waits for."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - a figure tells nobody that it changed
            await asyncio.sleep(0.002)


async def connect(kind: str, ports: Any, channel: Channel = Channel.QUOTE) -> SocketClient:
    """Open a connection of either transport."""
    if kind == "tcp":
        return await TcpClient.connect(
            ports.quote_tcp if channel is Channel.QUOTE else ports.trade_tcp
        )
    return await WsClient.connect(ports.quote if channel is Channel.QUOTE else ports.trade)


def error_of(answer: ResponsePacket) -> tuple[int, int]:
    """Status and business code of a refusal."""
    return answer.status_code, control_pb2.Error.FromString(answer.body).code
