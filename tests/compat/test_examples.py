"""Examples run with all three libraries: only the line of the import changes.

The strategy of a recorded week is tried in tests/scenarios/test_moving_average.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.server import Server, text_of

pytestmark = pytest.mark.compat

LIBRARIES = ("longport", "longbridge", "portway")
STEPPED = ("--clock", "at 2026-01-26T10:00:00-05:00", "--speed", "0", "--limits", "none")
PROFIT = re.compile(r"2 weeks: ([+-][\d,.]+) USD after fees")


def run(example: str, library: str, folder: Path, *arguments: str) -> str:
    """Run an example on a fresh home, its import line changed; return what it printed."""
    text = (ROOT / "examples" / example).read_text()
    assert text.count("import longport.openapi as lp\n") == 1
    program = folder / example
    program.write_text(text.replace("import longport.openapi", f"import {library}.openapi"))
    with Server(folder / "home", *arguments) as server:
        return text_of([str(program)], server.env)


def portway(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portway.cli", *arguments, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_first_program(library: str, tmp_path: Path) -> None:
    said = run("hello.py", library, tmp_path)
    pushed = [line.split()[0] for line in said.splitlines()[:-1]]
    assert {"700.HK", "AAPL.US"} <= set(pushed)
    assert "Filled" in said.splitlines()[-1]


@pytest.mark.covers("cmd 20", "cmd 21", "POST /v1/trade/order", "GET /v1/asset/stock")
@pytest.mark.parametrize("library", LIBRARIES)
def test_calls_are_written_assigned_and_proven_to_the_cent(library: str, tmp_path: Path) -> None:
    said = run("covered_call.py", library, tmp_path, *STEPPED)
    assert PROFIT.search(said), said
    written = re.findall(r"wrote +1 (AAPL\d{6}C\d+\.US)", said)
    ends = re.findall(r"closes at [\d.]+: (called away|the shares stay)", said)
    assert len(written) == len(ends) == 2

    exported = portway(tmp_path / "home", "journal", "export")
    records = [json.loads(line) for line in exported.stdout.splitlines()]
    text = json.dumps(records)
    assert text.count('"OptionExpired"') == 2
    assert all(symbol in text for symbol in written)

    audited = portway(tmp_path / "home", "audit")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "proven" in audited.stdout
