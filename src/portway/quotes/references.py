"""Reference prices of volatility bands, and whether short sales are restricted, from a day's data.

A band hangs on what a security traded at a little earlier. Both rules look at whole minutes that
are over, so that the same bars give the same references whoever asks, and when: the price in force
at an instant never depends on a print of its own minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.model.quote import Candlestick, SessionQuote

__all__ = ["is_price_tested", "luld_references", "vcm_references"]

References = tuple[tuple[datetime, Decimal], ...]

MINUTE: Final = timedelta(minutes=1)
WINDOW: Final = timedelta(minutes=5)
# US short sales are restricted once a security trades at this part of its previous close.
PRICE_TEST_SHARE: Final = Decimal("0.9")
PRICE_TEST_FROM: Final = date(2011, 2, 28)
MOVE_MIN: Final = Decimal("0.01")  # A US reference that moved by less stays as it was.


def luld_references(
    bars: Sequence[Candlestick], opens_at: datetime, prev_close: Decimal
) -> References:
    """Return the US reference prices of a day, each with the instant from which it holds.

    At first the previous close, then the opening price, then the mean of the last five minutes,
    weighted by volume, when it has moved by one percent. Nothing holds in the first minute.

    Args:
        bars: Of the regular session, ascending, each over.
        prev_close: Zero: there is none.
    """
    found: list[tuple[datetime, Decimal]] = []
    first = next((bar for bar in bars if bar.priced), None)
    if prev_close and (first is None or first.at > opens_at):
        found.append((opens_at + MINUTE, prev_close))
    if first is None:
        return tuple(found)
    found.append((first.at + MINUTE, first.open))
    start = 0
    for end, bar in enumerate(bars, 1):
        over = bar.at + MINUTE
        while bars[start].at < over - WINDOW:
            start += 1
        window = bars[start:end]
        volume = sum(one.volume for one in window)
        if not volume or over <= found[-1][0]:
            continue
        mean = sum((one.turnover for one in window), Decimal(0)) / volume
        if abs(mean - found[-1][1]) >= MOVE_MIN * found[-1][1]:
            found.append((over, mean))
    return tuple(found)


def vcm_references(
    bars: Sequence[Candlestick], opens_at: datetime, prev_close: Decimal
) -> References:
    """Return the Hong Kong reference prices of a day: the last price of five minutes before.

    Args:
        bars: Of the continuous session, ascending, each over.
        prev_close: In force until the first bar is five minutes old; zero: there is none.
    """
    found = [(opens_at, prev_close)] if prev_close else []
    found += [(bar.at + MINUTE + WINDOW, bar.close) for bar in bars if bar.priced]
    return tuple(found)


def is_price_tested(day: date, *quotes: SessionQuote | None) -> bool:
    """Tell whether US short sales are restricted to prices above the best bid (rule 201).

    Args:
        quotes: Regular quotes of `day` and of the trading day before; None: there is none.
    """
    shown = [one for one in quotes if one is not None]
    fallen = any(one.low and one.low <= one.prev_close * PRICE_TEST_SHARE for one in shown)
    return fallen and day >= PRICE_TEST_FROM
