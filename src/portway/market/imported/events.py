"""The events of one imported day in their order: recorded ticks, or prints made of minute bars.

Ticks keep the order of their file. A minute bar becomes the few prints that fold back into exactly
that bar, spread over its minute; a bar of an index, or one with too few shares for its prices,
becomes values instead, which move the quote and fill no order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from operator import attrgetter
from typing import Any, Final, Protocol

import numpy as np

from portway.market.bar_prints import dealt_prints, price_path
from portway.market.imported.listing import Listed
from portway.market.imported.ports import TickColumns
from portway.market.imported.records import BarFlag, BarTable, TickKind, amount
from portway.model.quote import (
    Depth,
    Direction,
    IndexTick,
    Level,
    MarketEvent,
    Trade,
    TradeSession,
)
from portway.model.symbol import Symbol

__all__ = ["BarDay", "DayEvents", "TickDay", "bar_events", "trades_of"]

CHUNK_ROWS: Final = 4096  # Rows turned into events at a time.

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EXACT: Final = Context(prec=40)
_MINUTE_US: Final = 60_000_000
_SESSIONS: Final = tuple(TradeSession)
_DIRECTIONS: Final = tuple(Direction)
_AT: Final = attrgetter("at")


class DayEvents(Protocol):
    """Every event of one day, ascending by time, ties in their true order."""

    def __len__(self) -> int: ...

    def before(self, at: datetime) -> int:
        """Return how many events come before `at`."""
        ...

    def numbered(self, first: int, beyond: int) -> Iterator[MarketEvent]:
        """Yield the events numbered `first` to `beyond`, the latter not included."""
        ...


@dataclass(frozen=True, slots=True)
class BarDay:
    """The events made of a day's minute bars: a thousand or two."""

    events: Sequence[MarketEvent]

    def __len__(self) -> int:
        return len(self.events)

    def before(self, at: datetime) -> int:
        """Return how many events come before `at`."""
        return bisect_left(self.events, at, key=_AT)

    def numbered(self, first: int, beyond: int) -> Iterator[MarketEvent]:
        """Yield the events numbered `first` to `beyond`, the latter not included."""
        for place in range(first, beyond):
            yield self.events[place]


@dataclass(frozen=True, slots=True)
class TickDay:
    """A recorded day, of any size: events are made of its mapped columns as they are needed."""

    symbol: Symbol
    columns: TickColumns

    def __len__(self) -> int:
        return len(self.columns)

    def before(self, at: datetime) -> int:
        """Return how many events come before `at`."""
        return int(np.searchsorted(self.columns.at, (at - _EPOCH) // _MICROSECOND))

    def numbered(self, first: int, beyond: int) -> Iterator[MarketEvent]:
        """Yield the events numbered `first` to `beyond`, the latter not included."""
        for begin in range(first, beyond, CHUNK_ROWS):
            yield from _ticks(
                self.symbol, self.columns.slice(begin, min(begin + CHUNK_ROWS, beyond))
            )


def trades_of(symbol: Symbol, columns: TickColumns) -> Iterator[Trade]:
    """Yield the prints of a day."""
    for event in TickDay(symbol, columns).numbered(0, len(columns)):
        if isinstance(event, Trade):
            yield event


def _ticks(symbol: Symbol, columns: TickColumns) -> Iterator[Trade | Depth]:
    names = ("at", "kind", "price", "volume", "trade_type", "direction", "session")
    sides = ("bid", "bid_size", "ask", "ask_size")
    lists: list[Any] = [getattr(columns, name).tolist() for name in (*names, *sides)]
    places = columns.price_places
    for at, kind, price, volume, code, way, session, bid, bid_size, ask, ask_size in zip(
        *lists, strict=True
    ):
        moment = _EPOCH + at * _MICROSECOND
        if kind == TickKind.PRINT:
            yield Trade(
                symbol,
                moment,
                amount(price, places),
                volume,
                chr(code) if code else "",
                _DIRECTIONS[way],
                _SESSIONS[session],
            )
        else:
            yield Depth(
                symbol,
                moment,
                (Level(amount(ask, places), ask_size, 1),) if ask else (),
                (Level(amount(bid, places), bid_size, 1),) if bid else (),
            )


def bar_events(listed: Listed, table: BarTable) -> BarDay:
    """Return prints that fold back into the minute bars of a day.

    Directions follow the tick rule: a print above the one before it was bought.
    """
    names = ("at", "open", "high", "low", "close", "volume", "turnover", "session", "flags")
    lists: list[Any] = [table.rows[name].tolist() for name in names]
    found: list[MarketEvent] = []
    places = table.price_places
    last = way = 0
    values = listed.is_index
    for at, opened, high, low, close, volume, turnover, session, flags in zip(*lists, strict=True):
        path = price_path(opened, high, low, close)
        begin = _EPOCH + timedelta(seconds=at)
        if values or flags & BarFlag.NO_VOLUME:
            found += _values(
                listed.symbol, begin, path, volume, turnover, places, table.turnover_places
            )
            continue
        prints = dealt_prints(path, volume, turnover, listed.step)
        step = _MINUTE_US // len(prints)
        for number, (price, shares) in enumerate(prints):
            if price != last:
                way = (Direction.UP if price > last else Direction.DOWN) if last else 0
                last = price
            found.append(
                Trade(
                    listed.symbol,
                    begin + number * step * _MICROSECOND,
                    amount(price, places),
                    shares,
                    "",
                    _DIRECTIONS[way],
                    _SESSIONS[session],
                )
            )
    return BarDay(found)


def _values(
    symbol: Symbol,
    begin: datetime,
    path: tuple[int, ...],
    volume: int,
    turnover: int,
    places: int,
    money: int,
) -> Iterator[IndexTick]:
    """Yield the values of a bar; its volume and turnover are shared out evenly."""
    count = len(path)
    step = _MINUTE_US // count
    shares, shares_rest = divmod(volume, count)
    amounts, amounts_rest = divmod(turnover, count)
    for number, price in enumerate(path):
        yield IndexTick(
            symbol,
            begin + number * step * _MICROSECOND,
            amount(price, places),
            shares + (number < shares_rest),
            _EXACT.scaleb(Decimal(amounts + (number < amounts_rest)), -money),
        )
