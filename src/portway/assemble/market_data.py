"""A home's imported data put together: for the server that shows it, the commands that fill it.

The command line knows no adapter; what it imports into and exports from is handed out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from portway.assemble.names import WORLD_FILE
from portway.market.imported.days import day_number, midnight_of, to_date
from portway.market.imported.listing import Listing
from portway.market.imported.records import amount
from portway.market.imported.source import ImportedSource
from portway.market.ports import MarketSource
from portway.market.recorded import open_lean
from portway.market.reference import Reference, built_in
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import Period
from portway.model.symbol import Market, Symbol, market_of
from portway.settings import DEFAULT_SEED
from portway.storage.errors import StorageError
from portway.storage.home import read_json
from portway.storage.market_data import MarketData

__all__ = [
    "MarketData",
    "StorageError",
    "close_before",
    "export_sources",
    "imported_sources",
    "open_market_data",
]


def open_market_data(home: Path) -> MarketData:
    """Open what was imported into a home; nothing is made before the first import.

    Raises:
        StorageError, RecordedDataError: If it is damaged.
    """
    return MarketData(home, Listing(built_in().with_listing(home)))


def imported_sources(home: Path, reference: Reference) -> list[ImportedSource]:
    """Return the source of a home's imported data, or nothing where there is none."""
    listing = Listing(reference)
    source = ImportedSource(MarketData(home, listing), listing)
    return [source] if source.symbols() else []


def export_sources(
    home: Path, *, seed: int | None, replay: Path | None
) -> tuple[Reference, Sequence[MarketSource]]:
    """Return every source of a home, the first that has a symbol wins.

    Args:
        seed: Of the synthetic world; None takes the home's, or the default.
    """
    reference = built_in().with_listing(home)
    if seed is None:
        stored = read_json(home / WORLD_FILE) if home.is_dir() else None
        seed = int(stored["seed"]) if stored else DEFAULT_SEED
    sources: list[MarketSource] = []
    if replay is not None:
        sources.append(open_lean(replay, calendar=reference.calendars[Market.US]))
    sources += imported_sources(home, reference)
    return reference, [*sources, SyntheticWorld(seed, reference)]


def close_before(data: MarketData, symbol: Symbol, day: date) -> tuple[date, Decimal] | None:
    """Return the last imported close before a day, with its own day."""
    market = market_of(symbol)
    table = data.bars(symbol, Period.DAY)
    place = int(np.searchsorted(table.rows["at"], midnight_of(market, day_number(day))))
    if not place:
        return None
    row = table.rows[place - 1]
    # Midnight in the east is the evening before in UTC, in the west the same date: noon decides.
    found = to_date((int(row["at"]) + 12 * 3600) // 86_400)
    return found, amount(int(row["close"]), table.price_places)
