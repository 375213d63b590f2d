"""The prices of every day as whole steps of its grid: open, high, low, close, and points between.

Rounds a path to the grid, keeps mainland days inside their limits (a day that wants to go beyond
stays at the limit), puts the extremes of the day on two of its points, and follows closes over
ex-dates by each market's rule. Knows no volume.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

import numpy as np

from portway.market.synthetic.actions import Actions
from portway.market.synthetic.draws import Floats, Ints, exp, normals, sub_key, words
from portway.market.synthetic.grid import UNIT_PLACES, day_grids, price, table_on, units
from portway.market.synthetic.rough import KNOTS, knot_parts
from portway.market.synthetic.stories import Corners, PriceBand, Story, StoryBand, Walls
from portway.market.synthetic.years import Path, Span
from portway.model.instrument import Instrument, SecurityClass
from portway.model.price_limits import (
    CHINEXT_20_PERCENT_FROM,
    ST_10_PERCENT_FROM,
    cn_limit_rate,
)
from portway.model.symbol import Market
from portway.quotes.adjust import prev_close_on_ex_date

__all__ = ["NO_LIMIT", "Prices", "day_prices", "limit_percents"]

NO_LIMIT: Final = 2**62  # Steps that no price reaches.
_UNITS: Final = float(10**UNIT_PLACES)
_RANGE_STEPS_MIN: Final = 4
_REACH: Final = (0.05, 0.24)  # How far extremes lie beyond the day's points, in parts of a day.
_FREE_DAYS: Final = 5  # Trading days of a new mainland share without a limit.


@dataclass(slots=True)
class Prices:
    """Every day of one security; in steps of the day's grid unless told otherwise.

    Attributes:
        step: Units in one step.
        knots: Prices at the day's points, `open` first, the extremes among them.
        upper: Price limits; `NO_LIMIT` and 0 where there are none. `lower` likewise.
        before: Close of the day before in units; `after_action` as the market adjusts it.
        corners: Of days with a story: all turning points, as minute and price.
        bands: Of days with a story that has one; `walls` likewise of those that begin later.
    """

    step: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    knots: Ints
    upper: Ints
    lower: Ints
    before: Ints
    after_action: Ints
    corners: dict[int, Corners]
    bands: dict[int, PriceBand]
    walls: dict[int, Walls]


def day_prices(
    key: int,
    path: Path,
    span: Span,
    instrument: Instrument,
    actions: Actions,
    stories: Mapping[int, Story],
    usual: Mapping[int, Ints],
    minutes: Ints,
) -> Prices:
    """Return the prices of every day.

    Args:
        key: Address of the security's days.
        path: Bent by the stories already.
        usual: Of the days with a story: the undisturbed prices at the day's points, in units.
        minutes: Of each day's regular session.
    """
    later = actions.later_log
    opened, close = path.open + later, path.close + later
    points = opened[:, None] + (close - opened)[:, None] * knot_parts() + path.rough
    tops = np.maximum(points.max(axis=1), np.maximum(opened, close))
    bottoms = np.minimum(points.min(axis=1), np.minimum(opened, close))
    reach = [
        path.sigma * (_REACH[0] + _REACH[1] * np.abs(normals(words(sub_key(key, field), days))))
        for field, days in ((1, span.ordinals), (2, span.ordinals))
    ]
    top = np.minimum(tops + reach[0], path.ceiling + later)
    bottom = np.maximum(bottoms - reach[1], path.floor + later)
    for row, story in stories.items():
        top[row] += max(0.0, story.highest)
        bottom[row] += min(0.0, story.lowest)
    highest, lowest = exp(top) * _UNITS, exp(bottom) * _UNITS
    tick = day_grids(instrument, span.days, lowest, highest)
    widened = np.maximum(highest, lowest + (_RANGE_STEPS_MIN + 2) * tick)
    step = day_grids(instrument, span.days, lowest, widened)
    low = np.maximum(np.ceil(lowest / step).astype(np.int64), 1)
    high = np.maximum(np.floor(highest / step).astype(np.int64), low + _RANGE_STEPS_MIN)
    start = np.floor(exp(np.array([path.before + later[0]])) * _UNITS / step[0] + 0.5) * step[0]
    nothing = np.zeros(len(step), dtype=np.int64)
    made = Prices(
        step=step,
        open=_whole(opened, step, low, high),
        high=high,
        low=low,
        close=_whole(close, step, low, high),
        knots=_whole(points, step[:, None], low[:, None], high[:, None]),
        upper=nothing + NO_LIMIT,
        lower=nothing,
        before=nothing,
        after_action=nothing,
        corners={},
        bands={},
        walls={},
    )
    follow = _Follower(made, instrument, span, actions, int(start[0]))
    follow.closes()
    percents = limit_percents(instrument, span)
    if percents.any():
        _keep_limits(made, follow, percents)
    _place_extremes(made)
    for row, story in stories.items():
        _tell(made, row, story, usual[row].tolist(), int(minutes[row]))
    return made


def _whole(x: Floats, step: Ints, low: Ints, high: Ints) -> Ints:
    return np.clip(np.floor(exp(x) * _UNITS / step + 0.5).astype(np.int64), low, high)


class _Follower:
    """Sets each day's previous close from the closes as they stand."""

    def __init__(
        self, made: Prices, instrument: Instrument, span: Span, actions: Actions, start: int
    ) -> None:
        self._made = made
        self._instrument = instrument
        self._span = span
        self._actions = actions.by_row
        self._start = np.array([start], dtype=np.int64)

    def closes(self) -> None:
        made = self._made
        made.before = np.concatenate((self._start, (made.close * made.step)[:-1]))
        made.after_action = made.before.copy()
        for row, action in self._actions.items():
            close = price(int(made.before[row]))
            table = table_on(self._instrument, self._span.days[row])
            tick = table.tick_size(close) or Decimal("0.01")
            adjusted = prev_close_on_ex_date(self._instrument.market, close, action, tick=tick)
            made.after_action[row] = units(adjusted)


