"""`portway clock`: show and move the clock of a running server, through its admin API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from portway.cli.home import home_option, no_answer, running_server
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["clock"]

STEP_TIMEOUT_SECONDS = 3600  # A long step processes everything due on the way.


@click.group(invoke_without_command=True)
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@click.pass_context
def clock(ctx: click.Context, home: Path, as_json: bool) -> None:
    """Show or move the clock of a running server.

    Without a verb: where each market stands.
    """
    ctx.obj = (home, as_json)
    if ctx.invoked_subcommand is None:
        _show(_call(home, "clock"), as_json)


@clock.command()
@click.argument("seconds", type=click.FloatRange(min=0))
@click.pass_obj
def step(target: tuple[Path, bool], seconds: float) -> None:
    """Move on by SECONDS of market time; returns when all that was due has happened."""
    _post(target, "step", {"seconds": seconds})


@clock.command()
@click.argument("instant")
@click.pass_obj
def jump(target: tuple[Path, bool], instant: str) -> None:
    """Move on to INSTANT, as 2026-01-05T09:30:00+08:00, without showing the way (mode at)."""
    _post(target, "jump", {"to": instant})


@clock.command()
@click.pass_obj
def pause(target: tuple[Path, bool]) -> None:
    """Stand still until resumed."""
    _post(target, "pause", {})


@clock.command()
@click.pass_obj
def resume(target: tuple[Path, bool]) -> None:
    """Go on after a pause."""
    _post(target, "resume", {})


@clock.command()
@click.argument("factor", type=float)
@click.pass_obj
def speed(target: tuple[Path, bool], factor: float) -> None:
    """Run at FACTOR market seconds per wall second."""
    _post(target, "speed", {"speed": factor})


def _post(target: tuple[Path, bool], verb: str, body: dict[str, Any]) -> None:
    home, as_json = target
    console = Console(stderr=True)
    with console.status(f"clock {verb} ...") if console.is_terminal else console.capture():
        answer = _call(home, f"clock/{verb}", body)
    _show(answer, as_json)


def _call(home: Path, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{running_server(home)['admin_url']}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=STEP_TIMEOUT_SECONDS) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
            return data
    except urllib.error.HTTPError as error:
        raise click.ClickException(_message(error)) from None
    except OSError:
        raise click.ClickException(no_answer(home)) from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (ValueError, KeyError):
        return f"the server answered {error.code}"


def _show(status: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(status, indent=2))
        return
    moving = "moving" if status["moving"] else "standing still"
    table = Table(title=f"clock: {status['mode']}, speed {status['speed']:g}, {moving}")
    for heading in ("market", "market time", "phase"):
        table.add_column(heading)
    for name, market in status["markets"].items():
        local = datetime.fromisoformat(market["now"]).astimezone(MARKET_ZONES[Market(name)])
        table.add_row(name, local.strftime("%a %Y-%m-%d %H:%M:%S %z"), market["phase"])
    Console().print(table)
