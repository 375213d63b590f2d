"""The quote gateway on raw TCP without any SDK: sign in, subscribe, print what is pushed.

    eval "$(portway env)"
    python examples/raw/over_tcp.py 700.HK AAPL.US

A packet is a header and a protobuf body; the few fields needed are written and read by hand, so
that the bytes can be seen. `over_http.py` beside this file explains the signature.
"""

import hashlib
import hmac
import json
import os
import socket
import struct
import sys
import time
import urllib.request

AUTH, HEARTBEAT, SUBSCRIBE = 2, 1, 6
PUSH_QUOTE = 101
REQUEST, RESPONSE, PUSH = 1, 2, 3


def one_time_password():
    """A signed GET of /v1/socket/token."""
    names = "authorization;x-api-key;x-timestamp"
    headers = {
        "authorization": os.environ["LONGPORT_ACCESS_TOKEN"],
        "x-api-key": os.environ["LONGPORT_APP_KEY"],
        "x-timestamp": str(int(time.time())),
    }
    values = "".join(f"{name}:{headers[name]}\n" for name in names.split(";"))
    digest = hashlib.sha1(f"GET|/v1/socket/token||{values}|{names}|".encode()).hexdigest()
    secret = os.environ["LONGPORT_APP_SECRET"].encode()
    signature = hmac.new(secret, f"HMAC-SHA256|{digest}".encode(), hashlib.sha256).hexdigest()
    headers["x-api-signature"] = f"HMAC-SHA256 SignedHeaders={names}, Signature={signature}"
    url = os.environ["LONGPORT_HTTP_URL"] + "/v1/socket/token"
    return json.load(urllib.request.urlopen(urllib.request.Request(url, headers=headers)))["data"][
        "otp"
    ]


def text_field(number, text):
    """A protobuf string: tag, length, bytes (short ones: both fit one byte)."""
    data = text.encode()
    return bytes([number << 3 | 2, len(data)]) + data


def fields(body):
    """Yield (field number, value) of a protobuf message: ints and bytes."""
    at = 0
    while at < len(body):
        tag, at = varint(body, at)
        value, at = varint(body, at)
        if tag & 7 == 2:
            value, at = body[at : at + value], at + value
        yield tag >> 3, value


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def request(command, request_id, body, timeout_ms=5000):
    head = struct.pack(">BBIH", REQUEST, command, request_id, timeout_ms)
    return head + len(body).to_bytes(3, "big") + body


def read(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise SystemExit("the server closed the connection")
    return data


host, port = os.environ["PORTWAY_QUOTE_TCP"].rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
connection.sendall(b"\x11\x09")  # layout 1, protobuf, platform 9
connection.sendall(request(AUTH, 1, text_field(1, one_time_password())))
symbols = sys.argv[1:] or ["700.HK", "AAPL.US"]
wanted = b"".join(text_field(1, symbol) for symbol in symbols)
# field 2, packed: the quote subscription; field 3: push the present state at once
connection.sendall(request(SUBSCRIBE, 2, wanted + b"\x12\x01\x01" + b"\x18\x01"))

stream = connection.makefile("rb")
while True:
    kind, command = read(stream, 2)
    if kind & 0x0F == PUSH:
        body = read(stream, int.from_bytes(read(stream, 3), "big"))
        if command == PUSH_QUOTE:
            quote = dict(fields(body))
            price = quote.get(3, b"(unchanged)").decode()
            print(f"{quote[1].decode():10} {price:>12}   volume {quote.get(8, '')}")
    elif kind & 0x0F == RESPONSE:
        request_id, status = struct.unpack(">IB", read(stream, 5))
        body = read(stream, int.from_bytes(read(stream, 3), "big"))
        if status:
            raise SystemExit(f"request {request_id} was refused: {dict(fields(body))}")
    else:  # the server asks for a sign of life: send the same body back
        head = read(stream, 6)
        body = read(stream, int.from_bytes(read(stream, 3), "big"))
        answer = bytes([RESPONSE, HEARTBEAT]) + head[:4] + b"\x00"
        connection.sendall(answer + len(body).to_bytes(3, "big") + body)
