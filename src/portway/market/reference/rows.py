"""Read the CSV tables of this package: a header row, then one mapping of text for each row.

Owns the one error of a table that cannot be used, naming file and row; the modules beside it know
what the columns mean.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import TypeVar

__all__ = ["TableError", "read_table"]

T = TypeVar("T")
Row = Mapping[str, str]


class TableError(ValueError):
    """A reference table has a row that makes no sense; the message names file and line."""


def read_table(name: str, parse: Callable[[Row], T]) -> Iterator[T]:
    """Yield `parse(row)` for each row of the built-in table `name`.

    Raises:
        TableError: If `parse` raises `ValueError` or `KeyError`, or a row is ragged.
    """
    text = files(__package__).joinpath("tables", name).read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines(), strict=True)
    for row in reader:
        try:
            if None in row or None in row.values():
                raise ValueError("the number of fields differs from the header's")
            yield parse(row)
        except (ValueError, KeyError) as error:
            raise TableError(f"{name} line {reader.line_num}: {error}") from error