def _keep_limits(made: Prices, follow: _Follower, percent: Ints) -> None:
    """Keep every day inside its price limits.

    A close that is moved shifts the limits of the next day, so it is done until nothing moves.
    """
    while True:
        _set_limits(made, percent)
        kept = np.clip(made.close, made.lower, made.upper)
        if np.array_equal(kept, made.close):
            break
        made.close = kept
        follow.closes()
    made.open = np.clip(made.open, made.lower, made.upper)
    made.high = np.maximum(np.clip(made.high, made.lower, made.upper), made.close)
    made.low = np.minimum(np.clip(made.low, made.lower, made.upper), made.close)
    made.high, made.low = np.maximum(made.high, made.open), np.minimum(made.low, made.open)
    # A day that never leaves its limit has one price; any other has a few.
    locked = (made.high == made.low) & ((made.close == made.upper) | (made.close == made.lower))
    least = np.where(locked, 0, _RANGE_STEPS_MIN)
    made.high = np.minimum(np.maximum(made.high, made.low + least), made.upper)
    made.low = np.maximum(np.minimum(made.low, made.high - least), made.lower)
    made.knots = np.clip(made.knots, made.low[:, None], made.high[:, None])


def _set_limits(made: Prices, percent: Ints) -> None:
    """The previous close plus and minus so many per cent, half up; at least a tick away."""
    close = made.after_action
    whole = 100 * made.step
    upper = (close * (100 + percent) + whole // 2) // whole
    lower = (close * (100 - percent) + whole // 2) // whole
    here = close // made.step
    upper, lower = np.maximum(upper, here + 1), np.maximum(np.minimum(lower, here - 1), 1)
    made.upper = np.where(percent > 0, upper, NO_LIMIT)
    made.lower = np.where(percent > 0, lower, 0)


def limit_percents(instrument: Instrument, span: Span) -> Ints:
    """Return the mainland's daily limit of each day in per cent, 0 for none."""
    percent = np.zeros(len(span.days), dtype=np.int64)
    if instrument.market is not Market.CN or instrument.is_index:
        return percent
    listed = instrument.listing_date
    first = date.min if listed is None else listed
    cuts = [0, *(_row(span, day) for day in (CHINEXT_20_PERCENT_FROM, ST_10_PERCENT_FROM))]
    for begin, end in pairwise([*cuts, len(span.days)]):
        if begin == end:
            continue
        rate = cn_limit_rate(
            span.days[begin],
            instrument.board,
            instrument.security_class,
            risk_warning=instrument.risk_warning,
            tracks_growth_board=instrument.tracks_growth_board,
        )
        percent[begin:end] = 0 if rate is None else int(rate * 100)
    if span.days and first > span.days[0] and instrument.security_class is not SecurityClass.ETF:
        begin = _row(span, first)
        percent[begin : begin + _FREE_DAYS] = 0
    return percent


def _row(span: Span, day: date) -> int:
    return int(np.searchsorted(span.ordinals, day.toordinal()))


def _place_extremes(made: Prices) -> None:
    """Let the highest and the lowest inner point be the day's high and low."""
    inner = made.knots[:, 1:-1]
    rows = np.arange(len(inner))
    high, low = np.argmax(inner, axis=1), np.argmin(inner, axis=1)
    low = np.where(low == high, (high + 1) % (KNOTS - 2), low)
    inner[rows, high], inner[rows, low] = made.high, made.low
    made.knots[:, 0], made.knots[:, -1] = made.open, made.close


def _tell(made: Prices, row: int, story: Story, usual: list[int], minutes: int) -> None:
    """Bend one day by a story: its own turning points, and the extremes that follow from them."""
    step, lower, upper = int(made.step[row]), int(made.lower[row]), int(made.upper[row])
    corners = [
        (minute, min(max(1, lower, int(value / step + 0.5)), upper))
        for minute, value in story.path(usual, minutes)
    ]
    corners[-1] = (minutes, int(made.close[row]))
    if story.band is not None:
        band, corners = _banded(story.band, corners)
        made.bands[row] = band
    prices = [value for _, value in corners]
    high, low = max(prices), min(prices)
    if high - low < _RANGE_STEPS_MIN:
        place = next(i for i, value in enumerate(prices) if 0 < i < len(prices) - 1)
        low = max(high - _RANGE_STEPS_MIN, lower, 1)
        corners[place] = (corners[place][0], low)
    if story.bends and story.bends[0][0] > 0:
        drawn = [value / step for value in usual]
        walls = (math.floor(min(drawn)), math.ceil(max(drawn)))
        made.walls[row] = Walls(story.bends[0][0], max(walls[0], low), min(walls[1], high))
    made.open[row], made.high[row], made.low[row] = prices[0], high, low
    made.corners[row] = tuple(corners)


def _banded(
    band: StoryBand, corners: list[tuple[int, int]]
) -> tuple[PriceBand, list[tuple[int, int]]]:
    """Keep turning points inside a band around the price with which it begins."""
    reference = next(value for minute, value in corners if minute >= band.first)
    lower = math.ceil(reference * (1 - band.part))
    upper = math.floor(reference * (1 + band.part))
    kept = [
        (minute, min(max(value, lower), upper) if band.first <= minute <= band.last else value)
        for minute, value in corners
    ]
    return PriceBand(band.first, band.trigger, band.last, lower, upper), kept
