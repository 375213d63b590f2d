"""The tick level, prints: the trades of one minute, adding up exactly to its bar.

The lots of a minute lie at its corner prices, at a spare price and at a middle price; those of
the middle are spread over pairs of prices at equal distance on both sides, which leaves the sum of
price times volume alone. Prices then take the order of a rough path from open to close, and
instants are spread so that no gap exceeds 1.8 times the mean. Knows neither depth nor symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from portway.market.synthetic.draws import (
    Floats,
    Words,
    normals,
    split,
    sum_in_order,
    uniforms,
    words,
)
from portway.market.synthetic.layout import MINUTE_US
from portway.market.synthetic.minutes import IndexMinutes, Minutes

__all__ = ["IndexPrint", "MinutePrints", "index_prints", "minute_prints", "offsets"]

_FIXED: Final = 5  # Prints at open, high, low, close and the spare price.
_ODD_LOT_ONE_IN: Final = 3  # Prints with an odd lot behind them, where there is enough to share.
_GAP: Final = 0.2  # Part of a print's slot that stays free between it and the next, at least.


@dataclass(frozen=True, slots=True)
class MinutePrints:
    """The trades of one minute, in order.

    Attributes:
        offsets: Microseconds since the minute began, ascending.
        prices: In steps.
        shares: Volume of each.
        bought: Whether the buyer took the initiative.
        odd: Shares that trade right after each print at its price, less than a round lot; 0: none.
        slot: Mean microseconds between two prints; a fifth of it before each print is free.
    """

    offsets: list[int]
    prices: list[int]
    shares: list[int]
    bought: list[bool]
    odd: list[int]
    slot: int


@dataclass(frozen=True, slots=True)
class IndexPrint:
    """One value of an index: offset in microseconds, price in steps, what was traded since."""

    offset: int
    price: int
    shares: int
    money: int


def offsets(drawn: Words) -> list[int]:
    """Spread instants over a minute: one in each of as many equal slots as there are draws."""
    count = len(drawn)
    slot = MINUTE_US / float(count)
    places = np.arange(count) + (_GAP / 2 + (1 - _GAP) * uniforms(drawn))
    return [int(place) for place in np.floor(places * slot)]


def minute_prints(
    key: int,
    bars: Minutes,
    minute: int,
    usual: int,
    lot: int,
    share_step: int,
    locks: tuple[int, int],
) -> MinutePrints:
    """Return the trades of one minute.

    Args:
        key: Address of the minute's draws.
        usual: How many prints such a minute usually has.
        lot: Shares of a lot. `share_step`: every volume is a multiple of it, and at least a lot.
        locks: Price limits: at the upper one buyers queue and sellers hit them, at the lower one
            the other way round.
    """
    count = max(_FIXED + 1, min(usual, bars.lots[minute]))
    drawn = words(key, np.arange(6 * count))
    at_price = _volume_at_price(bars, minute, count, drawn[:count])
    first, last = bars.open[minute], bars.close[minute]
    inner = sorted(price for price, (_, entries) in at_price.items() for _ in range(entries))
    inner.remove(first)
    inner.remove(last)
    total = len(inner) + 2
    rough = _rough_path(bars, minute, len(inner), normals(drawn[count : 2 * count]))
    prices = [first] * total
    prices[-1] = last
    for place, price in zip(np.argsort(rough, kind="stable").tolist(), inner, strict=True):
        prices[place + 1] = price
    shares = _shares(prices, at_price, uniforms(drawn[2 * count : 3 * count]), lot, share_step)
    odd = [0] * total
    if share_step < lot:
        odd = _odd_lots(shares, lot, drawn[5 * count : 5 * count + total])
    bought = _sides(prices, drawn[3 * count : 4 * count], locks)
    spread = offsets(drawn[4 * count : 4 * count + total])
    return MinutePrints(spread, prices, shares, bought, odd, MINUTE_US // total)


def _odd_lots(shares: list[int], lot: int, drawn: Words) -> list[int]:
    """Take less than a round lot out of some prints: what each price trades stays the same."""
    odd = []
    for place, one in enumerate(drawn.tolist()):
        cut = 1 + (one >> 20) % (lot - 1)
        taken = cut if one % _ODD_LOT_ONE_IN == 0 and shares[place] - cut >= lot else 0
        shares[place] -= taken
        odd.append(taken)
    return odd


def _volume_at_price(
    bars: Minutes, minute: int, count: int, drawn: Words
) -> dict[int, tuple[int, int]]:
    """Return lots and number of prints at each price of the minute."""
    high, low, middle = bars.high[minute], bars.low[minute], bars.middle[minute]
    corner, lots = bars.corner[minute], bars.lots[minute]
    at_price: dict[int, tuple[int, int]] = {}

    def add(price: int, volume: int, entries: int = 1) -> None:
        before = at_price.get(price, (0, 0))
        at_price[price] = (before[0] + volume, before[1] + entries)

    for price in (bars.open[minute], high, low, bars.close[minute]):
        add(price, corner)
    add(bars.spare[minute], 1)
    rest = lots - 4 * corner - 1
    free = count - _FIXED
    reach = min(high - middle, middle - low)
    pairs = min(free - 1, rest - 1) // 2 if reach > 0 else 0
    if pairs > 0:
        sizes = split((rest - 1) // 2 - pairs, 0.05 + uniforms(drawn[:pairs])).tolist()
        spread = uniforms(drawn[:pairs] * np.uint64(0x9E3779B97F4A7C15))
        far = np.floor(spread * (reach + 1)).astype(np.int64).tolist()
        # A third of the volume stays at the middle price.
        for size, distance in zip(sizes, far, strict=True):
            taken = 1 + size * 2 // 3
            add(middle + distance, taken)
            add(middle - distance, taken)
            rest -= 2 * taken
            free -= 2
    if rest > 0:
        add(middle, rest, max(1, min(free, rest)))
    return at_price


def _rough_path(bars: Minutes, minute: int, count: int, noise: Floats) -> Floats:
    """A path from open over both extremes to close, to give the prices of the minute an order."""
    first, last = bars.open[minute], bars.close[minute]
    rising = last >= first
    one, two = bars.low[minute], bars.high[minute]
    if not rising:
        one, two = two, one
    place = (np.arange(count) + 1) / float(count + 1)
    third = place * 3
    path = np.where(
        third < 1,
        first + (one - first) * third,
        np.where(third < 2, one + (two - one) * (third - 1), two + (last - two) * (third - 2)),
    )
    width = bars.high[minute] - bars.low[minute] + 1
    return path + 0.4 * width * noise[:count]


def _shares(
    prices: list[int],
    at_price: dict[int, tuple[int, int]],
    drawn: Floats,
    lot: int,
    share_step: int,
) -> list[int]:
    """Split the lots at each price over its prints: many small, few large."""
    heavy = (1.0 / (0.03 + drawn)).tolist()
    places: dict[int, list[int]] = {}
    for place, price in enumerate(prices):
        places.setdefault(price, []).append(place)
    shares = [0] * len(prices)
    for price, here in places.items():
        lots, entries = at_price[price]
        free = (lots - entries) * lot // share_step
        weight = sum_in_order([heavy[place] for place in here])
        running, given = 0.0, 0
        for place in here[:-1]:
            running += heavy[place]
            upto = min(free, int(free * running / weight))
            shares[place] = lot + (upto - given) * share_step
            given = upto
        shares[here[-1]] = lot + (free - given) * share_step
    return shares


def _sides(prices: list[int], drawn: Words, locks: tuple[int, int]) -> list[bool]:
    """Who took the initiative: up with the price, down with it, and mostly as before on a tie."""
    tosses = (drawn & np.uint64(7)).tolist()
    bought = []
    side = bool(tosses[0] & 1)
    for place, price in enumerate(prices):
        before = prices[place - 1] if place else price
        if price != before:
            side = price > before
        elif tosses[place] < 3:
            side = not side
        bought.append(side if price not in locks else price == locks[0])
    return bought


def index_prints(key: int, bars: IndexMinutes, minute: int, usual: int) -> list[IndexPrint]:
    """Return the values of one minute of an index."""
    drawn = words(key, np.arange(4 * usual))
    first, last = bars.open[minute], bars.close[minute]
    high, low = bars.high[minute], bars.low[minute]
    turn = sorted((1 + int(word_) % (usual - 2)) for word_ in drawn[:2].tolist())
    if turn[0] == turn[1]:
        turn = [turn[0] - 1, turn[0]] if turn[0] > 1 else [turn[0], turn[0] + 1]
    one, two = (low, high) if last >= first else (high, low)
    corners = ((0, first), (turn[0], one), (turn[1], two), (usual - 1, last))
    noise = normals(drawn[usual : 2 * usual]) * (0.15 * (high - low))
    path = np.empty(usual)
    for (begin, start), (end, stop) in pairwise(corners):
        part = np.arange(end - begin + 1) / float(end - begin)
        path[begin : end + 1] = start + (stop - start) * part
    whole = np.clip(np.floor(path + noise + 0.5).astype(np.int64), low, high)
    for place, value in corners:
        whole[place] = value
    weights = 0.2 + uniforms(drawn[2 * usual : 3 * usual])
    shares, money = split(bars.shares[minute], weights), split(bars.money[minute], weights)
    spread = offsets(drawn[3 * usual : 4 * usual])
    rows = zip(spread, whole.tolist(), shares.tolist(), money.tolist(), strict=True)
    return [IndexPrint(*row) for row in rows]
