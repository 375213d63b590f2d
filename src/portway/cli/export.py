"""`portway export`: bars of any source of a home as CSV or Parquet files."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.termui import progressbar

from portway.cli.home import home_option

__all__ = ["export"]


@click.command()
@click.argument("symbols", nargs=-1, required=True)
@click.option("--period", type=click.Choice(["1m", "day"]), default="day", show_default=True)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), show_default="today", help="Inclusive."
)
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="the working folder",
    help="Folder to write into; one file for each symbol.",
)
@click.option("--seed", type=int, show_default="the home's", help="Of the synthetic world.")
@click.option(
    "--replay", type=click.Path(path_type=Path), help="Folder of recorded days (LEAN layout)."
)
@home_option
def export(symbols: tuple[str, ...], home: Path, out: Path, **flags: Any) -> None:
    """Write the bars of SYMBOLS from whatever serves them: recorded, imported or synthetic."""
    from portway.assemble.market_data import StorageError, export_sources
    from portway.market.exports import ExportFormat, export_bars
    from portway.market.importers.errors import RecordedDataError
    from portway.market.ports import SourceDamaged
    from portway.model.quote import Period
    from portway.model.symbol import Symbol

    period = Period.ONE_MINUTE if flags["period"] == "1m" else Period.DAY
    kind = ExportFormat(flags["kind"])
    first = flags["first"].date()
    last = (flags["last"] or datetime.now().astimezone()).date()
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    try:
        _, sources = export_sources(home, seed=flags["seed"], replay=flags["replay"])
        out.mkdir(parents=True, exist_ok=True)
        for symbol in map(Symbol, symbols):
            source = next((one for one in sources if symbol in one.symbols()), None)
            if source is None:
                raise click.ClickException(f"no source of {home} has {symbol}")
            path = out / f"{symbol.replace('/', '_')}.{flags['period']}.{kind.value}"
            with progressbar(length=1000, label=str(symbol), file=sys.stderr) as bar:
                shown = 0

                def told(done: float, bar: Any = bar) -> None:
                    nonlocal shown
                    step = int(done * 1000) - shown
                    shown += step
                    bar.update(step)

                count = export_bars(source, symbol, period, first, last, path, kind, told)
            click.echo(f"{path}: {count} bars")
    except (RecordedDataError, StorageError, SourceDamaged) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror or error}") from None
