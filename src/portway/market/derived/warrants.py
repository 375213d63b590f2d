"""Hong Kong's warrants, callable contracts and inline warrants as a market source.

Issues follow a schedule of their own, imported products keep what their list says; both are worth
what the underlying's path makes of them. A callable contract ends at the very print of its
underlying that reaches the call price. Terms are adjusted for splits of the underlying.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.derived.day import DayTerms, Value
from portway.market.derived.issuers import ISSUERS, OTHER, Issuer
from portway.market.derived.issues import (
    FUNDING_RATE,
    RATE,
    Issue,
    IssueBook,
    add_months,
    issuer_volatility,
    listed_before,
    make_terms,
)
from portway.market.derived.product_names import UnderlyingNames, parse_name, product_name
from portway.market.derived.redemptions import redemption_of
from portway.market.derived.source import FOUND_MAX, DerivedSource, Life
from portway.market.derived.tape import Activity
from portway.market.derived.underlyings import Mood, Underlyings
from portway.market.reference import InstrumentSet
from portway.market.synthetic.draws import Floats, Ints, fraction, key_of, sub_key, word
from portway.market.synthetic.layout import MINUTE_US, microseconds
from portway.market.synthetic.profiles import profile_of
from portway.model.corporate_action import Redemption
from portway.model.derivative import WarrantKind, WarrantTerms
from portway.model.hours import trading_hours
from portway.model.instrument import Board, Derivative, Instrument, SecurityClass
from portway.model.payoff import is_beyond
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes import options, warrants
from portway.quotes.options import YEAR_SECONDS

__all__ = ["PREPARED_DAYS", "WarrantMarket"]

PREPARED_DAYS: Final = 2  # Trading days before the first one on which a product is known.
_INDEXES: Final = tuple(Symbol(one) for one in ("HSI.HK", "HSCEI.HK", "HSTECH.HK"))
_STRUCTURED: Final = frozenset({SecurityClass.WARRANT, SecurityClass.CBBC, SecurityClass.INLINE})
_LOTS: Final = (10_000, 5_000, 10_000, 2_500, 20_000)
_ABSENT_US: Final = 5 * MINUTE_US  # The market maker takes so long after the opening.
_LEVELS: Final = 10
_INLINE_MOST: Final = 10_000  # An inline warrant pays 1.00; dearer trades are cancelled.
_CLASSES: Final = {
    WarrantKind.CALL: SecurityClass.WARRANT,
    WarrantKind.PUT: SecurityClass.WARRANT,
    WarrantKind.BULL: SecurityClass.CBBC,
    WarrantKind.BEAR: SecurityClass.CBBC,
    WarrantKind.INLINE: SecurityClass.INLINE,
}
_WORDS: Final = {
    WarrantKind.CALL: ("购", "購"),
    WarrantKind.PUT: ("沽", "沽"),
    WarrantKind.BULL: ("牛", "牛"),
    WarrantKind.BEAR: ("熊", "熊"),
    WarrantKind.INLINE: ("界内", "界內"),
}
_ISSUER_BY_ID: Final = {one.id: one for one in (*ISSUERS, OTHER)}


@dataclass(frozen=True, slots=True)
class _Product:
    """A product before anybody asks on which day."""

    instrument: Instrument
    terms: WarrantTerms
    key: int


class WarrantMarket(DerivedSource):
    """Structured products of every Hong Kong security and index that has them."""

    market = Market.HK

    def __init__(self, seed: int, underlyings: Underlyings, instruments: InstrumentSet) -> None:
        """Make the market.

        Args:
            instruments: All that is listed; products among them keep their code, name and expiry.
        """
        super().__init__(underlyings)
        self._seed = seed
        self._instruments = instruments
        named = [one for one in instruments if instruments.class_of(one) in _STRUCTURED]
        self._imported = frozenset(one for one in named if str(one).endswith(".HK"))
        may_have = self._underlyings()
        self._known_names: UnderlyingNames | None = None
        prints = [(one.symbol, profile_of(seed, one).prints_a_minute) for one in may_have]
        self.issues = IssueBook(seed, prints, self._imported)
        self._product = lru_cache(maxsize=FOUND_MAX)(self._make_product)
        self._of_import = lru_cache(maxsize=FOUND_MAX)(self._make_imported)
        self._called = lru_cache(maxsize=FOUND_MAX)(self._find_call)
        self._on_underlying: dict[Symbol, list[Symbol]] | None = None

    def _underlyings(self) -> list[Instrument]:
        found = []
        for symbol in self.underlyings.symbols():
            if not str(symbol).endswith(".HK") or symbol in self._imported:
                continue
            one = self._instruments.get(symbol)
            if one is None:
                continue
            if symbol in _INDEXES or Derivative.WARRANT in one.stock_derivatives:
                found.append(one)
        return sorted(found, key=lambda one: (one.is_index, _number(one.symbol), one.symbol))

    @property
    def _names(self) -> UnderlyingNames:
        """The names of everything in Hong Kong that has prices; thousands, of an imported list."""
        if self._known_names is None:
            symbols = sorted(self.underlyings.symbols(), key=_number)
            listed = [self._instruments[one] for one in symbols if str(one).endswith(".HK")]
            self._known_names = UnderlyingNames(listed)
        return self._known_names

    # -- what there is -------------------------------------------------------------------------

    @property
    def imported(self) -> frozenset[Symbol]:
        """The products of an imported list, those without a market among them."""
        return self._imported

    def find(self, symbol: Symbol, day: date) -> Instrument | None:
        """Return the product that a code names on a day.

        An imported one of which nobody can tell the underlying is what its list says and no more.
        """
        found = super().find(symbol, day)
        if found is None and symbol in self._imported:
            return self._instruments[symbol]
        return found

    def of_underlying(self, underlying: Symbol, on: date) -> Sequence[Symbol]:
        """Return every product of an underlying that is known on a day and not over before it."""
        found = [issue.symbol for issue in self.issues.of(underlying, on)]
        found += self._imports().get(underlying, [])
        lives = ((symbol, self.life(symbol, on)) for symbol in found)
        return [
            symbol
            for symbol, life in lives
            if life is not None and life.underlying == underlying and on <= life.last
        ]

    def _imports(self) -> dict[Symbol, list[Symbol]]:
        """The imported products by underlying, by their names alone."""
        if self._on_underlying is None:
            found: dict[Symbol, list[Symbol]] = {}
            for symbol in sorted(self._imported, key=_number):
                name = parse_name(self._instruments[symbol].name_en)
                underlying = None if name is None else self._names.find(name.cut)
                if underlying is not None:
                    found.setdefault(underlying, []).append(symbol)
            self._on_underlying = found
        return self._on_underlying

    def life(self, symbol: Symbol, day: date) -> Life | None:
        product = self._find(symbol, day)
        if product is None:
            return None
        terms = product.terms
        listed_on = terms.listed_on
        assert listed_on is not None, "a product has a first day"
        if day < self.calendar.add(listed_on, -PREPARED_DAYS):
            return None
        last, ends_at = self._called(symbol, listed_on) or (terms.last_trading_day, None)
        factor = self._split_factor(terms, min(day, last))
        instrument = product.instrument
        if factor != 1:
            instrument = replace(instrument, warrant=_adjusted(terms, factor))
        return Life(instrument, terms.underlying, listed_on, last, ends_at)

    def outstanding(self, symbol: Symbol, on: date) -> int:
        """Return how many of an issue are in the hands of the public before a day."""
        life = self.life(symbol, on)
        if life is None or on <= life.first or life.instrument.warrant is None:
            return 0
        terms = life.instrument.warrant
        key = key_of(self._seed, symbol, life.first.toordinal(), "outstanding")
        age = (on - life.first).days
        part = (0.02 + 0.55 * fraction(word(key, 0)) ** 2) * min(1.0, age / 60)
        wander = 0.85 + 0.3 * fraction(word(key, 1 + on.toordinal() // 7))
        lot = life.instrument.lot_size
        return int(terms.issue_size * min(part * wander, 1.0)) // lot * lot

    def _find(self, symbol: Symbol, day: date) -> _Product | None:
        if symbol in self._imported:
            return self._of_import(symbol)
        # Known some days before its month's issue: the month after may name it already.
        for ahead in (timedelta(days=10), timedelta(0)):
            issue = self.issues.find(symbol, day + ahead)
            product = None if issue is None else self._product(issue)
            listed_on = None if product is None else product.terms.listed_on
            if listed_on is not None and day >= self.calendar.add(listed_on, -PREPARED_DAYS):
                return product
        return None

    # -- products ------------------------------------------------------------------------------

    def _make_product(self, issue: Issue) -> _Product | None:
        listed_on = self.issues.issued_on(issue, self.calendar)
        mood = self.underlyings.mood(issue.underlying, listed_on)
        underlying = self._instruments[issue.underlying]
        if mood is None:
            return None
        expiry = self.calendar.earliest_on_or_after(
            add_months(listed_on, self.issues.months_open(issue))
        )
        key = key_of(self._seed, issue.symbol, issue.month, "product")
        terms = make_terms(
            key, issue.underlying, issue.kind, None, listed_on, expiry, mood, self.calendar
        )
        issuer = _ISSUER_BY_ID[terms.issuer]
        series = chr(ord("A") + issue.number + 7 * (issue.month % 3))
        ends = f"{expiry:%y%m}"
        instrument = self._instrument(issue.symbol, underlying, issuer, terms, ends, series, key)
        return _Product(instrument, terms, key)

    def _instrument(
        self,
        symbol: Symbol,
        underlying: Instrument,
        issuer: Issuer,
        terms: WarrantTerms,
        ends: str,
        series: str,
        key: int,
    ) -> Instrument:
        simplified, traditional = _WORDS[terms.kind]
        return Instrument(
            symbol=symbol,
            name_en=product_name(issuer, underlying, terms.kind, ends, series),
            name_cn=f"{underlying.name_cn}{issuer.name_cn}{ends}{simplified}{series}",
            name_hk=f"{underlying.name_hk}{issuer.name_hk}{ends}{traditional}{series}",
            exchange="SEHK",
            currency="HKD",
            lot_size=_LOTS[word(key, 6) % len(_LOTS)],
            board=Board.HK_WARRANT,
            security_class=_CLASSES[terms.kind],
            total_shares=terms.issue_size,
            circulating_shares=terms.issue_size,
            listing_date=terms.listed_on,
            expiry_date=terms.expiry,
            warrant=terms,
        )

    def _make_imported(self, symbol: Symbol) -> _Product | None:
        """Give a product of a list the terms that the list leaves out."""
        listed = self._instruments[symbol]
        name = parse_name(listed.name_en)
        underlying = None if name is None else self._names.find(name.cut)
        if name is None or underlying is None or listed.expiry_date is None:
            return None
        kind, expiry = name.kind, listed.expiry_date
        if kind.is_callable != (listed.security_class is SecurityClass.CBBC):
            return None
        key = key_of(self._seed, symbol, expiry.toordinal(), "product")
        first = listed.listing_date or listed_before(key, kind, expiry)
        listed_on = self.calendar.earliest_on_or_after(max(first, self.calendar.first))
        mood = self.underlyings.mood(underlying, listed_on)
        if mood is None:
            return None
        terms = make_terms(
            key, underlying, kind, name.issuer.id, listed_on, expiry, mood, self.calendar,
            residual=name.residual,
        )  # fmt: skip
        instrument = replace(
            listed,
            listing_date=listed_on,
            total_shares=terms.issue_size,
            circulating_shares=terms.issue_size,
            warrant=terms,
        )
        return _Product(instrument, terms, key)

    def _split_factor(self, terms: WarrantTerms, day: date) -> Decimal:
        assert terms.listed_on is not None, "a product has a first day"
        factor = self.underlyings.split_factor(terms.underlying, terms.listed_on, day)
        return Decimal(repr(factor)) if factor != 1.0 else Decimal(1)

    def redemption(self, symbol: Symbol, on: date) -> Redemption | None:
        """Return how a product that was there on a day ends; None while that is not known."""
        life = self.life(symbol, on)
        if life is None:
            return None
        return redemption_of(symbol, life, self.underlyings, self.calendar)

    # -- mandatory calls -----------------------------------------------------------------------

    def _find_call(self, symbol: Symbol, listed_on: date) -> tuple[date, int] | None:
        """Return the day and the instant at which a contract is called, in its whole life."""
        product = self._find(symbol, listed_on)
        assert product is not None, "a product of that day"
        terms = product.terms
        if terms.call_price is None:
            return None
        is_split = self._split_factor(terms, terms.last_trading_day) != 1
        for day, low, high in self.underlyings.ranges(
            terms.underlying, listed_on, terms.last_trading_day
        ):
            call_price = terms.call_price
            if is_split:
                call_price /= self._split_factor(terms, day)
            reached = low if terms.kind is WarrantKind.BULL else high
            if is_beyond(terms.kind, call_price, Decimal(repr(reached))):
                at = self._first_beyond(terms, day, call_price)
                if at is not None:
                    return day, at
        return None

    def _first_beyond(self, terms: WarrantTerms, day: date, call_price: Decimal) -> int | None:
        """Return the instant of the underlying's first print at or beyond the call price."""
        for begin, end in self._windows(terms, day, float(call_price)):
            for at, price in self._ticks_of(terms.underlying, begin, end):
                if is_beyond(terms.kind, call_price, Decimal(repr(price))):
                    return at
        return None

    def _windows(
        self, terms: WarrantTerms, day: date, call_price: float
    ) -> Iterator[tuple[int, int]]:
        """Yield the stretches of a day that may hold the print: auctions, and minutes beyond."""
        path = self.underlyings.path(terms.underlying, day)
        if path is None:
            return
        midnight = microseconds(datetime.combine(day, time(), MARKET_ZONES[Market.HK]))
        begin, end = int(path.at[0]), int(path.at[-1])
        yield midnight, begin
        bull = terms.kind is WarrantKind.BULL
        beyond = path.low <= call_price if bull else path.high >= call_price
        for place in np.flatnonzero(beyond[1:]).tolist():
            at = int(path.at[place + 1])
            yield at - MINUTE_US, at
        yield end - 30 * MINUTE_US, end + 30 * MINUTE_US

    # -- days ----------------------------------------------------------------------------------

    def terms_of(self, life: Life, day: date, starts: Ints, end: int) -> DayTerms | None:
        mood = self.underlyings.mood(life.underlying, day)
        if mood is None or not life.first <= day <= life.last:
            return None
        symbol = life.instrument.symbol
        key = sub_key(key_of(self._seed, symbol, life.first.toordinal()), day.toordinal())
        activity = self._activity(life, day, mood)
        width = 0.5 + 2.0 * fraction(word(key_of(self._seed, symbol, "width"), 0))
        return DayTerms(
            key=key,
            starts=starts,
            end=end,
            width=(0.0, width),
            activity=activity,
            size=100 + int(1500 * min(activity.prints, 1.0)),
            levels=_LEVELS,
            book_from=int(starts[0]) + _ABSENT_US,
            ends_at=life.ends_at if day == life.last else None,
            highest=_INLINE_MOST
            if life.instrument.security_class is SecurityClass.INLINE
            else None,
        )

    def _activity(self, life: Life, day: date, mood: Mood) -> Activity:
        """Products near the price of their underlying trade most, callable ones above all."""
        terms = life.instrument.warrant
        assert terms is not None, "a product has terms"
        listed = self._instruments[life.underlying]
        lively = min(profile_of(self._seed, listed).prints_a_minute / 40.0, 1.0)
        barrier = float(terms.call_price or terms.strike)
        away = abs(barrier / mood.close - 1.0)
        near = 1.0 / (1.0 + (away / 0.07) ** 2)
        drawn = fraction(word(key_of(self._seed, life.instrument.symbol, "activity"), 0))
        prints = 0.9 * lively * near * (0.2 + 1.3 * drawn * drawn)
        lot = life.instrument.lot_size
        return Activity(prints=max(prints, 0.004), size=12.0 * lot, lot=lot)

    def value_of(self, life: Life, day: date) -> Value:
        terms = life.instrument.warrant
        mood = self.underlyings.mood(life.underlying, day)
        assert terms is not None, "a product has terms"
        assert mood is not None, "it has a day"
        kind, ratio = terms.kind, float(terms.conversion_ratio)
        strike, upper = float(terms.strike), float(terms.upper_strike or 0)
        dividends = mood.dividend_yield
        key = key_of(self._seed, life.instrument.symbol, life.first.toordinal(), "price")
        sigma = issuer_volatility(key, mood)
        expires = microseconds(self.expires_at(terms.expiry))

        def value(underlying: Floats, us: Ints) -> Floats:
            years = np.maximum(expires - np.asarray(us), MINUTE_US) / (YEAR_SECONDS * 1e6)
            if kind.is_callable:
                return warrants.cbbc_price(
                    kind.rises, underlying, strike, ratio, years, FUNDING_RATE
                )
            if kind is WarrantKind.INLINE:
                found = warrants.inline_price(
                    underlying, strike, upper, years, RATE, dividends, sigma
                )
                return np.minimum(found, 0.99)
            return (
                options.price(kind.rises, underlying, strike, years, RATE, dividends, sigma) / ratio
            )

        return value

    def expires_at(self, expiry: date) -> datetime:
        """Return the instant to which time is counted: the close of the last day."""
        hours = trading_hours(Market.HK, Board.HK_WARRANT)
        day = self.calendar.latest_on_or_before(expiry)
        return hours.regular_parts(day, self.calendar.is_half_day(day))[-1].end


def _adjusted(terms: WarrantTerms, factor: Decimal) -> WarrantTerms:
    """Return terms for shares that have been split: so many for each old one."""
    return replace(
        terms,
        strike=terms.strike / factor,
        upper_strike=None if terms.upper_strike is None else terms.upper_strike / factor,
        call_price=None if terms.call_price is None else terms.call_price / factor,
        conversion_ratio=terms.conversion_ratio / factor,
    )


def _number(symbol: Symbol) -> int:
    text = str(symbol).rpartition(".")[0]
    return int(text) if text.isascii() and text.isdigit() else 0
