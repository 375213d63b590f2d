"""Under which HTTP paths the pulls of the quote socket are asked, by clients set to HTTP.

The body of such a request is the command's request message as JSON, `data` of the answer its
response message; enums are numbers there, never names. Paths have no version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from portway.wire.commands import QuoteCommand

__all__ = ["PULL_PATHS"]

PULL_PATHS: Final[Mapping[str, QuoteCommand]] = MappingProxyType(
    {
        "/quote/markets/trading-sessions": QuoteCommand.MARKET_TRADE_PERIOD,
        "/quote/markets/trading-days": QuoteCommand.MARKET_TRADE_DAY,
        "/quote/static-info": QuoteCommand.STATIC_INFO,
        "/quote/quotes": QuoteCommand.QUOTE,
        "/quote/options/quotes": QuoteCommand.OPTION_QUOTE,
        "/quote/warrants/quotes": QuoteCommand.WARRANT_QUOTE,
        "/quote/depth": QuoteCommand.DEPTH,
        "/quote/brokers": QuoteCommand.BROKERS,
        "/quote/participants": QuoteCommand.PARTICIPANTS,
        "/quote/trades": QuoteCommand.TRADES,
        "/quote/intraday": QuoteCommand.INTRADAY,
        "/quote/candlesticks": QuoteCommand.CANDLESTICKS,
        "/quote/options/expiry-dates": QuoteCommand.OPTION_CHAIN_DATES,
        "/quote/warrants/issuers": QuoteCommand.WARRANT_ISSUERS,
        "/quote/warrants": QuoteCommand.WARRANT_LIST,
        "/quote/capital-flow": QuoteCommand.CAPITAL_FLOW,
        "/quote/capital-distribution": QuoteCommand.CAPITAL_DISTRIBUTION,
        "/quote/calc-indexes": QuoteCommand.CALC_INDEXES,
        "/quote/history-candlesticks": QuoteCommand.HISTORY_CANDLESTICKS,
    }
)
