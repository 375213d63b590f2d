# Written by tools/async_sdk.py from us_methods.py; change that file and run the tool.
"""What a trade context can do in the US data centre, with awaitables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from portway.openapi.calls import us as calls
from portway.openapi.context import AsyncContext
from portway.openapi.us_types import (
    USAssetOverview,
    USAvailableHolding,
    USCashAndBuyPower,
    USExchangeRates,
    USOrderDetailResponse,
    USRealizedPL,
    USTransactionHistory,
)

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncUSMethods"]


class AsyncUSMethods(AsyncContext):
    """Calls for credentials that begin with `us_`; for others they raise `NotAvailable`."""

    def us_query_orders(
        self,
        symbol: str | None = None,
        action: int = 0,
        start_at: float = 0,
        end_at: float = 0,
        query_type: int = 0,
        page: int = 1,
        limit: int = 20,
    ) -> asyncio.Future[str]:
        """Return orders as the service's own JSON text.

        Args:
            symbol: Only of this security.
            action: 0 all, 1 buys, 2 sells.
            start_at: Unix seconds; 90 days ago if 0.
            end_at: Unix seconds; now if 0.
            query_type: The service's own filter.
            page: Counted from 1.
            limit: Rows on a page.
        """
        return self._call(
            calls.us_query_orders(symbol, action, start_at, end_at, query_type, page, limit)
        )

    def us_order_detail(self, order_id: str) -> asyncio.Future[USOrderDetailResponse]:
        """Return an order."""
        return self._call(calls.us_order_detail(order_id))

    def us_asset_overview(self) -> asyncio.Future[USAssetOverview]:
        """Return everything held."""
        return self._call(calls.us_asset_overview())

    def us_realized_pl(
        self, currency: str, category: str | None = None
    ) -> asyncio.Future[USRealizedPL]:
        """Return realised profit and loss in a currency, of a category or all."""
        return self._call(calls.us_realized_pl(currency, category))

    def us_cash_and_buy_power(
        self, currency: str | None = None
    ) -> asyncio.Future[USCashAndBuyPower]:
        """Return cash, buying power and margin in a currency."""
        return self._call(calls.us_cash_and_buy_power(currency))

    def us_available_holding(
        self, symbol: str, equity_type: str | None = None, position_side: str | None = None
    ) -> asyncio.Future[USAvailableHolding]:
        """Return how much of a holding may be sold.

        Args:
            symbol: As `AAPL.US`.
            equity_type: `STOCK` if left out.
            position_side: `LONG` if left out.
        """
        return self._call(calls.us_available_holding(symbol, equity_type, position_side))

    def us_transaction_history(
        self,
        start_at: datetime,
        end_at: datetime,
        page: int = 1,
        size: int = 20,
        types: Sequence[str] | None = None,
        currency: str | None = None,
    ) -> asyncio.Future[USTransactionHistory]:
        """Return a page of transactions.

        Args:
            start_at: At this time or later; without a zone in UTC.
            end_at: At this time or earlier.
            page: Counted from 1.
            size: Rows on a page.
            types: Only of these kinds.
            currency: Only in this currency.
        """
        return self._call(
            calls.us_transaction_history(start_at, end_at, page, size, types, currency)
        )

    def us_exchange_rates(self) -> asyncio.Future[USExchangeRates]:
        """Return exchange rates."""
        return self._call(calls.us_exchange_rates())
