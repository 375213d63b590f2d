"""Packet codec, layout version 1: one packet to bytes and back.

Owns the three headers, the flag bits, gzip and the trailing nonce and signature. Knows nothing of
streams (`connection.py`) and nothing of what a body means (`commands.py`). Numbers are big-endian;
`body` is always the protobuf bytes before gzip, whatever travelled.

What a sender may compress and a receiver must accept are not the same: official clients never
compress with the Rust core, do compress from 1024 bytes on with Go, and accept gzip everywhere.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from portway.wire.errors import BadGzip, PacketTooLarge, TruncatedPacket, UnknownPacketType

__all__ = [
    "BODY_BYTES_MAX",
    "COMPRESS_OVER_BYTES",
    "PACKET_BYTES_MAX",
    "PUSH_HEAD_BYTES",
    "Packet",
    "PacketSignature",
    "PacketType",
    "PushPacket",
    "RequestPacket",
    "ResponsePacket",
    "decode_packet",
    "encode_packet",
    "encode_push",
    "encode_request",
    "encode_response",
    "packet_length",
    "push_heads",
]

BODY_BYTES_MAX: Final = 2**24 - 1  # body_len is a 24-bit field.
COMPRESS_OVER_BYTES: Final = 1024  # the Go client's own threshold for what it sends
REQUEST_ID_MAX: Final = 2**32 - 1

_REQUEST_HEAD_BYTES = 11
_RESPONSE_HEAD_BYTES = 10
PUSH_HEAD_BYTES: Final = 5
_TRAILER_BYTES = 24  # nonce and signature: after the body, not counted in body_len
_SIGNATURE_BYTES = 16

PACKET_BYTES_MAX: Final = _REQUEST_HEAD_BYTES + BODY_BYTES_MAX + _TRAILER_BYTES

_TYPE_MASK = 0x0F
_VERIFY_BIT = 0x10
_GZIP_BIT = 0x20

# Speed matters more than size here: level 1 costs a third of level 6 and saves nearly as much.
_GZIP_LEVEL = 1
_GZIP_WBITS = 31  # RFC 1952 container; zlib and raw deflate are refused

_REQUEST_HEAD = struct.Struct(">BBIH")
_RESPONSE_HEAD = struct.Struct(">BBIB")
_NONCE = struct.Struct(">Q")


class PacketType(IntEnum):
    """Low nibble of the first byte."""

    REQUEST = 1
    RESPONSE = 2
    PUSH = 3


_HEAD_BYTES = {
    PacketType.REQUEST.value: _REQUEST_HEAD_BYTES,
    PacketType.RESPONSE.value: _RESPONSE_HEAD_BYTES,
    PacketType.PUSH.value: PUSH_HEAD_BYTES,
}
_PUSH_STARTS = tuple(bytes((PacketType.PUSH, cmd_code)) for cmd_code in range(256))


@dataclass(frozen=True, slots=True)
class PacketSignature:
    """What follows the body when the verify bit is set.

    How it is computed was never published and no client checks it: carried, never judged.

    Attributes:
        nonce: 0..2**64-1.
        signature: 16 bytes.
    """

    nonce: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class RequestPacket:
    """A packet that its receiver answers with exactly one response.

    Attributes:
        cmd_code: Names the protobuf message in `body`, 0..255; see `wire/commands.py`.
        request_id: Pairs the response, 1..2**32-1, unique per connection and side.
        timeout_ms: How long the sender waits, in milliseconds; 0 means that it does not say.
        body: Protobuf bytes, before gzip.
        signature: Present when the packet carries one.
    """

    cmd_code: int
    request_id: int
    timeout_ms: int
    body: bytes
    signature: PacketSignature | None = None


@dataclass(frozen=True, slots=True)
class ResponsePacket:
    """The answer to the request with the same `request_id`.

    Attributes:
        cmd_code: That of the request, 0..255.
        request_id: That of the request; it alone pairs the two.
        status_code: 0 for success, else a `SocketStatus` and `body` is an `Error` message.
        body: Protobuf bytes, before gzip.
        signature: Present when the packet carries one.
    """

    cmd_code: int
    request_id: int
    status_code: int
    body: bytes
    signature: PacketSignature | None = None


@dataclass(frozen=True, slots=True)
class PushPacket:
    """A packet that nobody answers; only servers send it.

    Attributes:
        cmd_code: Names the protobuf message in `body`, 0..255.
        body: Protobuf bytes, before gzip.
        signature: Present when the packet carries one.
    """

    cmd_code: int
    body: bytes
    signature: PacketSignature | None = None


Packet: TypeAlias = RequestPacket | ResponsePacket | PushPacket


def encode_push(cmd_code: int, body: bytes) -> bytes:
    """Return a plain push: the 5-byte header and the body, unsigned and uncompressed.

    The hot path of the server: one call per changed symbol and kind, however many read it.

    Raises:
        PacketTooLarge: If the body is longer than `BODY_BYTES_MAX` bytes.
    """
    try:
        return _PUSH_STARTS[cmd_code] + len(body).to_bytes(3, "big") + body
    except OverflowError:
        raise _too_large(len(body)) from None


def encode_request(packet: RequestPacket, compress_over_bytes: int | None = None) -> bytes:
    """Return the 11-byte header and the body; see `encode_packet`."""
    flags, body = _pack_body(packet.body, compress_over_bytes)
    head = _REQUEST_HEAD.pack(
        PacketType.REQUEST | flags | _verify_flag(packet.signature),
        packet.cmd_code,
        packet.request_id,
        packet.timeout_ms,
    )
    return head + len(body).to_bytes(3, "big") + body + _trailer(packet.signature)


def encode_response(packet: ResponsePacket, compress_over_bytes: int | None = None) -> bytes:
    """Return the 10-byte header and the body; see `encode_packet`."""
    flags, body = _pack_body(packet.body, compress_over_bytes)
    head = _RESPONSE_HEAD.pack(
        PacketType.RESPONSE | flags | _verify_flag(packet.signature),
        packet.cmd_code,
        packet.request_id,
        packet.status_code,
    )
    return head + len(body).to_bytes(3, "big") + body + _trailer(packet.signature)


def encode_packet(packet: Packet, compress_over_bytes: int | None = None) -> bytes:
    """Return the bytes of any packet.

    Args:
        packet: Its numbers must fit their fields. Nonce and signature are written when given.
        compress_over_bytes: Gzip bodies of this length or more, unless that makes them longer;
            `None` never. A server uses `COMPRESS_OVER_BYTES` for responses and pushes.

    Raises:
        PacketTooLarge: If the body is longer than `BODY_BYTES_MAX` bytes before gzip.
        struct.error: If a number does not fit; a caller's mistake.
    """
    if isinstance(packet, RequestPacket):
        return encode_request(packet, compress_over_bytes)
    if isinstance(packet, ResponsePacket):
        return encode_response(packet, compress_over_bytes)
    flags, body = _pack_body(packet.body, compress_over_bytes)
    if not flags and packet.signature is None:
        return encode_push(packet.cmd_code, body)
    first = PacketType.PUSH | flags | _verify_flag(packet.signature)
    head = struct.pack(">BB", first, packet.cmd_code)
    return head + len(body).to_bytes(3, "big") + body + _trailer(packet.signature)


def push_heads(cmd_code: int) -> Iterator[tuple[bytes, int]]:
    """Yield what plain pushes of this command begin with, as (four bytes, length).

    The short way for a client that reads a flood of pushes, all but those of 64 KiB and more: a
    message that begins so and has `length` bytes and as many as its fifth byte says is one, neither
    signed nor compressed, with its body behind `PUSH_HEAD_BYTES`. Of any other message
    `decode_packet` tells what it is or what is wrong.
    """
    start = bytes((PacketType.PUSH, cmd_code, 0))
    for high in range(256):
        yield start + bytes((high,)), PUSH_HEAD_BYTES + (high << 8)


def packet_length(
    data: bytes | bytearray, offset: int = 0, body_bytes_max: int = BODY_BYTES_MAX
) -> int | None:
    """Return how many bytes the packet at `offset` takes, or `None` if its header is not complete.

    Judges as soon as it can: a wrong type by the first byte, a long body by its announced length,
    so that a receiver never waits for or stores what it would refuse.

    Raises:
        UnknownPacketType: If the type is not request, response or push.
        PacketTooLarge: If the announced body is longer than `body_bytes_max` bytes.
    """
    if len(data) <= offset:
        return None
    head_bytes = _HEAD_BYTES.get(data[offset] & _TYPE_MASK)
    if head_bytes is None:
        raise UnknownPacketType(f"first byte 0x{data[offset]:02x}")
    if len(data) < offset + head_bytes:
        return None
    body_bytes = int.from_bytes(data[offset + head_bytes - 3 : offset + head_bytes], "big")
    if body_bytes > body_bytes_max:
        raise _too_large(body_bytes, body_bytes_max)
    trailer_bytes = _TRAILER_BYTES if data[offset] & _VERIFY_BIT else 0
    return head_bytes + body_bytes + trailer_bytes


def decode_packet(data: bytes, body_bytes_max: int = BODY_BYTES_MAX) -> Packet:
    """Return the packet at the start of `data`; bytes after it are ignored, as clients do.

    Args:
        data: At least one whole packet: a WebSocket message, or a cut-out of a TCP stream.
        body_bytes_max: Longest body accepted, as it travels and again after gzip.

    Raises:
        TruncatedPacket: If `data` ends before the packet does.
        UnknownPacketType: If the type is not request, response or push.
        BadGzip: If the gzip bit is set and the body is not one whole gzip member.
        PacketTooLarge: If the body is longer than allowed; no more than that was allocated.
    """
    length = packet_length(data, 0, body_bytes_max)
    if length is None or len(data) < length:
        raise TruncatedPacket(f"{len(data)} of {length or 'at least 5'} bytes")
    first, cmd_code = data[0], data[1]
    end = length
    signature = None
    if first & _VERIFY_BIT:
        end -= _TRAILER_BYTES
        (nonce,) = _NONCE.unpack_from(data, end)
        signature = PacketSignature(nonce, bytes(data[length - _SIGNATURE_BYTES : length]))
    packet_type = first & _TYPE_MASK
    body = bytes(data[_HEAD_BYTES[packet_type] : end])
    if first & _GZIP_BIT:
        body = _gunzip(body, body_bytes_max)
    if packet_type == PacketType.PUSH:
        return PushPacket(cmd_code, body, signature)
    if packet_type == PacketType.RESPONSE:
        _, _, request_id, status_code = _RESPONSE_HEAD.unpack_from(data)
        return ResponsePacket(cmd_code, request_id, status_code, body, signature)
    _, _, request_id, timeout_ms = _REQUEST_HEAD.unpack_from(data)
    return RequestPacket(cmd_code, request_id, timeout_ms, body, signature)


def _pack_body(body: bytes, compress_over_bytes: int | None) -> tuple[int, bytes]:
    """Return (flag bits, body as transmitted)."""
    if len(body) > BODY_BYTES_MAX:
        raise _too_large(len(body))
    if compress_over_bytes is None or len(body) < compress_over_bytes:
        return 0, body
    packed = zlib.compress(body, _GZIP_LEVEL, wbits=_GZIP_WBITS)
    if len(packed) >= len(body):
        return 0, body
    return _GZIP_BIT, packed


def _gunzip(packed: bytes, bytes_max: int) -> bytes:
    """Return the one gzip member in `packed`, decompressed.

    More members, or anything after the first, are refused: no client sends them, and a body of
    many tiny members would cost far more time than its size.
    """
    inflate = zlib.decompressobj(wbits=_GZIP_WBITS)
    try:
        body = inflate.decompress(packed, bytes_max + 1)  # the one byte more tells "too long"
    except zlib.error as error:
        raise BadGzip(str(error)) from None
    if len(body) > bytes_max:
        raise PacketTooLarge(f"body is over {bytes_max} bytes after gzip")
    if not inflate.eof:
        raise BadGzip("the gzip stream ends early")
    if inflate.unused_data:
        raise BadGzip(f"{len(inflate.unused_data)} bytes after the gzip stream")
    return body


def _verify_flag(signature: PacketSignature | None) -> int:
    return 0 if signature is None else _VERIFY_BIT


def _trailer(signature: PacketSignature | None) -> bytes:
    if signature is None:
        return b""
    assert len(signature.signature) == _SIGNATURE_BYTES
    return _NONCE.pack(signature.nonce) + signature.signature


def _too_large(body_bytes: int, bytes_max: int = BODY_BYTES_MAX) -> PacketTooLarge:
    return PacketTooLarge(f"body is {body_bytes} bytes, at most {bytes_max}")
