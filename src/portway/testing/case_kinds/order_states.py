"""Kinds of `order_states`: the life of an order event by event, and the status it begins in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from portway.core.order_states import (
    IllegalTransition,
    Step,
    cancel_refusal,
    first_status,
    next_status,
    replace_refusal,
)
from portway.model.event import RefusalReason
from portway.model.order import OrderStatus, OrderType
from portway.testing.cases import kind
from portway.wire.names import ORDER_STATUS
from portway.wire.reasons import REASONS

_STEPS: Final = {
    "reported": Step.REPORTED,
    "acknowledged": Step.BOOKED,
    "rejected": Step.REJECTED,
    "part_fill": Step.PART_FILLED,
    "full_fill": Step.FILLED,
    "replace_asked": Step.REPLACE_REQUESTED,
    "replace_sent": Step.REPLACE_SENT,
    "replace_confirmed": Step.REPLACED,
    "replace_refused": Step.REPLACE_REFUSED,
    "cancel_asked": Step.CANCEL_REQUESTED,
    "cancel_sent": Step.CANCEL_SENT,
    "canceled": Step.CANCELED,
    "expired": Step.EXPIRED,
}
_FILLS: Final = frozenset({Step.PART_FILLED, Step.FILLED})


@kind("order_states", "life")
def life(given: Mapping[str, Any]) -> Mapping[str, Any]:
    order = _Life(_status(given["first_status"]), OrderType[given["order_type"]])
    return {"steps": [order.take(name) for name in given["events"]]}


@kind("order_states", "first_status")
def first(given: Mapping[str, Any]) -> Mapping[str, Any]:
    status = first_status(
        OrderType[given["order_type"]],
        is_delayed=given["delayed_until"],
        is_open=given["market_open"],
    )
    return {"status": ORDER_STATUS.wire[status.name]}


class _Life:
    """An order that takes one step after the other and keeps what the table asks for."""

    def __init__(self, status: OrderStatus, order_type: OrderType) -> None:
        self._status = status
        self._order_type = order_type
        self._before_replace = OrderStatus.NEW
        self._is_executed = False

    def take(self, event: str) -> Mapping[str, Any]:
        step = _STEPS[event]
        refusal = self._refusal(step)
        if refusal is not None:
            return self._told(event, "refused", REASONS[refusal.name].code)
        try:
            after = next_status(
                self._status,
                step,
                executed=self._is_executed,
                before_replace=self._before_replace,
            )
        except IllegalTransition:
            return self._told(event, "illegal")
        if step is Step.REPLACE_REQUESTED:
            self._before_replace = self._status
        self._is_executed = self._is_executed or step in _FILLS
        self._status = after
        return self._told(event, "ok")

    def _refusal(self, step: Step) -> RefusalReason | None:
        if step is Step.REPLACE_REQUESTED:
            return replace_refusal(self._order_type, self._status)
        return cancel_refusal(self._status) if step is Step.CANCEL_REQUESTED else None

    def _told(self, event: str, result: str, code: int | None = None) -> Mapping[str, Any]:
        status = ORDER_STATUS.wire[self._status.name]
        return {"event": event, "result": result, "status": status, "code": code}


def _status(name: str) -> OrderStatus:
    return OrderStatus[ORDER_STATUS.member[name]]
