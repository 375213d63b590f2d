"""`portway backup`: a home in one file, while a server may run on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.termui import progressbar

from portway.cli.home import home_option

if TYPE_CHECKING:
    from portway.assemble.backups import Archived

__all__ = ["backup", "summary_of"]

DAMAGED = 2


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def backup(home: Path, file: Path) -> None:
    """Pack the home into FILE: database, world, clock, imported data, and secrets.

    Everything is of one moment, also while a server runs, and the journal's chain is checked on the
    way. FILE holds the secrets of apps and the access token, so only you may read it (mode 0600).
    'portway restore FILE --home NEW' brings it back.

    Exit status: 0; 1 refused; 2 the home is damaged.
    """
    from portway.assemble.backups import take_archive
    from portway.assemble.ledger_files import DatabaseCorrupt, StorageError
    from portway.trading.ports import JournalCorrupt

    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    with progressbar(
        length=max(1, 2 * size), label="packing", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        try:
            archived = take_archive(home, file, bar.update)
        except (DatabaseCorrupt, JournalCorrupt) as error:
            click.echo(f"Error: {error}", err=True)
            raise SystemExit(DAMAGED) from None
        except StorageError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{file}: {summary_of(archived)}, {file.stat().st_size:,} bytes packed")


def summary_of(archived: Archived) -> str:
    """Say what an archive holds."""
    journals = ", ".join(
        f"journal of {seq} records, head {head}" for seq, head in archived.journals.values()
    )
    size = sum(length for length, _ in archived.files.values())
    return f"{len(archived.files)} files of {size:,} bytes, {journals or 'no journal yet'}"
