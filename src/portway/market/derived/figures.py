"""Volatility and greeks of options as they stand now: board of the option, price of its underlying.

Computed for many contracts at once. The price is the middle of the book while that is narrow, else
the last one; a contract that has ended, or whose price no volatility explains, has a volatility of
zero and no greeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from portway.model.instrument import Instrument
from portway.quotes import options
from portway.quotes.board import Board
from portway.quotes.options import INTEREST_RATES, Greeks

__all__ = ["OptionFigures", "OptionView", "option_figures", "price_of"]

NO_RATE: Final = 0.0


@dataclass(frozen=True, slots=True)
class OptionView:
    """What the figures of one option follow from.

    Attributes:
        price: Of one option per share; None when there is none at all.
        underlying: Price of the underlying.
        expires: Instant of its end.
    """

    instrument: Instrument
    price: Decimal | None
    underlying: Decimal
    expires: datetime
    dividend_yield: float


@dataclass(frozen=True, slots=True)
class OptionFigures:
    """Figures of a row of options, an element each; scaled as the wire has them."""

    volatility: options.Floats
    greeks: Greeks


def price_of(board: Board, now: datetime) -> Decimal | None:
    """Return the price of an option from which its volatility is implied."""
    depth = board.depth
    bid = depth.bids[0].price if depth is not None and depth.bids else None
    ask = depth.asks[0].price if depth is not None and depth.asks else None
    return options.price_input(bid, ask, board.quote(now).last_done or None)


def option_figures(views: Sequence[OptionView], now: datetime) -> OptionFigures:
    """Return volatility and greeks of several options at one instant."""
    rows = []
    for view in views:
        terms = view.instrument.option
        assert terms is not None, "an option"
        over = now >= view.expires or view.price is None
        rows.append(
            (
                terms.is_call,
                float(view.price or 0),
                float(view.underlying),
                float(terms.strike),
                0.0 if over else options.years_between(now, view.expires),
                INTEREST_RATES.get(view.instrument.currency, NO_RATE),
                view.dividend_yield,
            )
        )
    columns = [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
    if not columns:
        columns = [np.zeros(0)] * 7
    is_call, price, underlying, strike, years, rate, dividends = columns
    calls = is_call > 0
    sigma = options.implied_volatility(calls, price, underlying, strike, years, rate, dividends)
    told = sigma > 0
    found = options.greeks(
        calls, underlying, strike, np.where(told, years, 1.0), rate, dividends,
        np.where(told, sigma, 1.0),
    )  # fmt: skip
    shown = (
        np.where(told, one, 0.0)
        for one in (found.price, found.delta, found.gamma, found.theta, found.vega, found.rho)
    )
    price, delta, gamma, theta, vega, rho = shown
    return OptionFigures(sigma, Greeks(price, delta, gamma, theta, vega, rho))
