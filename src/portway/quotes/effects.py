"""What a print may move, by its market's trade-type code: price and volume, volume, or nothing.

The tables are those by which the published client merges pushes into bars; a server that used
others would disagree with its clients. One filter serves quotes and candlesticks alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = ["TradeEffect", "effect_of", "effects_by_type"]


class TradeEffect(Enum):
    """How far a print counts."""

    PRICE_AND_VOLUME = "price and volume"
    VOLUME_ONLY = "volume only"
    NONE = "nothing"


_BOTH: Final = TradeEffect.PRICE_AND_VOLUME
_VOLUME: Final = TradeEffect.VOLUME_ONLY


def _table(both: str, volume: str) -> Mapping[str, TradeEffect]:
    """Ordinary prints have the empty code and always set the price."""
    return {"": _BOTH} | dict.fromkeys(both, _BOTH) | dict.fromkeys(volume, _VOLUME)


_ODD_LOT_US: Final = "I"
_HK: Final = _table(both="U", volume="DMPXY")
_US: Final = _table(both="ABDEFKSX1", volume="CGHVW" + _ODD_LOT_US)
# Odd lots of options, and of shares before and after the regular session, set the price.
_US_ODD_LOTS_COUNT: Final = {**_US, _ODD_LOT_US: _BOTH}


class _Every(dict[str, TradeEffect]):
    """Markets without published codes: whatever the code, the print counts in full."""

    def get(self, key: str, default: object = None, /) -> TradeEffect:
        return _BOTH


_EVERY: Final[Mapping[str, TradeEffect]] = _Every()


def effects_by_type(
    market: Market, session: TradeSession, *, is_option: bool = False
) -> Mapping[str, TradeEffect]:
    """Return the table of trade types for one session; a type that `get` does not find is NONE."""
    match market:
        case Market.HK:
            return _HK
        case Market.US:
            extended = session in (TradeSession.PRE, TradeSession.POST)
            return _US_ODD_LOTS_COUNT if is_option or extended else _US
        case _:
            return _EVERY


def effect_of(
    market: Market, trade_type: str, session: TradeSession, *, is_option: bool = False
) -> TradeEffect:
    """Return what a print with `trade_type` moves in this market and session."""
    table = effects_by_type(market, session, is_option=is_option)
    return table.get(trade_type, TradeEffect.NONE)
