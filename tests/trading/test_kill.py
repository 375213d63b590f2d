"""kill -9 in the middle of trading: what was answered is there, once, and the money agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from portway.storage.sqlite import SqliteStore
from portway.trading.recovery import recover
from tests.conftest import ROOT
from tests.support.audit import audit

VENUE = "main"


def told_before_the_kill(folder: Path, seed: int) -> list[int]:
    """Start the trader, kill it after some answers, return the ids it was told."""
    answers = Random(seed).randrange(3, 200)
    command = [sys.executable, "-m", "tests.trading.trader_process", str(folder), str(seed)]
    told: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as trader:
        assert trader.stdout is not None
        for line in trader.stdout:
            told.append(int(line))
            if len(told) == answers:
                trader.kill()
        trader.wait()
    assert len(told) >= answers, "the trader ended by itself"
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path, seed: int) -> None:
    told = told_before_the_kill(tmp_path, seed)
    assert set(told) <= set(audit(tmp_path / "portway.db").accepted)


def test_a_venue_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = told_before_the_kill(tmp_path, seed=4)
    store = SqliteStore(tmp_path / "portway.db")
    recovered = recover(store, VENUE)
    store.close()
    assert set(first) <= set(recovered.state.orders) | set(recovered.state.closed)
