"""The state of a trading day at one instant, from minutes and the prints of the running one.

Equals the fold of all the day's events before the instant, at a small part of the work: finished
minutes come from the minute level, prints are made only for the running minute and for the latest
thousand trades, the book only for the latest minute that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from portway.market.synthetic.inside import Inside, auction_candle
from portway.market.synthetic.layout import MINUTE_US, instant, microseconds
from portway.model.quote import (
    Brokers,
    Candlestick,
    DaySnapshot,
    Depth,
    IndexTick,
    MarketEvent,
    SessionQuote,
    Trade,
    TradeSession,
)
from portway.model.symbol import Symbol

__all__ = ["EventsOf", "day_snapshot"]

TRADES_MAX: Final = 1000

EventsOf = Callable[[Symbol, date, int, int], Sequence[MarketEvent]]


@dataclass(slots=True)
class _Fold:
    """One session folded from bars."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: int
    turnover: Decimal
    at: int

    def add(self, bar: Candlestick, at: int) -> None:
        """Fold a bar whose last print was at `at`."""
        self.high, self.low = max(self.high, bar.high), min(self.low, bar.low)
        self.last = bar.close
        self.volume += bar.volume
        self.turnover += bar.turnover
        self.at = at


def day_snapshot(inside: Inside, at: int, prev_close: Decimal, events_of: EventsOf) -> DaySnapshot:
    """Return the state of the day after all its events before `at`.

    Args:
        at: Microseconds since the epoch.
        events_of: Every event of a minute, by symbol, day, block and minute.
    """
    sessions: dict[TradeSession, SessionQuote] = {}
    minutes: list[Candlestick] = []
    opening = inside.opening if inside.opening is not None and inside.opening.at < at else None
    for index, block in enumerate(inside.layout.blocks):
        regular = block.session is TradeSession.NORMAL
        bars = _bars_before(inside, index, at)
        folded: _Fold | None = None
        if regular and opening is not None:
            value = opening.price
            folded = _Fold(value, value, value, value, opening.shares, opening.turnover, opening.at)
        latest = _latest_print(inside, index, at) if bars else 0
        if regular and inside.closing is not None and inside.closing.at < at:
            bars.append(auction_candle(inside.closing))
            latest = inside.closing.at
        for bar in bars:
            if folded is None:
                folded = _Fold(bar.open, bar.high, bar.low, bar.close, 0, Decimal(0), latest)
            folded.add(bar, latest)
        minutes += bars
        if folded is not None:
            close = _close_before(block.session, sessions, prev_close)
            sessions[block.session] = _quote(folded, close)
    depth, brokers = _book_before(inside, at, events_of)
    return DaySnapshot(
        symbol=inside.symbol,
        trading_day=inside.day,
        prev_close=prev_close,
        sessions=sessions,
        minutes=tuple(minutes),
        auction_volume=opening.shares if opening is not None else 0,
        auction_turnover=opening.turnover if opening is not None else Decimal(0),
        trades=_latest_trades(inside, at),
        depth=depth,
        brokers=brokers,
        status=inside.status_before(at),
    )


def _quote(folded: _Fold, prev_close: Decimal) -> SessionQuote:
    return SessionQuote(
        folded.last, folded.open, folded.high, folded.low, folded.volume, folded.turnover,
        instant(folded.at), prev_close,
    )  # fmt: skip


def _close_before(
    session: TradeSession, sessions: dict[TradeSession, SessionQuote], prev_close: Decimal
) -> Decimal:
    regular = sessions.get(TradeSession.NORMAL)
    if session is TradeSession.POST and regular is not None:
        return regular.last_done
    return prev_close


def _is_whole(inside: Inside, index: int, minute: int, at: int) -> bool:
    return inside.layout.blocks[index].begin_of(minute) + MINUTE_US <= at


