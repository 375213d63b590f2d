"""How volume is spread over a session, and the mean price of a path through its turning points.

A session's path runs straight from its open to the first extreme, to the second, to its end; the
minutes add noise to it. Its volume-weighted mean is what a day's turnover is made of, so it is
computed here once for both levels. Works on arrays of days at once; draws nothing.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Floats, Ints
from portway.model.quote import TradeSession

__all__ = ["Curve", "curve_of", "path_mean", "turns", "volume_weights"]

_EDGE: Final = 3  # Minutes between a turning point and either end of the session, at least.


class Curve(StrEnum):
    """The shape of a session's volume."""

    REGULAR = "regular"  # busy at both ends
    PRE = "pre"  # rising towards the open
    POST = "post"  # falling from the close on
    OVERNIGHT = "overnight"  # flat


_CURVES: Final = {
    TradeSession.NORMAL: Curve.REGULAR,
    TradeSession.PRE: Curve.PRE,
    TradeSession.POST: Curve.POST,
    TradeSession.OVERNIGHT: Curve.OVERNIGHT,
}


def curve_of(session: TradeSession) -> Curve:
    """Return the shape of a session's volume."""
    return _CURVES[session]


@lru_cache(maxsize=64)
def volume_weights(curve: Curve, minutes: int) -> Floats:
    """Return the usual weight of each minute of a session, with mean near 1; read only."""
    place = (np.arange(minutes) + 0.5) / minutes
    if curve is Curve.REGULAR:
        middle = 2 * place - 1
        square = middle * middle
        weights = 0.65 + 1.4 * square * square + 0.5 * (1 - place) * square
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


def path_mean(
    opened: Ints,
    high: Ints,
    low: Ints,
    last: Ints,
    first_turn: Ints,
    second_turn: Ints,
    high_first: np.typing.NDArray[np.bool_],
    minutes: Ints,
    curve: Curve,
) -> Floats:
    """Return the volume-weighted mean price of each day's path, in the unit of the prices."""
    one, two = np.where(high_first, high, low), np.where(high_first, low, high)
    total = np.zeros(len(minutes))
    corners = (
        (opened, one, np.zeros_like(minutes), first_turn),
        (one, two, first_turn, second_turn),
        (two, last, second_turn, minutes),
    )
    for count in np.unique(minutes):
        rows = minutes == count
        weight, moment = _running(curve, int(count))
        part = np.zeros(int(rows.sum()))
        for start, stop, begin, end in corners:
            a, b, i, j = (side[rows] for side in (start, stop, begin, end))
            slope = (b - a) / (j - i)
            weighed = weight[j] - weight[i]
            part = part + a * weighed + slope * (moment[j] - moment[i] - i * weighed)
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
