"""The events of one recorded day in their order, and the bars that they fold into.

Times ascend; what one file says keeps its order; at the same moment prints come before quotes,
because on the recorded days a print trades at the quote that stood before that moment far more
often than at the one after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.importers.lean import PRICE_SCALE
from portway.market.recorded.day import (
    TRADE_TYPES,
    Bytes,
    DayClock,
    Ints,
    PrintColumns,
    QuoteColumns,
    directions,
)
from portway.model.quote import (
    Candlestick,
    Depth,
    Direction,
    Level,
    MarketEvent,
    Trade,
    TradeSession,
)
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.candles import fold_minutes

__all__ = ["DayEvents", "day_bar", "dollars", "fold_prints", "join_events"]

CHUNK_ROWS: Final = 4096  # Rows turned into objects at a time.

_EXACT: Final = Context(prec=40)
_SCALE: Final = Decimal(PRICE_SCALE)
_MICROSECOND: Final = timedelta(microseconds=1)
_SESSIONS: Final = tuple(TradeSession)
_DIRECTIONS: Final = tuple(Direction)


@lru_cache(maxsize=1 << 16)
def dollars(units: int) -> Decimal:
    """Return a file's price in dollars, exact, without trailing zeros."""
    return _EXACT.divide(Decimal(units), _SCALE)


@dataclass(frozen=True, slots=True)
class DayEvents:
    """One day of one symbol, ready to be replayed.

    Attributes:
        at_us: Times of all events, ascending.
        row: For each event its print, or, counted on from there, its quote.
    """

    symbol: Symbol
    clock: DayClock
    prints: PrintColumns
    quotes: QuoteColumns
    direction: Bytes
    at_us: Ints
    row: Ints

    @property
    def last_print_at(self) -> datetime:
        """Time of the last print; midnight when there is none."""
        last = int(self.prints.at_us[-1]) if len(self.prints) else 0
        return self.clock.midnight + last * _MICROSECOND

    def between(self, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield the events with `begin <= at < end`."""
        first, beyond = np.searchsorted(
            self.at_us, (self.clock.micros(begin), self.clock.micros(end))
        )
        for start in range(int(first), int(beyond), CHUNK_ROWS):
            yield from self._chunk(self.row[start : min(start + CHUNK_ROWS, int(beyond))])

    def _chunk(self, rows: Ints) -> Iterator[MarketEvent]:
        count = len(self.prints)
        is_print = rows < count
        prints = trades_at(
            self.symbol, self.clock, self.prints, rows[is_print], direction=self.direction
        )
        quotes = self._depths(rows[~is_print] - count)
        for flag in is_print.tolist():
            yield next(prints) if flag else next(quotes)

    def _depths(self, rows: Ints) -> Iterator[Depth]:
        midnight = self.clock.midnight
        quotes = self.quotes
        columns = (
            column[rows].tolist()
            for column in (
                quotes.at_us,
                quotes.bid,
                quotes.bid_size,
                quotes.bid_num,
                quotes.ask,
                quotes.ask_size,
                quotes.ask_num,
            )
        )
        for at, bid, bid_size, bid_num, ask, ask_size, ask_num in zip(*columns, strict=True):
            yield Depth(
                self.symbol,
                midnight + at * _MICROSECOND,
                (Level(dollars(ask), ask_size, ask_num),) if ask else (),
                (Level(dollars(bid), bid_size, bid_num),) if bid else (),
            )

    def depth_before(self, at: datetime) -> Depth | None:
        """Return the latest depth before `at`, or None."""
        place = int(np.searchsorted(self.quotes.at_us, self.clock.micros(at)))
        return next(self._depths(np.array([place - 1])), None) if place else None

    def prints_before(self, at: datetime) -> int:
        """Return how many prints come before `at`."""
        return int(np.searchsorted(self.prints.at_us, self.clock.micros(at)))

    def trades_from(self, first: int, beyond: int) -> Iterator[Trade]:
        """Yield the prints numbered `first` to `beyond`, the latter not included."""
        for start in range(first, beyond, CHUNK_ROWS):
            rows = np.arange(start, min(start + CHUNK_ROWS, beyond))
            yield from trades_at(
                self.symbol, self.clock, self.prints, rows, direction=self.direction
            )


def join_events(
    symbol: Symbol, clock: DayClock, prints: PrintColumns, quotes: QuoteColumns
) -> DayEvents:
    """Put prints and quotes into one order, prints first where times are equal."""
    times = np.concatenate((prints.at_us, quotes.at_us))
    row = np.argsort(times, kind="stable")
    return DayEvents(
        symbol, clock, prints, quotes, directions(prints, quotes), times[row], row.astype(np.int64)
    )


def trades_at(
    symbol: Symbol,
    clock: DayClock,
    prints: PrintColumns,
    rows: Ints,
    *,
    direction: Bytes | None = None,
) -> Iterator[Trade]:
    """Yield the prints of these rows; neutral ones where no `direction` is given."""
    midnight = clock.midnight
    ways = [0] * len(rows) if direction is None else direction[rows].tolist()
    columns = (prints.at_us, prints.price, prints.volume, prints.trade_type, prints.session)
    lists = (column[rows].tolist() for column in columns)
    for at, price, volume, code, session, way in zip(*lists, ways, strict=True):
        yield Trade(
            symbol,
            midnight + at * _MICROSECOND,
            dollars(price),
            volume,
            TRADE_TYPES[code],
            _DIRECTIONS[way],
            _SESSIONS[session],
        )


def fold_prints(
    symbol: Symbol, clock: DayClock, prints: PrintColumns, prev_close: Decimal | None
) -> tuple[Candlestick, ...]:
    """Return the one-minute bars of the day, all sessions, as live clients fold them."""
    counted = np.flatnonzero(prints.counts)
    parts = trading_hours(Market.US).parts(clock.day, clock.half)
    trades = trades_at(symbol, clock, prints, counted)
    return fold_minutes(trades, parts, prev_close, market=Market.US)


def day_bar(clock: DayClock, prints: PrintColumns) -> Candlestick | None:
    """Return the bar of the regular session; None when no print of it set a price."""
    regular = prints.session == int(TradeSession.NORMAL)
    prices = prints.price[regular & prints.sets_price]
    if not len(prices):
        return None
    counted = regular & prints.counts
    volume = prints.volume[counted]
    # Shares times 1/10,000 dollars of a day stay far below 2**63.
    turnover = int(np.dot(prints.price[counted], volume))
    return Candlestick(
        clock.midnight,
        dollars(int(prices[0])),
        dollars(int(prices.max())),
        dollars(int(prices.min())),
        dollars(int(prices[-1])),
        int(volume.sum()),
        _EXACT.divide(Decimal(turnover), _SCALE),
    )
