"""A small OpenAPI service for the SDK's tests: real sockets, on a thread of its own.

HTTP hands out one-time passwords (to signed requests only), a WebSocket server answers the control
commands and what a test adds. What came in is recorded, so that a test can say what it expects on
the wire. Written on the wire layer and the `websockets` library: it shares nothing with the SDK's
own connection.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import Message
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from portway.openapi import Config
from portway.wire.packet import (
    RequestPacket,
    ResponsePacket,
    decode_packet,
    encode_push,
    encode_response,
)
from portway.wire.pb import control_pb2, quote_pb2
from portway.wire.signature import last_values, verify

APP_KEY, APP_SECRET, ACCESS_TOKEN = "key-0001", "secret-0001", "token-0001-0001-0001"
LATER_MS = 4_000_000_000_000
WAIT_SECONDS = 30.0


@dataclass
class Refusal:
    """A handler's answer with a non-zero status."""

    status: int
    code: int
    message: str


@dataclass
class Asked:
    """One request as it came in."""

    command: int
    request_id: int
    timeout_ms: int
    body: bytes
    connection: int


Handler = Callable[[RequestPacket], Message | Refusal | None]


class Peer:
    """The service; `with Peer() as peer`."""

    def __init__(self) -> None:
        self.asked: queue.Queue[Asked] = queue.Queue()
        self.http_asked: list[tuple[str, dict[str, str]]] = []
        self.upgrades: list[dict[str, str]] = []
        self.upgrade_paths: list[str] = []
        self.handlers: dict[int, Handler] = {
            2: self._auth,
            3: self._resume,
            4: lambda _: quote_pb2.UserQuoteProfileResponse(member_id=10001, quote_level="LV2"),
            6: lambda _: quote_pb2.SubscriptionResponse(),
            7: lambda _: quote_pb2.UnsubscribeResponse(),
        }
        self.sessions: set[str] = set()
        self.clock_ahead_s = 0.0
        self.http_sent: list[tuple[str, bytes]] = []
        self.http_answer: Callable[[str], tuple[int, bytes]] | None = None
        self.http_data: Callable[[str, str], Any] | None = None
        self.online, self.limit = 0, 10
        self._passwords = 0
        self._connections: dict[int, ServerConnection] = {}
        self._connected = threading.Event()
        self._count = 0
        self._loop = asyncio.new_event_loop()
        self._server: Any = None
        self._ws_port = 0
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._http_handler())
        self._http.daemon_threads = True
        self._http_thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    # ------------------------------------------------------------------------------- life

    def __enter__(self) -> Peer:
        self._thread.start()
        self._http_thread.start()
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._http.shutdown()
        self._http.server_close()
        self._http_thread.join()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self) -> None:
        """Listen; on the same port as before after a `stop`."""
        self._run(self._start())

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self._run(self._stop())

    def config(self, **changes: Any) -> Config:
        settings: dict[str, Any] = {
            "http_url": self.http_url,
            "quote_ws_url": self.ws_url,
            "trade_ws_url": self.ws_url,
            "timeout_s": 15.0,
            "as_longport": False,
            **changes,
        }
        return Config(APP_KEY, APP_SECRET, ACCESS_TOKEN, **settings)

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._ws_port}/v2"

    # ------------------------------------------------------------------------- what tests do

    def next_asked(self, command: int) -> Asked:
        """The next request of this command; others before it are passed over."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            asked = self.asked.get(timeout=max(0.01, until - time.monotonic()))
            if asked.command == command:
                return asked

    def push(self, command: int, message: Message) -> None:
        self.send(encode_push(command, message.SerializeToString()))

    def push_soon(self, command: int, message: Message) -> None:
        """Push from a handler, after its answer."""
        data = encode_push(command, message.SerializeToString())
        self._loop.call_later(0.01, lambda: self._loop.create_task(self._send(data)))

    def send(self, data: bytes | str) -> None:
        """Send a raw WebSocket message to every client."""
        self._run(self._send(data))

    def send_all(self, messages: list[bytes]) -> None:
        self._run(self._send_all(messages))

    def ping(self, payload: bytes) -> None:
        """Return when every client has answered a ping with what it carried."""
        self._run(self._ping(payload))

    def close_connections(self, code: int = 1001, reason: str = "") -> None:
        self._run(self._close(code, reason))

    def wait_for_connection(self) -> None:
        """Return when a client is connected, or after a moment."""
        self._connected.wait(0.05)

    def cut_connections(self) -> None:
        """End every connection without a close frame."""
        self._run(self._cut())

    @property
    def connections(self) -> int:
        return len(self._connections)

    def passwords(self) -> int:
        """How many one-time passwords were handed out."""
        return self._passwords

    # ----------------------------------------------------------------------------- WebSocket

    async def _start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", self._ws_port, ping_interval=None, compression=None,
            max_size=None, close_timeout=1,
        )  # fmt: skip
        self._ws_port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        self._count += 1
        number = self._count
        assert connection.request is not None
        self.upgrades.append(dict(connection.request.headers.raw_items()))
        self.upgrade_paths.append(connection.request.path)
        self._connections[number] = connection
        self._connected.set()
        try:
            async for message in connection:
                assert isinstance(message, bytes)
                await self._answer(connection, number, message)
        except ConnectionClosed:
            pass
        finally:
            del self._connections[number]
            if not self._connections:
                self._connected.clear()

    async def _answer(self, connection: ServerConnection, number: int, message: bytes) -> None:
        packet = decode_packet(message)
        assert isinstance(packet, RequestPacket)
        asked = Asked(packet.cmd_code, packet.request_id, packet.timeout_ms, packet.body, number)
        self.asked.put(asked)
        answer = self.handlers[packet.cmd_code](packet)
        if answer is not None:
            await connection.send(encode_response(response_to(packet, answer)))

    async def _send(self, data: bytes | str) -> None:
        for connection in list(self._connections.values()):
            await connection.send(data)

    async def _ping(self, payload: bytes) -> None:
        for connection in list(self._connections.values()):
            await (await connection.ping(payload))

    async def _send_all(self, messages: list[bytes]) -> None:
        for message in messages:
            await self._send(message)

    async def _close(self, code: int, reason: str) -> None:
        for connection in list(self._connections.values()):
            await connection.close(code, reason)

    async def _cut(self) -> None:
        for connection in list(self._connections.values()):
            connection.transport.abort()

    def _auth(self, packet: RequestPacket) -> Message | Refusal:
        request = control_pb2.AuthRequest.FromString(packet.body)
        if request.token != f"otp-{self._passwords}":
            return Refusal(5, 401004, "token invalid")
        session = f"session-{len(self.sessions) + 1}"
        self.sessions.add(session)
        return control_pb2.AuthResponse(session_id=session, expires=LATER_MS, limit=10, online=1)

    def _resume(self, packet: RequestPacket) -> Message | Refusal:
        request = control_pb2.ReconnectRequest.FromString(packet.body)
        if request.session_id not in self.sessions:
            return Refusal(5, 401003, "token expired")
        session = f"session-{len(self.sessions) + 1}"
        self.sessions.add(session)
        return control_pb2.ReconnectResponse(session_id=session, expires=LATER_MS)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    # ---------------------------------------------------------------------------------- HTTP

    def _http_handler(peer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handle(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._handle(b"")

            def do_POST(self) -> None:
                self._handle(self.rfile.read(int(self.headers.get("content-length") or 0)))

            do_PUT = do_POST  # noqa: N815
            do_DELETE = do_POST  # noqa: N815

            def _handle(self, body: bytes) -> None:
                pairs = [(k.encode(), v.encode()) for k, v in self.headers.items()]
                path, _, query = self.path.partition("?")
                headers = {k: v.decode() for k, v in last_values(pairs).items()}
                peer.http_asked.append((f"{self.command} {self.path}", headers))
                peer.http_sent.append((f"{self.command} {self.path}", body))
                if not verify(self.command, path, query, body, last_values(pairs), APP_SECRET):
                    return self._reply(403, envelope(403201, "signature invalid", None))
                if peer.http_data is not None and path != "/v1/socket/token":
                    data = peer.http_data(self.command, self.path)
                    return self._reply(200, envelope(0, "success", data))
                if peer.http_answer is not None:
                    return self._reply(*peer.http_answer(self.path))
                peer._passwords += 1
                token = {
                    "otp": f"otp-{peer._passwords}",
                    "limit": peer.limit,
                    "online": peer.online,
                }
                return self._reply(200, envelope(0, "success", token))

            def _reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("x-trace-id", "trace-0001")
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + peer.clock_ahead_s)

            def log_message(self, *_: object) -> None:
                pass

        return Handle


def envelope(code: int, message: str, data: object) -> bytes:
    return json.dumps({"code": code, "message": message, "data": data}).encode()


def response_to(packet: RequestPacket, answer: Message | Refusal) -> ResponsePacket:
    if isinstance(answer, Refusal):
        body = control_pb2.Error(code=answer.code, msg=answer.message).SerializeToString()
        return ResponsePacket(packet.cmd_code, packet.request_id, answer.status, body)
    return ResponsePacket(packet.cmd_code, packet.request_id, 0, answer.SerializeToString())


def quote_push(symbol: str = "700.HK", **fields: Any) -> quote_pb2.PushQuote:
    """A complete pushed quote, changed by `fields`."""
    values: dict[str, Any] = {
        "sequence": 1, "last_done": "612.500", "open": "610.000", "high": "615.000",
        "low": "608.500", "timestamp": 1767232800, "volume": 1234500,
        "turnover": "756131250.000", "current_volume": 200, "current_turnover": "122500.000",
        **fields,
    }  # fmt: skip
    return quote_pb2.PushQuote(symbol=symbol, **values)


def answer_static_info(packet: RequestPacket) -> quote_pb2.SecurityStaticInfoResponse:
    symbols = quote_pb2.MultiSecurityRequest.FromString(packet.body).symbol
    rows = [
        quote_pb2.StaticInfo(symbol=symbol, name_en="TENCENT", lot_size=100) for symbol in symbols
    ]
    return quote_pb2.SecurityStaticInfoResponse(secu_static_info=rows)


def answer_quotes(packet: RequestPacket) -> quote_pb2.SecurityQuoteResponse:
    symbols = quote_pb2.MultiSecurityRequest.FromString(packet.body).symbol
    rows = [quote_pb2.SecurityQuote(symbol=symbol, last_done="612.500") for symbol in symbols]
    return quote_pb2.SecurityQuoteResponse(secu_quote=rows)
