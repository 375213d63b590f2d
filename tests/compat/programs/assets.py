"""The calls around an account that move nothing: limits of an order, margin, funds, topics."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prelude import Calls, admin, connect, http_client, plain, refusal, run, sdk, until

BUY, SELL = sdk.OrderSide.Buy, sdk.OrderSide.Sell
LO, DAY = sdk.OrderType.LO, sdk.TimeInForceType.Day


async def main() -> Any:
    admin("clock/pause", {})
    calls = await connect("Trade")
    pushes: list[Any] = []
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    facts: dict[str, Any] = {
        "estimate": await calls("estimate_max_purchase_quantity", "700.HK", LO, BUY, Decimal(500)),
        "estimate_sell": await calls(
            "estimate_max_purchase_quantity", "700.HK", LO, SELL, Decimal(500)
        ),
        "margin": await calls("margin_ratio", "700.HK"),
        "funds": await calls("fund_positions"),
        "in_usd": await calls("account_balance", "USD"),
        "in_hkd": await calls("account_balance", "HKD"),
        "socket_token": http_client().request("get", "/v2/socket/token"),
        "unknown_currency": await refusal(calls, "account_balance", "XYZ"),
    }
    ask = plain((await (await connect("Quote"))("depth", "700.HK")).asks[0].price)
    limit = Decimal(int(Decimal(ask)) + 1)
    first = await calls("submit_order", "700.HK", LO, BUY, Decimal(100), DAY, limit)
    await until(lambda: any(one.order_id == first.order_id for one in pushes))
    facts["subscribed"] = len(pushes)
    facts["wrong"] = await after_the_end(calls, first.order_id)
    market = await calls("submit_order", "700.HK", sdk.OrderType.MO, BUY, Decimal(100), DAY)
    facts["wrong"]["replace_market"] = await refusal(
        calls, "replace_order", market.order_id, Decimal(200), Decimal(500)
    )
    outside = await calls("submit_order", "700.HK", LO, BUY, Decimal(100), DAY, Decimal(1500))
    facts["wrong"]["outside"] = await calls("order_detail", outside.order_id)
    facts["wrong"]["cancel_rejected"] = await refusal(calls, "cancel_order", outside.order_id)
    await calls("unsubscribe", [sdk.TopicType.Private])
    second = await calls("submit_order", "700.HK", LO, BUY, Decimal(100), DAY, Decimal(400))
    await calls("order_detail", second.order_id)
    # Of this order alone: the client may hand out pushes of the ones before as late as now.
    facts["unsubscribed"] = sum(one.order_id == second.order_id for one in pushes)
    return facts


async def after_the_end(calls: Calls, order_id: str) -> dict[str, Any]:
    """What cannot be done to an order that is filled."""
    return {
        "detail": await calls("order_detail", order_id),
        "replace": await refusal(calls, "replace_order", order_id, Decimal(200), Decimal(500)),
        "cancel": await refusal(calls, "cancel_order", order_id),
    }


run(main)
