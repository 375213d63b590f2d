"""What a source of market data must offer, whatever it is: synthetic, recorded or relayed.

One truth: the ticks of a day, folded, give its minute bars, and those its day bar. Intervals are
half-open, `[begin, end)`, in UTC; trading days are dates of the exchange.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Instrument
from portway.model.quote import Candlestick, DaySnapshot, MarketEvent, Period
from portway.model.symbol import Market, Symbol

__all__ = ["FindsContracts", "MarketSource", "SourceDamaged"]


class SourceDamaged(ValueError):
    """A source cannot show what it should have; the message is one line with the way out."""


class MarketSource(Protocol):
    """One origin of market data for a set of symbols that no other source serves.

    A source knows its whole truth, the future of a simulated clock included; the market runner
    shows none of it before its time.
    """

    def symbols(self) -> Collection[Symbol]:
        """Every symbol this source answers for."""
        ...

    def trading_days(self, symbol: Symbol, first: date, last: date) -> Sequence[date]:
        """Days from `first` to `last`, both inclusive, with a day bar of the symbol, ascending."""
        ...

    def bars(
        self, symbol: Symbol, period: Period, first: date, last: date
    ) -> Sequence[Candlestick]:
        """Raw bars of the trading days `first` to `last`, inclusive and whole, ascending.

        Args:
            period: ONE_MINUTE (every session the source has) or DAY; longer ones are folded from
                these by the caller.
        """
        ...

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Iterator[MarketEvent]:
        """Events with `begin <= at < end`, in order of `at`, ties in their true order."""
        ...

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        """The state of the trading day that holds `at` after all its events before `at`.

        Returns None when the source has no quicker way than folding `ticks`, or no such day.
        """
        ...

    def has_events(self, symbol: Symbol, day: date) -> bool:
        """Whether there are prints or quotes of the day to show; False: a day bar at most."""
        ...

    def is_prepared(self, symbol: Symbol, day: date) -> bool:
        """Whether the day can be shown without slow work; always so where there is none."""
        ...

    def prepare(self, symbol: Symbol, day: date) -> None:
        """Do the slow work of a day ahead (reading files). May run in any thread.

        Raises:
            SourceDamaged: If the source cannot show the day, with the cause and the way out.
        """
        ...

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Regular close of the trading day before `day`, adjusted when `day` is an ex-date."""
        ...

    def corporate_actions(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """All known actions of the symbol, by ex-date ascending."""
        ...


@runtime_checkable
class FindsContracts(Protocol):
    """A source whose symbols are too many to list: each is found when somebody names it."""

    @property
    def market(self) -> Market:
        """The market of every symbol it may find."""
        ...

    def find(self, symbol: Symbol, day: date) -> Instrument | None:
        """Return what a symbol names on a trading day, ended or not; None: nothing yet."""
        ...
