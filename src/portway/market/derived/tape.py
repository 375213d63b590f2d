"""The prints of one contract's day: when, at which price, how many, and what they fold into.

Everything is drawn by address, so that a day can be asked for alone. A print falls within seconds
of the begin of its minute and trades on the price that the underlying had then: history needs the
minutes of the underlying and none of its ticks, and nobody's quote knows what is still to come.
Prices are whole numbers of 0.0001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from portway.market.derived.underlyings import Path
from portway.market.synthetic.draws import Floats, Ints, sub_key, uniforms, words
from portway.market.synthetic.grid import money, price
from portway.market.synthetic.layout import MINUTE_US, instant
from portway.model.quote import Candlestick

__all__ = [
    "PRINTS_A_MINUTE_MAX",
    "Activity",
    "Quoter",
    "Tape",
    "day_bar",
    "minute_bars",
    "tape_of",
    "volume_before",
]

PRINTS_A_MINUTE_MAX: Final = 4
_FIRST_US: Final = 200_000  # After the begin of its minute.
_WITHIN_US: Final = 9_600_000
_BUSY_ENDS: Final = 1.6  # How much busier the first and the last minutes are than the others.
_SIZES: Final = 30.0  # Largest print, in parts of a usual one.

Flags = npt.NDArray[np.bool_]
# Bid and ask for prices of the underlying at instants.
Quoter = Callable[[Floats, Ints], tuple[Ints, Ints]]


@dataclass(frozen=True, slots=True)
class Activity:
    """How much a contract trades on a day.

    Attributes:
        prints: Expected in a minute; `size`: usual units in one; `lot`: smallest number of units.
    """

    prints: float
    size: float
    lot: int = 1


@dataclass(frozen=True, slots=True)
class Tape:
    """The prints of a day, in order; an element each.

    Attributes:
        minute: Number of its minute, counted over the session.
        up: Whether the buyer took the initiative.
    """

    at: Ints
    minute: Ints
    price: Ints
    volume: Ints
    up: Flags

    def __len__(self) -> int:
        return len(self.at)

    def before(self, us: int) -> Tape:
        """Return the prints before an instant."""
        return self.only(slice(0, int(np.searchsorted(self.at, us, "left"))))

    def only(self, rows: slice | Flags) -> Tape:
        """Return some of the prints."""
        return Tape(
            self.at[rows], self.minute[rows], self.price[rows], self.volume[rows], self.up[rows]
        )


def print_counts(key: int, minutes: int, activity: Activity) -> Ints:
    """Return how many prints each minute has."""
    place = np.linspace(-1.0, 1.0, minutes)
    shape = 0.7 + (_BUSY_ENDS - 0.7) * place**4
    wanted = np.minimum(activity.prints * shape, PRINTS_A_MINUTE_MAX)
    drawn = uniforms(words(sub_key(key, 1), np.arange(minutes)))
    counts: Ints = np.floor(wanted + drawn).astype(np.int64)
    return np.minimum(counts, PRINTS_A_MINUTE_MAX)


def tape_of(
    key: int,
    starts: Ints,
    path: Path,
    activity: Activity,
    quoter: Quoter,
    ends_at: int | None = None,
) -> Tape:
    """Return a day's prints.

    Args:
        key: Address of the contract's day.
        starts: Begin of each minute in which it may trade.
        ends_at: Instant at which the contract ended; None when it outlives the day.
    """
    at, minute, volume, rises = _unpriced(key, starts, activity)
    bid, ask = quoter(path.as_of(starts[minute]), starts[minute])
    up = rises | (bid <= 0)
    tape = Tape(at, minute, np.where(up, ask, bid), volume, up)
    return tape if ends_at is None else tape.only(at < ends_at)


def volume_before(key: int, starts: Ints, activity: Activity, us: int) -> int:
    """Return what a day's tape has traded before an instant, without pricing any of it."""
    at, _, volume, _ = _unpriced(key, starts, activity)
    return int(volume[at < us].sum())


def _unpriced(key: int, starts: Ints, activity: Activity) -> tuple[Ints, Ints, Ints, Flags]:
    """Return instant, minute, volume and direction of each print."""
    counts = print_counts(key, len(starts), activity)
    minute = np.repeat(np.arange(len(starts)), counts)
    number = np.arange(len(minute)) - np.repeat(np.cumsum(counts) - counts, counts)
    address = minute * (4 * PRINTS_A_MINUTE_MAX) + 4 * number
    drawn = [uniforms(words(sub_key(key, 2), address + field)) for field in range(3)]
    slot = _WITHIN_US / np.repeat(np.maximum(counts, 1), counts)
    at = starts[minute] + _FIRST_US + ((number + drawn[0]) * slot).astype(np.int64)
    share = drawn[2]
    lots = 1 + np.floor(activity.size / activity.lot * (share**4 * _SIZES + 0.4 * share))
    return at, minute, lots.astype(np.int64) * activity.lot, drawn[1] < 0.5


def minute_bars(tape: Tape, starts: Ints, multiplier: int) -> list[Candlestick]:
    """Return the bars of the minutes that have prints."""
    if not len(tape):
        return []
    first = np.flatnonzero(np.diff(tape.minute, prepend=-1))
    last = np.append(first[1:], len(tape)) - 1
    value = tape.price * tape.volume * multiplier
    rows = zip(
        starts[tape.minute[first]].tolist(),
        tape.price[first].tolist(),
        np.maximum.reduceat(tape.price, first).tolist(),
        np.minimum.reduceat(tape.price, first).tolist(),
        tape.price[last].tolist(),
        np.add.reduceat(tape.volume, first).tolist(),
        np.add.reduceat(value, first).tolist(),
        strict=True,
    )
    return [
        Candlestick(instant(at), price(o), price(h), price(lo), price(c), volume, money(amount))
        for at, o, h, lo, c, volume, amount in rows
    ]


def day_bar(tape: Tape, midnight_us: int, multiplier: int) -> Candlestick | None:
    """Return the bar of the whole day; None without prints."""
    if not len(tape):
        return None
    return Candlestick(
        instant(midnight_us),
        price(int(tape.price[0])),
        price(int(tape.price.max())),
        price(int(tape.price.min())),
        price(int(tape.price[-1])),
        int(tape.volume.sum()),
        money(int((tape.price * tape.volume).sum()) * multiplier),
    )


def minute_of(starts: Ints, us: int) -> int:
    """Return the number of the minute that has begun last before or at an instant; -1: none."""
    place = int(np.searchsorted(starts, us, "right")) - 1
    if place >= 0 and us >= int(starts[place]) + MINUTE_US:
        return place  # After the session, or in a break: the last minute before it.
    return place
