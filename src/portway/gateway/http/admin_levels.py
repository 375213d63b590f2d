"""The owner's say over quote levels: what each app key sees, shown and changed while serving.

Bodies name what is to change; what they do not name stays. Levels are words: `delayed`, `lv1`, and
for Hong Kong `lv2`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.http.request import Request
from portway.gateway.ports import IdentityStore
from portway.gateway.rights import QuoteLevel, QuoteRights, RightsBook

__all__ = ["level_routes"]

Endpoint = Callable[[Request], Awaitable[dict[str, Any]]]


class _Change(msgspec.Struct):
    app_key: str
    hk: Literal["delayed", "lv1", "lv2"] | None = None
    us: Literal["delayed", "lv1"] | None = None
    cn: Literal["delayed", "lv1"] | None = None
    opra: bool | None = None
    overnight: bool | None = None


def level_routes(book: RightsBook, store: IdentityStore) -> dict[tuple[str, str], Endpoint]:
    """Return the endpoints by method and verb."""

    async def show(request: Request) -> dict[str, Any]:
        return {
            "levels": [
                _row(one.app_key, one.name, book.of_key(one.app_key)) for one in await store.apps()
            ]
        }

    async def change(request: Request) -> dict[str, Any]:
        body = request.json(_Change)
        app = await store.app(body.app_key)
        if app is None:
            raise Refused("APP_KEY_UNKNOWN")
        changes: dict[str, Any] = {
            name: value if isinstance(value, bool) else QuoteLevel[value.upper()]
            for name in QuoteRights.__struct_fields__
            if (value := getattr(body, name)) is not None
        }
        rights = msgspec.structs.replace(book.of_key(app.app_key), **changes)
        await book.put(app.app_key, rights)
        return _row(app.app_key, app.name, rights)

    return {("GET", "levels"): show, ("POST", "levels/set"): change}


def _row(app_key: str, name: str, rights: QuoteRights) -> dict[str, Any]:
    return {
        "app_key": app_key,
        "name": name,
        "hk": rights.hk.name.lower(),
        "us": rights.us.name.lower(),
        "cn": rights.cn.name.lower(),
        "opra": rights.opra,
        "overnight": rights.overnight,
    }
