"""The character of every security of the synthetic world: price band, volatility, volume, ex-dates.

The table beside this module is made up: figures of the right size, not data of any real day. A
security that has no row gets a character drawn from its symbol, so a longer list of instruments
needs no longer table. Knows no prices of any day.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Final

from portway.market.synthetic.draws import fraction, key_of, word
from portway.model.instrument import Instrument, SecurityClass
from portway.model.symbol import Market, Symbol

__all__ = ["Profile", "Split", "leader_of", "profile_of"]

_TABLE: Final = "profiles.csv"
# Of a security without a row: steps of price, money and part of the shares traded a day.
_PRICE_STEPS: Final = 40
_TURNED_A_DAY: Final = {Market.US: 0.005, Market.HK: 0.002, Market.CN: 0.008}
_INDEX_SHARES: Final = {
    Market.HK: 1_000_000_000,
    Market.US: 2_000_000_000,
    Market.CN: 9_000_000_000,
}
_PRINTS: Final = ((1_000_000_000, 30), (300_000_000, 20), (60_000_000, 14), (0, 9))  # By money.
# Below it a tick is too large a part of the price for a day of its own.
_CENTS_MIN: Final = {Market.CN: 300, Market.US: 150, Market.HK: 60}
_FUNDS: Final = (SecurityClass.ETF, SecurityClass.ETP, SecurityClass.FIXED_INCOME_ETP)
_SECTORS: Final = ("banks", "cars", "energy", "finance", "health", "property", "staples", "tech")
_MONEY_A_DAY: Final = {Market.US: 200_000_000, Market.HK: 60_000_000}


@dataclass(frozen=True, slots=True)
class Split:
    """Shares that multiply on an ex-date: `ratio` new for one old; a bonus issue adds shares."""

    ex_date: date
    ratio: Decimal
    is_bonus: bool = False


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
        sector: Name of the group of securities that move together beyond their market; "" for none.
        splits: Ex-dates with new shares per old share, and whether they are a bonus issue.
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
    sector: str = ""
    splits: tuple[Split, ...] = ()


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
        sector=row["sector"],
        splits=tuple(map(_split, row["splits"].split())),
    )


def _split(text: str) -> Split:
    """Read `date:ratio`; with a plus sign the shares that a bonus issue adds to each old one."""
    day, _, ratio = text.partition(":")
    bonus = ratio.startswith("+")
    return Split(date.fromisoformat(day), Decimal(ratio) + (1 if bonus else 0), bonus)


def _drawn(seed: int, instrument: Instrument) -> Profile:
    key = key_of(seed, instrument.symbol, "profile")
    cents = _usual_cents(key, instrument)
    if instrument.is_index:
        cents *= 100
    is_fund = instrument.security_class in _FUNDS
    shares = _shares_a_day(key, instrument, cents)
    busy = shares * cents // 100
    return Profile(
        low=Decimal(cents * 72 // 100).scaleb(-2),
        high=Decimal(cents * 137 // 100).scaleb(-2),
        growth=0.03,
        volatility=0.004 if is_fund else 0.009 + 0.012 * fraction(word(key, 1)),
        beta=0.6 + 0.8 * fraction(word(key, 2)),
        shares_a_day=shares,
        prints_a_minute=next(prints for least, prints in _PRINTS if busy >= least),
        dividend_months=(6,) if not instrument.is_index and instrument.dividend > 0 else (),
        sector="" if is_fund else _SECTORS[word(key, 4) % len(_SECTORS)],
    )


def _shares_a_day(key: int, instrument: Instrument, cents: int) -> int:
    """A part of all shares changes hands each day; by money where their number is not known."""
    if instrument.is_index:
        return _INDEX_SHARES.get(instrument.market, _INDEX_SHARES[Market.HK])
    drawn = fraction(word(key, 3))
    shares = instrument.circulating_shares or instrument.total_shares
    if shares:
        turned = _TURNED_A_DAY.get(instrument.market, 0.003)
        return max(int(shares * turned * (0.5 + drawn)), 1)
    money = _MONEY_A_DAY[Market.US if instrument.market is Market.US else Market.HK]
    return int(money * 100 * (0.3 + 1.4 * drawn)) // cents


def _usual_cents(key: int, instrument: Instrument) -> int:
    """The middle of the band: by earnings or net assets where they are known, else drawn."""
    if instrument.eps > 0:
        multiple = 9 + 14 * fraction(word(key, 0))
        cents = int(float(instrument.eps) * 100 * multiple)
    elif instrument.bps > 0:
        multiple = 1 if instrument.security_class in _FUNDS else 1 + 2 * fraction(word(key, 0))
        cents = int(float(instrument.bps) * 100 * multiple)
    else:
        cents = 600
        for _ in range(word(key, 0) % _PRICE_STEPS):
            cents = cents * 108 // 100  # From 6 up to some 120.
    least = _CENTS_MIN.get(instrument.market, 100)
    is_fund = instrument.security_class in _FUNDS
    return max(cents, least // 4 if is_fund else least)
