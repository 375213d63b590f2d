"""The client of the imported replay: the trades of one day and its bars, by the official package.

Arguments: a file for the answers, the symbol, the day, the seconds to go, the seconds of a step.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from datetime import UTC, date, datetime
from typing import Any

from longport.openapi import AdjustType, Config, Period, QuoteContext, SubType, TradeSessions

ANSWERS, SYMBOL, DAY = sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3])
SECONDS, STEP = int(sys.argv[4]), int(sys.argv[5])

trades: list[Any] = []


def stamp(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())  # Naive, in TZ=UTC.


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
    seen = -1
    while seen != len(trades):
        seen = len(trades)
        time.sleep(0.5)


def bars(candles: Any) -> list[Any]:
    return [
        [
            stamp(bar.timestamp),
            *map(str, (bar.open, bar.high, bar.low, bar.close)),
            bar.volume,
            str(bar.turnover),
        ]
        for bar in candles
    ]


def main() -> None:
    context = QuoteContext(Config.from_env())
    context.set_on_trades(lambda _, push: trades.extend(push.trades))
    context.subscribe([SYMBOL], [SubType.Trade])
    settle()
    trades.clear()
    for _ in range(0, SECONDS, STEP):
        step(STEP)
    settle()
    raw, every = AdjustType.NoAdjust, TradeSessions.All
    live = bars(context.candlesticks(SYMBOL, Period.Min_1, 1000, raw, every))
    (quote,) = context.quote([SYMBOL])
    step(12 * 3600)  # The day is over: the same bars come from the files.
    answers = {
        "trades": [[str(t.price), t.volume, stamp(t.timestamp), str(t.direction)] for t in trades],
        "live": live,
        "quote": [str(quote.open), str(quote.last_done), quote.volume],
        "history": bars(
            context.history_candlesticks_by_date(SYMBOL, Period.Min_1, raw, DAY, DAY, every)
        ),
        "day": bars(context.history_candlesticks_by_date(SYMBOL, Period.Day, raw, DAY, DAY)),
    }
    with open(ANSWERS, "w") as file:
        json.dump(answers, file)
    print(json.dumps(len(trades)))


if __name__ == "__main__":
    main()
