"""`portway orders`: today's orders of an account, as a live table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from portway.cli.client import client_of, explained
from portway.cli.home import home_option
from portway.cli.live import show_live
from portway.cli.owner import echo_json
from portway.cli.quote_rows import market_time

__all__ = ["orders"]

HEADINGS = {
    "order": False, "symbol": False, "side": False, "type": False, "quantity": True,
    "filled": True, "price": True, "average": True, "status": False, "updated": False,
}  # fmt: skip
ENDED = ("FilledStatus", "CanceledStatus", "RejectedStatus", "ExpiredStatus")


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
    client = client_of(ctx, home)
    path = "/v1/trade/order/today" + (f"?symbol={symbol.upper()}" if symbol else "")
    with explained(client), client.calls() as http:
        if as_json:
            echo_json(http.request("GET", path)["orders"])
            return
        show_live(lambda: _table(http.request("GET", path)["orders"]), once=once, seconds=seconds)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, is_right in HEADINGS.items():
        table.add_column(heading, justify="right" if is_right else "left", no_wrap=True)
    for row in rows:
        at = datetime.fromtimestamp(int(row["updated_at"]), UTC)
        status = row["status"].removesuffix("Status")
        style = "dim" if row["status"] in ENDED else "bold"
        table.add_row(
            row["order_id"],
            Text(row["symbol"], "bold"),
            Text(row["side"], "green" if row["side"] == "Buy" else "red"),
            row["order_type"],
            row["quantity"],
            row["executed_quantity"],
            row["price"],
            row["executed_price"] if row["executed_price"] != "0" else "",
            Text(status, style),
            f"{market_time(row['symbol'], at):%m-%d %H:%M:%S}",
        )
    return table
