"""Quote levels as the official clients meet them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

AT = ("--clock", "at 2026-03-03T10:30:00+08:00")
QUARTER = 15 * 60


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("levels", client, server=AT)


def test_a_fresh_key_sees_everything(facts: Any) -> None:
    """Source: quote, section 11."""
    fresh = facts["fresh"]
    assert fresh["level"] == "US|QBBO;HK|LV2;SH|LV1;SZ|LV1"
    assert set(fresh["packages"]) == {
        "US_QBBO_OpenAPI", "HK_L2_OpenAPI", "CN_L1_OpenAPI", "US_OPRA_OpenAPI",
    }  # fmt: skip
    assert fresh["depth"] == 10
    assert fresh["brokers"]["code"] is None
    assert fresh["subscribe"]["code"] is None
    assert fresh["sessions"] == 4
    [option] = fresh["option"]["accepted"]
    assert float(option["last_done"]) > 0


@pytest.mark.covers("error 301604")
def test_level_one_hides_brokers_and_all_but_the_best_prices(facts: Any) -> None:
    """Source: quote, section 11 and errors."""
    one = facts["lv1"]
    assert one["level"] == "US|QBBO;HK|LV1;SH|LV1;SZ|LV1"
    assert one["depth"] == 1
    assert (one["brokers"]["code"], one["brokers"]["message"]) == (301604, "no quote access")
    assert one["subscribe"]["code"] is None


def test_a_delayed_market_is_a_quarter_of_an_hour_late_and_pushes_nothing(facts: Any) -> None:
    """Source: quote, section 11."""
    fresh, late = facts["fresh"], facts["delayed"]
    assert late["level"] == "US|DELAY;HK|BMP;SH|LV1;SZ|LV1"
    assert late["packages"] == ["CN_L1_OpenAPI"]
    hk, cn = (then - now for then, now in zip(late["trade_at"], fresh["trade_at"], strict=True))
    assert -QUARTER - 60 < hk < -QUARTER + 60
    assert cn == 0
    assert late["quote_at"] <= fresh["quote_at"]
    assert late["brokers"]["code"] == 301604
    assert late["subscribe"]["code"] == 301604
    assert late["sessions"] == 3
    assert late["option"]["code"] == 301604
    assert late["option_depth"]["code"] == 301604


def test_a_level_changes_while_a_client_is_connected(facts: Any) -> None:
    """Source: quote, section 11 (no pushes without real time)."""
    then = facts["while connected"]
    assert then["before"]
    assert then["after"] == 0
    assert then["again"]["code"] is None
