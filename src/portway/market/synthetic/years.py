"""The two upper levels of the world: yearly anchors of a security's price, and its daily path.

A year's days are drawn on their own and bridged to the anchors at its ends, so that no year needs
another one. All paths are logarithms; rounding to ticks comes later (`days`). The daily return is
the market's common factor times beta plus a part of its own, both with volatility in clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np

from portway.market.synthetic.draws import (
    Floats,
    Ints,
    exp,
    fraction,
    key_of,
    normals,
    word,
    words,
)
from portway.market.synthetic.profiles import Profile, leader_of
from portway.model.calendar import Calendar
from portway.model.symbol import Market, Symbol

__all__ = ["FACTOR_VOLATILITY", "SETTLED_FROM", "Path", "Span", "daily_path", "span_of"]

FACTOR_VOLATILITY: Final = {Market.HK: 0.0115, Market.US: 0.0090, Market.CN: 0.0100}
_OTHER_VOLATILITY: Final = 0.009
# Largest daily move: keeps a mainland day with its range and an ex-date inside a limit of 10 %.
_RETURN_MAX: Final = 0.062
_MARGIN: Final = 0.06  # Part of the band that closes leave free at either end for the day's range.
SETTLED_FROM: Final = 2020  # From this year on the band stands still.
_LOG: Final = Context(prec=28)
_SLOW_ZONE: Final = 0.25  # Part of the way between the walls, at either one.
_ANCHORS: Final = (0.28, 0.72)  # Where in the band a year may end: between the slow zones.
_TRACKING_ERROR: Final = 0.0005
_CLUSTER_DAYS: Final = (9, 31, 97)


@dataclass(frozen=True, slots=True)
class Span:
    """All trading days of one market in the world, as arrays.

    Attributes:
        days: Every trading day, ascending.
        ordinals: The same as proleptic day numbers, the address of everything drawn per day.
        half: Which of them are half days.
        years: For each calendar year: the year, its first row and the row after its last.
        months: First row of each (year, month).
    """

    market: Market
    days: tuple[date, ...]
    ordinals: Ints
    half: np.typing.NDArray[np.bool_]
    years: tuple[tuple[int, int, int], ...]
    months: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Path:
    """Daily closes of a security, as logarithms, and how lively each day is.

    Attributes:
        before: Logarithm of the close before the first day.
        sigma: Standard deviation of a day's return.
        mood: Factor on the usual volatility, about 0.5 to 2.
        floor: Lower end of the price band on each day; `ceiling` its upper end.
    """

    close: Floats
    before: float
    sigma: Floats
    mood: Floats
    floor: Floats
    ceiling: Floats


def span_of(calendar: Calendar, first: date, last: date) -> Span:
    """Return the trading days from `first` to `last` as arrays."""
    days = calendar.trading_days(first, last)
    rows = range(len(days))
    years = []
    for year, group in groupby(rows, key=lambda row: days[row].year):
        inside = list(group)
        years.append((year, inside[0], inside[-1] + 1))
    months = []
    for (year, month), group in groupby(rows, key=lambda row: (days[row].year, days[row].month)):
        months.append((year, month, next(group)))
    return Span(
        calendar.market,
        days,
        np.array([day.toordinal() for day in days], dtype=np.int64),
        np.array([calendar.is_half_day(day) for day in days], dtype=np.bool_),
        tuple(years),
        tuple(months),
    )


def daily_path(seed: int, symbol: Symbol, profile: Profile, span: Span) -> Path:
    """Return the closes of every day of the span; a tracker's are those of its index, scaled."""
    leader = leader_of(profile)
    if leader is not None and profile.follows is not None:
        path = daily_path(seed, profile.follows, leader, span)
        error = _TRACKING_ERROR * normals(words(key_of(seed, symbol, "day"), span.ordinals))
        scale = _log(profile.ratio)
        return Path(
            path.close + scale + error,
            path.before + scale,
            path.sigma,
            path.mood,
            path.floor + scale,
            path.ceiling + scale,
        )
    mood = _mood(key_of(seed, symbol, "mood"), span.ordinals)
    factor = _factor(seed, span.market, span.ordinals.tobytes())
    own = profile.volatility * mood * normals(words(key_of(seed, symbol, "day"), span.ordinals))
    returns = np.clip(profile.beta * factor + own, -_RETURN_MAX, _RETURN_MAX)
    bottom = _log(profile.low)
    width = _log(profile.high) - bottom
    anchors = _anchors(key_of(seed, symbol, "year"), span, width)
    close = np.empty(len(span.days))
    shift = np.zeros(len(span.days))
    for (year, begin, end), start, stop in zip(span.years, anchors, anchors[1:], strict=False):
        walk = np.cumsum(returns[begin:end])
        part = np.arange(1, end - begin + 1) / float(end - begin)
        close[begin:end] = start + walk + (stop - start - walk[-1]) * part
        if year < SETTLED_FROM:
            shift[begin:end] = profile.growth * (year - SETTLED_FROM + part)
    close = _confine(close, _MARGIN * width, (1 - _MARGIN) * width)
    market_part = profile.beta * FACTOR_VOLATILITY.get(span.market, _OTHER_VOLATILITY)
    usual = float(np.sqrt(np.float64(market_part * market_part + profile.volatility**2)))
    grown = profile.growth * min(0, span.years[0][0] - SETTLED_FROM)
    return Path(
        close=bottom + shift + close,
        before=bottom + grown + anchors[0],
        sigma=usual * mood,
        mood=mood,
        floor=bottom + shift,
        ceiling=bottom + shift + width,
    )


