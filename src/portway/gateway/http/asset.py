"""Money and positions: `/v1/asset/...` and `/v1/risk/margin-ratio`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from portway.gateway.errors import Refused
from portway.gateway.http.request import Request, refused_parameter
from portway.gateway.http.services import Services
from portway.gateway.order_json import account_balance, position, text
from portway.gateway.order_json import cash_flow as cash_flow_object
from portway.model.money import Currency
from portway.model.symbol import MalformedSymbol, Symbol, market_of, parse_symbol
from portway.trading.ports import BusinessType, CashFlowFilter
from portway.trading.queries import CASH_FLOW_ROWS_MAX

__all__ = ["account", "cash_flow", "funds", "margin_ratio", "stocks"]

PAGE_SIZE: Final = 50
PAGE_MAX: Final = 1_000_000
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
    positions = await asyncio.to_thread(queries.positions, account_no)
    prices = _prices(services, [one.symbol for one in positions])
    rates = services.trades.exchange_rates(currency)
    summary = await asyncio.to_thread(queries.account_summary, account_no, prices, rates, currency)
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
    return {"list": [cash_flow_object(row) for row in rows]}


async def margin_ratio(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/risk/margin-ratio: fractions of one."""
    try:
        symbol = parse_symbol(request.required("symbol"))
    except MalformedSymbol:
        raise Refused("SYMBOL_NOT_FOUND") from None
    if services.quotes.instrument(symbol) is None:
        raise Refused("SYMBOL_NOT_FOUND")
    ratio = services.trades.queries.margin_ratio(symbol)
    return {
        "im_factor": text(ratio.initial),
        "mm_factor": text(ratio.maintenance),
        "fm_factor": text(ratio.forced),
    }


def _prices(services: Services, symbols: list[Symbol]) -> dict[Symbol, Decimal]:
    """Return the latest price of each symbol that has one."""
    prices: dict[Symbol, Decimal] = {}
    for symbol in symbols:
        board = services.quotes.board(symbol)
        if board is not None:
            last_done = board.quote(services.quotes.now(market_of(symbol))).last_done
            if last_done:
                prices[symbol] = last_done
    return prices
