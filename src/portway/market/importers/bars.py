"""Imports bars: a table of minute or day bars, checked row by row, staged a portion at a time.

Owns what is wrong with a bar and what is done about it. Where the bars are kept, and that nothing
half-imported is ever visible, is the store's part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np

from portway.market.imported.days import (
    day_number,
    local_days,
    midnight_of,
    trading_days_of,
    utc_offset_us,
)
from portway.market.imported.listing import Listing
from portway.market.imported.records import (
    BAR,
    PRICE_PLACES_MAX,
    TURNOVER_PLACES_MAX,
    BarFlag,
    Ints,
    Records,
)
from portway.market.importers.batches import (
    Rows,
    SessionsOfDays,
    by_hours,
    by_market,
    segments,
)
from portway.market.importers.columns import Bools, Floats, find_columns, numbers, scaled
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.findings import Fault, Findings, OnError
from portway.market.importers.portions import (
    Portions,
    Progress,
    VolumeUnit,
    import_portions,
    shares_per_lot,
)
from portway.market.importers.staging import ImportStore, ImportSummary
from portway.market.importers.tables import Batch, Table, open_table
from portway.model.quote import Period
from portway.model.symbol import Market

__all__ = ["AdjustedBy", "BarOptions", "Stamp", "import_bars"]

GAP_MINUTES: Final = 30  # Minutes without a bar within a session that a report mentions.
_MINUTE_US: Final = 60_000_000
_SECOND_US: Final = 1_000_000
_PRICES: Final = ("open", "high", "low", "close")
_WANTED: Final = ("symbol", "time", "date", *_PRICES, "price", "volume", "volume_lots", "turnover")


class Stamp(StrEnum):
    """Which end of its minute a bar's time names."""

    START = "start"
    END = "end"


class AdjustedBy(StrEnum):
    """Which corporate actions the prices of a file are adjusted by already."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class BarOptions:
    """How to read a file of bars.

    Attributes:
        period: ONE_MINUTE or DAY.
        symbols: The symbol of a file without such a column; else those to read, all when empty.
        line: The file is an intraday line: one price a minute stands for the whole bar.
    """

    period: Period
    symbols: tuple[str, ...] = ()
    stamp: Stamp = Stamp.START
    volume_unit: VolumeUnit = VolumeUnit.SHARES
    adjusted_by: AdjustedBy = AdjustedBy.NONE
    on_error: OnError = OnError.REFUSE
    refuse_gaps: bool = False
    line: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the same ones mean the same import."""
        return {
            "period": self.period.name,
            "symbols": list(self.symbols),
            "stamp": self.stamp.value,
            "volume_unit": self.volume_unit.value,
            "adjusted_by": self.adjusted_by.value,
            "on_error": self.on_error.value,
            "refuse_gaps": self.refuse_gaps,
            "line": self.line,
        }


def import_bars(
    path: Path,
    store: ImportStore,
    listing: Listing,
    options: BarOptions,
    progress: Progress = lambda done: None,
) -> tuple[ImportSummary, Findings]:
    """Import a file of bars; goes on where an interrupted import of it stood.

    Returns what became visible and what was found.

    Raises:
        ImportRefused: If the file has faults, and the options refuse those.
        AlreadyImported: If nothing is left to do.
        RecordedDataError: If it cannot be read as a table of bars.
    """
    table = open_table(path)
    columns = _columns(table, options)

    def reader_of(state: Mapping[str, Any]) -> _BarReader:
        return _BarReader(
            Portions(path, columns, listing, options.symbols, state), listing, options
        )

    return import_portions(
        table,
        store,
        "bars-1m" if options.period is Period.ONE_MINUTE else "bars-day",
        options.to_json(),
        reader_of,
        on_error=options.on_error,
        refuses=lambda found: options.refuse_gaps and bool(found.counts.get(Fault.GAP, 0)),
        progress=progress,
    )


