"""Facts as bytes: what the journal keeps, readable for ever.

A record is JSON: a format version and the facts of one command, each with its name. Enum members
are written by name, decimals and dates as text, instants in UTC. The same facts give the same bytes
on any machine. A field added later needs a default, a fact is never renamed, and of facts about
orders what is as by default is left out: such a default never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from portway.model.event import Fact

__all__ = ["UnreadableRecord", "VERSION", "decode_facts", "encode_facts"]

VERSION: Final = 1

_TYPES: Final = {fact.__name__: fact for fact in get_args(Fact)}
_DECODERS: Final = {name: msgspec.json.Decoder(fact) for name, fact in _TYPES.items()}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")


class _Record(msgspec.Struct, array_like=True, frozen=True):
    version: int
    facts: list[tuple[str, msgspec.Raw]]


_RECORD: Final = msgspec.json.Decoder(_Record)


class UnreadableRecord(ValueError):
    """A record is not one of this version's, or not a record at all."""


def encode_facts(facts: Sequence[Fact]) -> bytes:
    """Return the bytes of one record."""
    return _ENCODER.encode([VERSION, [[type(fact).__name__, fact] for fact in facts]])


def decode_facts(payload: bytes) -> tuple[Fact, ...]:
    """Return the facts of a record.

    Raises:
        UnreadableRecord: If it was written by a later version, or is damaged.
    """
    try:
        record = _RECORD.decode(payload)
        if record.version != VERSION:
            raise UnreadableRecord(f"format {record.version}; this program reads {VERSION}")
        return tuple(_DECODERS[name].decode(raw) for name, raw in record.facts)
    # The decoder's own errors, and what damaged bytes make of names, text and amounts.
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, ArithmeticError) as error:
        raise UnreadableRecord(f"{type(error).__name__}: {error}") from error
