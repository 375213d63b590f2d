"""`portway env`: the variables that point a client at a running server."""

from __future__ import annotations

import json
import shlex
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click

from portway.cli.home import home_option, no_answer, running_server

__all__ = ["env", "environment", "format_environment"]

POLL_SECONDS = 0.05
FORMATS = ("sh", "dotenv", "json")


@click.command()
@home_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="sh", show_default=True)
@click.option(
    "--wait",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for the server to be ready.",
)
def env(home: Path, form: str, wait: float) -> None:
    """Print the variables that point a client at a running server.

    In a shell: eval "$(portway env)".  Exit status: 0 printed; 1 no server is ready.
    """
    server = _ready_server(home, wait)
    click.echo(format_environment(environment(home, server), form))


def environment(home: Path, server: dict[str, Any]) -> dict[str, str]:
    """The variables, in the order in which they are printed."""
    values: dict[str, str] = {}
    for prefix in ("LONGPORT", "LONGBRIDGE"):
        values[f"{prefix}_HTTP_URL"] = server["http_url"]
        values[f"{prefix}_QUOTE_WS_URL"] = server["quote_ws_url"]
        values[f"{prefix}_TRADE_WS_URL"] = server["trade_ws_url"]
        values[f"{prefix}_APP_KEY"] = server["app_key"]
        values[f"{prefix}_APP_SECRET"] = server["app_secret"]
        values[f"{prefix}_ACCESS_TOKEN"] = server["access_token"]
    values["PORTWAY_QUOTE_TCP"] = server["quote_tcp"]
    values["PORTWAY_TRADE_TCP"] = server["trade_tcp"]
    values["PORTWAY_ADMIN_URL"] = server["admin_url"]
    values["PORTWAY_HOME"] = str(home.resolve())
    return values


def format_environment(values: dict[str, str], form: str) -> str:
    """Write the variables for a shell, a .env file or a program."""
    if form == "json":
        return json.dumps(values, indent=2)
    if form == "dotenv":
        return "\n".join(f"{name}={json.dumps(value)}" for name, value in values.items())
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def _ready_server(home: Path, wait: float) -> dict[str, Any]:
    until = time.monotonic() + wait
    while True:
        try:
            server = running_server(home)
            if _is_healthy(server["http_url"]):
                return server
            problem = no_answer(home)
        except click.ClickException as error:
            problem = error.message
        if time.monotonic() >= until:
            raise click.ClickException(problem)
        time.sleep(POLL_SECONDS)


def _is_healthy(http_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{http_url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
