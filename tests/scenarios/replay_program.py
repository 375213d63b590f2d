"""The client of the replay test: everything the official package hands over in one recorded day.

Arguments: a file for the answers, the symbol, the seconds to go, the seconds of a step.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from datetime import UTC, date, datetime
from typing import Any

from longport.openapi import AdjustType, Config, Period, QuoteContext, SubType, TradeSessions

ANSWERS, SYMBOL, SECONDS, STEP = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SESSIONS = {f"TradeSession.{name}": name for name in ("Intraday", "Pre", "Post", "Overnight")}
DAY = date(2013, 10, 7)
DAILY = ("IBM.US", "AAPL.US", "SPY.US", "BAC.US")

trades: list[Any] = []
depths: list[Any] = []


def stamp(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())  # Naive, in TZ=UTC.


def on_trades(_: str, push: Any) -> None:
    trades.extend((t.price, t.volume, t.timestamp, t.trade_session) for t in push.trades)


def on_depth(_: str, push: Any) -> None:
    depths.append((best(push.bids), best(push.asks)))


def best(levels: Any) -> tuple[Any, int]:
    """Price and size of the one level; a side that is or became empty has neither."""
    return (levels[0].price, levels[0].volume) if levels else (None, 0)


def step(seconds: int) -> None:
    request = urllib.request.Request(
        f"{os.environ['PORTWAY_ADMIN_URL']}/clock/step",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()


def settle() -> None:
    """Wait until two looks in a row see nothing new."""
    seen = None
    while seen != (len(trades), len(depths)):
        seen = (len(trades), len(depths))
        time.sleep(0.5)


def bars(candles: Any) -> list[Any]:
    return [
        [
            stamp(bar.timestamp),
            str(bar.open),
            str(bar.high),
            str(bar.low),
            str(bar.close),
            bar.volume,
            str(bar.turnover),
            str(bar.trade_session).rpartition(".")[2],
        ]
        for bar in candles
    ]


def main() -> None:
    context = QuoteContext(Config.from_env())
    context.set_on_trades(on_trades)
    context.set_on_depth(on_depth)
    context.subscribe([SYMBOL], [SubType.Trade, SubType.Depth])
    settle()
    trades.clear()
    depths.clear()
    began = time.monotonic()
    for _ in range(0, SECONDS, STEP):
        step(STEP)
    settle()
    seconds = time.monotonic() - began
    raw = AdjustType.NoAdjust
    answers = {
        "seconds": seconds,
        "trades": [
            [str(price), volume, stamp(at), SESSIONS[str(session)]]
            for price, volume, at, session in trades
        ],
        "depths": [
            [str(bid or 0), bids, str(ask or 0), asks] for (bid, bids), (ask, asks) in depths
        ],
        "candlesticks": bars(
            context.candlesticks(SYMBOL, Period.Min_1, 1000, raw, TradeSessions.All)
        ),
        "history": bars(
            context.history_candlesticks_by_date(
                SYMBOL, Period.Min_1, raw, DAY, DAY, TradeSessions.All
            )
        ),
        "regular": bars(
            context.history_candlesticks_by_date(
                SYMBOL, Period.Min_1, raw, DAY, DAY, TradeSessions.Intraday
            )
        ),
        "days": {
            symbol: bars(
                context.history_candlesticks_by_date(
                    symbol, Period.Day, raw, date(2013, 1, 2), date(2013, 10, 4)
                )
            )
            for symbol in DAILY
        },
    }
    with open(ANSWERS, "w") as file:
        json.dump(answers, file)
    print(json.dumps({"seconds": seconds, "threads": threading.active_count()}), flush=True)
    os._exit(0)


main()
