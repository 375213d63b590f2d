"""A bar as the few prints that fold back into exactly that bar, its turnover included.

The prints follow the path that the bar may have gone: a rising one open, low, high, close, a
falling one open, high, low, close. Where the turnover is known the shares are dealt out so that
prices times shares give it; otherwise they are dealt out evenly. Prices are whole units of any
scale. Pure arithmetic on integers; `settled_turnover` says for whole columns what `dealt_prints`
does for one bar.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["dealt_prints", "even_prints", "price_path", "settled_turnover"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Prints = list[tuple[int, int]]  # price, shares
_SAFE: Final = float(1 << 62)


def price_path(opened: int, high: int, low: int, close: int) -> tuple[int, ...]:
    """Return the prices through which a bar may have gone, no two neighbours equal."""
    turns = (low, high) if close >= opened else (high, low)
    found = [opened]
    for price in (*turns, close):
        if price != found[-1]:
            found.append(price)
    return tuple(found)


def even_prints(path: tuple[int, ...], volume: int, step: int = 1) -> Prints:
    """Deal `volume` out evenly over the path, the first prints taking the rest.

    Args:
        step: Shares come in multiples of it where the volume allows.
    """
    if volume % step or volume // step < len(path):
        step = 1
    share, rest = divmod(volume // step, len(path))
    return [(price, (share + (number < rest)) * step) for number, price in enumerate(path)]


def dealt_prints(path: tuple[int, ...], volume: int, turnover: int, step: int) -> Prints:
    """Deal `volume` out over the path so that prices times shares sum up to `turnover`.

    Every price of the path gets `step` shares; what is left trades, right after the first print,
    at the two neighbouring prices between which the rest of the turnover lies.

    Args:
        turnover: In units of the prices times shares.
        step: Shares come in multiples of it: lots where the market counts in lots.

    Returns the even deal where the turnover cannot be reached.
    """
    found = _exact(path, volume, turnover, step)
    return even_prints(path, volume, step) if found is None else found


def _exact(path: tuple[int, ...], volume: int, turnover: int, step: int) -> Prints | None:
    if volume % step:
        return None
    steps = volume // step - len(path)
    rest = turnover - step * sum(path)
    if steps < 0 or rest < 0 or rest % step or (not steps and rest):
        return None
    if not steps:
        return [(price, step) for price in path]
    low, above = divmod(rest // step, steps)
    if low < min(path) or low + (above > 0) > max(path):
        return None
    between = [(low, (steps - above) * step), (low + 1, above * step)]
    first, *others = [(price, step) for price in path]
    return [first, *(one for one in between if one[1]), *others]


def settled_turnover(
    opened: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, given: Ints, step: Ints
) -> tuple[Ints, Bools]:
    """Return for each bar the turnover that its prints have, and where it is an estimate.

    Args:
        given: What the file says, in price units times shares, rounded to whole ones; 0 where it
            says nothing.
        step: As for `dealt_prints`, for each bar.

    Raises:
        OverflowError: If prices times shares do not fit 63 bits.
    """
    if len(opened) and float(high.max()) * float(max(int(volume.max()), 1)) > _SAFE:
        raise OverflowError("prices times shares are too large for these units")
    rising = close >= opened
    second, third = np.where(rising, low, high), np.where(rising, high, low)
    is_second = second != opened
    before_third = np.where(is_second, second, opened)
    is_third = third != before_third
    before_close = np.where(is_third, third, before_third)
    is_close = close != before_close
    count = 1 + is_second.astype(np.int64) + is_third + is_close
    total = opened + second * is_second + third * is_third + close * is_close
    # Even: the first prints of the path take the rest of the division.
    whole = (volume % step == 0) & (volume // step >= count)
    unit = np.where(whole, step, 1)
    share, rest = volume // unit // count, volume // unit % count
    place_third = 1 + is_second.astype(np.int64)
    place_close = place_third + is_third
    extra = (
        opened * (rest > 0)
        + second * (is_second & (rest > 1))
        + third * (is_third & (place_third < rest))
        + close * (is_close & (place_close < rest))
    )
    even = (share * total + extra) * unit
    # Dealt: whole steps at neighbouring prices, so the nearest multiple of the step is reached.
    steps = volume // step - count
    wanted = (given + step // 2) // step * step - step * total
    price, above = np.divmod(wanted // step, np.maximum(steps, 1))
    fits = (given > 0) & (volume % step == 0) & (steps >= 0)
    fits &= np.where(steps > 0, (price >= low) & (price + (above > 0) <= high), wanted == 0)
    found = np.where(fits, wanted + step * total, even)
    return found, ~fits
