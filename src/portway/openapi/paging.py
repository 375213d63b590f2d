"""Lists that a service gives out in pieces, from end to end: one iterator per list.

Each works with a sync context; an async program runs one in `asyncio.to_thread`. What two pages
both hold is given once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from portway.openapi.enums import Period
from portway.openapi.quote_enums import AdjustType, TradeSessions

if TYPE_CHECKING:
    from portway.openapi.asset_types import CashFlow
    from portway.openapi.order_types import Order
    from portway.openapi.pull_types import Candlestick
    from portway.openapi.quote import QuoteContext
    from portway.openapi.trade import TradeContext

__all__ = ["iter_candlesticks", "iter_cash_flow", "iter_history_orders"]

ORDERS_MAX: Final = 1000  # in one answer of the history
BARS_MAX: Final = 1000
FLOWS_PER_PAGE: Final = 50


def iter_history_orders(
    context: TradeContext, start_at: datetime, end_at: datetime | None = None, **filters: Any
) -> Iterator[Order]:
    """Orders of earlier days, newest first, however many there are.

    Args:
        context: Where to ask.
        start_at: Submitted at this time or later; without a zone in UTC.
        end_at: Submitted at this time or earlier; now if left out.
        **filters: `symbol`, `status`, `side`, `market`, as for `history_orders`.
    """
    seen: set[str] = set()
    until = _zoned(end_at or datetime.now(UTC))
    while until >= _zoned(start_at):
        orders = context.history_orders(start_at=start_at, end_at=until, **filters)
        new = [order for order in orders if order.order_id not in seen]
        yield from new
        if len(orders) < ORDERS_MAX or not new:
            return
        seen.update(order.order_id for order in new)
        # Not a second earlier: orders of the same second may stand on both sides of the cut.
        until = min(_instant(order.submitted_at) for order in new)


def iter_cash_flow(
    context: TradeContext, start_at: datetime, end_at: datetime, **filters: Any
) -> Iterator[CashFlow]:
    """Movements of cash and securities, all pages.

    Args:
        context: Where to ask.
        start_at: At this time or later; without a zone in UTC.
        end_at: At this time or earlier.
        **filters: `business_type`, `symbol`, as for `cash_flow`.
    """
    page = 0
    while True:
        page += 1
        rows = context.cash_flow(start_at, end_at, page=page, size=FLOWS_PER_PAGE, **filters)
        yield from rows
        if len(rows) < FLOWS_PER_PAGE:
            return


def iter_candlesticks(
    context: QuoteContext,
    symbol: str,
    period: Period,
    adjust_type: AdjustType = AdjustType.NoAdjust,
    before: datetime | None = None,
    trade_sessions: TradeSessions = TradeSessions.Intraday,
) -> Iterator[Candlestick]:
    """Bars backwards in time, newest first, until the service has no more.

    Args:
        context: Where to ask.
        symbol: As `700.HK`.
        period: Length of a bar.
        adjust_type: Whether corporate actions are taken out of the prices.
        before: Minute of the market's own clock to begin at; now if left out.
        trade_sessions: Whether the extended hours of US securities belong to them.
    """
    from portway.openapi.sessions import market_of, zone_of

    market = market_of(symbol)
    zone = UTC if market is None else zone_of(market)
    oldest: datetime | None = None
    while True:
        bars = context.history_candlesticks_by_offset(
            symbol, period, adjust_type, False, BARS_MAX, before, trade_sessions
        )
        new = [bar for bar in bars if oldest is None or _instant(bar.timestamp) < oldest]
        yield from reversed(new)
        if not new:
            return
        oldest = _instant(new[0].timestamp)
        before = oldest.astimezone(zone) - timedelta(minutes=1)


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _instant(shown: datetime) -> datetime:
    """A time of an answer: naive ones are local."""
    return shown.astimezone(UTC)
