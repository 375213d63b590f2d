"""The minute level: the bars of one session, adding up exactly to what the day fixed.

A path runs through the day's turning points, moved on the way by what moves its market, its sector
and itself; each minute gets open, high,
low, close, a middle price and lots. Volumes of minutes above and below the day's mean price are
then tilted, and the last few steps shifted lot by lot, until price times volume sums to the day's
figure. A minute carries what its prints need to do the same one level down.
Prices are in steps of the day's grid, volumes in lots. Knows no print.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from portway.market.synthetic.curves import Curve, volume_weights
from portway.market.synthetic.draws import (
    Floats,
    Ints,
    exp,
    normals,
    split,
    sub_key,
    sum_in_order,
    words,
)
from portway.market.synthetic.rough import pulse, shape
from portway.market.synthetic.stories import PriceBand, Walls

__all__ = ["MINUTE_LOTS_MIN", "IndexMinutes", "Minutes", "SessionPlan", "index_minutes", "minutes"]

MINUTE_LOTS_MIN: Final = 8
_CORNERS: Final = 4  # Prints that a minute needs at open, high, low and close.
_CORNER_PART: Final = 60  # Each of them has one lot and a sixtieth of the minute's.
_TILT_MIN: Final = 0.02
_BUSTLE_MAX: Final = 12.0
_GOALS: Final = 8  # Minutes that share what has to be moved.


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What the level above has fixed for one session of one day.

    Attributes:
        key: Address of the session's draws.
        corners: Turning points of the path: minute at whose end it is there, and price in steps;
            from minute 0, the open, to the end of the last minute.
        low: In steps, as `high`: both are among the corners.
        clock: Number of each minute since the epoch, the address of what many securities share.
        sways: What moves the minutes: address, and usual move of a minute in steps.
        locks: Lowest and highest price that the exchange allows.
        band: Prices that a volatility control allows for some minutes.
        walls: Prices between which the path stays before a story begins.
        lots: To be split over the minutes (index: shares).
        least: Lots of every minute, at least (index: 0).
        weight: Sum of steps times lots over the session (index: money in units); None where the
            level above leaves it open.
    """

    key: int
    curve: Curve
    minutes: int
    corners: tuple[tuple[int, int], ...]
    low: int
    high: int
    lots: int
    least: int
    weight: int | None
    clock: Ints
    sways: tuple[tuple[int, float], ...]
    locks: tuple[int, int]
    band: PriceBand | None = None
    walls: Walls | None = None


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a session, an element each.

    Attributes:
        middle: Price at which every lot trades that the other prices do not take.
        spare: Price of one single lot, which closes the sum.
        corner: Lots that trade at each of open, high, low and close.
        weight: Sum of steps times lots of the minute.
    """

    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]
    middle: list[int]
    spare: list[int]
    corner: list[int]
    lots: list[int]
    weight: list[int]


@dataclass(frozen=True, slots=True)
class IndexMinutes:
    """The minutes of an index: prices in steps, shares and money (units) of its members."""

    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]
    shares: list[int]
    money: list[int]


@dataclass(frozen=True, slots=True)
class _Bars:
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    middle: Ints


def minutes(plan: SessionPlan) -> Minutes:
    """Return the minutes of a session of a security.

    Raises:
        AssertionError: If they cannot add up to the plan: a defect of the level above.
    """
    bars = _bars(plan)
    noise = exp(0.4 * normals(words(sub_key(plan.key, 5), np.arange(plan.minutes))))
    weights = volume_weights(plan.curve, plan.minutes) * noise * _bustle(plan, bars)
    lots = _tilted(plan, bars.middle, weights)
    corner = 1 + lots // _CORNER_PART
    beside = bars.open + bars.high + bars.low + bars.close - _CORNERS * bars.middle
    spare = bars.middle.tolist()
    if plan.weight is not None:
        missing = plan.weight - int((bars.middle * lots + corner * beside).sum())
        lots = _closed(plan, bars, lots, corner, spare, missing)
    weight = bars.middle * lots + corner * beside + (np.array(spare) - bars.middle)
    return Minutes(
        bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist(),
        bars.middle.tolist(), spare, corner.tolist(), lots.tolist(), weight.tolist(),
    )  # fmt: skip


def index_minutes(plan: SessionPlan) -> IndexMinutes:
    """Return the minutes of an index."""
    bars = _bars(plan)
    base = volume_weights(plan.curve, plan.minutes)
    index = np.arange(plan.minutes)
    shares, money = (
        split(total or 0, base * exp(spread * normals(words(sub_key(plan.key, field), index))))
        for total, spread, field in ((plan.lots, 0.3, 5), (plan.weight, 0.35, 6))
    )
    return IndexMinutes(
        bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist(),
        shares.tolist(), money.tolist(),
    )  # fmt: skip


def _bars(plan: SessionPlan) -> _Bars:
    """Draw prices; the high and the low of the session are touched and never passed."""
    index = np.arange(plan.minutes)
    ends, rough, free = _path(plan)
    drawn = words(sub_key(plan.key, 1), index)
    jitter = (drawn % np.uint64(7)).astype(np.int64)
    gap = ((jitter == 0).astype(np.int64) - (jitter == 1).astype(np.int64)) * free
    gap[0] = 0
    opened = np.clip(ends[:-1] + gap, plan.low, plan.high)
    closed = ends[1:]
    reach = [
        np.floor(np.abs(normals(words(sub_key(plan.key, field), index))) * rough * 0.6 + 0.6)
        for field in (2, 3)
    ]
    up, down = (side.astype(np.int64) * free for side in reach)
    high = np.minimum(np.maximum(opened, closed) + up, plan.high)
    low = np.maximum(np.minimum(opened, closed) - down, plan.low)
    if plan.band is not None:
        held = slice(plan.band.first, plan.band.last)
        for side in (opened, high, low):
            side[held] = np.clip(side[held], plan.band.lower, plan.band.upper)
    rounding = (words(sub_key(plan.key, 4), index) & np.uint64(3)).astype(np.int64)
    middle = (opened + closed + high + low + rounding) // 4
    # The minutes of the extremes trade there: some volume lies at both ends of the range, so that
    # every mean price in between can be reached.
    for turn, value in plan.corners[1:-1]:
        if value in (plan.high, plan.low):
            middle[turn - 1] = closed[turn - 1]
    return _Bars(opened, high, low, closed, middle)


def _path(plan: SessionPlan) -> tuple[Ints, Floats, Ints]:
    """Return the prices at the edges of the minutes, their usual moves, and which are free.

    A minute is not free while the path stands at a price limit: everybody trades at one price.
    """
    count = plan.minutes
    moves = np.zeros(count)
    variance = 0.0
    for key, size in plan.sways:
        moves = moves + size * pulse(key, plan.clock)
        variance += size * size
    shaped = shape(count)
    walk = np.concatenate((np.zeros(1), np.cumsum(moves * shaped)))
    places = np.array([place for place, _ in plan.corners], dtype=np.int64)
    prices = np.array([value for _, value in plan.corners], dtype=np.int64)
    index = np.arange(1, count + 1)
    leg = np.searchsorted(places, index, "left")  # Corner that ends the leg of each minute.
    begin, end = places[leg - 1], places[leg]
    part = (index - begin) / (end - begin)
    straight = prices[leg - 1] + (prices[leg] - prices[leg - 1]) * part
    noise = walk[index] - (walk[begin] + (walk[end] - walk[begin]) * part)
    locked = (prices[leg - 1] == prices[leg]) & np.isin(prices[leg], np.array(plan.locks))
    free = 1 - locked.astype(np.int64)
    ends = np.empty(count + 1)
    ends[0] = plan.corners[0][1]
    ends[1:] = straight + noise * free
    whole = _reflected(ends, plan.low, plan.high)
    if plan.walls is not None:
        held = slice(0, plan.walls.until + 1)
        whole[held] = _reflected(ends[held], plan.walls.low, plan.walls.high)
    if plan.band is not None:
        held = slice(plan.band.first, plan.band.last + 1)
        whole[held] = np.clip(whole[held], plan.band.lower, plan.band.upper)
    whole[places] = prices  # Bridging ends in a rounding error; corners are exact.
    return whole, float(np.sqrt(np.float64(variance))) * shaped, free


def _reflected(x: Floats, low: int, high: int) -> Ints:
    """Round a path to steps, thrown back at two walls."""
    width = float(max(high - low, 1))
    turned = np.remainder(x - low, 2 * width)
    whole = np.floor(low + width - np.abs(width - turned) + 0.5).astype(np.int64)
    return np.clip(whole, low, high)


def _bustle(plan: SessionPlan, bars: _Bars) -> Floats:
    """Minutes that move far trade more: a factor on their volume, about 1."""
    usual = float(np.sqrt(np.float64(sum_in_order([size * size for _, size in plan.sways]))))
    moved = np.abs(bars.close - bars.open) / (usual * shape(plan.minutes) + 1.0)
    bustle: Floats = 0.65 + 0.45 * np.minimum(moved, _BUSTLE_MAX)
    return bustle


def _tilted(plan: SessionPlan, middle: Ints, weights: Floats) -> Ints:
    """Split the lots so that their mean price comes close to the plan's.

    Minutes above the mean get one factor and those below another; both follow from two linear
    equations, the number of lots and the sum of deviations.
    """
    least = plan.least * plan.minutes
    free = float(plan.lots - least)
    assert plan.least >= MINUTE_LOTS_MIN, "a minute needs a lot for each of its corners"
    assert free > 0, "fewer lots than its minutes need"
    if plan.weight is None:
        return plan.least + split(plan.lots - least, weights)
    off = middle - plan.weight / float(plan.lots)
    above = np.where(off > 0, weights, 0.0)
    below = np.where(off > 0, 0.0, weights)
    up, down = (float(np.cumsum(side)[-1]) for side in (above, below))
    rise, fall = float(np.cumsum(above * off)[-1]), float(np.cumsum(below * -off)[-1])
    owed = -plan.least * float(np.cumsum(off)[-1])
    # x * up + y * down = free;  x * rise - y * fall = owed
    scale = up * fall + down * rise
    usual = free / (up + down)
    x = (free * fall + down * owed) / scale if scale > 0 else usual
    y = (free * rise - up * owed) / scale if scale > 0 else usual
    x, y = max(x, _TILT_MIN * usual), max(y, _TILT_MIN * usual)
    return plan.least + split(plan.lots - least, x * above + y * below)


def _closed(
    plan: SessionPlan, bars: _Bars, lots: Ints, corner: Ints, spare: list[int], missing: int
) -> Ints:
    """Return the lots with the few moved that close the sum; the spare prices move in place."""
    prices = bars.middle.tolist()
    given = np.zeros(len(prices), dtype=np.int64)
    # Rather not below the least of a minute, whose prints need it; every lot beside its corners
    # and the spare one can go.
    for kept in (np.maximum(plan.least, _CORNERS * corner + 1), _CORNERS * corner + 1):
        free = np.maximum(lots + given - kept, 0)
        moved = free.tolist()
        for goals in range(min(_GOALS, len(prices)), 0, -1):
            part = int(missing / goals)
            missing += _move_lots(moved, prices, part, goals) - part
        given += np.array(moved, dtype=np.int64) - free
    missing = _move_spares(spare, bars.high.tolist(), bars.low.tolist(), missing)
    assert missing == 0, f"minutes miss the session's turnover by {missing} steps"
    return lots + given


def _move_lots(lots: list[int], prices: list[int], missing: int, goal: int) -> int:
    """Move lots between minutes, at their middle prices, towards the sum; return what is left.

    Moving a lot from a minute to a dear one adds the difference of their prices (to a cheap one:
    takes it away). The largest differences go first, so little is moved.

    Args:
        goal: Which minute receives: the dearest (cheapest) is 1, the next one 2.
    """
    if not missing:
        return 0
    sign = 1 if missing > 0 else -1
    missing = abs(missing)
    order = sorted(range(len(lots)), key=lambda i: sign * prices[i])
    goal = order[-goal]
    for giver in order:
        gain = sign * (prices[goal] - prices[giver])
        if not missing or gain <= 0:
            break
        count = min(lots[giver], missing // gain)
        lots[giver] -= count
        lots[goal] += count
        missing -= count * gain
    return sign * missing


def _move_spares(spare: list[int], high: list[int], low: list[int], missing: int) -> int:
    """Move single lots inside the range of their minutes; return what is left."""
    for i, here in enumerate(spare):
        if not missing:
            break
        shift = min(missing, high[i] - here) if missing > 0 else max(missing, low[i] - here)
        spare[i] += shift
        missing -= shift
    return missing
