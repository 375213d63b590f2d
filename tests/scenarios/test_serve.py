"""`portway serve` from outside: how it starts, refuses to start, tells of itself, and stops."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server, refusal, run_client

pytestmark = pytest.mark.compat

WAIT_SECONDS = 60
STOP_SECONDS = 5.0

HOLD = """
import sys
from longport.openapi import *
quotes, trades = QuoteContext(Config.from_env()), TradeContext(Config.from_env())
quotes.subscribe(["700.HK"], [SubType.Quote])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serve")
    with Server(folder / "home", "--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0") as one:
        yield one


def portway(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PORTWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "portway.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        env={**clean, "TERM": "dumb"},
        check=False,
    )


def test_a_second_server_on_a_home_is_refused_and_told_who_is_first(server: Server) -> None:
    complaint = refusal("--free-ports", "--home", str(server.home))
    assert str(server.process.pid) in complaint


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        flags = ("--quote-port", "0", "--trade-port", "0", "--quote-tcp-port", "0")
        home = ("--home", str(tmp_path / "home"))
        complaint = refusal("--http-port", port, *flags, "--trade-tcp-port", "0", *home)
    assert port in complaint


BAD_FLAGS = {
    "clock": ("--clock", "yesterday"),
    "clock without an offset": ("--clock", "at 2026-03-03T10:15:00"),
    "port": ("--http-port", "70000"),
    "profile": ("--limits", "generous"),
    "speed": ("--speed", "fast"),
    "negative speed": ("--speed", "-1"),
    "unknown": ("--no-such-flag",),
}


@pytest.mark.parametrize("what", BAD_FLAGS)
def test_a_bad_flag_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    refusal("--free-ports", "--home", str(tmp_path / "home"), *BAD_FLAGS[what])


def test_a_host_that_is_none_of_this_machine_is_named_with_the_way_out(tmp_path: Path) -> None:
    for host in ("no.such.host.invalid", "192.0.2.1"):
        flags = ("--free-ports", "--home", str(tmp_path / "home"), "--host", host)
        assert "--host names an address of this machine" in refusal(*flags)


@pytest.mark.parametrize("what", ["missing", "empty", "a file"])
def test_a_replay_folder_without_recorded_days_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "recorded"
    if what == "empty":
        path.mkdir()
    if what == "a file":
        path.write_text("no data")
    home = ("--free-ports", "--home", str(tmp_path / "home"))
    assert str(path) in refusal(*home, "--replay", str(path))


def test_a_home_of_another_version_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Server(home) as one:
        assert one.stop() == 0
    path = home / "version.json"
    version = json.loads(path.read_text())
    path.write_text(json.dumps(dict.fromkeys(version, 999)))
    complaint = refusal("--free-ports", "--home", str(home))
    assert "999" in complaint


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Server(home) as one:
        assert one.stop() == 0
        one.database.write_bytes(b"not a database" * 1000)
    assert "portway.db" in refusal("--free-ports", "--home", str(home))


def test_a_running_server_tells_its_addresses_in_every_form(server: Server) -> None:
    names = {"HTTP_URL", "QUOTE_WS_URL", "TRADE_WS_URL", "APP_KEY", "APP_SECRET", "ACCESS_TOKEN"}
    wanted = {f"{prefix}_{name}" for prefix in ("LONGPORT", "LONGBRIDGE") for name in names}
    wanted |= {f"PORTWAY_{name}" for name in ("QUOTE_TCP", "TRADE_TCP", "ADMIN_URL", "HOME")}

    def env(form: str) -> str:
        answer = portway("env", "--home", str(server.home), "--format", form)
        assert answer.returncode == 0
        return answer.stdout

    as_json = json.loads(env("json"))
    assert as_json.keys() == wanted
    lines = env("dotenv").splitlines()
    assert {k: json.loads(v) for k, _, v in (row.partition("=") for row in lines)} == as_json
    words = [shlex.split(line) for line in env("sh").splitlines()]
    assert all(word[0] == "export" and len(word) == 2 for word in words)
    assert dict(word[1].split("=", 1) for word in words) == as_json


def test_env_without_a_server_says_how_to_start_one(tmp_path: Path) -> None:
    answer = portway("env", "--home", str(tmp_path / "nobody"))
    assert answer.returncode == 1
    assert "portway serve" in answer.stderr
    assert answer.stdout == ""


def test_the_clock_is_stepped_from_the_command_line(server: Server) -> None:
    home = ("--home", str(server.home))

    def now() -> str:
        return str(server.admin("clock")["markets"]["HK"]["now"])

    assert portway("clock", *home, "step", "90").returncode == 0
    assert now() == "2026-03-03T02:16:30+00:00" or now() == "2026-03-03T10:16:30+08:00"
    assert portway("clock", *home, "jump", "2026-03-03T11:00:00+08:00").returncode == 0
    shown = portway("clock", *home)
    assert shown.returncode == 0
    assert "11:00:00" in shown.stdout
    back = portway("clock", *home, "jump", "2026-03-03T10:00:00+08:00")
    assert back.returncode == 1
    assert "Traceback" not in back.stderr


def test_healthz_answers_and_metrics_count(server: Server) -> None:
    url = server.env["LONGPORT_HTTP_URL"]
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        assert answer.status == 200
    before = server.metric("portway_http_requests_total")
    run_client(
        "from longport.openapi import *\n"
        "QuoteContext(Config.from_env())\n"
        "print('null', flush=True)\n"
        "import os; os._exit(0)",
        server.env,
    )
    assert server.metric("portway_http_requests_total") > before
    assert server.metric("portway_sign_ins_total") >= 1
    assert server.metric("portway_defects_total") == 0


def test_secrets_are_not_logged(server: Server) -> None:
    log = server.log.read_text()
    banner = [line for line in log.splitlines() if not line.startswith("export ")]
    for name in ("LONGPORT_APP_SECRET", "LONGPORT_ACCESS_TOKEN"):
        assert server.env[name] not in "\n".join(banner)


def test_sigterm_ends_it_in_time_while_clients_are_connected(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        client = subprocess.Popen(
            [sys.executable, "-c", HOLD],
            env={**os.environ, **server.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert client.stdout
            while (line := client.stdout.readline().strip()) != "ready":
                assert line, "the client signs in"
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < STOP_SECONDS
        finally:
            client.kill()
            client.wait(10)
        assert "Traceback" not in server.log.read_text()
        assert not (server.home / "server.json").exists()


def test_a_home_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Clock, seed, credentials and account survive a stop."""
    clock = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--seed", "5")
    with Server(tmp_path / "home", *clock) as server:
        server.step(3600)
        before: Any = server.admin("clock")["markets"]
        keys = {name: server.env[f"LONGPORT_{name}"] for name in ("APP_KEY", "ACCESS_TOKEN")}
        assert server.stop() == 0
        server.arguments = ("--speed", "0")
        server.restart()
        assert server.admin("clock")["markets"] == before
        assert keys == {name: server.env[f"LONGPORT_{name}"] for name in keys}
