"""From the day level to the plan of each session: what its minutes have to add up to.

The regular session's plan is the day's own figures. The US pre-market, post-market and overnight
sessions are thin bridges between one regular close and the next open; they never touch the day bar.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from portway.market.synthetic.curves import curve_of, regular_curve, turns
from portway.market.synthetic.days import DayTable
from portway.market.synthetic.draws import (
    fraction,
    key_of,
    normals,
    sub_key,
    sum_in_order,
    word,
    words,
)
from portway.market.synthetic.layout import MINUTE_US, Block
from portway.market.synthetic.minutes import MINUTE_LOTS_MIN, SessionPlan, minutes
from portway.market.synthetic.prices import NO_LIMIT
from portway.market.synthetic.rough import knot_places
from portway.model.quote import TradeSession

__all__ = ["closing_money", "day_key", "extended_plan", "regular_plan", "story_weight"]

# Volume of the extended sessions in parts of the regular one's.
_VOLUME: Final = {
    TradeSession.OVERNIGHT: 0.008,
    TradeSession.PRE: 0.018,
    TradeSession.POST: 0.022,
}
# How much of the way from close to the next open each bridge has gone at its end.
_GONE_AFTER_POST: Final = 0.2
_GONE_AFTER_NIGHT: Final = 0.6
_REACH: Final = 0.09  # Range beyond the bridge's ends, in parts of the regular day's.
_EXTENDED_SWAY: Final = 0.35  # Minutes outside regular hours move less.
_LOTS_BESIDE_LEAST: Final = 3
# A lively security has this many prints even in its quietest minute: then 1.8 times the mean gap
# is below 3 s.
_LIVELY_PRINTS: Final = 38
_NORMAL_FIELD: Final = 1 << 16


def day_key(seed: int, table: DayTable, row: int) -> int:
    """Return the address of everything drawn inside one day of a security."""
    return sub_key(
        key_of(seed, table.instrument.symbol, "day inside"), int(table.span.ordinals[row])
    )


def regular_plan(table: DayTable, row: int, key: int, block: Block) -> SessionPlan:
    """Return the plan of the regular session."""
    lots = int(table.lots[row])
    weight: int | None = int(table.weight[row])
    if table.instrument.is_index:  # The closing tick takes its part of the money.
        weight = int(table.weight[row]) - closing_money(table, row)
    elif row in table.corners:
        weight = None
    corners = table.corners.get(row)
    if corners is None:
        corners = tuple(
            zip(knot_places(block.minutes).tolist(), table.knots[row].tolist(), strict=True)
        )
    return SessionPlan(
        key=sub_key(key, int(TradeSession.NORMAL)),
        curve=regular_curve(table.instrument.market),
        minutes=block.minutes,
        corners=corners,
        low=int(table.low[row]),
        high=int(table.high[row]),
        lots=lots,
        least=0 if table.instrument.is_index else _least(table.profile.prints_a_minute),
        weight=weight,
        clock=np.array(block.starts(), dtype=np.int64) // MINUTE_US,
        sways=_sways(table, row, int(table.open[row]), block.minutes),
        locks=(int(table.lower[row]), int(table.upper[row])),
        band=table.bands.get(row),
        walls=table.walls.get(row),
    )


def _sways(
    table: DayTable, row: int, price: int, minutes: int, part: float = 1.0
) -> tuple[tuple[int, float], ...]:
    """Return what moves a session's minutes, with the usual move of a minute in steps."""
    scale = part * price / float(np.sqrt(np.float64(minutes)))
    return tuple((key, float(size[row]) * scale) for key, size in table.sways)


def _least(prints: int) -> int:
    """Return the fewest lots of a minute that usually has so many prints."""
    return max(MINUTE_LOTS_MIN, min(prints, _LIVELY_PRINTS))


def closing_money(table: DayTable, row: int) -> int:
    """Return what the members of an index trade in the closing auction, in units."""
    shares, between = int(table.close_lots[row]), int(table.lots[row])
    return int(table.weight[row]) * shares // (shares + between)


def extended_plan(table: DayTable, row: int, key: int, block: Block) -> SessionPlan:
    """Return the plan of a session outside regular hours."""
    own = sub_key(key, int(block.session))
    opened, last = _ends(table, row, block.session)
    width = int(_usual_range(table, row))
    reach = [1 + int(width * _REACH * (0.3 + fraction(word(own, 900 + i)))) for i in range(2)]
    high, low = max(opened, last) + reach[0], max(1, min(opened, last) - reach[1])
    count = block.minutes
    usual = int(
        float(table.lots[row]) * _VOLUME[block.session] * (0.6 + 0.8 * fraction(word(own, 902)))
    )
    first, second = turns(
        np.array([count], dtype=np.int64),
        *(np.array([fraction(word(own, field))]) for field in (904, 905)),
    )
    one, two = (high, low) if word(own, 903) % 2 == 0 else (low, high)
    return SessionPlan(
        key=own,
        curve=curve_of(block.session),
        minutes=count,
        corners=((0, opened), (int(first[0]), one), (int(second[0]), two), (count, last)),
        low=low,
        high=high,
        lots=max(usual, count * (MINUTE_LOTS_MIN + _LOTS_BESIDE_LEAST)),
        least=MINUTE_LOTS_MIN,
        weight=None,
        clock=np.array(block.starts(), dtype=np.int64) // MINUTE_US,
        sways=_sways(table, row, opened, count, _EXTENDED_SWAY),
        locks=(0, NO_LIMIT),
    )


def story_weight(table: DayTable, row: int, key: int, block: Block) -> int:
    """Return the sum of steps times lots of a day that a story bends: what its minutes make."""
    return sum(minutes(regular_plan(table, row, key, block)).weight)


def _usual_range(table: DayTable, row: int) -> float:
    """Return how far apart high and low of such a day usually are, in steps."""
    variance = sum_in_order([float(size[row]) ** 2 for _, size in table.sways])
    return 1.6 * float(np.sqrt(np.float64(variance))) * float(table.open[row]) + 4.0


def _ends(table: DayTable, row: int, session: TradeSession) -> tuple[int, int]:
    """Return the prices, in steps, between which a session leads."""
    step = int(table.step[row])
    opened, close = int(table.open[row]), int(table.close[row])
    before = int(table.after_action[row]) // step
    if session is TradeSession.POST:
        return close, _after_post(table, row)
    night = before + int((opened - before) * _GONE_AFTER_NIGHT)
    if session is TradeSession.OVERNIGHT:
        evening = before
        if row:
            evening = _after_post(table, row - 1) * int(table.step[row - 1])
            # On the day of a split the evening before was told in old shares.
            evening = evening * int(table.after_action[row]) // int(table.before[row]) // step
        return max(1, evening), max(1, night)
    return max(1, night), opened


def _after_post(table: DayTable, row: int) -> int:
    """Return the price, in steps of the row, at the end of the post-market."""
    close = int(table.close[row])
    width = _usual_range(table, row)
    key = key_of("after post", table.instrument.symbol, int(table.open[row]))
    drawn = words(key, np.array([int(table.span.ordinals[row]) + _NORMAL_FIELD]))
    drift = 0.04 * width * float(normals(drawn)[0])
    if row + 1 < len(table.step):
        coming = int(table.open[row + 1]) * int(table.step[row + 1])
        coming = coming * int(table.before[row + 1]) // int(table.after_action[row + 1])
        drift += _GONE_AFTER_POST * (coming // int(table.step[row]) - close)
    return max(1, close + int(drift))
