"""`portway journal` on homes that nobody serves, and on one whose server runs."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.main import main
from portway.trading.event_codec import decode_facts
from tests.core.money_flow import play_money
from tests.support.homes import home_of, traded_home
from tests.support.server import Server


def portway(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "home"
    traded_home(path, seed=3, steps=120)
    return path


def test_verify_says_what_agrees_and_exits_with_zero(home: Path) -> None:
    answer = portway("journal", "verify", "--home", home)
    assert answer.exit_code == 0, answer.output
    assert "rows agree" in answer.stdout
    told = json.loads(portway("journal", "verify", "--home", home, "--json").stdout)
    assert told["exit_status"] == 0
    assert len(told["venues"][0]["head"]) == 64


def test_verify_prints_the_first_difference_and_exits_with_one(tmp_path: Path) -> None:
    traded_home(tmp_path / "home", seed=3)
    with sqlite3.connect(tmp_path / "home" / "portway.db") as connection:
        connection.execute("UPDATE balances SET cash = '1'")
    connection.close()
    answer = portway("journal", "verify", "--home", tmp_path / "home")
    assert answer.exit_code == 1
    assert "cash is '1' instead of" in answer.stdout


def test_verify_names_the_page_of_a_damaged_file_and_exits_with_two(tmp_path: Path) -> None:
    traded_home(tmp_path / "home", seed=3)
    path = tmp_path / "home" / "portway.db"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    answer = portway("journal", "verify", "--home", tmp_path / "home")
    assert answer.exit_code == 2
    page = len(data) // 2 // 4096 + 1
    assert f"page {page} of {len(data) // 4096} is cut off" in answer.output
    assert "restore" in answer.output


@pytest.mark.parametrize("verb", ["verify", "show", "export"])
def test_what_is_no_home_is_one_line_and_a_way_out(tmp_path: Path, verb: str) -> None:
    answer = portway("journal", verb, "--home", tmp_path / "none")
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert "portway serve --home" in line


def test_show_has_a_line_for_every_fact(home: Path) -> None:
    facts = [fact for record in play_money(3, 120).facts for fact in record]
    lines = portway("journal", "show", "--home", home).stdout.splitlines()[1:]
    assert len(lines) == len(facts)
    assert all(type(fact).__name__ in line.split() for fact, line in zip(facts, lines, strict=True))


def test_show_keeps_to_its_filters(home: Path) -> None:
    def shown(*words: str) -> list[str]:
        return portway("journal", "show", "--home", home, *words).stdout.splitlines()[1:]

    everything = shown()
    fills = shown("--kind", "OrderFilled")
    assert fills == [line for line in everything if " OrderFilled " in line]
    assert 0 < len(fills) < len(everything)
    of_one = shown("--account", "A2", "--symbol", "700.hk")
    assert of_one
    assert all(" A2 " in line and " 700.HK " in line for line in of_one)
    order_id = fills[0].split()[6]
    life = shown("--order", order_id)
    assert life[0].split()[4] == "OrderAccepted"
    assert fills[0] in life
    assert all(order_id in line for line in life)
    assert shown("--from", "20", "--to", "22") == [
        line for line in everything if 20 <= int(line.split()[0]) <= 22
    ]
    assert shown("--last", "3") == everything[-3:]
    assert shown("--from", "2030-01-01") == []
    assert shown("--to", "2026-01-05") == everything
    early = shown("--to", "2026-01-05T10:30:20")
    assert 0 < len(early) < len(everything)
    assert early + shown("--from", "2026-01-05T10:30:20.000001") == everything


@pytest.mark.parametrize("words", [("--kind", "Nonsense"), ("--from", "yesterday")])
def test_show_refuses_what_it_does_not_know(home: Path, words: tuple[str, str]) -> None:
    answer = portway("journal", "show", "--home", home, *words)
    assert answer.exit_code == 2
    assert words[1] in answer.stderr


def test_export_is_canonical_json_that_holds_every_fact(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "journal.jsonl"
    assert portway("journal", "export", "--home", home, out).exit_code == 0
    text = out.read_bytes()
    assert portway("journal", "export", "--home", home).stdout_bytes == text
    facts = play_money(3, 120).facts
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(facts) + 1))
    kinds = [[fact["fact"] for fact in row["facts"]] for row in rows]
    assert kinds == [[type(fact).__name__ for fact in record] for record in facts]
    # The fields are those of the facts: put back into a record they are the same facts.
    for row, record in zip(rows, facts, strict=True):
        pairs = [[fact.pop("fact"), fact] for fact in row["facts"]]
        assert decode_facts(json.dumps([1, pairs]).encode()) == record


def test_the_same_facts_give_the_same_export(home: Path, tmp_path: Path) -> None:
    home_of(tmp_path / "again", play_money(3, 120).facts, snapshot_after=None)
    first = portway("journal", "export", "--home", home).stdout_bytes
    assert portway("journal", "export", "--home", tmp_path / "again").stdout_bytes == first


def test_a_running_server_is_read_without_being_disturbed(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        assert portway("journal", "verify", "--home", server.home).exit_code == 0
        server.admin(
            "accounts/deposit",
            {"account_no": "PT10000001", "currency": "USD", "amount": "12.34", "note": "found"},
        )
        shown = portway("journal", "show", "--home", server.home, "--last", "1").stdout
        assert "+12.34 USD (found)" in shown
        assert portway("journal", "verify", "--home", server.home).exit_code == 0
        assert server.stop() == 0


def test_following_shows_what_comes_until_it_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "portway.cli", "journal", "show", "--follow"]
    with (
        Server(tmp_path / "home") as server,
        subprocess.Popen(
            [*command, "--home", str(server.home), "--kind", "CashDeposited"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
        ) as follower,
    ):
        assert follower.stdout is not None
        heading, *opening = (follower.stdout.readline() for _ in range(4))
        assert heading.split()[0] == "seq"
        assert all("opening balance" in line for line in opening)
        for amount in ("1.01", "2.02"):
            deposit = {"account_no": "PT10000001", "currency": "USD", "amount": amount, "note": ""}
            server.admin("accounts/deposit", deposit)
            assert f"+{amount} USD" in follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 0
