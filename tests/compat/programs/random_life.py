"""A random flow of orders, and what the callback of a trade context receives of it.

Arguments: seed, number of wishes. The wishes go out through the package's own HTTP client; market
time is stepped in between, over sessions and auctions.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from prelude import ARGUMENTS, admin, connect, http_client, plain, run, sdk

SEED, COUNT = map(int, ARGUMENTS)
LOTS = {"700.HK": 100, "AAPL.US": 1, "601318.SH": 100}
TYPES = {
    "700.HK": (
        "LO",
        "LO",
        "LO",
        "ELO",
        "MO",
        "AO",
        "ALO",
        "SLO",
        "LIT",
        "MIT",
        "TSLPAMT",
        "TSMPCT",
    ),
    "AAPL.US": tuple("LO LO LO MO LIT MIT TSLPPCT TSMAMT".split()),
    "601318.SH": ("LO",),
}
PRICED = ("LO", "ELO", "ALO", "SLO", "LIT")
DAY_ONLY = ("MO", "AO", "ALO")
STEPS = (1, 5, 30, 120, 1800)
random = Random(SEED)


async def main() -> Any:
    quotes, calls = await connect("Quote"), await connect("Trade")
    pushes: list[Any] = []
    calls.context.set_on_order_changed(pushes.append)
    await calls("subscribe", [sdk.TopicType.Private])
    closes = {one.symbol: float(one.prev_close) for one in await quotes("quote", list(LOTS))}
    client = http_client()
    known: list[str] = []
    refused = 0
    for _ in range(COUNT):
        try:
            wish(client, closes, known)
        except sdk.OpenApiException:
            refused += 1
        if random.random() < 0.4:
            admin("clock/step", {"seconds": random.choice(STEPS)})
    admin("clock/step", {"seconds": 6 * 3600})
    seen = -1
    while seen != len(pushes):  # Until two looks in a row see nothing new.
        seen = len(pushes)
        await asyncio.sleep(0.3)
    lives: dict[str, list[Any]] = {}
    for push in pushes:
        lives.setdefault(push.order_id, []).append(plain(push))
    return {"lives": lives, "refused": refused, "accepted": known}


def wish(client: Any, closes: dict[str, float], known: list[str]) -> None:
    """Ask for something: a new order, new terms, or an order back."""
    draw = random.random()
    if known and draw < 0.2:
        client.request("delete", f"/v1/trade/order?order_id={random.choice(known)}")
    elif known and draw < 0.35:
        body = {"order_id": random.choice(known), "quantity": str(random.choice((100, 300)))}
        client.request("put", "/v1/trade/order", None, body)
    else:
        answer = client.request("post", "/v1/trade/order", None, new_order(closes))
        known.append(answer["order_id"])


def new_order(closes: dict[str, float]) -> dict[str, Any]:
    symbol = random.choice(tuple(LOTS))
    kind = random.choice(TYPES[symbol])
    price = str(int(closes[symbol] * random.uniform(0.97, 1.03)))
    body: dict[str, Any] = {
        "symbol": symbol,
        "order_type": kind,
        "side": random.choice(("Buy", "Buy", "Sell")),
        "submitted_quantity": str(LOTS[symbol] * random.choice((1, 2, 20))),
        "time_in_force": "Day" if kind in DAY_ONLY or symbol.endswith(".SH") else "GTC",
    }
    if kind in PRICED:
        body["submitted_price"] = price
    if kind in ("LIT", "MIT"):
        body["trigger_price"] = price
    if kind.startswith("TS"):
        body["trailing_percent" if kind.endswith("PCT") else "trailing_amount"] = "1"
    if kind.startswith("TSLP"):
        body["limit_offset"] = "1"
    if symbol.endswith(".US") and kind != "MO":
        body["outside_rth"] = random.choice(("RTH_ONLY", "ANY_TIME"))
    return body


run(main)
