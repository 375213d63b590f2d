"""The derived markets of one server, and what the quote side asks of them together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portway.market.derived.figures import OptionView, price_of
from portway.market.derived.options import OptionMarket
from portway.market.derived.warrant_figures import WarrantRow
from portway.market.derived.warrants import WarrantMarket
from portway.market.ports import MarketSource
from portway.model.instrument import Instrument
from portway.model.quote import TradeStatus
from portway.quotes.board import Board
from portway.quotes.warrant_list import WarrantStatus

__all__ = ["DerivedMarkets"]


_STATUSES: Final = {
    TradeStatus.EXPIRED: WarrantStatus.SUSPENDED,
    TradeStatus.WARRANT_PREPARE_LIST: WarrantStatus.PREPARE_LIST,
}


class DerivedMarkets:
    """Options and structured products of one server."""

    def __init__(self, options: OptionMarket, warrants: WarrantMarket) -> None:
        self.options = options
        self.warrants = warrants

    @property
    def sources(self) -> Sequence[MarketSource]:
        """Every one of them as a market source."""
        return (self.options, self.warrants)

    def warrant_row(
        self, instrument: Instrument, board: Board, underlying: Board, now: datetime
    ) -> WarrantRow:
        """Return a structured product as its board shows it.

        Args:
            underlying: Board of its underlying.
        """
        terms = instrument.warrant
        assert terms is not None, "a product has terms"
        day, quote = board.trading_day, board.quote(now)
        mood = self.warrants.underlyings.mood(terms.underlying, day)
        status = _STATUSES.get(board.status, WarrantStatus.NORMAL)
        return WarrantRow(
            instrument,
            quote.last_done,
            board.prev_close,
            quote.volume,
            quote.turnover,
            self.warrants.outstanding(instrument.symbol, day),
            underlying.quote(now).last_done or underlying.prev_close,
            status,
            status is WarrantStatus.SUSPENDED and terms.call_price is not None,
            self.warrants.expires_at(terms.expiry),
            0.0 if mood is None else mood.dividend_yield,
        )

    def option_view(
        self, instrument: Instrument, board: Board, underlying: Board, now: datetime
    ) -> OptionView:
        """Return what the figures of an option follow from.

        Args:
            underlying: Board of its underlying.
        """
        terms = instrument.option
        assert terms is not None, "an option"
        mood = self.options.underlyings.mood(terms.underlying, underlying.trading_day)
        return OptionView(
            instrument,
            price_of(board, now),
            underlying.quote(now).last_done or underlying.prev_close,
            self.options.ends(terms.expiry),
            0.0 if mood is None else mood.dividend_yield,
        )
