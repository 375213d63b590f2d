"""The client of the recording: a free-running market, orders as they come to its mind.

Argument: how many turns it takes.
"""

from __future__ import annotations

import json
import os
import sys
from decimal import Decimal

from longport.openapi import (
    Config,
    OpenApiException,
    OrderSide,
    OrderType,
    QuoteContext,
    SubType,
    TimeInForceType,
    TradeContext,
)

SYMBOL = "700.HK"


def main() -> None:
    quotes, trades = QuoteContext(Config.from_env()), TradeContext(Config.from_env())
    quotes.subscribe([SYMBOL], [SubType.Quote])
    working: list[str] = []
    sent = 0
    for turn in range(int(sys.argv[1])):
        depth = quotes.depth(SYMBOL)
        side = OrderSide.Sell if turn % 4 == 3 else OrderSide.Buy
        level = (depth.bids if side == OrderSide.Buy else depth.asks)[turn % 2]
        price = Decimal(str(level.price))
        answer = trades.submit_order(
            SYMBOL, OrderType.LO, side, Decimal(100), TimeInForceType.Day, submitted_price=price
        )
        working.append(answer.order_id)
        sent += 1
        for verb in (change, trades.cancel_order)[turn % 3 :: 2]:
            order_id = working.pop(0)
            try:
                verb(order_id) if verb is not change else change(trades, order_id, price)
                sent += 1
            except OpenApiException:
                pass  # It was filled meanwhile; what is refused belongs to the commands as well.
    print(json.dumps(sent), flush=True)
    os._exit(0)


def change(trades: TradeContext, order_id: str, price: Decimal) -> None:
    trades.replace_order(order_id, Decimal(200), price)


main()
