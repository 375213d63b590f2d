"""The owner's verbs from the command line: on the running server of a home, or on the home itself.

A running server is asked through its admin API. Where none runs, the same endpoints are called on
the home directly, which is locked meanwhile; so both ways do exactly the same.
"""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from portway.cli.home import no_answer, running_server

__all__ = ["AmountsOption", "ask", "echo_json", "only_account", "seconds_of"]

TIMEOUT_SECONDS = 30
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")
CURRENCIES = ("HKD", "USD", "CNH")


def ask(home: Path, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Carry a verb out: GET without a body, POST with one.

    Raises:
        click.ClickException: If it is refused, or the home cannot be had.
    """
    try:
        address = running_server(home)["admin_url"]
    except click.ClickException:
        return _ask_home(home, path, body)
    try:
        return _ask_server(f"{address}/{path}", body)
    except ConnectionRefusedError:
        # What a server left that was killed: nobody listens there any more.
        return _ask_home(home, path, body)
    except OSError:
        raise click.ClickException(no_answer(home)) from None


def _ask_server(url: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
            return data
    except urllib.error.HTTPError as error:
        raise click.ClickException(_message(error)) from None
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (ValueError, KeyError):
        return f"the server answered {error.code}"


def _ask_home(home: Path, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    # Late: a verb on a running server needs no server code.
    from portway.assemble.back_office import OfficeRefused, call_office

    if not home.is_dir():
        raise click.ClickException(
            f"there is no home at {home}: 'portway serve --home {home}' makes one"
        )
    verb, _, query = path.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    try:
        return asyncio.run(call_office(home, "POST" if content else "GET", verb, query, content))
    except OfficeRefused as refused:
        raise click.ClickException(str(refused)) from None


def only_account(home: Path, account_no: str | None) -> str:
    """Return the account that was named, else the only open one there is."""
    if account_no is not None:
        return account_no
    rows = [row for row in ask(home, "accounts")["accounts"] if row["closed_at"] is None]
    if len(rows) != 1:
        raise click.ClickException(f"there are {len(rows)} open accounts: name one with --account")
    return str(rows[0]["account_no"])


def seconds_of(text: str) -> int:
    """Read a duration: `30s`, `10m`, `2h`, `90d`, or seconds alone."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration: 30s, 10m, 2h, 90d")
    return int(match[1]) * _UNITS[match[2] or "s"]


class AmountsOption(click.ParamType):  # type: ignore[type-arg]  # generic in stubs alone
    """`HKD=1000000`, to be given once for each currency."""

    name = "CURRENCY=AMOUNT"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Return currency and amount as text."""
        if isinstance(value, tuple):
            return value
        code, _, amount = str(value).partition("=")
        try:
            is_amount = Decimal(amount).is_finite()
        except InvalidOperation:
            is_amount = False
        if code.upper() not in CURRENCIES or not is_amount:
            self.fail(f"{value!r} is not like HKD=1000000", param, ctx)
        return code.upper(), amount


def echo_json(data: Any) -> None:
    """Print an answer for programs."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
