"""A state as bytes, so that recovery folds the tail of a journal and not all of it.

A snapshot is a cache: the journal alone is the truth. One that is of another version, damaged or
missing is passed over in silence and everything is folded; nothing is ever repaired from it.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from portway.core.state import State

__all__ = ["SNAPSHOT_VERSION", "decode_state", "encode_state"]

# To be raised with every change of what State holds or means.
SNAPSHOT_VERSION: Final = 9

_HEAD: Final = f"portway state {SNAPSHOT_VERSION}\n".encode()
_DIGEST_BYTES: Final = hashlib.sha256().digest_size
_ENCODER: Final = msgspec.msgpack.Encoder(decimal_format="string")
_DECODER: Final = msgspec.msgpack.Decoder(State)


def encode_state(state: State) -> bytes:
    """Return a state with its version and checksum."""
    body = _ENCODER.encode(state)
    return _HEAD + _checksum(body) + body


def decode_state(payload: bytes) -> State | None:
    """Return the state; None when it is of another version or damaged."""
    begin = len(_HEAD) + _DIGEST_BYTES
    body = payload[begin:]
    if not payload.startswith(_HEAD) or payload[len(_HEAD) : begin] != _checksum(body):
        return None
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError:
        return None


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
