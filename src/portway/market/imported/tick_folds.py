"""A day of imported ticks as the bars it gives: the board's own fold, at import.

The bars are those that live clients saw being made, because the same board makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.imported.events import trades_of
from portway.market.imported.listing import Listed
from portway.market.imported.ports import TickColumns
from portway.market.imported.records import BAR, PRICE_PLACES_MAX, BarFlag, BarTable, Records
from portway.model.quote import Candlestick
from portway.quotes.board import Board

__all__ = ["TickFold", "fold_tick_day", "tick_places"]

_FIELDS: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class TickFold:
    """The bars of one day: minutes of every session, and the day bar or none."""

    minutes: BarTable
    days: BarTable


def tick_places(rows: Records) -> int:
    """Return the fewest places that hold every price of staged ticks exactly."""
    places = 0
    for name in ("price", "bid", "ask"):
        while np.any(rows[name] % 10 ** (PRICE_PLACES_MAX - places)):
            places += 1
    return places


def fold_tick_day(
    columns: TickColumns, listed: Listed, day: date, half: bool, prev_close: Decimal
) -> TickFold:
    """Return the bars of a day's prints.

    Args:
        prev_close: Zero where there is none.
    """
    board = Board(listed.symbol, day, listed.hours.parts(day, half), prev_close)
    for trade in trades_of(listed.symbol, columns):
        board.apply(trade)
    candle = board.day_candle()
    places = columns.price_places
    return TickFold(
        _table(board.minutes(), places),
        _table([] if candle is None else [candle], places),
    )


def _table(bars: Sequence[Candlestick], places: int) -> BarTable:
    rows = np.zeros(len(bars), dtype=BAR)
    rows["at"] = [int(bar.at.timestamp()) for bar in bars]
    for name in _FIELDS:
        rows[name] = [int(getattr(bar, name).scaleb(places)) for bar in bars]
    rows["volume"] = [bar.volume for bar in bars]
    rows["turnover"] = [int(bar.turnover.scaleb(places)) for bar in bars]
    rows["session"] = [int(bar.session) for bar in bars]
    unpriced = [0 if bar.priced else int(BarFlag.UNPRICED) for bar in bars]
    rows["flags"] = np.array(unpriced, dtype=np.uint16) | int(BarFlag.FOLDED)
    return BarTable(rows, places, places)
