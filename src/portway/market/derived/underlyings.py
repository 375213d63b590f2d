"""What derivatives have to know of their underlyings: closes, volatility, and the day's path.

Asks the underlying's own source, synthetic, recorded or imported alike. A path is read off minute
bars and is looked up as of an instant: nothing that a market maker could not have seen by then.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

import numpy as np

from portway.market.ports import MarketSource
from portway.market.synthetic.draws import Floats, Ints
from portway.market.synthetic.layout import MINUTE_US, microseconds
from portway.model.calendar import Calendar
from portway.model.instrument import Instrument
from portway.model.quote import Candlestick, Period, TradeSession
from portway.model.symbol import Market, Symbol
from portway.quotes.options import historical_volatility

__all__ = ["HasMinutePath", "Path", "Underlyings"]

UNITS: Final = 10_000.0
PATHS_MAX: Final = 1024
YEARS_MAX: Final = 512
MOODS_MAX: Final = 4096
HISTORY_RETURNS: Final = 30  # Of the historical volatility that quotes show.
_LONG_RETURNS: Final = 250
_MEMORY: Final = 0.94  # A day counts for so much of the day after it in the short volatility.
_VOLATILITY_RANGE: Final = (0.06, 1.8)
_DayPrices = tuple[date, float, float, float]  # close, low, high
_LOOK_BACK: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Path:
    """Prices of one underlying over one regular session.

    Attributes:
        at: Microseconds since the epoch from which each price holds, ascending.
        price: The first is the opening; each other one closes the minute before its instant.
        low: Of each minute, as `high`; the first element belongs to the opening.
    """

    at: Ints
    price: Floats
    low: Floats
    high: Floats

    def as_of(self, us: Ints) -> Floats:
        """Return the price that had been seen by each instant; the opening before all of them."""
        place = np.searchsorted(self.at, us, "right") - 1
        found: Floats = self.price[np.maximum(place, 0)]
        return found


@dataclass(frozen=True, slots=True)
class Mood:
    """What the market thinks of an underlying before a day opens.

    Attributes:
        close: Previous close as the day counts it, after corporate actions.
        short: Yearly volatility of late; `long` of the last year.
        historical: Yearly volatility of the last 30 daily returns.
        dividend_yield: Dividends of twelve months as a part of the close.
    """

    close: float
    short: float
    long: float
    historical: float
    dividend_yield: float


@runtime_checkable
class HasMinutePath(Protocol):
    """A source that knows a quicker way to a day's regular minutes than bars."""

    def minute_path(self, symbol: Symbol, day: date) -> tuple[Ints, ...] | None:
        """Return instants (us), prices, lows and highs in 0.0001, as `Path` has them."""
        ...


