"""Pricing of an option chain: 2,000 contracts with all greeks at once, and vollib one by one.

The chain is what a client asks for on a busy name: eleven expiry days and some ninety strikes a
side. Beside our figure, in the same run, `vollib` computes the same price and the same five greeks
of each contract. Implied volatility is timed for the record.

Run: .venv/bin/python bench/options.py [--rounds 15]. Exits with 1 when a limit is not met.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from py_lets_be_rational.exceptions import BelowIntrinsicException
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical
from vollib.black_scholes_merton.implied_volatility import implied_volatility

from portway.quotes import options

CONTRACTS = 2000
LIMIT_MS = 10.0
RATIO = 20.0
SPOT, RATE, DIVIDENDS = 271.31, 0.04, 0.004
THEIRS = (
    black_scholes_merton,
    analytical.delta,
    analytical.gamma,
    analytical.theta,
    analytical.vega,
    analytical.rho,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    print(f"python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    is_call, strike, years, sigma = chain()
    terms = (SPOT, strike, years, RATE, DIVIDENDS)
    rows = list(zip(is_call.tolist(), strike.tolist(), years.tolist(), sigma.tolist(), strict=True))

    def ours() -> None:
        options.greeks(is_call, *terms, sigma)

    def theirs() -> None:
        for call, k, t, vol in rows:
            for function in THEIRS:
                function("c" if call else "p", SPOT, k, t, RATE, vol, DIVIDENDS)

    fast = best_ms(ours, args.rounds)
    slow = best_ms(theirs, 3)
    print(f"greeks of {CONTRACTS} contracts: {fast:.2f} ms (limit {LIMIT_MS:g} ms)")
    print(f"vollib one by one: {slow:.1f} ms, {slow / fast:.0f}x (at least {RATIO:g}x)")
    prices = options.price(is_call, *terms, sigma)
    priced = [*zip(prices.tolist(), rows, strict=True)]

    def implied() -> None:
        options.implied_volatility(is_call, prices, *terms)

    def theirs_implied() -> None:
        for premium, (call, k, t, _) in priced:
            with suppress(BelowIntrinsicException):
                implied_volatility(premium, SPOT, k, t, RATE, DIVIDENDS, "c" if call else "p")

    fast_iv, slow_iv = best_ms(implied, args.rounds), best_ms(theirs_implied, 1)
    print(f"implied volatility: {fast_iv:.1f} ms, vollib {slow_iv:.1f} ms")
    return 1 if fast > LIMIT_MS or slow / fast < RATIO else 0


def chain() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return calls and puts on a grid of expiry days and strikes near the money."""
    number = np.arange(CONTRACTS)
    strike = SPOT * (0.8 + 0.4 * ((number // 2) % 91) / 90)
    years = (1 + 30 * (number // 182)) / 365
    sigma = 0.22 + 0.15 * np.abs(np.log(strike / SPOT))
    return number % 2 == 0, strike, years, sigma


def best_ms(function: Callable[[], None], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        function()
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
