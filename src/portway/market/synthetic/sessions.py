"""From the day level to the plan of each session: what its minutes have to add up to.

The regular session's plan is the day's own figures. The US pre-market, post-market and overnight
sessions are thin bridges between one regular close and the next open; they never touch the day bar.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from portway.market.synthetic.curves import Curve, curve_of, turns
from portway.market.synthetic.days import DayTable
from portway.market.synthetic.draws import fraction, key_of, normals, sub_key, word, words
from portway.market.synthetic.layout import Block
from portway.market.synthetic.minutes import MINUTE_LOTS_MIN, SessionPlan
from portway.model.quote import TradeSession

__all__ = ["day_key", "extended_plan", "regular_plan"]

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
    lots, weight = int(table.lots[row]), int(table.weight[row])
    if table.instrument.is_index:  # The closing tick takes its part of the money.
        weight -= closing_money(table, row)
    return SessionPlan(
        key=sub_key(key, int(TradeSession.NORMAL)),
        curve=Curve.REGULAR,
        minutes=block.minutes,
        open=int(table.open[row]),
        high=int(table.high[row]),
        low=int(table.low[row]),
        last=int(table.last[row]),
        lots=lots,
        least=0 if table.instrument.is_index else _least(table.profile.prints_a_minute),
        weight=weight,
        first_turn=int(table.first_turn[row]),
        second_turn=int(table.second_turn[row]),
        high_first=bool(table.high_first[row]),
    )


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
    width = int(table.high[row] - table.low[row])
    reach = [1 + int(width * _REACH * (0.3 + fraction(word(own, 900 + i)))) for i in range(2)]
    high, low = max(opened, last) + reach[0], max(1, min(opened, last) - reach[1])
    count = block.minutes
    usual = int(
        float(table.lots[row]) * _VOLUME[block.session] * (0.6 + 0.8 * fraction(word(own, 902)))
    )
    lots = max(usual, count * (MINUTE_LOTS_MIN + _LOTS_BESIDE_LEAST))
    high_first = word(own, 903) % 2 == 0
    first, second = turns(
        np.array([count], dtype=np.int64),
        *(np.array([fraction(word(own, field))]) for field in (904, 905)),
    )
    return SessionPlan(
        key=own,
        curve=curve_of(block.session),
        minutes=count,
        open=opened,
        high=high,
        low=low,
        last=last,
        lots=lots,
        least=MINUTE_LOTS_MIN,
        weight=None,
        first_turn=int(first[0]),
        second_turn=int(second[0]),
        high_first=high_first,
    )


def _ends(table: DayTable, row: int, session: TradeSession) -> tuple[int, int]:
    """Return the prices, in steps, between which a session leads."""
    step = int(table.step[row])
    opened, close = int(table.open[row]), int(table.close[row])
    before = int(table.before[row]) // step
    if session is TradeSession.POST:
        return close, _after_post(table, row)
    night = before + int((opened - before) * _GONE_AFTER_NIGHT)
    if session is TradeSession.OVERNIGHT:
        evening = _after_post(table, row - 1) * int(table.step[row - 1]) // step if row else before
        return max(1, evening), max(1, night)
    return max(1, night), opened


def _after_post(table: DayTable, row: int) -> int:
    """Return the price, in steps of the row, at the end of the post-market."""
    close = int(table.close[row])
    width = float(table.high[row] - table.low[row])
    key = key_of("after post", table.instrument.symbol, int(table.open[row]))
    drawn = words(key, np.array([int(table.span.ordinals[row]) + _NORMAL_FIELD]))
    drift = 0.04 * width * float(normals(drawn)[0])
    if row + 1 < len(table.step):
        coming = int(table.open[row + 1]) * int(table.step[row + 1]) // int(table.step[row])
        drift += _GONE_AFTER_POST * (coming - close)
    return max(1, close + int(drift))
