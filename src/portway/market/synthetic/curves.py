"""How volume is spread over a session, and the mean price of a path through its turning points.

A regular session's path runs straight from point to point (`rough`); the minutes add noise to it.
Its volume-weighted mean is what a day's turnover is made of, so it is computed here once for both
levels. Works on arrays of days at once; draws nothing.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Floats, Ints
from portway.market.synthetic.rough import knot_places
from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = ["Curve", "curve_of", "path_mean", "regular_curve", "turns", "volume_weights"]

_EDGE: Final = 3  # Minutes between a turning point and either end of the session, at least.


class Curve(StrEnum):
    """The shape of a session's volume."""

    REGULAR = "regular"  # busy at both ends
    WITH_CLOSE = "with_close"  # the same, with a close that no auction takes out of the session
    PRE = "pre"  # rising towards the open
    POST = "post"  # falling from the close on
    OVERNIGHT = "overnight"  # flat


_CURVES: Final = {
    TradeSession.PRE: Curve.PRE,
    TradeSession.POST: Curve.POST,
    TradeSession.OVERNIGHT: Curve.OVERNIGHT,
}
_LAST_MINUTES: Final = (1.0, 1.2, 1.8, 3.0, 18.0)  # What a close adds to them.


def curve_of(session: TradeSession) -> Curve:
    """Return the shape of the volume of a session outside regular hours."""
    return _CURVES[session]


def regular_curve(market: Market) -> Curve:
    """Return the shape of a regular session's volume."""
    return Curve.WITH_CLOSE if market is Market.US else Curve.REGULAR


@lru_cache(maxsize=64)
def volume_weights(curve: Curve, minutes: int) -> Floats:
    """Return the usual weight of each minute of a session, with mean near 1; read only."""
    place = (np.arange(minutes) + 0.5) / minutes
    if curve in (Curve.REGULAR, Curve.WITH_CLOSE):
        middle = 2 * place - 1
        square = middle * middle
        first = 1 - place
        for _ in range(5):
            first = first * first
        weights = 0.65 + 1.25 * square * square + 0.4 * (1 - place) * square + 1.5 * first
        if curve is Curve.WITH_CLOSE:
            weights[-len(_LAST_MINUTES) :] += _LAST_MINUTES
    elif curve is Curve.PRE:
        weights = 0.3 + 2.1 * place * place
    elif curve is Curve.POST:
        rest = 1 - place
        weights = 0.3 + 2.8 * rest * rest * rest
    else:
        weights = np.ones(minutes)
    weights.flags.writeable = False
    return weights


def turns(minutes: Ints, first: Floats, second: Floats) -> tuple[Ints, Ints]:
    """Turn two draws in [0, 1) into the two minutes at whose end the extremes stand."""
    apart = minutes // 8
    room = minutes - 2 * _EDGE - apart
    early = _EDGE + np.floor(first * first * 0.7 * room).astype(np.int64)
    late = early + apart + np.floor(second * (minutes - _EDGE - early - apart)).astype(np.int64)
    return early, np.minimum(late, minutes - 1)


def path_mean(knots: Ints, minutes: Ints, curve: Curve) -> Floats:
    """Return the volume-weighted mean price of each day's path through its points.

    Args:
        knots: A row per day, at the places of `rough.knot_places`.
        minutes: Of each day.
    """
    total = np.zeros(len(minutes))
    for count in np.unique(minutes).tolist():
        rows = np.flatnonzero(minutes == count)
        weight, moment = _running(curve, count)
        places = knot_places(count).tolist()
        part = np.zeros(len(rows))
        columns = np.ascontiguousarray(knots[rows].T)
        for k, (i, j) in enumerate(pairwise(places)):
            a, b = columns[k], columns[k + 1]
            weighed = weight[j] - weight[i]
            part = part + a * weighed + (b - a) / (j - i) * (moment[j] - moment[i] - i * weighed)
        total[rows] = part / weight[-1]
    return total


@lru_cache(maxsize=64)
def _running(curve: Curve, minutes: int) -> tuple[Floats, Floats]:
    """Running sums, from 0, of the weights and of weight times middle of the minute."""
    weights = volume_weights(curve, minutes)
    middles = np.arange(minutes) + 0.5
    zero = np.zeros(1)
    return (
        np.concatenate((zero, np.cumsum(weights))),
        np.concatenate((zero, np.cumsum(weights * middles))),
    )
