"""`portway watch`: a live table of some symbols, on pushes."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import click
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portway.cli.client import Client, client_of, explained, typed_symbols
from portway.cli.home import home_option
from portway.cli.quote_rows import (
    PRICES_KEPT,
    Row,
    Rows,
    amount_text,
    market_time,
    percent_text,
    signed_text,
    sparkline,
)
from portway.openapi import OpenApiException, QuoteContext, SubType

__all__ = ["watch"]

DEFAULT_SYMBOLS = (
    "700.HK", "9988.HK", "5.HK", "HSI.HK", "AAPL.US", "NVDA.US", "SPY.US", "600519.SH", "300750.SZ",
)  # fmt: skip

DRAW_SECONDS = 0.1  # a terminal that is drawn ten times a second looks alive
PRINT_SECONDS = 1.0  # between two looks where there is no terminal
FLASH_SECONDS = 0.5
RATE_SECONDS = 3.0
PICTURE_COLUMNS = 120
NAME_CHARACTERS = 16

# heading, side, least width, and the width of a terminal from which on it is shown
COLUMNS: tuple[tuple[str, Literal["left", "right"], int, int], ...] = (
    ("symbol", "left", 9, 0),
    ("name", "left", 10, 102),
    ("last", "right", 11, 0),
    ("change", "right", 8, 56),
    ("%", "right", 7, 0),
    ("bid", "right", 9, 88),
    ("ask", "right", 9, 88),
    ("volume", "right", 8, 70),
    ("time", "right", 8, 50),
    ("trend", "left", PRICES_KEPT, 120),
)

UP, DOWN, STILL = "green", "red", "white"
FLASHES = {1: "bold black on green", -1: "bold white on red"}


@click.command()
@click.argument("symbols", nargs=-1, metavar="[SYMBOL...]")
@home_option
@click.option(
    "--seconds", type=click.FloatRange(min=0), metavar="N", help="Stop after N seconds by itself."
)
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), hidden=True)
@click.pass_context
def watch(
    ctx: click.Context,
    symbols: tuple[str, ...],
    home: Path,
    seconds: float | None,
    export: Path | None,
) -> None:
    """Show prices of SYMBOL... as they move, until Ctrl-C; some well-known ones if none is given.

    Where the output is no terminal, a line for each symbol that changed, once a second.
    Exit status: 0 stopped; 1 no symbol is known, or no server answers.
    """
    client = client_of(ctx, home)
    wanted = typed_symbols(symbols or DEFAULT_SYMBOLS)
    with explained(client), client.quotes() as context:
        screen = _open_screen(context, client, wanted, named=bool(symbols))
        until = float("inf") if seconds is None else time.monotonic() + seconds
        try:
            screen.run(until)
        except KeyboardInterrupt:
            click.echo()
        if export is not None:
            screen.export(export)


def _open_screen(
    context: QuoteContext, client: Client, wanted: list[str], *, named: bool
) -> Screen:
    quotes = context.quote(wanted)
    known = [quote.symbol for quote in quotes]
    missing = sorted(set(wanted) - set(known))
    if named and missing:
        click.echo(f"unknown symbol: {', '.join(missing)}", err=True)
    if not known:
        raise click.ClickException("nothing to show: no symbol is known to the service")
    rows = Rows(quotes, context.static_info(known), client.config.language_tag)
    context.set_on_quote(lambda symbol, event: rows.take_quote(symbol, event, time.monotonic()))
    context.set_on_depth(rows.take_depth)
    context.subscribe(known, [SubType.Quote, SubType.Depth])
    return Screen(context, rows, client.config.quote_url)


class Screen:
    """What is drawn: the rows, and a line below them that says how the world stands."""

    def __init__(self, context: QuoteContext, rows: Rows, url: str) -> None:
        self._context = context
        self._rows = rows
        self._url = url
        self._rates: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._console = Console()

    def run(self, until: float) -> None:
        """Draw until an instant of the steady clock, or Ctrl-C."""
        if not self._console.is_terminal:
            self._repeat(self._print_lines, PRINT_SECONDS, until)
            return
        with Live(console=self._console, auto_refresh=False) as live:
            self._repeat(
                lambda: live.update(self.draw(self._console.width), refresh=True),
                DRAW_SECONDS,
                until,
            )

    def export(self, path: Path) -> None:
        """Write a picture (SVG) of the present state."""
        console = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO())
        console.print(self.draw(PICTURE_COLUMNS))
        console.save_svg(str(path), title="portway watch")

    def draw(self, width: int) -> RenderableType:
        """The table and its footer, now; of the columns those that fit into `width`."""
        now = time.monotonic()
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim")
        shown = [i for i, (*_, columns) in enumerate(COLUMNS) if columns <= width]
        for heading, side, column_width, _ in (COLUMNS[i] for i in shown):
            table.add_column(heading, justify=side, no_wrap=True, min_width=column_width)
        for row in self._rows.all():
            cells = _cells(row, now)
            table.add_row(*(cells[i] for i in shown))
        return Group(table, self._footer(now))

    def _repeat(self, show: Callable[[], None], pause_s: float, until: float) -> None:
        while True:
            show()
            self._renew_closes()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(pause_s, left))

    def _renew_closes(self) -> None:
        stale = self._rows.stale()
        if not stale:
            return
        try:
            self._rows.renew(self._context.quote(stale))
        except OpenApiException:
            return  # the line is down, which the footer says; asked again at the next turn

    def _print_lines(self) -> None:
        for row in self._rows.take_new():
            at = market_time(row.symbol, row.at)
            change = f"{signed_text(row.change):>9} {percent_text(row.last, row.prev_close):>8}"
            volume = amount_text(row.volume)
            click.echo(f"{at:%H:%M:%S}  {row.symbol:<11} {row.last:>10f} {change} {volume:>9}")

    def _footer(self, now: float) -> Text:
        clocks = "   ".join(
            f"{market} {at:%a %H:%M:%S}" for market, at in self._rows.market_times().items()
        )
        footer = Text(" ", no_wrap=True, overflow="ellipsis")
        if self._context._is_up:
            footer.append("● ", "green")
            footer.append(f"{self._rate(now):.0f} pushes/s", "bold")
        else:
            footer.append("○ the line is lost, reconnecting", "bold red")
        footer.append(f"   {clocks}   ", "cyan")
        footer.append(self._url.removeprefix("ws://"), "dim")
        return footer

    def _rate(self, now: float) -> float:
        self._rates.append((now, self._rows.pushes))
        while now - self._rates[0][0] > RATE_SECONDS and len(self._rates) > 2:
            self._rates.popleft()
        (since, before), (_, pushes) = self._rates[0], self._rates[-1]
        return (pushes - before) / (now - since) if now > since else 0.0


def _cells(row: Row, now: float) -> tuple[RenderableType, ...]:
    change = row.change
    colour = STILL if not change else UP if change > 0 else DOWN
    flash = FLASHES[row.moved] if now - row.moved_at < FLASH_SECONDS else f"bold {colour}"
    return (
        Text(row.symbol, "bold"),
        Text(_short(row.name), "dim"),
        Text(f" {row.last:f} ", flash),
        Text(signed_text(change), colour),
        Text(percent_text(row.last, row.prev_close), colour),
        _price(row.bid),
        _price(row.ask),
        amount_text(row.volume),
        Text(f"{market_time(row.symbol, row.at):%H:%M:%S}", "dim"),
        Text(sparkline(list(row.prices)), colour),
    )


def _price(price: Decimal | None) -> str:
    return "" if price is None else f"{price:f}"


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1].rstrip() + "…"
