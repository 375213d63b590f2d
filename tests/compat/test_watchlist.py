"""Watchlists through the official packages, and over a restart of the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "programs" / "watchlist.py"


def symbols(groups: list[Any], name: str) -> list[str]:
    [group] = [one for one in groups if one["name"] == name]
    return [one["symbol"] for one in group["securities"]]


@pytest.mark.covers(
    "GET /v1/watchlist/groups",
    "POST /v1/watchlist/groups",
    "PUT /v1/watchlist/groups",
    "DELETE /v1/watchlist/groups",
    "POST /v1/watchlist/pinned",
)
def test_a_watchlist_is_what_was_done_to_it_and_survives_a_crash(
    fresh_server: Callable[..., Server], client: str
) -> None:
    """Source: http, watchlist."""
    server = fresh_server("--clock", "at 2026-03-02T10:30:00+08:00")
    facts = run_program(PROGRAM, server.env, *client.split("-"))
    created = facts["created"]
    assert [one["name"] for one in created] == ["all", "first"]
    [first] = [one for one in created if one["id"] == facts["number"]]
    assert [one["symbol"] for one in first["securities"]] == ["700.HK", "AAPL.US", "600519.SH"]
    assert [one["market"] for one in first["securities"]] == ["HK", "US", "CN"]
    assert all(float(one["watched_price"]) > 0 for one in first["securities"])
    assert all(one["watched_at"] > 0 and one["name"] for one in first["securities"])
    assert symbols(facts["changed"], "renamed") == ["AAPL.US", "600519.SH", "9988.HK"]
    assert set(symbols(facts["changed"], "all")) == {"700.HK", "AAPL.US", "600519.SH", "9988.HK"}
    if "pinned" in facts:
        assert symbols(facts["pinned"], "all")[0] == "5.HK"
        assert symbols(facts["pinned"], "second") == ["5.HK", "SPY.US"]
        [group] = [one for one in facts["pinned"] if one["name"] == "second"]
        assert [one["is_pinned"] for one in group["securities"]] == [True, False]
    assert symbols(facts["deleted"], "all") == ["700.HK", "SPY.US", "5.HK"]
    for answer in facts["refused"].values():
        assert answer["code"] == 310010
        assert answer["message"]
    server.kill()
    server.restart()
    again = run_program(PROGRAM, server.env, *client.split("-"), "again")
    assert again["groups"] == facts["deleted"]
