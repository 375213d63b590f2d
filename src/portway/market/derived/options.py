"""US options as a market source: chains of any optionable security, priced off its path.

The seed, the date and the underlying's own history decide everything. An option symbol names its
contract, so contracts are found one by one; there is no list of them to keep.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.derived.chains import (
    Cycle,
    Expiry,
    expiries,
    expiry_on,
)
from portway.market.derived.day import ContractDay, DayTerms, Value
from portway.market.derived.grid import tick_grid
from portway.market.derived.listings import Listing, list_strikes
from portway.market.derived.recorded_chains import RecordedChains
from portway.market.derived.source import FOUND_MAX, DerivedSource, Life
from portway.market.derived.surface import Surface, surface_of
from portway.market.derived.tape import Activity, volume_before
from portway.market.derived.underlyings import Mood, Underlyings
from portway.market.importers.lean_options import ContractKey
from portway.market.synthetic.draws import Floats, Ints, fraction, key_of, sub_key, word
from portway.market.synthetic.layout import microseconds
from portway.market.synthetic.profiles import profile_of
from portway.model.derivative import OptionTerms, Right, option_symbol, parse_option
from portway.model.hours import trading_hours
from portway.model.instrument import Board, Derivative, Instrument, SecurityClass, spread_table
from portway.model.symbol import MalformedSymbol, Market, Symbol
from portway.quotes import options
from portway.quotes.options import INTEREST_RATES, YEAR_SECONDS

__all__ = ["ChainStrike", "ChainTotals", "OptionMarket"]

# Funds and indexes whose options trade until a quarter past four.
LATE_ROOTS: Final = frozenset("SPY QQQ IWM DIA EEM GLD SLV TLT USO UNG XLF".split())
_BROAD: Final = (SecurityClass.ETF, SecurityClass.INDEX)
_RATE: Final = INTEREST_RATES["USD"]
_USUAL_PRINTS: Final = 40.0  # Of a lively underlying in a minute.
_LIVELY: Final = 1.6  # Prints in a minute of the busiest contract of a lively underlying.
_NAMES: Final = {
    Right.CALL: ("Call", "购", "購"),
    Right.PUT: ("Put", "沽", "沽"),
}
CHAINS_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class ChainStrike:
    """One strike of an expiry, with the symbols of its call and its put."""

    strike: Decimal
    call: Symbol
    put: Symbol
    is_standard: bool = True


@dataclass(frozen=True, slots=True)
class ChainTotals:
    """All contracts of an underlying together, calls and puts apart."""

    call_volume: int
    put_volume: int
    call_interest: int
    put_interest: int


class OptionMarket(DerivedSource):
    """Options of every US security that has them."""

    market = Market.US

    def __init__(
        self, seed: int, underlyings: Underlyings, recorded: RecordedChains | None = None
    ) -> None:
        """Make the market.

        Args:
            recorded: Chains of some days that are shown as they were.
        """
        super().__init__(underlyings)
        self._seed = seed
        self._recorded = recorded
        self._lives = lru_cache(maxsize=FOUND_MAX)(self._find_lives)
        self._surface = lru_cache(maxsize=4096)(self._make_surface)
        self._listed = lru_cache(maxsize=CHAINS_MAX)(self._make_listed)

    # -- chains --------------------------------------------------------------------------------

    def is_optionable(self, symbol: Symbol) -> bool:
        """Tell whether options are written on a security."""
        instrument = self.underlyings.instrument(symbol)
        if instrument is not None and self._recorded and self._recorded.days(symbol):
            return True
        return (
            instrument is not None
            and instrument.market is Market.US
            and Derivative.OPTION in instrument.stock_derivatives
        )

    def expiry_dates(self, underlying: Symbol, on: date) -> Sequence[Expiry]:
        """Return the expiries that are listed on a day, ascending."""
        if not self.is_optionable(underlying):
            return ()
        if self._recorded and self._recorded.has(underlying, on):
            ends = sorted({key.expiry for key in self._recorded.contracts(underlying, on)})
            return [self._expiry_of(underlying, day, on) for day in ends]
        found = expiries(_root(underlying), on, self.calendar)
        return [one for one in found if self._listed(underlying, one, on)]

    def cycle_of(self, underlying: Symbol, expiry: date) -> Cycle:
        """Return how often contracts like those of an expiry day expire."""
        return self._expiry_of(underlying, expiry, expiry).cycle

    def strikes(self, underlying: Symbol, expiry: date, on: date) -> Sequence[ChainStrike]:
        """Return the strikes of an expiry that are listed on a day, ascending."""
        if not self.is_optionable(underlying) or not expiry >= on:
            return ()
        root = _root(underlying)
        if self._recorded and self._recorded.has(underlying, on):
            return self._recorded_strikes(root, underlying, expiry, on)
        found = expiry_on(root, expiry, self.calendar)
        if found is None or found.listed_on > on:
            return ()
        return [
            ChainStrike(
                strike,
                option_symbol(root, expiry, Right.CALL, strike),
                option_symbol(root, expiry, Right.PUT, strike),
                listing.is_standard,
            )
            for strike, listing in self._listed(underlying, found, on).items()
        ]

    def _expiry_of(self, underlying: Symbol, day: date, on: date) -> Expiry:
        """Return the schedule's expiry of a day; a day beside the schedule is a monthly one's."""
        found = expiry_on(_root(underlying), day, self.calendar)
        return Expiry(day, Cycle.MONTHLY, on) if found is None else found

    def _recorded_strikes(
        self, root: str, underlying: Symbol, expiry: date, on: date
    ) -> Sequence[ChainStrike]:
        """Return the strikes of a recorded day; a side that was not recorded has no symbol."""
        assert self._recorded is not None, "the day was recorded"
        sides: dict[Decimal, dict[Right, Symbol]] = {}
        for key in self._recorded.contracts(underlying, on):
            if key.expiry == expiry:
                symbol = option_symbol(root, expiry, key.right, key.strike)
                sides.setdefault(key.strike, {})[key.right] = symbol
        none = Symbol("")
        return [
            ChainStrike(strike, found.get(Right.CALL, none), found.get(Right.PUT, none))
            for strike, found in sorted(sides.items())
        ]

    def volumes(self, underlying: Symbol, on: date, us: int) -> ChainTotals:
        """Return what a whole chain has traded on a day before an instant, and its open interest.

        Thousands of contracts: a second's work for the busiest chains.
        """
        volume, interest = [0, 0], [0, 0]
        for expiry in self.expiry_dates(underlying, on):
            for strike in self.strikes(underlying, expiry.day, on):
                for side, symbol in enumerate((strike.call, strike.put)):
                    if symbol:
                        volume[side] += self._volume(symbol, on, us)
                        interest[side] += self.open_interest(symbol, on)
        return ChainTotals(volume[0], volume[1], interest[0], interest[1])

    def _volume(self, symbol: Symbol, on: date, us: int) -> int:
        life = self.life(symbol, on)
        assert life is not None, "what is in the chain is listed"
        if self._recorded and self._recorded.has(life.underlying, on):
            opened = self.day(symbol, on)
            return 0 if opened is None else int(opened.tape.before(us).volume.sum())
        starts, end = self._starts(life.instrument.board, on)
        terms = self.terms_of(life, on, starts, end)
        if terms is None:
            return 0
        return volume_before(terms.key, terms.starts, terms.activity, us)

    def open_interest(self, symbol: Symbol, on: date) -> int:
        """Return the contracts that are open before a day begins."""
        life = self.life(symbol, on)
        if life is None or on > life.last:
            return 0
        if self._recorded and self._recorded.has(life.underlying, on):
            return self._recorded.open_interest(life.underlying, _key_of(life), on)
        mood = self.underlyings.mood(life.underlying, on)
        if mood is None:
            return 0
        activity = self._activity(life, on, mood)
        age = max(0, (on - life.first).days)
        grown = 1.0 - math.exp(-age / 25.0)
        week = fraction(word(key_of(self._seed, symbol, "open interest"), on.toordinal() // 5))
        return int(activity.prints * activity.size * 5200 * grown * (0.8 + 0.4 * week))

    def historical_volatility(self, underlying: Symbol, on: date) -> float:
        """Return the volatility of the last 30 daily returns before a day."""
        mood = self.underlyings.mood(underlying, on)
        return 0.0 if mood is None else mood.historical

    def _make_listed(
        self, underlying: Symbol, expiry: Expiry, on: date
    ) -> Mapping[Decimal, Listing]:
        """Return every strike that is listed on a day, ascending."""
        before = self.calendar.previous_trading_day(expiry.listed_on)
        last = self.calendar.previous_trading_day(on)
        rows = self.underlyings.closes(underlying, before, last)
        if not rows:
            return {}
        splits = self._splits(underlying, rows[0][0], on)
        return list_strikes(_root(underlying), expiry, rows, splits, self.calendar)

    def _splits(self, underlying: Symbol, after: date, through: date) -> list[tuple[date, Decimal]]:
        actions = self.underlyings.source(underlying).corporate_actions(underlying)
        return [
            (action.ex_date, action.split)
            for action in actions
            if after < action.ex_date <= through and action.split != 1
        ]

    # -- contracts -----------------------------------------------------------------------------

    def life(self, symbol: Symbol, day: date) -> Life | None:
        begun = [one for one in self._lives(symbol) if one.first <= day]
        return begun[-1] if begun else None

    def _find_lives(self, symbol: Symbol) -> tuple[Life, ...]:
        """Return what a symbol names from its listing to its expiry; a split ends one of them."""
        try:
            root, expiry_day, right, strike = parse_option(symbol)
        except MalformedSymbol:
            return ()
        underlying = Symbol(f"{root}.US")
        if not self.is_optionable(underlying):
            return ()
        found: list[Life] = []
        expiry = expiry_on(root, expiry_day, self.calendar)
        if expiry is not None and self.calendar.is_trading_day(expiry_day):
            splits = self._splits(underlying, expiry.listed_on, expiry_day)
            lasts = [self.calendar.previous_trading_day(ex_date) for ex_date, _ in splits]
            for last in (*lasts, expiry_day):
                listing = self._listed(underlying, expiry, last).get(strike)
                if listing is not None:
                    terms = OptionTerms(
                        underlying,
                        expiry_day,
                        right,
                        strike,
                        is_standard=listing.is_standard,
                        listed_on=listing.listed_on,
                    )
                    found.append(
                        Life(self._instrument(symbol, terms), underlying, listing.listed_on, last)
                    )
        recorded = self._recorded_from(underlying, ContractKey(expiry_day, strike, right))
        if recorded is not None and (not found or recorded < found[0].first):
            terms = OptionTerms(underlying, expiry_day, right, strike, listed_on=recorded)
            last = self.calendar.latest_on_or_before(expiry_day)
            found = [Life(self._instrument(symbol, terms), underlying, recorded, last)]
        return tuple(found)

    def _recorded_from(self, underlying: Symbol, key: ContractKey) -> date | None:
        """Return the first day on which a contract was recorded."""
        if self._recorded is None:
            return None
        for day in self._recorded.days(underlying):
            if day <= key.expiry and key in self._recorded.contracts(underlying, day):
                return day
        return None

    def _make_day(self, symbol: Symbol, day: date) -> ContractDay | None:
        life = self.life(symbol, day)
        if life is None or not self._recorded or not self._recorded.has(life.underlying, day):
            return super()._make_day(symbol, day)
        if not life.first <= day <= life.last:
            return None
        starts, end = self._starts(life.instrument.board, day)
        ends_at = microseconds(self.ends(day)) if day == life.last else None
        if ends_at is not None:
            starts, end = starts[starts < ends_at], ends_at
        table = spread_table(Market.US, life.instrument.security_class, day)
        return self._recorded.day(
            life.instrument, _key_of(life), day, starts, end, ends_at, tick_grid(table)
        )

    def _has_prints(self, symbol: Symbol, day: date) -> bool:
        life = self.life(symbol, day)
        assert life is not None, "a day of its life"
        if self._recorded and self._recorded.has(life.underlying, day):
            opened = self.day(symbol, day)
            return opened is not None and len(opened.tape) > 0
        return super()._has_prints(symbol, day)

    def _instrument(self, symbol: Symbol, terms: OptionTerms) -> Instrument:
        listed = self.underlyings.instrument(terms.underlying)
        assert listed is not None, "an underlying is listed"
        root = _root(terms.underlying)
        english, simplified, traditional = _NAMES[terms.right]
        tail = f"{terms.expiry:%y%m%d} {terms.strike.normalize():f}"
        is_fine = root in ("SPY", "QQQ", "IWM")
        return Instrument(
            symbol=symbol,
            name_en=f"{root} {tail} {english}",
            name_cn=f"{listed.name_cn} {tail} {simplified}",
            name_hk=f"{listed.name_hk} {tail} {traditional}",
            exchange="OPRA",
            currency="USD",
            lot_size=1,
            board=Board.US_OPTION_S if root in LATE_ROOTS else Board.US_OPTION,
            security_class=(
                SecurityClass.OPTION_ALL_PENNY if is_fine else SecurityClass.OPTION_PENNY
            ),
            listing_date=terms.listed_on,
            expiry_date=terms.expiry,
            option=terms,
        )

    # -- days ----------------------------------------------------------------------------------

    def terms_of(self, life: Life, day: date, starts: Ints, end: int) -> DayTerms | None:
        mood = self.underlyings.mood(life.underlying, day)
        if mood is None:
            return None
        ends_at = None
        if day == life.last:
            ends_at = microseconds(self.ends(day))
            starts, end = starts[starts < ends_at], ends_at
        activity = self._activity(life, day, mood)
        return DayTerms(
            key=self._key(life.instrument.symbol, day),
            starts=starts,
            end=end,
            width=(0.004 + 0.012 / (1.0 + 8.0 * activity.prints), 0.4),
            activity=activity,
            size=8 + int(60 * min(activity.prints, 1.0)),
            levels=1,
            multiplier=life.instrument.multiplier,
            ends_at=ends_at,
        )

    def value_of(self, life: Life, day: date) -> Value:
        terms = life.instrument.option
        mood = self.underlyings.mood(life.underlying, day)
        assert terms is not None, "a contract has terms"
        assert mood is not None, "it has a day"
        surface, strike = self._surface(life.underlying, day), float(terms.strike)
        is_call, dividends = terms.is_call, mood.dividend_yield
        expires = microseconds(self.ends(self.calendar.latest_on_or_before(terms.expiry)))

        def value(underlying: Floats, us: Ints) -> Floats:
            years = np.maximum(expires - us, 60_000_000) / (YEAR_SECONDS * 1e6)
            forward = underlying * np.exp((_RATE - dividends) * years)
            sigma = surface.volatility(np.log(strike / forward), years)
            return options.price(is_call, underlying, strike, years, _RATE, dividends, sigma)

        return value

    def ends(self, expiry: date) -> datetime:
        """Return when contracts end on their last day: with the underlying's session."""
        hours = trading_hours(Market.US, Board.US_OPTION)
        return hours.regular_parts(expiry, self.calendar.is_half_day(expiry))[-1].end

    def _make_surface(self, underlying: Symbol, day: date) -> Surface:
        mood = self.underlyings.mood(underlying, day)
        listed = self.underlyings.instrument(underlying)
        assert mood is not None, "it has a day"
        assert listed is not None, "it is listed"
        return surface_of(mood, is_broad=listed.security_class in _BROAD)

    def _activity(self, life: Life, day: date, mood: Mood) -> Activity:
        """Contracts near the money and near their end trade most."""
        terms = life.instrument.option
        listed = self.underlyings.instrument(life.underlying)
        assert terms is not None, "a contract has terms"
        assert listed is not None, "it is listed"
        lively = (profile_of(self._seed, listed).prints_a_minute / _USUAL_PRINTS) ** 1.5
        years = max((terms.expiry - day).days, 1) / 365
        away = math.log(float(terms.strike) / mood.close) / (mood.short * math.sqrt(years) + 0.02)
        if (away < 0) == terms.is_call:
            away *= 1.8  # In the money there is less to bet on.
        near = math.exp(-0.5 * min(away * away, 40.0))
        soon = 0.15 + 0.85 * math.exp(-years * 6)
        drawn = fraction(word(key_of(self._seed, life.instrument.symbol, "activity"), 0))
        prints = _LIVELY * lively * near * soon * (0.4 + 1.2 * drawn)
        return Activity(prints=max(prints, 0.0008), size=3.0 + 4.0 * drawn)

    def _key(self, symbol: Symbol, day: date) -> int:
        return sub_key(key_of(self._seed, symbol, "derived"), day.toordinal())


def _key_of(life: Life) -> ContractKey:
    terms = life.instrument.option
    assert terms is not None, "a contract has terms"
    return ContractKey(terms.expiry, terms.strike, terms.right)


def _root(underlying: Symbol) -> str:
    return str(underlying).rpartition(".")[0]
