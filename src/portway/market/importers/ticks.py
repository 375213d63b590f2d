"""Imports ticks: a table of trades, of best quotes, or of both, staged a portion at a time.

Rows of one symbol come in order of time; what one moment holds keeps the order of the file. Auction
prints are ordinary rows: they lie before the first or after the last minute of the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from portway.market.imported.days import SECOND_US, day_number, trading_days_of
from portway.market.imported.listing import Listing
from portway.market.imported.records import (
    PRICE_PLACES_MAX,
    TICK,
    Ints,
    Records,
    TickKind,
)
from portway.market.importers.batches import (
    Rows,
    SessionsOfDays,
    by_hours,
    by_market,
    segments,
)
from portway.market.importers.columns import Bools, find_columns, numbers, scaled, texts
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
from portway.model.quote import Direction, TradeSession
from portway.model.symbol import Market

__all__ = ["TickOptions", "import_ticks"]

_AUCTION_US: Final = 3600 * SECOND_US  # An opening auction lies within an hour before the session.
_WANTED: Final = (
    "symbol",
    "time",
    "price",
    "volume",
    "volume_lots",
    "side",
    "direction",
    "type",
    "bid",
    "bid_size",
    "ask",
    "ask_size",
)
# What a `side` says of who took the initiative: 2 and "auction" are matches of a call auction.
_SIDES: Final[Mapping[str, Direction]] = {
    "0": Direction.UP,
    "1": Direction.DOWN,
    "2": Direction.NEUTRAL,
    "b": Direction.UP,
    "buy": Direction.UP,
    "s": Direction.DOWN,
    "sell": Direction.DOWN,
    "n": Direction.NEUTRAL,
    "neutral": Direction.NEUTRAL,
    "auction": Direction.NEUTRAL,
    "": Direction.NEUTRAL,
}
# A `direction` has the numbers of the quote protocol, or its words.
_DIRECTIONS: Final[Mapping[str, Direction]] = {
    "0": Direction.NEUTRAL,
    "1": Direction.DOWN,
    "2": Direction.UP,
    "neutral": Direction.NEUTRAL,
    "down": Direction.DOWN,
    "up": Direction.UP,
    "": Direction.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class TickOptions:
    """How to read a file of ticks; `symbols` as for bars."""

    symbols: tuple[str, ...] = ()
    volume_unit: VolumeUnit = VolumeUnit.SHARES
    on_error: OnError = OnError.REFUSE

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the same ones mean the same import."""
        return {
            "symbols": list(self.symbols),
            "volume_unit": self.volume_unit.value,
            "on_error": self.on_error.value,
        }


def import_ticks(
    path: Path,
    store: ImportStore,
    listing: Listing,
    options: TickOptions,
    progress: Progress = lambda done: None,
) -> tuple[ImportSummary, Findings]:
    """Import a file of ticks; the days in it replace earlier ticks of the same days.

    Raises:
        ImportRefused, AlreadyImported, RecordedDataError: As `import_bars`.
    """
    table = open_table(path)
    columns = _columns(table, options)

    def reader_of(state: Mapping[str, Any]) -> _TickReader:
        return _TickReader(
            Portions(path, columns, listing, options.symbols, state), listing, options
        )

    return import_portions(
        table,
        store,
        "ticks",
        options.to_json(),
        reader_of,
        on_error=options.on_error,
        progress=progress,
    )


def _columns(table: Table, options: TickOptions) -> dict[str, str]:
    needed: list[tuple[str, ...]] = [("time",), ("price", "bid", "ask")]
    if len(options.symbols) != 1:
        needed.append(("symbol",))
    found = find_columns(table.path, table.names, _WANTED, needed)
    if "price" in found and not {"volume", "volume_lots"} & found.keys():
        find_columns(table.path, table.names, (), [("volume", "volume_lots")])
    if "volume_lots" in found:
        found.pop("volume", None)
    if "direction" in found:
        found.pop("side", None)
    return found


