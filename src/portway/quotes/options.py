"""Black-Scholes-Merton for whole chains at once: prices, greeks, implied and historical volatility.

The one place of portway that computes with binary floats; who quotes a price rounds it to a tick
and makes it a decimal. Every argument may be an array or a number, and they broadcast. Greeks come
in the scaling of the wire: per share, theta per calendar day, vega and rho per 1.00. Options are
priced as European ones: what an American holder gains by early exercise is not counted. Knows no
instrument and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "Floats",
    "Greeks",
    "INTEREST_RATES",
    "YEAR_SECONDS",
    "greeks",
    "historical_volatility",
    "implied_volatility",
    "normal_cdf",
    "option_premium",
    "price",
    "price_input",
    "years_between",
]

Floats = npt.NDArray[np.float64]
Numbers = float | Floats
Flags = bool | npt.NDArray[np.bool_]

YEAR_SECONDS: Final = 31_536_000
# What money costs a year, by currency; a fraction, continuously compounded.
INTEREST_RATES: Final = {"USD": 0.04, "HKD": 0.03}
SHORTEST_SECONDS: Final = 60  # An option is never priced nearer to its end than this.
DAYS_A_YEAR: Final = 365
TRADING_DAYS_A_YEAR: Final = 252
VOLATILITY_MAX: Final = 20.0  # 2000 %: dearer options have no volatility worth the name.
_VOLATILITY_MIN: Final = 1e-6
_ROUNDS_MAX: Final = 64
_CLOSE_ENOUGH: Final = 1e-13  # Relative move of the volatility after which it is found.
_NOISE: Final = 1e-16  # Of a price, in parts of the share's: what rounding leaves of it.
_ROOT_HALF: Final = math.sqrt(0.5)
_DENSITY_AT_0: Final = 1.0 / math.sqrt(2.0 * math.pi)
_HALF: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Greeks:
    """Price and sensitivities, one element per option.

    Attributes:
        price: Per share, as `delta` and `gamma`.
        theta: Per calendar day (a year's divided by 365), negative when time costs.
        vega: Per 1.00 of volatility; divide by 100 for one percentage point. `rho` likewise of
            the interest rate.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats


def years_between(now: datetime, expiry: datetime) -> float:
    """Return the time to the end in years of 365 days, at least a minute."""
    return max((expiry - now).total_seconds(), SHORTEST_SECONDS) / YEAR_SECONDS


def normal_cdf(x: Floats) -> Floats:
    """Return the standard normal distribution function, exact into its far tails."""
    # One call per element beats any formula in numpy that keeps the tails' relative precision.
    flat = (x * -_ROOT_HALF).ravel().tolist()
    return 0.5 * np.array([math.erfc(one) for one in flat]).reshape(x.shape)


def price(
    is_call: Flags,
    underlying: Numbers,
    strike: Numbers,
    years: Numbers,
    rate: Numbers,
    dividend_yield: Numbers,
    volatility: Numbers,
) -> Floats:
    """Return the prices per share.

    Args:
        is_call: True for calls, False for puts.
        years: To expiry, above zero; see `years_between`.
        rate: Interest, continuously compounded, as a fraction a year; so is `dividend_yield`.
        volatility: As a fraction a year.
    """
    terms = _Terms.of(is_call, underlying, strike, years, rate, dividend_yield)
    return terms.price(np.broadcast_to(np.asarray(volatility, dtype=np.float64), terms.shape))


def greeks(
    is_call: Flags,
    underlying: Numbers,
    strike: Numbers,
    years: Numbers,
    rate: Numbers,
    dividend_yield: Numbers,
    volatility: Numbers,
) -> Greeks:
    """Return prices and greeks; the arguments are those of `price`."""
    terms = _Terms.of(is_call, underlying, strike, years, rate, dividend_yield)
    sigma = np.broadcast_to(np.asarray(volatility, dtype=np.float64), terms.shape)
    d1, d2, spread = terms.distances(sigma)
    sign = terms.sign
    near, far = normal_cdf(sign * d1), normal_cdf(sign * d2)
    density = _DENSITY_AT_0 * np.exp(-0.5 * d1 * d1) * terms.stock
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = density / (terms.underlying * terms.underlying * spread)
    vega = density * terms.root
    decay = -density * sigma / (2.0 * terms.root)
    carry = sign * (terms.dividend_yield * terms.stock * near - terms.rate * terms.bond * far)
    return Greeks(
        price=sign * (terms.stock * near - terms.bond * far),
        delta=sign * terms.stock * near / terms.underlying,
        gamma=np.where(spread > 0, gamma, 0.0),
        theta=(decay + carry) / DAYS_A_YEAR,
        vega=vega,
        rho=sign * terms.years * terms.bond * far,
    )


def implied_volatility(
    is_call: Flags,
    premium: Numbers,
    underlying: Numbers,
    strike: Numbers,
    years: Numbers,
    rate: Numbers,
    dividend_yield: Numbers,
) -> Floats:
    """Return the volatilities at which the options are worth `premium`.

    0 where there is none: the premium is not above what the option is worth without any
    volatility, or not below what it can be worth at most, or the option has expired (`years` at or
    below zero).
    """
    terms = _Terms.of(is_call, underlying, strike, years, rate, dividend_yield)
    paid = np.broadcast_to(np.asarray(premium, dtype=np.float64), terms.shape)
    # The out-of-the-money one of call and put has the same volatility, and all of its price tells.
    forward_value = terms.sign * (terms.stock - terms.bond)
    value = (paid - np.maximum(forward_value, 0.0)).ravel()
    most = np.minimum(terms.stock, terms.bond).ravel()
    found = np.zeros(value.shape)
    solvable = (value > 0.0) & (value < most) & (terms.years.ravel() > 0.0)
    if solvable.any():
        found[solvable] = _solve(terms.out_of_the_money(solvable), value[solvable])
    return found.reshape(terms.shape)


def historical_volatility(closes: Sequence[float]) -> float:
    """Return the yearly volatility of daily closes, oldest first: 31 of them for 30 returns.

    It is the sample standard deviation of the logarithmic returns times the root of 252; 0 of
    fewer than two returns.
    """
    if len(closes) < 3:
        return 0.0
    returns = np.diff(np.log(np.asarray(closes, dtype=np.float64)))
    return float(np.std(returns, ddof=1)) * math.sqrt(TRADING_DAYS_A_YEAR)


def price_input(bid: Decimal | None, ask: Decimal | None, last: Decimal | None) -> Decimal | None:
    """Return the price from which volatility is implied.

    The middle of bid and ask when both are there and lie closer than half of it, else the last.
    """
    if bid is not None and ask is not None:
        middle = (bid + ask) / 2
        if ask - bid < middle * _HALF:
            return middle
    return last


def option_premium(
    is_call: bool, underlying: Decimal, strike: Decimal, premium: Decimal
) -> Decimal:
    """Return how far the underlying must move until exercise pays, as a fraction of its price."""
    if is_call:
        return (strike + premium - underlying) / underlying
    return (underlying - strike + premium) / underlying


@dataclass(frozen=True, slots=True)
class _Terms:
    """Everything of a row of options that does not depend on the volatility.

    Attributes:
        sign: 1 for calls, -1 for puts.
        stock: The underlying less its dividends until expiry; `bond`: the strike's present value.
        root: Root of the years.
    """

    sign: Floats
    underlying: Floats
    years: Floats
    rate: Floats
    dividend_yield: Floats
    stock: Floats
    bond: Floats
    root: Floats
    log_forward: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stock.shape

    @classmethod
    def of(
        cls,
        is_call: Flags,
        underlying: Numbers,
        strike: Numbers,
        years: Numbers,
        rate: Numbers,
        dividend_yield: Numbers,
    ) -> _Terms:
        sign, spot, at, time, r, q = np.broadcast_arrays(
            np.where(np.asarray(is_call), 1.0, -1.0),
            underlying,
            strike,
            years,
            rate,
            dividend_yield,
        )
        spot, at, time = (one.astype(np.float64) for one in (spot, at, time))
        stock, bond = spot * np.exp(-q * time), at * np.exp(-r * time)
        with np.errstate(invalid="ignore"):
            root = np.sqrt(time)
        return cls(sign, spot, time, r, q, stock, bond, root, np.log(stock / bond))

    def distances(self, sigma: Floats) -> tuple[Floats, Floats, Floats]:
        """Return d1, d2 and the standard deviation until expiry."""
        spread = sigma * self.root
        with np.errstate(divide="ignore", invalid="ignore"):
            d1 = self.log_forward / spread + 0.5 * spread
        # Without any spread only the side of the forward counts.
        d1 = np.where(spread > 0, d1, np.where(self.log_forward > 0, np.inf, -np.inf))
        return d1, d1 - spread, spread

    def price(self, sigma: Floats) -> Floats:
        d1, d2, _ = self.distances(sigma)
        near, far = normal_cdf(self.sign * d1), normal_cdf(self.sign * d2)
        value: Floats = self.sign * (self.stock * near - self.bond * far)
        return value

    def out_of_the_money(self, rows: npt.NDArray[np.bool_]) -> _Terms:
        """Return the flat rows, each as the one of call and put that is out of the money."""
        columns = (
            np.ravel(one)[rows]
            for one in (
                self.underlying, self.years, self.rate, self.dividend_yield, self.stock,
                self.bond, self.root, self.log_forward,
            )
        )  # fmt: skip
        spot, years, rate, dividends, stock, bond, root, log_forward = columns
        sign = np.where(log_forward > 0, -1.0, 1.0)
        return _Terms(sign, spot, years, rate, dividends, stock, bond, root, log_forward)

    def rows(self, kept: npt.NDArray[np.bool_]) -> _Terms:
        """Return some of flat rows."""
        return _Terms(
            self.sign[kept], self.underlying[kept], self.years[kept], self.rate[kept],
            self.dividend_yield[kept], self.stock[kept], self.bond[kept], self.root[kept],
            self.log_forward[kept],
        )  # fmt: skip


def _solve(terms: _Terms, value: Floats) -> Floats:
    """Return the volatilities of out-of-the-money options by Newton's method inside a bracket.

    The start is where the price bends: from there the steps on the price, or for cheap options on
    its logarithm, go straight to the root. A step out of the bracket becomes its middle.
    """
    bend = np.sqrt(2.0 * np.abs(terms.log_forward)) / terms.root
    sigma = np.clip(bend, 1e-2, VOLATILITY_MAX / 2)
    low = np.full(value.shape, _VOLATILITY_MIN)
    high = np.full(value.shape, VOLATILITY_MAX)
    found = np.zeros(value.shape)
    open_rows = np.arange(len(value))
    for _ in range(_ROUNDS_MAX):
        d1, d2, _ = terms.distances(sigma)
        sign = terms.sign
        worth = sign * (terms.stock * normal_cdf(sign * d1) - terms.bond * normal_cdf(sign * d2))
        vega = terms.stock * _DENSITY_AT_0 * np.exp(-0.5 * d1 * d1) * terms.root
        above = worth > value
        high, low = np.where(above, sigma, high), np.where(above, low, sigma)
        with np.errstate(all="ignore"):
            plain = (value - worth) / vega
            by_log = np.log(value / worth) * worth / vega
            moved = sigma + np.where(worth > 2.0 * value, by_log, plain)
        inside = (moved >= low) & (moved <= high)
        moved = np.where(inside, moved, 0.5 * (low + high))
        done = np.abs(moved - sigma) <= _CLOSE_ENOUGH * sigma
        done |= np.abs(worth - value) <= _NOISE * terms.stock
        found[open_rows] = moved
        if done.all():
            break
        kept = ~done
        open_rows, terms, value = open_rows[kept], terms.rows(kept), value[kept]
        sigma, low, high = moved[kept], low[kept], high[kept]
    return np.where(found > VOLATILITY_MAX * (1 - 1e-9), 0.0, found)
