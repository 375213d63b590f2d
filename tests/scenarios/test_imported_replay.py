"""Imported mainland days, replayed: an official client receives every trade of the file, in order.

Both auctions included; and the bars of the day are the same live, from the files later, and in a
fold of the file that is written here alone.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

SYMBOLS = ("000001.SZ", "000002.SZ", "000004.SZ", "000005.SZ", "600000.SH", "600004.SH")
DAYS = ("2019-02-01", "2019-02-11")
CASES = [(symbol, day) for symbol in SYMBOLS for day in DAYS]
SECONDS, STEP = 6 * 3600, 300  # From 09:20 to 15:20.
PROGRAM = Path(__file__).parent / "imported_program.py"
SIDES = {"0": "Up", "1": "Down", "2": "Neutral"}
ZONE = ZoneInfo("Asia/Shanghai")

Row = tuple[Decimal, int, int, str]


@pytest.fixture(scope="module")
def file(shared: Path) -> Path:
    return shared / "data/cn/cn_trades_2019-02.csv.gz"


@pytest.fixture(scope="module", params=CASES, ids=[" ".join(case) for case in CASES])
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    symbol, day = request.param
    return symbol, day


@pytest.fixture(scope="module")
def rows(file: Path, case: tuple[str, str]) -> list[Row]:
    symbol, day = case
    with gzip.open(file, "rt") as lines:
        return [
            (
                Decimal(row["price"]),
                int(row["volume_lots"]),
                int(datetime.fromisoformat(row["time"]).replace(tzinfo=ZONE).timestamp()),
                SIDES[row["side"]],
            )
            for row in csv.DictReader(lines)
            if row["symbol"] == symbol and row["time"].startswith(day) and row["volume_lots"] != "0"
        ]


@pytest.fixture(scope="module")
def received(
    file: Path, case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Any:
    root = shared_folder(tmp_path_factory, worker_id)
    name = "-".join(("imported", *case))
    return gather_once(root, name, lambda folder: replay(file, folder, *case))


def replay(file: Path, folder: Path, symbol: str, day: str) -> Any:
    home = folder / "home"
    command = [sys.executable, "-m", "portway.cli", "import", "ticks", str(file)]
    subprocess.run([*command, "--home", str(home)], check=True, capture_output=True)
    clock = ("--clock", f"at {day}T09:20:00+08:00", "--speed", "0", "--limits", "none")
    with Server(home, *clock) as server:
        answers = folder / "answers.json"
        words = (str(answers), symbol, day, str(SECONDS), str(STEP))
        run_program(PROGRAM, server.env, *words, timeout=120)
        return json.loads(answers.read_text())


def test_every_trade_arrives_in_order_with_its_side(received: Any, rows: list[Row]) -> None:
    found = [
        (Decimal(price), volume, at, side.rpartition(".")[2])
        for price, volume, at, side in received["trades"]
    ]
    assert found == rows
    assert found[0][3] == "Neutral"  # the opening auction
    assert datetime.fromtimestamp(found[-1][2], ZONE).hour == 15  # the closing one


def test_bars_are_the_same_live_and_later_and_in_a_fold_of_the_file(
    received: Any, rows: list[Row]
) -> None:
    folded: dict[int, list[Any]] = {}
    for price, lots, at, _ in rows:
        minute = at // 60 * 60
        local = datetime.fromtimestamp(at, ZONE).time()
        if local < time(9, 30) or time(11, 30) <= local < time(13):
            continue  # the opening auction, and a print after the morning's end, are in no minute
        bar = folded.setdefault(minute, [price, price, price, price, 0, Decimal(0)])
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
        bar[4] += lots
        bar[5] += price * lots * 100
    expected = [[at, *bar] for at, bar in sorted(folded.items())]
    history = [
        [at, *map(Decimal, prices), volume, Decimal(turnover)]
        for at, *prices, volume, turnover in received["history"]
    ]
    assert history == expected
    assert received["live"][-len(history) :] == received["history"]


def test_the_day_is_the_sum_of_its_trades(received: Any, rows: list[Row]) -> None:
    ((_, *prices, volume, turnover),) = received["day"]
    every = [price for price, *_ in rows]
    assert list(map(Decimal, prices)) == [every[0], max(every), min(every), every[-1]]
    assert volume == sum(lots for _, lots, *_ in rows)
    assert Decimal(turnover) == sum(price * lots * 100 for price, lots, *_ in rows)
    assert list(map(Decimal, received["quote"])) == [every[0], every[-1], volume]
