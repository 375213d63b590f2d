"""Orders from placing to money: what a user's first trading program does, at most 30 calls.

Argument: language. Market time stands still while facts are gathered, so that two answers about
the same thing have to agree.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from prelude import ARGUMENTS, Calls, admin, connect, plain, refusal, run, sdk, until

FINAL = {"Filled", "Rejected", "Canceled", "Expired", "PartialWithdrawal"}
BUY, SELL = sdk.OrderSide.Buy, sdk.OrderSide.Sell
TYPE, DAY = sdk.OrderType, sdk.TimeInForceType.Day
SYMBOL = "700.HK"

pushes: list[Any] = []


async def main() -> Any:
    admin("clock/pause", {})
    options = {"language": getattr(sdk.Language, ARGUMENTS[0])} if ARGUMENTS else {}
    quotes = await connect("Quote", **options)
    calls = await connect("Trade", **options)
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    facts: dict[str, Any] = {"before": await books(calls)}
    facts["buy"] = await round_trip(quotes, calls, BUY)
    facts["bought"] = await books(calls)
    facts["cash_flow"] = await flows(calls, facts["buy"]["raw"])
    facts["sell"] = await round_trip(quotes, calls, SELL)
    facts["sold"] = await books(calls)
    facts["resting"] = await resting(quotes, calls)
    facts["us"] = await us_buy(calls)
    facts["refused"] = await refused(quotes, calls)
    facts["rejected"] = await rejected(quotes, calls)
    for side in ("buy", "sell"):
        del facts[side]["raw"]
    admin("clock/resume", {})
    return facts


async def books(calls: Calls) -> dict[str, Any]:
    return {
        "balance": plain(await calls("account_balance")),
        "positions": plain(await calls("stock_positions")),
    }


def of_order(order_id: str) -> list[Any]:
    return [one for one in pushes if one.order_id == order_id]


async def ended(order_id: str, wanted: set[str]) -> list[Any]:
    """Wait for a push with one of these statuses; all pushes of the order."""
    await until(lambda: any(plain(one.status) in wanted for one in of_order(order_id)))
    return of_order(order_id)


async def round_trip(quotes: Calls, calls: Calls, side: Any) -> dict[str, Any]:
    depth = plain(await quotes("depth", SYMBOL))
    if side == BUY:
        limit = Decimal(int(Decimal(depth["asks"][0]["price"]))) + 1
        answer = await calls(
            "submit_order",
            SYMBOL,
            TYPE.LO,
            side,
            Decimal(300),
            DAY,
            submitted_price=limit,
            remark="round trip",
        )
    else:
        limit = None
        answer = await calls("submit_order", SYMBOL, TYPE.MO, side, Decimal(300), DAY)
    seen = await ended(answer.order_id, FINAL)
    detail = await calls("order_detail", answer.order_id)
    facts = {
        "order_id": answer.order_id,
        "limit": plain(limit),
        "depth": depth,
        "pushes": plain(seen),
        "detail": plain(detail),
        "raw": detail,
    }
    if side == BUY:
        facts["executions"] = plain(await calls("today_executions", symbol=SYMBOL))
        facts["today"] = plain(await calls("today_orders", symbol=SYMBOL))
    return facts


async def flows(calls: Calls, detail: Any) -> Any:
    hours = timedelta(hours=20)
    around = {"start_at": detail.submitted_at - hours, "end_at": detail.submitted_at + hours}
    return plain(await calls("cash_flow", **around, symbol=SYMBOL))


async def resting(quotes: Calls, calls: Calls) -> dict[str, Any]:
    bid = Decimal(plain(await quotes("depth", SYMBOL))["bids"][0]["price"])
    price = Decimal(int(bid * 97 / 100))
    before = plain(await calls("account_balance"))
    order = await calls(
        "submit_order", SYMBOL, TYPE.LO, BUY, Decimal(200), DAY, submitted_price=price
    )
    await ended(order.order_id, {"New", *FINAL})
    during = plain(await calls("account_balance"))
    await calls("replace_order", order.order_id, Decimal(100), price - 1)
    await ended(order.order_id, {"Replaced", *FINAL})
    replaced = plain(await calls("order_detail", order.order_id))
    await calls("cancel_order", order.order_id)
    seen = await ended(order.order_id, FINAL)
    return {
        "price": price,
        "before": before,
        "during": during,
        "replaced": replaced,
        "pushes": plain(seen),
        "after": plain(await calls("account_balance")),
        "cancel_twice": await refusal(calls, "cancel_order", order.order_id),
    }


async def us_buy(calls: Calls) -> dict[str, Any]:
    order = await calls("submit_order", "AAPL.US", TYPE.MO, BUY, Decimal(2), DAY)
    seen = await ended(order.order_id, FINAL)
    return {
        "pushes": plain(seen),
        "detail": plain(await calls("order_detail", order.order_id)),
        "positions": plain(await calls("stock_positions", ["AAPL.US"])),
    }


async def refused(quotes: Calls, calls: Calls) -> dict[str, Any]:
    bid = Decimal(plain(await quotes("depth", SYMBOL))["bids"][0]["price"])
    whole = Decimal(int(bid))

    async def buy(symbol: str, quantity: str, price: Decimal) -> dict[str, Any]:
        order = ("submit_order", symbol, TYPE.LO, BUY, Decimal(quantity), DAY)
        return await refusal(calls, *order, submitted_price=price)

    return {
        "off the tick grid": await buy(SYMBOL, "100", whole + Decimal("0.013")),
        "not a multiple of the lot": await buy(SYMBOL, "150", whole),
        "unknown symbol": await buy("999999.HK", "100", whole),
        "unknown order": await refusal(calls, "order_detail", "1"),
    }


async def rejected(quotes: Calls, calls: Calls) -> dict[str, Any]:
    bid = Decimal(plain(await quotes("depth", SYMBOL))["bids"][0]["price"])
    order = await calls(
        "submit_order",
        SYMBOL,
        TYPE.LO,
        BUY,
        Decimal(100_000),
        DAY,
        submitted_price=Decimal(int(bid)),
    )
    seen = await ended(order.order_id, FINAL)
    return {"pushes": plain(seen), "detail": plain(await calls("order_detail", order.order_id))}


run(main)
