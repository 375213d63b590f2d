"""A home that nobody serves, opened for the owner's desk: its venue and its credentials, no market.

Money and accounts need no prices, so the venue runs without any market: every security is unknown
to it meanwhile, and facts are dated by where the home's clock stands.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from portway.assemble.first_start import furnish, identity_tables
from portway.assemble.names import CLOCK_FILE, VENUE
from portway.clock import ClockPosition
from portway.gateway.errors import Refused
from portway.gateway.http.admin_accounts import account_routes
from portway.gateway.http.admin_levels import level_routes
from portway.gateway.http.request import Request, parse_query
from portway.gateway.limits import PROFILES, Limits
from portway.gateway.office import Office
from portway.gateway.rights import RightsBook
from portway.model.command import Command, MarketView
from portway.model.corporate_action import CorporateAction
from portway.model.event import Event
from portway.model.symbol import Market, Symbol
from portway.storage.documents import SqliteDocuments
from portway.storage.errors import StorageError
from portway.storage.home import open_home, read_json
from portway.storage.sqlite import SqliteStore
from portway.trading.errors import TradingError
from portway.trading.ports import JournalCorrupt
from portway.trading.queries import TradeQueries
from portway.trading.runner import VenueRunner
from portway.wire.envelope import Language, failure

__all__ = ["OfficeRefused", "back_office", "call_office"]


class OfficeRefused(Exception):
    """The desk does not do what was asked; the message is one line for the owner."""


class _NoMarket:
    """Market facts of a market that is not there."""

    def __init__(self, position: ClockPosition | None) -> None:
        self._instants = dict(position.instants) if position is not None else {}

    def view(self, symbol: Symbol) -> MarketView | None:
        return None

    def now(self, market: Market) -> datetime:
        """Where the home's clock stands; of a home that never ran, the machine's."""
        return self._instants.get(market) or datetime.now(UTC)

    def actions(self, symbol: Symbol, after: date, through: date) -> Sequence[CorporateAction]:
        return ()

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        """Nothing moves here."""


class _Venue:
    def __init__(self, runner: VenueRunner, queries: TradeQueries) -> None:
        self._runner = runner
        self.queries = queries

    async def submit(self, command: Command) -> tuple[Event, ...]:
        return await self._runner.submit(command)


async def call_office(
    path: Path, method: str, verb: str, query: str, content: bytes
) -> dict[str, Any]:
    """Call an endpoint of the admin API on a home that nobody serves.

    Raises:
        OfficeRefused: If the endpoint refuses, or the home cannot be opened.
    """
    request = Request(method, verb, {}, parse_query(query.encode()), content, None, Language.EN)
    try:
        async with back_office(path) as (office, store):
            rights = RightsBook(SqliteDocuments(store))
            await rights.load()
            routes = {
                **account_routes(office, Limits(PROFILES["none"]), time.monotonic),
                **level_routes(rights, identity_tables(store)),
            }
            endpoint = routes.get((method, verb))
            if endpoint is None:
                raise Refused("PATH_NOT_FOUND")
            return await endpoint(request)
    except Refused as refused:
        _, envelope = failure(refused.reason, detail=refused.detail)
        raise OfficeRefused(str(envelope["message"])) from refused
    except (StorageError, TradingError, JournalCorrupt) as error:
        raise OfficeRefused(str(error)) from error


@asynccontextmanager
async def back_office(path: Path) -> AsyncIterator[tuple[Office, SqliteStore]]:
    """Open a home and hold its lock while its desk and its store are used.

    Raises:
        StorageError: If the home cannot be opened, as when a server runs on it.
        JournalCorrupt: If its journal is damaged.
    """
    with open_home(path) as home:
        stored = read_json(home.path / CLOCK_FILE)
        market = _NoMarket(ClockPosition.from_json(stored) if stored else None)
        store = SqliteStore(home.database)
        try:
            runner = VenueRunner(VENUE, store, market)
            await runner.start()
            try:
                await furnish(home, store, runner)
                queries = TradeQueries(store.read_models(VENUE), runner.settings)
                office = Office(_Venue(runner, queries), identity_tables(store), time.time)
                yield office, store
            finally:
                await runner.close()
        finally:
            store.close()