def _columns(table: Table, options: BarOptions) -> dict[str, str]:
    needed: list[tuple[str, ...]] = [("time", "date"), ("volume", "volume_lots")]
    wanted = [one for one in _WANTED if one != "price"]
    if options.line:
        needed.append(("price",))
        wanted = ["symbol", "time", "price", "volume", "volume_lots", "turnover"]
    else:
        needed += [(name,) for name in _PRICES]
    if len(options.symbols) != 1:
        needed.append(("symbol",))
    try:
        found = find_columns(table.path, table.names, wanted, needed)
    except RecordedDataError as error:
        if not options.line and "price" in find_columns(table.path, table.names, ["price"], []):
            way_out = "for an intraday line, one price a minute, add --line"
            raise RecordedDataError(table.path, error.reason, way_out=way_out) from None
        raise
    unused = "date" if "time" in found else "time"
    found.pop(unused, None)
    if "volume_lots" in found:
        found.pop("volume", None)
    return found


class _BarReader:
    """Turns batches into records."""

    def __init__(self, portions: Portions, listing: Listing, options: BarOptions) -> None:
        self.portions = portions
        self._listing = listing
        self._options = options

    def read(self, batch: Batch) -> tuple[list[Any], Records]:
        """Return the symbols of a batch and its records, grouped by symbol."""
        options, rows = self._options, self.portions.rows(batch)
        flags = np.zeros(len(rows), dtype=np.int64)
        prices, volume, turnover = self._numbers(rows, flags)
        session = np.zeros(len(rows), dtype=np.uint8)
        days = np.zeros(len(rows), dtype=np.int64)
        if options.period is Period.ONE_MINUTE:
            self._place_minutes(rows, days, session)
        else:
            self._place_days(rows, days)
        self._check_bars(rows, prices, volume, flags)
        self._check_days(rows, days, flags)
        order = self._check_order(rows, days, flags)
        found = np.zeros(len(order), dtype=BAR)
        found["at"] = rows.at_us[order] // _SECOND_US
        for name, column in zip(_PRICES, prices, strict=True):
            found[name] = column[order]
        found["volume"], found["turnover"] = volume[order], turnover[order]
        found["session"], found["flags"] = session[order], flags[order]
        found["code"] = rows.code[order]
        return [one.symbol for one in rows.listed], found

    # -- numbers -----------------------------------------------------------------------------

    def _numbers(self, rows: Rows, flags: Ints) -> tuple[list[Ints], Ints, Ints]:
        names = ["price"] * 4 if self._options.line else list(_PRICES)
        if self._options.line:
            flags |= int(BarFlag.FROM_LINE)
        read: dict[str, Floats] = {}
        for name in dict.fromkeys(names):
            read[name] = self._number(rows, name)
        prices = [scaled(read[name], PRICE_PLACES_MAX) for name in names]
        low = np.minimum.reduce(prices)
        rows.blame(Fault.PRICE, low <= 0)
        name, is_lots = self.portions.volume_column(self._options.volume_unit)
        shares = self._number(rows, name)
        if is_lots:
            shares = shares * shares_per_lot(rows)
        rows.blame(Fault.VOLUME, shares < 0)
        volume = scaled(shares, 0)
        fraction = np.abs(np.nan_to_num(shares) - volume) > 1e-6
        rows.blame(Fault.FRACTION, fraction)
        flags[fraction] |= int(BarFlag.MENDED)
        money = np.zeros(len(rows), dtype=np.int64)
        if "turnover" in self.portions.columns:
            values, bad = numbers(rows.batch.columns[self.portions.columns["turnover"]])
            rows.blame(Fault.NUMBER, bad)
            money = np.maximum(scaled(values, TURNOVER_PLACES_MAX), 0)
        return prices, volume, money

    def _number(self, rows: Rows, name: str) -> Floats:
        values, bad = numbers(rows.batch.columns[self.portions.columns[name]])
        missing = bad | ~np.isfinite(values)
        shown = np.flatnonzero(missing & rows.keep)[:50].tolist()
        column = rows.batch.columns[self.portions.columns[name]]
        rows.blame(Fault.NUMBER, missing, {row: f"{name} {column[row].as_py()!r}" for row in shown})
        return values

    # -- time --------------------------------------------------------------------------------

    def _place_minutes(self, rows: Rows, days: Ints, session: Any) -> None:
        """Find the minute, trading day and session of each bar."""
        rows.blame(Fault.OFF_MINUTE, rows.at_us % _MINUTE_US != 0)
        if self._options.stamp is Stamp.END:
            rows.at_us = rows.at_us - _MINUTE_US
        outside = np.zeros(len(rows), dtype=np.bool_)
        for hours, mask in by_hours(rows):
            at = rows.at_us[mask]
            own = trading_days_of(hours.market, at)
            days[mask] = own
            half = self._listing.calendars[hours.market].half_days
            found = SessionsOfDays.of(hours, np.unique(own), half)
            if self._options.stamp is Stamp.END:
                at = self._before_break(found, at)
            place, inside = found.locate(at)
            outside[mask] = ~inside
            session[mask] = found.session[place]
            # What trades within the grace after the end counts as traded at the end.
            rows.at_us[mask] = np.minimum(at, found.end[place])
        shown = np.flatnonzero(outside & rows.keep)[:50].tolist()
        hint = "do the times name the end of the minute? then --stamp end"
        if self._options.stamp is Stamp.END:
            hint = ""
        rows.blame(Fault.HOURS, outside, dict.fromkeys(shown, hint))

    def _before_break(self, parts: SessionsOfDays, at: Ints) -> Ints:
        """Put the minutes that end as a break ends where they were: at the end of the morning.

        No minute ends when the afternoon begins, but some files stamp the morning's last one so.
        """
        ends = at + _MINUTE_US
        place = np.searchsorted(parts.begin, ends)
        at_begin = parts.begin[np.minimum(place, len(parts.begin) - 1)] == ends
        at_begin &= ~np.isin(place, parts.first)
        before = parts.end[np.maximum(place - 1, 0)]
        moved = at_begin & (before < ends)
        self.portions.findings.note(
            "stamped with the end of a break, taken as the last minute before it",
            int(np.count_nonzero(moved)),
        )
        found: Ints = np.where(moved, before - _MINUTE_US, at)
        return found

    def _place_days(self, rows: Rows, days: Ints) -> None:
        for market, mask in by_market(rows):
            own = local_days(market, rows.at_us[mask])
            days[mask] = own
            unique, inverse = np.unique(own, return_inverse=True)
            stamps = [midnight_of(market, int(day)) for day in unique]
            rows.at_us[mask] = np.array(stamps, dtype=np.int64)[inverse] * _SECOND_US

    def _check_days(self, rows: Rows, days: Ints, flags: Ints) -> None:
        """Find bars on days that have no trading; the calendar's span is all that is known."""
        idle = np.zeros(len(rows), dtype=np.bool_)
        for market, mask in by_market(rows):
            calendar = self._listing.calendars[market]
            first, last = map(day_number, (calendar.first, calendar.last))
            known = self._listing.day_numbers(market)
            own = days[mask]
            weekend = (own + 3) % 7 >= 5  # 1970-01-01 was a Thursday
            covered = (own >= first) & (own <= last)
            idle[mask] = np.where(covered, ~np.isin(own, known), weekend)
        rows.blame(Fault.IDLE_DAY, idle)
        flags[idle] |= int(BarFlag.IDLE_DAY)

    # -- bars --------------------------------------------------------------------------------

    def _check_bars(self, rows: Rows, prices: list[Ints], volume: Ints, flags: Ints) -> None:
        opened, high, low, close = prices
        index = np.array([one.is_index for one in rows.listed] + [False], dtype=np.bool_)[rows.code]
        wrong = (high < low) | (np.maximum(opened, close) > high)
        wrong |= np.minimum(opened, close) < low
        rows.blame(Fault.RANGE, wrong, _ranges(rows, wrong, prices))
        flags[wrong] |= int(BarFlag.MENDED)
        prices[1] = np.maximum.reduce(prices)
        prices[2] = np.minimum.reduce([opened, high, low, close])
        moves = prices[1] > prices[2]
        idle = ~index & (volume == 0) & ~moves
        self.portions.findings.note(
            "without trading, left out", int(np.count_nonzero(idle & rows.keep))
        )
        rows.keep &= ~idle
        few = ~index & moves & (volume == 0)
        if self._options.period is Period.ONE_MINUTE:
            few |= ~index & (volume < _path_lengths(prices))
        rows.blame(Fault.NO_VOLUME, few)
        flags[few] |= int(BarFlag.NO_VOLUME)

    def _check_order(self, rows: Rows, days: Ints, flags: Ints) -> Ints:
        """Find rows out of order or twice; return the rows to stage, grouped by symbol."""
        kept = np.flatnonzero(rows.keep)
        order = kept[np.argsort(rows.code[kept], kind="stable")]
        twice, late, gap = (np.zeros(len(rows), dtype=np.bool_) for _ in range(3))
        details: dict[int, str] = {}
        for begin, end in segments(rows.code[order]):
            own = order[begin:end]
            one = rows.listed[rows.code[own[0]]]
            at = rows.at_us[own] // _SECOND_US
            before = self.portions.last.get(one.symbol)
            floor = before if before is not None else np.iinfo(np.int64).min
            top = np.maximum.accumulate(np.maximum(at, floor))
            prev = np.concatenate(([floor], top[:-1]))
            twice[own], late[own] = at == prev, at < prev
            self.portions.last[one.symbol] = int(top[-1])
            place = _missing(self._listing, one.market, days[own], at, prev, self._options.period)
            for row, text in place:
                gap[own[row]] = True
                details[int(own[row])] = text
        rows.tell(Fault.GAP, gap, details)
        flags[gap] |= int(BarFlag.AFTER_GAP)
        rows.blame(Fault.ORDER, late)
        flags[late] |= int(BarFlag.REORDERED)
        rows.blame(Fault.TWICE, twice)
        left: Ints = order[rows.keep[order]]
        return left


