"""What a venue is told of the outside market beside each command.

Builds `MarketView` values from the present of the market runner: trading day, running session,
settlement days, depth and prices of one symbol. It decides nothing about orders.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from portway.market.runner import MarketRunner
from portway.model.command import MarketView
from portway.model.symbol import Market, Symbol

__all__ = ["MarketViews"]

# Trading days from the trade to the day on which its cash is final.
CASH_DAYS = {Market.HK: 2, Market.US: 1, Market.CN: 1, Market.SG: 2}
US_T1_SINCE = date(2024, 5, 28)  # Before it US cash took two days.
# Trading days after which bought shares may be sold: CN forbids it on the same day.
LOCK_DAYS = {Market.CN: 1}


class MarketViews:
    """The present of the outside markets, for the venues."""

    def __init__(self, market: MarketRunner) -> None:
        self._market = market

    def now(self, market: Market) -> datetime:
        return self._market.now(market)

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        self._market.work(symbols)

    def view(self, symbol: Symbol) -> MarketView | None:
        """What is known of a symbol now; None when it is not listed."""
        instrument = self._market.instrument(symbol)
        board = self._market.board(symbol)
        if instrument is None or board is None:
            return None
        market, now = instrument.market, self._market.now(instrument.market)
        day = self._market.days.shown_at(market, now)
        calendar = self._market.calendar(market)
        quote = board.quote(now)
        return MarketView(
            instrument=instrument,
            trading_day=day,
            next_trading_day=calendar.next_trading_day(day),
            session=self._market.agenda.session_at(market, day, now),
            settles_on=self.settles_on(market, day),
            sellable_from=calendar.add(day, LOCK_DAYS.get(market, 0)),
            depth=board.depth,
            last_done=quote.last_done or None,
            prev_close=board.prev_close or None,
            ended=self._market.agenda.ended_at(market, day, now),
        )

    def settles_on(self, market: Market, day: date) -> date:
        """The day on which the cash of an execution of `day` is final."""
        count = CASH_DAYS[market]
        if market is Market.US and day < US_T1_SINCE:
            count = 2
        return self._market.calendar(market).add(day, count)
