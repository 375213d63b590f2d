"""Make a small home with one version of the server, to be kept as a fixture for later ones.

    python -m tools.keep_home tests/fixtures/homes/schema-5 [--source WORKTREE/src]

A server of that source trades a little through its API, over a settlement, and is stopped. Kept
are the small files, the database as SQL, and what the API showed at the end. Run it once when the
layout of a home or the schema of its database changes, before the change.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from portway.openapi import HttpClient

READY_SECONDS = 60
CLOCK = "at 2026-03-03T10:15:00+08:00"
SMALL_FILES = ("version.json", "world.json", "clock.json", "credentials.json")
TO_SETTLEMENT_SECONDS = 3 * 86_400  # Over two trading days of Hong Kong.


def main() -> None:
    """Make and keep a home."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("--source", type=Path, default=Path("src"))
    given = words.parse_args()
    given.folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        shown = _traded(home, given.source.resolve())
        for name in SMALL_FILES:
            (given.folder / name).write_bytes((home / name).read_bytes())
        with closing(sqlite3.connect(home / "portway.db")) as connection:
            # Secrets of sessions are of no use to anybody; what is left is of a home for tests.
            connection.execute("DELETE FROM sessions")
            connection.commit()
            text = "\n".join(connection.iterdump())
        (given.folder / "portway.sql").write_text(f"{text}\n")
    (given.folder / "shown.json").write_text(json.dumps(shown, indent=1, sort_keys=True) + "\n")


def _traded(home: Path, source: Path) -> dict[str, Any]:
    """Run a server, trade, and return what its API shows before it is stopped."""
    env = {**os.environ, "PYTHONPATH": str(source)}
    serve = [sys.executable, "-m", "portway.cli", "serve", "--free-ports", "--home", str(home)]
    server = subprocess.Popen(
        [*serve, "--clock", CLOCK, "--speed", "0"], env=env, stdout=subprocess.DEVNULL
    )
    try:
        told = _addresses(home)
        http = HttpClient(
            told["http_url"], told["app_key"], told["app_secret"], told["access_token"]
        )
        _trade(http)
        _step(told["admin_url"], TO_SETTLEMENT_SECONDS)
        _order(http, "Sell", "100")
        return shown_by(http)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _addresses(home: Path) -> dict[str, Any]:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            found: dict[str, Any] = json.loads((home / "server.json").read_text())
        except (OSError, ValueError):
            time.sleep(0.2)
        else:
            return found
    raise SystemExit("the server did not start")


def _trade(http: HttpClient) -> None:
    """Buy, sell a part, let one order rest, cancel another, and have one refused."""
    _order(http, "Buy", "300")
    _order(http, "Sell", "100")
    price = int(float(_orders(http)[0]["executed_price"]))
    _order(http, "Buy", "100", str(price - 2), time_in_force="GTC")
    gone = _order(http, "Buy", "100", str(price - 3))
    http.request("DELETE", f"/v1/trade/order?order_id={gone}")
    _order(http, "Sell", "90000", str(price + 2))
    _order(http, "Buy", "10", symbol="AAPL.US")


def _order(
    http: HttpClient, side: str, quantity: str, price: str | None = None, **more: str
) -> str:
    body = {
        "symbol": "700.HK",
        "order_type": "MO" if price is None else "LO",
        "side": side,
        "submitted_quantity": quantity,
        "time_in_force": "Day",
        **({} if price is None else {"submitted_price": price}),
        **more,
    }
    return str(http.request("POST", "/v1/trade/order", body=body)["order_id"])


def _orders(http: HttpClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.request("GET", "/v1/trade/order/today")["orders"]
    return found


def _step(url: str, seconds: int) -> None:
    request = urllib.request.Request(
        f"{url}/clock/step",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        answer.read()


def shown_by(http: HttpClient) -> dict[str, Any]:
    account = http.request("GET", "/v1/asset/account")["list"][0]
    stock = http.request("GET", "/v1/asset/stock")["list"][0]["stock_info"]
    flow = http.request("GET", "/v1/asset/cashflow?start_time=0&end_time=4102444800&size=1000")
    history = http.request("GET", "/v1/trade/order/history?start_at=0&end_at=4102444800")
    orders = [*_orders(http), *history["orders"]]
    return {
        "cash": sorted(
            [one["currency"], one["available_cash"], one["frozen_cash"], one["settling_cash"]]
            for one in account["cash_infos"]
        ),
        "positions": sorted([one["symbol"], one["quantity"]] for one in stock),
        "orders": sorted(
            [one["order_id"], one["symbol"], one["status"], one["executed_quantity"]]
            for one in {one["order_id"]: one for one in orders}.values()
        ),
        "cash_flow": len(flow["list"]),
    }


if __name__ == "__main__":
    main()
