"""The contract of an order's life on what the official client's callback receives."""

from __future__ import annotations

from typing import Any

import pytest

from portway.model.order import TERMINAL_STATUSES, OrderStatus
from tests.compat.conftest import Facts
from tests.compat.lives import illegal_steps, status_of

pytestmark = pytest.mark.compat

WISHES = 120
CLOCK = ("--clock", "at 2026-03-03T09:00:00+08:00", "--speed", "0", "--limits", "none")
SEEDS = {"longbridge-sync": "1", "longbridge-async": "2", "longport-sync": "3"}


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("random_life", client, SEEDS[client], str(WISHES), server=CLOCK)


@pytest.mark.covers("cmd trade 18")
def test_a_random_flow_is_told_by_legal_steps_alone(facts: Any) -> None:
    """Every step is in the table, what is executed never falls, and the fills add up to it."""
    wrong = {
        order_id: found
        for order_id, pushes in facts["lives"].items()
        if (found := illegal_steps(pushes))
    }
    assert wrong == {}


@pytest.mark.covers("cmd trade 18")
def test_a_random_flow_shows_every_end_and_every_order(facts: Any) -> None:
    assert set(facts["accepted"]) <= set(facts["lives"]), "no order without a push"
    assert len(facts["lives"]) > WISHES / 3
    seen = {status_of(push) for pushes in facts["lives"].values() for push in pushes}
    assert TERMINAL_STATUSES - {OrderStatus.PARTIAL_WITHDRAWAL} <= seen
    assert {OrderStatus.NOT_REPORTED, OrderStatus.VARIETIES_NOT_REPORTED} <= seen
    assert {OrderStatus.REPLACED, OrderStatus.NEW} <= seen
