"""Orders and executions: `/v1/trade/...`.

Each handler turns its request into a command or a filter, asks the venue, and shows the answer.
Which orders may stand, be replaced or be cancelled is decided in the core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from portway.gateway.errors import Refused, refusal_of
from portway.gateway.http.attached_params import (
    attached_objects,
    attached_terms,
)
from portway.gateway.http.marks import marks_of
from portway.gateway.http.order_bodies import (
    REMARK_CHARS_MAX,
    ReplaceBody,
    SubmitBody,
    instant_at,
    not_negative,
    order_id_of,
    positive,
    short_text,
    symbol_of,
    terms_of,
)
from portway.gateway.http.request import (
    Request,
    member_of,
    refused_parameter,
)
from portway.gateway.http.services import Services
from portway.gateway.multileg_json import multi_leg_object
from portway.gateway.order_json import (
    execution_object,
    order_detail,
    order_object,
    stock_name,
    text,
)
from portway.model.command import CancelOrder, Command, ReplaceOrder, SubmitOrder
from portway.model.event import Event, OrderAccepted, OrderRefused, OrderRepeated
from portway.model.order import (
    Order,
    OrderSide,
    OrderStatus,
    OrderTerms,
    OrderType,
)
from portway.model.symbol import REGION_MARKETS, Market, Symbol
from portway.trading.errors import TradingError
from portway.trading.ports import ExecutionFilter, OrderFilter
from portway.trading.queries import ROWS_MAX, OrderPage, TradeQueries
from portway.wire import names

__all__ = [
    "cancel_order",
    "estimate_buy_limit",
    "execution_filter",
    "history_executions",
    "history_orders",
    "order_detail_of",
    "replace_order",
    "submit_order",
    "submitted",
    "today_executions",
    "today_orders",
]

RANGE: Final = timedelta(days=90)  # of a history query that names one end or none
PAGE_MAX: Final = 1_000_000
NO_ORDER: Final = 0  # an id that no order ever has


# ------------------------------------------------------------------------------------- commands


async def submit_order(services: Services, request: Request) -> dict[str, Any]:
    """POST /v1/trade/order: a new order; an answer means accepted, not filled."""
    return await submitted(services, request, terms_of(request.json(SubmitBody)))


async def submitted(services: Services, request: Request, terms: OrderTerms) -> dict[str, Any]:
    """Submit an order and return the answer to it."""
    match await _submit(services, SubmitOrder(request.account_no, terms)):
        case OrderAccepted(order=order):
            return {"order_id": str(order.order_id)}
        case OrderRepeated(order_id=order_id):
            return {"order_id": str(order_id)}
        case event:
            raise AssertionError(f"an order was answered {type(event).__name__}")


async def replace_order(services: Services, request: Request) -> dict[str, Any]:
    """PUT /v1/trade/order: new terms; the order keeps its id."""
    body = request.json(ReplaceBody)
    delayed = body.delayed_until
    order_id = order_id_of(body.order_id)
    attached, cancels = body.attached_params, False
    wish = None
    if attached is not None:
        cancels = bool(attached.cancel_all_attached)
        old = await asyncio.to_thread(services.trades.queries.order, request.account_no, order_id)
        if old is None:
            raise Refused("ORDER_NOT_FOUND")
        before = old.terms.attached
        life = before.time_in_force if before is not None else old.terms.time_in_force
        wish = attached_terms(attached, old.terms.symbol, life, old.terms.outside_rth)
    command = ReplaceOrder(
        account_no=request.account_no,
        order_id=order_id,
        quantity=positive(body.quantity, "quantity"),
        price=positive(body.price, "price"),
        trigger_price=positive(body.trigger_price, "trigger_price"),
        limit_offset=not_negative(body.limit_offset, "limit_offset"),
        trailing_amount=positive(body.trailing_amount, "trailing_amount"),
        trailing_percent=positive(body.trailing_percent, "trailing_percent"),
        limit_depth_level=body.limit_depth_level,
        trigger_count=body.trigger_count,
        monitor_price=positive(body.monitor_price, "monitor_price"),
        delayed_until=None if delayed is None else instant_at(delayed, "delayed_until"),
        remark=short_text(body.remark, REMARK_CHARS_MAX, "remark"),
        attached=wish,
        cancels_attached=cancels,
    )
    await _submit(services, command)
    return {}


async def cancel_order(services: Services, request: Request) -> dict[str, Any]:
    """DELETE /v1/trade/order: take an order back; it may still fill until that is done."""
    order_id = order_id_of(request.required("order_id"))
    if request.text("is_attached") == "true":
        read = services.trades.queries.order
        order = await asyncio.to_thread(read, request.account_no, order_id)
        if order is None or order.parent_id is None:
            raise Refused("ORDER_NOT_FOUND")
    await _submit(services, CancelOrder(request.account_no, order_id))
    return {}


async def _submit(services: Services, command: Command) -> Event:
    """Return the event that answers a command, durable by now."""
    try:
        events = await services.trades.submit(command)
    except TradingError as error:
        raise refusal_of(error) from None
    first = events[0]
    if isinstance(first, OrderRefused):
        raise Refused(first.reason.name, first.detail)
    return first


# -------------------------------------------------------------------------------------- queries


async def today_orders(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/order/today: working orders, and those of the running trading day."""
    where = _order_filter(request)
    queries, days = services.trades.queries, services.trades.trading_days()
    account_no, part = request.account_no, _page_and_size(request)
    find = partial(queries.orders_today, account_no, where, days, *part)
    return await _orders(services, request, find)


