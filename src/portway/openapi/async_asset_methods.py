# Written by tools/async_sdk.py from asset_methods.py; change that file and run the tool.
"""What an asset context can do, with awaitables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portway.openapi.asset_types import GetStatementListResponse, GetStatementResponse
from portway.openapi.calls import asset as calls
from portway.openapi.context import AsyncContext
from portway.openapi.trade_enums import StatementType

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncAssetMethods"]


class AsyncAssetMethods(AsyncContext):
    """Statements of the account."""

    def statements(
        self, statement_type: StatementType, start_date: int = 1, limit: int = 20
    ) -> asyncio.Future[GetStatementListResponse]:
        """Return the list of statements.

        Args:
            statement_type: Daily or monthly.
            start_date: The page, or a day as a number, `YYYYMMDD`.
            limit: At most so many.
        """
        return self._call(calls.statements(statement_type, start_date, limit))

    def statement_download_url(self, file_key: str) -> asyncio.Future[GetStatementResponse]:
        """Return where a statement can be downloaded; the address is good for a short time."""
        return self._call(calls.statement_download_url(file_key))
