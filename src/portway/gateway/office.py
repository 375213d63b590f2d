"""The owner's desk: accounts opened, paid, reset, closed; apps and tokens; who may do what.

Every verb takes and returns plain values of JSON, and does the same whether it was called on a
running server or on a home that nobody serves. Facts about money go through the venue like any
others; credentials go to the identity store. A refusal is `Refused`, with a reason of the table.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from portway.gateway.errors import Refused, refusal_of
from portway.gateway.identity import TOKEN_DAYS, new_app, new_token
from portway.gateway.ports import AccountRecord, IdentityStore, TokenRecord
from portway.model.account import AccountKind, Agreement, Standing
from portway.model.command import (
    ChangeStanding,
    CloseAccount,
    Command,
    ConvertCash,
    Deposit,
    OpenAccount,
    ResetAccount,
    Withdraw,
)
from portway.model.decimals import half_up, wire_text
from portway.model.event import CashConverted, Event, OrderRefused
from portway.model.money import CASH_MAX, Currency
from portway.trading.errors import TradingError
from portway.trading.ports import AccountRow
from portway.trading.queries import TradeQueries

__all__ = ["Office", "Venue"]

FIRST_NUMBER: Final = 10000001
FIRST_MEMBER: Final = 10001
FIRST_ASSET_ACCOUNT: Final = 20000001
HOME_RESIDENCY: Final = Standing().residency
PAPER_CHANNEL: Final = "lb_papertrading"
NAME_CHARS_MAX: Final = 64
NOTE_CHARS_MAX: Final = 255
TOKEN_SECONDS_MAX: Final = 10 * 365 * 86400
TOKEN_MARK_CHARS: Final = 12  # Enough of a token's digest to name it by.
_ACCOUNT_NO: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Venue(Protocol):
    """What of a venue the desk needs."""

    @property
    def queries(self) -> TradeQueries: ...

    async def submit(self, command: Command) -> tuple[Event, ...]: ...


class Office:
    """The owner's verbs.

    Args:
        wall: Unix seconds now.
        on_credentials: Called when a token or an account's standing has changed.
        on_revoked: Called with app key and account number when what they have opened is to end.
    """

    def __init__(
        self,
        venue: Venue,
        store: IdentityStore,
        wall: Callable[[], float],
        on_credentials: Callable[[], None] = lambda: None,
        on_revoked: Callable[[str, str], None] = lambda app_key, account_no: None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._venue = venue
        self._store = store
        self._wall = wall
        self._on_credentials = on_credentials
        self._on_revoked = on_revoked
        self._random = random

    # -- accounts ----------------------------------------------------------------------------

    async def accounts(self) -> dict[str, Any]:
        """Return every account with its money."""
        records = {one.account_no: one for one in await self._store.accounts()}
        rows = self._venue.queries.accounts()
        return {"accounts": [self._account(row, records.get(row.account_no)) for row in rows]}

    async def open_account(
        self,
        *,
        name: str = "Paper account",
        account_no: str | None = None,
        kind: str = "cash",
        currency: str = "HKD",
        finance_max: Decimal | None = None,
        deposits: Mapping[str, Decimal] | None = None,
        agreements: Sequence[str] | None = None,
        residency: str = HOME_RESIDENCY,
    ) -> dict[str, Any]:
        """Open an account and pay in what it begins with.

        Args:
            agreements: None: what every account begins with.
        """
        _check_name(name)
        number = await self._free_number() if account_no is None else account_no
        if not _ACCOUNT_NO.fullmatch(number):
            raise Refused("PARAMETER_INVALID", "account_no")
        if kind.upper() not in AccountKind.__members__:
            raise Refused("PARAMETER_INVALID", "kind")
        paid = [(_currency(code), amount) for code, amount in (deposits or {}).items()]
        if any(not 0 < amount <= CASH_MAX or amount != half_up(amount, 2) for _, amount in paid):
            raise Refused("PARAMETER_INVALID", f"deposits: in cents, above 0, at most {CASH_MAX}")
        await self._submit(
            OpenAccount(
                number,
                name,
                _currency(currency),
                PAPER_CHANNEL,
                AccountKind[kind.upper()],
                finance_max,
                Standing(_agreements(agreements), residency),
            )
        )
        await self._store.add_account(await self._new_record(number))
        for one, amount in paid:
            await self._submit(Deposit(number, one, amount, "opening balance"))
        return await self.account(number)

    async def account(self, account_no: str) -> dict[str, Any]:
        """Return one account with its money."""
        row = self._venue.queries.account(account_no)
        if row is None:
            raise Refused("ACCOUNT_NOT_FOUND")
        return self._account(row, await self._store.account(account_no))

    async def agree(
        self,
        account_no: str,
        agreements: Sequence[str] = (),
        *,
        residency: str | None = None,
        is_withdrawn: bool = False,
    ) -> dict[str, Any]:
        """Put down what an account's owner has agreed to, or takes back, and where they live."""
        row = self._venue.queries.account(account_no)
        if row is None:
            raise Refused("ACCOUNT_NOT_FOUND")
        named, had = set(_agreements(agreements)), set(row.standing.agreements)
        has = had - named if is_withdrawn else had | named
        standing = Standing(
            tuple(one for one in Agreement if one in has),
            row.standing.residency if residency is None else residency,
        )
        await self._submit(ChangeStanding(account_no, standing))
        return await self.account(account_no)

    async def deposit(
        self, account_no: str, currency: str, amount: Decimal, note: str = ""
    ) -> dict[str, Any]:
        """Pay money in."""
        await self._submit(Deposit(account_no, _currency(currency), amount, _note(note)))
        return await self.account(account_no)

    async def withdraw(
        self, account_no: str, currency: str, amount: Decimal, note: str = ""
    ) -> dict[str, Any]:
        """Pay money out, of what may leave."""
        await self._submit(Withdraw(account_no, _currency(currency), amount, _note(note)))
        return await self.account(account_no)

    async def convert(
        self, account_no: str, sold: str, bought: str, amount: Decimal, rate: Decimal | None = None
    ) -> dict[str, Any]:
        """Exchange `amount` of one currency for another."""
        command = ConvertCash(account_no, _currency(sold), _currency(bought), amount, rate)
        fact = await self._submit(command)
        assert isinstance(fact, CashConverted), "an exchange is answered by its fact"
        return {
            "sold": wire_text(fact.sold_amount),
            "bought": wire_text(fact.bought_amount),
            "rate": wire_text(fact.rate),
            **await self.account(account_no),
        }

    async def reset(
        self, account_no: str, deposits: Mapping[str, Decimal] | None = None
    ) -> dict[str, Any]:
        """Let an account begin anew; its history stays in the journal and in every list."""
        paid = tuple((_currency(code), amount) for code, amount in (deposits or {}).items())
        await self._submit(ResetAccount(account_no, paid))
        return await self.account(account_no)

    async def close(self, account_no: str) -> dict[str, Any]:
        """Close an empty account; its tokens are revoked with it."""
        await self._submit(CloseAccount(account_no))
        for token in await self._store.tokens(account_no):
            await self._revoke(token)
        return await self.account(account_no)

    async def verify(self, account_no: str, *, is_verified: bool) -> dict[str, Any]:
        """Set whether the account's owner has passed the developer verification."""
        record = await self._store.account(account_no)
        if record is None:
            raise Refused("ACCOUNT_NOT_FOUND")
        await self._store.add_account(replace(record, is_verified=is_verified))
        self._on_credentials()
        return await self.account(account_no)

    # -- apps and tokens ---------------------------------------------------------------------

    async def apps(self) -> dict[str, Any]:
        """Return every app, without its secret."""
        return {
            "apps": [{"app_key": one.app_key, "name": one.name} for one in await self._store.apps()]
        }

    async def create_app(self, name: str) -> dict[str, Any]:
        """Register a program; its secret is told here and by `portway env` alone."""
        _check_name(name)
        app = new_app(name, self._random)
        await self._store.add_app(app)
        return {"app_key": app.app_key, "app_secret": app.app_secret, "name": app.name}

    async def issue_token(
        self,
        *,
        account_no: str,
        app_key: str | None = None,
        seconds: int | None = None,
        is_read_only: bool = False,
    ) -> dict[str, Any]:
        """Issue an access token; its text is told here and never again.

        Args:
            app_key: None: the only app there is, or the oldest.
            seconds: How long it lives; None: as long as the service's own.
        """
        row = self._venue.queries.account(account_no)
        if row is None or row.closed_at is not None:
            raise Refused("ACCOUNT_NOT_FOUND")
        app = await self._store.app(app_key) if app_key else await self._first_app()
        if app is None:
            raise Refused("APP_KEY_UNKNOWN")
        lives = TOKEN_DAYS * 86400 if seconds is None else seconds
        if not 0 < lives <= TOKEN_SECONDS_MAX:
            raise Refused("PARAMETER_INVALID", f"seconds: 1 to {TOKEN_SECONDS_MAX}")
        if await self._store.account(account_no) is None:
            await self._store.add_account(await self._new_record(account_no))
        now = self._wall()
        text, record = new_token(
            app.app_key, account_no, now=now, expires_at=now + lives, random=self._random
        )
        record = replace(record, is_read_only=is_read_only)
        await self._store.add_token(record)
        return {"access_token": text, **_token(record, now)}

    async def tokens(self, account_no: str | None = None) -> dict[str, Any]:
        """Return the tokens of an account, or of all; their texts are known to nobody."""
        numbers = [one.account_no for one in await self._store.accounts()]
        now = self._wall()
        return {
            "tokens": [
                _token(token, now)
                for number in numbers
                if account_no in (None, number)
                for token in await self._store.tokens(number)
            ]
        }

    async def revoke_token(self, mark: str) -> dict[str, Any]:
        """Revoke the one token whose digest begins with `mark`, at once."""
        found = [
            token
            for account in await self._store.accounts()
            for token in await self._store.tokens(account.account_no)
            if mark and token.digest.startswith(mark)
        ]
        if len(found) != 1:
            raise Refused("PARAMETER_INVALID", f"{len(found)} tokens begin with {mark!r}")
        now = self._wall()
        await self._revoke(found[0])
        return _token(replace(found[0], revoked_at=int(now)), now)

    async def _revoke(self, token: TokenRecord) -> None:
        """Let a token and everything that it may have opened end."""
        await self._store.revoke_token(token.digest, int(self._wall()))
        await self._store.drop_sessions_of(token.app_key, token.account_no)
        self._on_revoked(token.app_key, token.account_no)

    # ----------------------------------------------------------------------------------------

    async def _submit(self, command: Command) -> Event:
        try:
            events = await self._venue.submit(command)
        except TradingError as error:
            raise refusal_of(error) from None
        if isinstance(events[0], OrderRefused):
            raise Refused(events[0].reason.name, events[0].detail)
        return events[0]

    async def _free_number(self) -> str:
        taken = {row.account_no for row in self._venue.queries.accounts()}
        number = FIRST_NUMBER
        while f"PT{number}" in taken:
            number += 1
        return f"PT{number}"

    async def _new_record(self, account_no: str) -> AccountRecord:
        known = await self._store.accounts()
        member_id = max((one.member_id for one in known), default=FIRST_MEMBER - 1) + 1
        numbers = [int(one.aaid) for one in known if one.aaid.isdecimal()]
        aaid = max(numbers, default=FIRST_ASSET_ACCOUNT - 1) + 1
        return AccountRecord(account_no, member_id, str(aaid), PAPER_CHANNEL)

    async def _first_app(self) -> Any:
        apps = await self._store.apps()
        return next((one for one in apps if one.name == "default"), apps[0] if apps else None)

    def _account(self, row: AccountRow, record: AccountRecord | None) -> dict[str, Any]:
        balances = self._venue.queries.balances(row.account_no)
        return {
            "account_no": row.account_no,
            "name": row.name,
            "kind": row.kind.name.lower(),
            "currency": row.base_currency.value,
            "credit": wire_text(row.credit),
            "opened_at": row.opened_at.isoformat(),
            "closed_at": None if row.closed_at is None else row.closed_at.isoformat(),
            "is_verified": record is None or record.is_verified,
            "agreements": [_agreement_name(one) for one in row.standing.agreements],
            "residency": row.standing.residency,
            "cash": {one.currency.value: wire_text(one.cash) for one in balances},
        }


