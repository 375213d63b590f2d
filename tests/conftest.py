"""Fixtures and settings for every test: the folder of shared data, and hypothesis profiles.

Profiles: `ci` (default) draws the same examples on every run, so a red build is a red build for
everybody; `fuzz` draws new ones, many more. Choose with the environment variable
`HYPOTHESIS_PROFILE`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,  # shared machines stall; a slow example is not a wrong one
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# A shell starts what it puts into the background deaf to SIGINT, and that is inherited: the servers
# and followers that tests interrupt would run for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared cases and recorded data; tests that need it are skipped without it.

    `PORTWAY_SHARED` names it, else it lies beside the project as `shared`. Where
    `PORTWAY_REQUIRE_SHARED` is 1, as in CI with that folder, its absence fails instead.
    """
    folder = Path(os.environ.get("PORTWAY_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        reason = f"no shared data: {folder} is not a folder (set PORTWAY_SHARED)"
        if os.environ.get("PORTWAY_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
