"""The example of a strategy: a recorded week, traded the same way whenever it is traded.

Two fresh homes give the same orders, profit and picture, and so do three libraries: only the line
of the import changes.
"""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT
from tests.scenarios import tape
from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, text_of

pytestmark = pytest.mark.compat

EXAMPLES = ROOT / "examples"
CLOCK = ("--clock", "at 2013-10-07T09:30:00-04:00", "--speed", "0", "--limits", "none")
ORDER = re.compile(r"\w{3} (\d\d) Oct (\d\d:\d\d)  (bought|sold) +(\d+) of (\d+) at ([\d.]+)")
SUMMARY = re.compile(r"(\d+) orders, ([+-][\d,.]+) USD after ([\d,.]+) of fees")
BRAILLE = re.compile("[\u2801-\u28ff]")


@pytest.fixture(scope="module")
def lean(shared: Path) -> Path:
    return shared / "data" / "us" / "lean"


@pytest.fixture(scope="module")
def runs(lean: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Any]:
    """What the strategy printed and drew: twice with one library, once with each of the others."""
    root = shared_folder(tmp_path_factory, worker_id)
    names = {"first": "longport", "again": "longport", "newer": "longbridge", "ours": "portway"}
    return {
        name: gather_once(root, f"week-{name}", lambda folder, sdk=sdk: trade(lean, folder, sdk))
        for name, sdk in names.items()
    }


def trade(lean: Path, folder: Path, sdk: str) -> Any:
    """Run the example on a fresh home; `sdk` is the package that it imports."""
    program = folder / "moving_average.py"
    text = (EXAMPLES / program.name).read_text()
    program.write_text(text.replace("import longport.openapi", f"import {sdk}.openapi"))
    shutil.copy(EXAMPLES / "equity_curve.py", folder)
    with Server(folder / "home", "--replay", str(lean), *CLOCK) as server:
        said = text_of([str(program), str(folder / "equity.svg")], server.env)
    return {"said": said, "picture": (folder / "equity.svg").read_text()}


def test_two_fresh_homes_see_the_same_trades_profit_and_picture(runs: dict[str, Any]) -> None:
    assert runs["again"] == runs["first"]


@pytest.mark.parametrize("library", ["newer", "ours"])
def test_every_library_trades_the_same(runs: dict[str, Any], library: str) -> None:
    assert runs[library] == runs["first"]


def test_the_profit_is_what_was_sold_less_what_was_bought_and_the_fees(
    runs: dict[str, Any],
) -> None:
    """Added up here from the printed executions; prices are shown to the hundredth of a cent."""
    orders = ORDER.findall(runs["first"]["said"])
    count, profit, fees = SUMMARY.findall(runs["first"]["said"])[0]
    assert len(orders) == int(count) >= 10
    flow, held = Decimal(0), 0
    for _, _, verb, shares, _, price in orders:
        sign = 1 if verb == "bought" else -1
        held += sign * int(shares)
        flow -= sign * int(shares) * Decimal(price)
    assert held == 0
    expected = flow - Decimal(fees.replace(",", ""))
    assert abs(Decimal(profit.replace(",", "")) - expected) <= Decimal("0.5")


def test_every_price_was_on_the_tape_at_that_moment(runs: dict[str, Any], lean: Path) -> None:
    """No order is filled at a price outside of what the merged quotes showed in its minute."""
    ticks = lean / "equity" / "usa" / "tick" / "ibm"
    for day, clock, verb, shares, _, price in ORDER.findall(runs["first"]["said"]):
        hour, minute = map(int, clock.split(":"))
        begin = (hour * 60 + minute) * 60_000
        best = tape.read_best(ticks / f"201310{day}_quote.zip")
        sides = [(bid, ask) for ms, bid, _, ask, _ in best if begin - 60_000 <= ms <= begin + 3_000]
        if verb == "bought":
            assert Decimal(price) >= min(tape.dollars(ask) for _, ask in sides), (day, clock)
        else:
            assert Decimal(price) <= max(tape.dollars(bid) for bid, _ in sides), (day, clock)
        assert int(shares) <= 500


def test_the_curve_is_drawn_for_the_terminal_and_for_a_page(runs: dict[str, Any]) -> None:
    lines = runs["first"]["said"].splitlines()
    assert sum(bool(BRAILLE.search(line)) for line in lines) >= 8
    assert [word for word in lines[-1].split() if word.isalpha()] == "Mon Tue Wed Thu Fri".split()
    root = ElementTree.fromstring(runs["first"]["picture"])
    (line,) = [one for one in root.iter() if one.get("class") == "line"]
    across = [float(pair.partition(",")[0]) for pair in line.get("points", "").split()]
    assert len(across) == 5 * 77  # A look every five minutes.
    assert all(one < other for one, other in pairwise(across))
