"""The client of the determinism test: the same subscriptions, orders and steps in every run.

Argument: a file for what it received.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections import defaultdict
from decimal import Decimal
from typing import Any

from longport.openapi import (
    Config,
    OrderSide,
    OrderType,
    QuoteContext,
    SubType,
    TimeInForceType,
    TopicType,
    TradeContext,
)

SYMBOLS = ["700.HK", "5.HK", "HSI.HK", "600519.SH"]
KINDS = ("quote", "depth", "brokers", "trades")
STEPS, STEP_SECONDS = 30, 20

pushes: dict[str, list[str]] = defaultdict(list)
orders: list[Any] = []


def recorder(kind: str) -> Any:
    def on_push(symbol: str, event: Any) -> None:
        pushes[f"{kind} {symbol}"].append(repr(event))  # repr shows every field.

    return on_push


def step() -> None:
    request = urllib.request.Request(
        f"{os.environ['PORTWAY_ADMIN_URL']}/clock/step",
        data=json.dumps({"seconds": STEP_SECONDS}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def settle() -> None:
    """Wait until two looks in a row see nothing new."""
    seen = None
    while seen != (count := sum(map(len, pushes.values())) + len(orders)):
        seen = count
        time.sleep(0.3)


def place(context: Any, symbol: str, side: Any, quantity: int, price: int | None) -> str:
    kind = OrderType.MO if price is None else OrderType.LO
    limit = None if price is None else Decimal(price)
    answer = context.submit_order(
        symbol, kind, side, Decimal(quantity), TimeInForceType.Day, submitted_price=limit
    )
    return str(answer.order_id)


def main() -> None:
    quotes, trades = QuoteContext(Config.from_env()), TradeContext(Config.from_env())
    for kind in KINDS:
        getattr(quotes, f"set_on_{kind}")(recorder(kind))
    trades.set_on_order_changed(lambda event: orders.append(repr(event)))
    trades.subscribe([TopicType.Private])
    quotes.subscribe(SYMBOLS, [SubType.Quote, SubType.Depth, SubType.Brokers, SubType.Trade])
    ids = []
    for turn in range(STEPS):
        if turn % 3 == 0:
            bid = quotes.depth("700.HK").bids[0].price
            near = int(Decimal(str(bid))) + (2 if turn % 2 else 0)
            ids.append(place(trades, "700.HK", OrderSide.Buy, 100 * (1 + turn % 4), near))
        if turn % 5 == 4:
            ids.append(place(trades, "700.HK", OrderSide.Sell, 100, None))
        if turn % 7 == 6:
            ids.append(place(trades, "5.HK", OrderSide.Buy, 400, 10))
            trades.cancel_order(ids[-1])
        step()
    settle()
    with open(sys.argv[1], "w") as file:
        json.dump({"pushes": pushes, "orders": orders, "ids": ids}, file)
    print(json.dumps(sum(map(len, pushes.values()))), flush=True)
    os._exit(0)


main()
