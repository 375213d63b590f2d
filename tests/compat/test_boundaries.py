"""Orders over the boundaries of auctions, sessions and days, attached orders, GTC and GTD."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.compat.conftest import Facts
from tests.compat.lives import illegal_steps

pytestmark = pytest.mark.compat

CLOCKS = {
    "HK": "at 2026-03-03T08:45:00+08:00",
    "CN": "at 2026-03-03T09:05:00+08:00",
    "US": "at 2026-03-02T20:30:00-05:00",
    "long": "at 2026-03-03T10:30:00+08:00",
    "attached": "at 2026-03-03T10:30:00+08:00",
}
WAITS, WORKS, OVER = "NotReported", "New", {"Filled", "Canceled", "PartialWithdrawal"}


@pytest.fixture(params=("longbridge-sync", "longbridge-async"))
def client(request: pytest.FixtureRequest) -> str:
    """The newest official package, in both of its ways."""
    return str(request.param)


@pytest.fixture
def day(gather: Facts, client: str) -> Any:
    def facts(name: str) -> Any:
        server = ("--clock", CLOCKS[name], "--speed", "0", "--limits", "none")
        return gather("boundaries", client, name, server=server)

    return facts


def over_time(facts: Any, name: str) -> list[str]:
    """The status of an order at each stop of the clock at which it was there."""
    return [stop[name] for stop in facts["stops"] if name in stop]


@pytest.mark.covers("POST /v1/trade/order", "cmd trade 18")
def test_hong_kongs_auctions_take_orders_lock_and_let_go(day: Any) -> None:
    """Source: markets, Hong Kong sessions: input, no cancellation, matching, closing."""
    facts = day("HK")
    assert over_time(facts, "early") == [WAITS, *[WORKS] * 10, "Expired"]
    locked = over_time(facts, "at auction")
    assert locked[0] == WORKS
    assert locked[-1] in OVER, "at-auction orders end with their auction"
    assert facts["refused"] == {"auction limit": [602013], "closing": [602013]}
    assert over_time(facts, "noon") == [WAITS, *[WORKS] * 4, "Expired"]
    assert over_time(facts, "closing")[0] == WORKS
    assert over_time(facts, "closing")[-1] in OVER


@pytest.mark.covers("POST /v1/trade/order", "cmd trade 18")
def test_the_mainlands_auctions_take_orders_and_let_none_go(day: Any) -> None:
    """Source: markets, mainland sessions."""
    facts = day("CN")
    assert over_time(facts, "early") == [WAITS, *[WORKS] * 8, "Expired"]
    assert facts["refused"] == {"early": [602013], "noon": [602013]}
    assert over_time(facts, "auction limit")[0] == WORKS
    assert over_time(facts, "auction limit")[-1] == "Filled"
    assert over_time(facts, "noon") == [WAITS, WORKS, WORKS, "Expired"]


@pytest.mark.covers("POST /v1/trade/order", "cmd trade 18")
def test_us_sessions_take_the_orders_that_are_theirs(day: Any) -> None:
    """Source: markets, US sessions; trade, outside regular hours."""
    facts = day("US")
    assert set(over_time(facts, "night")) == {"Filled"}
    assert over_time(facts, "night, far") == [WORKS, *["Expired"] * 8]
    assert over_time(facts, "any time") == [WAITS, *[WORKS] * 5, *["Expired"] * 3]
    assert over_time(facts, "regular") == [WAITS, WAITS, WAITS, WORKS, *["Expired"] * 5]
    assert over_time(facts, "till cancelled") == [
        WAITS, WAITS, WAITS, *[WORKS] * 5, "Canceled",
    ]  # fmt: skip
    assert set(over_time(facts, "pre")) == {"Filled"}
    assert over_time(facts, "market") == [WAITS, *["Filled"] * 6]
    assert set(over_time(facts, "post")) == {"Filled"}
    assert {facts["details"][name]["outside_rth"] for name in ("night", "pre", "regular")} == {
        "Overnight", "AnyTime", "RTHOnly",
    }  # fmt: skip


@pytest.mark.covers("POST /v1/trade/order", "DELETE /v1/trade/order")
def test_long_term_orders_live_until_they_are_cancelled_or_their_day_is_over(day: Any) -> None:
    """Source: trade, time in force."""
    facts = day("long")
    assert over_time(facts, "day") == [WORKS, *["Expired"] * 4]
    assert over_time(facts, "till a day") == [WORKS, WORKS, WORKS, "Expired", "Expired"]
    assert over_time(facts, "till cancelled") == [*[WORKS] * 4, "Canceled"]
    dated, ever = (facts["details"][name] for name in ("till a day", "till cancelled"))
    assert (dated["time_in_force"], dated["expire_date"]) == ("GoodTilDate", "2026-03-05")
    assert (ever["time_in_force"], ever["expire_date"]) == ("GoodTilCanceled", None)
    assert dated["tag"] == ever["tag"] == "LongTerm"


@pytest.mark.covers("POST /v1/trade/order", "GET /v1/trade/order", "DELETE /v1/trade/order")
def test_a_bracket_wakes_with_its_parent_and_one_half_ends_the_other(day: Any) -> None:
    """Source: trade, attached orders."""
    facts = day("attached")
    assert [one["attached_type_display"] for one in facts["woken"]] == ["ProfitTaker", "StopLoss"]
    for one in facts["woken"]:
        assert (one["trigger_status"], Decimal(one["quantity"])) == ("Active", 200)
        assert one["activate_order_type"] == "MIT"
    assert facts["cancelled"]["status"] == "Canceled"
    assert facts["left"]["status"] == "VarietiesNotReported"
    taker, stop = facts["triggered"]
    assert (taker["status"], Decimal(taker["executed_qty"])) == ("Filled", 100)
    assert stop["status"] == "Canceled", "the execution of one ends the other"
    assert {one["status"] for one in facts["with its parent"]} == {"Canceled"}
    [position] = facts["positions"]["channels"][0]["positions"]
    assert Decimal(position["quantity"]) == 200, "the triggered half has sold its own"


@pytest.mark.covers("cmd trade 18")
@pytest.mark.parametrize("name", CLOCKS)
def test_every_life_that_was_pushed_is_one_of_the_table(day: Any, name: str) -> None:
    for order, pushes in day(name)["lives"].items():
        assert illegal_steps(pushes) == [], order
