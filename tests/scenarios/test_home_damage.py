"""A home whose files were damaged: one line with the cause and the way out, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import Server, refusal, run_client

START_SECONDS = 30


@pytest.fixture(scope="module")
def old_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("damage") / "home"
    server = Server(home)
    assert server.stop() == 0
    return home


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("world.json", b"{}", "names no seed"),
        ("world.json", b"[", "damaged"),
        ("credentials.json", b"{}", "damaged"),
        ("credentials.json", b'{"app_key": 5}', "damaged"),
        ("clock.json", b"{}", "clock.json"),
        ("clock.json", b'{"mode": "open", "instants": {"HK": "soon"}}', "clock.json"),
        ("version.json", b'{"home_version": 99}', "version 99"),
        ("portway.db", b"not a database, " * 100, "portway.db"),
        ("portway.db", b"", "no such app"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(
    old_home: Path, name: str, content: bytes, says: str
) -> None:
    path = old_home / name
    kept = {one: one.read_bytes() for one in old_home.glob("portway.db*")} | {
        path: path.read_bytes()
    }
    try:
        if name == "portway.db":
            for one in old_home.glob("portway.db-*"):
                one.unlink()
        path.write_bytes(content)
        line = refusal("--free-ports", "--home", str(old_home))
        assert says in line
        assert "--home" in line or "restore" in line or "start afresh" in line
    finally:
        for one, data in kept.items():
            one.write_bytes(data)


REFRESH = """
import json, os
import longport.openapi as lp
env = os.environ
client = lp.HttpClient(env["LONGPORT_HTTP_URL"], env["LONGPORT_APP_KEY"],
                       env["LONGPORT_APP_SECRET"], env["LONGPORT_ACCESS_TOKEN"])
print(json.dumps(client.request("get", "/v1/token/refresh")["token"]))
"""


def test_after_a_refresh_the_home_tells_the_new_token(tmp_path: Path) -> None:
    server = Server(tmp_path / "home")
    try:
        token = run_client(REFRESH, server.env)
        assert token != server.env["LONGPORT_ACCESS_TOKEN"]
        command = [sys.executable, "-m", "portway.cli", "env", "--format", "json"]
        told = subprocess.check_output([*command, "--home", str(server.home)])
        assert json.loads(told)["LONGPORT_ACCESS_TOKEN"] == token
        server.stop()
        server.restart()
        assert server.env["LONGPORT_ACCESS_TOKEN"] == token
    finally:
        server.stop()


def test_speed_and_pause_outlive_a_restart(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", "--clock", "at 2026-01-05T10:00:00+08:00", "--speed", "0")
    try:
        server.stop()
        server.arguments = ()
        server.restart()
        assert server.admin("clock")["speed"] == 0
        server.admin("clock/speed", {"speed": 7})
        server.admin("clock/pause", {})
        server.stop()
        server.restart()
        state = server.admin("clock")
        assert (state["speed"], state["paused"], state["mode"]) == (7, True, "at")
    finally:
        server.stop()
