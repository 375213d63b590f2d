"""The state of a trading day at one instant, from minutes and the prints of the running one.

Equals the fold of all the day's events before the instant, at a small part of the work: finished
minutes come from the minute level, prints are made only for the running minute and for the latest
thousand trades, the book only for the latest minute that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final, overload

from portway.market.synthetic.inside import Auction, Inside, auction_candle
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

__all__ = ["EventsOf", "LatestTrades", "day_snapshot"]

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


class LatestTrades(Sequence[Trade]):
    """The latest prints of a day before an instant, made when somebody looks at them.

    Most of a snapshot's work lies in them, and most boards are never asked for them. Read backwards
    they are made minute by minute. Equal to any sequence of the same prints.
    """

    __slots__ = ("_at", "_inside", "_made")

    def __init__(self, inside: Callable[[], Inside], at: int) -> None:
        """Take a way to the opened day instead of the day: who waits should not keep it open."""
        self._inside = inside
        self._at = at
        self._made: tuple[Trade, ...] | None = None

    def _trades(self) -> tuple[Trade, ...]:
        if self._made is None:
            self._made = _latest_trades(self._inside(), self._at)
        return self._made

    def __len__(self) -> int:
        return len(self._trades())

    @overload
    def __getitem__(self, place: int) -> Trade: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Trade, ...]: ...

    def __getitem__(self, place: int | slice) -> Trade | tuple[Trade, ...]:
        return self._trades()[place]

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._trades())

    def __reversed__(self) -> Iterator[Trade]:
        if self._made is not None:
            yield from reversed(self._made)
            return
        pieces = _pieces_backwards(self._inside(), self._at)
        yield from islice((one for piece in pieces for one in reversed(piece)), TRADES_MAX)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._trades() == tuple(other)

    __hash__ = None  # type: ignore[assignment]


def day_snapshot(
    inside: Inside,
    at: int,
    prev_close: Decimal,
    events_of: EventsOf,
    opened: Callable[[], Inside] | None = None,
) -> DaySnapshot:
    """Return the state of the day after all its events before `at`.

    Args:
        at: Microseconds since the epoch.
        events_of: Every event of a minute, by symbol, day, block and minute.
        opened: Gives the day again later, for what is made when it is looked at.
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
        trades=() if inside.is_index else LatestTrades(opened or (lambda: inside), at),
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
    found: list[list[Trade]] = []
    count = 0
    for piece in _pieces_backwards(inside, at):
        found.append(piece)
        count += len(piece)
        if count >= TRADES_MAX:
            break
    trades = [trade for piece in reversed(found) for trade in piece]
    return tuple(trades[-TRADES_MAX:])


def _pieces_backwards(inside: Inside, at: int) -> Iterator[list[Trade]]:
    """Yield the prints of a day before an instant, auctions and minutes, the latest piece first."""
    regular = inside.layout.regular
    for index in range(len(inside.layout.blocks) - 1, -1, -1):
        auctions = (inside.closing, inside.opening) if index == regular else (None, None)
        yield _auction_before(auctions[0], at)
        for minute in range(inside.layout.blocks[index].minutes_begun(at) - 1, -1, -1):
            prints = _prints_before(inside, index, minute, at)
            yield [one for one in prints if isinstance(one, Trade)]
        yield _auction_before(auctions[1], at)


def _auction_before(auction: Auction | None, at: int) -> list[Trade]:
    if auction is None or auction.at >= at:
        return []
    assert isinstance(auction.event, Trade), "an index has no prints"
    return [auction.event]


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
