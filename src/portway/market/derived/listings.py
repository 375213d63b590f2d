"""When each strike of an expiry was listed, from the closes of its underlying and its splits.

A split ends the contracts of before it. Their successors have the old strikes divided by the new
shares for each old one; those that lie off the usual steps are adjusted contracts. Beside them the
usual strikes are listed around the new price. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from portway.market.derived.chains import Expiry, strike_grid, strike_rule
from portway.model.calendar import Calendar

__all__ = ["Listing", "list_strikes"]

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Listing:
    """One strike of an expiry.

    Attributes:
        listed_on: First trading day of its contracts.
        is_standard: False for what a split has left off the usual steps.
    """

    listed_on: date
    is_standard: bool = True


def list_strikes(
    root: str,
    expiry: Expiry,
    closes: Sequence[tuple[date, float]],
    splits: Sequence[tuple[date, Decimal]],
    calendar: Calendar,
) -> Mapping[Decimal, Listing]:
    """Return every strike listed after the closes, ascending.

    Args:
        closes: Of the trading day before the expiry was listed and of every day since, raw.
        splits: Ex-date and new shares for each old one, of those between the first close and the
            day that is asked about; ascending.
    """
    listed: dict[Decimal, Listing] = {}
    begin = 0
    for ex_date, ratio in splits:
        end = next((i for i, (day, _) in enumerate(closes) if day >= ex_date), len(closes))
        _add(listed, root, expiry, closes[begin:end], calendar)
        listed = _successors(listed, root, expiry, closes[:end], ex_date, ratio)
        begin = end
    _add(listed, root, expiry, closes[begin:], calendar)
    return {strike: listed[strike] for strike in sorted(listed)}


def _successors(
    listed: Mapping[Decimal, Listing],
    root: str,
    expiry: Expiry,
    closes: Sequence[tuple[date, float]],
    ex_date: date,
    ratio: Decimal,
) -> dict[Decimal, Listing]:
    """Return what a split makes of the strikes that were listed before it."""
    if not closes:
        return {}
    step = strike_rule(root, expiry, closes[-1][1] / float(ratio)).step
    strikes = {(strike / ratio).quantize(_CENT, ROUND_HALF_UP) for strike in listed}
    return {strike: Listing(ex_date, strike % step == 0) for strike in strikes if strike > 0}


def _add(
    listed: dict[Decimal, Listing],
    root: str,
    expiry: Expiry,
    closes: Sequence[tuple[date, float]],
    calendar: Calendar,
) -> None:
    """Add the strikes that a stretch of closes without a split lists."""
    if not closes:
        return
    rule = strike_rule(root, expiry, closes[0][1])
    seen: list[float] = []
    for day, close in closes:
        if seen and min(seen) <= close <= max(seen):
            continue  # Only a new extreme lists anything.
        seen.append(close)
        listed_on = max(expiry.listed_on, calendar.next_trading_day(day))
        for strike in strike_grid(rule, seen):
            listed.setdefault(strike, Listing(listed_on))
