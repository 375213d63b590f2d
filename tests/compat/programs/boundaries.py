"""Orders over the boundaries of trading days: auctions, breaks, US sessions; attached orders.

Argument: which day. The clock is moved by the program; at each stop it notes the status of every
order, as its pushes told. Prices are far from the market unless an order is meant to trade.
"""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

from prelude import ARGUMENTS, Calls, admin, connect, plain, refusal, run, sdk, until

BUY, SELL = sdk.OrderSide.Buy, sdk.OrderSide.Sell
TYPE, TIF = sdk.OrderType, sdk.TimeInForceType
NIGHT, ANY, RTH = sdk.OutsideRTH.Overnight, sdk.OutsideRTH.AnyTime, sdk.OutsideRTH.RTHOnly


class Day:
    """A trader's day in one security."""

    def __init__(self, quotes: Calls, calls: Calls, symbol: str) -> None:
        self.quotes, self.calls, self.symbol = quotes, calls, symbol
        self.pushes: list[Any] = []
        self.orders: dict[str, str] = {}
        self.stops: list[dict[str, Any]] = []
        self.refused: dict[str, Any] = {}
        self.close = Decimal(0)

    async def begin(self) -> None:
        self.calls.context.set_on_order_changed(self.pushes.append)
        await self.calls("subscribe", [sdk.TopicType.Private])
        (quote,) = await self.quotes("quote", [self.symbol])
        self.close = quote.prev_close

    def price(self, share: str) -> Decimal:
        """A whole price, a share of the previous close."""
        return Decimal(int(self.close * Decimal(share)))

    async def buy(self, name: str, share: str | None, kind: Any = TYPE.LO, **more: Any) -> str:
        return await self.order(name, BUY, share, kind, **more)

    async def order(self, name: str, side: Any, share: str | None, kind: Any, **more: Any) -> str:
        quantity = Decimal(more.pop("quantity", 100))
        life = more.pop("life", TIF.Day)
        if share is not None:
            more["submitted_price"] = self.price(share)
        made = await self.calls("submit_order", self.symbol, kind, side, quantity, life, **more)
        self.orders[name] = made.order_id
        return str(made.order_id)

    async def cancel(self, name: str) -> None:
        """Try to take an order back; what came of it is kept under the order's name."""
        answer = await refusal(self.calls, "cancel_order", self.orders[name])
        self.refused.setdefault(name, []).append(answer["code"])

    async def to(self, instant: str) -> None:
        admin("clock/jump", {"to": instant})
        await self.note(instant)

    async def note(self, instant: str) -> None:
        await settled(self.pushes)
        last = {one.order_id: plain(one.status) for one in self.pushes}
        self.stops.append(
            {"at": instant, **{name: last[order_id] for name, order_id in self.orders.items()}}
        )

    async def facts(self) -> dict[str, Any]:
        await settled(self.pushes)
        return {
            "stops": self.stops,
            "refused": self.refused,
            "lives": {
                name: [plain(one) for one in self.pushes if one.order_id == order_id]
                for name, order_id in self.orders.items()
            },
            "details": {
                name: plain(await self.calls("order_detail", order_id))
                for name, order_id in self.orders.items()
            },
        }


async def settled(pushes: list[Any]) -> None:
    """Wait until two looks in a row see nothing new."""
    seen = -1
    while seen != len(pushes):
        seen = len(pushes)
        await asyncio.sleep(0.2)


async def hong_kong(day: Day) -> None:
    await day.buy("early", "0.9")
    await day.note("08:45")
    await day.to("2026-03-03T09:05:00+08:00")
    await day.buy("at auction", None, TYPE.AO)
    await day.buy("auction limit", "1.05", TYPE.ALO)
    await day.note("09:05")
    await day.to("2026-03-03T09:16:00+08:00")
    await day.cancel("auction limit")
    await day.to("2026-03-03T09:31:00+08:00")
    await day.to("2026-03-03T12:10:00+08:00")
    await day.buy("noon", "0.9")
    await day.note("12:10")
    await day.to("2026-03-03T13:01:00+08:00")
    await day.buy("shares", "1.01", TYPE.ELO)
    await day.to("2026-03-03T16:02:00+08:00")
    await day.order("closing", SELL, None, TYPE.AO)
    await day.note("16:02")
    await day.to("2026-03-03T16:07:00+08:00")
    await day.cancel("closing")
    await day.to("2026-03-03T16:11:00+08:00")


