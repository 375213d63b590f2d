"""Orders of yesterday: what today's and the history's calls say after a night."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prelude import ARGUMENTS, admin, connect, plain, run, sdk, until

SYMBOL = "700.HK"
BUY, LO, DAY = sdk.OrderSide.Buy, sdk.OrderType.LO, sdk.TimeInForceType.Day


async def main() -> Any:
    quotes, calls = await connect("Quote"), await connect("Trade")
    pushes: list[Any] = []
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    depth = plain(await quotes("depth", SYMBOL))
    ask, bid = (Decimal(depth[side][0]["price"]) for side in ("asks", "bids"))

    async def buy(price: Decimal) -> str:
        order = await calls("submit_order", SYMBOL, LO, BUY, Decimal(100), DAY, price)
        return str(order.order_id)

    filled, resting = await buy(Decimal(int(ask) + 2)), await buy(Decimal(int(bid * 92 / 100)))

    def state(order_id: str) -> list[str]:
        return [plain(one.status) for one in pushes if one.order_id == order_id]

    await until(lambda: "Filled" in state(filled) and "New" in state(resting))
    before = plain(await calls("account_balance"))
    admin("clock/jump", {"to": ARGUMENTS[0]})
    await until(lambda: "Expired" in state(resting))
    return {
        "filled": filled,
        "resting": resting,
        "states": {order: state(order) for order in (filled, resting)},
        "today": [one["order_id"] for one in plain(await calls("today_orders"))],
        "today_executions": plain(await calls("today_executions")),
        "history": plain(await calls("history_orders", symbol=SYMBOL)),
        "history_executions": plain(await calls("history_executions", symbol=SYMBOL)),
        "detail": plain(await calls("order_detail", resting)),
        "before": before,
        "after": plain(await calls("account_balance")),
    }


run(main)
