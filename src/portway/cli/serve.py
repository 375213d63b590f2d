"""`portway serve`: flags, environment and the home's file to settings, then a server until stopped.

A flag wins over its `PORTWAY_*` variable, that over the home's `portway.toml`, that over the
default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import click

from portway.cli.home import default_home
from portway.cli.welcome import welcome
from portway.clock import ClockError, ClockSpec, parse_clock
from portway.settings import DEFAULT_SEED, Ports, Settings

__all__ = ["serve"]

FILE = "portway.toml"  # In the home; keys are the long flags.
PROFILES = ("service", "published", "none")
LEVELS = ("debug", "info", "warning", "error")


class ClockText(click.ParamType):  # type: ignore[type-arg]  # generic in stubs alone
    """`open`, `wall` or `at INSTANT`."""

    name = "clock"

    def convert(self, value: Any, param: Any, ctx: Any) -> ClockSpec:
        try:
            return value if isinstance(value, ClockSpec) else parse_clock(value)
        except ClockError as error:
            self.fail(str(error), param, ctx)


def _file_defaults(ctx: click.Context, _: click.Parameter, home: Path) -> Path:
    """Let the home's file answer for flags that are not given."""
    path = home / FILE
    if not path.is_file():
        return home
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path} is unreadable ({error}): mend or remove it") from None
    known = {parameter.name for parameter in ctx.command.params}
    defaults = {key.replace("-", "_"): value for key, value in values.items()}
    if unknown := sorted(defaults.keys() - known):
        raise click.ClickException(f"{path} has unknown keys: {', '.join(unknown)}")
    ctx.default_map = defaults
    return home


def _scenarios() -> list[str]:
    """Names of the scenarios: read off their files, because `--help` needs no market."""
    folder = resources.files("portway") / "market" / "scenarios"
    names = (one.name for one in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


_PORTS = Ports()


def _port(flag: str, default: int, listener: str) -> Callable[..., Any]:
    kind = click.IntRange(0, 65535)
    return click.option(flag, type=kind, default=default, help=f"Port of the {listener}.")


@click.command(context_settings={"auto_envvar_prefix": "PORTWAY", "show_default": True})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_home,
    show_default="the user's data folder",
    is_eager=True,
    callback=_file_defaults,
    help="Folder of the server's state.",
)
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@_port("--http-port", _PORTS.http, "HTTP API")
@_port("--quote-port", _PORTS.quote, "quote WebSocket")
@_port("--trade-port", _PORTS.trade, "trade WebSocket")
@_port("--quote-tcp-port", _PORTS.quote_tcp, "quote gateway on raw TCP")
@_port("--trade-tcp-port", _PORTS.trade_tcp, "trade gateway on raw TCP")
@click.option("--free-ports", is_flag=True, help="Take any free ports; 'portway env' tells them.")
@click.option(
    "--clock",
    type=ClockText(),
    show_default="as the home stands; at first: open",
    help="open: every market always open. wall: real time. 'at INSTANT': simulated time.",
)
@click.option(
    "--speed",
    type=float,
    show_default="as the home stands; at first: 1",
    help="Market seconds per second; 0 stands still.",
)
@click.option("--seed", type=int, show_default=str(DEFAULT_SEED), help="Fixes the world's prices.")
@click.option(
    "--scenario",
    type=click.Choice(_scenarios()),
    show_default="the home's, or none",
    help="Make something happen in the synthetic market, from a minute after the first start on.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    help="Folder of recorded days (LEAN layout): its symbols are replayed.",
)
@click.option(
    "--fill-model",
    type=click.Choice(("touch", "depth", "queue")),
    show_default="as the home stands; at first: depth",
    help="How orders fill: docs/orders.md.",
)
@click.option(
    "--rejects",
    type=click.Choice(("late", "early")),
    show_default="as the home stands; at first: late",
    help="Refuse an order without money or shares after it got an id, or at once.",
)
@click.option(
    "--not-lent",
    metavar="SYMBOL",
    multiple=True,
    default=None,
    show_default="as the home stands; at first: none",
    help="Nobody lends it, so it cannot be sold short; may be repeated.",
)
@click.option(
    "--record-commands",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep clients' commands, with their market instants, in a new file.",
)
@click.option(
    "--repeat-commands",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Carry out the commands of such a file at their instants, and stand still at its end.",
)
@click.option(
    "--liquidate/--no-liquidate",
    "liquidates",
    default=None,
    show_default="as the home stands; at first: off",
    help="Close positions of margin accounts in danger: docs/margin.md.",
)
@click.option("--limits", type=click.Choice(PROFILES), default="service", help="Profile of limits.")
@click.option("--log-level", type=click.Choice(LEVELS), default="info")
@click.option("--log-json", is_flag=True, help="Write the log as JSON lines.")
def serve(home: Path, host: str, free_ports: bool, **flags: Any) -> None:
    """Run a server until it is stopped (Ctrl-C or SIGTERM)."""
    from portway.assemble import StartError, run  # Late: `--help` needs no server.

    chosen = Ports(**{name: flags.pop(f"{name}_port") for name in Ports.__slots__})
    flags["not_lent"] = tuple(flags["not_lent"]) or None
    settings = Settings(home=home, host=host, ports=Ports.free() if free_ports else chosen, **flags)
    try:
        run(settings, on_ready=welcome)
    except StartError as error:
        raise click.ClickException(str(error)) from None
