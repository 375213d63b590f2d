"""Which status may follow which in what is told of an order: the table of its life as pairs."""

from __future__ import annotations

from portway.core.order_states import TRANSITIONS
from portway.model.order import OrderStatus

__all__ = ["STEPS"]

S = OrderStatus

STEPS = {(before, after) for (before, _), after in TRANSITIONS.items()}
# What the table leaves to whether something was executed, and to where a replace was asked.
STEPS |= {(before, S.PARTIAL_WITHDRAWAL) for before, after in STEPS if after is S.CANCELED}
STEPS |= {(before, S.PARTIAL_WITHDRAWAL) for before, after in STEPS if after is S.EXPIRED}
STEPS |= {
    (before, after)
    for before in (S.WAIT_TO_REPLACE, S.PENDING_REPLACE)
    for after in (S.NEW, S.REPLACED, S.PARTIAL_FILLED)
}
