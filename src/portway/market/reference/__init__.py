"""Reference data: instruments, calendars and exchange participants, built in as tables.

A change of a holiday, a lot or a name is a row in `tables/` and nothing else. `Reference` is the
one door for everybody above: what importers add later comes in by `Reference.with_instruments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from portway.market.reference.calendar_table import calendars
from portway.market.reference.instrument_table import instruments
from portway.market.reference.participant_table import Participant, participants
from portway.market.reference.rows import TableError
from portway.model.calendar import Calendar
from portway.model.instrument import Instrument
from portway.model.session import SessionRow, session_rows
from portway.model.symbol import Market, Symbol

__all__ = [
    "Participant",
    "Reference",
    "TableError",
    "built_in",
    "calendars",
    "instruments",
    "participants",
    "trading_session_rows",
]


def trading_session_rows() -> Mapping[Market, tuple[SessionRow, ...]]:
    """Return the published sessions of every market, in the order in which they are listed."""
    order = (Market.US, Market.HK, Market.CN, Market.SG)
    return MappingProxyType({market: session_rows(market) for market in order})


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known about the markets before any price arrives."""

    instruments: Mapping[Symbol, Instrument]
    calendars: Mapping[Market, Calendar]
    participants: tuple[Participant, ...]

    def with_instruments(self, more: Iterable[Instrument]) -> Reference:
        """Return a reference that also knows `more`; a symbol known already is replaced."""
        merged = {**self.instruments, **{one.symbol: one for one in more}}
        return replace(self, instruments=MappingProxyType(merged))

    def overnight(self) -> tuple[Instrument, ...]:
        """Return the securities of the US overnight list, in the order of the table."""
        return tuple(one for one in self.instruments.values() if one.overnight)


@cache
def built_in() -> Reference:
    """Return the reference made of the built-in tables alone."""
    return Reference(instruments(), calendars(), participants())