def _missing(
    listing: Listing, market: Market, days: Ints, at: Ints, prev: Ints, period: Period
) -> list[tuple[int, str]]:
    """Return rows before which trading days, or many minutes of a day, are missing."""
    known = listing.day_numbers(market)
    found: list[tuple[int, str]] = []
    before = np.concatenate((days[:1], days[:-1]))
    if len(prev) and prev[0] > np.iinfo(np.int64).min:
        before[0] = trading_days_of(market, prev[:1] * _SECOND_US)[0]
    lost = np.searchsorted(known, days) - np.searchsorted(known, before, side="right")
    for row in np.flatnonzero((days > before) & (lost > 0)).tolist():
        found.append((row, f"{lost[row]} trading days"))
    if period is Period.ONE_MINUTE:
        same = (days == before) & (prev > np.iinfo(np.int64).min)
        wide = same & (at - prev > (GAP_MINUTES + 1) * 60)
        for row in np.flatnonzero(wide).tolist():
            minutes = int(at[row] - prev[row]) // 60 - 1
            if not _is_break(market, int(prev[row]), int(at[row]), minutes):
                found.append((row, f"{minutes} minutes"))
    return found


def _is_break(market: Market, before: int, at: int, minutes: int) -> bool:
    """Whether the lunch break of a market explains the missing minutes."""
    if market is Market.US:
        return False
    noon = (12 * 60 + 30) * 60 * _SECOND_US
    local = [
        (one * _SECOND_US + utc_offset_us(market, one // 86_400)) % (86_400 * _SECOND_US)
        for one in (before, at)
    ]
    longest = {Market.HK: 60, Market.CN: 90, Market.SG: 60}[market]
    return local[0] < noon < local[1] and minutes <= longest + GAP_MINUTES


def _path_lengths(prices: list[Ints]) -> Ints:
    opened, high, low, close = prices
    rising = close >= opened
    second, third = np.where(rising, low, high), np.where(rising, high, low)
    count: Ints = 1 + (second != opened).astype(np.int64) + (third != second) + (close != third)
    return count


def _ranges(rows: Rows, wrong: Bools, prices: list[Ints]) -> dict[int, str]:
    shown = np.flatnonzero(wrong & rows.keep)[:50].tolist()
    unit = 10**PRICE_PLACES_MAX
    return {
        row: " ".join(
            f"{name} {column[row] / unit:g}" for name, column in zip(_PRICES, prices, strict=True)
        )
        for row in shown
    }
