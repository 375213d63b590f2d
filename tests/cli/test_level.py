"""`portway level`: on a running server, where it takes hold at once, and on a home at rest."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_accounts import Portway
from tests.support.server import Server


def test_levels_are_set_while_the_server_runs_and_kept_when_it_does_not(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        portway = Portway(server.home)
        [row] = portway.json("level", "list")
        key = row.pop("app_key")
        assert row == {
            "name": "default", "hk": "lv2", "us": "lv1", "cn": "lv1", "opra": True,
            "overnight": True,
        }  # fmt: skip
        shown = portway("level", "set", "--hk", "delayed", "--no-opra")
        assert key in shown
        assert shown.split()[-5:] == ["delayed", "lv1", "lv1", "no", "yes"]
        [told] = server.admin("levels")["levels"]
        assert (told["hk"], told["opra"]) == ("delayed", False)
        assert "lv2" in portway("level", "set", key, "--us", "lv2", status=2)
        assert portway("level", "set", "nobody", "--hk", "lv1", status=1)
        server.stop()
    [kept] = portway.json("level", "set", "--overnight", "--hk", "lv1")
    assert (kept["hk"], kept["opra"], kept["overnight"]) == ("lv1", False, True)
    portway("app", "create", "second")
    assert "name one" in portway("level", "set", "--hk", "lv2", status=1)
