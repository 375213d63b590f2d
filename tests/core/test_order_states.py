"""The life of an order: every status with every step."""

from __future__ import annotations

import pytest

from portway.core.order_states import (
    TRANSITIONS,
    IllegalTransition,
    Step,
    cancel_refusal,
    next_status,
    replace_refusal,
)
from portway.model.order import TERMINAL_STATUSES, OrderStatus, OrderType

S = OrderStatus


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
