"""Multi-leg orders of the newer client: one that fills, one that waits, one that makes no sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prelude import connect, refusal, run, sdk, until

UNDERLYING = "AAPL.US"


async def main() -> dict[str, Any]:
    quotes, calls = await connect("Quote"), await connect("Trade")
    pushes: list[Any] = []
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    expiries = await quotes("option_chain_expiry_date_list", UNDERLYING)
    [last] = await quotes("quote", [UNDERLYING])
    strike = int(last.last_done / 5) * 5
    call, put = (f"AAPL{expiries[1]:%y%m%d}{right}{strike * 1000}.US" for right in "CP")
    depths = {symbol: await quotes("depth", symbol) for symbol in (call, put)}
    net = sum((one.asks[0].price for one in depths.values()), Decimal(0))
    legs = [(call, Decimal(1)), (put, Decimal(1))]
    straddle, limit = sdk.MultiLegStrategy.Straddle, sdk.OrderType.LO
    buy, one = sdk.OrderSide.Buy, Decimal(1)

    async def submit(strategy: Any, price: Decimal) -> str:
        sent = await calls(
            "submit_multileg", buy, limit, one, strategy, legs, submitted_price=price
        )
        return str(sent.order_id)

    filled = await submit(straddle, net)
    waiting = await submit(straddle, Decimal("0.05"))
    await calls("cancel_order", waiting)
    await until(lambda: any(x.order_id == waiting and "Cancel" in str(x.status) for x in pushes))
    detail = await calls("order_detail", filled)
    return {
        "legs": [call, put],
        "net": net,
        "detail": detail,
        "multi_leg": detail.multi_leg,
        "shown": detail.multi_leg.legs,
        "strategy": str(detail.multi_leg.strategy),
        "cancelled": str((await calls("order_detail", waiting)).status),
        "executions": await calls("today_executions"),
        "pushed": [x.multi_leg is not None for x in pushes if x.order_id == filled],
        "wrong": await refusal(
            calls,
            "submit_multileg",
            buy,
            limit,
            one,
            sdk.MultiLegStrategy.VerticalCallSpread,
            legs,
            submitted_price=net,
        ),
        "ratio": await refusal(
            calls,
            "submit_multileg",
            buy,
            limit,
            one,
            straddle,
            [(call, Decimal(1)), (put, Decimal(0))],
            submitted_price=net,
        ),
    }


run(main)
