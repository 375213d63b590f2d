"""`portway orders`: today's orders of an account, as a live table."""

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
from portway.cli.quote_rows import market_time
from portway.openapi import Order, OrderSide, OrderStatus

__all__ = ["orders"]

HEADINGS = {
    "order": False, "symbol": False, "side": False, "type": False, "quantity": True,
    "filled": True, "price": True, "average": True, "status": False, "updated": False,
}  # fmt: skip
ENDED = (OrderStatus.Filled, OrderStatus.Canceled, OrderStatus.Rejected, OrderStatus.Expired)


@click.command()
@home_option
@click.option("--symbol", help="Of one security alone.")
@click.option("--once", is_flag=True, help="Print once, also on a terminal.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="N", help="Stop after N seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
@click.pass_context
def orders(
    ctx: click.Context,
    home: Path,
    symbol: str | None,
    once: bool,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Show working orders and those of the running trading day, until Ctrl-C.

    Where the output is no terminal, once.
    """
    client, wanted = client_of(ctx, home), symbol.upper() if symbol else None
    if as_json:
        path = "/v1/trade/order/today" + (f"?symbol={wanted}" if wanted else "")
        with explained(client), client.raw() as http:
            echo_json(http.request("GET", path)["orders"])
        return
    with explained(client), client.trades() as trades:
        show_live(lambda: _table(trades.today_orders(wanted)), once=once, seconds=seconds)


def _table(rows: list[Order]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, is_right in HEADINGS.items():
        table.add_column(heading, justify="right" if is_right else "left", no_wrap=True)
    for row in rows:
        at = row.updated_at or row.submitted_at
        table.add_row(
            row.order_id,
            Text(row.symbol, "bold"),
            Text(row.side.name, "green" if row.side is OrderSide.Buy else "red"),
            row.order_type.name,
            f"{row.quantity:f}",
            f"{row.executed_quantity:f}",
            _price(row.price),
            _price(row.executed_price),
            Text(row.status.name, "dim" if row.status in ENDED else "bold"),
            f"{market_time(row.symbol, at):%m-%d %H:%M:%S}",
        )
    return table


def _price(price: Decimal | None) -> str:
    return "" if price is None else f"{price:f}"
