"""Small texts by kind and key, in the file of a store: watchlists, quote levels and the like.

A document is read and written whole; what stands in it is its owner's business. Every write is
durable on return and leaves the event loop free meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from portway.storage.sqlite import SqliteStore

__all__ = ["SqliteDocuments"]


class SqliteDocuments:
    """Documents in the file of a `SqliteStore`."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def document(self, kind: str, key: str) -> str | None:
        """Return what was kept last; None when nothing was."""
        sql = "SELECT body FROM documents WHERE kind = ? AND key = ?"
        rows = self._store.select(sql, (kind, key))
        return str(rows[0][0]) if rows else None

    async def documents(self, kind: str) -> Mapping[str, str]:
        """Return everything of one kind, by key."""
        return dict(self._store.select("SELECT key, body FROM documents WHERE kind = ?", (kind,)))

    async def keep_document(self, kind: str, key: str, body: str) -> None:
        """Keep a text in place of the one before.

        Raises:
            WriteFailed: If that is not certain.
        """
        sql = "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)"
        await asyncio.to_thread(self._store.execute, sql, (kind, key, body))
