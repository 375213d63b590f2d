"""`make accept`: what it hands to a kit, and that nothing that fails is called a success."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import accept

SERVES = """
import json, pathlib, signal, sys, threading, time
home = pathlib.Path(sys.argv[sys.argv.index("--home") + 1])
ready = home.with_suffix(".ready")
if sys.argv[1] == "env":
    while not ready.exists():
        time.sleep(0.01)
    print(json.dumps({"LONGPORT_APP_KEY": f"key of {home.name}"}))
    sys.exit()
done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
print("ready", flush=True)
ready.touch()
done.wait(60)
"""
DEAF = SERVES.replace("lambda *_: done.set()", "signal.SIG_IGN")
UNREADY = SERVES.replace("sys.exit()", 'sys.exit("no server in sight")')
ENDS = """
import sys, time
if sys.argv[1] == "serve":
    sys.exit("port taken")
time.sleep(60)
"""

PASSES = """
import os, sys
assert os.environ["LONGPORT_APP_KEY"] == "key of home"
assert "LONGBRIDGE_APP_KEY" not in os.environ
print("checks", sys.argv[1:], "1 passed, 0 failed", flush=True)
"""
FAILS = "import sys\nprint('0 passed, 1 failed', flush=True)\nsys.exit(1)"

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `make accept` with a server and a kit of these sources."""
    monkeypatch.setenv("LONGBRIDGE_APP_KEY", "of another server")

    def run(server: str, kit: str, *arguments: str) -> int:
        portway = tmp_path / "portway"
        portway.write_text(f"#!{sys.executable}\n{server}")
        portway.chmod(0o755)
        (tmp_path / "conformance").mkdir()
        (tmp_path / "conformance" / "run.py").write_text(kit)
        return accept.main(["--shared", str(tmp_path), "--portway", str(portway), *arguments])

    return run


def test_a_kit_gets_the_servers_environment_alone(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(SERVES, PASSES, "-k", "^auth") == 0
    assert "checks ['-k', '^auth'] 1 passed, 0 failed" in capfd.readouterr().out


def test_a_failed_kit_fails_and_shows_the_servers_log(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(SERVES, FAILS) == 1
    assert capfd.readouterr().out.endswith("the server's log ends with:\nready\n")


def test_a_server_that_ends_fails_at_once(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(ENDS, PASSES) == 1
    out = capfd.readouterr().out
    assert "FAIL server: the server ended by itself, status 1" in out
    assert "port taken" in out


def test_a_server_that_is_not_ready_fails(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(UNREADY, PASSES) == 1
    assert "FAIL server: portway env: no server in sight" in capfd.readouterr().out


def test_each_further_run_comes_after_the_pause(
    run: Run, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "PAUSE_S", 0)
    assert run(SERVES, PASSES, "--times", "3") == 0
    assert capfd.readouterr().out.count("1 passed, 0 failed") == 3


def test_a_server_that_does_not_end_fails(
    run: Run, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "STOP_S", 0.2)
    assert run(DEAF, PASSES) == 1
    assert "did not end" in capfd.readouterr().out


def test_without_a_kit_there_is_nothing_to_accept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accept.main(["--shared", str(tmp_path)]) == 2
    assert "no conformance kit" in capsys.readouterr().err
