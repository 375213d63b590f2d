"""Tiny recorded days of one symbol, and what a source makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from portway.market.recorded import RecordedSource, open_lean
from portway.model.quote import (
    Candlestick,
    Direction,
    MarketEvent,
    Period,
    Trade,
    TradeSession,
)
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from tests.market.lean_files import DAY, ms, put_rows, utc

IBM = Symbol("IBM.US")
NORMAL, PRE, POST = TradeSession.NORMAL, TradeSession.PRE, TradeSession.POST
UP, DOWN, NEUTRAL = Direction.UP, Direction.DOWN, Direction.NEUTRAL
NEXT_DAY = date(2013, 10, 8)
DAILY = "".join(
    f"201310{day:02} 00:00,{price},{price},{price},{price},10\n"
    for day, price in [(1, 6_400_000), (2, 6_456_000), (3, 922_000), (4, 930_000)]
)


def trade(clock: str, price: int, volume: int = 100, flags: str = "1", exchange: str = "Q") -> str:
    return f"{ms(clock)},{price},{volume},{exchange},{flags},0"


def bid(clock: str, price: int, size: int = 100, exchange: str = "Q") -> str:
    return f"{ms(clock)},{price},{size},0,0,{exchange},1,0"


def ask(clock: str, price: int, size: int = 100, exchange: str = "Q") -> str:
    return f"{ms(clock)},0,0,{price},{size},{exchange},1,0"


def put_ticks(root: Path, trades: Sequence[str], quotes: Sequence[str] = ()) -> RecordedSource:
    put_rows(root, "trade", "\n".join(trades))
    if quotes:
        put_rows(root, "quote", "\n".join(quotes))
    return open_lean(root)


def all_events(recorded: RecordedSource, symbol: Symbol = IBM) -> list[MarketEvent]:
    return list(recorded.ticks(symbol, utc("00:00"), utc("00:00") + timedelta(days=5)))


def trades_of(recorded: RecordedSource) -> list[Trade]:
    return [one for one in all_events(recorded) if isinstance(one, Trade)]


def bars_of(recorded: RecordedSource, period: Period = Period.ONE_MINUTE) -> list[Candlestick]:
    return list(recorded.bars(IBM, period, DAY, DAY))


def board_of(
    recorded: RecordedSource, events: Sequence[MarketEvent], *, half: bool = False
) -> Board:
    parts = trading_hours(Market.US).parts(DAY, half)
    board = Board(IBM, DAY, parts, recorded.prev_close(IBM, DAY) or Decimal(0))
    for event in events:
        board.apply(event)
    return board