def _check_name(text: str) -> None:
    # A control character in a name would speak to the terminal of whoever lists it.
    if not (0 < len(text) <= NAME_CHARS_MAX and text.isprintable()):
        raise Refused("PARAMETER_INVALID", f"name: 1 to {NAME_CHARS_MAX} printable characters")


def _note(text: str) -> str:
    if len(text) > NOTE_CHARS_MAX or not text.isprintable():
        reason = f"note: at most {NOTE_CHARS_MAX} printable characters"
        raise Refused("PARAMETER_INVALID", reason)
    return text


def _currency(code: str) -> Currency:
    if code not in Currency.__members__:
        raise Refused("PARAMETER_INVALID", "currency")
    return Currency(code)


def _agreement_name(agreement: Agreement) -> str:
    return agreement.name.lower().replace("_", "-")


def _agreements(names: Sequence[str] | None) -> tuple[Agreement, ...]:
    if names is None:
        return Standing().agreements
    known = {_agreement_name(one): one for one in Agreement}
    if any(name not in known for name in names):
        raise Refused("PARAMETER_INVALID", f"agreements: {', '.join(known)}")
    return tuple(one for one in Agreement if _agreement_name(one) in names)


def _token(record: TokenRecord, now: float) -> dict[str, Any]:
    revoked = record.revoked_at is not None and record.revoked_at <= now
    state = "revoked" if revoked else "expired" if record.expires_at <= now else "valid"
    return {
        "token": record.digest[:TOKEN_MARK_CHARS],
        "account_no": record.account_no,
        "app_key": record.app_key,
        "issued_at": _iso(record.issued_at),
        "expires_at": _iso(record.expires_at),
        "is_read_only": record.is_read_only,
        "state": state,
    }


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
