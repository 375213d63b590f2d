"""One seed, the same commands at the same market instants: the same pushes, the same journal."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "steps_program.py"
CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
KINDS = ("quote", "depth", "brokers", "trades")


def run(folder: Path, seed: str) -> tuple[Any, list[Any]]:
    """What a client received in one run, and the journal that it left, its bytes in hex."""
    with Server(folder / "home", *CLOCK, "--seed", seed) as server:
        run_program(PROGRAM, server.env, str(folder / "received.json"))
        assert server.metric("portway_pushes_conflated_total") == 0
        assert server.stop() == 0
        with closing(sqlite3.connect(server.database)) as home:
            query = "SELECT venue, seq, hex(payload), hex(chain) FROM journal ORDER BY venue, seq"
            journal = home.execute(query).fetchall()
    return json.loads((folder / "received.json").read_text()), journal


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> list[Any]:
    """Two runs of one seed, and one of another."""
    root = shared_folder(tmp_path_factory, worker_id)
    seeds = {"one": "7", "other": "7", "strange": "8"}
    return [
        gather_once(root, f"determinism-{name}", lambda folder, seed=seed: run(folder, seed))
        for name, seed in seeds.items()
    ]


def test_two_runs_push_the_same_content_in_the_same_order(runs: list[Any]) -> None:
    """Full content, for each symbol and kind, and the order pushes among themselves."""
    (one, _), (other, _), _ = runs
    assert one["pushes"].keys() == other["pushes"].keys()
    for stream, pushes in one["pushes"].items():
        assert pushes == other["pushes"][stream], stream
    assert {stream.split()[0] for stream in one["pushes"]} == set(KINDS)
    assert sum(map(len, one["pushes"].values())) > 1000
    assert one["orders"] == other["orders"]
    assert one["ids"] == other["ids"]


def test_two_runs_leave_the_same_journal_byte_for_byte(runs: list[Any]) -> None:
    """Every fact, and the chain over them."""
    (_, one), (_, other), _ = runs
    assert len(one) > 25
    assert one == other


def test_another_seed_makes_another_world(runs: list[Any]) -> None:
    """The comparisons above could not succeed with anything."""
    (one, journal), _, (strange, other) = runs
    assert strange["pushes"]["trades 700.HK"] != one["pushes"]["trades 700.HK"]
    assert other != journal
