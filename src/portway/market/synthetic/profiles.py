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
from portway.model.instrument import Instrument, SecurityClass
from portway.model.symbol import Market, Symbol

__all__ = ["Profile", "is_drawn", "leader_of", "profile_of"]

_TABLE: Final = "profiles.csv"
_TURNOVER_DIVISOR: Final = 400  # Of a company's value, one part of so many changes hands a day.


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of which character the securities of one kind are that have no row.

    Attributes:
        cents: Lowest typical price; others are up to `steps` - 1 steps of 8 % above.
        volatility: Middle of their own daily volatilities; `beta` of the factors on the market's.
        money_a_day: Traded, where the share count is not known.
        has_nav: Whether the reference table's book value is what a share is worth.
    """

    cents: int
    steps: int
    volatility: float
    money_a_day: int
    beta: float = 1.0
    prints_a_minute: int = 8
    has_nav: bool = False


_HK_SHARE: Final = _Kind(40, 55, 0.019, 8_000_000)
_WARRANT: Final = _Kind(20, 35, 0.040, 200_000, beta=1.3)
_INDEX: Final = _Kind(60_000, 40, 0.006, 60_000_000_00, prints_a_minute=12)
_B_SHARE: Final = _Kind(30, 35, 0.014, 2_000_000, beta=0.8)
_KINDS: Final = {
    (Market.HK, SecurityClass.EQUITY): _HK_SHARE,
    (Market.HK, SecurityClass.REIT): _Kind(100, 35, 0.010, 5_000_000, beta=0.6),
    (Market.HK, SecurityClass.EQUITY_WARRANT): _WARRANT,
    (Market.HK, SecurityClass.ETP): _Kind(500, 40, 0.007, 10_000_000, has_nav=True),
    (Market.HK, SecurityClass.FIXED_INCOME_ETP): _Kind(
        8_000, 8, 0.0015, 5_000_000, beta=0.05, has_nav=True
    ),
    (Market.HK, SecurityClass.INDEX): _INDEX,
    (Market.US, SecurityClass.STOCK): _Kind(600, 40, 0.017, 60_000_000),
    (Market.US, SecurityClass.ETF): _Kind(1_500, 25, 0.006, 20_000_000, has_nav=True),
    (Market.US, SecurityClass.US_WARRANT): _WARRANT,
    (Market.US, SecurityClass.INDEX): _INDEX,
    (Market.CN, SecurityClass.A_SHARE): _Kind(300, 38, 0.017, 120_000_000),
    (Market.CN, SecurityClass.B_SHARE_SH): _B_SHARE,
    (Market.CN, SecurityClass.B_SHARE_SZ): _B_SHARE,
    (Market.CN, SecurityClass.ETF): _Kind(70, 18, 0.008, 40_000_000, has_nav=True),
    (Market.CN, SecurityClass.INDEX): _INDEX,
}


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


def is_drawn(market: Market, security_class: SecurityClass) -> bool:
    """Tell whether the world has prices for that kind of security.

    Bonds, and what is priced from another security (warrants, CBBCs, options), are not of it.
    """
    return (market, security_class) in _KINDS


def _drawn(seed: int, instrument: Instrument) -> Profile:
    kind = _KINDS[instrument.market, instrument.security_class]
    key = key_of(seed, instrument.symbol, "profile")
    cents = kind.cents
    for _ in range(word(key, 0) % kind.steps):
        cents = cents * 108 // 100
    cents = max(cents, 1)
    if kind.has_nav and instrument.bps > 0:
        cents = max(int(instrument.bps * 100), 1)
    money = kind.money_a_day
    if instrument.circulating_shares:
        money = max(instrument.circulating_shares * cents // 100 // _TURNOVER_DIVISOR, money // 8)
    pays = not instrument.is_index and instrument.dividend > 0
    return Profile(
        low=Decimal(max(cents * 72 // 100, 1)).scaleb(-2),
        high=Decimal(cents * 137 // 100 + 1).scaleb(-2),
        growth=0.03,
        volatility=kind.volatility * (0.7 + 0.8 * fraction(word(key, 1))),
        beta=kind.beta * (0.6 + 0.8 * fraction(word(key, 2))),
        shares_a_day=max(money * 100 // cents, 1),
        prints_a_minute=kind.prints_a_minute,
        dividend_months=(6,) if pays else (),
    )
