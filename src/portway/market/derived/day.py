"""One contract's trading day: its prints, the book around them, and its state at any instant.

The book follows the underlying's own ticks, as they come; a market maker quotes both sides around
the contract's value. A day that ends early (expiry, mandatory call) ends with a status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np

from portway.market.derived.grid import TickGrid
from portway.market.derived.tape import (
    Activity,
    Quoter,
    Tape,
    day_bar,
    minute_bars,
    minute_of,
    tape_of,
)
from portway.market.derived.underlyings import Path
from portway.market.synthetic.draws import Floats, Ints, sub_key, uniforms, words
from portway.market.synthetic.grid import money, price
from portway.market.synthetic.layout import MINUTE_US, instant, microseconds
from portway.model.instrument import Instrument
from portway.model.quote import (
    Candlestick,
    DaySnapshot,
    Depth,
    Direction,
    Level,
    MarketEvent,
    SessionQuote,
    StatusChange,
    Trade,
    TradeSession,
    TradeStatus,
)

__all__ = ["ContractDay", "DayTerms", "Value"]

TRADES_MAX: Final = 1000
_BOOK_LAG_US: Final = 30_000  # A market maker follows a tick of the underlying so much later.
_BOOK_EVERY_US: Final = 1_500_000  # and not more often than this.
_BEFORE_PRINT_US: Final = 20_000
_SIZE_MIN: Final = 1
_UNITS: Final = 10_000.0

# What one unit of the contract is worth, for prices of the underlying at instants.
Value = Callable[[Floats, Ints], Floats]
# Instants and prices of the underlying's ticks between two instants.
TicksOf = Callable[[int, int], Sequence[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class DayTerms:
    """How a contract trades on one day.

    Attributes:
        key: Address of the day's draws.
        starts: Begin of each minute, microseconds; `end` of the session.
        width: Half of the usual spread as a part of the price, and the least of it in ticks.
        book_from: The market maker is not there before this instant.
        size: Usual size at the touch; `levels`: prices shown on a side.
        ends_at: Instant at which the contract ended for good; None when it outlives the day.
        highest: Price above which nobody pays, in units; None without one.
    """

    key: int
    starts: Ints
    end: int
    width: tuple[float, float]
    activity: Activity
    size: int
    levels: int
    multiplier: int = 1
    book_from: int = 0
    ends_at: int | None = None
    highest: int | None = None


class ContractDay:
    """A day of a contract; everything in it is made when it is first asked for."""

    def __init__(
        self,
        instrument: Instrument,
        day: date,
        midnight_us: int,
        path: Path,
        terms: DayTerms,
        grid: TickGrid,
        value: Value,
        ticks_of: TicksOf,
    ) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.day = day
        self.terms = terms
        self.path = path
        self._midnight_us = midnight_us
        self._grid = grid
        self._value = value
        self._ticks_of = ticks_of
        self._minutes: dict[int, list[MarketEvent]] = {}

    # -- prices ------------------------------------------------------------------------------

    def quote(self, underlying: Floats, us: Ints) -> tuple[Ints, Ints]:
        """Return bid and ask in units; a bid of 0 is none."""
        middle = self._value(underlying, us) * _UNITS
        part, ticks = self.terms.width
        half = middle * part + ticks * self._grid.tick(middle)
        bid, ask = self._grid.down(middle - half), self._grid.up(middle + half)
        ask = np.maximum(ask, bid + self._grid.tick(bid.astype(np.float64)))
        highest = self.terms.highest
        if highest is None:
            return bid, ask
        return np.minimum(bid, self._grid.step(highest, -1)), np.minimum(ask, highest)

    def value_at(self, us: int) -> Decimal:
        """Return the theoretical price at an instant, on a tick."""
        at = np.array([us], dtype=np.int64)
        middle = self._value(self.path.as_of(at), at) * _UNITS
        return price(int(np.maximum(self._grid.down(middle), self._grid.lowest)[0]))

    @cached_property
    def tape(self) -> Tape:
        """The day's prints."""
        terms = self.terms
        quoter: Quoter = self.quote
        return tape_of(terms.key, terms.starts, self.path, terms.activity, quoter, terms.ends_at)

    @cached_property
    def bars(self) -> tuple[Candlestick, ...]:
        """The minutes that have prints."""
        return tuple(minute_bars(self.tape, self.terms.starts, self.terms.multiplier))

    @cached_property
    def bar(self) -> Candlestick | None:
        """The whole day; None without a print."""
        return day_bar(self.tape, self._midnight_us, self.terms.multiplier)

    @property
    def closing_price(self) -> Decimal:
        """The last print, or what the contract was worth at the end when there was none."""
        if len(self.tape):
            return price(int(self.tape.price[-1]))
        return self.value_at(self.terms.end)

    # -- events ------------------------------------------------------------------------------

    def events(self, begin: int, end: int) -> Iterator[MarketEvent]:
        """Yield the events with `begin <= at < end`, in order."""
        starts = self.terms.starts
        first = max(0, minute_of(starts, begin))
        for minute in range(first, len(starts)):
            if int(starts[minute]) >= end:
                break
            for event in self._minute(minute):
                if begin <= _us(event) < end:
                    yield event
        over = self.ended_at
        if over is not None and begin <= over < end:
            yield StatusChange(self.symbol, instant(over), TradeStatus.EXPIRED)

    @property
    def ended_at(self) -> int | None:
        """When the contract's status became expired on this day; None: it did not."""
        return self.terms.ends_at

    def _minute(self, minute: int) -> list[MarketEvent]:
        made = self._minutes.get(minute)
        if made is None:
            if len(self._minutes) > 8:
                self._minutes.clear()
            made = self._minutes[minute] = self._make_minute(minute)
        return made

    def _make_minute(self, minute: int) -> list[MarketEvent]:
        begin = int(self.terms.starts[minute])
        trades = self._trades(minute)
        stamps = [begin + _BOOK_LAG_US, *(_us(one) - _BEFORE_PRINT_US for one in trades)]
        opened = float(self.path.as_of(np.array([begin]))[0])
        # A print is valued as of the begin of its minute, and so is the book that it meets.
        marks = [(stamp, opened, begin) for stamp in stamps]
        latest = begin
        for at, at_price in self._ticks_of(begin, begin + MINUTE_US):
            stamp = at + _BOOK_LAG_US
            if stamp - latest >= _BOOK_EVERY_US and stamp < begin + MINUTE_US:
                # While prints of the minute's opening are still to come the quote stays there.
                if trades and stamp < _us(trades[-1]):
                    continue
                marks.append((stamp, at_price, stamp))
                latest = stamp
        marks = [mark for mark in marks if self._has_book(mark[0])]
        books = self._books(minute, sorted(marks))
        return sorted([*books, *trades], key=_us)

    def _has_book(self, at: int) -> bool:
        ends = self.terms.ends_at
        return at >= self.terms.book_from and (ends is None or at < ends)

    def _trades(self, minute: int) -> list[Trade]:
        tape = self.tape
        begin, end = (int(np.searchsorted(tape.minute, one)) for one in (minute, minute + 1))
        return self._trades_of(begin, end)

    def _trades_of(self, begin: int, end: int) -> list[Trade]:
        tape, cut = self.tape, slice(begin, end)
        rows = zip(
            tape.at[cut].tolist(), tape.price[cut].tolist(), tape.volume[cut].tolist(),
            tape.up[cut].tolist(), strict=True,
        )  # fmt: skip
        return [
            Trade(
                self.symbol, instant(at), price(value), volume, "",
                Direction.UP if up else Direction.DOWN, TradeSession.NORMAL,
                self.terms.multiplier,
            )
            for at, value, volume, up in rows
        ]  # fmt: skip

    def _books(self, minute: int, marks: Sequence[tuple[int, float, int]]) -> list[MarketEvent]:
        if not marks:
            return []
        at = np.array([mark[0] for mark in marks], dtype=np.int64)
        spot = np.array([mark[1] for mark in marks])
        valued = np.array([mark[2] for mark in marks], dtype=np.int64)
        bid, ask = self.quote(spot, valued)
        levels = self.terms.levels
        number = np.arange(len(marks))[:, None] * (2 * levels) + np.arange(2 * levels)
        drawn = words(sub_key(self.terms.key, 3), minute * 4096 + number)
        sizes = _SIZE_MIN + np.floor(self.terms.size * (0.2 + 2.0 * uniforms(drawn) ** 2))
        lot = self.terms.activity.lot
        rows = zip(
            at.tolist(), bid.tolist(), ask.tolist(), sizes.astype(np.int64).tolist(), strict=True
        )
        return [
            Depth(
                self.symbol,
                instant(us),
                self._levels(asked, 1, size[:levels], lot),
                self._levels(offered, -1, size[levels:], lot),
            )
            for us, offered, asked, size in rows
        ]

    def _levels(self, best: int, step: int, sizes: Sequence[int], lot: int) -> tuple[Level, ...]:
        found: list[Level] = []
        at = best
        for number, size in enumerate(sizes):
            if at <= 0:
                break
            found.append(Level(price(at), size * lot, 1 + number % 3 + size % 4))
            at = self._grid.step(at, step)
            if at < self._grid.lowest:
                break
        return tuple(found)

    # -- the present -------------------------------------------------------------------------

    def snapshot(self, us: int, prev_close: Decimal) -> DaySnapshot:
        """Return the state after all events before an instant."""
        done = self.tape.before(us)
        bars = tuple(minute_bars(done, self.terms.starts, self.terms.multiplier))
        sessions = {}
        if len(done):
            sessions[TradeSession.NORMAL] = self._session(done, prev_close)
        over = self.ended_at
        return DaySnapshot(
            symbol=self.symbol,
            trading_day=self.day,
            prev_close=prev_close,
            sessions=sessions,
            minutes=bars,
            auction_volume=0,
            auction_turnover=Decimal(0),
            trades=tuple(self._trades_of(max(0, len(done) - TRADES_MAX), len(done))),
            depth=self._depth_before(us),
            brokers=None,
            status=TradeStatus.NORMAL if over is None or over >= us else TradeStatus.EXPIRED,
        )

    def _session(self, tape: Tape, prev_close: Decimal) -> SessionQuote:
        prices = tape.price
        return SessionQuote(
            price(int(prices[-1])), price(int(prices[0])), price(int(prices.max())),
            price(int(prices.min())), int(tape.volume.sum()),
            money(int((prices * tape.volume).sum()) * self.terms.multiplier),
            instant(int(tape.at[-1])), prev_close,
        )  # fmt: skip

    def last_session(self, prev_close: Decimal) -> SessionQuote | None:
        """Return the day as a whole; None without a print."""
        return self._session(self.tape, prev_close) if len(self.tape) else None

    def _depth_before(self, us: int) -> Depth | None:
        minute = min(minute_of(self.terms.starts, us - 1), len(self.terms.starts) - 1)
        for number in range(minute, max(-1, minute - 2), -1):
            for event in reversed(self._minute(number)):
                if isinstance(event, Depth) and _us(event) < us:
                    return event
        return None


def _us(event: MarketEvent) -> int:
    return microseconds(event.at)
