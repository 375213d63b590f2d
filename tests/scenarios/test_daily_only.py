"""Recorded symbols on days of which nothing but the day's bar is known."""

from __future__ import annotations

from pathlib import Path

from tests.support.server import Server, run_client

CLIENT = """
import json, os, urllib.request
from datetime import date
import longport.openapi as lp
env = os.environ
config = lp.Config(env["LONGPORT_APP_KEY"], env["LONGPORT_APP_SECRET"],
    env["LONGPORT_ACCESS_TOKEN"], http_url=env["LONGPORT_HTTP_URL"],
    quote_ws_url=env["LONGPORT_QUOTE_WS_URL"], trade_ws_url=env["LONGPORT_TRADE_WS_URL"],
    enable_print_quote_packages=False)
context = lp.QuoteContext(config)
raw = lp.AdjustType.NoAdjust

def code(call):
    try:
        call()
    except lp.OpenApiException as error:
        return error.code
    return 0

def facts():
    (quote,) = context.quote(["AAPL.US"])
    day = context.candlesticks("AAPL.US", lp.Period.Day, 1, raw)[0]
    return {
        "quote": [str(getattr(quote, n)) for n in ("open", "high", "low", "last_done", "volume")],
        "day": [str(getattr(day, n)) for n in ("open", "high", "low", "close", "volume")],
        "at": str(day.timestamp),
        "codes": [code(lambda: context.depth("AAPL.US")),
                  code(lambda: context.trades("AAPL.US", 10)),
                  code(lambda: context.intraday("AAPL.US"))],
    }

def step(seconds):
    body = json.dumps({"seconds": seconds}).encode()
    request = urllib.request.Request(env["PORTWAY_ADMIN_URL"] + "/clock/step", data=body,
                                     headers={"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=60).read()

before = facts()
step(7 * 3600)
print(json.dumps([before, facts()]))
"""


def test_a_day_without_prints_shows_its_bar_from_the_close_on_and_has_no_prints(
    tmp_path: Path, shared: Path
) -> None:
    """Source: quote, business errors (no quote data); the vendor's daily file."""
    server = Server(
        tmp_path / "home",
        "--replay",
        str(shared / "data/us/lean"),
        "--clock",
        "at 2013-10-11T10:00:00-04:00",
        "--speed",
        "0",
    )
    try:
        before, after = run_client(CLIENT, server.env)
    finally:
        server.stop()
    assert before["quote"][0] == "0.000"
    assert before["at"].startswith("2013-10-10")
    assert before["codes"] == after["codes"] == [301603, 301603, 301603]
    assert after["at"].startswith("2013-10-11")
    assert after["quote"] == after["day"]
    assert float(after["day"][0]) > 0
    assert int(after["day"][4]) > 0
