"""The same commands at the same market instants: the same journal bytes, at any speed.

Commands come from a script written by hand, or from the recording of a client that ran free.
"""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portway.market.reference import built_in
from portway.market.synthetic import SyntheticWorld
from portway.model.symbol import Symbol
from tests.support.server import Server, refusal, run_program

ACCOUNT = "PT10000001"  # Every fresh home opens this one.
BEGIN = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
CLOCK = ("--clock", f"at {BEGIN.isoformat()}", "--seed", "7", "--limits", "none")
SECONDS = 20
PROGRAM = Path(__file__).parent / "script_program.py"


def journal_of(server: Server) -> list[tuple[Any, ...]]:
    """Every record's bytes, and the chain over them."""
    assert server.stop() == 0, server.log.read_text()
    with closing(sqlite3.connect(server.database)) as home:
        return home.execute("SELECT seq, payload, chain FROM journal ORDER BY seq").fetchall()


def order(at: datetime, symbol: str, order_type: str, side: str, quantity: int, **more: Any) -> Any:
    terms = {
        "symbol": symbol,
        "order_type": order_type,
        "side": side,
        "quantity": str(quantity),
        "time_in_force": "DAY",
        **more,
    }
    command = {"account_no": ACCOUNT, "terms": terms}
    return {"at": at.isoformat(), "do": "SubmitOrder", "with": command}


def script_lines() -> list[Any]:
    """Orders around the market, at odd instants; the clock stands at the end of them."""
    world, draw = SyntheticWorld(7, built_in()), random.Random(4)
    lines: list[Any] = []
    for index in range(60):
        at = BEGIN + timedelta(microseconds=draw.randrange(SECONDS * 10**6))
        symbol = draw.choice(("700.HK", "5.HK", "9988.HK"))
        snapshot = world.snapshot(Symbol(symbol), at)
        assert snapshot is not None
        assert snapshot.depth is not None
        side = draw.choice(("BUY", "BUY", "SELL"))
        level = draw.choice((snapshot.depth.bids, snapshot.depth.asks))[draw.randrange(3)]
        more: dict[str, Any] = {"price": str(level.price)}
        kind = draw.choice(("LO", "ELO", "LIT", "MIT"))
        if kind in ("LIT", "MIT"):
            more["trigger_price"] = str(level.price)
        if kind == "MIT":
            del more["price"]
        if index % 7 == 3:
            more["delayed_until"] = (at + timedelta(seconds=draw.randrange(1, 4))).isoformat()
        lines.append(order(at, symbol, kind, side, 100 * draw.choice((4, 8, 40)), **more))
    lines.sort(key=lambda line: line["at"])
    payment = {"account_no": ACCOUNT, "currency": "HKD", "amount": "90000000"}
    lines.insert(0, {"at": BEGIN.isoformat(), "do": "Deposit", "with": payment})
    return [*lines, {"at": (BEGIN + timedelta(seconds=SECONDS)).isoformat(), "do": "End"}]


def carry_out(folder: Path, script: Path, speed: int) -> tuple[list[tuple[Any, ...]], Any]:
    """The journal that a script leaves at a speed, and what the server said at its end."""
    home = folder / f"home-{speed}"
    with Server(home, *CLOCK, "--speed", str(speed), "--repeat-commands", str(script)) as server:
        said = server.admin("commands?wait=60")
        return journal_of(server), said


def test_a_script_leaves_the_same_journal_at_1x_and_at_1000x(tmp_path: Path) -> None:
    lines = script_lines()
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    slow, said = carry_out(tmp_path, script, 1)
    fast, _ = carry_out(tmp_path, script, 1000)
    assert said["left"] == 0
    assert said["repeated"] == len(lines) - 1
    assert len(slow) > len(lines)
    assert any(payload.startswith(b'[1,[["OrderFilled"') for _, payload, _ in slow)
    assert slow == fast


