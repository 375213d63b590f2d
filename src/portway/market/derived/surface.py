"""The volatility surface of an underlying: how dear options are by strike and time.

Total variance at the money grows from the volatility of late to that of the year, so that it never
falls with time; across strikes it follows the surface parametrisation of Gatheral and Jacquier
(2014), within the bounds in which no butterfly and no calendar spread is free. Fixed before a day
opens; strikes count relative to the forward, so the smile moves with the price. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from portway.market.derived.underlyings import Mood
from portway.market.synthetic.draws import Floats

__all__ = ["Surface", "surface_of"]

_REVERSION: Final = 4.0  # Per year: how fast the volatility of late is forgotten.
_PREMIUM: Final = 1.06  # Options cost a little more than what the underlying moves.
_SKEW: Final = {True: -0.55, False: -0.35}  # Funds and indexes, single shares.
_CURVATURE: Final = {True: 0.75, False: 0.6}  # No arbitrage: its square times (1 + |skew|) < 4.


@dataclass(frozen=True, slots=True)
class Surface:
    """One underlying's volatilities on one day.

    Attributes:
        short: At the money, of the shortest options; `long` of those far away.
        skew: Correlation of price and volatility; `curvature` of the smile.
    """

    short: float
    long: float
    skew: float
    curvature: float

    def volatility(self, log_moneyness: Floats | float, years: Floats | float) -> Floats:
        """Return the implied volatilities.

        Args:
            log_moneyness: Logarithm of strike to forward price.
            years: To expiry, above zero.
        """
        time = np.asarray(years, dtype=np.float64)
        settled = self.long * self.long
        gone = (1.0 - np.exp(-_REVERSION * time)) / _REVERSION
        theta = settled * time + (self.short * self.short - settled) * gone
        phi = self.curvature / np.sqrt(theta * (1.0 + theta))
        away = phi * np.asarray(log_moneyness)
        rest = np.sqrt((away + self.skew) ** 2 + 1.0 - self.skew**2)
        total = 0.5 * theta * (1.0 + self.skew * away + rest)
        found: Floats = np.sqrt(total / time)
        return found


def surface_of(mood: Mood, *, is_broad: bool) -> Surface:
    """Return the surface that follows from what the underlying has done.

    Args:
        is_broad: A fund or an index, whose falls frighten more than its rises please.
    """
    return Surface(
        _PREMIUM * mood.short, _PREMIUM * mood.long, _SKEW[is_broad], _CURVATURE[is_broad]
    )
