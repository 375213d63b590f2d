"""Which structured products there are: issues of every month, their codes, and their terms.

Each month every underlying gets new warrants and callable contracts, the busy ones more of them. A
code is used again years later, as the exchange does, so a code and a day name a product. Strike,
call price and ratio are drawn around the price of the underlying before the issue; those of an
imported product likewise, for no list has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from portway.market.derived.issuers import ISSUERS
from portway.market.derived.underlyings import Mood
from portway.market.synthetic.draws import fraction, key_of, word
from portway.model.calendar import Calendar
from portway.model.derivative import WarrantKind, WarrantTerms
from portway.model.payoff import last_trading_day
from portway.model.symbol import Symbol
from portway.quotes import options, warrants
from portway.quotes.options import INTEREST_RATES

__all__ = ["FUNDING_RATE", "Issue", "IssueBook", "issuer_volatility", "make_terms"]

FIRST_YEAR: Final = 2004
MONTHS_OPEN_MAX: Final = 15  # No product lives longer.
FUNDING_RATE: Final = 0.06  # What holding a callable contract costs a year.
RATE: Final = INTEREST_RATES["HKD"]
_BUSY_PRINTS: Final = 24  # Underlyings that print so often a minute have more products.
_PRICE_WANTED: Final = (0.045, 0.30)
_RATIOS: Final = (1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000)
_ISSUED: Final = (40_000_000, 60_000_000, 80_000_000, 100_000_000, 150_000_000)
_LISTS_SINCE: Final = date(2026, 3, 1)  # Imported lists tell no listing date: all were there then.


@dataclass(frozen=True, slots=True)
class _Slots:
    """Products of one family in a month's issue of one underlying.

    Attributes:
        first: Lowest exchange code of the family; `codes`: how many it has.
        kinds: Of a busy underlying, in order; a quiet one has the first, every so many months.
    """

    first: int
    codes: int
    kinds: tuple[WarrantKind, ...]
    months: tuple[int, int]

    @property
    def count(self) -> int:
        return len(self.kinds)


_C, _P, _BULL, _BEAR = WarrantKind.CALL, WarrantKind.PUT, WarrantKind.BULL, WarrantKind.BEAR
_FAMILIES: Final = (
    _Slots(10_000, 20_000, (_C, _P, _C, _P, _C), (6, 14)),
    _Slots(49_500, 20_500, (_BULL, _BEAR, _BULL, _BEAR, _BULL, _BEAR), (4, 11)),
    _Slots(47_000, 2_000, (WarrantKind.INLINE,), (6, 9)),
)
_QUIET_MONTHS: Final = {_C: 1, _P: 2, _BULL: 2, _BEAR: 3, WarrantKind.INLINE: 0}


@dataclass(frozen=True, slots=True)
class Issue:
    """A product's place in the schedule.

    Attributes:
        month: Counted from January of `FIRST_YEAR`.
        number: Among the month's products of its family and underlying.
    """

    underlying: Symbol
    kind: WarrantKind
    month: int
    number: int
    code: int

    @property
    def symbol(self) -> Symbol:
        """Its exchange code as a symbol."""
        return Symbol(f"{self.code}.HK")


class IssueBook:
    """The schedule of all issues."""

    def __init__(
        self, seed: int, underlyings: Sequence[tuple[Symbol, int]], taken: frozenset[Symbol]
    ) -> None:
        """Make the schedule.

        Args:
            underlyings: Each with its prints a minute, in the order of their codes.
            taken: Symbols that are listed already; their codes are left out.
        """
        self._seed = seed
        self._underlyings = tuple(underlyings)
        self._places = {symbol: place for place, (symbol, _) in enumerate(underlyings)}
        self._taken = taken

    def underlyings(self) -> Sequence[Symbol]:
        """Return every underlying that has issues."""
        return tuple(self._places)

    def of(self, underlying: Symbol, on: date) -> Iterator[Issue]:
        """Yield the issues of an underlying that may be open on a day, the latest month last."""
        if underlying not in self._places:
            return
        latest = _month_of(on)
        for month in range(max(0, latest - MONTHS_OPEN_MAX), latest + 1):
            for family in _FAMILIES:
                yield from self._month(family, underlying, month)

    def find(self, symbol: Symbol, on: date) -> Issue | None:
        """Return the issue that a code names on a day: the latest one by then."""
        text = str(symbol).rpartition(".")[0]
        if not (text.isascii() and text.isdigit()) or text.startswith("0"):
            return None
        code = int(text)
        for family in _FAMILIES:
            if family.first <= code < family.first + family.codes:
                return self._named(family, code, on)
        return None

    def issued_on(self, issue: Issue, calendar: Calendar) -> date:
        """Return the first trading day of an issue: early in its month, not all on one day."""
        year, month = divmod(issue.month, 12)
        drawn = word(key_of(self._seed, issue.symbol, issue.month, "issued"), 0) % 20
        return calendar.earliest_on_or_after(date(FIRST_YEAR + year, month + 1, 1 + drawn))

    def months_open(self, issue: Issue) -> int:
        """Return how many months lie between issue and expiry."""
        low, high = next(one.months for one in _FAMILIES if issue.kind in one.kinds)
        drawn = word(key_of(self._seed, issue.symbol, issue.month, "life"), 0)
        return low + drawn % (high - low + 1)

    def _month(self, family: _Slots, underlying: Symbol, month: int) -> Iterator[Issue]:
        place = self._places[underlying]
        busy = self._underlyings[place][1] >= _BUSY_PRINTS
        seen: set[WarrantKind] = set()
        for number, kind in enumerate(family.kinds):
            every = 3 if kind is WarrantKind.INLINE else 1
            if not busy:
                every = 0 if kind in seen else _QUIET_MONTHS[kind]
            seen.add(kind)
            if every == 0 or (month + place) % every:
                continue
            code = self._code(family, place, month, number)
            issue = Issue(underlying, kind, month, number, code)
            if issue.symbol not in self._taken:
                yield issue

    def _cycle(self, family: _Slots) -> int:
        """Months until a code is used again."""
        return max(MONTHS_OPEN_MAX + 2, family.codes // (len(self._places) * family.count))

    def _code(self, family: _Slots, place: int, month: int, number: int) -> int:
        block = (month % self._cycle(family)) * len(self._places) + place
        return family.first + block * family.count + number

    def _named(self, family: _Slots, code: int, on: date) -> Issue | None:
        block, number = divmod(code - family.first, family.count)
        remainder, place = divmod(block, len(self._places)) if self._places else (0, 0)
        cycle = self._cycle(family)
        if remainder >= cycle or not self._places:
            return None
        latest = _month_of(on)
        month = latest - (latest - remainder) % cycle
        if month < 0:
            return None
        found = self._month(family, self._underlyings[place][0], month)
        return next((one for one in found if one.number == number), None)


def _month_of(day: date) -> int:
    return (day.year - FIRST_YEAR) * 12 + day.month - 1


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, on the 28th at most."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def listed_before(key: int, kind: WarrantKind, expiry: date) -> date:
    """Return when a product of an imported list began to trade, as far as anybody can tell."""
    months = 6 + int(fraction(word(key, 20)) * 7) if not kind.is_callable else 5
    usual = add_months(expiry, -months)
    early = _LISTS_SINCE - timedelta(days=int(fraction(word(key, 21)) * 90))
    return min(usual, early) if expiry > _LISTS_SINCE else usual


def issuer_volatility(key: int, mood: Mood) -> float:
    """Return the volatility at which an issuer prices: history and 3 to 8 points."""
    return max(mood.historical, 0.08) + 0.03 + 0.05 * fraction(word(key, 10))


def make_terms(
    key: int,
    underlying: Symbol,
    kind: WarrantKind,
    issuer: int | None,
    listed_on: date,
    expiry: date,
    mood: Mood,
    calendar: Calendar,
    *,
    residual: bool = True,
) -> WarrantTerms:
    """Draw the terms of a product around the price of its underlying.

    Args:
        key: Address of the product's draws.
        issuer: Number of the issuer; None draws one.
        mood: Of the underlying when it was listed.
        residual: False: a callable contract of class N.
    """
    close = mood.close
    away = fraction(word(key, 1))
    upper = call_price = None
    if kind is WarrantKind.INLINE:
        strike = _grid(close * (0.80 + 0.08 * away))
        upper = _grid(close * (1.12 + 0.10 * fraction(word(key, 2))))
    elif kind.is_callable:
        side = -1.0 if kind.rises else 1.0
        called_at = close * (1.0 + side * (0.03 + 0.13 * away * away))
        call_price = _grid(called_at)
        gap = 0.01 + 0.02 * fraction(word(key, 3))
        strike = _grid(called_at * (1.0 + side * gap)) if residual else call_price
        if residual and strike == call_price:
            step = Decimal(1).scaleb(call_price.adjusted() - 2)
            strike += step if side > 0 else -step
    else:
        side = 1.0 if kind.rises else -1.0
        strike = _grid(close * (1.0 + side * (-0.06 + 0.24 * away)))
    years = max((expiry - listed_on).days, 1) / 365
    sigma = issuer_volatility(key, mood)
    ratio = _ratio(kind, close, float(strike), years, sigma, mood.dividend_yield)
    active = [one.id for one in ISSUERS if one.is_active]
    return WarrantTerms(
        underlying=underlying,
        kind=kind,
        expiry=expiry,
        last_trading_day=last_trading_day(kind, expiry, calendar),
        strike=strike,
        conversion_ratio=Decimal(ratio),
        issue_size=_ISSUED[word(key, 4) % len(_ISSUED)],
        issuer=active[word(key, 5) % len(active)] if issuer is None else issuer,
        upper_strike=upper,
        call_price=call_price,
        listed_on=listed_on,
    )


def _grid(value: float) -> Decimal:
    """Round to three digits, the last one even or five: strikes as issuers like them."""
    places = math.floor(math.log10(value)) - 2
    step = Decimal(2 if value / 10 ** (places + 2) < 5 else 5).scaleb(places)
    return (Decimal(repr(value)) / step).quantize(Decimal(1)) * step


def _ratio(
    kind: WarrantKind, close: float, strike: float, years: float, sigma: float, dividends: float
) -> int:
    """Return the usual ratio that brings the price nearest to what small investors like."""
    if kind is WarrantKind.INLINE:
        return 1
    if kind.is_callable:
        value = float(warrants.cbbc_price(kind.rises, close, strike, 1.0, years, FUNDING_RATE))
    else:
        value = float(options.price(kind.rises, close, strike, years, RATE, dividends, sigma))
    low, high = _PRICE_WANTED
    wanted = math.sqrt(low * high)
    return min(_RATIOS, key=lambda ratio: abs(math.log(max(value, 1e-6) / ratio / wanted)))
