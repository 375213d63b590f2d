"""`portway audit`: its table, its pictures, and a server whose API shows what it proves."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.cli.equity_chart import (
    COLUMNS,
    COLUMNS_MIN,
    LABEL_COLUMNS,
    ROWS,
    Curve,
    braille_chart,
    svg_chart,
)
from portway.cli.main import main
from portway.openapi import HttpClient
from tests.support.homes import traded_home
from tests.support.server import Server

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def portway(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audit") / "home"
    traded_home(path, seed=2, steps=400)
    return path


def test_a_sound_ledger_is_proven(home: Path) -> None:
    answer = portway("audit", "--home", home)
    assert answer.exit_code == 0, answer.output
    assert "proven: " in answer.stdout
    assert "closing balance" in answer.stdout


def test_the_lines_of_the_table_add_up_to_its_closing_balance(home: Path) -> None:
    told = json.loads(portway("audit", "--home", home, "--json").stdout)
    for account in told["accounts"]:
        lines = account["lines"]
        below = list(lines)[list(lines).index("closing balance") :]
        for code, closing in lines["closing balance"].items():
            parts = [
                Decimal(amounts.get(code, "0"))
                for name, amounts in lines.items()
                if name not in below
            ]
            # Each line is rounded to the cent by itself.
            assert abs(sum(parts) - Decimal(closing)) <= Decimal("0.005") * (len(parts) + 1)


def test_a_ledger_that_does_not_agree_exits_with_one(tmp_path: Path) -> None:
    traded_home(tmp_path / "home", seed=2)
    with sqlite3.connect(tmp_path / "home" / "portway.db") as connection:
        connection.execute("UPDATE balances SET cash = cash + 1 WHERE account_no = 'A2'")
    connection.close()
    answer = portway("audit", "--home", tmp_path / "home")
    assert answer.exit_code == 1
    assert answer.stdout.startswith("not proven: cash of A2 ")


def test_a_damaged_journal_exits_with_two(tmp_path: Path) -> None:
    traded_home(tmp_path / "home", seed=2)
    with sqlite3.connect(tmp_path / "home" / "portway.db") as connection:
        connection.execute("UPDATE journal SET payload = x'00' WHERE seq = 9")
    connection.close()
    answer = portway("audit", "--home", tmp_path / "home")
    assert answer.exit_code == 2
    assert "record 9" in answer.stderr


def test_one_account_is_shown_and_an_unknown_one_refused(home: Path) -> None:
    told = json.loads(portway("audit", "--home", home, "--json", "--account", "M1").stdout)
    assert [one["account_no"] for one in told["accounts"]] == ["M1"]
    assert portway("audit", "--home", home, "--account", "nobody").exit_code == 1


@pytest.mark.parametrize("flag", ["--svg", "--csv"])
def test_a_file_that_cannot_be_written_is_named(home: Path, tmp_path: Path, flag: str) -> None:
    path = tmp_path / "nowhere" / "curve"
    answer = portway("audit", "--home", home, flag, path)
    assert answer.exit_code == 1
    assert f"Error: {path}: No such file" in answer.stderr


def test_the_curve_is_written_as_a_picture_and_as_a_table(home: Path, tmp_path: Path) -> None:
    svg, table = tmp_path / "curve.svg", tmp_path / "curve.csv"
    answer = portway("audit", "--home", home, "--svg", svg, "--csv", table, "--json")
    told = {one["account_no"]: one for one in json.loads(answer.stdout)["accounts"]}
    drawing = ElementTree.fromstring(svg.read_text())
    titles = [one.text or "" for one in drawing.iter() if one.get("class") == "title"]
    assert [title.split()[0] for title in titles] == list(told)
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    last = {row["account"]: row for row in rows}
    assert {no: row["worth"] for no, row in last.items()} == {
        no: one["worth"] for no, one in told.items()
    }
    assert all(
        Decimal(row["worth"]) - Decimal(row["paid_in"]) == Decimal(row["profit"]) for row in rows
    )


def curve(*worths: int) -> Curve:
    points = [
        (AT + timedelta(hours=n), Decimal(worth), Decimal(100)) for n, worth in enumerate(worths)
    ]
    return Curve("one", "HKD", points)


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = braille_chart(curve(*range(100, 150))).plain.splitlines()[:ROWS]
    cells = [line.partition("┤")[2] for line in lines]
    assert all(len(line) == COLUMNS for line in cells)
    assert cells[-1][0] != chr(0x2800)
    assert cells[0][-1] != chr(0x2800)
    assert set(cells[0][: COLUMNS // 2]) == {chr(0x2800)}
    assert [line.split("┤")[0].strip() for line in (lines[0], lines[-1])] == ["149.00", "100.00"]


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_a_chart_keeps_to_the_width_of_the_terminal(width: int) -> None:
    lines = braille_chart(curve(1, 2, 3), width).plain.splitlines()
    assert max(map(len, lines)) <= max(width, LABEL_COLUMNS + 2 + COLUMNS_MIN)


@pytest.mark.parametrize("worths", [(100,), (100, 100, 100), (0, -5), (100, 10**9)])
def test_any_curve_can_be_drawn(worths: tuple[int, ...]) -> None:
    assert len(braille_chart(curve(*worths)).plain.splitlines()) == ROWS + 2
    ElementTree.fromstring(svg_chart([curve(*worths), curve(1, 2)]))


def test_names_are_text_in_the_picture() -> None:
    named = Curve("<script>", "HKD", curve(1, 2).points)
    assert "<script>" not in svg_chart([named])


def test_what_is_proven_is_what_the_api_shows(tmp_path: Path) -> None:
    """Orders through the API, then the same figures from both, while the server runs."""
    with Server(
        tmp_path / "home", "--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0"
    ) as server:
        env = server.env
        http = HttpClient(
            env["LONGPORT_HTTP_URL"], env["LONGPORT_APP_KEY"], env["LONGPORT_APP_SECRET"],
            env["LONGPORT_ACCESS_TOKEN"],
        )  # fmt: skip
        order = {
            "symbol": "700.HK", "order_type": "MO", "side": "Buy", "submitted_quantity": "300",
            "time_in_force": "Day",
        }  # fmt: skip
        http.request("POST", "/v1/trade/order", body=order)
        http.request(
            "POST", "/v1/trade/order", body=order | {"side": "Sell", "submitted_quantity": "100"}
        )
        paid = http.request("GET", "/v1/trade/order/today")["orders"][0]["executed_price"]
        below = {"order_type": "LO", "submitted_price": str(int(Decimal(paid)) - 1)}
        http.request("POST", "/v1/trade/order", body=order | below)
        answer = portway("audit", "--home", server.home, "--json")
        assert answer.exit_code == 0, answer.output
        (account,) = json.loads(answer.stdout)["accounts"]
        (shown,) = http.request("GET", "/v1/asset/account")["list"]
        stock = http.request("GET", "/v1/asset/stock")["list"][0]["stock_info"]
    assert {one["symbol"]: one["quantity"] for one in stock} == account["positions"]
    for info in shown["cash_infos"]:
        code, lines = info["currency"], account["lines"]
        frozen = Decimal(lines.get("of it for orders", {}).get(code, "0"))
        settling = Decimal(lines.get("of it on its way", {}).get(code, "0"))
        assert Decimal(info["frozen_cash"]) == frozen
        assert Decimal(info["settling_cash"]) == settling
        assert Decimal(info["available_cash"]) == Decimal(lines["cash"][code]) - frozen
    assert "of it for orders" in account["lines"]
