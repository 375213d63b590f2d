"""`portway assets`: cash, buying power and margin of an account, as a live table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from portway.cli.client import client_of, explained
from portway.cli.home import home_option
from portway.cli.live import show_live
from portway.cli.owner import CURRENCIES, echo_json
from portway.openapi import AccountBalance

__all__ = ["assets"]

TOTALS = {
    "net assets": "net_assets",
    "cash": "total_cash",
    "buying power": "buy_power",
    "initial margin": "init_margin",
    "maintenance margin": "maintenance_margin",
    "margin call": "margin_call",
    "credit": "max_finance_amount",
    "credit left": "remaining_finance_amount",
}
CASH = {
    "available": "available_cash",
    "reserved": "frozen_cash",
    "settling": "settling_cash",
    "withdrawable": "withdraw_cash",
}
RISKS = {
    0: ("safe", "green"),
    1: ("medium", "yellow"),
    2: ("early warning", "bold yellow"),
    3: ("danger", "bold red"),
}


@click.command()
@home_option
@click.option(
    "--currency",
    type=click.Choice(CURRENCIES, case_sensitive=False),
    help="Of the totals; the account's own by default.",
)
@click.option("--once", is_flag=True, help="Print once, also on a terminal.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="N", help="Stop after N seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
@click.pass_context
def assets(
    ctx: click.Context,
    home: Path,
    currency: str | None,
    once: bool,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Show what an account is worth and may do, until Ctrl-C.

    Where the output is no terminal, once.
    """
    client = client_of(ctx, home)
    if as_json:
        path = "/v1/asset/account" + (f"?currency={currency}" if currency else "")
        with explained(client), client.raw() as http:
            echo_json(http.request("GET", path)["list"])
        return
    with explained(client), client.trades() as trades:
        show_live(lambda: _picture(trades.account_balance(currency)[0]), once=once, seconds=seconds)


def _picture(balance: AccountBalance) -> Group:
    totals = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    totals.add_column(f"totals in {balance.currency}")
    totals.add_column("", justify="right")
    for heading, field in TOTALS.items():
        totals.add_row(heading, _amount(getattr(balance, field)))
    word, style = RISKS.get(balance.risk_level, (str(balance.risk_level), ""))
    totals.add_row("risk", Text(word, style))
    cash = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cash.add_column("cash")
    for heading in CASH:
        cash.add_column(heading, justify="right")
    for row in balance.cash_infos:
        cash.add_row(row.currency, *(_amount(getattr(row, field)) for field in CASH.values()))
    return Group(totals, cash)


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"
