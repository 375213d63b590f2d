"""The same commands leave the same bytes whatever the process is like that carries them out.

`PORTWAY_PYTHONS` names other interpreters (paths, separated by the system's path separator) that
have the dependencies; without it, this one alone is tried, with different seeds of its hashes and
in different zones.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

STEPS = 300
OTHERS = [one for one in os.environ.get("PORTWAY_PYTHONS", "").split(os.pathsep) if one]


def told(python: str, seed: int, **env: str) -> str:
    """Return what a process of its own says of a flow: hash of the journal, digest, length."""
    command = [python, "-m", "tests.simulation.flow_digest", str(seed), str(STEPS)]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("seed", [1, 2])
def test_the_journal_depends_on_nothing_but_its_commands(seed: int) -> None:
    first = told(sys.executable, seed, PYTHONHASHSEED="0", TZ="UTC")
    assert told(sys.executable, seed, PYTHONHASHSEED="123", TZ="America/New_York") == first
    assert told(sys.executable, seed, PYTHONHASHSEED="77", LC_ALL="C", TZ="Asia/Kolkata") == first
    for python in OTHERS:
        assert told(python, seed) == first, python
    assert told(sys.executable, seed + 1) != first, "another seed is another journal"
