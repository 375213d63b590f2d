"""`portway import ticks|bars|actions|report`: recorded market data into a home."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.termui import progressbar

from portway.cli.home import home_option

if TYPE_CHECKING:  # Late at run time: `--help` needs no readers of tables.
    from portway.assemble.market_data import MarketData
    from portway.market.importers.findings import Findings
    from portway.market.importers.staging import ImportSummary

    Work: TypeAlias = Callable[[Path, Callable[[float], None]], tuple[ImportSummary, Findings]]

__all__ = ["actions", "bars", "forget", "report", "ticks"]

REPORT_LINES = 40

_files = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
_symbols = click.option(
    "--symbol",
    "symbols",
    multiple=True,
    help="The symbol of a file without such a column; else read these alone. Repeatable.",
)
_volume_unit = click.option(
    "--volume-unit",
    type=click.Choice(["shares", "lots"]),
    default="shares",
    show_default=True,
    help="What volumes count; a mainland lot is 100 shares.",
)
_on_error = click.option(
    "--on-error",
    type=click.Choice(["refuse", "mark"]),
    default="refuse",
    show_default=True,
    help="refuse: one fault refuses the file. mark: serve what can be served, with a mark.",
)


@click.command()
@_files
@click.option(
    "--period", type=click.Choice(["1m", "day"]), default="1m", show_default=True, help="Of a bar."
)
@click.option(
    "--stamp",
    type=click.Choice(["start", "end"]),
    default="start",
    show_default=True,
    help="Which end of its minute a time names.",
)
@click.option(
    "--adjusted-by",
    type=click.Choice(["none", "splits", "all"]),
    default="none",
    show_default=True,
    help="Corporate actions that the prices are adjusted by already.",
)
@click.option("--line", is_flag=True, help="An intraday line: one price a minute, no bars.")
@click.option(
    "--on-gap",
    type=click.Choice(["note", "refuse"]),
    default="note",
    show_default=True,
    help="What to do about missing bars.",
)
@_symbols
@_volume_unit
@_on_error
@home_option
def bars(files: tuple[Path, ...], home: Path, period: str, on_gap: str, **flags: Any) -> None:
    """Import bars of a minute or a day from CSV (.gz, .zip) or Parquet files."""
    from portway.market.importers.bars import AdjustedBy, BarOptions, Stamp, import_bars
    from portway.market.importers.findings import OnError
    from portway.market.importers.portions import VolumeUnit
    from portway.model.quote import Period

    options = BarOptions(
        Period.ONE_MINUTE if period == "1m" else Period.DAY,
        flags["symbols"],
        Stamp(flags["stamp"]),
        VolumeUnit(flags["volume_unit"]),
        AdjustedBy(flags["adjusted_by"]),
        OnError(flags["on_error"]),
        on_gap == "refuse",
        flags["line"],
    )
    with _data(home) as data:
        _import_all(files, lambda path, told: import_bars(path, data, data.listing, options, told))


@click.command()
@_files
@_symbols
@_volume_unit
@_on_error
@home_option
def ticks(
    files: tuple[Path, ...], home: Path, symbols: tuple[str, ...], volume_unit: str, on_error: str
) -> None:
    """Import trades and best quotes from CSV (.gz, .zip) or Parquet files."""
    from portway.market.importers.findings import OnError
    from portway.market.importers.portions import VolumeUnit
    from portway.market.importers.ticks import TickOptions, import_ticks

    options = TickOptions(symbols, VolumeUnit(volume_unit), OnError(on_error))
    with _data(home) as data:
        _import_all(files, lambda path, told: import_ticks(path, data, data.listing, options, told))


@click.command()
@_files
@click.option("--symbol", help="Of a factor file; without it the file's name and .US.")
@_on_error
@home_option
def actions(files: tuple[Path, ...], home: Path, symbol: str | None, on_error: str) -> None:
    """Import dividends, bonuses, rights and splits, or factor files, for forward adjustment."""
    from portway.assemble.market_data import close_before
    from portway.market.importers.actions import import_actions, import_factors, is_factor_file
    from portway.market.importers.findings import Findings, OnError
    from portway.model.symbol import Symbol

    with _data(home) as data:

        def work(path: Path, told: Callable[[float], None]) -> tuple[ImportSummary, Findings]:
            if not is_factor_file(path):
                return import_actions(path, data, data.listing, OnError(on_error))
            of = Symbol((symbol or f"{path.stem}.US").upper())
            summary = import_factors(
                path, of, data, data.listing, lambda one, day: close_before(data, one, day)
            )
            return summary, Findings()

        _import_all(files, work)


@click.command()
@click.argument("symbols", nargs=-1, required=True)
@home_option
def forget(symbols: tuple[str, ...], home: Path) -> None:
    """Take everything that was imported of SYMBOLS out of a home."""
    from portway.model.symbol import Symbol

    with _data(home) as data:
        count = data.forget([Symbol(symbol) for symbol in symbols])
    click.echo(f"{count} files of {', '.join(symbols)} are gone")


@click.command()
@click.option("--symbol", help="List the marked bars of one symbol too.")
@click.option("--limit", default=REPORT_LINES, show_default=True, help="Lines of each list.")
@click.option("--verify", is_flag=True, help="Read every file and compare its checksum.")
@home_option
def report(home: Path, symbol: str | None, limit: int, verify: bool) -> None:
    """Tell what was imported, what was wrong with it, and which bars are marked."""
    from portway.market.importers.findings import Findings

    with _data(home, writes=False) as data:
        for one in data.imports():
            state = "done" if one["is_done"] else "unfinished: import the file again to go on"
            click.echo(f"{one['path']}: {one['kind']}, {one['rows']} rows, {state}")
            found = json.loads(one["report"]).get("findings")
            for line in (Findings.from_json(found).lines() if found else [])[-limit:]:
                click.echo(f"  {line}")
        if symbol is not None:
            _marked(data, symbol, limit)
        wrong = data.verify() if verify else []
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise SystemExit(1)


def _marked(data: MarketData, symbol: str, limit: int) -> None:
    """Print the marked bars of a symbol, newest last."""
    import numpy as np

    from portway.market.imported.records import BarFlag, candlesticks
    from portway.model.quote import Period
    from portway.model.symbol import MARKET_ZONES, Symbol, market_of

    for period in (Period.DAY, Period.ONE_MINUTE):
        table = data.bars(Symbol(symbol), period)
        quiet = int(BarFlag.FOLDED | BarFlag.ESTIMATED | BarFlag.UNPRICED)
        rows = np.flatnonzero(table.rows["flags"] & ~np.uint16(quiet))
        click.echo(f"{symbol}: {len(rows)} of {len(table)} {period.name} bars are marked")
        for row in rows[-limit:].tolist():
            one = table.slice(row, row + 1)
            bar = candlesticks(one)[0]
            local = bar.at.astimezone(MARKET_ZONES[market_of(symbol)])
            marks = BarFlag(int(one.rows["flags"][0]) & ~quiet)
            names = ", ".join(str(flag.name) for flag in BarFlag if flag in marks)
            prices = f"{bar.open} {bar.high} {bar.low} {bar.close}"
            click.echo(f"  {local:%Y-%m-%d %H:%M} {prices} {bar.volume}: {names}")


@contextmanager
def _data(home: Path, *, writes: bool = True) -> Iterator[MarketData]:
    """Open the home's data, and turn what can go wrong into one line."""
    from portway.assemble.market_data import StorageError, open_market_data
    from portway.market.importers.errors import RecordedDataError

    try:
        data = open_market_data(home)
        with data.importing() if writes else nullcontext():
            yield data
    except (RecordedDataError, StorageError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = error.filename or home
        raise click.ClickException(f"{where}: {error.strerror or error}") from None


def _import_all(files: tuple[Path, ...], work: Work) -> None:
    """Import one file after the other; files that were imported before are passed over."""
    from portway.market.importers.portions import ImportRefused
    from portway.market.importers.staging import AlreadyImported

    for path in files:
        try:
            with progressbar(length=1000, label=path.name, file=sys.stderr) as bar:
                shown = 0

                def told(done: float, bar: Any = bar) -> None:
                    nonlocal shown
                    step = int(done * 1000) - shown
                    shown += step
                    bar.update(step)

                summary, findings = work(path, told)
        except AlreadyImported:
            click.echo(f"{path}: imported before, nothing to do")
            continue
        except ImportRefused as error:
            for line in error.findings.lines():
                click.echo(f"{path.name}, {line}", err=True)
            raise
        for line in findings.lines()[-REPORT_LINES:]:
            click.echo(f"{path.name}, {line}", err=True)
        click.echo(f"{path}: {summary.rows} rows of {summary.symbols} symbols")
