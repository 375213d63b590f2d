"""What may restrict the trading of one security for some minutes."""

from __future__ import annotations

from enum import auto

from portway.model.order import NamedEnum

__all__ = ["CurbKind"]


class CurbKind(NamedEnum):
    """Which restriction it is."""

    LIMIT_STATE = auto()  # US: the outside quotes at a limit up - limit down band.
    PAUSE = auto()  # US: nothing trades after a limit state that lasted.
    COOLING_OFF = auto()  # Hong Kong: trades within a fixed band after the volatility control.
