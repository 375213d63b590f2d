"""What a fresh home begins with: an account with money in it, an app, a token.

The venue's facts (the account and its deposits) go through its runner like any others; identity
goes to the store; what only the owner may see goes to a file that only the owner can read.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from portway.gateway.identity import FirstStart, first_start
from portway.gateway.ports import AccountRecord, AppRecord, SessionRecord, TokenRecord
from portway.model.command import Deposit, OpenAccount
from portway.model.event import OrderRefused, RefusalReason
from portway.model.money import Currency
from portway.settings import SERVER_FILE
from portway.storage.errors import HomeUnusable
from portway.storage.home import Home, read_json, write_json
from portway.storage.identity import SqliteIdentity
from portway.storage.sqlite import SqliteStore
from portway.trading.runner import VenueRunner
from portway.wire.commands import Channel

__all__ = ["Credentials", "IdentityTables", "furnish", "identity_tables"]

CREDENTIALS_FILE = "credentials.json"
OPENING_DEPOSITS = {
    Currency.HKD: Decimal(1_000_000),
    Currency.USD: Decimal(100_000),
    Currency.CNH: Decimal(500_000),
}

IdentityTables = SqliteIdentity[AccountRecord, AppRecord, TokenRecord, SessionRecord]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the owner of the home may know.

    Attributes:
        admin_secret: Part of the admin API's address.
        tool_secret: By which this home's command line tools are told from other programs.
    """

    app_key: str
    app_secret: str
    access_token: str
    admin_secret: str
    tool_secret: str


def identity_tables(store: SqliteStore) -> IdentityTables:
    """The identity tables of a store, with the gateway's records."""
    return SqliteIdentity(
        store,
        account=AccountRecord,
        app=AppRecord,
        token=TokenRecord,
        session=SessionRecord,
        channel=Channel,
    )


async def furnish(home: Home, store: SqliteStore, venue: VenueRunner) -> Credentials:
    """Return the home's credentials; a home without any gets its account, app and token.

    Every step may be repeated, so a first start that was cut off is completed by the next one.
    """
    path = home.path / CREDENTIALS_FILE
    stored = read_json(path)
    if stored is not None:
        credentials = _credentials_in(stored, path)
        if await identity_tables(store).app(credentials.app_key) is None:
            raise HomeUnusable(
                f"{path} does not belong to {home.database}, which knows no such app:"
                f" restore the database, or move {CREDENTIALS_FILE} away too to start afresh"
            )
        return credentials
    first = first_start(time.time())
    await _open_account(venue, first.account.account_no)
    await _register(identity_tables(store), first)
    credentials = Credentials(
        app_key=first.app.app_key,
        app_secret=first.app.app_secret,
        access_token=first.token,
        admin_secret=secrets.token_urlsafe(24),
        tool_secret=secrets.token_urlsafe(24),
    )
    write_json(path, asdict(credentials))
    return credentials


def keep_token(home: Home, old: str, new: str) -> None:
    """Let `portway env` tell the token that replaced the home's own."""
    for name in (CREDENTIALS_FILE, SERVER_FILE):
        stored = read_json(home.path / name)
        if stored is not None and stored.get("access_token") == old:
            write_json(home.path / name, {**stored, "access_token": new})


def _credentials_in(stored: Mapping[str, Any], path: Path) -> Credentials:
    names = {one.name for one in fields(Credentials)}
    if stored.keys() != names or not all(isinstance(one, str) for one in stored.values()):
        raise HomeUnusable(
            f"{path} is damaged: it should hold {', '.join(sorted(names))}; restore it, or"
            " choose another folder with --home"
        )
    return Credentials(**stored)


async def _open_account(venue: VenueRunner, account_no: str) -> None:
    (answer, *_) = await venue.submit(OpenAccount(account_no, "Paper account"))
    if isinstance(answer, OrderRefused):
        assert answer.reason is RefusalReason.ACCOUNT_EXISTS, answer
        return
    for currency, amount in OPENING_DEPOSITS.items():
        await venue.submit(Deposit(account_no, currency, amount, "opening balance"))


async def _register(tables: IdentityTables, first: FirstStart) -> None:
    await tables.add_account(first.account)
    await tables.add_app(first.app)
    await tables.add_token(first.token_record)
