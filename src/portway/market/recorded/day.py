"""One recorded day of one US security as compact columns: its prints and its best quotes.

Prints come from the finest trade file of the day, quotes from the finest quote file. A bar that
stands in for its prints becomes a few prints that fold back into exactly that bar. Files are read
here, in one go and without any shared state, so that this may run in any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from portway.market.bar_prints import even_prints
from portway.market.importers.lean import (
    QuoteBarRow,
    Resolution,
    TickerFiles,
    TradeBarRow,
    TradeRow,
    read_quote_bars,
    read_quotes,
    read_trade_bars,
    read_trades,
)
from portway.market.recorded.conditions import classify, unknown_bits
from portway.market.recorded.national_best import BestQuote, QuoteFeed, merge_quotes
from portway.model.quote import Direction, TradeSession
from portway.model.session import trading_hours
from portway.model.symbol import MARKET_ZONES, Market
from portway.quotes.effects import TradeEffect, effect_of

__all__ = [
    "DayClock",
    "PrintColumns",
    "QuoteColumns",
    "TRADE_TYPES",
    "bar_prints",
    "directions",
    "load_prints",
    "load_quotes",
]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

TRADE_TYPES: Final = ("", *"ABCDEFGHIKMPQSVWX1")
_TYPE_INDEX: Final = {code: index for index, code in enumerate(TRADE_TYPES)}
_OFF_EXCHANGE: Final = "D"  # Letter of the trade reporting facility of FINRA.
_FLAGS_OF_BARS: Final = 1  # A print made of a bar is a regular one.
_MILLISECOND: Final = 1000


@dataclass(frozen=True, slots=True)
class DayClock:
    """Turns microseconds since New York midnight of a day into instants and sessions."""

    day: date
    half: bool

    @property
    def midnight(self) -> datetime:
        """New York midnight as UTC."""
        return datetime.combine(self.day, time(), MARKET_ZONES[Market.US]).astimezone(UTC)

    def micros(self, at: datetime) -> int:
        """Return microseconds from midnight to `at`, below zero before it."""
        passed = at - self.midnight
        return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds

    def regular_us(self) -> tuple[int, int]:
        """Return begin and end of the regular session."""
        (regular,) = trading_hours(Market.US).regular_parts(self.day, self.half)
        return self.micros(regular.begin), self.micros(regular.end)


@dataclass(frozen=True, slots=True)
class PrintColumns:
    """The prints of a day in order, a column per field.

    Attributes:
        price: In 1/10,000 dollar.
        trade_type: Index into `TRADE_TYPES`.
        session: Numbers of `TradeSession`.
        has_side: Whether the print says who took the initiative.
        sets_price: Whether clients let it move prices in its session.
        counts: Whether clients add its shares to the volume.
        suspicious: Number of rows that the recorder doubts.
        unknown_flags: Number of rows with a condition bit that the table does not know.
        without_volume: Number of rows left out because they are about no shares.
    """

    at_us: Ints
    price: Ints
    volume: Ints
    trade_type: Bytes
    session: Bytes
    has_side: Bools
    sets_price: Bools
    counts: Bools
    resolution: Resolution
    suspicious: int
    unknown_flags: int
    without_volume: int

    def __len__(self) -> int:
        return len(self.at_us)

    @classmethod
    def empty(cls) -> PrintColumns:
        """Return the prints of a day that has only quotes."""
        ints, octets = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8)
        bools = np.empty(0, dtype=np.bool_)
        return cls(ints, ints, ints, octets, octets, bools, bools, bools, Resolution.TICK, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """The changes of the best bid and offer of a day, a column per field of `BestQuote`."""

    at_us: Ints
    bid: Ints
    bid_size: Ints
    bid_num: Ints
    ask: Ints
    ask_size: Ints
    ask_num: Ints

    def __len__(self) -> int:
        return len(self.at_us)


# --- Prints -----------------------------------------------------------------------------------


def load_prints(files: TickerFiles, clock: DayClock) -> PrintColumns | None:
    """Read the prints of a day from its finest trade file; None when there is no such file.

    Raises:
        RecordedDataError: If the file is damaged.
    """
    available = files.trades.get(clock.day)
    if not available:
        return None
    resolution, path = available[0]
    if resolution is Resolution.TICK:
        return _columns(read_trades(path), resolution, clock)
    length = resolution.length_us
    rows = chain.from_iterable(bar_prints(bar, length) for bar in read_trade_bars(path))
    return _columns(rows, resolution, clock)


def _columns(rows: Iterable[TradeRow], resolution: Resolution, clock: DayClock) -> PrintColumns:
    begin, end = clock.regular_us()
    at_us: list[int] = []
    prices: list[int] = []
    volumes: list[int] = []
    classes: list[int] = []  # index into `kinds`
    kinds: dict[tuple[int, TradeSession, bool, bool], int] = {}
    suspicious = without_volume = 0
    for at, price, volume, exchange, flags, doubted in rows:
        suspicious += doubted
        if not volume:
            without_volume += 1
            continue
        if at < begin:
            session = TradeSession.PRE
        elif at < end:
            session = TradeSession.NORMAL
        else:
            session = TradeSession.POST
        key = (flags, session, doubted, exchange == _OFF_EXCHANGE)
        at_us.append(at)
        prices.append(price)
        volumes.append(volume)
        classes.append(kinds.setdefault(key, len(kinds)))
    index = np.array(classes, dtype=np.int64)
    table = [_kind(*key) for key in kinds]
    unknown = sum(
        int(np.count_nonzero(index == number))
        for number, key in enumerate(kinds)
        if unknown_bits(key[0])
    )
    return PrintColumns(
        np.array(at_us, dtype=np.int64),
        np.array(prices, dtype=np.int64),
        np.array(volumes, dtype=np.int64),
        np.array([kind.trade_type for kind in table], dtype=np.uint8)[index],
        np.array([kind.session for kind in table], dtype=np.uint8)[index],
        np.array([kind.has_side for kind in table], dtype=np.bool_)[index],
        np.array([kind.sets_price for kind in table], dtype=np.bool_)[index],
        np.array([kind.counts for kind in table], dtype=np.bool_)[index],
        resolution,
        suspicious,
        unknown,
        without_volume,
    )


class _Kind(NamedTuple):
    trade_type: int
    session: int
    has_side: bool
    sets_price: bool
    counts: bool


def _kind(flags: int, session: TradeSession, suspicious: bool, off_exchange: bool) -> _Kind:
    """Return everything that follows from a print's conditions, session and kind of exchange."""
    found = classify(flags, session, suspicious=suspicious)
    effect = effect_of(Market.US, found.trade_type, found.session)
    return _Kind(
        _TYPE_INDEX[found.trade_type],
        int(found.session),
        found.has_side and not off_exchange,
        effect is TradeEffect.PRICE_AND_VOLUME,
        effect is not TradeEffect.NONE,
    )


