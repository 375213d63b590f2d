"""`portway journal`: prove that a journal is whole, read it, write it out."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.termui import progressbar

from portway.cli.home import home_option
from portway.cli.owner import echo_json
from portway.cli.quote_rows import market_time

if TYPE_CHECKING:
    from portway.assemble.ledger_files import HomeReport, SqliteReader
    from portway.trading.journal_lines import Line, LineFilter

__all__ = ["journal", "open_journal"]

VENUE = "main"
BAR_RECORDS_MIN = 5_000  # A shorter journal is walked before a bar could be read.
FOLLOW_SECONDS = 0.5
COLUMNS = (("seq", 7), ("market time", 23), ("account", 11), ("fact", 18), ("about", 28))
UNREADABLE = 2  # Exit status: the file is damaged, or nothing can be read from it.

Moment = int | datetime | None


@click.group()
def journal() -> None:
    """Prove that the journal of a home is whole, read it, write it out.

    Works while a server runs on the home, and changes nothing.
    """


@contextmanager
def open_journal(home: Path) -> Iterator[SqliteReader]:
    """Open the database of a home for reading; what is wrong with it ends the command.

    Raises:
        SystemExit: With status 2, after one line with the cause and the way out.
    """
    # Late: the help of a verb needs no server code.
    from portway.assemble.ledger_files import StorageError, opened_for_reading
    from portway.trading.event_codec import UnreadableRecord
    from portway.trading.ports import JournalCorrupt

    try:
        with opened_for_reading(home) as reader:
            yield reader
    except (StorageError, JournalCorrupt, UnreadableRecord) as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(UNREADABLE) from None


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--cut",
    is_flag=True,
    help="Mend: keep the journal up to its last sound record, and what follows from it.",
)
@home_option
def verify(home: Path, as_json: bool, cut: bool) -> None:
    """Walk the hash chain, fold the journal, and compare everything kept beside it.

    Compared are the snapshot's digest and every row of the read models: accounts, orders and their
    history, executions, charges, cash flow, balances, positions. Where a server was killed, the log
    that it left is looked through as well: a last transaction that was torn while it was written is
    passed over, as nobody was answered; more than that is damage.

    --cut writes what is sound to a new file, derives everything else from it anew, and keeps the
    damaged files beside. It never guesses, and refuses while a server runs.

    Exit status: 0 all agree; 1 the first difference is printed; 2 the file is damaged.
    """
    from portway.assemble.ledger_files import tail_of, verify_reader

    if cut:
        _cut(home)
        return
    with open_journal(home) as reader:
        tail = tail_of(home)
        with _walk_bar(reader.last_seq(VENUE)) as bar:
            report = verify_reader(reader, lambda _, seq, __: bar.update(seq - bar.pos))
        report.tail = tail
        _show_report(report, as_json)
        raise SystemExit(report.exit_status)


def _cut(home: Path) -> None:
    from portway.assemble.ledger_files import DatabaseCorrupt, StorageError
    from portway.assemble.mend import mend_home

    try:
        mended = mend_home(home)
    except DatabaseCorrupt as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(UNREADABLE) from None
    except StorageError as error:
        raise click.ClickException(str(error)) from None
    if mended.damaged is None:
        click.echo("everything agrees: there is nothing to cut")
        return
    for venue, (kept, known) in mended.kept.items():
        lost = f"{known - kept} cut" if known > kept else "none cut"
        click.echo(f"journal of venue {venue}: {kept} records kept, {lost}")
        if mended.why[venue]:
            click.echo(f"  because: {mended.why[venue]}")
    if mended.tail is not None:
        click.echo(f"given up: {mended.tail}")
    click.echo(f"everything else was derived anew; the damaged file is kept as {mended.damaged}")


def _walk_bar(records: int) -> AbstractContextManager[Any]:
    is_shown = sys.stderr.isatty() and records >= BAR_RECORDS_MIN
    return progressbar(
        length=records, label="verifying", file=sys.stderr, hidden=not is_shown, show_pos=True
    )


def _show_report(report: HomeReport, as_json: bool) -> None:
    if as_json:
        echo_json(_report_json(report))
        return
    if report.tail is not None:
        click.echo(f"{'damaged' if report.tail.is_damage else 'log'}: {report.tail}")
    if report.damage is not None:
        click.echo(f"damaged: {report.damage}")
    if report.exit_status == UNREADABLE:
        click.echo("restore a backup ('portway restore'), or keep what is sound: --cut")
    if report.damage is not None:
        return
    for found, head in report.venues:
        rows = sum(found.rows.values())
        click.echo(f"journal of venue {found.venue}")
        if found.difference is not None:
            click.echo(f"  agrees up to record {found.seq}, then differs:")
            click.echo(f"  {found.difference}")
            continue
        click.echo(f"  chain        {found.seq} records, head {head}")
        click.echo(f"  state        digest {found.digest}")
        click.echo(f"  snapshot     {found.snapshot}")
        counts = ", ".join(f"{count} {table}" for table, count in found.rows.items())
        click.echo(f"  read models  {rows} rows agree: {counts}")


def _report_json(report: HomeReport) -> dict[str, Any]:
    return {
        "exit_status": report.exit_status,
        "damage": report.damage,
        "log": None if report.tail is None else str(report.tail),
        "venues": [
            {
                "venue": found.venue,
                "records": found.seq,
                "head": head,
                "digest": found.digest or None,
                "snapshot": found.snapshot,
                "rows": dict(found.rows),
                "difference": None if found.difference is None else str(found.difference),
            }
            for found, head in report.venues
        ],
    }


class MomentOption(click.ParamType):  # type: ignore[type-arg]  # generic in stubs alone
    """A sequence number, a day, or an instant; a day is midnight in Hong Kong."""

    name = "SEQ|TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> Moment:
        """Return a number or an instant in UTC."""
        if isinstance(value, int | datetime):
            return value
        if str(value).isdecimal() and len(str(value)) < 16:
            return int(value)
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a number nor like 2026-01-05T09:30:00", param, ctx)
        if at.tzinfo is None:
            at = at.replace(tzinfo=market_time("HSI.HK", datetime.now(UTC)).tzinfo)
        return at.astimezone(UTC)


@journal.command()
@click.option("--account", "account_no", help="About one account alone.")
@click.option("--order", "order_id", type=int, help="About one order alone.")
@click.option("--symbol", help="About one security alone.")
@click.option("--from", "first", type=MomentOption(), help="The first record, or market time.")
@click.option("--to", "last", type=MomentOption(), help="The last, inclusive; a whole day.")
@click.option("--kind", "kinds", multiple=True, help="One kind of fact, e.g. OrderFilled.")
@click.option("--last", "count", type=click.IntRange(1), metavar="N", help="The last N lines.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@home_option
def show(
    home: Path,
    account_no: str | None,
    order_id: int | None,
    symbol: str | None,
    first: Moment,
    last: Moment,
    kinds: tuple[str, ...],
    count: int | None,
    follow: bool,
) -> None:
    """Show what happened, a line for each fact: record, market time, account, fact, amounts.

    Exit status: 0; 2 the file is damaged or cannot be read.
    """
    from portway.trading.journal_lines import KINDS, LineFilter

    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise click.UsageError(f"there is no kind {unknown[0]}; there are {', '.join(KINDS)}")
    where = LineFilter(
        account_no,
        order_id,
        symbol.upper() if symbol else None,
        frozenset(kinds),
        first if isinstance(first, datetime) else None,
        _end_of(last) if isinstance(last, datetime) else None,
    )
    seqs = range(
        first if isinstance(first, int) else 0,
        last + 1 if isinstance(last, int) else sys.maxsize,
    )
    with open_journal(home) as reader:
        lines = _lines(reader, where, seqs, follow=follow)
        _show_lines(lines if count is None or follow else deque(lines, count), account_no)


def _end_of(last: datetime) -> datetime:
    """Return the last instant meant: a bare day means all of it."""
    local = market_time("HSI.HK", last)
    is_day = (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    return last + timedelta(days=1, microseconds=-1) if is_day else last


def _lines(reader: SqliteReader, where: LineFilter, seqs: range, *, follow: bool) -> Iterator[Line]:
    from portway.trading.journal_lines import Lines

    lines, seq = Lines(), 0
    while True:
        # From the first record on, whatever is shown: whose an order is stands where it began.
        for record in reader.read(VENUE, seq):
            seq = record.seq
            if seq >= seqs.stop:
                return
            yield from (one for one in lines.of(record) if seq in seqs and where.passes(one))
        if not follow:
            return
        time.sleep(FOLLOW_SECONDS)
        reader.renew()


def _show_lines(lines: Iterator[Line] | deque[Line], account_no: str | None) -> None:
    click.echo("  ".join(f"{name:<{width}}" for name, width in COLUMNS).rstrip())
    try:
        for line in lines:
            cells = (
                f"{line.seq:>7}",
                _time_text(line),
                account_no or (",".join(line.accounts) if len(line.accounts) < 3 else "several"),
                line.kind,
                line.symbol if line.order_id is None else f"{line.symbol} {line.order_id}",
            )
            padded = (f"{text:<{width}}" for text, (_, width) in zip(cells, COLUMNS, strict=True))
            click.echo(f"{'  '.join(padded)}  {line.text}".rstrip())
    except KeyboardInterrupt:
        click.echo()


def _time_text(line: Line) -> str:
    """The clock of the security's market, else that of Hong Kong."""
    if line.at is None:
        return ""
    local = market_time(line.symbol or "HSI.HK", line.at)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"


@journal.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="-")
@home_option
def export(home: Path, file: Path) -> None:
    """Write every record as a line of JSON to FILE, or to the standard output.

    The same facts give the same bytes, on any machine and after any restart.

    Exit status: 0; 2 the file is damaged or cannot be read.
    """
    from portway.trading.journal_lines import export_line

    with open_journal(home) as reader, click.open_file(str(file), "wb", atomic=True) as out:
        for record in reader.read(VENUE):
            out.write(export_line(record) + b"\n")
