"""Candlestick subscriptions of a context: what they pull, what they subscribe, how they recover.

The bars themselves are built in `candles.py`. Runs on the loop thread of its core, except the
local reads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from portway.openapi.calls import pulls
from portway.openapi.calls import quote as calls
from portway.openapi.candles import BARS_KEPT_MAX, BarBook, Series
from portway.openapi.enums import (
    ErrorKind,
    Market,
    Period,
    PushCandlestickMode,
    SubType,
    TradeSession,
)
from portway.openapi.errors import OpenApiException
from portway.openapi.events import ConnectionEvent, ConnectionState
from portway.openapi.pull_types import Candlestick, CandlestickRow
from portway.openapi.quote_enums import AdjustType, TradeSessions
from portway.openapi.sessions import zone_of
from portway.wire.pb import quote_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.config import Config
    from portway.openapi.quote_core import QuoteCore

__all__ = ["CANDLE_TYPES", "CandleDesk"]

log = logging.getLogger("portway.openapi.quote")

CANDLE_TYPES: Final = frozenset({SubType.Quote, SubType.Trade})
_DAYS_BEFORE, _DAYS_AFTER = 5, 25
_DAYS_LIFE_S: Final = 24 * 3600.0


class CandleDesk:
    """The candlesticks of one context."""

    def __init__(self, core: QuoteCore, config: Config) -> None:
        self._core = core
        self._only_complete = config.push_candlestick_mode is PushCandlestickMode.Confirmed
        self.books: dict[str, BarBook] = {}
        self._half_days: dict[Market, tuple[float, frozenset[date]]] = {}

    # ----------------------------------------------------------------- safe from any thread

    def has(self, symbol: str) -> bool:
        """Whether bars of a symbol are subscribed."""
        book = self.books.get(symbol)
        return book is not None and bool(book.series)

    def periods(self) -> dict[str, list[Period]]:
        """What is subscribed, by symbol."""
        return {s: sorted(b.series, key=int) for s, b in self.books.items() if b.series}

    def bars(self, symbol: str, period: Period, count: int) -> list[Candlestick]:
        """The last bars of a series, oldest first; empty if it is not subscribed."""
        book = self.books.get(symbol)
        series = None if book is None else book.series.get(period)
        if series is None or not count:
            return []
        return [Candlestick(bar) for bar in series.bars[-count:]]

    # ---------------------------------------------------------------------- on the loop

    async def subscribe(
        self, symbol: str, period: Period, sessions: TradeSessions
    ) -> list[Candlestick]:
        """Pull bars and have them kept up to date; return the pulled ones."""
        book = self.books.get(symbol)
        held = None if book is None else book.series.get(period)
        if held is not None and held.sessions is sessions:
            return [Candlestick(bar) for bar in held.bars]
        if book is None:
            book = await self._new_book(symbol)
        bars = await self._pull(symbol, period, sessions)
        if held is None:
            self.books[symbol] = book
            book.series[period] = Series(period, sessions, bars)
            if not self._core.subscribed(symbol) >= CANDLE_TYPES:
                await self._subscribe_types(symbol, period)
        return [Candlestick(bar) for bar in bars]

    async def unsubscribe(self, symbol: str, period: Period) -> None:
        """Forget a series; what only it needed is pushed no more."""
        book = self.books.get(symbol)
        if book is None or book.series.pop(period, None) is None or book.series:
            return
        del self.books[symbol]
        if not self._core.subscribed(symbol) & CANDLE_TYPES:
            await self._core.ask(calls.unsubscribe([symbol], [SubType.Quote, SubType.Trade]))

    async def refill(self) -> None:
        """After an outage: pull every series again, and tell the bars that were missed."""
        refilled = 0
        for symbol, book in tuple(self.books.items()):
            for period, series in tuple(book.series.items()):
                bars = await self._pull(symbol, period, series.sessions)
                if book.series.get(period) is not series or not bars:
                    continue
                missed = _missed(series, bars, only_complete=self._only_complete)
                book.series[period] = Series(period, series.sessions, bars)
                self._core.tell_bars(symbol, missed)
                self._core.flush()
                refilled += 1
        if refilled:
            reason = f"{refilled} candlestick series"
            self._core.tell(ConnectionEvent.now(ConnectionState.REFILLED, reason))

    async def _new_book(self, symbol: str) -> BarBook:
        found = await self._core.ask(calls.static_info([symbol]))
        if not found:
            message = f"invalid security symbol: {symbol}"
            raise OpenApiException(ErrorKind.Other, None, None, message)
        book = BarBook(symbol, found[0].board, only_complete=self._only_complete)
        if book.market is not None:
            book.half_days = await self._half_days_of(book.market)
        return book

    async def _half_days_of(self, market: Market) -> frozenset[date]:
        now = asyncio.get_running_loop().time()
        asked, days = self._half_days.get(market, (-_DAYS_LIFE_S, frozenset()))
        if now - asked < _DAYS_LIFE_S:
            return days
        today = datetime.now(zone_of(market)).date()
        first, last = today - timedelta(days=_DAYS_BEFORE), today + timedelta(days=_DAYS_AFTER)
        try:
            answer = await self._core.ask(pulls.trading_days(market, first, last))
        except OpenApiException as error:
            log.warning("half days of %s are unknown: %s", market.name, error.message)
            return frozenset()
        days = frozenset(answer.half_trading_days)
        self._half_days[market] = (now, days)
        return days

    async def _pull(
        self, symbol: str, period: Period, sessions: TradeSessions
    ) -> list[pb.Candlestick]:
        call = pulls.candlesticks(symbol, period, BARS_KEPT_MAX, AdjustType.NoAdjust, sessions)
        return [bar._message for bar in await self._core.ask(call)]

    async def _subscribe_types(self, symbol: str, period: Period) -> None:
        types = [SubType.Quote, SubType.Trade]
        try:
            await self._core.ask(calls.subscribe([symbol], types, is_first_push=True))
        except BaseException:
            book = self.books.get(symbol)
            if book is not None:
                book.series.pop(period, None)
                if not book.series:
                    del self.books[symbol]
            raise


def _missed(
    before: Series, bars: Sequence[pb.Candlestick], *, only_complete: bool
) -> list[CandlestickRow]:
    """Bars that changed since; the last of a session may go on changing."""
    rows = []
    for session in TradeSession:
        if not before.tells(session):
            continue
        tail = before.tail(int(session))
        since = tail.bar.timestamp if tail is not None else 0
        new = [b for b in bars if b.trade_session == int(session) and b.timestamp >= since]
        if tail is not None and new and new[-1] == tail.bar:
            continue
        rows += [CandlestickRow(before.period, bar, True) for bar in new[:-1]]
        if new and not only_complete:
            rows.append(CandlestickRow(before.period, new[-1], False))
    return rows
