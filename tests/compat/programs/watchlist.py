"""A watchlist from making a group to deleting it; with the argument `again`, what is left of it."""

from __future__ import annotations

from typing import Any

from prelude import ARGUMENTS, PACKAGE, connect, refusal, run, sdk

MODE = sdk.SecuritiesUpdateMode


async def main() -> Any:
    calls = await connect("Quote")
    if ARGUMENTS:
        return {"groups": await calls("watchlist")}
    number = await calls("create_watchlist_group", "first", ["700.HK", "AAPL.US", "600519.SH"])
    facts: dict[str, Any] = {"number": number, "created": await calls("watchlist")}
    await calls("update_watchlist_group", number, name="renamed")
    await calls("update_watchlist_group", number, securities=["9988.HK"], mode=MODE.Add)
    await calls("update_watchlist_group", number, securities=["700.HK"], mode=MODE.Remove)
    facts["changed"] = await calls("watchlist")
    second = await calls("create_watchlist_group", "second")
    await calls("update_watchlist_group", second, securities=["SPY.US", "5.HK"], mode=MODE.Replace)
    if PACKAGE == "longbridge":
        await calls("update_pinned", sdk.PinnedMode.Add, ["5.HK"])
        facts["pinned"] = await calls("watchlist")
        await calls("update_pinned", sdk.PinnedMode.Remove, ["5.HK"])
    await calls("delete_watchlist_group", number, True)
    facts["deleted"] = await calls("watchlist")
    facts["refused"] = {
        "unknown group": await refusal(calls, "update_watchlist_group", 77, name="x"),
        "duplicate name": await refusal(calls, "create_watchlist_group", "second"),
        "empty name": await refusal(calls, "create_watchlist_group", ""),
        "unknown symbol": await refusal(calls, "create_watchlist_group", "x", ["999999.HK"]),
        "deleted twice": await refusal(calls, "delete_watchlist_group", number),
    }
    return facts


run(main)
