"""The example of covered calls: over two expiries, and its account proves out to the cent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.server import Server, client_environment

pytestmark = pytest.mark.compat

CLOCK = ("--clock", "at 2026-01-26T10:00:00-05:00", "--speed", "0", "--limits", "none")
PROGRAM = ROOT / "examples" / "covered_call.py"
PROFIT = re.compile(r"2 weeks: ([+-][\d,.]+) USD after fees")


def portway(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portway.cli", *arguments, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.covers("cmd 20", "cmd 21", "POST /v1/trade/order", "GET /v1/asset/stock")
def test_calls_are_written_assigned_and_proven_to_the_cent(tmp_path: Path) -> None:
    with Server(tmp_path / "home", *CLOCK) as server:
        answer = subprocess.run(
            [sys.executable, str(PROGRAM)],
            env=client_environment(server.env),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert answer.returncode == 0, answer.stderr
    assert PROFIT.search(answer.stdout), answer.stdout
    written = re.findall(r"wrote +1 (AAPL\d{6}C\d+\.US)", answer.stdout)
    ends = re.findall(r"closes at [\d.]+: (called away|the shares stay)", answer.stdout)
    assert len(written) == len(ends) == 2

    exported = portway(tmp_path / "home", "journal", "export")
    records = [json.loads(line) for line in exported.stdout.splitlines()]
    text = json.dumps(records)
    assert text.count('"OptionExpired"') == 2
    assert all(symbol in text for symbol in written)

    audited = portway(tmp_path / "home", "audit")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "proven" in audited.stdout
