"""A folder of recorded days as a market source: what was recorded is all there is.

A recorded symbol never mixes with invented data: for days and symbols that the folder does not
hold every answer is empty. Bars of a day with prints are the fold of the prints that are replayed,
so they may differ a little from a vendor's own bars; days without prints have the vendor's day bar
as it stands in the file.

Reading a day takes from a tenth of a second to a few seconds. `prepare` does it ahead and may run
in any thread; everything else is quick for prepared days.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Final

from portway.market.importers import lean
from portway.market.importers.lean import DailyRow, LeanFolder, TickerFiles
from portway.market.recorded.actions import actions_of_factors
from portway.market.recorded.cache import Recent
from portway.market.recorded.day import (
    DayClock,
    PrintColumns,
    load_prints,
    load_quotes,
)
from portway.market.recorded.events import DayEvents, day_bar, dollars, fold_prints, join_events
from portway.market.recorded.listing import instrument_of, symbol_of
from portway.market.recorded.national_best import QuoteFeed
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Instrument
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period
from portway.model.session import Part, trading_hours
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.board import Board

__all__ = ["RecordedCounts", "RecordedSource", "open_lean"]

DAYS_MAX: Final = 16  # Days of events in memory: the busiest takes some 30 MB.
MARK_PRINTS: Final = 8192  # A snapshot folds at most so many prints: some 40 ms.
FOLDED_DAYS_MAX: Final = 512  # Days of minute bars in memory.
DAILY_FILES_MAX: Final = 128

_ZONE: Final = MARKET_ZONES[Market.US]
_DAY: Final = timedelta(days=1)
_EXACT: Final = Context(prec=40)
# From this local time on, prints and quotes belong to the next trading day's overnight session.
_NEXT_DAY_FROM: Final = time(20)
_SATURDAY: Final = 5


def open_lean(
    path: Path, *, calendar: Calendar | None = None, feed: QuoteFeed | None = None
) -> RecordedSource:
    """Open a folder in the layout of the LEAN engine; looks at file names alone.

    Args:
        path: The data folder, or the `equity/usa` folder in it.
        calendar: US trading days, for the half days; without it every day is whole.
        feed: How to read the rows of tick quotes; None finds out for each file.

    Raises:
        RecordedDataError: If there is no such folder, or no prices in it.
    """
    return RecordedSource(lean.scan(path), calendar=calendar, feed=feed)


@dataclass(frozen=True, slots=True)
class RecordedCounts:
    """What was met in the days in memory.

    Attributes:
        prints: Prints that are replayed; quotes likewise.
        suspicious: Prints that the recorder doubts: replayed as volume only.
        unknown_conditions: Prints with a condition bit that the table does not know.
        without_volume: Rows left out because they are about no shares.
    """

    days: int
    prints: int
    quotes: int
    suspicious: int
    unknown_conditions: int
    without_volume: int


_Key = tuple[Symbol, date]


class RecordedSource:
    """Replays a LEAN folder; see `portway.market.ports.MarketSource` for what each call means.

    Every call may raise `RecordedDataError` when a file that it needs is damaged.
    """

    def __init__(
        self, folder: LeanFolder, *, calendar: Calendar | None, feed: QuoteFeed | None
    ) -> None:
        self._folder = folder
        self._calendar = calendar
        self._feed = feed
        self._files: Mapping[Symbol, TickerFiles] = {
            symbol_of(ticker): files for ticker, files in folder.tickers.items()
        }
        self._prints: Recent[_Key, PrintColumns | None] = Recent(DAYS_MAX)
        self._events: Recent[_Key, DayEvents | None] = Recent(DAYS_MAX)
        self._marks: Recent[_Key, Sequence[DaySnapshot]] = Recent(DAYS_MAX)
        self._minutes: Recent[_Key, tuple[Candlestick, ...]] = Recent(FOLDED_DAYS_MAX)
        self._day_bars: Recent[_Key, Candlestick | None] = Recent(FOLDED_DAYS_MAX * 8)
        self._daily: Recent[Symbol, Mapping[date, DailyRow]] = Recent(DAILY_FILES_MAX)
        self._days: Recent[Symbol, Sequence[date]] = Recent(DAILY_FILES_MAX)
        self._actions: Recent[Symbol, tuple[CorporateAction, ...]] = Recent(DAILY_FILES_MAX)

    @property
    def root(self) -> Path:
        """The folder that is replayed."""
        return self._folder.root

    @property
    def counts(self) -> RecordedCounts:
        """Totals over the days that are in memory now, for metrics."""
        kept = [one for one in self._events.values() if one is not None]
        return RecordedCounts(
            days=len(kept),
            prints=sum(len(one.prints) for one in kept),
            quotes=sum(len(one.quotes) for one in kept),
            suspicious=sum(one.prints.suspicious for one in kept),
            unknown_conditions=sum(one.prints.unknown_flags for one in kept),
            without_volume=sum(one.prints.without_volume for one in kept),
        )

    # -- what there is -----------------------------------------------------------------------

    def symbols(self) -> Sequence[Symbol]:
        """Every recorded symbol, sorted."""
        return sorted(self._files)

    def instruments(self) -> Sequence[Instrument]:
        """Describe every recorded symbol as far as the folder allows, sorted by symbol.

        Where a reference table knows a symbol, it knows it better.
        """
        return [
            instrument_of(ticker, tuple(lean.read_map(files.map)) if files.map else ())
            for ticker, files in sorted(self._folder.tickers.items())
        ]

    def replay_days(self, symbol: Symbol) -> Sequence[date]:
        """Days of which there are prints to replay, ascending."""
        files = self._files.get(symbol)
        return tuple(files.trades) if files else ()

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Days of the daily file and days with recorded prints, ascending."""
        days = self._trading_days(symbol)
        return days[bisect_left(days, first) : bisect_right(days, last)]

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Whether prints or quotes of the day were recorded."""
        files = self._files.get(symbol)
        return files is not None and (day in files.trades or day in files.quotes)

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Whether `prepare` has nothing left to do."""
        if day not in self.replay_days(symbol):
            return True
        key = (symbol, day)
        return key in self._events and key in self._marks and key in self._minutes

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Read and fold a day, so that later calls about it are quick. For any thread.

        Does nothing for a day without prints and quotes. The days prepared last stay in memory,
        `DAYS_MAX` of them; the day before counts as one, because boards begin on its evening.
        """
        self._events_of(symbol, day - _DAY)
        events = self._events_of(symbol, day)
        if events is not None:
            self._minutes_of(symbol, day)
            self._marks_of(symbol, day, events)

    # -- market source -----------------------------------------------------------------------

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Raw bars; turnover of days without prints is their mean price times their volume."""
        days = self.trading_days(symbol, first, last)
        match period:
            case Period.ONE_MINUTE:
                return [bar for day in days for bar in self._minutes_of(symbol, day)]
            case Period.DAY:
                found = (self._day_bar(symbol, day) for day in days)
                return [bar for bar in found if bar is not None]
        raise ValueError(f"{period.name} is folded from minutes or days by the caller")

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Yield recorded events, a day being read when the first of its events is asked for."""
        files = self._files.get(symbol)
        if files is None or begin >= end:
            return
        first = begin.astimezone(_ZONE).date()
        last = (end - timedelta.resolution).astimezone(_ZONE).date()
        for day in sorted({*files.trades, *files.quotes}):
            if first <= day <= last:
                events = self._events_of(symbol, day)
                if events is not None:
                    yield from events.between(begin, end)

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """Return the board at `at`, folded on from the nearest one kept before it.

        None on a day without recorded prints.
        """
        local = at.astimezone(_ZONE)
        day = local.date() + (_DAY if local.time() >= _NEXT_DAY_FROM else timedelta())
        if day not in self.replay_days(symbol):
            return None
        events = self._events_of(symbol, day)
        evening = datetime.combine(day - _DAY, _NEXT_DAY_FROM, _ZONE).astimezone(UTC)
        before = self._events_of(symbol, day - _DAY)
        if events is None or (before is not None and before.last_print_at >= evening):
            return None  # prints of the evening before: the caller folds all events in their order
        count = events.prints_before(at)
        marks = self._marks_of(symbol, day, events)
        mark = marks[count // MARK_PRINTS]
        board = Board.restore(mark, self._parts(day))
        for trade in events.trades_from(count // MARK_PRINTS * MARK_PRINTS, count):
            board.apply(trade)
        depth = events.depth_before(at)
        if depth is None and before is not None:
            depth = before.depth_before(at)
            depth = depth if depth is not None and depth.at >= evening else None
        if depth is not None:
            board.apply(depth)
        return board.snapshot()

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Close of the trading day before, divided by a split whose ex-date is `day`."""
        bar = self._last_bar_before(symbol, day)
        if bar is None:
            return None
        before = bar.at.astimezone(_ZONE).date()
        close = bar.close
        for action in self.corporate_actions(symbol):
            if before < action.ex_date <= day and action.split != 1:
                close = _EXACT.divide(close, action.split)
        return close

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Dividends and splits that the factor file implies."""
        return self._actions.get(symbol, lambda: self._read_actions(symbol))

    # -- one day -----------------------------------------------------------------------------

    def _parts(self, day: date) -> Sequence[Part]:
        return trading_hours(Market.US).parts(day, self._is_half(day))

    def _is_half(self, day: date) -> bool:
        return self._calendar is not None and self._calendar.is_half_day(day)

    def _clock(self, day: date) -> DayClock:
        return DayClock(day, self._is_half(day))

    def _prints_of(self, symbol: Symbol, day: date) -> PrintColumns | None:
        files = self._files.get(symbol)
        if files is None or day not in files.trades:
            return None
        return self._prints.get((symbol, day), lambda: load_prints(files, self._clock(day)))

    def _events_of(self, symbol: Symbol, day: date) -> DayEvents | None:
        files = self._files.get(symbol)
        if files is None or (day not in files.trades and day not in files.quotes):
            return None
        return self._events.get((symbol, day), lambda: self._read_events(files, symbol, day))

    def _read_events(self, files: TickerFiles, symbol: Symbol, day: date) -> DayEvents:
        prints = self._prints_of(symbol, day)
        if prints is None:
            prints = PrintColumns.empty()
        quotes = load_quotes(files, day, self._feed)
        return join_events(symbol, self._clock(day), prints, quotes)

    def _marks_of(self, symbol: Symbol, day: date, events: DayEvents) -> Sequence[DaySnapshot]:
        """The board after every `MARK_PRINTS` prints of the day, from the empty one on."""

        def read() -> Sequence[DaySnapshot]:
            prev_close = self.prev_close(symbol, day) or Decimal(0)
            board = Board(symbol, day, self._parts(day), prev_close)
            marks = [board.snapshot()]
            for first in range(0, len(events.prints) - MARK_PRINTS + 1, MARK_PRINTS):
                for trade in events.trades_from(first, first + MARK_PRINTS):
                    board.apply(trade)
                marks.append(board.snapshot())
            return marks

        return self._marks.get((symbol, day), read)

    def _minutes_of(self, symbol: Symbol, day: date) -> tuple[Candlestick, ...]:
        def read() -> tuple[Candlestick, ...]:
            prints = self._prints_of(symbol, day)
            if prints is None:
                return ()
            return fold_prints(symbol, self._clock(day), prints, self.prev_close(symbol, day))

        return self._minutes.get((symbol, day), read)

    def _day_bar(self, symbol: Symbol, day: date) -> Candlestick | None:
        def read() -> Candlestick | None:
            prints = self._prints_of(symbol, day)
            bar = None if prints is None else day_bar(self._clock(day), prints)
            row = self._daily_of(symbol).get(day)
            return _bar_of(row) if bar is None and row is not None else bar

        return self._day_bars.get((symbol, day), read)

    def _last_bar_before(self, symbol: Symbol, day: date) -> Candlestick | None:
        days = self._trading_days(symbol)
        bars = (self._day_bar(symbol, one) for one in reversed(days[: bisect_left(days, day)]))
        return next((bar for bar in bars if bar is not None), None)

    # -- whole files -------------------------------------------------------------------------

    def _daily_of(self, symbol: Symbol) -> Mapping[date, DailyRow]:
        files = self._files.get(symbol)
        if files is None or files.daily is None:
            return {}
        path = files.daily
        return self._daily.get(symbol, lambda: {row.day: row for row in lean.read_daily(path)})

    def _trading_days(self, symbol: Symbol) -> Sequence[date]:
        def read() -> Sequence[date]:
            return tuple(sorted({*self._daily_of(symbol), *self.replay_days(symbol)}))

        return self._days.get(symbol, read) if symbol in self._files else ()

    def _read_actions(self, symbol: Symbol) -> tuple[CorporateAction, ...]:
        files = self._files.get(symbol)
        if files is None or files.factors is None:
            return ()
        rows = tuple(lean.read_factors(files.factors))

        def close_before(ex_date: date) -> Decimal | None:
            bar = self._last_bar_before(symbol, ex_date)
            return None if bar is None else bar.close

        next_day = _following(self._trading_days(symbol))
        return actions_of_factors(symbol, rows, next_day, close_before, files.factors)


def _following(days: Sequence[date]) -> Callable[[date], date]:
    """Return a function to the next of `days`; outside them, to the next weekday."""

    def next_day(day: date) -> date:
        place = bisect_right(days, day)
        if 0 < place < len(days):
            return days[place]
        after = day + _DAY
        while after.weekday() >= _SATURDAY:
            after += _DAY
        return after

    return next_day


def _bar_of(row: DailyRow) -> Candlestick:
    prices = (row.open, row.high, row.low, row.close)
    # The file has no turnover: the mean of the four prices stands in for the average one.
    units = sum(prices) * row.volume
    scale = Decimal(lean.PRICE_SCALE * len(prices))
    at = datetime.combine(row.day, time(), _ZONE).astimezone(UTC)
    return Candlestick(
        at,
        dollars(row.open),
        dollars(row.high),
        dollars(row.low),
        dollars(row.close),
        row.volume,
        _EXACT.divide(Decimal(units), scale),
    )