def bar_prints(bar: TradeBarRow, length_us: int) -> Iterator[TradeRow]:
    """Yield the fewest prints that fold back into `bar`; none for a bar without shares.

    They stand at the prices of the bar's path, spread evenly over it from its beginning. The shares
    are split evenly, the first prints taking the rest.
    """
    if not bar.volume:
        return
    prints = even_prints(bar.path, bar.volume)
    step = length_us // len(prints)
    for number, (price, volume) in enumerate(prints):
        yield TradeRow(bar.at_us + number * step, price, volume, "", _FLAGS_OF_BARS, False)


# --- Quotes -----------------------------------------------------------------------------------


def load_quotes(files: TickerFiles, day: date, feed: QuoteFeed | None = None) -> QuoteColumns:
    """Read the best quotes of a day from its finest quote file; empty when there is none.

    Of a quote bar only the closing quote is told, at the last millisecond of the bar: shown
    earlier it would be known before its time.

    Raises:
        RecordedDataError: If the file is damaged.
    """
    available = files.quotes.get(day, ())
    rows: Iterable[BestQuote] = ()
    if available:
        resolution, path = available[0]
        if resolution is Resolution.TICK:
            rows = merge_quotes(read_quotes(path), feed)
        else:
            rows = _closing_quotes(read_quote_bars(path), resolution)
    table = np.array(list(rows), dtype=np.int64).reshape(-1, len(BestQuote._fields))
    return QuoteColumns(*np.ascontiguousarray(table.T))


def _closing_quotes(bars: Iterable[QuoteBarRow], resolution: Resolution) -> Iterator[BestQuote]:
    last = (0, 0, 0, 0)
    for at, bid, bid_size, ask, ask_size in bars:
        if not (bid and bid_size):
            bid = bid_size = 0
        if not (ask and ask_size):
            ask = ask_size = 0
        now = (bid, bid_size, ask, ask_size)
        if now != last:
            last = now
            end = at + resolution.length_us - _MILLISECOND
            yield BestQuote(end, bid, bid_size, int(bid > 0), ask, ask_size, int(ask > 0))


# --- Direction --------------------------------------------------------------------------------


def directions(prints: PrintColumns, quotes: QuoteColumns) -> Bytes:
    """Return the `Direction` of every print.

    The quote rule first, against the best quotes before the print: at or above the ask up, at or
    below the bid down, between the two neutral. Where that does not decide (no quote on the side,
    or a locked or crossed market) the tick rule: against the last different price that was set.
    Prints that have no side are neutral.
    """
    place = np.searchsorted(quotes.at_us, prints.at_us, side="left") - 1
    bid = np.where(place >= 0, _at(quotes.bid, place), 0)
    ask = np.where(place >= 0, _at(quotes.ask, place), 0)
    up = (ask > 0) & (prints.price >= ask)
    down = (bid > 0) & (prints.price <= bid)
    inside = (bid > 0) & (ask > 0) & ~up & ~down
    ticks = _tick_rule(prints)
    found = np.where(up == down, ticks, np.where(up, Direction.UP, Direction.DOWN))
    found = np.where(inside | ~prints.has_side, Direction.NEUTRAL, found)
    return found.astype(np.uint8)


def _at(column: Ints, place: Ints) -> Ints:
    return column[np.maximum(place, 0)] if len(column) else np.zeros(len(place), dtype=np.int64)


def _tick_rule(prints: PrintColumns) -> Ints:
    """Compare each price with the last different one that was set before it."""
    setting = np.flatnonzero(prints.sets_price)
    found = np.full(len(prints), int(Direction.NEUTRAL), dtype=np.int64)
    if not len(setting):
        return found
    steps = np.sign(np.diff(prints.price[setting], prepend=prints.price[setting[0]]))
    # A price equal to the one before goes the way of the last step that was one.
    last_step = np.maximum.accumulate(np.where(steps != 0, np.arange(len(steps)), 0))
    way = steps[last_step]
    found[setting] = np.where(way > 0, Direction.UP, np.where(way < 0, Direction.DOWN, 0))
    return found
