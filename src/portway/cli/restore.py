"""`portway restore`: a home from a backup, proven before it is there."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.termui import progressbar

from portway.cli.backup import DAMAGED, summary_of
from portway.cli.home import home_option

__all__ = ["restore"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@home_option
def restore(home: Path, file: Path) -> None:
    """Unpack a backup into an empty or new home, check every byte, and verify its journal.

    The home appears only when everything agrees; until then nothing is at its place.

    Exit status: 0; 1 refused; 2 FILE is damaged.
    """
    from portway.assemble.backups import restore_home
    from portway.assemble.ledger_files import ArchiveDamaged, DatabaseCorrupt, StorageError
    from portway.trading.ports import JournalCorrupt

    with progressbar(
        length=max(1, file.stat().st_size),
        label="unpacking",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        try:
            archived, report = restore_home(file, home, bar.update)
        except (ArchiveDamaged, DatabaseCorrupt, JournalCorrupt) as error:
            click.echo(f"Error: {error}", err=True)
            raise SystemExit(DAMAGED) from None
        except StorageError as error:
            raise click.ClickException(str(error)) from None
    rows = sum(sum(found.rows.values()) for found, _ in report.venues)
    click.echo(f"{home}: {summary_of(archived)}; taken {archived.taken_at}")
    click.echo(f"verified: the journal folds, {rows} rows of the read models agree")
