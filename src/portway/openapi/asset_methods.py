"""What an asset context can do; the asyncio twin is written from this file."""

from __future__ import annotations

from portway.openapi.asset_types import GetStatementListResponse, GetStatementResponse
from portway.openapi.calls import asset as calls
from portway.openapi.context import SyncContext
from portway.openapi.trade_enums import StatementType

__all__ = ["AssetMethods"]


class AssetMethods(SyncContext):
    """Statements of the account."""

    def statements(
        self, statement_type: StatementType, start_date: int = 1, limit: int = 20
    ) -> GetStatementListResponse:
        """Return the list of statements.

        Args:
            statement_type: Daily or monthly.
            start_date: The page, or a day as a number, `YYYYMMDD`.
            limit: At most so many.
        """
        return self._call(calls.statements(statement_type, start_date, limit))

    def statement_download_url(self, file_key: str) -> GetStatementResponse:
        """Return where a statement can be downloaded; the address is good for a short time."""
        return self._call(calls.statement_download_url(file_key))
