"""Good and bad credentials, over HTTP and at the doors of both sockets; tokens and their end."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from prelude import ARGUMENTS, PACKAGE, Calls, config, connect, http_client, refusal, run, sdk

PATH = "/v1/trade/execution/today"
TOKEN = os.environ[f"{PACKAGE.upper()}_ACCESS_TOKEN"]


async def main() -> Any:
    if ARGUMENTS == ["expired"]:
        return {"get": await get(), "context": await refusal(quote_context)}
    altered = TOKEN[:-1] + ("A" if TOKEN[-1] != "A" else "B")
    return {
        "good": http_client().request("get", PATH),
        "wrong secret": await get(app_secret="0" * 64),
        "unknown app key": await get(app_key="0" * 32),
        "garbage token": await get(access_token="garbage"),
        "altered token": await get(access_token=altered),
        "made-up expired token": await get(access_token=made_up_token()),
        "order with a wrong signature": await refusal(
            http_client(app_secret="1" * 64).request,
            "post",
            "/v1/trade/order",
            None,
            {"symbol": "700.HK"},
        ),
        "unknown path": await refusal(http_client().request, "get", "/v1/no/such/path"),
        "trade context, wrong secret": await refusal(trade_context, app_secret="0" * 64),
        "quote context, garbage token": await refusal(quote_context, access_token="garbage"),
        "in Chinese": await refusal(
            http_client(access_token="garbage").request, "get", PATH, {"accept-language": "zh-CN"}
        ),
        "tokens": await tokens(),
    }


async def get(**keys: str) -> dict[str, Any]:
    return await refusal(http_client(**keys).request, "get", PATH)


def made_up_token() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'HS256'})}.{part({'exp': 1_000_000_000})}.c2ln"


async def quote_context(**keys: str) -> Any:
    return await (await connect("Quote", **keys))("member_id")


async def trade_context(**keys: str) -> Any:
    calls = await connect("Trade", **keys)
    return await calls("subscribe", [sdk.TopicType.Private])


async def tokens() -> dict[str, Any]:
    """A new token works beside the old one for a while."""
    new = await Calls(config())("refresh_access_token")
    return {
        "new": http_client(access_token=new).request("get", PATH),
        "old, at once": http_client().request("get", PATH),
        "differ": new != TOKEN,
    }


run(main)