class _TickReader:
    """Turns batches into records."""

    def __init__(self, portions: Portions, listing: Listing, options: TickOptions) -> None:
        self.portions = portions
        self._listing = listing
        self._options = options

    def read(self, batch: Batch) -> tuple[list[Any], Records]:
        """Return the symbols of a batch and its records, grouped by symbol."""
        rows = self.portions.rows(batch)
        found = np.zeros(len(rows), dtype=TICK)
        self._place(rows, found)
        has_print = self._prints(rows, found)
        has_quote = self._quotes(rows, found)
        rows.blame(Fault.NUMBER, ~has_print & ~has_quote)
        found["at"], found["code"] = rows.at_us, np.maximum(rows.code, 0)
        order = self._ordered(rows)
        return [one.symbol for one in rows.listed], _split(found, order, has_print, has_quote)

    def _column(self, rows: Rows, meaning: str) -> Any:
        return rows.batch.columns[self.portions.columns[meaning]]

    def _prints(self, rows: Rows, found: Records) -> Bools:
        if "price" not in self.portions.columns:
            return np.zeros(len(rows), dtype=np.bool_)
        price, bad = numbers(self._column(rows, "price"))
        name, is_lots = self.portions.volume_column(self._options.volume_unit)
        volume, bad_volume = numbers(self._column(rows, name))
        if is_lots:
            volume = volume * shares_per_lot(rows)
        rows.blame(Fault.NUMBER, bad | bad_volume | (np.isnan(price) != np.isnan(volume)))
        here = ~np.isnan(price)
        rows.blame(Fault.PRICE, here & (price <= 0))
        rows.blame(Fault.VOLUME, here & (volume < 0))
        empty = here & (volume == 0)
        self.portions.findings.note(
            "prints of no shares, left out", int(np.count_nonzero(empty & rows.keep))
        )
        rows.keep &= ~empty
        found["price"], found["volume"] = scaled(price, PRICE_PLACES_MAX), scaled(volume, 0)
        rows.blame(Fault.FRACTION, here & (np.abs(np.nan_to_num(volume) - found["volume"]) > 1e-6))
        meaning = "direction" if "direction" in self.portions.columns else "side"
        if meaning in self.portions.columns:
            table = _DIRECTIONS if meaning == "direction" else _SIDES
            found["direction"] = self._coded(rows, meaning, {k: int(v) for k, v in table.items()})
        if "type" in self.portions.columns:
            letters = {chr(code): code for code in range(ord("0"), ord("Z") + 1)}
            lower = {key.lower(): code for key, code in letters.items()}
            found["trade_type"] = self._coded(rows, "type", {**letters, **lower, "": 0})
        return here

    def _coded(self, rows: Rows, meaning: str, table: Mapping[str, int]) -> Ints:
        indices, values = texts(self._column(rows, meaning))
        keys = [(value or "").strip().lower().removesuffix(".0") for value in values]
        codes = np.array([table.get(key, -1) for key in keys] or [0], dtype=np.int64)[indices]
        shown = np.flatnonzero((codes < 0) & rows.keep)[:50].tolist()
        detail = {row: f"{meaning} {values[indices[row]]!r}" for row in shown}
        rows.blame(Fault.TYPE, codes < 0, detail)
        found: Ints = np.maximum(codes, 0)
        return found

    def _quotes(self, rows: Rows, found: Records) -> Bools:
        here = np.zeros(len(rows), dtype=np.bool_)
        for side in ("bid", "ask"):
            if side not in self.portions.columns:
                continue
            price, bad = numbers(self._column(rows, side))
            given = np.nan_to_num(price) != 0
            size = np.ones(len(rows))
            if f"{side}_size" in self.portions.columns:
                size, bad_size = numbers(self._column(rows, f"{side}_size"))
                bad |= bad_size
            rows.blame(Fault.NUMBER, bad)
            rows.blame(Fault.PRICE, np.nan_to_num(price) < 0)
            rows.blame(Fault.VOLUME, np.nan_to_num(size) < 0)
            shown = given & (np.nan_to_num(size) > 0)
            found[side] = np.where(shown, scaled(price, PRICE_PLACES_MAX), 0)
            found[f"{side}_size"] = np.where(shown, scaled(size, 0), 0)
            here |= given
        return here

    def _place(self, rows: Rows, found: Records) -> None:
        """Find the session of each row; auctions lie just outside of it."""
        outside, idle = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
        for hours, mask in by_hours(rows):
            at = rows.at_us[mask]
            days = trading_days_of(hours.market, at)
            calendar = self._listing.calendars[hours.market]
            parts = SessionsOfDays.of(hours, np.unique(days), calendar.half_days)
            place, inside = parts.locate(at)
            if hours.market is not Market.US:
                first = parts.first[np.searchsorted(parts.days, days)]
                last = parts.first[np.searchsorted(parts.days, days) + 1] - 1
                inside = at >= parts.begin[first] - _AUCTION_US
                inside &= at < parts.beyond[last] + SECOND_US
            outside[mask] = ~inside
            normal = np.full(len(at), int(TradeSession.NORMAL), dtype=np.uint8)
            us = hours.market is Market.US
            found["session"][mask] = parts.session[place] if us else normal
        rows.blame(Fault.HOURS, outside)
        for market, mask in by_market(rows):
            calendar = self._listing.calendars[market]
            days = trading_days_of(market, rows.at_us[mask])
            known = self._listing.day_numbers(market)
            covered = days >= day_number(calendar.first)
            covered &= days <= day_number(calendar.last)
            idle[mask] = covered & ~np.isin(days, known)
        rows.blame(Fault.IDLE_DAY, idle)

    def _ordered(self, rows: Rows) -> Ints:
        kept = np.flatnonzero(rows.keep)
        order = kept[np.argsort(rows.code[kept], kind="stable")]
        late = np.zeros(len(rows), dtype=np.bool_)
        for begin, end in segments(rows.code[order]):
            own = order[begin:end]
            symbol = rows.listed[rows.code[own[0]]].symbol
            at = rows.at_us[own]
            top = np.maximum.accumulate(np.maximum(at, self.portions.last.get(symbol, at[0])))
            late[own] = at < top
            self.portions.last[symbol] = int(top[-1])
        rows.blame(Fault.ORDER, late)
        return order


def _split(found: Records, order: Ints, has_print: Bools, has_quote: Bools) -> Records:
    """Return the records of the rows in `order`; a row with both is a print and then a quote."""
    both = np.concatenate((order[has_print[order]], order[has_quote[order]]))
    kind = np.concatenate(
        (
            np.full(int(np.count_nonzero(has_print[order])), TickKind.PRINT),
            np.full(int(np.count_nonzero(has_quote[order])), TickKind.QUOTE),
        )
    )
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(order))
    sorting = np.lexsort((kind, place[both]))
    rows = found[both[sorting]]
    rows["kind"] = kind[sorting]
    quotes = rows["kind"] == TickKind.QUOTE
    for name in ("price", "volume"):
        rows[name][quotes] = 0
    for name in ("bid", "bid_size", "ask", "ask_size"):
        rows[name][~quotes] = 0
    return rows
