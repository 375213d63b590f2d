"""Figures of a symbol that take more than its board: capital flow of the day, calculated indexes.

What earlier days give is read once a day and kept; the day's prints are folded once, from the
source, each ask going on where the last one stood. So both agree with the ticks whatever was shown
or skipped meanwhile. Knows no clock: the present comes from whoever runs the markets.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final, Protocol

from portway.market.bar_reader import BarReader
from portway.market.days import begin_of_day
from portway.market.ports import MarketSource
from portway.market.prints import regular_prints
from portway.model.calendar import Calendar
from portway.model.corporate_action import CorporateAction
from portway.model.hours import trading_hours
from portway.model.instrument import OPTION_CLASSES, Instrument
from portway.model.quote import AdjustType, CalcIndex, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.adjust import share_ratio
from portway.quotes.board import Board
from portway.quotes.capital_flow import CapitalFlow
from portway.quotes.indexes import (
    NO_HISTORY,
    DayClose,
    HistoryBase,
    IndexInputs,
    history_base,
    months_before,
    traded_seconds,
    trailing_dividends,
)

__all__ = ["Indicators", "Present"]

BASES_MAX: Final = 4096  # symbols whose history is kept for a day; the longest unused goes first
FLOWS_MAX: Final = 1024  # symbols whose day is folded; likewise
CHUNK_PRINTS: Final = 2000  # folded before others of the process get their turn
FIVE_MINUTES: Final = timedelta(minutes=5)
_DAY: Final = timedelta(days=1)
_HISTORY_DAYS: Final = timedelta(days=21)  # of calendar, for ten trading days over any holiday
_ZERO: Final = Decimal(0)


class Present(Protocol):
    """What of the running markets the indicators need."""

    def board(self, symbol: Symbol) -> Board | None: ...

    def source(self, symbol: Symbol) -> MarketSource | None: ...

    def now(self, market: Market) -> datetime: ...

    def calendar(self, market: Market) -> Calendar: ...


@dataclass(slots=True)
class _Flow:
    """A day's fold and how far it has come."""

    day: date
    until: datetime
    fold: CapitalFlow


