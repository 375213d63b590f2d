"""`portway quote`: the latest quotes of some symbols, once."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from portway.cli.client import client_of, explained, typed_symbols
from portway.cli.home import home_option
from portway.cli.quote_rows import amount_text, market_time, name_of, percent_text
from portway.openapi import SecurityQuote

__all__ = ["quote"]

# heading -> what is right-aligned
HEADINGS = {
    "symbol": False, "name": False, "last": True, "change": True, "open": True, "high": True,
    "low": True, "volume": True, "turnover": True, "market time": True,
}  # fmt: skip


@click.command()
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; prices are strings.")
@click.pass_context
def quote(ctx: click.Context, symbols: tuple[str, ...], home: Path, as_json: bool) -> None:
    """Print the latest quotes of SYMBOL..., as 700.HK AAPL.US 600519.SH.

    Speaks to the service that the LONGPORT_* or LONGBRIDGE_* variables name, else to the server
    of the home.  Exit status: 0 printed; 1 a symbol is unknown, or no server answers.
    """
    client, wanted = client_of(ctx, home), typed_symbols(symbols)
    with explained(client), client.quotes() as context:
        quotes = context.quote(wanted)
        infos = [] if as_json else context.static_info(wanted)
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in quotes], indent=2))
    elif quotes:
        language = client.config.language_tag
        names = {info.symbol: name_of(info, language) for info in infos}
        console = Console()
        if not console.is_terminal:
            console = Console(width=200)  # for a pipe: nothing is cut off
        console.print(_table(quotes, names))
    missing = sorted(set(wanted) - {one.symbol for one in quotes})
    if missing:
        raise click.ClickException(f"unknown symbol: {', '.join(missing)}")


def _table(quotes: list[SecurityQuote], names: dict[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, is_right in HEADINGS.items():
        table.add_column(heading, justify="right" if is_right else "left", no_wrap=True)
    for one in quotes:
        change = percent_text(one.last_done, one.prev_close)
        style = "" if one.last_done == one.prev_close or not change else _style(change)
        table.add_row(
            Text(one.symbol, "bold"),
            names.get(one.symbol, ""),
            Text(f"{one.last_done:f}", f"bold {style}"),
            Text(change, style),
            *(f"{price:f}" for price in (one.open, one.high, one.low)),
            amount_text(one.volume),
            amount_text(one.turnover),
            f"{market_time(one.symbol, one.timestamp):%m-%d %H:%M:%S}",
        )
    return table


def _style(change: str) -> str:
    return "red" if change.startswith("-") else "green"


def _as_json(one: SecurityQuote) -> dict[str, object]:
    prices = ("last_done", "prev_close", "open", "high", "low", "turnover")
    return {
        "symbol": one.symbol,
        **{name: f"{getattr(one, name):f}" for name in prices},
        "volume": one.volume,
        "trade_status": one.trade_status.name,
        "timestamp": market_time(one.symbol, one.timestamp).isoformat(),
    }
