"""Calls that only the US data centre has, one pure description per method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.http_call import HttpCall, json_body, object_of, with_query
from portway.openapi.us_types import (
    USAssetOverview,
    USAvailableHolding,
    USCashAndBuyPower,
    USCryptoOverview,
    USExchangeRates,
    USOrderDetailResponse,
    USRealizedPL,
    USTransactionHistory,
)

__all__ = [
    "us_asset_overview",
    "us_available_holding",
    "us_cash_and_buy_power",
    "us_crypto_overview",
    "us_exchange_rates",
    "us_order_detail",
    "us_query_orders",
    "us_realized_pl",
    "us_transaction_history",
]


def us_query_orders(
    symbol: str | None,
    action: int,
    start_at: float,
    end_at: float,
    query_type: int,
    page: int,
    limit: int,
) -> HttpCall[str]:
    """Orders as the service's own JSON text."""
    body = {
        "account_channel": "",
        "action": arg.count("action", action),
        "start_at": float(start_at),
        "end_at": float(end_at),
        "symbols": [] if symbol is None else [arg.text("symbol", symbol)],
        "security_types": [],
        "query_type": arg.count("query_type", query_type),
        "page": arg.count("page", page),
        "limit": arg.count("limit", limit),
        "query_version": 1,
    }
    return HttpCall("POST", "/v1/us/orders/query", _as_text, json_body(body), True, "us")


def us_order_detail(order_id: str) -> HttpCall[USOrderDetailResponse]:
    """An order."""
    path = f"/v1/us/orders/{quote(arg.text('order_id', order_id), safe='')}"
    return HttpCall("GET", path, object_of(USOrderDetailResponse), repeats=True, region="us")


def us_asset_overview() -> HttpCall[USAssetOverview]:
    """Everything held."""
    path = "/v1/us/assets/overview"
    return HttpCall("GET", path, object_of(USAssetOverview), repeats=True, region="us")


def us_realized_pl(currency: str, category: str | None) -> HttpCall[USRealizedPL]:
    """Realised profit and loss."""
    query = [
        ("currency", arg.text("currency", currency)),
        ("category", arg.optional_text("category", category)),
    ]
    path = with_query("/v1/us/assets/pl/realized", query)
    return HttpCall("GET", path, object_of(USRealizedPL), repeats=True, region="us")


def us_cash_and_buy_power(currency: str | None) -> HttpCall[USCashAndBuyPower]:
    """Cash, buying power and margin."""
    query = [("currency", arg.optional_text("currency", currency))]
    path = with_query("/v1/us/assets/cash-and-buy-power", query)
    return HttpCall("GET", path, object_of(USCashAndBuyPower), repeats=True, region="us")


def us_available_holding(
    symbol: str, equity_type: str | None, position_side: str | None
) -> HttpCall[USAvailableHolding]:
    """How much of a holding may be sold."""
    query = [
        ("symbol", arg.text("symbol", symbol)),
        ("equity_type", arg.optional_text("equity_type", equity_type) or "STOCK"),
        ("position_side", arg.optional_text("position_side", position_side) or "LONG"),
    ]
    path = with_query("/v1/us/assets/available-holding", query)
    return HttpCall("GET", path, object_of(USAvailableHolding), repeats=True, region="us")


def us_transaction_history(
    start_at: datetime,
    end_at: datetime,
    page: int,
    size: int,
    types: Sequence[str] | None,
    currency: str | None,
) -> HttpCall[USTransactionHistory]:
    """Transactions, one page."""
    body = {
        "start_at": arg.seconds("start_at", start_at),
        "end_at": arg.seconds("end_at", end_at),
        "page": arg.count("page", page),
        "size": arg.count("size", size),
        "types": None if types is None else arg.texts("types", types),
        "currency": arg.optional_text("currency", currency),
    }
    path = "/v1/us/assets/transaction-history"
    read = object_of(USTransactionHistory)
    return HttpCall("POST", path, read, json_body(body), repeats=True, region="us")


def us_exchange_rates() -> HttpCall[USExchangeRates]:
    """Exchange rates."""
    path = "/v1/us/assets/exchange-rates"
    return HttpCall("GET", path, object_of(USExchangeRates), repeats=True, region="us")


def us_crypto_overview(symbol: str) -> HttpCall[USCryptoOverview]:
    """Facts about a crypto asset."""
    query = [("symbol", arg.text("symbol", symbol))]
    path = with_query("/v1/us/gemini/crypto-overview", query)
    return HttpCall("GET", path, object_of(USCryptoOverview), repeats=True, region="us")


def _as_text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
