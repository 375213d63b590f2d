"""The character of every security of the synthetic world: price band, volatility, volume, ex-dates.

The table beside this module is made up: figures of the right size, not data of any real day. A
security that has no row gets a character drawn from its symbol, so a longer list of instruments
needs no longer table. Knows no prices of any day.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Final

from portway.market.synthetic.draws import fraction, key_of, word
from portway.model.instrument import Instrument
from portway.model.symbol import Market, Symbol

__all__ = ["Profile", "leader_of", "profile_of"]

_TABLE: Final = "profiles.csv"
# Of a security without a row: steps of price, and money traded a day.
_PRICE_STEPS: Final = 40
_MONEY_A_DAY: Final = {Market.US: 200_000_000, Market.HK: 60_000_000}


@dataclass(frozen=True, slots=True)
class Profile:
    """How one security behaves.

    Attributes:
        low: No print from 2020 on is below; `high`: none is above. Security's currency.
        growth: Yearly growth (logarithmic) of the whole band before 2020.
        volatility: Typical standard deviation of a daily log return of its own.
        beta: Factor on the market's daily return.
        shares_a_day: Typical volume of a full day (index: of its members).
        prints_a_minute: In continuous trading; from 40 on the security is a lively one, with never
            more than 3 s between two prints.
        follows: Index whose path a tracker has, None for others; `ratio` is the tracker's price to
            the index.
        dividend_months: Months with an ex-date; the amount is the reference table's.
    """

    low: Decimal
    high: Decimal
    growth: float
    volatility: float
    beta: float
    shares_a_day: int
    prints_a_minute: int
    dividend_months: tuple[int, ...]
    follows: Symbol | None = None
    ratio: Decimal = Decimal(1)


def profile_of(seed: int, instrument: Instrument) -> Profile:
    """Return the table's row for the security, or a character drawn from seed and symbol."""
    row = _rows().get(instrument.symbol)
    return _drawn(seed, instrument) if row is None else row


@lru_cache(maxsize=1)
def _rows() -> dict[str, Profile]:
    path = resources.files("portway.market.synthetic") / _TABLE
    with path.open(encoding="utf-8") as file:
        return {row["symbol"]: _read(row) for row in csv.DictReader(file)}


def leader_of(profile: Profile) -> Profile | None:
    """Return the profile of the index that a tracker follows."""
    return None if profile.follows is None else _rows()[profile.follows]


def _read(row: dict[str, str]) -> Profile:
    leader, _, divisor = row["follows"].partition("/")
    return Profile(
        follows=Symbol(leader) if leader else None,
        ratio=1 / Decimal(divisor) if divisor else Decimal(1),
        low=Decimal(row["low"]),
        high=Decimal(row["high"]),
        growth=float(row["growth"]),
        volatility=float(row["volatility"]),
        beta=float(row["beta"]),
        shares_a_day=int(row["shares_a_day"]),
        prints_a_minute=int(row["prints_a_minute"]),
        dividend_months=tuple(int(month) for month in row["dividend_months"].split()),
    )


def _drawn(seed: int, instrument: Instrument) -> Profile:
    key = key_of(seed, instrument.symbol, "profile")
    cents = 600
    for _ in range(word(key, 0) % _PRICE_STEPS):
        cents = cents * 108 // 100  # From 6 up to some 120.
    if instrument.is_index:
        cents *= 100
    money = _MONEY_A_DAY[Market.US if instrument.market is Market.US else Market.HK]
    pays = not instrument.is_index and instrument.dividend > 0
    return Profile(
        low=Decimal(cents * 72 // 100).scaleb(-2),
        high=Decimal(cents * 137 // 100).scaleb(-2),
        growth=0.03,
        volatility=0.010 + 0.012 * fraction(word(key, 1)),
        beta=0.6 + 0.8 * fraction(word(key, 2)),
        shares_a_day=money * 100 // cents,
        prints_a_minute=12,
        dividend_months=(6,) if pays else (),
    )
