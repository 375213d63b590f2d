"""`portway account`: paper accounts of a home, opened, paid, reset, closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from portway.cli.home import home_option
from portway.cli.owner import CURRENCIES, AmountsOption, ask, echo_json

__all__ = ["account"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _each_once(
    _: click.Context, __: click.Parameter, given: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    amounts = dict(given)
    if len(amounts) < len(given):
        raise click.BadParameter("each currency once: one of them is named twice")
    return amounts


deposit_option = click.option(
    "--deposit",
    "deposits",
    type=AmountsOption(),
    multiple=True,
    callback=_each_once,
    help="Money to begin with; once for each currency.",
)
currency_argument = click.argument("currency", type=click.Choice(CURRENCIES, case_sensitive=False))


AGREEMENTS = ("us-short-sale", "hk-borrowing", "naked-options")
residency_option = click.option(
    "--residency",
    metavar="CC",
    help="Where its owner lives, as HK; CN may not buy through Connect.",
)


def _verb(function: Callable[..., None]) -> Callable[..., None]:
    return home_option(json_option(function))


@click.group()
def account() -> None:
    """Open, pay, reset and close paper accounts.

    Works on the running server of the home, or on the home itself when none runs.
    """


@account.command(name="list")
@_verb
def list_(home: Path, as_json: bool) -> None:
    """Show every account with its money."""
    _show(ask(home, "accounts")["accounts"], as_json)


@account.command(name="open")
@click.option("--name", default="Paper account", show_default=True, help="How it is called.")
@click.option("--number", "account_no", help="Its number; a free one by default.")
@click.option(
    "--margin", is_flag=True, help="A margin account: credit, and short sales of US shares."
)
@click.option("--credit", metavar="AMOUNT", help="Its credit limit; by default three times equity.")
@click.option(
    "--currency",
    type=click.Choice(CURRENCIES, case_sensitive=False),
    default="HKD",
    show_default=True,
    help="In which its totals are shown.",
)
@click.option(
    "--agree",
    "agreements",
    type=click.Choice(AGREEMENTS),
    multiple=True,
    help="What its owner has agreed to; by default us-short-sale.",
)
@residency_option
@deposit_option
@_verb
def open_(
    home: Path,
    as_json: bool,
    name: str,
    account_no: str | None,
    margin: bool,
    credit: str | None,
    currency: str,
    agreements: tuple[str, ...],
    residency: str | None,
    deposits: dict[str, str],
) -> None:
    """Open an account."""
    body = {
        "name": name,
        "account_no": account_no,
        "kind": "margin" if margin else "cash",
        "currency": currency,
        "finance_max": credit,
        "deposits": deposits,
        "agreements": list(agreements) or None,
        **({"residency": residency} if residency else {}),
    }
    _show([ask(home, "accounts/open", body)], as_json)


@account.command()
@click.argument("account_no")
@currency_argument
@click.argument("amount")
@click.option("--note", default="", help="Shown in the cash flow.")
@_verb
def deposit(
    home: Path, as_json: bool, account_no: str, currency: str, amount: str, note: str
) -> None:
    """Pay AMOUNT of CURRENCY into ACCOUNT_NO."""
    _pay("deposit", home, as_json, account_no, currency, amount, note)


@account.command()
@click.argument("account_no")
@currency_argument
@click.argument("amount")
@click.option("--note", default="", help="Shown in the cash flow.")
@_verb
def withdraw(
    home: Path, as_json: bool, account_no: str, currency: str, amount: str, note: str
) -> None:
    """Pay AMOUNT of CURRENCY out of ACCOUNT_NO; neither unsettled nor reserved money leaves."""
    _pay("withdraw", home, as_json, account_no, currency, amount, note)


def _pay(
    verb: str, home: Path, as_json: bool, account_no: str, currency: str, amount: str, note: str
) -> None:
    body = {"account_no": account_no, "currency": currency, "amount": amount, "note": note}
    _show([ask(home, f"accounts/{verb}", body)], as_json)


@account.command()
@click.argument("account_no")
@click.argument("amount")
@click.argument("sold", type=click.Choice(CURRENCIES, case_sensitive=False))
@click.argument("bought", type=click.Choice(CURRENCIES, case_sensitive=False))
@click.option("--rate", help="BOUGHT for one unit of SOLD; by default the venue's, with a spread.")
@_verb
def convert(
    home: Path, as_json: bool, account_no: str, amount: str, sold: str, bought: str, rate: str
) -> None:
    """Exchange AMOUNT of SOLD for BOUGHT in ACCOUNT_NO."""
    body = {
        "account_no": account_no, "amount": amount, "sold": sold, "bought": bought, "rate": rate,
    }  # fmt: skip
    _show([ask(home, "accounts/convert", body)], as_json)


@account.command()
@click.argument("account_no")
@deposit_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@_verb
def reset(home: Path, as_json: bool, account_no: str, deposits: dict[str, str], yes: bool) -> None:
    """Let ACCOUNT_NO begin anew: orders cancelled, shares and money gone.

    Its history stays: nothing is erased, and the reset is a fact of the journal.
    """
    if not yes:
        click.confirm(f"Give up every position and all money of {account_no}?", abort=True)
    body = {"account_no": account_no, "deposits": deposits}
    _show([ask(home, "accounts/reset", body)], as_json)


@account.command()
@click.argument("account_no")
@_verb
def close(home: Path, as_json: bool, account_no: str) -> None:
    """Close ACCOUNT_NO, which must be empty; its tokens are revoked."""
    _show([ask(home, "accounts/close", {"account_no": account_no})], as_json)


@account.command()
@click.argument("account_no")
@click.option("--off", is_flag=True, help="Take the verification away: every call is refused.")
@_verb
def verify(home: Path, as_json: bool, account_no: str, off: bool) -> None:
    """Set that the owner of ACCOUNT_NO has passed the developer verification."""
    body = {"account_no": account_no, "is_verified": not off}
    _show([ask(home, "accounts/verify", body)], as_json)


@account.command()
@click.argument("account_no")
@click.argument("agreements", nargs=-1, type=click.Choice(AGREEMENTS))
@click.option("--off", is_flag=True, help="Take these agreements back.")
@residency_option
@_verb
def agree(
    home: Path,
    as_json: bool,
    account_no: str,
    agreements: tuple[str, ...],
    off: bool,
    residency: str | None,
) -> None:
    """Put down that the owner of ACCOUNT_NO has agreed to AGREEMENTS, or where they live.

    Without us-short-sale no US share is sold short, without hk-borrowing no Hong Kong share, and
    without naked-options no option is written that nothing covers.
    """
    body = {
        "account_no": account_no,
        "agreements": list(agreements),
        "residency": residency,
        "is_withdrawn": off,
    }
    _show([ask(home, "accounts/agree", body)], as_json)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        echo_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("account", "name", "kind", "state"):
        table.add_column(heading)
    for code in CURRENCIES:
        table.add_column(code, justify="right")
    for row in rows:
        state = "closed" if row["closed_at"] else "open" if row["is_verified"] else "unverified"
        cash = (row["cash"].get(code, "") for code in CURRENCIES)
        table.add_row(row["account_no"], row["name"], row["kind"], state, *cash)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
