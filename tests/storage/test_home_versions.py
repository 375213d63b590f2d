"""A home of every earlier version is proven, served and gone on with; a later one is refused.

The kept homes were made by the servers of their time, with `tools/keep_home.py`.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.main import main
from portway.openapi import HttpClient
from portway.storage.home import HOME_VERSION
from portway.storage.schema import MIGRATIONS, SCHEMA_VERSION
from tests.conftest import ROOT
from tests.support.homes import traded_home
from tests.support.server import Server, refusal
from tools.keep_home import shown_by

KEPT = sorted((ROOT / "tests" / "fixtures" / "homes").iterdir())
VERBS = (
    ("journal", "verify"), ("journal", "show"), ("journal", "export"), ("audit",),
    ("backup", "FILE"),
)  # fmt: skip


def portway(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def placed(kept: Path, tmp_path: Path) -> Path:
    """Put a kept home where it can be used."""
    home = tmp_path / kept.name
    shutil.copytree(kept, home)
    with closing(sqlite3.connect(home / "portway.db")) as connection:
        connection.executescript((home / "portway.sql").read_text())
    for name in ("portway.sql", "shown.json"):
        (home / name).unlink()
    return home


def schema_of(home: Path) -> int:
    with closing(sqlite3.connect(home / "portway.db")) as connection:
        sql = "SELECT value FROM meta WHERE key = 'schema_version'"
        return int(connection.execute(sql).fetchone()[0])


def test_a_home_of_every_earlier_version_is_kept() -> None:
    kept = {int(one.name.removeprefix("schema-")) for one in KEPT}
    assert set(MIGRATIONS) <= kept, "make one before the schema changes: tools/keep_home.py"
    assert all(schema_text(one) == one.name.removeprefix("schema-") for one in KEPT)


def schema_text(kept: Path) -> str:
    (line,) = [
        line for line in (kept / "portway.sql").read_text().splitlines() if "schema_version" in line
    ]
    return line.split("'")[3]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_a_kept_home_is_proven_as_it_stands(kept: Path, tmp_path: Path) -> None:
    """Read through a copy: it is of its version before and after."""
    home = placed(kept, tmp_path)
    for words in VERBS:
        file = tmp_path / "backup" if "FILE" in words else None
        answer = portway(*(file if word == "FILE" else word for word in words), "--home", home)
        assert answer.exit_code == 0, answer.output
    assert schema_of(home) == int(kept.name.removeprefix("schema-"))
    answer = portway("restore", tmp_path / "backup", "--home", tmp_path / "new")
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_a_kept_home_is_served_and_gone_on_with(kept: Path, tmp_path: Path) -> None:
    """It shows what its own server showed at the end, takes an order, and is proven again."""
    home = placed(kept, tmp_path)
    with Server(home) as server:
        http = client(server)
        assert shown_by(http) == json.loads((kept / "shown.json").read_text())
        order = {
            "symbol": "700.HK", "order_type": "MO", "side": "Buy", "submitted_quantity": "100",
            "time_in_force": "Day",
        }  # fmt: skip
        order_id = http.request("POST", "/v1/trade/order", body=order)["order_id"]
        assert server.stop() == 0
    assert schema_of(home) == SCHEMA_VERSION
    assert portway("journal", "verify", "--home", home).exit_code == 0
    assert portway("audit", "--home", home).exit_code == 0
    assert order_id in portway("journal", "show", "--home", home).stdout


def client(server: Server) -> HttpClient:
    """A client with a token of today: those that were kept expire."""
    issue = ("token", "issue", "--account", "PT10000001", "--expires", "1h")
    token = portway(*issue, "--home", server.home).stdout.strip()
    env = server.env
    return HttpClient(
        env["LONGPORT_HTTP_URL"], env["LONGPORT_APP_KEY"], env["LONGPORT_APP_SECRET"], token
    )


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize("what", ["home", "schema"])
def test_a_home_of_a_later_version_is_refused_with_the_way_out(
    tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    home = later(tmp_path, what)
    answer = portway(*words, "--home", home)
    assert answer.exit_code in (1, 2)
    (line,) = answer.stderr.strip().splitlines()
    assert "use the version that wrote it" in line


@pytest.mark.parametrize("what", ["home", "schema"])
def test_no_server_starts_on_a_later_home(tmp_path: Path, what: str) -> None:
    home = later(tmp_path, what)
    before = (home / "portway.db").read_bytes()
    line = refusal("--free-ports", "--home", str(home))
    assert "use the version that wrote it" in line
    assert (home / "portway.db").read_bytes() == before, "nothing was written"


def later(tmp_path: Path, what: str) -> Path:
    """A home as the next version will leave it."""
    home = tmp_path / "home"
    traded_home(home, seed=1, steps=5)
    if what == "home":
        (home / "version.json").write_text(json.dumps({"home_version": HOME_VERSION + 1}))
        return home
    with closing(sqlite3.connect(home / "portway.db")) as connection:
        sql = "UPDATE meta SET value = ? WHERE key = 'schema_version'"
        connection.execute(sql, (str(SCHEMA_VERSION + 1),))
        connection.commit()
    return home
