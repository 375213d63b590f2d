"""A margin account in a crash, as its owner's official client sees it: the call, and the sale."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.compat.lives import illegal_steps
from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "programs" / "crash.py"
SERVER = (
    "--scenario", "flash-crash", "--liquidate", "--limits", "none",
    "--clock", "at 2026-03-03T10:30:00+08:00", "--speed", "0",
)  # fmt: skip


@pytest.fixture(scope="module", params=("longbridge", "longport"))
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("crash") / "home"
    with Server(home, *SERVER) as server:
        wish = {"kind": "margin", "deposits": {"HKD": 1_000_000}}
        account_no = server.admin("accounts/open", wish)["account_no"]
        token = server.admin("tokens/issue", {"account_no": account_no})["access_token"]
        tokens = {f"{name}_ACCESS_TOKEN": token for name in ("LONGBRIDGE", "LONGPORT")}
        env = {**server.env, **tokens}
        return {"package": request.param, **run_program(PROGRAM, env, request.param, "sync")}


@pytest.mark.covers("GET /v1/asset/account", "cmd trade 18")
def test_positions_in_danger_are_sold_and_the_owner_is_told(facts: Any) -> None:
    """Source: markets, risk level; largest margin first, by market orders."""
    bought = Decimal(facts["bought"])
    assert bought > 1_000_000 / 600, "more than own money buys"
    assert facts["levels"][0] == "Medium"
    forced = {
        order_id: pushes
        for order_id, pushes in facts["lives"].items()
        if pushes[0]["remark"] == "margin call"
    }
    assert forced
    for pushes in facts["lives"].values():
        assert illegal_steps(pushes) == []
    sold = sum(Decimal(pushes[-1]["executed_quantity"]) for pushes in forced.values())
    assert sold == bought - Decimal(facts["left"]) > 0
    for pushes in forced.values():
        assert {push["side"] for push in pushes} == {"Sell"}
        assert {push["order_type"] for push in pushes} == {"MO"}
        known_to_it = "MarginCall" if facts["package"] == "longport" else "Unknown"
        assert {push["tag"] for push in pushes} == {known_to_it}
    assert facts["levels"][-1] in ("Safe", "Medium"), "out of danger"
    assert Decimal(facts["margin_call"]) == 0
