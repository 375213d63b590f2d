"""What the source of imported data asks of the place where it is kept; `storage` implements it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt

from portway.market.imported.records import BarTable, Ints
from portway.model.corporate_action import CorporateAction
from portway.model.quote import Period
from portway.model.symbol import Symbol

__all__ = ["ImportedData", "TickColumns"]

Octets = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TickColumns:
    """The ticks of one symbol and trading day, a column per field of `records.TICK`."""

    at: Ints
    price: Ints
    volume: Ints
    bid: Ints
    bid_size: Ints
    ask: Ints
    ask_size: Ints
    kind: Octets
    trade_type: Octets
    direction: Octets
    session: Octets
    price_places: int

    def __len__(self) -> int:
        return len(self.at)

    def slice(self, first: int, beyond: int) -> TickColumns:
        """Return the ticks numbered `first` to `beyond`, the latter not included; no copy."""
        part = slice(first, beyond)
        return TickColumns(
            self.at[part],
            self.price[part],
            self.volume[part],
            self.bid[part],
            self.bid_size[part],
            self.ask[part],
            self.ask_size[part],
            self.kind[part],
            self.trade_type[part],
            self.direction[part],
            self.session[part],
            self.price_places,
        )


class ImportedData(Protocol):
    """Bars, ticks and corporate actions of a home. Quick: files are mapped, not read."""

    def symbols(self) -> Collection[Symbol]:
        """Every symbol with bars or ticks."""
        ...

    def bars(self, symbol: Symbol, period: Period) -> BarTable:
        """The bars that are served, ONE_MINUTE or DAY; empty where there are none."""
        ...

    def tick_days(self, symbol: Symbol) -> Sequence[date]:
        """Trading days with ticks, ascending."""
        ...

    def ticks(self, symbol: Symbol, day: date) -> TickColumns:
        """The ticks of such a day, in order."""
        ...

    def actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Corporate actions that the prices are not adjusted by yet, by ex-date ascending."""
        ...
