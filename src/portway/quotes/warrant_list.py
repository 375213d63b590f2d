"""The list of an underlying's structured products: filtered, sorted and cut into pages.

One column per figure, so that thousands of products take milliseconds. A figure that a kind of
product does not have is not a number: it sorts behind all others, whichever way. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from portway.quotes.options import Floats

__all__ = [
    "ExpiryRange",
    "MoneySide",
    "SortBy",
    "WarrantFilter",
    "WarrantStatus",
    "WarrantTable",
    "select",
]

Ints = npt.NDArray[np.int64]


class SortBy(IntEnum):
    """What a list is sorted by; numbers of the quote protocol, names of the table's columns."""

    LAST_DONE = 0
    CHANGE_RATE = 1
    CHANGE_VAL = 2
    VOLUME = 3
    TURNOVER = 4
    EXPIRY_DATE = 5
    STRIKE_PRICE = 6
    UPPER_STRIKE_PRICE = 7
    LOWER_STRIKE_PRICE = 8
    OUTSTANDING_QTY = 9
    OUTSTANDING_RATIO = 10
    PREMIUM = 11
    ITM_OTM = 12
    IMPLIED_VOLATILITY = 13
    DELTA = 14
    CALL_PRICE = 15
    TO_CALL_PRICE = 16
    EFFECTIVE_LEVERAGE = 17
    LEVERAGE_RATIO = 18
    CONVERSION_RATIO = 19
    BALANCE_POINT = 20
    STATUS = 21


class WarrantStatus(IntEnum):
    """Where a product stands; numbers of the quote protocol."""

    SUSPENDED = 2
    PREPARE_LIST = 3
    NORMAL = 4


class ExpiryRange(IntEnum):
    """How long a product still has; numbers of the quote protocol."""

    UNDER_3_MONTHS = 1
    MONTHS_3_TO_6 = 2
    MONTHS_6_TO_12 = 3
    OVER_12_MONTHS = 4


class MoneySide(IntEnum):
    """In or out of the money; of inline warrants: in or out of bounds."""

    IN = 1
    OUT = 2


@dataclass(frozen=True, slots=True)
class WarrantFilter:
    """Which rows are wanted; an empty collection wants all.

    Attributes:
        kinds: Numbers of `WarrantKind`.
        issuers: Numbers of issuers.
        offset: Of the first row of the page; `count`: its rows, 0: all that follow.
    """

    sort_by: SortBy = SortBy.LAST_DONE
    descending: bool = False
    offset: int = 0
    count: int = 0
    kinds: Collection[int] = ()
    issuers: Collection[int] = ()
    expiry: Collection[ExpiryRange] = ()
    money: Collection[MoneySide] = ()
    statuses: Collection[WarrantStatus] = ()


@dataclass(frozen=True, slots=True)
class WarrantTable:
    """Products of one underlying, an element each in the order of their codes.

    Attributes:
        columns: Every figure by its sort key; dates as ordinals, ratios as fractions.
        kind: Numbers of `WarrantKind`; `issuer` of issuers.
        expiry_range: Numbers of `ExpiryRange`.
        inside: Distance inside the money or the bounds, as a fraction; negative: outside.
    """

    columns: Mapping[SortBy, Floats]
    kind: Ints
    issuer: Ints
    expiry_range: Ints
    inside: Floats

    def __len__(self) -> int:
        return len(self.kind)


def select(table: WarrantTable, wanted: WarrantFilter) -> tuple[Ints, int]:
    """Return the rows of a page in their order, and how many rows the filter has in all.

    Rows that are equal keep the order of their codes.
    """
    kept = np.ones(len(table), dtype=bool)
    for column, choice in (
        (table.kind, wanted.kinds),
        (table.issuer, wanted.issuers),
        (table.expiry_range, wanted.expiry),
        (table.columns[SortBy.STATUS], wanted.statuses),
    ):
        if choice:
            kept &= np.isin(column, np.array(sorted(choice)))
    if wanted.money and len(set(wanted.money)) == 1:
        is_in = table.inside >= 0
        kept &= is_in if MoneySide.IN in wanted.money else ~is_in
    rows = np.flatnonzero(kept)
    values = table.columns[wanted.sort_by][rows]
    missing = np.isnan(values)
    keys = np.where(missing, 0.0, -values if wanted.descending else values)
    order = np.lexsort((keys, missing))
    found = rows[order]
    end = wanted.offset + wanted.count if wanted.count else len(found)
    return found[wanted.offset : end], len(found)
