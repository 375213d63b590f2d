"""What an order that waits must say: for its trigger, or for the instant at which it is sent.

Fields that its type does not have are ignored; yielded is what is missing or out of range.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.core.triggers import CONDITIONAL_TYPES
from portway.model.command import VenueSettings
from portway.model.event import OrderRefused, RefusalReason
from portway.model.order import OrderTerms, OrderType

__all__ = ["condition_refusals", "delay_refusals"]

DEPTH_LEVELS_MAX: Final = 5
TRIGGER_COUNT_MAX: Final = 3
DELAYED_TYPES: Final = frozenset({OrderType.LO, OrderType.MO})
R = RefusalReason


def condition_refusals(terms: OrderTerms) -> Iterator[OrderRefused]:
    """Yield which fields of a conditional order are missing or out of range; others are ignored."""
    kind = terms.order_type
    if kind not in CONDITIONAL_TYPES:
        return
    needed: dict[str, Decimal | None] = {}
    if kind in (OrderType.LIT, OrderType.MIT):
        needed["trigger_price"] = terms.trigger_price
    if kind in (OrderType.TSLPAMT, OrderType.TSMAMT):
        needed["trailing_amount"] = terms.trailing_amount
    if kind in (OrderType.TSLPPCT, OrderType.TSMPCT):
        needed["trailing_percent"] = terms.trailing_percent
    for field, value in needed.items():
        if value is None or value <= 0:
            yield OrderRefused(R.PARAMETER_INVALID, field)
    if kind in (OrderType.TSLPAMT, OrderType.TSLPPCT):
        if abs(terms.limit_depth_level) > DEPTH_LEVELS_MAX:
            yield OrderRefused(R.PARAMETER_INVALID, "limit_depth_level")
        if not terms.limit_depth_level and (terms.limit_offset is None or terms.limit_offset < 0):
            yield OrderRefused(R.PARAMETER_INVALID, "limit_offset")
    percent = terms.trailing_percent if "trailing_percent" in needed else None
    if percent is not None and percent >= 100:
        yield OrderRefused(R.PARAMETER_INVALID, "trailing_percent")
    if not 0 <= terms.trigger_count <= TRIGGER_COUNT_MAX:
        yield OrderRefused(R.PARAMETER_INVALID, "trigger_count")


def delay_refusals(
    terms: OrderTerms, settings: VenueSettings, at: datetime
) -> Iterator[OrderRefused]:
    """Yield why an order cannot wait for its submit time."""
    until = terms.delayed_until
    if until is None:
        return
    latest = at + timedelta(days=settings.long_term_days_max)
    if terms.order_type not in DELAYED_TYPES or not at < until <= latest:
        yield OrderRefused(R.DELAYED_UNTIL_INVALID)
