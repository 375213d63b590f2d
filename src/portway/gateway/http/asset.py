"""Money and positions: `/v1/asset/...`, all executions, and `/v1/risk/margin-ratio`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import structs

from portway.gateway.errors import Refused
from portway.gateway.http.marks import marks_of
from portway.gateway.http.request import Request, refused_parameter
from portway.gateway.http.services import Services
from portway.gateway.http.trade import execution_filter
from portway.gateway.order_json import account_balance, execution_object, position, text
from portway.gateway.order_json import cash_flow as cash_flow_object
from portway.model.decimals import half_up
from portway.model.money import Currency
from portway.model.symbol import MalformedSymbol, Symbol, parse_symbol
from portway.trading.ports import BusinessType, CashFlowFilter
from portway.trading.queries import CASH_FLOW_ROWS_MAX

__all__ = [
    "account",
    "all_executions",
    "cash_flow",
    "exchange_rates",
    "funds",
    "margin_ratio",
    "stocks",
]

PAGE_SIZE: Final = 50
PAGE_MAX: Final = 1_000_000
RATE_PLACES: Final = 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def account(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/asset/account: totals in one currency, and the cash of every currency held."""
    queries, account_no = services.trades.queries, request.account_no
    row = await asyncio.to_thread(queries.account, account_no)
    if row is None:
        raise Refused("ACCOUNT_NOT_FOUND")
    wanted = request.text("currency")
    if wanted is not None and wanted not in Currency.__members__:
        raise refused_parameter("currency")
    currency = row.base_currency if wanted is None else Currency(wanted)
    marks = await marks_of(services, account_no)
    summary = await asyncio.to_thread(queries.account_summary, account_no, marks, currency)
    return {"list": [account_balance(summary, currency)]}


async def stocks(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/asset/stock: positions that are not flat."""
    queries, account_no = services.trades.queries, request.account_no
    row = await asyncio.to_thread(queries.account, account_no)
    if row is None:
        raise Refused("ACCOUNT_NOT_FOUND")
    wanted = frozenset(Symbol(one) for one in request.texts("symbol"))
    rows = await asyncio.to_thread(queries.positions, account_no, wanted)
    shown = [
        position(one, services.quotes.instrument(one.symbol), request.language) for one in rows
    ]
    return {"list": [{"account_channel": row.channel, "stock_info": shown}]}


async def funds(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/asset/fund: no funds are traded here."""
    row = await asyncio.to_thread(services.trades.queries.account, request.account_no)
    if row is None:
        raise Refused("ACCOUNT_NOT_FOUND")
    return {"list": [{"account_channel": row.channel, "fund_info": []}]}


async def cash_flow(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/asset/cashflow: movements of money, newest first."""
    begin, end = request.instant("start_time"), request.instant("end_time")
    # The client counts by the wall, facts carry market time: "until now" means the market's.
    if end is None or end.timestamp() >= services.wall():
        end = datetime.max.replace(tzinfo=UTC)
    kind = request.integer("business_type", least=1, most=len(BusinessType))
    symbol = request.text("symbol")
    where = CashFlowFilter(
        begin=begin or _EPOCH,
        end=end,
        business_type=None if kind is None else BusinessType(kind),
        symbol=None if symbol is None else Symbol(symbol),
    )
    page = request.integer("page", least=1, most=PAGE_MAX) or 1
    size = request.integer("size", least=1, most=CASH_FLOW_ROWS_MAX) or PAGE_SIZE
    rows = await asyncio.to_thread(
        services.trades.queries.cash_flow, request.account_no, where, page=page, size=size
    )
    return {"list": [cash_flow_object(row, request.language) for row in rows]}


async def margin_ratio(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/risk/margin-ratio: fractions of one."""
    try:
        symbol = parse_symbol(request.required("symbol"))
    except MalformedSymbol:
        raise Refused("SYMBOL_NOT_FOUND") from None
    view = services.trades.view(symbol)
    if view is None:
        raise Refused("SYMBOL_NOT_FOUND")
    price = view.last_done or view.prev_close
    ratio = services.trades.queries.margin_ratio(view.instrument, price)
    return {
        "im_factor": text(ratio.initial),
        "mm_factor": text(ratio.maintenance),
        "fm_factor": text(ratio.forced),
    }


async def exchange_rates(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/asset/exchange_rates: every pair; the rates are numbers, as clients insist."""
    money = services.trades.queries.money
    pairs = [(one, other) for one in Currency for other in Currency if one is not other]
    return {
        "exchanges": [
            {
                "average_rate": _rate(money.rate(one, other)),
                "base_currency": one.value,
                # What a client gets for a unit of the base currency, and what it pays for one.
                "bid_rate": _rate(money.selling_rate(one, other)),
                "offer_rate": _rate(money.rate(one, other) * (1 + money.fx_spread)),
                "other_currency": other.value,
            }
            for one, other in pairs
        ]
    }


def _rate(rate: Decimal) -> float:
    return float(half_up(rate, RATE_PLACES))


async def all_executions(services: Services, request: Request) -> dict[str, Any]:
    """GET /v3/trade/execution/all: of every day, newest first."""
    begin, end = request.instant("start_at"), request.instant("end_at")
    if begin is not None and end is not None and end < begin:
        raise refused_parameter("end_at")
    # The client counts by the wall, facts carry market time: "until now" means the market's.
    if end is not None and end.timestamp() >= services.wall():
        end = None
    where = structs.replace(execution_filter(request), done_from=begin, done_to=end)
    page_number = request.integer("page", least=1, most=PAGE_MAX) or 1
    page = await asyncio.to_thread(
        services.trades.queries.executions_all, request.account_no, where, page_number
    )
    return {
        "trades": [execution_object(row.execution) for row in page.executions],
        "has_more": page.has_more,
    }
