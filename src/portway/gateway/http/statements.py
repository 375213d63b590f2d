"""Statements of an account: the list, a short-lived address, and the document behind it.

The address carries its own proof (account, key, expiry, signature), since whoever downloads it
sends no credentials. The secret lives as long as the process: addresses do not outlive it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

from portway.gateway.errors import Refused
from portway.gateway.http.request import Request, refused_parameter
from portway.gateway.http.services import Services
from portway.model.symbol import MARKET_ZONES, Market
from portway.trading.statements import StatementPeriod, period_of_key

__all__ = ["STATEMENT_PATH", "download", "listing", "open_statement"]

STATEMENT_PATH: Final = "/statements/"
ADDRESS_SECONDS: Final = 300
HOME_MARKET: Final = Market.HK
DAILY, MONTHLY = 1, 2
FIRST_DATE: Final = 10_000_000  # From here on a number is a day, below a page.
LIMIT, LIMIT_MAX = 20, 1000


async def listing(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/statement/list: days or months that are over, newest first."""
    kind = request.integer("statement_type", least=DAILY, most=MONTHLY) or DAILY
    limit = request.integer("limit", least=1, most=LIMIT_MAX)
    limit = limit or request.integer("page_size", least=1, most=LIMIT_MAX) or LIMIT
    start = request.integer("start_date", least=1, most=99_991_231) or 1
    start = request.integer("page", least=1, most=FIRST_DATE) or start
    row = await asyncio.to_thread(services.trades.queries.account, request.account_no)
    if row is None:
        raise Refused("ACCOUNT_NOT_FOUND")
    first = row.opened_at.astimezone(MARKET_ZONES[HOME_MARKET]).date()
    periods = _periods(services, kind, first)
    if start >= FIRST_DATE:
        since = _day(start)
        periods = (one for one in periods if one.last >= since)
        start = 1
    shown = islice(periods, (start - 1) * limit, start * limit)
    return {"list": [{"dt": _number(one.last), "file_key": one.key} for one in shown]}


async def download(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/statement/download: where the document is, for a few minutes."""
    period = period_of_key(request.required("file_key"))
    if period is None or period.last >= _today(services):
        raise refused_parameter("file_key")
    expires = int(services.wall()) + ADDRESS_SECONDS
    account_no = request.account_no
    proof = _proof(services, account_no, period.key, expires)
    host = request.headers.get("host", b"").decode("latin-1")
    path = f"{STATEMENT_PATH}{quote(account_no)}/{period.key}.json"
    scheme = request.headers.get("x-forwarded-proto", b"http").decode("latin-1")
    scheme = scheme if scheme in ("http", "https") else "http"
    return {"url": f"{scheme}://{host}{path}?expires={expires}&signature={proof}"}


async def open_statement(
    services: Services, path: str, query: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return the document behind an address.

    Raises:
        Refused: If the address proves nothing, or no longer.
    """
    account_no, _, name = path.removeprefix(STATEMENT_PATH).partition("/")
    period = period_of_key(name.removesuffix(".json"))
    expires = (query.get("expires") or [""])[-1]
    given = (query.get("signature") or [""])[-1]
    is_number = expires.isascii() and expires.isdecimal() and len(expires) <= 12
    if period is None or not is_number:
        raise Refused("PATH_NOT_FOUND")
    proof = _proof(services, account_no, period.key, int(expires))
    if not hmac.compare_digest(proof, given.encode("utf-8", "replace").decode("latin-1")):
        raise Refused("PATH_NOT_FOUND")
    if int(expires) <= services.wall():
        raise Refused("TOKEN_EXPIRED")
    queries = services.trades.queries
    document = await asyncio.to_thread(queries.statement, account_no, period)
    if document is None:
        raise Refused("PATH_NOT_FOUND")
    return document


def _proof(services: Services, account_no: str, key: str, expires: int) -> str:
    text = f"{account_no}\n{key}\n{expires}".encode("utf-8", "surrogatepass")
    return hmac.new(services.url_secret, text, hashlib.sha256).hexdigest()


def _periods(services: Services, kind: int, first: date) -> Iterator[StatementPeriod]:
    today = _today(services)
    if kind == DAILY:
        calendar = services.quotes.calendar(HOME_MARKET)
        for day in reversed(calendar.trading_days(first, today - timedelta(days=1))):
            yield StatementPeriod("daily", day, day)
        return
    last = today.replace(day=1) - timedelta(days=1)
    while last >= first:
        begin = last.replace(day=1)
        yield StatementPeriod("monthly", begin, last)
        last = begin - timedelta(days=1)


def _today(services: Services) -> date:
    return services.quotes.now(HOME_MARKET).astimezone(MARKET_ZONES[HOME_MARKET]).date()


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _day(number: int) -> date:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        raise refused_parameter("start_date") from None
