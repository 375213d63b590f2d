"""The owner's desk behind the admin API: accounts, apps, tokens, and what is left of the limits.

Bodies are JSON objects; amounts are texts or whole numbers, never floats. What the verbs do stands
in `gateway/office.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from portway.gateway.http.request import Request, decimal_of, refused_parameter
from portway.gateway.limits import Limits
from portway.gateway.office import Office

__all__ = ["account_routes"]

Endpoint = Callable[[Request], Awaitable[dict[str, Any]]]
Amount = str | int


class _Open(msgspec.Struct):
    name: str = "Paper account"
    account_no: str | None = None
    kind: str = "cash"
    currency: str = "HKD"
    finance_max: Amount | None = None
    deposits: dict[str, Amount] = {}
    agreements: list[str] | None = None
    residency: str = "HK"


class _Payment(msgspec.Struct):
    account_no: str
    currency: str
    amount: Amount
    note: str = ""


class _Conversion(msgspec.Struct):
    account_no: str
    sold: str
    bought: str
    amount: Amount
    rate: Amount | None = None


class _Reset(msgspec.Struct):
    account_no: str
    deposits: dict[str, Amount] = {}


class _Account(msgspec.Struct):
    account_no: str


class _Verification(msgspec.Struct):
    account_no: str
    is_verified: bool


class _Standing(msgspec.Struct):
    account_no: str
    agreements: list[str] = []
    residency: str | None = None
    is_withdrawn: bool = False


class _App(msgspec.Struct):
    name: str


class _Token(msgspec.Struct):
    account_no: str
    app_key: str | None = None
    seconds: int | None = None
    is_read_only: bool = False


class _Revocation(msgspec.Struct):
    token: str


def account_routes(
    office: Office, limits: Limits, steady: Callable[[], float]
) -> dict[tuple[str, str], Endpoint]:
    """Return the endpoints by method and verb."""
    desk = _Desk(office, limits, steady)
    return {
        ("GET", "accounts"): desk.accounts,
        ("POST", "accounts/open"): desk.open,
        ("POST", "accounts/deposit"): desk.deposit,
        ("POST", "accounts/withdraw"): desk.withdraw,
        ("POST", "accounts/convert"): desk.convert,
        ("POST", "accounts/reset"): desk.reset,
        ("POST", "accounts/close"): desk.close,
        ("POST", "accounts/verify"): desk.verify,
        ("POST", "accounts/agree"): desk.agree,
        ("GET", "apps"): desk.apps,
        ("POST", "apps/create"): desk.create_app,
        ("GET", "tokens"): desk.tokens,
        ("POST", "tokens/issue"): desk.issue_token,
        ("POST", "tokens/revoke"): desk.revoke_token,
        ("GET", "limits"): desk.limits,
    }


class _Desk:
    """Bodies to the office's verbs."""

    def __init__(self, office: Office, limits: Limits, steady: Callable[[], float]) -> None:
        self._office = office
        self._limits = limits
        self._steady = steady

    async def accounts(self, request: Request) -> dict[str, Any]:
        return await self._office.accounts()

    async def open(self, request: Request) -> dict[str, Any]:
        body = request.json(_Open)
        credit = body.finance_max
        return await self._office.open_account(
            name=body.name,
            account_no=body.account_no,
            kind=body.kind,
            currency=body.currency,
            finance_max=None if credit is None else decimal_of(credit, "finance_max"),
            deposits=_amounts(body.deposits),
            agreements=body.agreements,
            residency=body.residency,
        )

    async def deposit(self, request: Request) -> dict[str, Any]:
        body = request.json(_Payment)
        amount = decimal_of(body.amount, "amount")
        return await self._office.deposit(body.account_no, body.currency, amount, body.note)

    async def withdraw(self, request: Request) -> dict[str, Any]:
        body = request.json(_Payment)
        amount = decimal_of(body.amount, "amount")
        return await self._office.withdraw(body.account_no, body.currency, amount, body.note)

    async def convert(self, request: Request) -> dict[str, Any]:
        body = request.json(_Conversion)
        amount = decimal_of(body.amount, "amount")
        rate = None if body.rate is None else decimal_of(body.rate, "rate")
        return await self._office.convert(body.account_no, body.sold, body.bought, amount, rate)

    async def reset(self, request: Request) -> dict[str, Any]:
        body = request.json(_Reset)
        return await self._office.reset(body.account_no, _amounts(body.deposits))

    async def close(self, request: Request) -> dict[str, Any]:
        return await self._office.close(request.json(_Account).account_no)

    async def verify(self, request: Request) -> dict[str, Any]:
        body = request.json(_Verification)
        return await self._office.verify(body.account_no, is_verified=body.is_verified)

    async def agree(self, request: Request) -> dict[str, Any]:
        body = request.json(_Standing)
        return await self._office.agree(
            body.account_no,
            body.agreements,
            residency=body.residency,
            is_withdrawn=body.is_withdrawn,
        )

    async def apps(self, request: Request) -> dict[str, Any]:
        return await self._office.apps()

    async def create_app(self, request: Request) -> dict[str, Any]:
        return await self._office.create_app(request.json(_App).name)

    async def tokens(self, request: Request) -> dict[str, Any]:
        return await self._office.tokens(request.text("account_no"))

    async def issue_token(self, request: Request) -> dict[str, Any]:
        body = request.json(_Token)
        return await self._office.issue_token(
            account_no=body.account_no,
            app_key=body.app_key,
            seconds=body.seconds,
            is_read_only=body.is_read_only,
        )

    async def revoke_token(self, request: Request) -> dict[str, Any]:
        return await self._office.revoke_token(request.json(_Revocation).token)

    async def limits(self, request: Request) -> dict[str, Any]:
        return self._limits.report(self._steady())


def _amounts(amounts: Mapping[str, Amount]) -> dict[str, Decimal]:
    found = {code: decimal_of(amount, "deposits") for code, amount in amounts.items()}
    if any(amount <= 0 for amount in found.values()):
        raise refused_parameter("deposits")
    return found
