"""`portway level`: what of the markets each app key sees, live or delayed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from portway.cli.home import home_option
from portway.cli.owner import ask, echo_json

__all__ = ["level"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def level() -> None:
    """Show and set the quote levels of app keys, while the server runs or not.

    A fresh key sees everything. A delayed market is shown as it stood 15 minutes ago, without
    pushes; what a key has no right to at all is refused with 301604.
    """


@level.command(name="list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """Show what each app key sees."""
    _show(ask(home, "levels")["levels"], as_json)


@level.command(name="set")
@click.argument("app_key", required=False)
@click.option("--hk", type=click.Choice(("delayed", "lv1", "lv2")), help="Hong Kong.")
@click.option("--us", type=click.Choice(("delayed", "lv1")), help="US shares.")
@click.option("--cn", type=click.Choice(("delayed", "lv1")), help="The mainland.")
@click.option("--opra/--no-opra", default=None, help="US options.")
@click.option("--overnight/--no-overnight", default=None, help="The US overnight session.")
@home_option
@json_option
def set_(
    home: Path,
    as_json: bool,
    app_key: str | None,
    hk: str | None,
    us: str | None,
    cn: str | None,
    opra: bool | None,
    overnight: bool | None,
) -> None:
    """Set what APP_KEY sees; without a key, the only one there is. What is not named stays."""
    body = {
        "app_key": app_key or _only_key(home),
        "hk": hk,
        "us": us,
        "cn": cn,
        "opra": opra,
        "overnight": overnight,
    }
    _show([ask(home, "levels/set", body)], as_json)


def _only_key(home: Path) -> str:
    keys = [str(row["app_key"]) for row in ask(home, "levels")["levels"]]
    if len(keys) != 1:
        raise click.ClickException(f"there are {len(keys)} app keys: name one of them")
    return keys[0]


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        echo_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("app key", "name", "HK", "US", "CN", "US options", "overnight"):
        table.add_column(heading)
    for row in rows:
        words = (row["hk"], row["us"], row["cn"])
        flags = ("yes" if row[name] else "no" for name in ("opra", "overnight"))
        table.add_row(row["app_key"], row["name"], *words, *flags)
    console = Console()
    (console if console.is_terminal else Console(width=120)).print(table)
