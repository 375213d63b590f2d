"""`portway app`: programs that may use the API of a home's server."""

from __future__ import annotations

from pathlib import Path

import click

from portway.cli.home import home_option
from portway.cli.owner import ask, echo_json

__all__ = ["app"]


@click.group()
def app() -> None:
    """Register the programs that use the API: each has a key and a secret of its own."""


@app.command()
@click.argument("name")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create(home: Path, name: str, as_json: bool) -> None:
    """Register a program NAME; its secret is shown now and never again."""
    made = ask(home, "apps/create", {"name": name})
    if as_json:
        echo_json(made)
        return
    click.echo(f"app key     {made['app_key']}\napp secret  {made['app_secret']}")


@app.command(name="list")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(home: Path, as_json: bool) -> None:
    """Show every program."""
    rows = ask(home, "apps")["apps"]
    if as_json:
        echo_json(rows)
        return
    for row in rows:
        click.echo(f"{row['app_key']}  {row['name']}")
