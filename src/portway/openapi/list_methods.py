"""Watchlists, lists and statistics over HTTP; the asyncio twin is written from this file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portway.openapi.calls import lists as calls
from portway.openapi.calls import us as us_calls
from portway.openapi.context import SyncContext
from portway.openapi.enums import Market
from portway.openapi.list_types import (
    FilingItem,
    HistoryMarketTemperatureResponse,
    MarketTemperature,
    OptionVolumeDaily,
    OptionVolumeStats,
    Security,
    ShortPositionsResponse,
    ShortTradesResponse,
    WatchlistGroup,
)
from portway.openapi.quote_enums import PinnedMode, SecuritiesUpdateMode, SecurityListCategory
from portway.openapi.us_types import USCryptoOverview

__all__ = ["ListMethods"]


class ListMethods(SyncContext):
    """What a quote context asks over HTTP."""

    def watchlist(self) -> list[WatchlistGroup]:
        """Return all groups of the watchlist."""
        return self._call(calls.watchlist())

    def create_watchlist_group(self, name: str, securities: Sequence[str] | None = None) -> int:
        """Make a group and return its id.

        Args:
            name: At least one character.
            securities: What is in it from the start.
        """
        return self._call(calls.create_watchlist_group(name, securities))

    def delete_watchlist_group(self, id: int, purge: bool = False) -> None:
        """Remove a group.

        Args:
            id: As returned by `create_watchlist_group`.
            purge: Take its securities out of the watchlist altogether.
        """
        return self._call(calls.delete_watchlist_group(id, purge))

    def update_watchlist_group(
        self,
        id: int,
        name: str | None = None,
        securities: Sequence[str] | None = None,
        mode: SecuritiesUpdateMode | None = None,
    ) -> None:
        """Rename a group, or change what is in it.

        Args:
            id: As returned by `create_watchlist_group`.
            name: New name.
            securities: To add, to remove, or instead of the present ones.
            mode: Which of these; instead, if left out.
        """
        return self._call(calls.update_watchlist_group(id, name, securities, mode))

    def update_pinned(self, mode: PinnedMode, symbols: Sequence[str]) -> None:
        """Pin securities to the top of the watchlist, or unpin them."""
        return self._call(calls.update_pinned(mode, symbols))

    def security_list(
        self, market: Market, category: SecurityListCategory | None = None
    ) -> list[Security]:
        """Return a list of securities; the name is in the language of the config alone."""
        return self._call(calls.security_list(market, category))

    def market_temperature(self, market: Market) -> MarketTemperature:
        """Return how hot a market is."""
        return self._call(calls.market_temperature(market))

    def history_market_temperature(
        self,
        market: Market,
        start_date: date,
        end_date: date | None = None,
        *,
        end: date | None = None,
    ) -> HistoryMarketTemperatureResponse:
        """Return how hot a market was.

        Args:
            market: Which one.
            start_date: First day.
            end_date: Last day.
            end: The name that `longport` has for `end_date`.
        """
        last = end if end_date is None else end_date
        if last is None:
            raise TypeError("argument 'end_date': a date is expected")
        return self._call(calls.history_market_temperature(market, start_date, last))

    def filings(self, symbol: str) -> list[FilingItem]:
        """Return the filings of a company."""
        return self._call(calls.filings(symbol))

    def short_positions(self, symbol: str, count: int = 20) -> ShortPositionsResponse:
        """Return short positions in a security of Hong Kong or the US, newest first."""
        return self._call(calls.short_positions(symbol, count))

    def short_trades(self, symbol: str, count: int = 20) -> ShortTradesResponse:
        """Return short trades in a security of Hong Kong or the US, newest first."""
        return self._call(calls.short_trades(symbol, count))

    def option_volume(self, symbol: str) -> OptionVolumeStats:
        """Return today's option volume on an underlying, in contracts."""
        return self._call(calls.option_volume(symbol))

    def option_volume_daily(
        self, symbol: str, timestamp: int = 0, count: int = 30
    ) -> OptionVolumeDaily:
        """Return option volume day by day.

        Args:
            symbol: The underlying, as `AAPL.US`.
            timestamp: Unix seconds to begin at; now if 0.
            count: How many days.
        """
        return self._call(calls.option_volume_daily(symbol, timestamp, count))

    def us_crypto_overview(self, symbol: str) -> USCryptoOverview:
        """Return facts about a crypto asset; for credentials that begin with `us_`."""
        return self._call(us_calls.us_crypto_overview(symbol))
