"""Imports corporate actions: tables of dividends, bonuses, rights and splits, and factor files.

A table has one row for each symbol and ex-date, with terms per old share, or per ten shares as
mainland announcements have them. A factor file says by which numbers the prices up to a day compare
with today's; its steps become actions by means of closes that were imported before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import numpy as np

from portway.market.imported.days import local_days, to_date
from portway.market.imported.listing import Listing
from portway.market.importers.batches import group_rows
from portway.market.importers.columns import find_columns
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.findings import Fault, Findings, OnError
from portway.market.importers.lean import FactorRow, read_factors
from portway.market.importers.portions import ImportRefused
from portway.market.importers.staging import ImportStore, ImportSummary
from portway.market.importers.tables import Table, open_table
from portway.market.importers.times import ZoneOfFile
from portway.market.recorded.actions import actions_of_factors
from portway.model.corporate_action import CorporateAction
from portway.model.symbol import Symbol

__all__ = ["CloseBefore", "import_actions", "import_factors", "is_factor_file"]

CloseBefore = Callable[[Symbol, date], tuple[date, Decimal] | None]

_TERMS: Final = ("cash", "bonus", "rights", "rights_price", "split")
_PER_TEN: Final = ("bonus_per_10", "capitalisation_per_10", "rights_per_10", "cash_per_10")
_TEN: Final = Decimal(10)
_FACTOR_LINE: Final = re.compile(rb"\d{8},[0-9.]+,[0-9.]+")
_FRIDAY: Final = 4


def is_factor_file(path: Path) -> bool:
    """Whether a file has the rows of a factor file instead of a header."""
    try:
        with path.open("rb") as file:
            return _FACTOR_LINE.match(file.read(64).lstrip(b"\xef\xbb\xbf")) is not None
    except OSError:
        return False


def import_actions(
    path: Path, store: ImportStore, listing: Listing, on_error: OnError = OnError.REFUSE
) -> tuple[ImportSummary, Findings]:
    """Import a table of corporate actions; rows without any action are left out.

    Raises:
        ImportRefused: If the file has faults.
        RecordedDataError: If it cannot be read as such a table.
    """
    table = open_table(path)
    columns = _columns(table)
    zone, findings = ZoneOfFile(path), Findings()
    found: dict[tuple[Symbol, date], CorporateAction] = {}
    for batch in table.batches(tuple(columns.values())):
        dated = {**columns, "date": columns["ex_date"]}
        rows = group_rows(batch, dated, listing, zone, findings, symbol=None, only=frozenset())
        texts = {
            name: [str(one) if one is not None else "" for one in batch.columns[column].to_pylist()]
            for name, column in columns.items()
            if name in (*_TERMS, *_PER_TEN)
        }
        bad = np.zeros(len(rows), dtype=np.bool_)
        for row in np.flatnonzero(rows.keep).tolist():
            listed = rows.listed[rows.code[row]]
            day = to_date(int(local_days(listed.market, rows.at_us[row : row + 1])[0]))
            try:
                action = _action(listed.symbol, day, {name: texts[name][row] for name in texts})
            except (InvalidOperation, ValueError):
                bad[row] = True
                continue
            if action is None:
                findings.note("without an action, left out", 1)
            else:
                found[action.symbol, action.ex_date] = action
        rows.blame(Fault.NUMBER, bad)
    if findings.total and on_error is OnError.REFUSE:
        raise ImportRefused(path, findings)
    store.add_actions(path, list(found.values()), {"findings": findings.to_json()})
    symbols = {symbol for symbol, _ in found}
    return ImportSummary(len(found), len(symbols)), findings


def _columns(table: Table) -> dict[str, str]:
    wanted = ("symbol", "ex_date", "date", *_TERMS, *_PER_TEN)
    needed = [("symbol",), ("ex_date", "date"), (*_TERMS, *_PER_TEN)]
    found = find_columns(table.path, table.names, wanted, needed)
    found.setdefault("ex_date", found.get("date", ""))
    found.pop("date", None)
    return found


def _action(symbol: Symbol, day: date, texts: Mapping[str, str]) -> CorporateAction | None:
    """Return the action of a row, None when nothing happens.

    Raises:
        ValueError, InvalidOperation: If a term is no number or below zero.
    """
    terms = {name: Decimal(text.strip() or "0") for name, text in texts.items()}
    if any(not one.is_finite() or one < 0 for one in terms.values()):
        raise ValueError("terms are finite and not below zero")
    none = Decimal(0)
    per_ten = {name: terms.get(name, none) / _TEN for name in _PER_TEN}
    action = CorporateAction(
        symbol,
        day,
        cash=terms.get("cash", none) + per_ten["cash_per_10"],
        bonus=terms.get("bonus", none) + per_ten["bonus_per_10"] + per_ten["capitalisation_per_10"],
        rights=terms.get("rights", none) + per_ten["rights_per_10"],
        rights_price=terms.get("rights_price", none),
        split=terms.get("split", none) or Decimal(1),
    )
    nothing = not (action.cash or action.bonus or action.rights) and action.split == 1
    return None if nothing else action


def import_factors(
    path: Path,
    symbol: Symbol,
    store: ImportStore,
    listing: Listing,
    close_before: CloseBefore,
) -> ImportSummary:
    """Import a factor file (last day, price factor, split factor, reference price) as actions.

    Args:
        close_before: The last imported raw close before a date, with its day.

    Raises:
        RecordedDataError: If it is damaged, or there is no price to measure a dividend by.
    """
    rows: Sequence[FactorRow] = tuple(read_factors(path))
    listed = listing.find(symbol)
    if listed is None:
        raise RecordedDataError(path, f"{symbol!r} is no symbol", way_out="give --symbol 700.HK")
    calendar = listing.calendars[listed.market]

    def next_day(day: date) -> date:
        if calendar.first <= day < calendar.last:
            return calendar.next_trading_day(day)
        after = day + timedelta(days=1)
        while after.weekday() > _FRIDAY:
            after += timedelta(days=1)
        return after

    def close(day: date) -> Decimal | None:
        found = close_before(symbol, day)
        return None if found is None else found[1]

    actions = actions_of_factors(symbol, rows, next_day, close, path)
    report: dict[str, Any] = {"findings": Findings().to_json()}
    store.add_actions(path, actions, report)
    return ImportSummary(len(actions), 1)
