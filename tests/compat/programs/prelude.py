"""What the client programs share: which official package, sync or async, and facts as JSON.

A program runs in a process of its own as `program.py PACKAGE MODE [ARGUMENT...]`, finds the server
in the environment like any user's program, and prints one line of JSON. It judges nothing: the
tests do.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any

PACKAGE, MODE, *ARGUMENTS = sys.argv[1:]  # longport or longbridge; sync or async
sdk = importlib.import_module(f"{PACKAGE}.openapi")
PATIENCE_SECONDS = 20.0


def config(**options: Any) -> Any:
    """A configuration as users write it; options beyond the environment name the rest anew."""
    if not options:
        from_env = getattr(sdk.Config, "from_apikey_env", None) or sdk.Config.from_env
        return from_env()
    options = {
        **{
            name: os.environ[f"{PACKAGE.upper()}_{name.upper()}"]
            for name in ("http_url", "quote_ws_url", "trade_ws_url")
        },
        "enable_print_quote_packages": False,
        **options,
    }
    keys = [
        options.pop(name, os.environ[f"{PACKAGE.upper()}_{name.upper()}"])
        for name in ("app_key", "app_secret", "access_token")
    ]
    return getattr(sdk.Config, "from_apikey", sdk.Config)(*keys, **options)


def http_client(**keys: str) -> Any:
    """An HttpClient with the environment's credentials, some of them replaced."""
    env = {
        name: keys.get(name, os.environ[f"{PACKAGE.upper()}_{name.upper()}"])
        for name in ("http_url", "app_key", "app_secret", "access_token")
    }
    if PACKAGE == "longport":  # The order of the arguments changed between the generations.
        return sdk.HttpClient(env["http_url"], *list(env.values())[1:])
    return sdk.HttpClient.from_apikey(*list(env.values())[1:], http_url=env["http_url"])


class Calls:
    """A context of either kind, called in one way: `await calls("quote", [...])`."""

    def __init__(self, context: Any) -> None:
        self.context = context

    async def __call__(self, name: str, /, *arguments: Any, **options: Any) -> Any:
        result = getattr(self.context, name)(*arguments, **options)
        return await result if inspect.isawaitable(result) else result


async def connect(kind: str, **options: Any) -> Calls:
    """Make a `Quote` or a `Trade` context; the async one in mode `async`."""
    if MODE == "sync":
        return Calls(getattr(sdk, f"{kind}Context")(config(**options)))
    made = getattr(sdk, f"Async{kind}Context").create(
        config(**options), loop_=asyncio.get_running_loop()
    )
    return Calls(await made if inspect.isawaitable(made) else made)


def plain(value: Any) -> Any:
    """Anything the package hands back as JSON: decimals as text, times as Unix seconds."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return int(value.replace(tzinfo=UTC).timestamp())  # Naive, in TZ=UTC.
    if isinstance(value, (date, time_of_day)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    kind, text = type(value).__name__, repr(value)
    if text.startswith(f"{kind}."):
        return text.rpartition(".")[2]  # A member of an enum, by name.
    names = [name for name in dir(value) if not name.startswith("_")]
    fields = {name: getattr(value, name) for name in names}
    return {name: plain(one) for name, one in fields.items() if not callable(one)}


async def refusal(calls: Callable[..., Any], /, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Code and message of a call that should be refused, or what it answered instead."""
    try:
        result = calls(*arguments, **options)
        if inspect.isawaitable(result):
            result = await result
    except sdk.OpenApiException as error:
        return {"code": error.code, "message": error.message}
    return {"code": None, "accepted": plain(result)}


async def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until `condition()` holds; whether it did in time. Callbacks run meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


def admin(path: str, body: dict[str, Any] | None = None) -> Any:
    """Call the admin API, as `portway clock` does."""
    request = urllib.request.Request(
        f"{os.environ['PORTWAY_ADMIN_URL']}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["data"]


def run(main: Callable[[], Any]) -> None:
    """Run the program and print its facts; contexts are not waited for."""
    facts = asyncio.run(main())
    print(json.dumps(plain(facts)), flush=True)
    os._exit(0)  # The package's own threads would keep the process.
