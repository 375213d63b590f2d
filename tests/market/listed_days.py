"""A small market source that keeps the prints of each day in memory and answers from them alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.hours import Part, trading_hours
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period, Trade, TradeSession
from portway.model.symbol import MARKET_ZONES, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.candles import fold_minutes


@dataclass
class ListedDays:
    """One symbol; every answer is folded from the prints, nothing is stored twice."""

    symbol: Symbol
    calendar: Calendar
    prints: dict[date, list[Trade]]
    actions: list[CorporateAction] = field(default_factory=list)
    keeps_snapshots: bool = False
    days_read: list[date] = field(default_factory=list)

    def symbols(self) -> Collection[Symbol]:
        return [self.symbol]

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        return [day for day in sorted(self.prints) if first <= day <= last]

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        assert period in (Period.ONE_MINUTE, Period.DAY)
        found: list[Candlestick] = []
        for day in self.trading_days(symbol, first, last):
            if period is Period.DAY:
                candle = self.board(day).day_candle()
                found += [] if candle is None else [candle]
            else:
                self.days_read.append(day)
                found += fold_minutes(
                    self.prints[day],
                    self.parts(day),
                    self.prev_close(symbol, day),
                    market=market_of(symbol),
                )
        return found

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        for day in sorted(self.prints):
            yield from (trade for trade in self.prints[day] if begin <= trade.at < end)

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        if not self.keeps_snapshots:
            return None
        local = at.astimezone(MARKET_ZONES[market_of(symbol)])
        return self.board(local.date(), at).snapshot() if local.date() in self.prints else None

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        earlier = [one for one in sorted(self.prints) if one < day]
        regular = [trade.price for one in earlier for trade in self.prints[one] if _counts(trade)]
        return regular[-1] if regular else Decimal(100)

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        return self.actions

    def parts(self, day: date) -> Sequence[Part]:
        hours = trading_hours(market_of(self.symbol))
        return hours.parts(day, self.calendar.is_half_day(day))

    def board(self, day: date, at: datetime | None = None) -> Board:
        """The board of a day, as it stood at `at` or as it ended."""
        close = self.prev_close(self.symbol, day)
        board = Board(self.symbol, day, self.parts(day), close or Decimal(0))
        for trade in self.prints.get(day, []):
            if at is None or trade.at < at:
                board.apply(trade)
        return board


def plain_day(symbol: Symbol, parts: Sequence[Part], seed: int, every_minutes: int) -> list[Trade]:
    """One print every so many minutes of every part; prices and volumes follow from `seed`."""
    found = []
    for part in parts:
        at, index = part.begin + timedelta(seconds=seed % 50), 0
        while at < part.end:
            price = Decimal(10_000 + (seed * 37 + index * 13) % 400) / 100
            found.append(Trade(symbol, at, price, 100 + index, session=part.session))
            at += timedelta(minutes=every_minutes)
            index += 1
        if part.grace:
            closing = Decimal(10_000 + seed % 300) / 100
            found.append(Trade(symbol, part.end + timedelta(minutes=8), closing, 5_000, "U"))
    return sorted(found, key=lambda trade: trade.at)


def _counts(trade: Trade) -> bool:
    return trade.session is TradeSession.NORMAL
