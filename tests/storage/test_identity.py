"""Credentials in the SQLite file: kept, found, revoked, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from portway.storage.identity import SqliteIdentity
from portway.storage.sqlite import SqliteStore


class Channel(Enum):
    QUOTE = "quote"
    TRADE = "trade"


@dataclass(frozen=True)
class Account:
    account_no: str
    member_id: int
    aaid: str
    channel: str
    is_verified: bool = True


@dataclass(frozen=True)
class App:
    app_key: str
    app_secret: str
    name: str


@dataclass(frozen=True)
class Token:
    digest: str
    app_key: str
    account_no: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
    is_read_only: bool = False


@dataclass(frozen=True)
class Session:
    digest: str
    lineage: str
    channel: Channel
    app_key: str
    account_no: str
    is_tool: bool
    expires_at_ms: int


Identity = SqliteIdentity[Account, App, Token, Session]


def opened(path: Path) -> tuple[SqliteStore, Identity]:
    store = SqliteStore(path)
    identity: Identity = SqliteIdentity(
        store, account=Account, app=App, token=Token, session=Session, channel=Channel
    )
    return store, identity


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[Identity]:
    store, identity = opened(tmp_path / "portway.db")
    yield identity
    store.close()


async def test_records_survive_a_restart(tmp_path: Path) -> None:
    store, identity = opened(tmp_path / "portway.db")
    account, app = Account("PT1", 7, "20", "lb_papertrading"), App("k", "s", "default")
    token = Token("d1", "k", "PT1", 10, 20)
    session = Session("d2", "line", Channel.TRADE, "k", "PT1", True, 999)
    await identity.add_account(account)
    await identity.add_app(app)
    await identity.add_token(token)
    await identity.add_session(session)
    store.close()
    store, identity = opened(tmp_path / "portway.db")
    assert await identity.account("PT1") == account
    assert await identity.accounts() == [account]
    assert await identity.app("k") == app
    assert await identity.apps() == [app]
    assert await identity.token("d1") == token
    assert await identity.tokens("PT1") == [token]
    assert await identity.session("d2") == session
    store.close()


async def test_what_is_not_there_is_none(identity: Identity) -> None:
    assert await identity.account("x") is None
    assert await identity.app("x") is None
    assert await identity.token("x") is None
    assert await identity.session("x") is None


async def test_an_earlier_revocation_stays(identity: Identity) -> None:
    await identity.add_token(Token("d", "k", "PT1", 10, 20))
    for instant, kept in ((50, 50), (70, 50), (30, 30)):
        await identity.revoke_token("d", instant)
        token = await identity.token("d")
        assert token is not None
        assert token.revoked_at == kept


async def test_expired_sessions_are_forgotten(identity: Identity) -> None:
    for expires_at_ms in (100, 200, 300):
        name = f"s{expires_at_ms}"
        await identity.add_session(
            Session(name, "l", Channel.QUOTE, "k", "PT1", False, expires_at_ms)
        )
    await identity.drop_sessions(200)
    assert await identity.session("s100") is None
    assert await identity.session("s200") is not None
    assert await identity.session("s300") is not None


async def test_sessions_of_an_app_and_an_account_are_forgotten(identity: Identity) -> None:
    for name, app, account in (("a", "k", "PT1"), ("b", "k", "PT2"), ("c", "other", "PT1")):
        await identity.add_session(Session(name, "l", Channel.QUOTE, app, account, False, 300))
    await identity.drop_sessions_of("k", "PT1")
    assert await identity.session("a") is None
    assert await identity.session("b") is not None
    assert await identity.session("c") is not None
