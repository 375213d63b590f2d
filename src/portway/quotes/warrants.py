"""Figures of warrants, callable contracts and inline warrants: what quotes and lists show of them.

Ratios are exact decimals and fractions (the wire makes percentages of some); theoretical prices are
floats, for whoever makes a market. Prices arrive as arguments. Rules: markets, sections 11 and 16.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from portway.model.derivative import WarrantKind
from portway.quotes import options
from portway.quotes.options import Floats

__all__ = [
    "balance_point",
    "cbbc_price",
    "inline_itm_otm",
    "inline_price",
    "itm_otm",
    "leverage_ratio",
    "outstanding_ratio",
    "premium",
    "to_call_price",
]

CALLED: Final = Decimal(-1)  # Distance to the call price once it has been reached.
CBBC_PRICE_MIN: Final = 0.010
_INLINE_OUT, _INLINE_GAIN = 0.25, 0.75


def balance_point(
    kind: WarrantKind, strike: Decimal, price: Decimal, conversion_ratio: Decimal
) -> Decimal:
    """Return the price of the underlying at which holding to expiry neither gains nor loses."""
    cost = price * conversion_ratio
    return strike + cost if kind.rises else strike - cost


def premium(kind: WarrantKind, underlying: Decimal, balance: Decimal) -> Decimal:
    """Return how far the underlying is from the balance point, as a fraction of its price."""
    away = balance - underlying if kind.rises else underlying - balance
    return away / underlying


def itm_otm(kind: WarrantKind, underlying: Decimal, strike: Decimal) -> Decimal:
    """Return how far it is in the money, as a fraction of the strike; negative: out of it."""
    inside = underlying - strike if kind.rises else strike - underlying
    return inside / strike


def inline_itm_otm(underlying: Decimal, lower: Decimal, upper: Decimal) -> Decimal:
    """Return the distance to the nearer bound, as a fraction of the price; negative: outside."""
    return min(underlying - lower, upper - underlying) / underlying


def leverage_ratio(underlying: Decimal, price: Decimal, conversion_ratio: Decimal) -> Decimal:
    """Return how much of the underlying the price of one buys; times delta: the effective one."""
    return underlying / (price * conversion_ratio)


def to_call_price(
    kind: WarrantKind, underlying: Decimal, call_price: Decimal, *, called: bool
) -> Decimal:
    """Return the distance to the call price as a fraction of the price; -1 after the call."""
    if called:
        return CALLED
    away = underlying - call_price if kind is WarrantKind.BULL else call_price - underlying
    return away / underlying


def outstanding_ratio(outstanding: int, issue_size: int) -> Decimal:
    """Return the part of an issue that is in the hands of the public."""
    return Decimal(outstanding) / issue_size


# --- Theoretical prices -------------------------------------------------------------------------


def cbbc_price(
    rises: bool | np.ndarray,
    underlying: float | Floats,
    strike: float | Floats,
    conversion_ratio: float | Floats,
    years: float | Floats,
    funding_rate: float | Floats,
) -> Floats:
    """Return the value of bulls (`rises`) and bears: what they are worth now, and their funding."""
    inside = np.where(rises, 1.0, -1.0) * (np.asarray(underlying) - strike)
    value = (inside + np.asarray(strike) * funding_rate * years) / conversion_ratio
    return np.maximum(value, CBBC_PRICE_MIN)


def inline_price(
    underlying: float | Floats,
    lower: float | Floats,
    upper: float | Floats,
    years: float | Floats,
    rate: float | Floats,
    dividend_yield: float | Floats,
    volatility: float | Floats,
) -> Floats:
    """Return the value of inline warrants: 1.00 inside the bounds at expiry, else 0.25."""
    inside = options.normal_cdf(
        _d2(underlying, lower, years, rate, dividend_yield, volatility)
    ) - options.normal_cdf(_d2(underlying, upper, years, rate, dividend_yield, volatility))
    discount = np.exp(-np.asarray(rate) * years)
    value: Floats = _INLINE_OUT + _INLINE_GAIN * discount * inside
    return value


def _d2(
    underlying: float | Floats,
    strike: float | Floats,
    years: float | Floats,
    rate: float | Floats,
    dividend_yield: float | Floats,
    volatility: float | Floats,
) -> Floats:
    spread = np.asarray(volatility) * np.sqrt(years)
    drift = (np.asarray(rate) - dividend_yield) * years
    found: Floats = (np.log(np.asarray(underlying) / strike) + drift) / spread - 0.5 * spread
    return found
