"""`portway doctor`: which link between this machine and a service is broken."""

from __future__ import annotations

from pathlib import Path

import click

from portway.cli.client import client_of
from portway.cli.home import home_option
from portway.openapi.doctor import PUSH_SECONDS, examine

__all__ = ["doctor"]


@click.command()
@home_option
@click.option("--symbol", default="700.HK", show_default=True, help="A security that trades now.")
@click.option(
    "--wait", default=PUSH_SECONDS, show_default=True, type=click.FloatRange(min=0),
    help="Seconds to wait for a push.",
)  # fmt: skip
@click.pass_context
def doctor(ctx: click.Context, home: Path, symbol: str, wait: float) -> None:
    """Try every link to a service, in order, and name the first broken one; sends no order.

    Speaks to the service that the LONGPORT_* or LONGBRIDGE_* variables name, else to the server
    of the home.  Exit status: 0 every link holds; 1 one is broken.
    """
    client = client_of(ctx, home)
    click.echo(client.config.explain() + "\n")
    for finding in examine(client.config, symbol, wait):
        mark = "ok    " if finding.is_good else "BROKEN"
        click.echo(f"{mark} {finding.link + ':':14}{finding.said}")
        if not finding.is_good:
            click.echo(f"       {finding.advice}")
            raise SystemExit(1)