@pytest.mark.compat
@pytest.mark.parametrize("clock", ["at", "open"])
def test_a_recorded_client_is_repeated_to_the_same_journal(tmp_path: Path, clock: str) -> None:
    """The repetition takes world, clock and settings from the recording, and compares its end."""
    recording = tmp_path / "commands.jsonl"
    flags = CLOCK if clock == "at" else ("--clock", "open", "--seed", "5", "--limits", "none")
    more = ("--speed", "30", "--fill-model", "queue", "--record-commands", str(recording))
    with Server(tmp_path / "first", *flags, *more) as server:
        sent = run_program(PROGRAM, server.env, "40")
        assert server.admin("commands")["recorded"] >= sent
        first = journal_of(server)
    lines = recording.read_text().splitlines()
    assert json.loads(lines[-1])["do"] == "End"
    assert len(lines) >= sent + 2
    with Server(
        tmp_path / "again", "--speed", "1000", "--repeat-commands", str(recording)
    ) as server:
        said = server.admin("commands?wait=60")
        again = journal_of(server)
    assert len(first) > sent
    assert again == first
    assert said["matches"] is True


def test_what_cannot_be_repeated_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """Another world, another place in a journal, days without their files, the past, real time."""
    recording, script = tmp_path / "commands.jsonl", tmp_path / "script.jsonl"

    def refused(home: str, *flags: str) -> str:
        return refusal("--free-ports", "--home", str(tmp_path / home), *flags)

    with Server(tmp_path / "first", *CLOCK, "--record-commands", str(recording)) as server:
        server.admin("accounts/deposit", {"account_no": ACCOUNT, "currency": "HKD", "amount": "5"})
        assert server.stop() == 0
    again = ("--repeat-commands", str(recording))
    assert "stands elsewhere" in refused("first", *again)
    with Server(tmp_path / "other", "--seed", "8") as server:
        assert server.stop() == 0
    assert "has another world" in refused("other", *again)
    lines = recording.read_text()
    recording.write_text(lines.replace('"is_replay":false', '"is_replay":true'))
    assert "--replay" in refused("third", *again)
    assert "exists" in refused("fourth", "--record-commands", str(recording))
    script.write_text(json.dumps({"at": "2026-03-03T10:14:59+08:00", "do": "End"}))
    hand = ("--repeat-commands", str(script))
    assert "take another --home" in refused("fifth", *CLOCK, *hand)
    assert "simulated clock" in refused("sixth", "--clock", "wall", *hand)
    script.write_text("nonsense")
    assert "script.jsonl: line 1" in refused("seventh", *CLOCK, *hand)


def test_a_clock_that_stands_still_is_told_and_may_be_stepped_to_the_end(tmp_path: Path) -> None:
    """As with a recording of a client that stepped the clock itself."""
    script = tmp_path / "script.jsonl"
    payment = {"account_no": ACCOUNT, "currency": "HKD", "amount": "5"}
    lines = [
        {"at": (BEGIN + timedelta(seconds=5)).isoformat(), "do": "Deposit", "with": payment},
        {"at": (BEGIN + timedelta(seconds=9)).isoformat(), "do": "End"},
    ]
    script.write_text("\n".join(map(json.dumps, lines)))
    flags = (*CLOCK, "--speed", "0", "--repeat-commands", str(script))
    with Server(tmp_path / "home", *flags) as server:
        assert "the clock stands still" in server.log.read_text()
        server.step(4)
        assert server.admin("commands")["repeated"] == 0
        server.step(3600)
        told = server.admin("commands")
        assert (told["repeated"], told["left"]) == (1, 0)
        now = server.admin("clock")["markets"]["HK"]["now"]
        assert datetime.fromisoformat(now) == BEGIN + timedelta(seconds=9)
        server.admin("clock/resume", {})
        server.step(1)
        assert server.admin("clock")["markets"]["HK"]["now"] > now
