"""A client in the middle of 200 orders: prints the id of each as soon as it is answered.

It buys and sells what it bought, and leaves an order far from the market, over and over; most of
the resting ones are cancelled.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

from longport.openapi import (
    Config,
    OrderSide,
    OrderType,
    QuoteContext,
    TimeInForceType,
    TradeContext,
)

SYMBOL, ORDERS = "700.HK", 200


def main() -> None:
    bid = Decimal(str(QuoteContext(Config.from_env()).depth(SYMBOL).bids[0].price))
    high, low, far = int(bid) + 3, int(bid) - 3, int(bid * 95 / 100)
    context = TradeContext(Config.from_env())

    def place(side: Any, kind: Any, price: int | None) -> str:
        limit = None if price is None else Decimal(price)
        day = TimeInForceType.Day
        answer = context.submit_order(SYMBOL, kind, side, Decimal(100), day, submitted_price=limit)
        sys.stdout.write(answer.order_id + "\n")
        sys.stdout.flush()
        return str(answer.order_id)

    for turn in range(ORDERS // 5):
        place(OrderSide.Buy, OrderType.LO, high)
        place(OrderSide.Sell, OrderType.MO, None)
        place(OrderSide.Buy, OrderType.MO, None)
        place(OrderSide.Sell, OrderType.LO, low)
        resting = place(OrderSide.Buy, OrderType.LO, far)
        if turn % 10:
            context.cancel_order(resting)


main()
