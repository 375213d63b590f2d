"""A value with every one of its fields, as plain values of JSON: nothing is left to be known.

What the journal and the read models keep may leave out what is as by default; what is shown to the
world, or compared, must not depend on that.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["plain"]


def plain(value: object) -> Any:
    """Return structs as objects with all fields in their order; decimals and dates are text."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return msgspec.to_builtins(value)
