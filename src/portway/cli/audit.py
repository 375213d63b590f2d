"""`portway audit`: every balance derived again from the journal, and the equity curve drawn."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.termui import progressbar
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from portway.cli.equity_chart import Curve, braille_chart, svg_chart
from portway.cli.home import home_option
from portway.cli.journal import BAR_RECORDS_MIN, VENUE, open_journal
from portway.cli.owner import echo_json
from portway.cli.quote_rows import market_time

if TYPE_CHECKING:
    from portway.model.money import Currency
    from portway.trading.audit import Audit, AuditedAccount

__all__ = ["audit"]

UNPROVEN = 1
PIPE_COLUMNS = 100

Amounts = Mapping["Currency", Fraction]


@click.command()
@click.option("--account", "account_no", help="Show one account alone; all are proven.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the curves to a file."
)
@click.option(
    "--csv", "table", type=click.Path(dir_okay=False, path_type=Path), help="Write their points."
)
@home_option
def audit(
    home: Path, account_no: str | None, as_json: bool, svg: Path | None, table: Path | None
) -> None:
    """Prove the ledger: derive every balance, position and hold again from the journal alone.

    By an arithmetic of its own: sums of double-entry postings, beside what each event says of
    itself. Both have to agree; every asset has to sum to zero; cash, what is unsettled and frozen,
    positions and cost prices have to be those of the read models, of the asset API's answers and
    of the statements. Works while a server runs, and changes nothing.

    The curve shows what an account was worth after each of its events and when a trading day
    began: cash, and positions at the price of the last execution in the venue (of anybody) or of
    the last auction, since the journal holds no other prices; splits divide it. Currencies count
    at the venue's rates. The dotted line is what was paid in.

    Exit status: 0 proven; 1 the first thing that does not agree is printed; 2 the file is damaged.
    """
    from portway.trading.audit import Unproven
    from portway.trading.audit import audit as audited

    with open_journal(home) as reader:
        last = reader.last_seq(VENUE)
        is_shown = sys.stderr.isatty() and last >= BAR_RECORDS_MIN
        with progressbar(
            length=last, label="auditing", file=sys.stderr, hidden=not is_shown
        ) as bar:
            try:
                found = audited(
                    reader, VENUE, reader.read_models(VENUE), lambda seq: bar.update(seq - bar.pos)
                )
            except Unproven as error:
                click.echo(f"not proven: {error}")
                raise SystemExit(UNPROVEN) from None
    shown = [one for one in found.accounts if account_no in (None, one.account_no)]
    if not shown and account_no is not None:
        raise click.ClickException(f"there is no account {account_no}")
    curves = [_curve(one) for one in shown]
    try:
        if svg is not None:
            svg.write_text(svg_chart(curves), encoding="utf-8")
        if table is not None:
            _write_points(table, shown)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror or error}") from None
    if as_json:
        echo_json(_json(found, shown))
    else:
        _show(found, shown, curves)


def _curve(account: AuditedAccount) -> Curve:
    title = f"{account.account_no} {account.name}: worth in {account.base.value}"
    points = [(market_time("HSI.HK", one.at), one.worth, one.paid_in) for one in account.curve]
    return Curve(title, account.base.value, points)


def _show(found: Audit, shown: Sequence[AuditedAccount], curves: Sequence[Curve]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_COLUMNS)
    for account, curve in zip(shown, curves, strict=True):
        head = f"{account.account_no} {account.name} ({account.kind.name.lower()})"
        console.print(Text(head, "bold"))
        table = _table(account)
        # A line too long for the terminal is better than an amount cut short.
        needed = Measurement.get(console, console.options.update(width=1000), table).maximum
        (console if needed <= console.width else Console(width=needed)).print(table)
        console.print(braille_chart(curve, console.width))
    assets = ", ".join(found.assets)
    console.print(
        Text(
            f"proven: {found.records} records, {found.entries} entries; {len(found.assets)} assets "
            f"sum to zero ({assets}); {found.checks} figures of {_counted(len(found.accounts))} "
            "agree with read models, answers and statements",
            "bold",
        ),
        soft_wrap=True,
    )


def _counted(accounts: int) -> str:
    return f"{accounts} account{'s' * (accounts != 1)}"


def _table(account: AuditedAccount) -> Table:
    currencies = [one for one in account.items if _is_used(account, one)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("", no_wrap=True)
    for currency in currencies:
        table.add_column(currency.value, justify="right", no_wrap=True)
    table.add_column(f"all in {account.base.value}", justify="right", no_wrap=True)
    for name, amounts, style in _rows(account):
        if name == "":
            table.add_section()
            continue
        in_base = sum(
            (amount * Fraction(account.rates[currency]) for currency, amount in amounts.items()),
            Fraction(0),
        )
        cells = [_money(amounts.get(currency, Fraction(0))) for currency in currencies]
        table.add_row(Text(name, style), *cells, _money(in_base), style=style)
    return table


def _is_used(account: AuditedAccount, currency: Currency) -> bool:
    items = account.items[currency]
    held = any(one.currency is currency for one in account.holdings.values())
    touched = items.paid_in or items.exchanged or items.realised or items.fees or items.dividends
    return bool(held or touched or account.cash[currency])


def _rows(account: AuditedAccount) -> Iterator[tuple[str, Amounts, str]]:
    """Yield the lines of the table that have something to say; an empty name ends a section."""
    items = account.items
    unrealised: dict[Currency, Fraction] = {}
    positions: dict[Currency, Fraction] = {}
    for symbol, held in account.holdings.items():
        value, code = account.values[symbol], held.currency
        positions[code] = positions.get(code, Fraction(0)) + value
        unrealised[code] = unrealised.get(code, Fraction(0)) + value - held.cost
    lines: list[tuple[str, Amounts]] = [
        ("paid in", {code: one.paid_in for code, one in items.items()}),
        ("paid out", {code: one.paid_out for code, one in items.items()}),
        ("trading, realised", {code: one.realised for code, one in items.items()}),
        ("trading, not realised", unrealised),
        *_by_name("fee ", {code: one.fees for code, one in items.items()}),
        *_by_name("", {code: one.interest for code, one in items.items()}),
        ("dividends", {code: one.dividends for code, one in items.items()}),
        ("tax on dividends", {code: one.dividend_tax for code, one in items.items()}),
        ("currency exchange", {code: one.exchanged for code, one in items.items()}),
        ("given up by a reset", {code: one.given_away for code, one in items.items()}),
    ]
    for name, amounts in lines:
        if name == "paid in" or any(amounts.values()):
            yield name, amounts, ""
    yield "", {}, ""
    cash = {code: Fraction(amount) for code, amount in account.cash.items()}
    total = {code: cash[code] + positions.get(code, Fraction(0)) for code in cash}
    yield "closing balance", total, "bold"
    yield "  cash", cash, ""
    parts = (("   of it on its way", account.settling), ("   of it for orders", account.frozen))
    for name, some in parts:
        if any(some.values()):
            yield name, {code: Fraction(amount) for code, amount in some.items()}, "dim"
    if account.holdings:
        yield "  positions", positions, ""


def _by_name(
    before: str, named: Mapping[Currency, Mapping[str, Fraction]]
) -> Iterator[tuple[str, Amounts]]:
    names = dict.fromkeys(name for some in named.values() for name in some)
    for name in names:
        amounts = {code: some.get(name, Fraction(0)) for code, some in named.items()}
        yield f"{before}{name}".lower().replace("_", " "), amounts


def _money(amount: Fraction) -> str:
    from portway.trading.audit_profit import cents

    return f"{cents(amount):,.2f}" if amount else "-"


def _write_points(path: Path, shown: Sequence[AuditedAccount]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("account", "at", "currency", "worth", "paid_in", "profit"))
        for account in shown:
            for one in account.curve:
                profit: Decimal = one.worth - one.paid_in
                rows.writerow(
                    (
                        account.account_no, one.at.isoformat(), account.base.value,
                        f"{one.worth:f}", f"{one.paid_in:f}", f"{profit:f}",
                    )
                )  # fmt: skip


def _json(found: Audit, shown: Sequence[AuditedAccount]) -> dict[str, Any]:
    from portway.trading.audit_profit import cents

    return {
        "records": found.records,
        "entries": found.entries,
        "assets": found.assets,
        "checks": found.checks,
        "accounts": [
            {
                "account_no": one.account_no,
                "name": one.name,
                "currency": one.base.value,
                "lines": {
                    name.strip(): {
                        code.value: f"{cents(amount):f}" for code, amount in amounts.items()
                    }
                    for name, amounts, _ in _rows(one)
                    if name
                },
                "positions": {
                    symbol: f"{Decimal(held.quantity.numerator) / held.quantity.denominator:f}"
                    for symbol, held in one.holdings.items()
                },
                "worth": f"{one.curve[-1].worth:f}",
                "paid_in": f"{one.curve[-1].paid_in:f}",
            }
            for one in shown
        ],
    }