@lru_cache(maxsize=16)
def _factor(seed: int, market: Market, ordinals: bytes) -> Floats:
    """The common part of a market's daily returns."""
    index = np.frombuffer(ordinals, dtype=np.int64)
    usual = FACTOR_VOLATILITY.get(market, _OTHER_VOLATILITY)
    mood = _mood(key_of(seed, market, "market mood"), index)
    return usual * mood * normals(words(key_of(seed, market, "market day"), index))


def _mood(key: int, ordinals: Ints) -> Floats:
    """Slowly changing factor on volatility: noise of several lengths, each a polyline of draws."""
    total = np.zeros(len(ordinals))
    for scale, length in enumerate(_CLUSTER_DAYS):
        knot = ordinals // length
        part = (ordinals - knot * length) / float(length)
        here, there = (normals(words(key, (knot + step) * 8 + scale)) for step in (0, 1))
        total = total + here + (there - here) * part
    return exp(np.clip(0.22 * total, -0.7, 0.75))


def _anchors(key: int, span: Span, width: float) -> list[float]:
    """Where in its band the security stands at the end of each year, the year before included.

    A walk that is reflected well inside the band, drawn from the first year of the world on.
    """
    place = 0.35 + 0.3 * fraction(word(key, 0))
    low, high = _ANCHORS
    anchors = [place * width]
    for year, _, _ in span.years:
        place += 0.6 * (fraction(word(key, year)) - 0.5)
        place = 2 * low - place if place < low else 2 * high - place if place > high else place
        anchors.append(place * width)
    return anchors


def _log(value: Decimal) -> float:
    # By decimal arithmetic, whose result no processor or thread can change.
    return float(value.ln(_LOG))


def _confine(x: Floats, low: float, high: float) -> Floats:
    """Slow a path down towards two walls that it never reaches; in the middle it stays as it is.

    Steps keep their sign, so that a security near a wall still goes with its market.
    """
    room = _SLOW_ZONE * (high - low)
    over = np.maximum(x - (high - room), 0.0) / room
    under = np.maximum(low + room - x, 0.0) / room
    middle = np.clip(x, low + room, high - room)
    return middle + room * (over / (1 + over) - under / (1 + under))
