"""The two upper levels of the world: yearly anchors of a security's price, and its daily path.

A year's days are drawn on their own and bridged to the anchors at its ends, so that no year needs
another one. All paths are logarithms; rounding to ticks comes later (`days`). The daily return is
the market's common move and the sector's, times beta, plus a part of its own, each with volatility
in clusters and some wild days; the way from open to close inside the day is made of the same three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    sub_key,
    uniforms,
    word,
    words,
)
from portway.market.synthetic.profiles import Profile, leader_of
from portway.market.synthetic.rough import KNOTS, bridges
from portway.model.calendar import Calendar
from portway.model.symbol import Market, Symbol

__all__ = ["FACTOR_VOLATILITY", "SETTLED_FROM", "Path", "Span", "daily_path", "span_of"]

FACTOR_VOLATILITY: Final = {Market.HK: 0.0115, Market.US: 0.0090, Market.CN: 0.0100}
_OTHER_VOLATILITY: Final = 0.009
_SECTOR_VOLATILITY: Final = 0.0055
_RETURN_MAX: Final = 0.45  # No market has a limit for it here: the wildest day of a wild security.
# Wild days: two in a hundred have 2.2 times the usual size, six 1.6 times; the variance is 1.
_CALM, _WILD, _WILDEST = 0.9, 1.6, 2.2
_WILD_FROM, _WILDEST_FROM = 0.92, 0.98
_GAP_PART: Final = 0.35  # Of a day's move, what the open has made already.
_GAP_NOISE: Final = 0.12
_OWN_GAP_NOISE: Final = 0.2
_INSIDE: Final = 0.85  # Size of a day's way from open to close, in parts of the day's.
_MARGIN: Final = 0.06  # Part of the band that closes leave free at either end for the day's range.
SETTLED_FROM: Final = 2020  # From this year on the band stands still.
_LOG: Final = Context(prec=28)
_SLOW_ZONE: Final = 0.25  # Part of the way between the walls, at either one.
_ANCHORS: Final = (0.28, 0.72)  # Where in the band a year may end: between the slow zones.
_TRACKING_ERROR: Final = 0.0005
# Length of a stretch in calendar days, and how much it says.
_CLUSTERS: Final = ((13, 0.22), (67, 0.32), (283, 0.34))


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
    """Daily closes of a security, as logarithms, and how each day moves.

    Attributes:
        close: As `open`, the opening price, without any split: what a share of today was worth.
        before: Logarithm of the close before the first day.
        sigma: Standard deviation of a day's return.
        mood: Factor on the usual volatility, about 0.4 to 3.
        floor: Lower end of the price band on each day; `ceiling` its upper end.
        sways: What moves it inside a day: addresses of draws, with the size of each day.
        rough: Each day's points (`rough.KNOTS`), less the straight way from open to close.
    """

    open: Floats
    close: Floats
    before: float
    sigma: Floats
    mood: Floats
    floor: Floats
    ceiling: Floats
    sways: tuple[tuple[int, Floats], ...]
    rough: Floats


@dataclass(frozen=True, slots=True)
class _Common:
    """What moves many securities at once, an element per day.

    Attributes:
        day: Return from close to close; `gap` its part from the close to the open.
        size: Standard deviation of the day.
        bridge: Unit path of the day at its points.
    """

    key: int
    day: Floats
    gap: Floats
    size: Floats
    bridge: Floats


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


def daily_path(seed: int, symbol: Symbol, profile: Profile, span: Span, paid: Floats) -> Path:
    """Return the opens and closes of every day; a tracker's are those of its index, scaled.

    Args:
        paid: Dividend of each day in parts of the price, by which the share opens lower.
    """
    leader = leader_of(profile)
    if leader is not None and profile.follows is not None:
        return _followed(seed, symbol, profile, span, leader)
    mood = _mood(key_of(seed, symbol, "mood"), span.ordinals)
    key = key_of(seed, symbol, "day")
    shared = _shared(seed, profile, span)
    # A nervous market makes each of its securities nervous.
    own_size = profile.volatility * mood * np.sqrt(shared[0].size / _market_volatility(span.market))
    own = own_size * _fat(key, span.ordinals)
    common = sum((one.day for one in shared), np.zeros(len(span.days))) * profile.beta
    common_gap = sum((one.gap for one in shared), np.zeros(len(span.days))) * profile.beta
    returns = np.clip(common + own, -_RETURN_MAX, _RETURN_MAX) - paid
    bottom = _log(profile.low)
    width = _log(profile.high) - bottom
    close, shift, before = _bridged(key_of(seed, symbol, "year"), profile, span, width, returns)
    close, damp = _confine(close, _MARGIN * width, (1 - _MARGIN) * width)
    previous = np.concatenate((np.array([before]), close[:-1]))
    rest = (close - previous) - damp * (common - paid)
    surprise = normals(words(sub_key(key, 7), span.ordinals))
    gap = damp * (common_gap - paid + _OWN_GAP_NOISE * own_size * surprise) + _GAP_PART * rest
    opened = np.clip(previous + gap, 0.5 * _MARGIN * width, (1 - 0.5 * _MARGIN) * width)
    inside = _INSIDE * damp
    sways = tuple((one.key, profile.beta * one.size * inside) for one in shared)
    rough = np.zeros((len(span.days), KNOTS))
    for one, (_, size) in zip(shared, sways, strict=True):
        rough = rough + one.bridge * size[:, None]
    if profile.volatility > 0:
        sways = (*sways, (key, own_size * inside))
        rough = rough + bridges(key, span.ordinals) * (own_size * inside)[:, None]
    variance = sum((size * size for _, size in sways), np.zeros(len(span.days)))
    base = bottom + shift
    return Path(
        open=base + opened,
        close=base + close,
        before=bottom + profile.growth * min(0, span.years[0][0] - SETTLED_FROM) + before,
        sigma=np.sqrt(variance) / _INSIDE,
        mood=np.sqrt(mood * shared[0].size / _market_volatility(span.market)),
        floor=base,
        ceiling=base + width,
        sways=sways,
        rough=rough,
    )


def _followed(seed: int, symbol: Symbol, profile: Profile, span: Span, leader: Profile) -> Path:
    assert profile.follows is not None
    path = daily_path(seed, profile.follows, leader, span, np.zeros(len(span.days)))
    drawn = [normals(words(key_of(seed, symbol, what), span.ordinals)) for what in ("day", "open")]
    scale = _log(profile.ratio)
    return replace(
        path,
        open=path.open + scale + _TRACKING_ERROR * drawn[1],
        close=path.close + scale + _TRACKING_ERROR * drawn[0],
        before=path.before + scale,
        floor=path.floor + scale,
        ceiling=path.ceiling + scale,
    )


def _bridged(
    key: int, profile: Profile, span: Span, width: float, returns: Floats
) -> tuple[Floats, Floats, float]:
    """Return the walk of each year between its anchors, the band's shift, and where it begins."""
    anchors = _anchors(key, span, width)
    close = np.empty(len(span.days))
    shift = np.zeros(len(span.days))
    for (year, begin, end), start, stop in zip(span.years, anchors, anchors[1:], strict=False):
        walk = np.cumsum(returns[begin:end])
        part = np.arange(1, end - begin + 1) / float(end - begin)
        close[begin:end] = start + walk + (stop - start - walk[-1]) * part
        if year < SETTLED_FROM:
            shift[begin:end] = profile.growth * (year - SETTLED_FROM + part)
    return close, shift, anchors[0]


