"""The regular session's prints of an interval alone, for whoever folds whole days of them.

A source that draws depth beside its prints may have a quicker way than to make and drop it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, runtime_checkable

from portway.market.ports import MarketSource
from portway.model.quote import Trade, TradeSession
from portway.model.symbol import Symbol

__all__ = ["PrintSource", "regular_prints"]


@runtime_checkable
class PrintSource(Protocol):
    """A source with a quicker way to its prints."""

    def regular_prints(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[Trade]:
        """The regular session's prints among `ticks` of the same interval, in the same order."""
        ...


def regular_prints(
    source: MarketSource, symbol: Symbol, begin: datetime, end: datetime
) -> Iterator[Trade]:
    """Yield the regular session's prints with `begin <= at < end`, in order."""
    if isinstance(source, PrintSource):
        yield from source.regular_prints(symbol, begin, end)
        return
    for event in source.ticks(symbol, begin, end):
        if isinstance(event, Trade) and event.session is TradeSession.NORMAL:
            yield event
