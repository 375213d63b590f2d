"""Market temperatures from day bars, and of the running day from boards.

A market is its leading index and the index's largest members. Bars of closed days are read once
and kept while the same day is the latest; the running day is looked at anew each minute.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol

from portway.market.bar_reader import BarReader
from portway.market.indicators import Present
from portway.market.reference import Reference
from portway.model.calendar import Calendar
from portway.model.hours import trading_hours
from portway.model.instrument import Instrument
from portway.model.quote import AdjustType, Candlestick, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.board import Board
from portway.quotes.temperature import (
    AVERAGE_DAYS,
    HISTORY_DAYS,
    MarketDay,
    Temperature,
    monthly,
    temperatures,
)

__all__ = ["DAILY_DAYS_MAX", "LEADING", "Granularity", "NoTemperature", "Temperatures"]

LEADING: Final = {
    Market.HK: Symbol("HSI.HK"),
    Market.US: Symbol(".SPX.US"),
    Market.CN: Symbol("000001.SH"),
}
MEMBERS_MAX: Final = 12  # of an index, in the order of the table of instruments
DAILY_DAYS_MAX: Final = 90  # calendar days of a question that is answered day by day
SERIES_MAX: Final = 512  # series of bars kept; the longest unused goes first
# Calendar days that hold so many trading days, holidays and all.
_HISTORY: Final = timedelta(days=HISTORY_DAYS * 3 // 2 + 30)
_AVERAGE: Final = timedelta(days=AVERAGE_DAYS * 3)


class NoTemperature(Exception):
    """The market has no leading index here."""


class Granularity(StrEnum):
    """What one row of a history stands for; spelled as the clients read it."""

    DAILY = "daily"
    MONTHLY = "monthly"


class Markets(Present, Protocol):
    """What of the running markets temperatures need."""

    @property
    def reference(self) -> Reference: ...

    def instrument(self, symbol: str) -> Instrument | None: ...

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None: ...


@dataclass(slots=True)
class _Series:
    """Adjusted day bars of one symbol, of the days `first` to `last`."""

    first: date
    last: date
    days: list[date]
    bars: list[Candlestick]


class Temperatures:
    """The temperatures of all markets. Belongs to one event loop."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._series: OrderedDict[tuple[Symbol, date], _Series] = OrderedDict()
        self._latest: dict[Market, tuple[datetime, Temperature, datetime]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def latest(self, market: Market) -> tuple[Temperature, datetime]:
        """Return the present temperature and since when it holds: the minute, or the last close.

        Raises:
            NoTemperature: If the market has none.
        """
        index = self._index(market)
        minute = self._markets.now(market).replace(second=0, microsecond=0)
        async with self._one_at_a_time:
            kept = self._latest.get(market)
            if kept is None or kept[0] != minute:
                kept = self._latest[market] = (minute, *await self._look(index, minute))
        return kept[1], kept[2]

    async def history(
        self, market: Market, first: date, last: date
    ) -> tuple[Granularity, list[Temperature]]:
        """Return the temperatures of the closed days from `first` to `last`, inclusive.

        One row a day, or a month where the question spans more than `DAILY_DAYS_MAX` days.

        Raises:
            NoTemperature: If the market has none.
        """
        index = self._index(market)
        closed = self._last_closed(index)
        granularity = Granularity.DAILY
        if (last - first).days > DAILY_DAYS_MAX:
            granularity = Granularity.MONTHLY
        if first > closed:
            return granularity, []
        async with self._one_at_a_time:
            days = await self._days(index, first, min(last, closed))
        rows = temperatures(days, first)
        return granularity, rows if granularity is Granularity.DAILY else monthly(rows)

    # -- days --------------------------------------------------------------------------------

    def _index(self, market: Market) -> Instrument:
        symbol = LEADING.get(market)
        found = None if symbol is None else self._markets.instrument(symbol)
        if found is None:
            raise NoTemperature(market)
        return found

    def _members(self, index: Instrument) -> list[Instrument]:
        listed = self._markets.reference.instruments.values()
        found = (one for one in listed if one.in_index(index.symbol))
        known = (one for one in found if self._markets.instrument(one.symbol) is not None)
        return [one for _, one in zip(range(MEMBERS_MAX), known, strict=False)]

    def _last_closed(self, index: Instrument) -> date:
        """The latest day whose regular session is over."""
        market, calendar = index.market, self._markets.calendar(index.market)
        now = self._markets.now(market)
        day = calendar.latest_on_or_before(now.astimezone(MARKET_ZONES[market]).date())
        parts = trading_hours(market, index.board).parts(day, calendar.is_half_day(day))
        ends = max(one.end + one.grace for one in parts if one.session is TradeSession.NORMAL)
        return day if now >= ends else calendar.previous_trading_day(day)

    async def _days(self, index: Instrument, first: date, last: date) -> list[MarketDay]:
        """What closed days give, from far enough before `first` on."""
        levels = await self._read(index, first - _HISTORY, last)
        breadth: dict[date, list[int]] = {}
        for member in self._members(index):
            series = await self._read(member, first - _AVERAGE, last)
            _count(breadth, series)
        return [
            MarketDay(day, bar.close, bar.turnover, *breadth.get(day, (0, 0, 0, 0)))
            for day, bar in zip(levels.days, levels.bars, strict=True)
            if day <= last
        ]

    async def _read(self, instrument: Instrument, first: date, last: date) -> _Series:
        key = (instrument.symbol, last)
        kept = self._series.get(key)
        if kept is not None and kept.first <= first:
            self._series.move_to_end(key)
            return kept
        bars = list(self._reader(instrument, last).newest((last - first).days + 1, first=first))
        zone = MARKET_ZONES[instrument.market]
        days = [bar.at.astimezone(zone).date() for bar in bars]
        kept = _Series(first, last, days, bars)
        if last - first <= _HISTORY + timedelta(days=DAILY_DAYS_MAX):  # longer ones are rare
            self._series[key] = kept
            while len(self._series) > SERIES_MAX:
                self._series.popitem(last=False)
        await asyncio.sleep(0)  # the others' turn
        return kept

    def _reader(self, instrument: Instrument, last: date) -> BarReader:
        source = self._markets.source(instrument.symbol)
        assert source is not None, f"{instrument.symbol} is listed"
        calendar: Calendar = self._markets.calendar(instrument.market)
        return BarReader(
            source=source,
            symbol=instrument.symbol,
            hours=trading_hours(instrument.market, instrument.board),
            calendar=calendar,
            period=Period.DAY,
            adjust=AdjustType.FORWARD_ADJUST,
            all_sessions=False,
            last_day=last,
            board=None,
        )

    # -- the running day ---------------------------------------------------------------------

    async def _look(self, index: Instrument, minute: datetime) -> tuple[Temperature, datetime]:
        market, closed = index.market, self._last_closed(index)
        days = await self._days(index, closed, closed)
        await self._markets.ready((index.symbol,))
        board = self._markets.board(index.symbol)
        assert board is not None, f"{index.symbol} is listed"
        quote = board.quote()
        if board.trading_day <= closed or not quote.open:
            at = quote.at if board.trading_day <= closed else board.quote(minute).at
            return temperatures(days, closed)[-1], at
        counts = [0, 0, 0, 0]
        for member in self._members(index):
            await self._markets.ready((member.symbol,))
            own = self._markets.board(member.symbol)
            series = await self._read(member, closed - _AVERAGE, closed)
            if own is not None:
                _add(counts, _closes(series), *_present(own))
        today = MarketDay(board.trading_day, quote.last_done, quote.turnover, *counts)
        return temperatures([*days, today], today.day)[-1], min(minute, self._markets.now(market))


def _present(board: Board) -> tuple[Decimal, Decimal]:
    quote = board.quote()
    return quote.last_done, board.prev_close


def _closes(series: _Series) -> list[Decimal]:
    return [bar.close for bar in series.bars[1 - AVERAGE_DAYS :]]


def _count(breadth: dict[date, list[int]], series: _Series) -> None:
    """Add what each day of a share says about the market."""
    closes = [bar.close for bar in series.bars]
    for place in range(1, len(closes)):
        before = closes[max(0, place - AVERAGE_DAYS + 1) : place]
        counts = breadth.setdefault(series.days[place], [0, 0, 0, 0])
        _add(counts, before, closes[place], closes[place - 1])


def _add(counts: list[int], earlier: Sequence[Decimal], last: Decimal, before: Decimal) -> None:
    """Add one share's day: `earlier` are the closes that its average takes in beside `last`."""
    counts[0] += last > before
    counts[1] += last < before
    if len(earlier) == AVERAGE_DAYS - 1:
        counts[2] += last * AVERAGE_DAYS > sum(earlier, last)
        counts[3] += 1