class Indicators:
    """The indicators of all symbols. Belongs to one event loop."""

    def __init__(self, present: Present) -> None:
        self._present = present
        self._bases: OrderedDict[Symbol, tuple[date, HistoryBase]] = OrderedDict()
        self._flows: OrderedDict[Symbol, _Flow] = OrderedDict()

    # -- capital flow ------------------------------------------------------------------------

    async def flow(self, instrument: Instrument) -> CapitalFlow:
        """Return the capital flow of the day that the symbol's board shows, up to its present."""
        symbol = instrument.symbol
        board, source = self._present.board(symbol), self._present.source(symbol)
        assert board is not None, f"{symbol} is listed"
        assert source is not None, f"{symbol} is listed"
        found = self._flows.get(symbol)
        if found is None or found.day != board.trading_day:
            is_option = instrument.security_class in OPTION_CLASSES
            fold = CapitalFlow(instrument.market, is_option=is_option)
            begin = begin_of_day(instrument.market, board.trading_day)
            found = self._flows[symbol] = _Flow(board.trading_day, begin, fold)
            while len(self._flows) > FLOWS_MAX:
                self._flows.popitem(last=False)
        self._flows.move_to_end(symbol)
        now = self._present.now(instrument.market)
        while self._fold_some(found, source, symbol, now):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0)
        return found.fold

    @staticmethod
    def _fold_some(flow: _Flow, source: MarketSource, symbol: Symbol, now: datetime) -> bool:
        """Fold a number of prints; return whether some may be left before `now`.

        No turn of the loop lies between reading and noting how far it went, so that several who
        ask for one symbol at a time share the work.
        """
        if flow.until >= now:
            return False
        prints = list(islice(regular_prints(source, symbol, flow.until, now), CHUNK_PRINTS))
        if len(prints) < CHUNK_PRINTS:
            flow.fold.add(prints)
            flow.until = now
            return False
        # Prints of the last instant may go on behind the cut: they wait for the next turn, unless
        # the whole chunk is of one instant.
        last = prints[-1].at
        whole = [one for one in prints if one.at < last]
        if not whole:
            whole = list(regular_prints(source, symbol, last, last + timedelta.resolution))
            last += timedelta.resolution
        flow.fold.add(whole)
        flow.until = last
        return True

    # -- calculated indexes ------------------------------------------------------------------

    def inputs(
        self,
        instrument: Instrument,
        board: Board,
        wanted: Set[CalcIndex],
        flow: CapitalFlow | None = None,
    ) -> IndexInputs:
        """Return what the wanted indexes of a symbol with this board are computed from."""
        market = instrument.market
        now = self._present.now(market)
        quote = board.quote(now)
        # Until the day's reset a page shows the day before, with that day's own past.
        day = board.trading_day
        if quote is board.previous:
            day = self._present.calendar(market).previous_trading_day(day)
        is_today = day == board.trading_day
        return IndexInputs(
            market=market,
            last_done=quote.last_done,
            prev_close=quote.prev_close,
            high=quote.high,
            low=quote.low,
            volume=quote.volume,
            turnover=quote.turnover,
            total_shares=instrument.total_shares,
            circulating_shares=instrument.circulating_shares,
            eps_ttm=instrument.eps_ttm,
            bps=instrument.bps,
            base=NO_HISTORY if wanted.isdisjoint(_OF_HISTORY) else self._base(instrument, day),
            traded_seconds=traded_seconds(board.parts, now) if is_today else 0,
            price_before=_price_before(board, now) if _FIVE in wanted else None,
            capital_flow=None if flow is None else flow.net,
        )

    def _base(self, instrument: Instrument, day: date) -> HistoryBase:
        symbol = instrument.symbol
        kept = self._bases.get(symbol)
        if kept is None or kept[0] != day:
            kept = self._bases[symbol] = (day, self._read_base(instrument, day))
            while len(self._bases) > BASES_MAX:
                self._bases.popitem(last=False)
        self._bases.move_to_end(symbol)
        return kept[1]

    def _read_base(self, instrument: Instrument, day: date) -> HistoryBase:
        symbol, market = instrument.symbol, instrument.market
        source = self._present.source(symbol)
        assert source is not None, f"{symbol} is listed"
        reader = BarReader(
            source=source,
            symbol=symbol,
            hours=trading_hours(market, instrument.board),
            calendar=self._present.calendar(market),
            period=Period.DAY,
            adjust=AdjustType.FORWARD_ADJUST,
            all_sessions=False,
            hidden=frozenset(),
            last_day=day,
            board=None,
        )
        first = min(months_before(day, 6), date(day.year, 1, 1)) - _HISTORY_DAYS
        zone = MARKET_ZONES[market]
        history = [
            DayClose(bar.at.astimezone(zone).date(), bar.close, bar.volume)
            for bar in reader.newest((day - first).days, last=day - _DAY, first=first)
        ]
        paid = _paid_per_share(source.corporate_actions(symbol), day)
        return history_base(history, day, trailing_dividends(paid, day))


_FIVE: Final = CalcIndex.FIVE_MINUTES_CHANGE_RATE
_OF_HISTORY: Final = {
    CalcIndex.YTD_CHANGE_RATE,
    CalcIndex.VOLUME_RATIO,
    CalcIndex.DIVIDEND_RATIO_TTM,
    CalcIndex.FIVE_DAY_CHANGE_RATE,
    CalcIndex.TEN_DAY_CHANGE_RATE,
    CalcIndex.HALF_YEAR_CHANGE_RATE,
}


def _paid_per_share(actions: Iterable[CorporateAction], today: date) -> list[tuple[date, Decimal]]:
    """Cash dividends per share as shares are counted on `today`: later splits divide them."""
    known = [one for one in actions if one.ex_date <= today]
    paid: list[tuple[date, Decimal]] = []
    shares = Decimal(1)
    for one in reversed(known):
        shares *= share_ratio(one)
        if one.cash:
            paid.append((one.ex_date, one.cash / shares))
    return paid


def _price_before(board: Board, now: datetime) -> Decimal | None:
    """The regular price of the minute five minutes ago; None outside the regular session."""
    is_running = any(
        part.session is TradeSession.NORMAL and part.begin <= now < part.end for part in board.parts
    )
    if not is_running:
        return None
    return board.price_at(now - FIVE_MINUTES)
