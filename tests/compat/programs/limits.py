"""Limits as official clients meet them. Argument: which."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from prelude import ARGUMENTS, connect, plain, refusal, run, sdk, until

RAW = sdk.AdjustType.NoAdjust
CALLS = 60
WINDOW_SECONDS = 30.0


async def obeying() -> Any:
    """As many calls as the client lets go, three commands in turn."""
    calls = await connect("Quote")
    commands = (
        ("static_info", ["AAPL.US"]),
        ("quote", ["700.HK"]),
        ("candlesticks", "700.HK", sdk.Period.Day, 5, RAW),
    )
    began = time.monotonic()
    answers = [await refusal(calls, *commands[turn % 3]) for turn in range(CALLS)]
    return {"codes": [one["code"] for one in answers], "seconds": int(time.monotonic() - began)}


async def crowd() -> Any:
    """Six contexts of one account obey each for itself, which together is too much."""
    crowd = [await connect("Quote") for _ in range(6)]
    for calls in crowd:
        await calls("member_id")
    answers = [await refusal(calls, "depth", "700.HK") for _ in range(10) for calls in crowd]
    refused = [one for one in answers if one["code"] is not None]
    calm = await until_accepted(crowd[0])
    return {"refused": refused, "accepted": len(answers) - len(refused), "calm": calm}


async def until_accepted(calls: Any) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if (await refusal(calls, "depth", "700.HK"))["code"] is None:
            return True
    return False


async def connections() -> Any:
    """Eleven contexts, quote and trade: the account may have ten connections."""
    kept, answers = [], []
    for turn in range(11):
        calls = None

        async def sign_in(turn: int = turn) -> Any:
            nonlocal calls
            calls = await connect("Trade" if turn % 2 else "Quote")
            if turn % 2:
                return await calls("subscribe", [sdk.TopicType.Private])
            return await calls("member_id")

        answers.append(await refusal(sign_in))
        kept.append(calls)
    return {"accepted": sum("accepted" in one for one in answers), "last": answers[-1]}


async def trade_calls() -> Any:
    """One call more than fits in the window, and when calls are taken again."""
    calls = await connect("Trade")
    began = time.monotonic()
    order = (
        "submit_order",
        "700.HK",
        sdk.OrderType.LO,
        sdk.OrderSide.Buy,
        Decimal(100),
        sdk.TimeInForceType.Day,
    )
    first = await refusal(calls, *order, submitted_price=Decimal(400))
    answers = [first] + [await refusal(calls, "stock_positions") for _ in range(29)]
    refused = [
        await refusal(calls, *order, submitted_price=Decimal(400)),
        await refusal(calls, "account_balance"),
    ]
    spent = time.monotonic() - began
    await until(lambda: time.monotonic() > began + WINDOW_SECONDS + spent + 0.5, 60)
    return {
        "codes": [one["code"] for one in answers],
        "refused": refused,
        "spent": round(spent * 1000),
        "orders_after": plain(await calls("today_orders")),
        "first": first,
    }


run(
    {"obeying": obeying, "crowd": crowd, "connections": connections, "trade": trade_calls}[
        ARGUMENTS[0]
    ]
)
