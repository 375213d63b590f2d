"""How much an account holds and trades, for what a tier of the service follows from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portway.gateway.history_quota import Standing
from portway.gateway.http.marks import marks_of
from portway.gateway.ports import QuoteService, TradeService
from portway.model.money import Currency
from portway.model.symbol import Market
from portway.trading.ports import ExecutionFilter

__all__ = ["Standings"]

TRADES_SINCE: Final = timedelta(days=30)
PAGES_MAX: Final = 3  # of a thousand executions: the best tier asks for 2,500


@dataclass(frozen=True, slots=True)
class Standings:
    """Reads the standing of accounts."""

    trades: TradeService
    quotes: QuoteService

    async def of(self, account_no: str) -> Standing:
        """Return total assets in HKD and the trades of the last 30 days of Hong Kong's market."""
        marks = await marks_of(self, account_no)
        queries = self.trades.queries
        summary = await asyncio.to_thread(queries.account_summary, account_no, marks, Currency.HKD)
        since = self.quotes.now(Market.HK) - TRADES_SINCE
        count = await asyncio.to_thread(self._trades_since, account_no, since)
        return Standing(summary.totals.net_assets, count)

    def _trades_since(self, account_no: str, since: datetime) -> int:
        """Count executions, up to some more than any tier asks for."""
        count, where = 0, ExecutionFilter(done_from=since)
        for page in range(1, PAGES_MAX + 1):
            found = self.trades.queries.executions_all(account_no, where, page)
            count += len(found.executions)
            if not found.has_more:
                break
        return count
