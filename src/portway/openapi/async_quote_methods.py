# Written by tools/async_sdk.py from quote_methods.py; change that file and run the tool.
"""Market data that a quote context pulls, with awaitables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from portway.openapi.calls import derivatives, pulls
from portway.openapi.calls import quote as calls
from portway.openapi.context import AsyncContext
from portway.openapi.derivative_types import (
    IssuerInfo,
    OptionQuote,
    StrikePriceInfo,
    WarrantInfo,
    WarrantQuote,
)
from portway.openapi.enums import Market, Period
from portway.openapi.list_types import OptionChainContract
from portway.openapi.pull_types import (
    Candlestick,
    CapitalDistributionResponse,
    CapitalFlowLine,
    IntradayLine,
    MarketTradingDays,
    MarketTradingSession,
    ParticipantInfo,
    SecurityCalcIndex,
)
from portway.openapi.quote_enums import (
    AdjustType,
    CalcIndex,
    FilterWarrantExpiryDate,
    FilterWarrantInOutBoundsType,
    SortOrderType,
    TradeSessions,
    WarrantSortBy,
    WarrantStatus,
    WarrantType,
)
from portway.openapi.types import (
    SecurityBrokers,
    SecurityDepth,
    SecurityQuote,
    SecurityStaticInfo,
    Trade,
)

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncQuoteMethods"]


class AsyncQuoteMethods(AsyncContext):
    """Pulls over the quote socket, or over HTTP with `Config.quote_transport`."""

    def static_info(self, symbols: Sequence[str]) -> asyncio.Future[list[SecurityStaticInfo]]:
        """Return static information of at most 500 securities; unknown ones are left out."""
        return self._call(calls.static_info(symbols))

    def quote(self, symbols: Sequence[str]) -> asyncio.Future[list[SecurityQuote]]:
        """Return the latest quotes of at most 500 securities; unknown ones are left out."""
        return self._call(calls.quote(symbols))

    def depth(self, symbol: str) -> asyncio.Future[SecurityDepth]:
        """Return the book of a security, best prices first."""
        return self._call(pulls.depth(symbol))

    def brokers(self, symbol: str) -> asyncio.Future[SecurityBrokers]:
        """Return the broker queues of a Hong Kong security, by price level."""
        return self._call(pulls.brokers(symbol))

    def participants(self) -> asyncio.Future[list[ParticipantInfo]]:
        """Return the brokers of the Hong Kong exchange; kept for half an hour."""
        return self._call(pulls.participants())

    def trades(self, symbol: str, count: int) -> asyncio.Future[list[Trade]]:
        """Return the newest prints of a security, at most 1000, oldest first."""
        return self._call(pulls.trades(symbol, count))

    def intraday(
        self, symbol: str, trade_sessions: TradeSessions = TradeSessions.Intraday
    ) -> asyncio.Future[list[IntradayLine]]:
        """Return the minutes of the trading day so far.

        Args:
            symbol: As `700.HK`.
            trade_sessions: Whether the extended hours of US securities belong to it.
        """
        return self._call(pulls.intraday(symbol, trade_sessions))

    def candlesticks(
        self,
        symbol: str,
        period: Period,
        count: int,
        adjust_type: AdjustType,
        trade_sessions: TradeSessions = TradeSessions.Intraday,
    ) -> asyncio.Future[list[Candlestick]]:
        """Return the newest bars, oldest first; the last one may still change.

        Args:
            symbol: As `700.HK`.
            period: Length of a bar.
            count: At most 1000.
            adjust_type: Whether corporate actions are taken out of the prices.
            trade_sessions: Whether the extended hours of US securities belong to them.
        """
        return self._call(pulls.candlesticks(symbol, period, count, adjust_type, trade_sessions))

    def history_candlesticks_by_offset(
        self,
        symbol: str,
        period: Period,
        adjust_type: AdjustType,
        forward: bool,
        count: int,
        time: datetime | None = None,
        trade_sessions: TradeSessions = TradeSessions.Intraday,
    ) -> asyncio.Future[list[Candlestick]]:
        """Return bars before or after a moment, oldest first.

        Args:
            symbol: As `700.HK`.
            period: Length of a bar.
            adjust_type: Whether corporate actions are taken out of the prices.
            forward: After the moment instead of before it.
            count: At most 1000.
            time: Minute of the market's own clock; now if left out.
            trade_sessions: Whether the extended hours of US securities belong to them.
        """
        return self._call(
            pulls.history_candlesticks_by_offset(
                symbol, period, adjust_type, forward, count, time, trade_sessions
            )
        )

    def history_candlesticks_by_date(
        self,
        symbol: str,
        period: Period,
        adjust_type: AdjustType,
        start: date | None = None,
        end: date | None = None,
        trade_sessions: TradeSessions = TradeSessions.Intraday,
    ) -> asyncio.Future[list[Candlestick]]:
        """Return bars between two days, both included, oldest first; at most 1000.

        Args:
            symbol: As `700.HK`.
            period: Length of a bar.
            adjust_type: Whether corporate actions are taken out of the prices.
            start: First trading day; as far back as the answer goes if left out.
            end: Last trading day; today if left out.
            trade_sessions: Whether the extended hours of US securities belong to them.
        """
        return self._call(
            pulls.history_candlesticks_by_date(
                symbol, period, adjust_type, start, end, trade_sessions
            )
        )

    def trading_session(self) -> asyncio.Future[list[MarketTradingSession]]:
        """Return the sessions of all markets; kept for two hours."""
        return self._call(pulls.trading_session())

    def trading_days(
        self, market: Market, begin: date, end: date
    ) -> asyncio.Future[MarketTradingDays]:
        """Return the days on which a market trades, at most a month, both ends included."""
        return self._call(pulls.trading_days(market, begin, end))

    def capital_flow(self, symbol: str) -> asyncio.Future[list[CapitalFlowLine]]:
        """Return the net inflow over the day, a row for each minute."""
        return self._call(pulls.capital_flow(symbol))

    def capital_distribution(self, symbol: str) -> asyncio.Future[CapitalDistributionResponse]:
        """Return the day's turnover by size of order and direction."""
        return self._call(pulls.capital_distribution(symbol))

    def calc_indexes(
        self, symbols: Sequence[str], indexes: Sequence[CalcIndex]
    ) -> asyncio.Future[list[SecurityCalcIndex]]:
        """Return calculated indexes; those not asked for are `None`.

        Args:
            symbols: At most 500.
            indexes: Which ones.
        """
        return self._call(pulls.calc_indexes(symbols, indexes))

    # ------------------------------------------------------------------- options and warrants

    def option_quote(self, symbols: Sequence[str]) -> asyncio.Future[list[OptionQuote]]:
        """Return the latest quotes of at most 500 options; unknown ones are left out."""
        return self._call(derivatives.option_quote(symbols))

    def warrant_quote(self, symbols: Sequence[str]) -> asyncio.Future[list[WarrantQuote]]:
        """Return the latest quotes of at most 500 warrants; unknown ones are left out."""
        return self._call(derivatives.warrant_quote(symbols))

    def option_chain_expiry_date_list(self, symbol: str) -> asyncio.Future[list[date]]:
        """Return the expiry dates of the options on a security; kept for half an hour."""
        return self._call(derivatives.option_chain_expiry_date_list(symbol))

    def option_chain_info_by_date(
        self, symbol: str, expiry_date: date, standard_only: bool | None = None
    ) -> asyncio.Future[list[Any]]:
        """Return an option chain: `option_strikes` or `option_contracts`.

        The two official clients answer differently here. With
        `Config.as_longport` it is a row for each strike, else a row for each contract;
        `standard_only` always asks for contracts.

        Args:
            symbol: The underlying, as `AAPL.US`.
            expiry_date: One of `option_chain_expiry_date_list`.
            standard_only: Leave out contracts that a corporate action has adjusted.
        """
        if standard_only is None and self._config.as_longport:
            return self._call(derivatives.option_strikes(symbol, expiry_date))
        return self._call(derivatives.option_contracts(symbol, expiry_date, bool(standard_only)))

    def option_strikes(
        self, symbol: str, expiry_date: date
    ) -> asyncio.Future[list[StrikePriceInfo]]:
        """Return the strikes of one expiry, with call and put; kept for half an hour."""
        return self._call(derivatives.option_strikes(symbol, expiry_date))

    def option_contracts(
        self, symbol: str, expiry_date: date, standard_only: bool = False
    ) -> asyncio.Future[list[OptionChainContract]]:
        """Return the contracts of one expiry."""
        return self._call(derivatives.option_contracts(symbol, expiry_date, standard_only))

    def warrant_issuers(self) -> asyncio.Future[list[IssuerInfo]]:
        """Return the issuers of warrants; kept for half an hour."""
        return self._call(derivatives.warrant_issuers())

    def warrant_list(
        self,
        symbol: str,
        sort_by: WarrantSortBy,
        sort_order: SortOrderType,
        warrant_type: Sequence[WarrantType] | None = None,
        issuer: Sequence[int] | None = None,
        expiry_date: Sequence[FilterWarrantExpiryDate] | None = None,
        price_type: Sequence[FilterWarrantInOutBoundsType] | None = None,
        status: Sequence[WarrantStatus] | None = None,
    ) -> asyncio.Future[list[WarrantInfo]]:
        """Return the warrants on a security.

        Args:
            symbol: The underlying, as `700.HK`.
            sort_by: What they are sorted by.
            sort_order: Smallest or largest first.
            warrant_type: Only of these kinds.
            issuer: Only of these issuers; see `warrant_issuers`.
            expiry_date: Only in these ranges of months to expiry.
            price_type: Of inline warrants: only within, or outside, their bounds.
            status: Only in these states.
        """
        return self._call(
            derivatives.warrant_list(
                symbol,
                sort_by,
                sort_order,
                warrant_type,
                issuer,
                expiry_date,
                price_type,
                status,
                self._config.language,
            )
        )
