"""Calls about watchlists, lists and statistics over HTTP, one pure description per method."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.http_call import (
    HttpCall,
    json_body,
    nothing,
    object_of,
    rows_at,
    with_query,
)
from portway.openapi.enums import Market, wire_values
from portway.openapi.errors import ArgumentError, DecodeError
from portway.openapi.list_types import (
    FilingItem,
    HistoryMarketTemperatureResponse,
    MarketTemperature,
    OptionVolumeDaily,
    OptionVolumeStats,
    Security,
    ShortPositionsResponse,
    ShortTradesResponse,
    WatchlistGroup,
)
from portway.openapi.quote_enums import PinnedMode, SecuritiesUpdateMode, SecurityListCategory
from portway.wire import names

__all__ = [
    "create_watchlist_group",
    "delete_watchlist_group",
    "filings",
    "history_market_temperature",
    "market_temperature",
    "option_volume",
    "option_volume_daily",
    "security_list",
    "short_positions",
    "short_trades",
    "update_pinned",
    "update_watchlist_group",
    "watchlist",
]

_MARKET = wire_values(Market, names.MARKET)
_CATEGORY = wire_values(SecurityListCategory, names.SECURITY_LIST_CATEGORY)
_UPDATE = wire_values(SecuritiesUpdateMode, names.WATCHLIST_UPDATE)
_PINNED = wire_values(PinnedMode, names.PINNED_MODE)

_GROUPS = "/v1/watchlist/groups"
_ID_MAX = 2**63 - 1


def watchlist() -> HttpCall[list[WatchlistGroup]]:
    """All groups."""
    return HttpCall("GET", _GROUPS, rows_at("groups", WatchlistGroup), repeats=True)


def create_watchlist_group(name: str, securities: Sequence[str] | None) -> HttpCall[int]:
    """Make a group."""
    body = {"name": arg.text("name", name), "securities": _optional_symbols(securities)}
    return HttpCall("POST", _GROUPS, _group_id, json_body(body))


def delete_watchlist_group(id: int, purge: bool) -> HttpCall[None]:
    """Remove a group."""
    query = [
        ("id", str(arg.count("id", id, maximum=_ID_MAX))),
        ("purge", arg.yes_or_no("purge", purge)),
    ]
    return HttpCall("DELETE", with_query(_GROUPS, query), nothing)


def update_watchlist_group(
    id: int,
    name: str | None,
    securities: Sequence[str] | None,
    mode: SecuritiesUpdateMode | None,
) -> HttpCall[None]:
    """Change a group."""
    symbols = _optional_symbols(securities)
    given = SecuritiesUpdateMode.Replace if mode is None else mode
    word = arg.wire_of("mode", given, SecuritiesUpdateMode, _UPDATE)
    body = {
        "id": arg.count("id", id, maximum=_ID_MAX),
        "name": arg.optional_text("name", name),
        "securities": symbols,
        "mode": None if symbols is None else word,
    }
    return HttpCall("PUT", _GROUPS, nothing, json_body(body))


def update_pinned(mode: PinnedMode, symbols: Sequence[str]) -> HttpCall[None]:
    """Pin securities to the top, or unpin them."""
    body = {
        "mode": arg.wire_of("mode", mode, PinnedMode, _PINNED),
        "securities": arg.texts("symbols", symbols),
    }
    return HttpCall("POST", "/v1/watchlist/pinned", nothing, json_body(body))


def security_list(
    market: Market, category: SecurityListCategory | None
) -> HttpCall[list[Security]]:
    """A list of securities."""
    word = None
    if category is not None:
        word = arg.wire_of("category", category, SecurityListCategory, _CATEGORY)
    query = [("market", _market(market)), ("category", word)]
    path = with_query("/v1/quote/get_security_list", query)
    return HttpCall("GET", path, rows_at("list", Security), repeats=True)


def market_temperature(market: Market) -> HttpCall[MarketTemperature]:
    """How hot a market is."""
    path = with_query("/v1/quote/market_temperature", [("market", _market(market))])
    return HttpCall("GET", path, object_of(MarketTemperature), repeats=True)


def history_market_temperature(
    market: Market, start_date: date, end_date: date
) -> HttpCall[HistoryMarketTemperatureResponse]:
    """How hot a market was."""
    query = [
        ("market", _market(market)),
        ("start_date", arg.compact_day("start_date", start_date)),
        ("end_date", arg.compact_day("end_date", end_date)),
    ]
    path = with_query("/v1/quote/history_market_temperature", query)
    return HttpCall("GET", path, object_of(HistoryMarketTemperatureResponse), repeats=True)


def filings(symbol: str) -> HttpCall[list[FilingItem]]:
    """Filings of a company."""
    path = with_query("/v1/quote/filings", [("symbol", arg.text("symbol", symbol))])
    return HttpCall("GET", path, rows_at("items", FilingItem), repeats=True)


def short_positions(symbol: str, count: int) -> HttpCall[ShortPositionsResponse]:
    """Short positions over time."""
    path = _short("positions", symbol, "count", count)
    return HttpCall("GET", path, object_of(ShortPositionsResponse), repeats=True)


def short_trades(symbol: str, count: int) -> HttpCall[ShortTradesResponse]:
    """Short trades over time."""
    path = _short("trades", symbol, "page_size", count)
    return HttpCall("GET", path, object_of(ShortTradesResponse), repeats=True)


def option_volume(symbol: str) -> HttpCall[OptionVolumeStats]:
    """Option volume of the day."""
    path = with_query("/v1/quote/option-volume-stats", [("symbol", arg.text("symbol", symbol))])
    # The answer does not name what was asked for.
    return HttpCall(
        "GET", path, lambda data: OptionVolumeStats({**data, "symbol": symbol}), repeats=True
    )


def option_volume_daily(symbol: str, timestamp: int, count: int) -> HttpCall[OptionVolumeDaily]:
    """Option volume day by day."""
    query = [
        ("symbol", arg.text("symbol", symbol)),
        ("timestamp", str(arg.count("timestamp", timestamp, maximum=_ID_MAX))),
        ("line_num", str(arg.count("count", count))),
        ("direction", "1"),
    ]
    path = with_query("/v1/quote/option-volume-stats/daily", query)
    return HttpCall(
        "GET", path, lambda data: OptionVolumeDaily({**data, "symbol": symbol}), repeats=True
    )


def _short(kind: str, symbol: str, count_name: str, count: int) -> str:
    region = arg.text("symbol", symbol).rpartition(".")[2].lower()
    if region not in ("hk", "us"):
        raise ArgumentError(f"argument 'symbol': {symbol!r} is not listed in Hong Kong or the US")
    query = [
        ("symbol", symbol),
        ("last_timestamp", str(int(time.time()))),
        (count_name, str(arg.count("count", count))),
    ]
    return with_query(f"/v1/quote/short-{kind}/{region}", query)


def _market(market: Market) -> str:
    return arg.wire_of("market", market, Market, _MARKET)


def _optional_symbols(securities: Sequence[str] | None) -> list[str] | None:
    return None if securities is None else arg.texts("securities", securities)


def _group_id(data: Any) -> int:
    try:
        return int(data["id"])
    except (KeyError, TypeError, ValueError):
        raise DecodeError("deserialize response body error: missing field `id`") from None
