"""`portway backup` and `restore`: a round trip while orders are placed."""

from __future__ import annotations

import threading
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.main import main
from portway.openapi import HttpClient
from tests.support.homes import traded_home
from tests.support.server import Server

CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
BACKUPS = 3


def portway(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def client(server: Server) -> HttpClient:
    env = server.env
    return HttpClient(
        env["LONGPORT_HTTP_URL"], env["LONGPORT_APP_KEY"], env["LONGPORT_APP_SECRET"],
        env["LONGPORT_ACCESS_TOKEN"],
    )  # fmt: skip


class Trader(threading.Thread):
    """Buys and sells until it is told to stop; keeps the ids it was answered."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._http = client(server)
        self._enough = threading.Event()
        self.answered: list[str] = []
        self.traded = threading.Condition()

    def run(self) -> None:
        while not self._enough.is_set():
            side = "Buy" if len(self.answered) % 2 == 0 else "Sell"
            order = {
                "symbol": "700.HK", "order_type": "MO", "side": side, "submitted_quantity": "100",
                "time_in_force": "Day",
            }  # fmt: skip
            order_id = self._http.request("POST", "/v1/trade/order", body=order)["order_id"]
            with self.traded:
                self.answered.append(order_id)
                self.traded.notify_all()

    def wait_for(self, orders: int) -> None:
        with self.traded:
            assert self.traded.wait_for(lambda: len(self.answered) >= orders, timeout=30)

    def stop(self) -> None:
        self._enough.set()
        self.join(30)


def test_a_backup_while_orders_are_placed_is_a_home_of_one_moment(tmp_path: Path) -> None:
    """Each holds every order that was answered before it, and a journal that later ones go on."""
    with Server(tmp_path / "home", *CLOCK) as server:
        trader = Trader(server)
        trader.start()
        exports = []
        try:
            for number in range(BACKUPS):
                trader.wait_for(len(trader.answered) + 10)
                before = list(trader.answered)
                file, new = tmp_path / f"backup{number}", tmp_path / f"new{number}"
                answer = portway("backup", file, "--home", server.home)
                assert answer.exit_code == 0, answer.output
                answer = portway("restore", file, "--home", new)
                assert answer.exit_code == 0, answer.output
                assert "verified" in answer.stdout
                exports.append(portway("journal", "export", "--home", new).stdout_bytes)
                assert all(f'"order_id":{one}'.encode() in exports[-1] for one in before)
                assert portway("audit", "--home", new).exit_code == 0
        finally:
            trader.stop()
        assert server.stop() == 0
    exports.append(portway("journal", "export", "--home", server.home).stdout_bytes)
    for earlier, later in pairwise(exports):
        assert later.startswith(earlier)
        assert len(later) > len(earlier)


def test_a_restored_home_is_served_with_the_same_secrets_and_money(tmp_path: Path) -> None:
    with Server(tmp_path / "home", *CLOCK) as server:
        trader = Trader(server)
        trader.start()
        trader.wait_for(5)
        trader.stop()
        assert portway("backup", tmp_path / "backup", "--home", server.home).exit_code == 0
        wanted = client(server).request("GET", "/v1/asset/account")["list"]
        token = server.env["LONGPORT_ACCESS_TOKEN"]
    assert portway("restore", tmp_path / "backup", "--home", tmp_path / "new").exit_code == 0
    with Server(tmp_path / "new") as again:
        assert again.env["LONGPORT_ACCESS_TOKEN"] == token
        http = client(again)
        assert http.request("GET", "/v1/asset/account")["list"] == wanted
        orders = http.request("GET", "/v1/trade/order/today")["orders"]
        assert {one["order_id"] for one in orders} == set(trader.answered)
        assert all(Decimal(one["executed_quantity"]) == 100 for one in orders)


def test_refusals_are_one_line_with_a_status(tmp_path: Path) -> None:
    traded_home(tmp_path / "home", seed=1, steps=5)
    file = tmp_path / "backup"
    assert portway("backup", file, "--home", tmp_path / "home").exit_code == 0
    for status, words in (
        (1, ("backup", file, "--home", tmp_path / "home")),
        (1, ("backup", tmp_path / "other", "--home", tmp_path / "none")),
        (1, ("restore", file, "--home", tmp_path / "home")),
    ):
        answer = portway(*words)
        assert answer.exit_code == status, answer.output
        assert len(answer.stderr.strip().splitlines()) == 1
    file.write_bytes(file.read_bytes()[:-100])
    answer = portway("restore", file, "--home", tmp_path / "new")
    assert (answer.exit_code, "damaged" in answer.stderr) == (2, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_the_file_has_to_be_named(verb: str) -> None:
    assert "FILE" in portway(verb).stderr
