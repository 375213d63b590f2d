"""Halts inside a trading day: now and then a security stops for some minutes, and opens again.

Drawn per security and day; the liveliest securities and funds halt in stories alone. A halt takes
minutes out of the regular session, so that every level below simply has fewer of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from portway.market.synthetic.draws import fraction, key_of, word, words
from portway.market.synthetic.profiles import Profile
from portway.market.synthetic.stories import Story
from portway.market.synthetic.years import Span
from portway.model.instrument import Instrument, SecurityClass
from portway.model.symbol import Market

__all__ = ["Halt", "halts_of"]

_ONE_IN: Final = {Market.US: 900, Market.HK: 1200, Market.CN: 1200}  # Trading days.
_MINUTES: Final = {Market.US: (5, 15), Market.HK: (30, 90), Market.CN: (10, 60)}
_ROOM: Final = 25  # Minutes of trading on both sides, at least.
_SHORTEST_SESSION: Final = 150
_LIVELY_PRINTS: Final = 40
_HALTING: Final = (SecurityClass.EQUITY, SecurityClass.STOCK, SecurityClass.A_SHARE)


@dataclass(frozen=True, slots=True)
class Halt:
    """Minutes of a regular session without trading: the first one, and how many."""

    first: int
    minutes: int


def halts_of(
    seed: int,
    instrument: Instrument,
    profile: Profile,
    span: Span,
    stories: Mapping[int, Story],
) -> dict[int, Halt]:
    """Return the halts of a security by row."""
    halts: dict[int, Halt] = {}
    market = instrument.market
    lively = profile.prints_a_minute >= _LIVELY_PRINTS
    if market in _ONE_IN and instrument.security_class in _HALTING and not lively:
        key = key_of(seed, instrument.symbol, "halt")
        drawn = words(key, span.ordinals) % np.uint64(_ONE_IN[market])
        for row in np.flatnonzero((drawn == 0) & ~span.half).tolist():
            own = word(key, -int(span.ordinals[row]))
            shortest, longest = _MINUTES[market]
            minutes = shortest + own % (longest - shortest + 1)
            room = _SHORTEST_SESSION - 2 * _ROOM
            first = _ROOM + int(fraction(word(key, own)) * room)
            halts[row] = Halt(first, min(minutes, room))
    for row, story in stories.items():
        halts.pop(row, None)
        if story.halt is not None:
            halts[row] = Halt(*story.halt)
    return halts
