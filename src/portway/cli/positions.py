"""`portway positions`: what an account holds and what it is worth, as a live table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from portway.cli.client import client_of, explained
from portway.cli.home import home_option
from portway.cli.live import show_live
from portway.cli.owner import echo_json
from portway.model.derivative import CONTRACT_SIZE, looks_like_option
from portway.openapi import QuoteContext, StockPosition, TradeContext

__all__ = ["positions"]

HEADINGS = {
    "symbol": False, "name": False, "quantity": True, "available": True, "cost": True,
    "last": True, "value": True, "gain": True, "%": True, "currency": False,
}  # fmt: skip
CENT = Decimal("0.01")


@click.command()
@home_option
@click.option("--once", is_flag=True, help="Print once, also on a terminal.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="N", help="Stop after N seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
@click.pass_context
def positions(
    ctx: click.Context, home: Path, once: bool, seconds: float | None, as_json: bool
) -> None:
    """Show positions with their value at the latest price, until Ctrl-C.

    Where the output is no terminal, once.
    """
    client = client_of(ctx, home)
    if as_json:
        with explained(client), client.raw() as http:
            channels = http.request("GET", "/v1/asset/stock")["list"]
            echo_json([row for channel in channels for row in channel["stock_info"]])
        return
    with explained(client), client.trades() as trades, client.quotes() as quotes:
        show_live(lambda: _table(_positions(trades), quotes), once=once, seconds=seconds)


def _positions(trades: TradeContext) -> list[StockPosition]:
    return [row for channel in trades.stock_positions().channels for row in channel.positions]


def _table(rows: list[StockPosition], quotes: QuoteContext) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, is_right in HEADINGS.items():
        table.add_column(heading, justify="right" if is_right else "left", no_wrap=True)
    symbols = [row.symbol for row in rows]
    prices = {one.symbol: one.last_done for one in quotes.quote(symbols)} if symbols else {}
    for row in rows:
        table.add_row(*_cells(row, prices.get(row.symbol)))
    return table


def _cells(row: StockPosition, last: Decimal | None) -> list[str | Text]:
    held, cost = f"{row.quantity:f}", row.cost_price
    quantity = row.quantity * (CONTRACT_SIZE if looks_like_option(row.symbol) else 1)
    known = [row.symbol, row.symbol_name, held, f"{row.available_quantity:f}", f"{cost:f}"]
    if not last:
        return [*known, "", "", "", "", row.currency]
    gain = (quantity * (last - cost)).quantize(CENT)
    # Of a short, a rising price is a loss: the sign of the quantity turns it.
    rate = f"{(gain / abs(quantity * cost) * 100).quantize(CENT):+f}" if cost and quantity else ""
    style = "" if not gain else "green" if gain > 0 else "red"
    value = (quantity * last).quantize(CENT)
    return [
        *known,
        f"{last:f}",
        f"{value:,f}",
        Text(f"{gain:+,f}", style),
        Text(rate, style),
        row.currency,
    ]
