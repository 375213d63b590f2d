"""The table of HTTP endpoints: method, path, handler, and what the limits make of a call.

The one list that the app, the tests and the documentation read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final

from portway.gateway.http import (
    asset,
    figures,
    multileg,
    options,
    quote,
    statements,
    tokens,
    trade,
    watchlist,
)
from portway.gateway.http.pulls import pull_endpoint
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.wire.pull_paths import PULL_PATHS

__all__ = ["ROUTES", "LimitClass", "Route"]

Endpoint = Callable[[Services, Request], Awaitable[dict[str, Any]]]


class LimitClass(Enum):
    """By which rate limit a call counts."""

    TRADE = auto()  # trade and asset endpoints of an account, all together
    PULL = auto()  # pulls of the quote socket: counted there, and they change nothing
    FREE = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; all of them need a signed-in caller."""

    method: str
    path: str
    endpoint: Endpoint
    limit: LimitClass
    name: str = field(init=False)  # As limits, metrics and the log call it.

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.method} {self.path}")


_TRADE, _PULL, _FREE = LimitClass.TRADE, LimitClass.PULL, LimitClass.FREE

_ROWS = (
    Route("GET", "/v1/token/refresh", tokens.refresh_token, _FREE),
    Route("GET", "/v1/socket/token", tokens.socket_token, _FREE),
    Route("GET", "/v2/socket/token", tokens.socket_token, _FREE),
    Route("POST", "/v1/trade/order", trade.submit_order, _TRADE),
    Route("POST", "/v1/trade/order/multileg", multileg.submit_multileg, _TRADE),
    Route("PUT", "/v1/trade/order", trade.replace_order, _TRADE),
    Route("DELETE", "/v1/trade/order", trade.cancel_order, _TRADE),
    Route("GET", "/v1/trade/order", trade.order_detail_of, _TRADE),
    Route("GET", "/v1/trade/order/today", trade.today_orders, _TRADE),
    Route("GET", "/v1/trade/order/history", trade.history_orders, _TRADE),
    Route("GET", "/v1/trade/execution/today", trade.today_executions, _TRADE),
    Route("GET", "/v1/trade/execution/history", trade.history_executions, _TRADE),
    Route("GET", "/v3/trade/execution/all", asset.all_executions, _TRADE),
    Route("GET", "/v1/trade/estimate/buy_limit", trade.estimate_buy_limit, _TRADE),
    Route("GET", "/v1/asset/account", asset.account, _TRADE),
    Route("GET", "/v1/asset/stock", asset.stocks, _TRADE),
    Route("GET", "/v1/asset/fund", asset.funds, _TRADE),
    Route("GET", "/v1/asset/cashflow", asset.cash_flow, _TRADE),
    Route("GET", "/v1/asset/exchange_rates", asset.exchange_rates, _TRADE),
    Route("GET", "/v1/statement/list", statements.listing, _TRADE),
    Route("GET", "/v1/statement/download", statements.download, _TRADE),
    Route("GET", "/v1/risk/margin-ratio", asset.margin_ratio, _TRADE),
    Route("GET", "/v1/quote/get_security_list", quote.security_list, _FREE),
    Route("GET", "/v1/quote/filings", figures.filings_of, _FREE),
    Route("GET", "/v1/quote/market_temperature", figures.market_temperature, _FREE),
    Route("GET", "/v1/quote/history_market_temperature", figures.history_temperature, _FREE),
    Route("GET", "/v1/quote/short-positions/hk", figures.short_positions_hk, _FREE),
    Route("GET", "/v1/quote/short-positions/us", figures.short_positions_us, _FREE),
    Route("GET", "/v1/quote/short-trades/hk", figures.short_trades_hk, _FREE),
    Route("GET", "/v1/quote/short-trades/us", figures.short_trades_us, _FREE),
    Route("POST", "/v1/quote/options/strikes", options.strikes, _FREE),
    Route("GET", "/v1/quote/option-volume-stats", options.volume_stats, _FREE),
    Route("GET", "/v1/quote/option-volume-stats/daily", options.daily_volume_stats, _FREE),
    Route("GET", "/v1/watchlist/groups", watchlist.groups, _FREE),
    Route("POST", "/v1/watchlist/groups", watchlist.create_group, _FREE),
    Route("PUT", "/v1/watchlist/groups", watchlist.update_group, _FREE),
    Route("DELETE", "/v1/watchlist/groups", watchlist.delete_group, _FREE),
    Route("POST", "/v1/watchlist/pinned", watchlist.pin, _FREE),
    *(Route("POST", path, pull_endpoint(command), _PULL) for path, command in PULL_PATHS.items()),
)

ROUTES: Final[Mapping[tuple[str, str], Route]] = MappingProxyType(
    {(route.method, route.path): route for route in _ROWS}
)
