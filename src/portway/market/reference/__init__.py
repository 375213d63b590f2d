"""Reference data: instruments, calendars and exchange participants, built in as tables.

A change of a holiday, a lot or a name is a row in `tables/` and nothing else. `Reference` is the
one door for everybody above: a home's imported list comes in by `Reference.with_listing`, what a
source brings along by `Reference.with_instruments`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from portway.market.reference.calendar_table import calendars
from portway.market.reference.instrument_set import InstrumentSet
from portway.market.reference.instrument_table import instruments
from portway.market.reference.listing import LISTING_FILE, read_listing
from portway.market.reference.participant_table import Participant, participants
from portway.market.reference.rows import TableError
from portway.model.calendar import Calendar
from portway.model.instrument import Instrument, SecurityClass
from portway.model.session import SessionRow, session_rows
from portway.model.symbol import Market

__all__ = [
    "LISTING_FILE",
    "InstrumentSet",
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

    instruments: InstrumentSet
    calendars: Mapping[Market, Calendar]
    participants: tuple[Participant, ...]

    def with_instruments(self, more: Iterable[Instrument]) -> Reference:
        """Return a reference that also knows `more`; a symbol known already is replaced."""
        return replace(self, instruments=self.instruments.with_instruments(more))

    def with_listing(self, home: Path) -> Reference:
        """Return a reference that also knows the list that was imported into `home`, if any.

        Raises:
            RecordedDataError: If the list is not as an import has left it.
        """
        rows = read_listing(home)
        return replace(self, instruments=self.instruments.with_rows(rows)) if rows else self

    def only(self, wanted: Callable[[Market, SecurityClass], bool]) -> Reference:
        """Return a reference that knows the wanted kinds of instruments alone."""
        return replace(self, instruments=self.instruments.only(wanted))

    def overnight(self) -> tuple[Instrument, ...]:
        """Return the securities of the US overnight list, in the order of the table."""
        return tuple(self.instruments.overnight())


@cache
def built_in() -> Reference:
    """Return the reference made of the built-in tables alone."""
    return Reference(InstrumentSet(instruments().values()), calendars(), participants())
