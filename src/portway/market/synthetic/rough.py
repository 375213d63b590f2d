"""How a day goes inside, roughly: a dozen points between its open and its close, and its restless
minutes.

Every movement of a security is a sum of sways: its market's, its sector's and one of its own. A
sway has an address, so that all securities of a market share the same draws at the same minutes,
and a size that differs from day to day. Works on logarithms; knows neither prices nor ticks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Floats, Ints, exp, normals, sub_key, words

__all__ = ["KNOTS", "bridges", "knot_parts", "knot_places", "pulse", "shape"]

KNOTS: Final = 15  # Points of a day, its open and its close among them.
_EDGE: Final = 4  # Minutes from either end to the next point: extremes may lie near both.
_USUAL_MINUTES: Final = 330
_RESTLESS_MINUTES: Final = (11, 47)  # Lengths of busy and quiet stretches inside a day.


@lru_cache(maxsize=64)
def knot_places(minutes: int) -> Ints:
    """Return the minutes at whose end the points stand; the first is 0, the open. Read only."""
    inner = np.arange(KNOTS - 2, dtype=np.int64) * (minutes - 2 * _EDGE) // (KNOTS - 3) + _EDGE
    places = np.concatenate((np.zeros(1, dtype=np.int64), inner, np.array([minutes])))
    places.flags.writeable = False
    return places


@lru_cache(maxsize=64)
def shape(minutes: int) -> Floats:
    """Return how far each minute moves beside the others (mean square 1): most at the open."""
    place = (np.arange(minutes) + 0.5) / minutes
    rest = 1 - place
    square = rest * rest
    early = square * square * square
    late = place * place * place
    usual = 0.72 + 1.15 * early * early + 0.6 * early + 0.28 * late * late
    scaled: Floats = usual / np.sqrt(np.cumsum(usual * usual)[-1] / minutes)
    scaled.flags.writeable = False
    return scaled


@lru_cache(maxsize=1)
def knot_parts() -> Floats:
    """Return what part of a day's variance lies before each point: 0 at the open, 1 at the end."""
    moved = shape(_USUAL_MINUTES)
    running = np.concatenate((np.zeros(1), np.cumsum(moved * moved))) / float(_USUAL_MINUTES)
    parts: Floats = running[knot_places(_USUAL_MINUTES)]
    parts[-1] = 1.0
    parts.flags.writeable = False
    return parts


def bridges(key: int, ordinals: Ints) -> Floats:
    """Return each day's path of one sway at the points, less the straight way: 0 at both ends."""
    parts = knot_parts()
    index = ordinals[:, None] * 32 + np.arange(KNOTS - 1)
    steps = normals(words(sub_key(key, 1), index)) * np.sqrt(np.diff(parts))
    walk = np.cumsum(steps, axis=1)
    path = np.zeros((len(ordinals), KNOTS))
    path[:, 1:] = walk - walk[:, -1:] * parts[1:]
    return path


def pulse(key: int, clock: Ints) -> Floats:
    """Return one sway's moves in the minutes `clock` (numbered from the epoch), about variance 1.

    Busy and quiet stretches follow each other, as they do over days.
    """
    restless = np.zeros(len(clock))
    for scale, length in enumerate(_RESTLESS_MINUTES):
        knot = clock // length
        part = (clock - knot * length) / float(length)
        here, there = (normals(words(sub_key(key, 3 + scale), knot + step)) for step in (0, 1))
        restless = restless + here + (there - here) * part
    return normals(words(sub_key(key, 2), clock)) * exp(0.28 * restless - 0.1)
