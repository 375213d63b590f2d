"""Calls about money, holdings and statements, one pure description per method."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portway.openapi.asset_types import (
    AccountBalance,
    CashFlow,
    FundPositionsResponse,
    GetStatementListResponse,
    GetStatementResponse,
    MarginRatio,
    StockPositionsResponse,
)
from portway.openapi.calls import arguments as arg
from portway.openapi.calls.http_call import HttpCall, list_at, object_of, rows_at, with_query
from portway.openapi.enums import wire_values
from portway.openapi.trade_enums import BalanceType, StatementType
from portway.wire import names

__all__ = [
    "account_balance",
    "cash_flow",
    "fund_positions",
    "margin_ratio",
    "statement_download_url",
    "statements",
    "stock_positions",
]

_BALANCE_TYPE = wire_values(BalanceType, names.BALANCE_TYPE)
_STATEMENT_TYPE = wire_values(StatementType, names.STATEMENT_TYPE)


def account_balance(currency: str | None) -> HttpCall[list[AccountBalance]]:
    """Cash, buying power and margin."""
    path = with_query("/v1/asset/account", [("currency", arg.optional_text("currency", currency))])
    return HttpCall("GET", path, rows_at("list", AccountBalance), repeats=True, region="ap")


def cash_flow(
    start_at: datetime,
    end_at: datetime,
    business_type: BalanceType | None,
    symbol: str | None,
    page: int | None,
    size: int | None,
) -> HttpCall[list[CashFlow]]:
    """Movements of cash and securities, one page."""
    kind = None
    if business_type is not None:
        kind = str(arg.wire_of("business_type", business_type, BalanceType, _BALANCE_TYPE))
    query = [
        ("start_time", arg.seconds("start_at", start_at)),
        ("end_time", arg.seconds("end_at", end_at)),
        ("business_type", kind),
        ("symbol", arg.optional_text("symbol", symbol)),
        ("page", None if page is None else str(arg.count("page", page))),
        ("size", None if size is None else str(arg.count("size", size))),
    ]
    path = with_query("/v1/asset/cashflow", query)
    return HttpCall("GET", path, rows_at("list", CashFlow), repeats=True, region="ap")


def fund_positions(symbols: Sequence[str] | None) -> HttpCall[FundPositionsResponse]:
    """Funds held."""
    path = with_query("/v1/asset/fund", _symbols(symbols))
    return HttpCall("GET", path, _funds, repeats=True, region="ap")


def stock_positions(symbols: Sequence[str] | None) -> HttpCall[StockPositionsResponse]:
    """Securities held."""
    path = with_query("/v1/asset/stock", _symbols(symbols))
    return HttpCall("GET", path, _stocks, repeats=True, region="ap")


def margin_ratio(symbol: str) -> HttpCall[MarginRatio]:
    """Margin factors of a security."""
    path = with_query("/v1/risk/margin-ratio", [("symbol", arg.text("symbol", symbol))])
    return HttpCall("GET", path, object_of(MarginRatio), repeats=True, region="ap")


def statements(
    statement_type: StatementType, start_date: int, limit: int
) -> HttpCall[GetStatementListResponse]:
    """Statements of the account."""
    kind = arg.wire_of("statement_type", statement_type, StatementType, _STATEMENT_TYPE)
    query = [
        ("statement_type", str(kind)),
        ("start_date", str(arg.count("start_date", start_date))),
        ("limit", str(arg.count("limit", limit))),
    ]
    path = with_query("/v1/statement/list", query)
    return HttpCall("GET", path, object_of(GetStatementListResponse), repeats=True)


def statement_download_url(file_key: str) -> HttpCall[GetStatementResponse]:
    """Where a statement can be downloaded."""
    query = [("file_key", arg.text("file_key", file_key))]
    path = with_query("/v1/statement/download", query)
    return HttpCall("GET", path, object_of(GetStatementResponse), repeats=True)


def _symbols(symbols: Sequence[str] | None) -> list[tuple[str, str | None]]:
    return [("symbol", s) for s in ([] if symbols is None else arg.texts("symbols", symbols))]


def _funds(data: Any) -> FundPositionsResponse:
    list_at("list", data)
    return FundPositionsResponse(data)


def _stocks(data: Any) -> StockPositionsResponse:
    list_at("list", data)
    return StockPositionsResponse(data)