def _shared(seed: int, profile: Profile, span: Span) -> tuple[_Common, ...]:
    """What the security shares with others: its market, and its sector if it has one."""
    ordinals = span.ordinals.tobytes()
    market = _common(seed, span.market, "market", _market_volatility(span.market), ordinals)
    if not profile.sector:
        return (market,)
    return (market, _common(seed, span.market, profile.sector, _SECTOR_VOLATILITY, ordinals))


def _market_volatility(market: Market) -> float:
    return FACTOR_VOLATILITY.get(market, _OTHER_VOLATILITY)


@lru_cache(maxsize=32)
def _common(seed: int, market: Market, name: str, usual: float, ordinals: bytes) -> _Common:
    """One common movement of a market's days."""
    index = np.frombuffer(ordinals, dtype=np.int64)
    key = key_of(seed, market, name, "day")
    size = usual * _mood(key_of(seed, market, name, "mood"), index)
    day = size * _fat(key, index)
    gap = _GAP_PART * day + _GAP_NOISE * size * normals(words(sub_key(key, 7), index))
    return _Common(key, day, gap, size, bridges(key, index))


def _fat(key: int, index: Ints) -> Floats:
    """Return numbers of variance 1 with fatter tails than the normal: some days are wild."""
    chance = uniforms(words(sub_key(key, 8), index))
    scale = np.where(chance < _WILD_FROM, _CALM, np.where(chance < _WILDEST_FROM, _WILD, _WILDEST))
    return scale * normals(words(key, index))


def _mood(key: int, ordinals: Ints) -> Floats:
    """Slowly changing factor on volatility: noise of several lengths, each a polyline of draws."""
    total = np.zeros(len(ordinals))
    for scale, (length, weight) in enumerate(_CLUSTERS):
        knot = ordinals // length
        part = (ordinals - knot * length) / float(length)
        here, there = (normals(words(key, (knot + step) * 8 + scale)) for step in (0, 1))
        total = total + weight * (here + (there - here) * part)
    return exp(np.clip(total, -0.95, 1.15))


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


def _confine(x: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Slow a path down towards two walls that it never reaches; in the middle it stays as it is.

    Steps keep their sign, so that a security near a wall still goes with its market. Returns the
    path, and by what factor it is slowed down on each day.
    """
    room = _SLOW_ZONE * (high - low)
    over = np.maximum(x - (high - room), 0.0) / room
    under = np.maximum(low + room - x, 0.0) / room
    middle = np.clip(x, low + room, high - room)
    slow = 1.0 / ((1 + over) * (1 + under))
    return middle + room * (over / (1 + over) - under / (1 + under)), slow * slow
