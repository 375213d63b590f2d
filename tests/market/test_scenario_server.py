"""A whole server with a scenario: what the official client sees of a flash crash."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.server import Server, run_client

pytestmark = pytest.mark.compat

CLOCK = "at 2026-01-06T10:00:00-05:00"
PROGRAM = """
import json, os, sys, urllib.request
from datetime import date
from longport.openapi import AdjustType, Config, Period, QuoteContext

def step(seconds):
    request = urllib.request.Request(
        os.environ["PORTWAY_ADMIN_URL"] + "/clock/step",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).read()

context = QuoteContext(Config.from_env())
def look():
    quote, = context.quote(["AAPL.US"])
    depth = context.depth("AAPL.US")
    sides = [len([one for one in side if one.price]) for side in (depth.asks, depth.bids)]
    return [str(quote.last_done), str(quote.trade_status), sides, str(quote.low)]

seen = [look()]
for seconds in (310, 300, 3000):
    step(seconds)
    seen.append(look())
bars = context.candlesticks("AAPL.US", Period.Min_1, 70, AdjustType.NoAdjust)
print(json.dumps({"seen": seen, "lows": [str(bar.low) for bar in bars]}))
"""


def test_the_official_client_lives_through_a_flash_crash(tmp_path: Path) -> None:
    arguments = ("--scenario", "flash-crash", "--clock", CLOCK, "--speed", "0", "--limits", "none")
    with Server(tmp_path / "home", *arguments) as server:
        answer = run_client(PROGRAM, server.env)
        server.stop()
        server.restart()  # The home remembers the scenario, and when it began.
        again = run_client(PROGRAM.replace("(310, 300, 3000)", "()"), server.env)
    before, halted, resumed, recovered = answer["seen"]
    assert [one[1] for one in answer["seen"]] == [
        "TradeStatus.Normal", "TradeStatus.Halted", "TradeStatus.Normal", "TradeStatus.Normal",
    ]  # fmt: skip
    assert halted[2] == [0, 0]
    assert resumed[2] == [1, 1]
    price = Decimal(before[0])
    assert Decimal(halted[0]) < price * Decimal("0.965")
    assert Decimal(recovered[0]) > price * Decimal("0.97")
    assert Decimal(recovered[3]) < price * Decimal("0.94")
    assert min(map(Decimal, answer["lows"])) == Decimal(recovered[3])
    assert again["seen"] == [recovered]
    assert again["lows"] == answer["lows"]


def test_a_home_keeps_to_its_scenario(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Server(home, "--scenario", "quiet-day") as server:
        server.stop()
    with pytest.raises(AssertionError, match="has scenario quiet-day, not limit-up"):
        Server(home, "--scenario", "limit-up")
