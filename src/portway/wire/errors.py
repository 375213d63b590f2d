"""What can be wrong with bytes from the other side: one tree, so that an edge catches one name.

    ProtocolError
    |-- TruncatedPacket      a message ends before the length it announces
    |-- UnknownPacketType    the low nibble of the first byte is not 1, 2 or 3
    |-- BadGzip              the gzip bit is set and the body is not gzip
    |-- PacketTooLarge       a body over the limit, before or after gzip
    |-- BadHandshake         a version, codec or platform that is not spoken here
    |-- BufferOverrun        a stream brings more than anybody takes out of it
    `-- BadEnvelope          an HTTP answer that is not {"code", "message", "data"}

On a socket a `ProtocolError` ends the connection (close code UnpackError): after it the boundary of
the next packet is unknown. Encoders raise `PacketTooLarge` too, before anything is written.
"""

from __future__ import annotations

__all__ = [
    "BadEnvelope",
    "BadGzip",
    "BadHandshake",
    "BufferOverrun",
    "PacketTooLarge",
    "ProtocolError",
    "TruncatedPacket",
    "UnknownPacketType",
]


class ProtocolError(Exception):
    """The bytes do not follow the packet protocol."""


class TruncatedPacket(ProtocolError):
    """A message ends inside a packet."""


class UnknownPacketType(ProtocolError):
    """The type is not request, response or push."""


class BadGzip(ProtocolError):
    """A body marked as gzip does not decompress to a whole RFC 1952 stream."""


class PacketTooLarge(ProtocolError):
    """A body is longer than its limit; nothing beyond the limit was allocated."""


class BadHandshake(ProtocolError):
    """A handshake value is missing, not a number, or not supported."""


class BufferOverrun(ProtocolError):
    """More bytes wait undecoded than a receiver keeps."""


class BadEnvelope(ProtocolError):
    """An HTTP answer lacks a field of the envelope, or has one of the wrong type."""
