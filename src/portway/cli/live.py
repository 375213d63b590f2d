"""A table that keeps itself up to date on a terminal; elsewhere it is printed once."""

from __future__ import annotations

import time
from collections.abc import Callable

import click
from rich.console import Console, RenderableType
from rich.live import Live

__all__ = ["PIPE_COLUMNS", "show_live"]

REFRESH_SECONDS = 2.0  # The tools of an account have a rate limit of their own, with room for this.
PIPE_COLUMNS = 200  # For a pipe: nothing is cut off.


def show_live(draw: Callable[[], RenderableType], *, once: bool, seconds: float | None) -> None:
    """Show what `draw` makes, anew every two seconds, until Ctrl-C or for `seconds`."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_COLUMNS)
    if once or (not console.is_terminal and seconds is None):
        console.print(draw())
        return
    until = float("inf") if seconds is None else time.monotonic() + seconds
    try:
        with Live(draw(), console=console, auto_refresh=False) as live:
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(REFRESH_SECONDS, left))
                live.update(draw(), refresh=True)
    except KeyboardInterrupt:
        click.echo()