def _bars_before(inside: Inside, index: int, at: int) -> list[Candlestick]:
    """Return a block's bars as they stand at `at`, the running one folded from its prints."""
    begun = inside.layout.blocks[index].minutes_begun(at)
    if not begun:
        return []
    if _is_whole(inside, index, begun - 1, at):
        return inside.candles(index, begun)
    bars = inside.candles(index, begun - 1)
    running = _prints_before(inside, index, begun - 1, at)
    if running:
        begin = inside.layout.blocks[index].begin_of(begun - 1)
        bars.append(_fold_prints(running, begin, inside.layout.blocks[index].session))
    return bars


def _prints(inside: Inside, index: int, minute: int) -> Sequence[Trade | IndexTick]:
    return (inside.index_ticks if inside.is_index else inside.trades)(index, minute)


def _prints_before(inside: Inside, index: int, minute: int, at: int) -> Sequence[Trade | IndexTick]:
    prints = _prints(inside, index, minute)
    if _is_whole(inside, index, minute, at):
        return prints
    return [one for one in prints if microseconds(one.at) < at]


def _fold_prints(
    prints: Sequence[Trade | IndexTick], begin: int, session: TradeSession
) -> Candlestick:
    prices = [one.price for one in prints]
    turnover = sum((one.turnover for one in prints), Decimal(0))
    volume = sum(one.volume for one in prints)
    return Candlestick(
        instant(begin), prices[0], max(prices), min(prices), prices[-1], volume, turnover, session
    )


def _latest_print(inside: Inside, index: int, at: int) -> int:
    """Return the instant of a block's latest print before `at`, which has one."""
    minute = inside.layout.blocks[index].minutes_begun(at) - 1
    prints = _prints_before(inside, index, minute, at)
    if not prints:
        prints = _prints(inside, index, minute - 1)
    return microseconds(prints[-1].at)


def _latest_trades(inside: Inside, at: int) -> tuple[Trade, ...]:
    if inside.is_index:
        return ()
    found: list[list[Trade]] = []
    count = 0
    regular = inside.layout.regular
    for index in range(len(inside.layout.blocks) - 1, -1, -1):
        pieces = [inside.closing, inside.opening] if index == regular else [None, None]
        if pieces[0] is not None and pieces[0].at < at:
            assert isinstance(pieces[0].event, Trade)
            found.append([pieces[0].event])
            count += 1
        for minute in range(inside.layout.blocks[index].minutes_begun(at) - 1, -1, -1):
            if count >= TRADES_MAX:
                break
            prints = _prints_before(inside, index, minute, at)
            found.append([one for one in prints if isinstance(one, Trade)])
            count += len(prints)
        if pieces[1] is not None and pieces[1].at < at:
            assert isinstance(pieces[1].event, Trade)
            found.append([pieces[1].event])
            count += 1
    trades = [trade for piece in reversed(found) for trade in piece]
    return tuple(trades[-TRADES_MAX:])


def _book_before(
    inside: Inside, at: int, events_of: EventsOf
) -> tuple[Depth | None, Brokers | None]:
    """Return the latest depth and queues before `at`: at most two minutes have to be made."""
    depth: Depth | None = None
    brokers: Brokers | None = None
    if inside.is_index:
        return None, None
    for index in range(len(inside.layout.blocks) - 1, -1, -1):
        for minute in range(inside.layout.blocks[index].minutes_begun(at) - 1, -1, -1):
            for event in reversed(events_of(inside.symbol, inside.day, index, minute)):
                if microseconds(event.at) >= at:
                    continue
                if depth is None and isinstance(event, Depth):
                    depth = event
                if brokers is None and isinstance(event, Brokers):
                    brokers = event
                if depth is not None and (brokers is not None or not inside.has_queues):
                    return depth, brokers
        if index == inside.layout.regular:
            for event in reversed(inside.opening_events()):
                if microseconds(event.at) >= at:
                    continue
                depth = depth or (event if isinstance(event, Depth) else None)
                brokers = brokers or (event if isinstance(event, Brokers) else None)
    return depth, brokers
