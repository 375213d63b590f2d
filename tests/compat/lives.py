"""The contract of an order's life, checked on what an official client's callback has received."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from portway.model.order import TERMINAL_STATUSES, OrderStatus
from portway.wire import names
from tests.support.order_steps import STEPS

__all__ = ["illegal_steps", "status_of"]

_BY_SDK_NAME = {
    names.ORDER_STATUS.sdk[member]: OrderStatus[member] for member in names.ORDER_STATUS.wire
}


def status_of(push: Any) -> OrderStatus:
    """Return the status that a push shows, by the client's name for it."""
    return _BY_SDK_NAME[push["status"]]


def illegal_steps(pushes: Sequence[Any]) -> list[str]:
    """Return what is wrong with the pushes of one order, in the order in which they came."""
    wrong = []
    for before, after in pairwise(pushes):
        first, second = status_of(before), status_of(after)
        if first in TERMINAL_STATUSES:
            wrong.append(f"{first.name} has no way out, and {second.name} came")
        elif (first, second) not in STEPS and first is not second:
            wrong.append(f"{first.name} to {second.name}")
        if Decimal(after["executed_quantity"]) < Decimal(before["executed_quantity"]):
            wrong.append(f"executed fell to {after['executed_quantity']}")
    executed = Decimal(0)
    for push in pushes:
        if push["last_share"]:
            executed += Decimal(push["last_share"])
        if Decimal(push["executed_quantity"]) != executed:
            wrong.append(f"{push['executed_quantity']} executed, {executed} in fills")
        if executed > Decimal(push["submitted_quantity"]):
            wrong.append(f"{executed} of {push['submitted_quantity']}")
    return wrong
