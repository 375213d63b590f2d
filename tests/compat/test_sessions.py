"""What lasts beyond one connection or one day: resumed sessions, overnight data, languages."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.compat.conftest import PROGRAMS, Facts
from tests.support.server import Server, chosen_ports, client_environment, run_client

pytestmark = pytest.mark.compat

PATIENCE_SECONDS = 30
OVERNIGHT = ("--clock", "at 2026-03-03T21:30:00-05:00", "--speed", "0")

PLACE = """
import json, sys
from decimal import Decimal
from longbridge.openapi import *
calls = TradeContext(Config.from_apikey_env())
order = calls.submit_order("700.HK", OrderType.LO, OrderSide.Buy, Decimal(100),
                           TimeInForceType.Day, submitted_price=Decimal(sys.argv[1]))
print(json.dumps(order.order_id), flush=True)
import os; os._exit(0)
"""


class Follower:
    """A client program that stays, and the lines it prints."""

    def __init__(self, package: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / "follow.py"), package, "sync"],
            env=client_environment(env),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def next(self, **wanted: Any) -> dict[str, Any]:
        """The next line with these values; earlier ones are passed over."""
        while True:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
            if all(line.get(name) == value for name, value in wanted.items()):
                return line

    def forget(self) -> None:
        """Pass over every line that has come so far."""
        while not self._lines.empty():
            self._lines.get_nowait()


@pytest.fixture
def follow() -> Iterator[Callable[..., Follower]]:
    """Start followers that end with the test."""
    followers: list[Follower] = []

    def start(package: str, env: dict[str, str]) -> Follower:
        followers.append(Follower(package, env))
        return followers[-1]

    yield start
    for one in followers:
        one.process.kill()
        one.process.wait(10)


@pytest.mark.covers("cmd 0", "cmd 3")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_pushes_go_on_after_the_server_was_away(
    fresh_server: Callable[..., Server], follow: Callable[..., Follower], package: str, how: str
) -> None:
    """Source: socket, sessions: the client comes back by itself, resumes and subscribes again."""
    server = fresh_server(*chosen_ports())
    follower = follow(package.partition("-")[0], server.env)
    follower.next(kind="ready")
    follower.next(kind="quote")
    getattr(server, how)()
    follower.forget()
    server.restart()
    follower.next(kind="quote")
    order = run_client(PLACE, server.env, "400")
    assert follower.next(kind="order", order_id=order)
    assert server.metric("portway_sign_ins_total") >= 2
    page = server.metrics()
    assert page['portway_sign_ins_total{outcome="reconnect"}'] == 2


@pytest.mark.covers("cmd 2", "cmd 8", "cmd 11", "push 101", "push 104")
@pytest.mark.parametrize("wanted", ["on", "off"])
def test_overnight_data_comes_to_those_who_asked_for_it(
    gather: Facts, package: str, wanted: str
) -> None:
    """Source: socket, AUTH metadata `need_over_night_quote`; quote, command 11."""
    facts = gather("overnight", package, wanted, server=OVERNIGHT)
    overnight = facts["quote"]["overnight_quote"]
    if wanted == "on":
        assert Decimal(overnight["last_done"]) > 0
        assert overnight["volume"] > 0
        assert "Overnight" in facts["sessions"]
        assert "Overnight" in facts["quote_sessions"]
    else:
        assert overnight is None
        assert facts["sessions"] == []
        assert "Overnight" not in facts["quote_sessions"]


@pytest.mark.covers("cmd 4")
def test_package_names_come_in_the_language_asked_for(gather: Facts, package: str) -> None:
    """Source: quote, command 4."""
    names = {
        language: [
            one["name"]
            for one in gather("overnight", package, "on", language, server=OVERNIGHT)["packages"]
        ]
        for language in ("EN", "ZH_CN")
    }
    assert all(name.isascii() for name in names["EN"])
    assert any(not name.isascii() for name in names["ZH_CN"])
