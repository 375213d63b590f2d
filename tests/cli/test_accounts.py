"""`portway account`, `app`, `token`, and the tables of an account, on a server and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portway.openapi.http import HttpClient
from tests.support.server import Server


class Portway:
    """The command of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str, status: int = 0) -> str:
        """Run it; its standard output, or what it complained about when it should fail."""
        quiet = {k: v for k, v in os.environ.items() if not k.startswith(("LONG", "PORTWAY_"))}
        done = subprocess.run(
            [sys.executable, "-m", "portway.cli", *words, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=60,
            env=quiet,
            cwd=self.home.parent,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stderr if status else done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("accounts") / "home") as running:
        yield running


@pytest.fixture
def portway(server: Server) -> Portway:
    return Portway(server.home)


def client(server: Server, token: str, **app: str) -> HttpClient:
    key = app.get("app_key", server.env["LONGPORT_APP_KEY"])
    secret = app.get("app_secret", server.env["LONGPORT_APP_SECRET"])
    return HttpClient(server.env["LONGPORT_HTTP_URL"], key, secret, token)


def test_an_account_from_its_opening_to_its_end(server: Server, portway: Portway) -> None:
    [opened] = portway.json("account", "open", "--name", "mine", "--deposit", "HKD=5000")
    number = opened["account_no"]
    assert number != "PT10000001"
    portway("account", "deposit", number, "usd", "12.50", "--note", "gift")
    token = portway("token", "issue", "--account", number, "--expires", "10m").strip()
    http = client(server, token)
    [balance] = http.request("GET", "/v1/asset/account")["list"]
    cash = {one["currency"]: one["available_cash"] for one in balance["cash_infos"]}
    assert cash == {"HKD": "5000", "USD": "12.5"}
    assert "12.5" in portway("account", "list")
    complaint = portway("account", "withdraw", number, "HKD", "5000.01", status=1)
    assert "exceeds the cash available" in complaint
    [reset] = portway.json("account", "reset", number, "--yes", "--deposit", "HKD=1")
    assert reset["cash"] == {"HKD": "1", "USD": "0"}
    flow = http.request("GET", "/v1/asset/cashflow?start_time=0&end_time=9999999999")["list"]
    assert len(flow) == 5, "two deposits, two lines of the reset, a deposit: nothing is erased"
    portway("account", "withdraw", number, "HKD", "1")
    [closed] = portway.json("account", "close", number)
    assert closed["closed_at"]
    assert "closed" in portway("account", "list")


def test_each_currency_is_paid_in_once(portway: Portway) -> None:
    """The last of two amounts would have been taken, and nobody told."""
    twice = ("--deposit", "HKD=1", "--deposit", "hkd=2")
    before = portway.json("account", "list")
    assert "named twice" in portway("account", "open", *twice, status=2)
    assert "named twice" in portway("account", "reset", "PT10000001", "--yes", *twice, status=2)
    assert portway.json("account", "list") == before


def test_a_read_only_token_of_an_app_of_its_own(server: Server, portway: Portway) -> None:
    app = portway.json("app", "create", "reader")
    assert app["app_key"] in portway("app", "list")
    issued = portway.json(
        "token", "issue", "--account", "PT10000001", "--app", app["app_key"], "--read-only"
    )
    assert issued["is_read_only"]
    http = client(server, issued["access_token"], **app)
    assert http.request("GET", "/v1/trade/order/today")["orders"] == []
    order = {
        "symbol": "700.HK", "order_type": "LO", "side": "Buy", "submitted_quantity": "100",
        "submitted_price": "400", "time_in_force": "Day",
    }  # fmt: skip
    with pytest.raises(Exception, match="may read but not trade"):
        http.request("POST", "/v1/trade/order", body=order)
    assert issued["token"] in portway("token", "list", "--account", "PT10000001")
    portway("token", "revoke", issued["token"])
    with pytest.raises(Exception, match="token invalid"):
        http.request("GET", "/v1/trade/order/today")
    assert "is no duration" in portway(
        "token", "issue", "--account", "PT10000001", "--expires", "soon", status=2
    )


def test_the_tables_show_what_the_api_says(server: Server, portway: Portway) -> None:
    server.admin("clock/pause", {})
    http = client(server, server.env["LONGPORT_ACCESS_TOKEN"])
    order = {
        "symbol": "700.HK", "order_type": "MO", "side": "Buy", "submitted_quantity": "100",
        "time_in_force": "Day",
    }  # fmt: skip
    order_id = http.request("POST", "/v1/trade/order", body=order)["order_id"]
    [shown] = portway.json("orders")
    assert (shown["order_id"], shown["status"]) == (order_id, "FilledStatus")
    row = next(line for line in portway("orders").splitlines() if order_id in line)
    assert row.split()[:4] == [order_id, "700.HK", "Buy", "MO"]
    [held] = portway.json("positions")
    assert (held["symbol"], held["quantity"]) == ("700.HK", "100")
    assert "700.HK" in portway("positions", "--once")
    [balance] = portway.json("assets", "--currency", "USD")
    assert balance["currency"] == "USD"
    picture = portway("assets", "--seconds", "0")
    assert "net assets" in picture
    assert "safe" in picture


def test_a_home_that_nobody_serves_is_changed_directly(tmp_path: Path) -> None:
    portway = Portway(tmp_path / "home")
    assert "portway serve" in portway("account", "list", status=1)
    with Server(tmp_path / "home") as running:
        running.kill()  # Leaves its address behind, where nobody listens any more.
        assert "starts it again" in portway("clock", status=1)
        [opened] = portway.json("account", "open", "--margin", "--deposit", "HKD=1000")
        assert (opened["account_no"], opened["credit"]) == ("PT10000002", "3000")
        token = portway("token", "issue", "--account", "PT10000002", "--expires", "1h").strip()
        running.restart()
        [balance] = client(running, token).request("GET", "/v1/asset/account")["list"]
        assert (balance["total_cash"], balance["max_finance_amount"]) == ("1000", "3000")


def test_what_an_owner_has_agreed_to_is_put_down(portway: Portway) -> None:
    [opened] = portway.json("account", "open", "--margin", "--residency", "CN")
    number = opened["account_no"]
    assert (opened["agreements"], opened["residency"]) == (["us-short-sale"], "CN")
    [signed] = portway.json("account", "agree", number, "hk-borrowing", "--residency", "HK")
    assert (signed["agreements"], signed["residency"]) == (["us-short-sale", "hk-borrowing"], "HK")
    [after] = portway.json("account", "agree", number, "us-short-sale", "--off")
    assert (after["agreements"], after["residency"]) == (["hk-borrowing"], "HK")
    complaint = portway("account", "agree", number, "--residency", "Mars", status=1)
    assert "residency" in complaint
