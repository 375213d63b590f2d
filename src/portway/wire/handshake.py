"""The three numbers agreed on before the first packet: the query of a WebSocket, two bytes on TCP.

Owns what is accepted. Credentials are not part of it: they come in the first packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from portway.wire.errors import BadHandshake

__all__ = [
    "CODEC_PROTOBUF",
    "HANDSHAKE",
    "PLATFORM_OPENAPI",
    "TCP_HANDSHAKE_BYTES",
    "VERSION",
    "Handshake",
    "decode_tcp_handshake",
    "encode_tcp_handshake",
    "parse_websocket_query",
    "websocket_query",
]

VERSION: Final = 1  # packet layout; `/v2` in the clients' default path is not this number
CODEC_PROTOBUF: Final = 1
PLATFORM_OPENAPI: Final = 9
TCP_HANDSHAKE_BYTES: Final = 2

_QUERY_BYTES_MAX = 8192
_QUERY_FIELDS_MAX = 100


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client announces.

    Attributes:
        version: Packet layout, 0..15.
        codec: How bodies are encoded, 0..15.
        platform: Kind of client, 0..15.
    """

    version: int = VERSION
    codec: int = CODEC_PROTOBUF
    platform: int = PLATFORM_OPENAPI


HANDSHAKE: Final = Handshake()  # the only one spoken here, and by every OpenAPI client


def websocket_query(handshake: Handshake = HANDSHAKE) -> str:
    """Return the query that a client appends to its URL, after what the URL already has."""
    return f"version={handshake.version}&codec={handshake.codec}&platform={handshake.platform}"


def parse_websocket_query(raw_query: str | bytes) -> Handshake:
    """Return the handshake in the query of an upgrade request.

    Other keys are ignored. The last value of a key counts: a client appends its own after those of
    a configured URL.

    Raises:
        BadHandshake: If one of the three is missing, not a decimal number, or not supported.
    """
    text = raw_query if isinstance(raw_query, str) else raw_query.decode("latin-1")
    if len(text) > _QUERY_BYTES_MAX:
        raise BadHandshake(f"query of {len(text)} bytes, at most {_QUERY_BYTES_MAX}")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError as error:
        raise BadHandshake(str(error)) from None
    last = dict(fields)
    return _supported(Handshake(*(_number(last, key) for key in ("version", "codec", "platform"))))


def encode_tcp_handshake(handshake: Handshake = HANDSHAKE) -> bytes:
    """Return the two bytes that a TCP client writes first; the server answers nothing."""
    return bytes((handshake.version | handshake.codec << 4, handshake.platform))


def decode_tcp_handshake(data: bytes | bytearray) -> Handshake:
    """Return the handshake in the first two bytes; the reserved high nibble is ignored.

    Raises:
        BadHandshake: If a value is not supported.
    """
    assert len(data) >= TCP_HANDSHAKE_BYTES
    return _supported(Handshake(data[0] & 0x0F, data[0] >> 4, data[1] & 0x0F))


def _number(fields: dict[str, str], key: str) -> int:
    text = fields.get(key)
    if text is None:
        raise BadHandshake(f"{key} is missing")
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise BadHandshake(f"{key} is not a number")
    return int(text)


def _supported(handshake: Handshake) -> Handshake:
    if handshake != HANDSHAKE:
        raise BadHandshake(
            f"version {handshake.version}, codec {handshake.codec}, platform {handshake.platform}"
            f" are not supported; use {websocket_query()}"
        )
    return handshake
