"""The tick level, order book: depth and broker queues around the prints of one minute.

The book changes shortly before each print, so that the print meets the touch of a book that has
what it takes, and once more after it. The size at a price is a draw at (side, price, stamp), the
stamp moving more slowly the farther the price is from the touch: levels stay or change as in a real
book, and any instant can be asked first. Sizes are in lots; prices are ranks of the tick table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.synthetic.draws import Ints, Words, sub_key, uniforms, words
from portway.market.synthetic.grid import price
from portway.market.synthetic.prints import MinutePrints
from portway.model.instrument import Instrument, SpreadTable
from portway.model.quote import Brokers, Depth, Level
from portway.model.symbol import Market, Symbol

__all__ = ["DEPTH_LEVELS", "BookShape", "minute_book"]

DEPTH_LEVELS: Final = {Market.HK: 10, Market.US: 1, Market.CN: 5}
_LEVEL_LOTS_MIN: Final = 8
# Usual size of a level: the lots of a minute divided by this. A US touch is one exchange's alone.
_MINUTES_SHARE: Final = {Market.HK: 4, Market.CN: 4, Market.US: 80, Market.SG: 4}
_LEAD: Final = 0.09  # Largest lead and lag of the book around a print, in parts of its slot.
_EVENTS_A_MINUTE: Final = 256  # Stamps of one minute never meet those of the next.
# Queue places shown per level, best price first; the exchange shows 40 in all on a side.
_QUEUE_PLACES: Final = (8, 6, 5, 4, 4, 3, 3, 3, 2, 2)
_BOOK_FIELD: Final = 1 << 12  # Below a day's key, beside its sessions.
# Usual spread in parts of the price, by the prints of a minute, where the tick is not wider.
_SPREADS: Final = (
    (40, Decimal("0.00003")),
    (24, Decimal("0.00012")),
    (16, Decimal("0.0002")),
    (0, Decimal("0.0006")),
)
_SEALED: Final = 40  # Size of the queue at a price limit, in parts of an ordinary level's.
_WIDE_SPREAD: Final = 8  # One book in so many is a tick wider.


@dataclass(frozen=True, slots=True)
class BookShape:
    """What all books of one security on one day have in common.

    Attributes:
        step: Units in a step of the day's grid.
        lots: Usual lots at one price.
        spread: Usual distance of the best ask from the best bid, in ticks.
        limits: Lowest and highest price that the exchange allows; None without limits.
        brokers: Ids that may stand in a queue; empty where the market shows none.
    """

    symbol: Symbol
    key: int
    table: SpreadTable
    step: int
    lot: int
    lots: int
    levels: int
    spread: int
    limits: tuple[Decimal, Decimal] | None
    brokers: tuple[int, ...]

    @property
    def gap(self) -> int:
        """Ticks between neighbouring levels: a wide book is a sparse one."""
        return max(1, self.spread // 2)

    @classmethod
    def of_day(
        cls,
        instrument: Instrument,
        day_key: int,
        table: SpreadTable,
        step: int,
        lot: int,
        lots_a_minute: int,
        prints_a_minute: int,
        opened: Decimal,
        limits: tuple[Decimal, Decimal] | None,
        brokers: tuple[int, ...],
    ) -> BookShape:
        """Return the shape of a security's books on one day.

        Args:
            lots_a_minute: What it usually trades, as `prints_a_minute`: the livelier, the closer
                bid and ask, but never closer than a tick.
            opened: The day's opening price.
        """
        seats = brokers if instrument.market is Market.HK else ()
        levels = DEPTH_LEVELS.get(instrument.market, 1)
        usual = max(_LEVEL_LOTS_MIN // 2, lots_a_minute // _MINUTES_SHARE[instrument.market])
        key = sub_key(day_key, _BOOK_FIELD)
        part = next(part for prints, part in _SPREADS if prints_a_minute >= prints)
        spread = max(1, int(opened * part / (table.tick_size(opened) or opened)))
        return cls(
            instrument.symbol, key, table, step, lot, usual, levels, spread, limits, seats
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stamps:
    """When the book of a minute changes: two columns per print, before and after it."""

    offsets: Ints
    numbers: Ints
    bid: Ints
    ask: Ints


def minute_book(
    shape: BookShape, minute: int, begin: datetime, prints: MinutePrints
) -> list[tuple[Depth, Depth, Brokers | None]]:
    """Return for each print the depth before it, the depth after it and the queues then.

    Args:
        minute: Number of the minute in its day, all sessions counted through.
        begin: Begin of the minute.
    """
    ranks, ladder, lowest = _ladder(shape, prints.prices)
    ends = _ends(shape)
    stamps = _stamps(shape, minute, prints, ranks, ends)
    sides = []
    for side, touch, step in ((0, stamps.ask, 1), (1, stamps.bid, -1)):
        rank = touch[:, None] + step * shape.gap * np.arange(shape.levels)
        age = _ages(stamps.numbers, rank, shape.levels)
        address = ((rank * 2 + side) << 22) ^ age
        lots, orders = _sizes(shape, words(shape.key, address))
        if ends is not None:  # At the upper limit the bids queue, at the lower one the asks.
            lots[:, 0] *= np.where(touch == ends[side], _SEALED, 1)
        hit = np.array(prints.bought) if side == 0 else ~np.array(prints.bought)
        # A print takes what stood there: before it the level has that much more.
        taken = np.where(hit, -(-np.array(prints.shares) // shape.lot), 0)
        lots[0::2, 0] += taken
        sides.append((rank - lowest, lots, orders, age))
    depths = _depths(shape, begin, stamps.offsets, sides, ladder)
    queues: list[Brokers] | None = None
    if shape.brokers:
        queues = _queues(shape, begin, stamps.offsets, sides, lowest)
    pairs = zip(depths[0::2], depths[1::2], strict=True)
    return [
        (before, after, queues[i] if queues else None) for i, (before, after) in enumerate(pairs)
    ]


def _ladder(shape: BookShape, prices: list[int]) -> tuple[Ints, list[Decimal | None], int]:
    """Return the rank of each print, the prices of the ranks around them, the first of these."""
    low, high = min(prices), max(prices)
    base, top = (_rank(shape, side) for side in (low, high))
    if top - base == high - low:
        ranks = np.array(prices, dtype=np.int64) + (base - low)
    else:  # The day's grid is coarser than the tick.
        known = {value: _rank(shape, value) for value in set(prices)}
        ranks = np.array([known[value] for value in prices], dtype=np.int64)
    reach = shape.levels * shape.gap + 3 * shape.spread + 2
    lowest = base - reach
    ladder = [shape.table.price_at(rank) for rank in range(lowest, top + reach + 1)]
    if shape.limits is not None:
        under, over = shape.limits
        ladder = [one if one is not None and under <= one <= over else None for one in ladder]
    return ranks, ladder, lowest


def _ends(shape: BookShape) -> tuple[int, int] | None:
    """Return the ranks of the price limits."""
    if shape.limits is None:
        return None
    lower, upper = (shape.table.rank(one) for one in shape.limits)
    assert lower is not None, "a price limit is a valid price"
    assert upper is not None, "a price limit is a valid price"
    return lower, upper


def _rank(shape: BookShape, value: int) -> int:
    rank = shape.table.rank(price(value * shape.step))
    assert rank is not None, f"{shape.symbol} prints at {price(value * shape.step)}, off the tick"
    return rank


def _stamps(
    shape: BookShape,
    minute: int,
    prints: MinutePrints,
    ranks: Ints,
    ends: tuple[int, int] | None,
) -> _Stamps:
    count = len(prints.offsets)
    at = np.array(prints.offsets, dtype=np.int64)
    drawn = words(sub_key(shape.key, minute), np.arange(2 * count))
    lead = np.floor((0.02 + (_LEAD - 0.02) * uniforms(drawn)) * prints.slot).astype(np.int64)
    offsets = np.empty(2 * count, dtype=np.int64)
    offsets[0::2], offsets[1::2] = at - lead[:count], at + lead[count:]
    numbers = minute * _EVENTS_A_MINUTE + np.arange(2 * count)
    chance = drawn >> np.uint64(40)
    if shape.spread == 1:
        wide = 1 + (chance % np.uint64(_WIDE_SPREAD) == 0).astype(np.int64)
    else:
        part = chance.astype(np.float64) / float(1 << 24)
        wide = np.floor(shape.spread * (0.4 + 2.2 * part * part) + 0.5).astype(np.int64)
        wide = np.maximum(wide, 1)
    bought = np.repeat(np.array(prints.bought), 2)
    touch = np.repeat(ranks, 2)
    # The side that was hit stays where it is for the print; only the other one may step back.
    ask = np.where(bought, touch, touch + wide)
    bid = np.where(bought, touch - wide, touch)
    if ends is not None:  # A side is empty only while the other one stands at the limit.
        bid = np.where((bid < ends[0]) & (ask > ends[0]), ends[0], bid)
        ask = np.where((ask > ends[1]) & (bid < ends[1]), ends[1], ask)
    return _Stamps(offsets, numbers, bid, ask)


def _ages(numbers: Ints, rank: Ints, levels: int) -> Ints:
    """Stamp of each level at each event: the touch always changes, deeper prices more rarely."""
    slowness = np.minimum(np.arange(levels, dtype=np.int64), 3)
    ages: Ints = np.right_shift(numbers[:, None] + (rank & np.int64(7)), slowness)
    return ages


def _sizes(shape: BookShape, drawn: Words) -> tuple[Ints, Ints]:
    share = uniforms(drawn)
    lots = _LEVEL_LOTS_MIN + np.floor(shape.lots * (0.15 + 2.4 * share * share * share))
    part = (drawn & np.uint64(255)).astype(np.float64) / 256.0
    orders = 1 + np.floor(np.sqrt(lots) * (0.3 + 0.6 * part))
    return lots.astype(np.int64), orders.astype(np.int64)


_Side = tuple[Ints, Ints, Ints, Ints]


def _depths(
    shape: BookShape,
    begin: datetime,
    offsets: Ints,
    sides: list[_Side],
    ladder: list[Decimal | None],
) -> list[Depth]:
    made: dict[tuple[int, int, int], Level | None] = {}

    def levels(place: list[int], lots: list[int], orders: list[int]) -> tuple[Level, ...]:
        row = []
        for entry in zip(place, lots, orders, strict=True):
            level = made.get(entry)
            if level is None:
                at = ladder[entry[0]]
                if at is None:  # The tick table ends here, or what the exchange allows today.
                    continue
                level = made[entry] = Level(at, entry[1] * shape.lot, entry[2])
            row.append(level)
        return tuple(row)

    rows = [
        [levels(*row) for row in zip(*(part.tolist() for part in side[:3]), strict=True)]
        for side in sides
    ]
    return [
        Depth(shape.symbol, begin + timedelta(microseconds=offset), asks, bids)
        for offset, asks, bids in zip(offsets.tolist(), *rows, strict=True)
    ]


def _queues(
    shape: BookShape, begin: datetime, offsets: Ints, sides: list[_Side], lowest: int
) -> list[Brokers]:
    """Return the broker queues right after each print.

    A queue is a row of draws at (side, price) of which a window is seen: as the level changes the
    window moves on by one, the first seat leaves and a new one joins at the end.
    """
    places = np.array([j for j, n in enumerate(_QUEUE_PLACES) for _ in range(n)])
    in_queue = np.array([q for n in _QUEUE_PLACES for q in range(n)])
    pool = np.array(shape.brokers)
    rows = []
    for side, (place, _, orders, age) in enumerate(sides):
        rank = place[1::2][:, places] + lowest
        address = ((rank * 2 + side) << 24) ^ (age[1::2][:, places] + in_queue)
        drawn = words(sub_key(shape.key, 1 << 20), address)
        ids = pool[(drawn % np.uint64(len(pool))).astype(np.int64)].tolist()
        counts = np.minimum(orders[1::2], np.array(_QUEUE_PLACES)).tolist()
        rows.append([_cut(seats, shown) for seats, shown in zip(ids, counts, strict=True)])
    return [
        Brokers(shape.symbol, begin + timedelta(microseconds=offset + 1), asks, bids)
        for offset, asks, bids in zip(offsets[1::2].tolist(), *rows, strict=True)
    ]


def _cut(seats: list[int], shown: list[int]) -> tuple[tuple[int, ...], ...]:
    levels = []
    begin = 0
    for room, count in zip(_QUEUE_PLACES, shown, strict=True):
        levels.append(tuple(seats[begin : begin + count]))
        begin += room
    return tuple(levels)
