"""The service of the SDK's benchmarks: signs anybody in, then pushes frames made beforehand.

`feeder.py COUNT RATE`: prints its ports, and pushes COUNT frames after a subscription, all at once
(RATE 0: the kernel's socket buffer is the only brake) or at RATE a second, each stamped with the
sender's clock. It also answers pulls and orders at once. Frames are encoded before the first
connection, so that it is not the limit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from portway.wire.packet import ResponsePacket, decode_packet, encode_push, encode_response
from portway.wire.pb import control_pb2 as control
from portway.wire.pb import quote_pb2 as pb

COUNT, RATE = int(sys.argv[1]), int(sys.argv[2])
SYMBOLS = 100
CHUNK = 500  # frames in one write; answers go between
PARTIAL = 0.1  # of the pushes leave fields out, as the service's do


def push(number: int, chance: random.Random) -> pb.PushQuote:
    price = f"{500 + chance.randint(-500, 500) / 100:.3f}"
    message = pb.PushQuote(
        symbol=f"{number % SYMBOLS + 1}.HK", sequence=number + 1, last_done=price,
        timestamp=1767600000 + number // 1000, volume=1_000_000 + number,
        turnover=f"{500_000_000 + number * 100}.000", current_volume=100,
        current_turnover="50000.000",
    )  # fmt: skip
    if chance.random() >= PARTIAL:
        message.open, message.high, message.low = "500.000", "505.000", "495.000"
    return message


def frame(payload: bytes) -> bytes:
    length = len(payload)
    head = bytes([0x82, length]) if length < 126 else b"\x82\x7e" + struct.pack(">H", length)
    return head + payload


def frames() -> list[bytes]:
    chance = random.Random(7)
    last = pb.PushQuote(symbol="END.HK", last_done="1", volume=1)
    rows = [frame(encode_push(101, push(n, chance).SerializeToString())) for n in range(COUNT)]
    return [*rows, frame(encode_push(101, last.SerializeToString()))]


def answer(packet: object, client: socket.socket, writing: threading.Lock) -> bool:
    """Answer a request; true if it was a subscription."""
    command, body = packet.cmd_code, b""  # type: ignore[attr-defined]
    if command == 2:
        body = control.AuthResponse(session_id="s", expires=4 * 10**12).SerializeToString()
    elif command == 4:
        body = pb.UserQuoteProfileResponse(member_id=1, quote_level="LV2").SerializeToString()
    elif command == 11:
        rows = [pb.SecurityQuote(symbol="700.HK", last_done="500.000", open="1", high="1", low="1")]
        body = pb.SecurityQuoteResponse(secu_quote=rows).SerializeToString()
    response = ResponsePacket(command, packet.request_id, 0, body)  # type: ignore[attr-defined]
    with writing:
        client.sendall(frame(encode_response(response)))
    return bool(command == 6)


def serve(client: socket.socket, ready: list[bytes]) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    lines = head.decode().split("\r\n")
    keys = (line for line in lines if line.lower().startswith("sec-websocket-key"))
    key = next(keys).partition(": ")[2]
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()
    client.sendall(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    stream, writing = client.makefile("rb"), threading.Lock()
    while (first := stream.read(2)) and len(first) == 2:
        length = first[1] & 127
        if length == 126:
            length = struct.unpack(">H", stream.read(2))[0]
        mask = stream.read(4)
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(length)))
        if first[0] & 15 != 2:
            continue
        if answer(decode_packet(payload), client, writing):
            threading.Thread(target=pour, args=(client, ready, writing), daemon=True).start()


def pour(client: socket.socket, ready: list[bytes], writing: threading.Lock) -> None:
    if not RATE:
        for first in range(0, len(ready), CHUNK):
            with writing:
                client.sendall(b"".join(ready[first : first + CHUNK]))
        return
    start = time.perf_counter()
    for number, one in enumerate(ready[:-1]):
        while time.perf_counter() < start + number / RATE:
            time.sleep(0)
        message = pb.PushQuote.FromString(one[2 if one[1] < 126 else 4 :][5:])
        message.timestamp = time.monotonic_ns() // 1000
        with writing:
            client.sendall(frame(encode_push(101, message.SerializeToString())))
    client.sendall(ready[-1])


class Handle(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply({"otp": "o", "limit": 10, "online": 0, "orders": []})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._reply({"order_id": "1001"})

    def _reply(self, data: object) -> None:
        body = json.dumps({"code": 0, "message": "", "data": data}).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def log_message(self, *_: object) -> None:
        """Quiet: this is a benchmark."""


def main() -> None:
    ready = frames()
    listener = socket.create_server(("127.0.0.1", 0))
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handle)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    print(http.server_address[1], listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, ready), daemon=True).start()


if __name__ == "__main__":
    main()
