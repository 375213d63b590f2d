"""Subscribe to everything with the library named on the command line; print what was pushed.

`every_push.py MODULE FLAVOUR MODE`. Prints `READY` once it is subscribed, then records callbacks
until the quote of END.HK arrives, and prints them with the local reads as JSON. Addresses come from
the environment. Used by tests/openapi/test_equality_of_pushes.py.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from datetime import datetime
from decimal import Decimal
from typing import Any

sdk: Any = importlib.import_module(sys.argv[1])
NEW = sys.argv[2] == "longbridge"
MODE = getattr(sdk.PushCandlestickMode, sys.argv[3])
SYMBOLS = os.environ["PEER_SYMBOLS"].split()
PERIODS = [(sdk.Period.Min_1, "All"), (sdk.Period.Min_60, "Intraday"), (sdk.Period.Day, "Intraday")]
LONGER = [(sdk.Period.Min_45, "All"), (sdk.Period.Week, "Intraday")]


def plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return str(value)
    if callable(getattr(value, "__dict__", None)):
        return {name: plain(item) for name, item in value.__dict__().items()}
    return repr(value)


def main() -> None:
    given = [os.environ[f"PEER_{name}"] for name in ("KEY", "SECRET", "TOKEN", "HTTP", "WS", "WS")]
    make = sdk.Config.from_apikey if NEW else sdk.Config
    config = make(*given, push_candlestick_mode=MODE, enable_print_quote_packages=False)
    rows: list[Any] = []
    over = threading.Event()

    def record(kind: str) -> Any:
        def take(symbol: str, event: Any) -> None:
            if symbol == "END.HK":
                over.set()
                return
            rows.append([kind, symbol, plain(event)])

        return take

    ctx, trade = sdk.QuoteContext(config), sdk.TradeContext(config)
    for kind in ("quote", "depth", "brokers", "trades", "candlestick"):
        getattr(ctx, f"set_on_{kind}")(record(kind))
    trade.set_on_order_changed(lambda event: rows.append(["order", event.order_id, plain(event)]))
    trade.subscribe([sdk.TopicType.Private])
    t = sdk.SubType
    ctx.subscribe([*SYMBOLS, "END.HK"], [t.Quote, t.Depth, t.Brokers, t.Trade])
    for place, symbol in enumerate(SYMBOLS):
        for period, sessions in PERIODS if place % 2 == 0 else [*PERIODS, *LONGER]:
            ctx.subscribe_candlesticks(symbol, period, getattr(sdk.TradeSessions, sessions))
    print("READY", flush=True)
    while not over.is_set():
        time.sleep(0.02)
    local = {
        symbol: plain(
            [
                ctx.realtime_quote([symbol]),
                ctx.realtime_depth(symbol),
                ctx.realtime_brokers(symbol),
                ctx.realtime_trades(symbol, 50),
                *(ctx.realtime_candlesticks(symbol, period, 30) for period, _ in PERIODS),
            ]
        )
        for symbol in SYMBOLS
    }
    print(json.dumps({"rows": rows, "local": local}), flush=True)
    os._exit(0)  # without the farewell of native threads


if __name__ == "__main__":
    main()
