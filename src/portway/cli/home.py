"""The home folder as the command line sees it: where it is, what a running server left there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from platformdirs import user_data_path

from portway.settings import SERVER_FILE

__all__ = ["default_home", "home_option", "no_answer", "running_server"]


def default_home() -> Path:
    """The user's data folder for portway."""
    return user_data_path("portway", appauthor=False)


home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PORTWAY_HOME",
    default=default_home,
    show_default="the user's data folder",
    help="The server's folder.",
)


def no_answer(home: Path) -> str:
    """Return what to say of a server that was there and does not answer."""
    return (
        f"the server of {home} does not answer: it is busy, or was stopped hard;"
        f" its log tells, and 'portway serve --home {home}' starts it again"
    )


def running_server(home: Path) -> dict[str, Any]:
    """Return what the server of this home says of itself.

    Raises:
        click.ClickException: If none is running, with what to type.
    """
    try:
        data: dict[str, Any] = json.loads((home / SERVER_FILE).read_text())
    except (OSError, ValueError):
        raise click.ClickException(
            f"no server is running on {home}: start one with 'portway serve --home {home}'"
        ) from None
    return data
