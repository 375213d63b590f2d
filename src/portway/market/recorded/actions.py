"""Factor files as corporate actions: what happened between two rows of cumulative factors.

A factor file says by which number prices up to a day must be multiplied to compare with today's.
The step between two rows is one action: a step of the price factor a dividend, in dollars per old
share by means of the close before it; a step of the split factor a split. Adjusting forward by
these actions gives the file's factors back, within the rounding of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from portway.market.importers.errors import RecordedDataError
from portway.market.importers.lean import FactorRow
from portway.model.corporate_action import CorporateAction
from portway.model.symbol import Symbol

__all__ = ["actions_of_factors"]

_WIDE: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
# Factors are written with six to eight digits: a ratio of two is exact to about this part.
_SPLIT_TOLERANCE: Final = Fraction(1, 100_000)
_SPLIT_OLD_SHARES_MAX: Final = 20
_SPLIT_PLACES: Final = Decimal("0.000001")
_CASH_PLACES: Final = range(2, 9)


def actions_of_factors(
    symbol: Symbol,
    rows: Sequence[FactorRow],
    next_day: Callable[[date], date],
    close_before: Callable[[date], Decimal | None],
    path: Path,
) -> tuple[CorporateAction, ...]:
    """Return the actions of a factor file, by ex-date ascending.

    Args:
        rows: Ascending by date.
        next_day: The trading day that follows a date: an action's ex-date.
        close_before: The last recorded close before an ex-date. It is the file's own reference
            price, but where the ticker named another security at that time: then only the recorded
            one gives the file's factor back.
        path: The file, for messages.

    Raises:
        RecordedDataError: If there is no price to measure a dividend by.
    """
    found: list[CorporateAction] = []
    for number, (row, after) in enumerate(pairwise(rows), 1):
        if row.price == after.price and row.split == after.split:
            continue
        ex_date = next_day(row.last)
        close = close_before(ex_date) or row.reference
        if row.price != after.price and not close:
            raise RecordedDataError(
                path,
                f"the dividend after {row.last} has no reference price",
                way_out="fill in the fourth column, or remove the file",
                line=number,
            )
        found.append(
            CorporateAction(
                symbol,
                ex_date,
                cash=_cash(row, after, close),
                split=_split(row.split, after.split),
            )
        )
    return tuple(found)


def _cash(row: FactorRow, after: FactorRow, close: Decimal) -> Decimal:
    """Return the roundest dividend that explains the step within the rounding of the factors."""
    if row.price == after.price:
        return Decimal(0)
    ratio = _WIDE.divide(row.price, after.price)
    exact = _WIDE.multiply(close, 1 - ratio)
    tolerance = _WIDE.divide(min(row.unit, after.unit), after.price)
    for places in _CASH_PLACES:
        cash = exact.quantize(Decimal(1).scaleb(-places), context=_WIDE)
        if abs(1 - _WIDE.divide(cash, close) - ratio) <= tolerance:
            return cash
    return exact.quantize(Decimal(1).scaleb(-_CASH_PLACES[-1]), context=_WIDE)


def _split(before: Decimal, after: Decimal) -> Decimal:
    """Return new shares per old share: 7, 1.5 or 0.1 where the rounded factors mean that."""
    ratio = Fraction(after) / Fraction(before)
    simple = ratio.limit_denominator(_SPLIT_OLD_SHARES_MAX)
    if abs(simple / ratio - 1) <= _SPLIT_TOLERANCE:
        return _WIDE.divide(Decimal(simple.numerator), Decimal(simple.denominator))
    rounded = _WIDE.divide(after, before).quantize(_SPLIT_PLACES, context=_WIDE)
    return rounded.normalize(_WIDE)
