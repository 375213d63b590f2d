"""A hash of a venue's state: equal for two folds of one journal, on any machine.

The outside markets are not part of it. Values are written out field by field in a fixed form, so
that neither hash seeds nor the number of trailing zeros of a decimal play a part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from portway.core.state import State

__all__ = ["digest"]


def digest(state: State) -> str:
    """Return 64 hex digits of SHA-256 over everything in `state`."""
    hashed = hashlib.sha256()
    for text in _texts(state):
        hashed.update(text.encode())
        hashed.update(b"\n")
    return hashed.hexdigest()


def _texts(value: object) -> Iterator[str]:
    """Yield a value as lines; containers and records give the number of their parts first."""
    names = _names(value)
    if names is not None:
        yield type(value).__name__
        for name in names:
            yield name
            yield from _texts(getattr(value, name))
    elif isinstance(value, dict):
        yield f"{{{len(value)}"
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        yield f"[{len(value)}"
        for item in value:
            yield from _texts(item)
    else:
        yield _plain(value)


def _names(value: object) -> tuple[str, ...] | None:
    """Return the names of a record's fields, in their order; None: it is no record."""
    if isinstance(value, Struct):
        return value.__struct_fields__
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(one.name for one in fields(value))
    return None


def _plain(value: object) -> str:
    match value:
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case Decimal():
            return f"d{value.normalize()}" if value else "d0"
        case bool() | int() | None:
            return repr(value)
        case str():
            return f"s{len(value)}:{value}"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the state")
