"""Watchlists over HTTP: groups listed, made, changed and deleted, symbols pinned.

Ids travel as texts of digits, because earlier clients read nothing else. Which price and time a
symbol is noted with when it is added comes from its board; the rest is `gateway/watchlists.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.http.quote_params import quote_body, quote_refusal
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.gateway.watchlists import WATCHED_MAX, Group, Watched, Watchlist
from portway.model.decimals import wire_text
from portway.model.instrument import Instrument
from portway.model.symbol import MalformedSymbol, Symbol, market_of, parse_symbol
from portway.wire.envelope import Language

__all__ = ["create_group", "delete_group", "groups", "pin", "update_group"]

PRICE_PLACES: Final = 3
_ID_DIGITS_MAX: Final = 18


class _Create(msgspec.Struct):
    name: str
    securities: list[str] = []


class _Update(msgspec.Struct):
    id: int | str
    name: str | None = None
    securities: list[str] | None = None
    mode: Literal["add", "remove", "replace"] = "replace"


class _Pin(msgspec.Struct):
    mode: Literal["add", "remove"]
    securities: list[str]


async def groups(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/watchlist/groups: every group with its symbols, the group of all first."""
    watchlist = await services.watchlists.of(request.account_no)
    shown = watchlist.shown()
    return {"groups": [_group(services, request, watchlist, one) for one in shown]}


async def create_group(services: Services, request: Request) -> dict[str, Any]:
    """POST /v1/watchlist/groups: make a group; the answer is its id."""
    body = quote_body(request, _Create)
    added = await _watched_now(services, body.securities)
    before, _ = await services.watchlists.change(
        request.account_no, lambda watchlist: watchlist.create(body.name, added)
    )
    return {"id": str(before.next_id)}


async def update_group(services: Services, request: Request) -> dict[str, Any]:
    """PUT /v1/watchlist/groups: a new name, or symbols added, removed or put in place."""
    body = quote_body(request, _Update)
    group_id = _group_id(str(body.id))
    adds = body.securities is not None and body.mode != "remove"
    added = await _watched_now(services, body.securities or []) if adds else {}

    def change(watchlist: Watchlist) -> Watchlist:
        if body.name is not None:
            watchlist = watchlist.rename(group_id, body.name)
        if body.securities is None:
            return watchlist
        match body.mode:
            case "add":
                return watchlist.add(group_id, added)
            case "remove":
                return watchlist.remove(group_id, _symbols(body.securities))
            case "replace":
                return watchlist.put_in_place(group_id, added)

    if body.name is None and body.securities is None:
        raise quote_refusal("name or securities")
    await services.watchlists.change(request.account_no, change)
    return {}


async def delete_group(services: Services, request: Request) -> dict[str, Any]:
    """DELETE /v1/watchlist/groups: a group goes; with `purge` its symbols go from everywhere."""
    group_id = _group_id(request.text("id") or "")
    purge = request.text("purge")
    if purge not in (None, "true", "false"):
        raise quote_refusal("purge")
    await services.watchlists.change(
        request.account_no,
        lambda watchlist: watchlist.delete(group_id, purge=purge == "true"),
    )
    return {}


async def pin(services: Services, request: Request) -> dict[str, Any]:
    """POST /v1/watchlist/pinned: watched symbols to the top, or back to their place."""
    body = quote_body(request, _Pin)
    symbols = _symbols(body.securities)
    if not symbols:
        raise quote_refusal("securities")

    def change(watchlist: Watchlist) -> Watchlist:
        return watchlist.pin(symbols) if body.mode == "add" else watchlist.unpin(symbols)

    await services.watchlists.change(request.account_no, change)
    return {}


def _group(
    services: Services, request: Request, watchlist: Watchlist, group: Group
) -> dict[str, Any]:
    pinned = frozenset(watchlist.pinned)
    return {
        "id": str(group.group_id),
        "name": group.name,
        "securities": [
            {
                "symbol": symbol,
                "market": market_of(symbol).value,
                "name": _name(services.quotes.instrument(symbol), request),
                "watched_price": watchlist.watched[symbol].price,
                "watched_at": str(watchlist.watched[symbol].at),
                "is_pinned": symbol in pinned,
            }
            for symbol in group.symbols
        ],
    }


def _name(instrument: Instrument | None, request: Request) -> str:
    """What it is called in the caller's language; nothing for what is not listed any more."""
    if instrument is None:
        return ""
    match request.language:
        case Language.EN:
            return instrument.name_en
        case Language.ZH_CN:
            return instrument.name_cn
        case Language.ZH_HK:
            return instrument.name_hk


def _group_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS_MAX):
        raise quote_refusal("id")
    return int(text)


def _symbols(texts: Sequence[str]) -> list[Symbol]:
    """The symbols as they are written here; clients send what their users typed."""
    if len(texts) > WATCHED_MAX:
        raise Refused("WATCHLIST_FULL", f"{WATCHED_MAX} symbols")
    try:
        return [parse_symbol(one) for one in dict.fromkeys(texts)]
    except MalformedSymbol as error:
        raise quote_refusal(str(error)) from None


async def _watched_now(services: Services, texts: Sequence[str]) -> dict[Symbol, Watched]:
    """Price and time of listed symbols, as they are noted when they are added.

    Raises:
        Refused: If one of them is not listed.
    """
    quotes = services.quotes
    symbols = _symbols(texts)
    for symbol in symbols:
        if quotes.instrument(symbol) is None:
            raise Refused("QUOTE_HTTP_NOT_FOUND", symbol)
    found: dict[Symbol, Watched] = {}
    for symbol in symbols:
        await quotes.ready((symbol,))
        board, now = quotes.board(symbol), quotes.now(market_of(symbol))
        last = board.quote(now).last_done if board is not None else None
        price = wire_text(last, PRICE_PLACES) if last else ""
        found[symbol] = Watched(price, int(now.timestamp()))
    return found
