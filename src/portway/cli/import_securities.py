"""`portway import securities`: a full list of securities into a home."""

from __future__ import annotations

from pathlib import Path

import click

from portway.cli.home import home_option

__all__ = ["securities"]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def securities(file: Path, home: Path) -> None:
    """Import the securities of FILE."""
    raise click.ClickException(f"{file}: not imported into {home}: the importer is being written")