class Underlyings:
    """Every security and index that something may be written on."""

    def __init__(
        self,
        instruments: Mapping[Symbol, Instrument],
        calendars: Mapping[Market, Calendar],
        sources: Sequence[MarketSource],
    ) -> None:
        """Take the sources in order: an earlier one wins a symbol over a later one."""
        self._instruments = instruments
        self.calendars = calendars
        self._sources: dict[Symbol, MarketSource] = {}
        for source in reversed(sources):
            self._sources.update(dict.fromkeys(source.symbols(), source))
        self.path = lru_cache(maxsize=PATHS_MAX)(self._path)
        self.mood = lru_cache(maxsize=MOODS_MAX)(self._mood)
        self._year = lru_cache(maxsize=YEARS_MAX)(self._year_of)

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return an underlying that has a source of prices."""
        return self._instruments.get(symbol) if symbol in self._sources else None

    def symbols(self) -> Sequence[Symbol]:
        """Return every symbol with a source."""
        return tuple(self._sources)

    def source(self, symbol: Symbol) -> MarketSource:
        """Return where its prices come from."""
        return self._sources[symbol]

    def closes(self, symbol: Symbol, first: date, last: date) -> list[tuple[date, float]]:
        """Return the regular closes of the days `first` to `last`, raw, with their days."""
        years = range(first.year, last.year + 1)
        rows = [row for year in years for row in self._year(symbol, year)]
        begin = bisect_left(rows, (first, -math.inf))
        end = bisect_left(rows, (last + timedelta(days=1), -math.inf))
        return [(row[0], row[1]) for row in rows[begin:end]]

    def ranges(self, symbol: Symbol, first: date, last: date) -> list[tuple[date, float, float]]:
        """Return days, lowest and highest prices from `first` to `last`, raw."""
        years = range(first.year, last.year + 1)
        rows = [row for year in years for row in self._year(symbol, year)]
        begin = bisect_left(rows, (first, -math.inf))
        end = bisect_left(rows, (last + timedelta(days=1), -math.inf))
        return [(day, low, high) for day, _, low, high in rows[begin:end]]

    def split_factor(self, symbol: Symbol, after: date, through: date) -> float:
        """Return the shares of `through` for one share of `after`: splits between the two days."""
        factor = Decimal(1)
        for action in self._sources[symbol].corporate_actions(symbol):
            if after < action.ex_date <= through:
                factor *= action.split * (1 + action.bonus)
        return float(factor)

    # -- made once ---------------------------------------------------------------------------

    def _year_of(self, symbol: Symbol, year: int) -> tuple[_DayPrices, ...]:
        source = self._sources[symbol]
        first, last = date(year, 1, 1), date(year, 12, 31)
        days = source.trading_days(symbol, first, last)
        bars = source.bars(symbol, Period.DAY, first, last)
        return tuple(
            (day, float(bar.close), float(bar.low), float(bar.high))
            for day, bar in zip(days, bars, strict=False)
        )

    def _path(self, symbol: Symbol, day: date) -> Path | None:
        source = self._sources[symbol]
        if isinstance(source, HasMinutePath):
            found = source.minute_path(symbol, day)
            if found is None:
                return None
            at, close, low, high = found
            return Path(at, close / UNITS, low / UNITS, high / UNITS)
        bars = source.bars(symbol, Period.ONE_MINUTE, day, day)
        regular = [bar for bar in bars if bar.session is TradeSession.NORMAL]
        if not regular:
            regular = list(source.bars(symbol, Period.DAY, day, day))
        return _path_of_bars(regular) if regular else None

    def _mood(self, symbol: Symbol, day: date) -> Mood | None:
        """Only days before `day` count, as far as they have a price."""
        close = self._sources[symbol].prev_close(symbol, day)
        rows = self.closes(symbol, day - _LOOK_BACK, day - timedelta(days=1))
        if not close:
            return None
        prices = [one for _, one in rows]
        if rows:
            prices = self._in_shares_of(symbol, rows, day)
        returns = np.diff(np.log(np.array(prices))) if len(prices) > 1 else np.zeros(0)
        long = float(np.std(returns[-_LONG_RETURNS:])) if len(returns) > 1 else 0.015
        weights = _MEMORY ** np.arange(len(returns))[::-1]
        squares = float((returns * returns * weights).sum())
        # Before there is much of a history the long run counts.
        variance = squares + long * long * max(0.0, 1 / (1 - _MEMORY) - float(weights.sum()))
        short = math.sqrt(variance * (1 - _MEMORY))
        low, high = _VOLATILITY_RANGE
        listed = self._instruments.get(symbol)
        dividend = float(listed.dividend) / float(close) if listed is not None else 0.0
        return Mood(
            close=float(close),
            short=min(max(short * math.sqrt(252), low), high),
            long=min(max(long * math.sqrt(252), low), high),
            historical=historical_volatility(prices[-HISTORY_RETURNS - 1 :]),
            dividend_yield=min(dividend, 0.15),
        )

    def _in_shares_of(
        self, symbol: Symbol, rows: Sequence[tuple[date, float]], day: date
    ) -> list[float]:
        """Return closes as if every split up to `day` had always been."""
        splits = [
            (action.ex_date, float(action.split * (1 + action.bonus)))
            for action in self._sources[symbol].corporate_actions(symbol)
            if rows[0][0] < action.ex_date <= day and action.split * (1 + action.bonus) != 1
        ]
        if not splits:
            return [close for _, close in rows]
        return [
            close / math.prod(ratio for ex_date, ratio in splits if when < ex_date)
            for when, close in rows
        ]


def _path_of_bars(bars: Sequence[Candlestick]) -> Path:
    starts = [microseconds(bar.at) for bar in bars]
    at = np.array([starts[0], *(one + MINUTE_US for one in starts)], dtype=np.int64)
    first = float(bars[0].open)
    columns = [
        np.array([first, *(float(getattr(bar, name)) for bar in bars)])
        for name in ("close", "low", "high")
    ]
    return Path(at, *columns)
