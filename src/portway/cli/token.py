"""`portway token`: access tokens of a home's accounts, issued, listed, revoked."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from portway.cli.home import home_option
from portway.cli.owner import ask, echo_json, only_account, seconds_of

__all__ = ["token"]


@click.group()
def token() -> None:
    """Issue and revoke access tokens: each proves one account to one app."""


@token.command()
@home_option
@click.option("--account", "account_no", help="Whose; the only account by default.")
@click.option("--app", "app_key", help="For which app; the first by default.")
@click.option("--expires", "expires", default="90d", show_default=True, help="30s, 10m, 2h, 90d.")
@click.option("--read-only", is_flag=True, help="It may ask everything and trade nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def issue(
    home: Path,
    account_no: str | None,
    app_key: str | None,
    expires: str,
    read_only: bool,
    as_json: bool,
) -> None:
    """Issue a token and print it: it is shown now and never again."""
    body = {
        "account_no": only_account(home, account_no),
        "app_key": app_key,
        "seconds": seconds_of(expires),
        "is_read_only": read_only,
    }
    issued = ask(home, "tokens/issue", body)
    if as_json:
        echo_json(issued)
        return
    click.echo(issued["access_token"])
    what = "read-only " if read_only else ""
    click.echo(
        f"{what}token {issued['token']} of {issued['account_no']}, until {issued['expires_at']}",
        err=True,
    )


@token.command(name="list")
@home_option
@click.option("--account", "account_no", help="Of one account alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(home: Path, account_no: str | None, as_json: bool) -> None:
    """Show every token by its mark; the texts are kept nowhere."""
    rows = ask(home, "tokens")["tokens"]
    rows = [row for row in rows if account_no in (None, row["account_no"])]
    if as_json:
        echo_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("token", "account", "app", "expires", "may", "state"):
        table.add_column(heading)
    for row in rows:
        may = "read" if row["is_read_only"] else "trade"
        shown = (row["token"], row["account_no"], row["app_key"][:8], row["expires_at"])
        table.add_row(*shown, may, row["state"])
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


@token.command()
@click.argument("mark")
@home_option
def revoke(home: Path, mark: str) -> None:
    """Revoke the token whose mark begins with MARK, at once."""
    revoked = ask(home, "tokens/revoke", {"token": mark})
    click.echo(f"revoked {revoked['token']} of {revoked['account_no']}")
