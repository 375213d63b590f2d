"""`portway import securities`: a full list of securities into a home.

Prints what was read and what changed, or everything that is wrong with the list, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from portway.cli.home import home_option
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.securities import ImportReport, ListRefused, import_securities
from portway.settings import SERVER_FILE

__all__ = ["securities"]

PROBLEMS_SHOWN = 20


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--names",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Table of names for the list's securities; may be given several times.",
)
@click.option("--fresh", is_flag=True, help="Forget earlier imports of the list's markets first.")
@click.option("--all-problems", is_flag=True, help="Print every line that is wrong.")
@home_option
def securities(
    file: Path, names: Sequence[Path], fresh: bool, all_problems: bool, home: Path
) -> None:
    """Import the list of securities in FILE, a CSV file, plain or gzip.

    Known by their header: the Hong Kong list of securities, US and mainland lists, and portway's
    own columns (docs/reference-data.md). A server knows them from its next start on.

    Exit status: 0 imported; 1 the list has mistakes, and nothing was imported.
    """
    try:
        with _progress(file) as progress:
            report = import_securities(file, home, names=names, fresh=fresh, progress=progress)
    except ListRefused as refused:
        _print_problems(refused, PROBLEMS_SHOWN if not all_problems else len(refused.problems))
        raise click.ClickException(str(refused)) from None
    except RecordedDataError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(f"{home}: {reason}; nothing was imported") from None
    for line in _summary(report, home):
        click.echo(line)


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal while the list is read; nothing where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} lines"))
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(file.name, total=None)
        yield lambda line, count: bar.update(task, completed=line, total=count)


def _print_problems(refused: ListRefused, shown: int) -> None:
    for problem in refused.problems[:shown]:
        click.echo(str(problem), err=True)
    if refused.count > shown:
        click.echo(f"... and {refused.count - shown} more (--all-problems)", err=True)


def _summary(report: ImportReport, home: Path) -> Iterator[str]:
    yield f"Read {report.rows} lines of {report.shape}."
    classes = sorted(report.by_class.items(), key=lambda one: -one[1])
    yield "  " + ", ".join(f"{count} {name}" for name, count in classes)
    for reason, count in sorted(report.left_out.items()):
        yield f"  left out: {count} ({reason})"
    if report.named:
        yield f"  named from tables: {report.named}"
    yield (
        f"{report.added} new, {report.changed} changed, {report.unchanged} as before;"
        f" the list of {home} has {report.total} securities."
    )
    if (home / SERVER_FILE).exists():
        yield "The running server knows them from its next start on."
