"""Data objects as tables: `to_pandas` and `to_polars`, for who has one of the two libraries.

Numbers become floats in a table, which is what those libraries calculate with; the objects
themselves keep every digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from portway.openapi.enums import OpenApiEnum
from portway.openapi.errors import ArgumentError
from portway.openapi.values import Value

__all__ = ["to_dicts", "to_pandas", "to_polars"]


def to_dicts(values: Iterable[Value]) -> list[dict[str, Any]]:
    """Return a dict for each object: floats for numbers, names for enums, nested ones as dicts."""
    return [_plain(value) for value in values]


def to_pandas(values: Iterable[Value]) -> Any:
    """Return a `pandas.DataFrame`, a row for each object.

    Raises:
        ArgumentError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ArgumentError("pandas is not installed: pip install 'portway[pandas]'") from None
    return pandas.DataFrame(to_dicts(values))


def to_polars(values: Iterable[Value]) -> Any:
    """Return a `polars.DataFrame`, a row for each object.

    Raises:
        ArgumentError: If polars is not installed.
    """
    try:
        import polars
    except ImportError:
        raise ArgumentError("polars is not installed: pip install 'portway[polars]'") from None
    return polars.DataFrame(to_dicts(values))


def _plain(value: Any) -> Any:
    if isinstance(value, Value):
        return {name: _plain(item) for name, item in value.to_dict().items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.name if isinstance(value, OpenApiEnum) else value
