"""A power cut in the middle of trading: what was answered is there, once, and the money fits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, client_environment, run_program

pytestmark = pytest.mark.compat

HERE = Path(__file__).parent
CASH = 1_000_000  # What a new account has in HKD.
CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--limits", "none")


def trade_until_killed(server: Server, answered_min: int) -> list[str]:
    """Let a client trade; kill the server, then the client, in the middle; what was answered."""
    client = subprocess.Popen(
        [sys.executable, str(HERE / "orders_program.py")],
        env=client_environment(server.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert client.stdout
    answered = [client.stdout.readline().strip() for _ in range(answered_min)]
    assert all(answered), "the client ended by itself"
    server.kill()
    rest = client.stdout.read()  # What was answered before the end; then the client gives up.
    client.kill()
    client.wait(10)
    return answered + rest.split()


@pytest.fixture(scope="module", params=[20, 120])
def aftermath(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Any:
    """What was answered before the kill, and what the account shows after the restart."""
    root = shared_folder(tmp_path_factory, worker_id)
    return gather_once(root, f"kill-{request.param}", lambda folder: kill(folder, request.param))


def kill(folder: Path, answered_min: int) -> Any:
    """Trade, kill in the middle, restart, look; and once more kill, restart, look."""
    shown = []
    with Server(folder / "home", *CLOCK) as server:
        answered = trade_until_killed(server, answered_min)
        for name in ("first", "again"):
            server.restart()
            run_program(HERE / "audit_program.py", server.env, str(folder / name))
            shown.append(json.loads((folder / name).read_text()))
            server.kill()
    return {"answered": answered, "shown": shown[0], "again": shown[1]}


def test_every_answered_order_is_there_once(aftermath: Any) -> None:
    """At most the one order whose answer was under way is more."""
    answered, shown = aftermath["answered"], aftermath["shown"]
    counts = Counter(order_id for order_id, _ in shown["orders"])
    assert len(set(answered)) == len(answered) < 200, "the kill came in the middle"
    assert all(counts[order_id] == 1 for order_id in answered)
    assert len(set(counts) - set(answered)) <= 1


def test_cash_and_positions_equal_the_executions(aftermath: Any) -> None:
    """To the cent, fees included, recomputed from executions and order details."""
    shown = aftermath["shown"]
    details = shown["details"]
    assert len({trade_id for trade_id, *_ in shown["executions"]}) == len(shown["executions"]) > 0
    cash, shares = Decimal(CASH), Decimal(0)
    executed: Counter[str] = Counter()
    for _, order_id, price, quantity in shown["executions"]:
        sign = 1 if details[order_id]["side"] == "Buy" else -1
        cash -= sign * Decimal(price) * Decimal(quantity)
        shares += sign * Decimal(quantity)
        executed[order_id] += int(quantity)
    cash -= sum(Decimal(detail["fees"]) for detail in details.values())
    for order_id, detail in details.items():
        assert executed[order_id] == int(detail["executed"])
    assert sum(map(Decimal, shown["cash"].values())) == cash
    assert {symbol: Decimal(count) for symbol, count in shown["positions"]} == (
        {"700.HK": shares} if shares else {}
    )


def test_held_cash_belongs_to_working_orders(aftermath: Any) -> None:
    """Nothing stays held for an order that ended."""
    shown = aftermath["shown"]
    working = [order_id for order_id, status in shown["orders"] if status == "New"]
    assert bool(working) == (Decimal(shown["cash"]["frozen_cash"]) > 0)


def test_a_second_restart_changes_nothing(aftermath: Any) -> None:
    """Recovery is a fold of facts: doing it twice gives the same."""
    assert aftermath["again"] == aftermath["shown"]
