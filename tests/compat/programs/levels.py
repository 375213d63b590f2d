"""What a client is told and shown as its key's level changes; the owner's call is the argument."""

from __future__ import annotations

from typing import Any

from prelude import PACKAGE, Calls, admin, connect, os, refusal, run, sdk, until

SUB = sdk.SubType
LEVELS: dict[str, dict[str, Any]] = {
    "fresh": {},
    "lv1": {"hk": "lv1"},
    "delayed": {"hk": "delayed", "us": "delayed", "opra": False, "overnight": False},
}


async def main() -> Any:
    key = os.environ[f"{PACKAGE.upper()}_APP_KEY"]
    admin("clock/pause", {})
    facts = {}
    for name, change in LEVELS.items():
        admin("levels/set", {"app_key": key, **change})
        facts[name] = await seen(await connect("Quote", enable_overnight=True))
    facts["while connected"] = await changed(key)
    return facts


async def seen(calls: Calls) -> dict[str, Any]:
    options = ["AAPL260320C250000.US"]
    return {
        "level": await calls("quote_level"),
        "packages": [one.key for one in await calls("quote_package_details")],
        "depth": len((await calls("depth", "700.HK")).asks),
        "trade_at": [await last_trade(calls, one) for one in ("700.HK", "600519.SH")],
        "quote_at": (await calls("quote", ["AAPL.US"]))[0].timestamp,
        "brokers": await refusal(calls, "brokers", "700.HK"),
        "subscribe": await refusal(calls, "subscribe", ["700.HK"], [SUB.Quote]),
        "option": await refusal(calls, "option_quote", options),
        "option_depth": await refusal(calls, "depth", options[0]),
        "sessions": len((await calls("trading_session"))[0].trade_sessions),
    }


async def last_trade(calls: Calls, symbol: str) -> Any:
    return (await calls("trades", symbol, 1))[-1].timestamp


async def changed(key: str) -> dict[str, Any]:
    """Pushes that stop when the right to them goes, and go on when it comes back."""
    admin("levels/set", {"app_key": key, "hk": "lv2", "us": "lv1"})
    admin("clock/resume", {})
    calls = await connect("Quote")
    pushed: list[Any] = []
    calls.context.set_on_quote(lambda symbol, quote: pushed.append(symbol))
    await calls("subscribe", ["700.HK"], [SUB.Quote])
    facts: dict[str, Any] = {"before": await until(lambda: len(pushed) > 2)}
    admin("levels/set", {"app_key": key, "hk": "delayed"})
    admin("clock/step", {"seconds": 1})  # whatever was under way has been read
    at_end = len(pushed)
    admin("clock/step", {"seconds": 30})
    facts["after"] = len(pushed) - at_end
    admin("levels/set", {"app_key": key, "hk": "lv2"})
    facts["again"] = await refusal(calls, "subscribe", ["700.HK"], [SUB.Depth])
    return facts


run(main)
