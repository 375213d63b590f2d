"""The present of everything an account holds or has ordered, for what it is worth and may do."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Protocol

from portway.gateway.ports import TradeService
from portway.model.instrument import Instrument
from portway.model.symbol import Symbol
from portway.trading.queries import Marks

__all__ = ["marks_of"]


class _HasTrades(Protocol):
    @property
    def trades(self) -> TradeService: ...


async def marks_of(services: _HasTrades, account_no: str) -> Marks:
    """Return the present of everything an account holds or has ordered."""
    symbols = await asyncio.to_thread(services.trades.queries.working_symbols, account_no)
    prices: dict[Symbol, Decimal] = {}
    instruments: dict[Symbol, Instrument] = {}
    waiting = sorted(symbols, reverse=True)
    while waiting:
        symbol = waiting.pop()
        view = services.trades.view(symbol)
        if view is None or symbol in instruments:
            continue
        if view.instrument.option is not None:
            waiting.append(view.instrument.option.underlying)  # Its price says what a writer owes.
        instruments[symbol] = view.instrument
        price = view.last_done or view.prev_close
        if price is not None:
            prices[symbol] = price
    return Marks(prices, instruments)
