"""Apps, access tokens and socket sessions in the SQLite file.

The records' classes belong to whoever checks credentials; they are handed in, so that this adapter
knows their fields and nothing of their meaning. Times are wall times: seconds, or milliseconds
where the name says so. Every write is durable on return and leaves the event loop free meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from portway.storage.sqlite import SqliteStore

__all__ = ["SqliteIdentity"]


class AccountFields(Protocol):
    """What an account's record shows."""

    @property
    def account_no(self) -> str: ...
    @property
    def member_id(self) -> int: ...
    @property
    def aaid(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def is_verified(self) -> bool: ...


class AppFields(Protocol):
    """What an app's record shows."""

    @property
    def app_key(self) -> str: ...
    @property
    def app_secret(self) -> str: ...
    @property
    def name(self) -> str: ...


class TokenFields(Protocol):
    """What a token's record shows."""

    @property
    def digest(self) -> str: ...
    @property
    def app_key(self) -> str: ...
    @property
    def account_no(self) -> str: ...
    @property
    def issued_at(self) -> int: ...
    @property
    def expires_at(self) -> int: ...
    @property
    def revoked_at(self) -> int | None: ...
    @property
    def is_read_only(self) -> bool: ...


class SessionFields(Protocol):
    """What a session's record shows; `channel` is an enum with text values."""

    @property
    def digest(self) -> str: ...
    @property
    def lineage(self) -> str: ...
    @property
    def channel(self) -> Enum: ...
    @property
    def app_key(self) -> str: ...
    @property
    def account_no(self) -> str: ...
    @property
    def is_tool(self) -> bool: ...
    @property
    def expires_at_ms(self) -> int: ...


A = TypeVar("A", bound=AccountFields)
P = TypeVar("P", bound=AppFields)
T = TypeVar("T", bound=TokenFields)
S = TypeVar("S", bound=SessionFields)

_ACCOUNT = "account_no, member_id, aaid, channel, is_verified"
_TOKEN = "digest, app_key, account_no, issued_at, expires_at, revoked_at, is_read_only"
_SESSION = "digest, lineage, channel, app_key, account_no, is_tool, expires_at_ms"


class SqliteIdentity(Generic[A, P, T, S]):
    """Credentials of all accounts, in the file of a `SqliteStore`."""

    def __init__(
        self,
        store: SqliteStore,
        *,
        account: Callable[[str, int, str, str, bool], A],
        app: Callable[[str, str, str], P],
        token: Callable[[str, str, str, int, int, int | None, bool], T],
        session: Callable[[str, str, Any, str, str, bool, int], S],
        channel: Callable[[str], Enum],
    ) -> None:
        """Read and write records of the given classes, made with their fields in order.

        Args:
            channel: From the text value of a session's channel to the channel.
        """
        self._store = store
        self._account = account
        self._app = app
        self._token = token
        self._session = session
        self._channel = channel

    async def account(self, account_no: str) -> A | None:
        sql = f"SELECT {_ACCOUNT} FROM identity_accounts WHERE account_no = ?"
        rows = self._store.select(sql, (account_no,))
        return self._account_of(rows[0]) if rows else None

    async def accounts(self) -> Sequence[A]:
        """Return every account, by number."""
        sql = f"SELECT {_ACCOUNT} FROM identity_accounts ORDER BY account_no"
        return [self._account_of(row) for row in self._store.select(sql)]

    async def add_account(self, account: A) -> None:
        """Keep an account, or its new fields."""
        await self._write(
            f"INSERT OR REPLACE INTO identity_accounts ({_ACCOUNT}) VALUES (?, ?, ?, ?, ?)",
            (
                account.account_no,
                account.member_id,
                account.aaid,
                account.channel,
                account.is_verified,
            ),
        )

    async def app(self, app_key: str) -> P | None:
        rows = self._store.select("SELECT * FROM apps WHERE app_key = ?", (app_key,))
        return self._app(*rows[0]) if rows else None

    async def apps(self) -> Sequence[P]:
        """Return every app, by key."""
        rows = self._store.select("SELECT * FROM apps ORDER BY app_key")
        return [self._app(*row) for row in rows]

    async def add_app(self, app: P) -> None:
        """Keep an app, or its new fields."""
        await self._write(
            "INSERT OR REPLACE INTO apps VALUES (?, ?, ?)",
            (app.app_key, app.app_secret, app.name),
        )

    async def token(self, digest: str) -> T | None:
        rows = self._store.select(f"SELECT {_TOKEN} FROM tokens WHERE digest = ?", (digest,))
        return self._token_of(rows[0]) if rows else None

    async def tokens(self, account_no: str) -> Sequence[T]:
        """Return every token of an account, the newest first."""
        rows = self._store.select(
            f"SELECT {_TOKEN} FROM tokens WHERE account_no = ? ORDER BY issued_at DESC, digest",
            (account_no,),
        )
        return [self._token_of(row) for row in rows]

    async def add_token(self, token: T) -> None:
        await self._write(
            f"INSERT OR REPLACE INTO tokens ({_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                token.digest,
                token.app_key,
                token.account_no,
                token.issued_at,
                token.expires_at,
                token.revoked_at,
                token.is_read_only,
            ),
        )

    async def revoke_token(self, digest: str, revoked_at: int) -> None:
        """Set the instant from which the token is refused; an earlier one stays."""
        await self._write(
            "UPDATE tokens SET revoked_at = min(coalesce(revoked_at, ?1), ?1) WHERE digest = ?2",
            (revoked_at, digest),
        )

    async def session(self, digest: str) -> S | None:
        rows = self._store.select(f"SELECT {_SESSION} FROM sessions WHERE digest = ?", (digest,))
        if not rows:
            return None
        digest, lineage, channel, app_key, account_no, is_tool, expires_at_ms = rows[0]
        found = self._channel(channel)
        return self._session(
            digest, lineage, found, app_key, account_no, bool(is_tool), expires_at_ms
        )

    async def add_session(self, session: S) -> None:
        await self._write(
            f"INSERT OR REPLACE INTO sessions ({_SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                session.digest,
                session.lineage,
                session.channel.value,
                session.app_key,
                session.account_no,
                session.is_tool,
                session.expires_at_ms,
            ),
        )

    async def drop_sessions(self, expired_before_ms: int) -> None:
        """Forget sessions that nobody can resume any more."""
        await self._write("DELETE FROM sessions WHERE expires_at_ms < ?", (expired_before_ms,))

    async def drop_sessions_of(self, app_key: str, account_no: str) -> None:
        """Forget every session that an app has opened for an account."""
        sql = "DELETE FROM sessions WHERE app_key = ? AND account_no = ?"
        await self._write(sql, (app_key, account_no))

    def _account_of(self, row: tuple[Any, ...]) -> A:
        account_no, member_id, aaid, channel, is_verified = row
        return self._account(account_no, member_id, aaid, channel, bool(is_verified))

    def _token_of(self, row: tuple[Any, ...]) -> T:
        digest, app_key, account_no, issued_at, expires_at, revoked_at, is_read_only = row
        return self._token(
            digest, app_key, account_no, issued_at, expires_at, revoked_at, bool(is_read_only)
        )

    async def _write(self, sql: str, values: tuple[object, ...]) -> None:
        await asyncio.to_thread(self._store.execute, sql, values)