async def mainland(day: Day) -> None:
    await day.buy("early", "0.95")
    await day.note("09:05")
    await day.to("2026-03-03T09:16:00+08:00")
    await day.buy("auction limit", "1.05")
    await day.note("09:16")
    await day.to("2026-03-03T09:21:00+08:00")
    await day.cancel("early")
    await day.to("2026-03-03T09:31:00+08:00")
    await day.to("2026-03-03T11:40:00+08:00")
    await day.buy("noon", "0.95")
    await day.note("11:40")
    await day.to("2026-03-03T13:01:00+08:00")
    await day.to("2026-03-03T14:58:00+08:00")
    await day.cancel("noon")
    await day.to("2026-03-03T15:01:00+08:00")


async def united_states(day: Day) -> None:
    await day.buy("night", "1.04", outside_rth=NIGHT, quantity=10)
    await day.buy("night, far", "0.8", outside_rth=NIGHT, quantity=10)
    await day.buy("any time", "0.8", outside_rth=ANY, quantity=10)
    await day.buy("regular", "0.8", outside_rth=RTH, quantity=10)
    await day.buy("till cancelled", "0.8", life=TIF.GoodTilCanceled, quantity=10)
    await day.note("20:30")
    await day.to("2026-03-03T04:05:00-05:00")
    await day.buy("pre", "1.04", outside_rth=ANY, quantity=10)
    await day.buy("market", None, TYPE.MO, quantity=10)
    await day.note("04:05")
    await day.to("2026-03-03T09:31:00-05:00")
    await day.to("2026-03-03T16:01:00-05:00")
    await day.buy("post", "1.04", outside_rth=ANY, quantity=10)
    await day.note("16:01")
    await day.to("2026-03-03T20:01:00-05:00")
    await day.to("2026-03-04T09:31:00-05:00")
    await day.cancel("till cancelled")
    await day.note("09:31")


async def long_term(day: Day) -> None:
    await day.buy("till cancelled", "0.8", life=TIF.GoodTilCanceled)
    await day.buy("till a day", "0.8", life=TIF.GoodTilDate, expire_date=date(2026, 3, 5))
    await day.buy("day", "0.8")
    await day.note("10:30")
    await day.to("2026-03-04T10:30:00+08:00")
    await day.to("2026-03-05T10:30:00+08:00")
    await day.to("2026-03-06T10:30:00+08:00")
    await day.cancel("till cancelled")
    await day.note("10:30")


async def attached(day: Day) -> dict[str, Any]:
    """A bracket that is woken, changed and triggered; another whose child is cancelled by hand."""
    wish = sdk.SubmitAttachedParams(
        sdk.AttachedOrderType.Bracket,
        profit_taker_price=day.price("1.3"),
        stop_loss_price=day.price("0.7"),
        time_in_force=TIF.GoodTilCanceled,
        activate_order_type=TYPE.MIT,
    )
    parent = await day.buy("parent", "1.01", TYPE.ELO, attached_params=wish, quantity=200)
    await until(lambda: any(plain(one.status) == "Filled" for one in day.pushes))
    woken = await day.calls("order_detail", parent)
    taker, stop = (one.order_id for one in woken.attached_orders)
    facts: dict[str, Any] = {"woken": plain(woken.attached_orders)}
    await day.calls("cancel_order", stop, True)
    facts["cancelled"] = plain(await day.calls("order_detail", stop, True))
    facts["left"] = plain(await day.calls("order_detail", taker, True))
    low = sdk.SubmitAttachedParams(
        sdk.AttachedOrderType.Bracket,
        profit_taker_price=day.price("0.9"),
        stop_loss_price=day.price("0.7"),
        activate_order_type=TYPE.MIT,
    )
    quick = await day.buy("quick", "1.01", TYPE.ELO, attached_params=low)
    for _ in range(60):
        admin("clock/step", {"seconds": 5})
        children = (await day.calls("order_detail", quick)).attached_orders
        if any(plain(one.status) == "Filled" for one in children):
            break
    await settled(day.pushes)
    facts["triggered"] = plain((await day.calls("order_detail", quick)).attached_orders)
    never = await day.buy("never", "0.8", attached_params=wish)
    await day.calls("cancel_order", never)
    facts["with its parent"] = plain((await day.calls("order_detail", never)).attached_orders)
    facts["positions"] = plain(await day.calls("stock_positions"))
    facts["children"] = {
        order_id: [plain(one.status) for one in day.pushes if one.order_id == order_id]
        for order_id in (taker, stop)
    }
    return facts


DAYS = {
    "HK": ("700.HK", hong_kong),
    "CN": ("601318.SH", mainland),
    "US": ("AAPL.US", united_states),
    "long": ("700.HK", long_term),
    "attached": ("700.HK", attached),
}


async def main() -> Any:
    symbol, scenario = DAYS[ARGUMENTS[0]]
    day = Day(await connect("Quote"), await connect("Trade"), symbol)
    await day.begin()
    more = await scenario(day)
    return {**await day.facts(), **(more or {})}


run(main)
