"""The derived markets of one server, and what the quote side asks of them together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portway.market.derived.figures import OptionView, price_of
from portway.market.derived.options import OptionMarket
from portway.market.ports import MarketSource
from portway.model.instrument import Instrument
from portway.quotes.board import Board

__all__ = ["DerivedMarkets"]


class DerivedMarkets:
    """Options and structured products of one server."""

    def __init__(self, options: OptionMarket) -> None:
        self.options = options

    @property
    def sources(self) -> Sequence[MarketSource]:
        """Every one of them as a market source."""
        return (self.options,)

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
