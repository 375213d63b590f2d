"""Imported rows to what is served: settled minute bars, day bars folded from minutes, one scale.

A minute bar is stored with the turnover that its replayed prints will have, so that what is pushed
live is what the file says later. Works on whole columns, a window of rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from portway.market.bar_prints import settled_turnover
from portway.market.imported.days import midnight_of, trading_days_of
from portway.market.imported.listing import Listed
from portway.market.imported.records import (
    BAR,
    PRICE_PLACES_MAX,
    TURNOVER_PLACES_MAX,
    BarFlag,
    BarTable,
    Ints,
    Records,
    rescaled,
)
from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = [
    "WINDOW_ROWS",
    "fold_days",
    "places_of",
    "settle_days",
    "settle_minutes",
    "union",
    "without_days",
]

WINDOW_ROWS: Final = 1 << 18
_PRICES: Final = ("open", "high", "low", "close")


def places_of(rows: Records) -> int:
    """Return the fewest places that hold every price of staged rows exactly."""
    places = 0
    for begin in range(0, len(rows), WINDOW_ROWS):
        window = rows[begin : begin + WINDOW_ROWS]
        for name in _PRICES:
            while np.any(window[name] % 10 ** (PRICE_PLACES_MAX - places)):
                places += 1
    return places


def settle_minutes(rows: Records, places: int, listed: Listed) -> Records:
    """Return staged minute bars in units of `places`, each with the turnover of its prints.

    The turnover of a security has the scale of its prices; that of an index stays as staged.
    """
    found = _in_units(rows, places)
    if listed.is_index:
        return found
    unit = 10.0 ** (places - TURNOVER_PLACES_MAX)
    given = np.rint(rows["turnover"] * unit).astype(np.int64)
    step = np.full(len(rows), listed.step, dtype=np.int64)
    plain = (found["flags"] & int(BarFlag.NO_VOLUME)) == 0
    opened, high, low, close, volume = (found[name][plain] for name in (*_PRICES, "volume"))
    turnover, estimated = settled_turnover(
        opened, high, low, close, volume, given[plain], step[plain]
    )
    found["turnover"] = given  # of bars without enough shares: replayed as values, not prints
    found["turnover"][plain] = turnover
    marks = np.zeros(len(rows), dtype=np.uint16)
    marks[plain] = np.where(estimated, int(BarFlag.ESTIMATED), 0)
    found["flags"] |= marks
    return found


def settle_days(rows: Records, places: int, listed: Listed) -> Records:
    """Return staged day bars in units of `places`; turnover keeps the staged scale.

    Where the file gives none, the mean of the four prices stands in for the average one.
    """
    found = _in_units(rows, places)
    missing = (rows["turnover"] == 0) & (rows["volume"] > 0) & (not listed.is_index)
    mean = sum(rows[name].astype(np.float64) for name in _PRICES) / len(_PRICES)
    money = mean * 10.0 ** (TURNOVER_PLACES_MAX - PRICE_PLACES_MAX) * rows["volume"]
    found["turnover"] = np.where(missing, np.rint(money), rows["turnover"])
    found["flags"] |= np.where(missing, int(BarFlag.ESTIMATED), 0).astype(np.uint16)
    return found


def _in_units(rows: Records, places: int) -> Records:
    found = np.array(rows, dtype=BAR)
    for name in _PRICES:
        found[name] //= 10 ** (PRICE_PLACES_MAX - places)
    found["code"] = 0
    return found


def union(older: BarTable, newer: BarTable) -> BarTable:
    """Return the bars of both tables; where both have one, that of `newer`."""
    places = max(older.price_places, newer.price_places)
    money = max(older.turnover_places, newer.turnover_places)
    both = np.concatenate((rescaled(newer, places, money), rescaled(older, places, money)))
    # The first of equal times is kept, and the newer rows come first.
    _, first = np.unique(both["at"], return_index=True)
    return BarTable(both[first], places, money)


def without_days(table: BarTable, market: Market, days: Ints) -> BarTable:
    """Return the minute bars but those of trading days in `days`, counted from 1970."""
    own = trading_days_of(market, table.rows["at"] * 1_000_000)
    return BarTable(table.rows[~np.isin(own, days)], table.price_places, table.turnover_places)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of whole trading days, and the day of each row."""

    rows: Records
    days: Ints


def _whole_days(table: BarTable, market: Market) -> Iterator[_Stretch]:
    begin = 0
    while begin < len(table):
        end = min(begin + WINDOW_ROWS, len(table))
        days = trading_days_of(market, table.rows["at"][begin:end] * 1_000_000)
        if end < len(table):
            # The last day of a window may go on in the next one.
            inside = int(np.searchsorted(days, days[-1]))
            if inside:
                end, days = begin + inside, days[:inside]
        yield _Stretch(table.rows[begin:end], days)
        begin = end


def fold_days(table: BarTable, market: Market) -> BarTable:
    """Return the day bars of minute bars: the fold of the regular session, as a board gives it."""
    found = [np.empty(0, dtype=BAR)]
    for stretch in _whole_days(table, market):
        regular = stretch.rows["session"] == int(TradeSession.NORMAL)
        rows, days = stretch.rows[regular], stretch.days[regular]
        if not len(rows):
            continue
        first = np.concatenate(([0], np.flatnonzero(np.diff(days)) + 1))
        last = np.concatenate((first[1:], [len(rows)])) - 1
        bars = np.zeros(len(first), dtype=BAR)
        bars["at"] = [midnight_of(market, int(day)) for day in days[first]]
        bars["open"], bars["close"] = rows["open"][first], rows["close"][last]
        bars["high"] = np.maximum.reduceat(rows["high"], first)
        bars["low"] = np.minimum.reduceat(rows["low"], first)
        bars["volume"] = np.add.reduceat(rows["volume"], first)
        bars["turnover"] = np.add.reduceat(rows["turnover"], first)
        bars["flags"] = np.bitwise_or.reduceat(rows["flags"], first) | int(BarFlag.FOLDED)
        found.append(bars)
    return BarTable(np.concatenate(found), table.price_places, table.turnover_places)
