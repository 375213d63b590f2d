"""Symbols that somebody looks at: each with its board and the events that are still to come.

Only these cost anything as time passes. A symbol becomes active when it is first asked for, from
the source's snapshot or by folding the day's events so far; its pushes are numbered on over every
change of board.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.market.days import TradingDays, begin_of_day
from portway.market.ports import MarketSource, SourceDamaged
from portway.model.instrument import OPTION_CLASSES, Instrument
from portway.model.quote import (
    DaySnapshot,
    MarketEvent,
    Period,
    SessionQuote,
    SubType,
    TradeSession,
)
from portway.model.session import Part, trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board

__all__ = ["ActiveSymbol"]

log = logging.getLogger(__name__)

NEVER_CLOSED: Final = Decimal(0)
DAY_LENGTH: Final = timedelta(days=1)


class ActiveSymbol:
    """One symbol's board and its way through the day.

    Attributes:
        board: Everything before the symbol's place in time, folded.
        upcoming: The next event of the day, not yet folded; None: none is left today.
        day_ends: When the board turns to the next trading day.
        changes_at: When the board changes without an event; None: it does not.
        watchers: How many look at it all the time.
        is_stale: Time has passed over events that were not folded.
    """

    __slots__ = (
        "_days",
        "_events",
        "_source",
        "board",
        "changes_at",
        "day_ends",
        "instrument",
        "is_stale",
        "market",
        "source",
        "symbol",
        "upcoming",
        "watchers",
    )

    def __init__(
        self,
        instrument: Instrument,
        source: MarketSource,
        days: TradingDays,
        at: datetime,
        sequences: Mapping[SubType, int],
    ) -> None:
        self.instrument = instrument
        self.symbol: Symbol = instrument.symbol
        self.market: Market = instrument.market
        self.watchers = 0
        self.source = self._source = source
        self._days = days
        self.board: Board
        self.day_ends: datetime
        self.changes_at: datetime | None
        self.upcoming: MarketEvent | None
        self._events: Iterator[MarketEvent]
        self._stand_at(at, sequences)

    def catch_up(self, at: datetime) -> None:
        """Stand at `at` as if every event before it had been folded."""
        self._stand_at(at, self.board.sequences)

    def advance(self) -> None:
        """Take up the next event of the day; none is left when the source turns out damaged."""
        try:
            self.upcoming = next(self._events, None)
        except SourceDamaged as error:
            self._give_up(error)

    def turn_day(self) -> None:
        """Go on with the next trading day, which begins at `day_ends`."""
        begin = self.day_ends
        day = self._days.shown_at(self.market, begin)
        # A day without a print leaves what stood before it on the page.
        before = self.board.quote(begin)
        previous, sequences = before if before.open else None, self.board.sequences
        self.day_ends = self._days.next_begin(self.market, day)
        self.changes_at = None
        self.board = self._empty_board(day, NEVER_CLOSED, previous, sequences)
        try:
            close = self._source.prev_close(self.symbol, day)
            self.board = self._empty_board(day, close or NEVER_CLOSED, previous, sequences)
            self._expect_bar(day, begin)
            self._follow(begin)
        except SourceDamaged as error:
            self._give_up(error)

    def _stand_at(self, at: datetime, sequences: Mapping[SubType, int]) -> None:
        day = self._days.shown_at(self.market, at)
        self.is_stale = False
        self.changes_at = None
        self.day_ends = self._days.next_begin(self.market, day)
        self.board = self._empty_board(day, NEVER_CLOSED, None, sequences)
        try:
            self._fold_until(day, at, sequences)
            self._follow(at)
        except SourceDamaged as error:
            self._give_up(error)

    def _give_up(self, error: SourceDamaged) -> None:
        """Show what has been folded so far, and nothing more of this day."""
        log.error("no more data of %s today: %s", self.symbol, error)
        self._events = iter(())
        self.upcoming = None

    def _fold_until(self, day: date, at: datetime, sequences: Mapping[SubType, int]) -> None:
        # Between trading days the last one stands as it ended.
        last = begin_of_day(self.market, day) + DAY_LENGTH - timedelta.resolution
        snapshot = self._source.snapshot(self.symbol, min(at, last))
        if snapshot is None and not self._source.has_events(self.symbol, day):
            snapshot = self._bar_alone(day, at)
        has_traded = snapshot is not None and TradeSession.NORMAL in snapshot.sessions
        previous = None if has_traded else self._day_before(day)
        if snapshot is not None:
            self.board = Board.restore(
                snapshot,
                self._parts(day),
                is_option=self._is_option,
                previous=previous,
                sequences=sequences,
            )
        else:
            close = self._source.prev_close(self.symbol, day)
            self.board = self._empty_board(day, close or NEVER_CLOSED, previous, sequences)
            for event in self._source.ticks(self.symbol, begin_of_day(self.market, day), at):
                self.board.apply(event)

    def _expect_bar(self, day: date, at: datetime) -> None:
        """On a day of which only the bar is known: note when it is to be shown."""
        if not self._source.has_events(self.symbol, day):
            closes_at = self._closes_at(day)
            self.changes_at = closes_at if at < closes_at else None

    def _bar_alone(self, day: date, at: datetime) -> DaySnapshot | None:
        """A day of which only the bar is known: nothing before the close, the bar from then on."""
        self._expect_bar(day, at)
        quote = None if at < self._closes_at(day) else self._quote_from_bar(day)
        if quote is None:
            return None
        return DaySnapshot(
            symbol=self.symbol,
            trading_day=day,
            prev_close=quote.prev_close,
            sessions={TradeSession.NORMAL: quote},
            minutes=(),
            auction_volume=0,
            auction_turnover=NEVER_CLOSED,
            trades=(),
            depth=None,
            brokers=None,
        )

    def _closes_at(self, day: date) -> datetime:
        regular = [one for one in self._parts(day) if one.session is TradeSession.NORMAL]
        return regular[-1].end

    def _follow(self, begin: datetime) -> None:
        self._events = self._source.ticks(self.symbol, begin, self.day_ends)
        self.upcoming = next(self._events, None)

    def _empty_board(
        self,
        day: date,
        prev_close: Decimal,
        previous: SessionQuote | None,
        sequences: Mapping[SubType, int],
    ) -> Board:
        return Board(
            self.symbol,
            day,
            self._parts(day),
            prev_close,
            is_option=self._is_option,
            previous=previous,
            sequences=sequences,
        )

    def _day_before(self, day: date) -> SessionQuote | None:
        """The regular quote with which the trading day before `day` ended."""
        before = self._days.previous(self.market, day)
        last = begin_of_day(self.market, before) + DAY_LENGTH - timedelta.resolution
        snapshot = self._source.snapshot(self.symbol, last)
        if snapshot is not None and TradeSession.NORMAL in snapshot.sessions:
            return snapshot.sessions[TradeSession.NORMAL]
        return self._quote_from_bar(before)

    def _quote_from_bar(self, day: date) -> SessionQuote | None:
        bars = self._source.bars(self.symbol, Period.DAY, day, day)
        if not bars:
            return None
        bar = bars[-1]
        close_before = self._source.prev_close(self.symbol, day)
        return SessionQuote(
            bar.close,
            bar.open,
            bar.high,
            bar.low,
            bar.volume,
            bar.turnover,
            self._closes_at(day),
            NEVER_CLOSED if close_before is None else close_before,
        )

    def _parts(self, day: date) -> tuple[Part, ...]:
        hours = trading_hours(self.market, self.instrument.board)
        return hours.parts(day, self._days.is_half(self.market, day))

    @property
    def _is_option(self) -> bool:
        return self.instrument.security_class in OPTION_CLASSES
