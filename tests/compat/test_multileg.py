"""Multi-leg orders through the newer client, sync and async.

Source: trade 8.4, and the client's own decoding of `multi_leg`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

CLOCK = ("--clock", "at 2026-01-06T11:00:00-05:00", "--speed", "0")


@pytest.fixture(params=("longbridge-sync", "longbridge-async"))
def facts(gather: Facts, request: pytest.FixtureRequest) -> Any:
    return gather("multileg", str(request.param), server=CLOCK)


@pytest.mark.covers("POST /v1/trade/order/multileg")
def test_all_legs_trade_at_once_at_the_net_price(facts: Any) -> None:
    assert facts["detail"]["status"] == "Filled"
    assert Decimal(facts["detail"]["executed_price"]) == Decimal(facts["net"])
    traded = {one["symbol"]: Decimal(one["quantity"]) for one in facts["executions"]}
    assert traded == dict.fromkeys(facts["legs"], Decimal(1))


def test_an_order_shows_its_strategy_and_its_legs(facts: Any) -> None:
    assert facts["strategy"].endswith("Straddle")
    assert [one["symbol"] for one in facts["shown"]] == facts["legs"]
    assert {one["position"] for one in facts["shown"]} == {"Long"}
    assert facts["pushed"]
    assert all(facts["pushed"])


def test_what_waits_for_its_price_can_be_cancelled(facts: Any) -> None:
    assert "Canceled" in facts["cancelled"]


def test_legs_of_another_strategy_and_ratios_of_zero_are_refused(facts: Any) -> None:
    assert facts["wrong"]["code"] == facts["ratio"]["code"] == 602001
    assert "consists of two calls" in facts["wrong"]["message"]
    assert "ratio" in facts["ratio"]["message"]
