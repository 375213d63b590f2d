"""Everything that an account shows of its orders and money, as JSON in a file."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from longport.openapi import Config, TradeContext


def main() -> None:
    context = TradeContext(Config.from_env())
    orders = context.today_orders()
    balance = context.account_balance()[0]
    cash = next(one for one in balance.cash_infos if one.currency == "HKD")
    facts: dict[str, Any] = {
        "orders": [[one.order_id, str(one.status).rpartition(".")[2]] for one in orders],
        "executions": [
            [one.trade_id, one.order_id, str(one.price), str(one.quantity)]
            for one in context.today_executions()
        ],
        "details": {},
        "cash": {name: str(getattr(cash, name)) for name in ("available_cash", "frozen_cash")},
        "positions": [
            [one.symbol, str(one.quantity)]
            for channel in context.stock_positions().channels
            for one in channel.positions
        ],
    }
    for one in orders:
        detail = context.order_detail(one.order_id)
        facts["details"][one.order_id] = {
            "side": str(detail.side).rpartition(".")[2],
            "executed": str(detail.executed_quantity),
            "fees": str(detail.charge_detail.total_amount),
        }
    with open(sys.argv[1], "w") as file:
        json.dump(facts, file)
    print(json.dumps(len(orders)), flush=True)
    os._exit(0)


main()
