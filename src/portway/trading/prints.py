"""Prints of a symbol that wait for its venue, kept within bounds.

A venue that is busy hears of many prints at once. What they may fill or trigger depends on the
newest and on how far the older ones went, and on nothing else.
"""

from __future__ import annotations

from typing import Final

from portway.model.quote import Trade

__all__ = ["PRINTS_MAX", "bounded_prints"]

PRINTS_MAX: Final = 1024  # Waiting prints of one symbol; past it only the extremes are kept.


def bounded_prints(prints: tuple[Trade, ...]) -> tuple[Trade, ...]:
    """Keep waiting prints within `PRINTS_MAX`: of the older half, only the extremes matter."""
    if len(prints) <= PRINTS_MAX:
        return prints
    older, newer = prints[: PRINTS_MAX // 2], prints[PRINTS_MAX // 2 :]
    extremes: dict[tuple[object, str], Trade] = {}
    for trade in older:
        low = extremes.setdefault((trade.session, "low"), trade)
        high = extremes.setdefault((trade.session, "high"), trade)
        if trade.price < low.price:
            extremes[trade.session, "low"] = trade
        if trade.price > high.price:
            extremes[trade.session, "high"] = trade
    kept = {id(trade): trade for trade in extremes.values()}
    return (*(trade for trade in older if id(trade) in kept), *newer)