async def history_orders(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/order/history: orders of earlier trading days, by when they were submitted."""
    begin, end = _range(services, request, "start_at", "end_at")
    where = _order_filter(request, begin, end)
    queries, days = services.trades.queries, services.trades.trading_days()
    account_no, part = request.account_no, _page_and_size(request)
    find = partial(queries.orders_history, account_no, where, days, *part)
    return await _orders(services, request, find)


async def order_detail_of(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/order: one order with its history and charges."""
    order_id = order_id_of(request.required("order_id"))
    queries = services.trades.queries
    detail = await asyncio.to_thread(queries.order_detail, request.account_no, order_id)
    asks_child = request.text("is_attached") == "true"
    if detail is None or (asks_child and detail.order.parent_id is None):
        raise Refused("ORDER_NOT_FOUND")
    instrument = services.quotes.instrument(detail.order.terms.symbol)
    shown = order_detail(detail, instrument, request.language, request.has_dc_region)
    children = await asyncio.to_thread(_children, queries, request.account_no, [detail.order])
    return shown | _later_fields(detail.order, children, request)


async def today_executions(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/execution/today."""
    where = execution_filter(request)
    queries, days = services.trades.queries, services.trades.trading_days()
    page = await asyncio.to_thread(queries.executions_today, request.account_no, where, days)
    return {
        "trades": [execution_object(row.execution) for row in page.executions],
        "has_more": page.has_more,
    }


async def history_executions(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/execution/history: of earlier trading days, at most 1000 a page."""
    begin, end = _range(services, request, "start_at", "end_at")
    where = execution_filter(request, begin, end)
    page_number = request.integer("page", least=1, most=PAGE_MAX) or 1
    queries, days = services.trades.queries, services.trades.trading_days()
    page = await asyncio.to_thread(
        queries.executions_history, request.account_no, where, days, page_number
    )
    return {
        "trades": [execution_object(row.execution) for row in page.executions],
        "has_more": page.has_more,
    }


async def estimate_buy_limit(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/trade/estimate/buy_limit: how much could be traded in one order."""
    view = services.trades.view(symbol_of(request.required("symbol")))
    if view is None:
        raise Refused("SYMBOL_NOT_FOUND")
    if view.instrument.is_index:
        raise Refused("SECURITY_NOT_TRADABLE")  # as an order for it is refused
    order_type = OrderType[
        member_of(names.ORDER_TYPE, request.required("order_type"), "order_type")
    ]
    side = OrderSide[member_of(names.ORDER_SIDE, request.required("side"), "side")]
    replaced = request.text("order_id")
    if request.text("fractional_shares") not in (None, "true", "false"):
        raise refused_parameter("fractional_shares")
    marks = await marks_of(services, request.account_no)
    most = await asyncio.to_thread(
        services.trades.queries.estimate_max_quantity,
        request.account_no,
        view,
        order_type,
        side,
        positive(request.text("price"), "price"),
        order_id_of(replaced) if replaced else None,
        marks,
    )
    return {"cash_max_qty": text(most.cash), "margin_max_qty": text(most.margin)}


# --------------------------------------------------------------------------------------- fields


def _market(value: str | None) -> Market | None:
    if value is None:
        return None
    if value in Market.__members__:
        return Market(value)
    if value in REGION_MARKETS:
        return REGION_MARKETS[value]
    raise refused_parameter("market")


# Markets that clients can name in a filter and in which nothing is traded here.
UNTRADED_MARKETS: Final = frozenset({"AU", "JP", "UK", "DE", "Crypto"})


def _order_filter(
    request: Request, begin: datetime | None = None, end: datetime | None = None
) -> OrderFilter:
    side = request.text("side")
    symbol = request.text("symbol")
    market = request.text("market")
    is_untraded = market in UNTRADED_MARKETS
    return OrderFilter(
        symbol=None if symbol is None else symbol_of(symbol),
        statuses=frozenset(
            OrderStatus[member_of(names.ORDER_STATUS, one, "status")]
            for one in request.texts("status")
        ),
        side=None if side is None else OrderSide[member_of(names.ORDER_SIDE, side, "side")],
        market=None if is_untraded else _market(market),
        order_id=NO_ORDER if is_untraded else _filtered_id(request),
        submitted_from=begin,
        submitted_to=end,
    )


def execution_filter(
    request: Request, begin: datetime | None = None, end: datetime | None = None
) -> ExecutionFilter:
    symbol = request.text("symbol")
    return ExecutionFilter(
        symbol=None if symbol is None else symbol_of(symbol),
        order_id=_filtered_id(request),
        done_from=begin,
        done_to=end,
    )


def _page_and_size(request: Request) -> tuple[int, int]:
    page = request.integer("page", least=1, most=PAGE_MAX) or 1
    return page, request.integer("size", least=1, most=ROWS_MAX) or ROWS_MAX


def _filtered_id(request: Request) -> int | None:
    """Return the id a list is restricted to; text that can be none matches no order."""
    value = request.text("order_id")
    if value is None:
        return None
    try:
        return order_id_of(value)
    except Refused:
        return NO_ORDER


def _range(
    services: Services, request: Request, begin_key: str, end_key: str
) -> tuple[datetime, datetime | None]:
    """Return the interval of a history query; an open end means until the market's now.

    The client counts days by the wall, facts carry market time: an end at or after the wall's now
    is therefore no end at all.
    """
    begin, end = request.instant(begin_key), request.instant(end_key)
    now = services.quotes.now(Market.HK)
    if begin is not None and end is not None and end < begin:
        raise refused_parameter(end_key)
    if end is not None and end.timestamp() >= services.wall():
        end = None
    if begin is None:
        begin = (end or now) - RANGE
    elif end is None and request.text(end_key) is None and begin + RANGE < now:
        end = begin + RANGE
    return begin, end


async def _orders(
    services: Services, request: Request, find: Callable[[], OrderPage]
) -> dict[str, Any]:
    """Return a list of orders; children stand in their parents' objects, unless asked for."""
    asks_child = request.text("is_attached") == "true"

    def shown() -> tuple[list[dict[str, Any]], bool]:
        page = find()
        orders = [one for one in page.orders if (one.parent_id is not None) is asks_child]
        children = _children(services.trades.queries, request.account_no, orders)
        language, has_dc_region = request.language, request.has_dc_region
        rows = [
            order_object(order, None, language, has_dc_region)
            | _later_fields(order, children, request)
            for order in orders
        ]
        return rows, page.has_more

    # In a thread, and in one go: a thousand orders are worth many turns of the event loop, and when
    # much is going on each turn is waited for. Only the loop may ask the market for a security.
    rows, has_more = await asyncio.to_thread(shown)
    symbols: set[Symbol] = {row["symbol"] for row in rows}
    instruments = {symbol: services.quotes.instrument(symbol) for symbol in symbols}
    for row in rows:
        row["stock_name"] = stock_name(instruments[row["symbol"]], request.language)
    return {"orders": rows, "has_more": has_more}


def _children(
    queries: TradeQueries, account_no: str, orders: Sequence[Order]
) -> Mapping[int, list[Order]]:
    """Return what is attached to orders, by the parent's id: the ids right after it."""
    found: dict[int, list[Order]] = {}
    for order in orders:
        if order.terms.attached is None:
            continue
        for place in (1, 2):
            child = queries.order(account_no, order.order_id + place)
            if child is not None and child.parent_id == order.order_id:
                found.setdefault(order.order_id, []).append(child)
    return found


def _later_fields(
    order: Order, children: Mapping[int, list[Order]], request: Request
) -> dict[str, Any]:
    """Return the fields that newer clients read and older ones pass over."""
    fields: dict[str, Any] = {
        "attached_orders": attached_objects(children.get(order.order_id, []), request.has_dc_region)
    }
    fields["multi_leg"] = multi_leg_object(order)
    if order.terms.delayed_until is not None:
        fields["delayed_until"] = str(int(order.terms.delayed_until.timestamp()))
    return fields
