"""The SDK: import from here what was imported from `longport.openapi` or `longbridge.openapi`.

Names, classes and behaviour are the official Python client's, for any service that speaks the
protocol. It stands on the wire layer alone.
"""

from portway.openapi.config import Config
from portway.openapi.enums import (
    DerivativeType,
    ErrorKind,
    Language,
    Market,
    Period,
    PushCandlestickMode,
    SecurityBoard,
    SubType,
    TradeDirection,
    TradeSession,
    TradeStatus,
)
from portway.openapi.errors import (
    ArgumentError,
    ConfigError,
    ConnectError,
    ContextClosed,
    DecodeError,
    OpenApiException,
    RequestTimeout,
)
from portway.openapi.http import HttpClient
from portway.openapi.quote import AsyncQuoteContext, QuoteContext
from portway.openapi.types import (
    Brokers,
    Depth,
    PrePostQuote,
    PushBrokers,
    PushDepth,
    PushQuote,
    PushTrades,
    RealtimeQuote,
    SecurityBrokers,
    SecurityDepth,
    SecurityQuote,
    SecurityStaticInfo,
    Subscription,
    Trade,
)

__all__ = [
    "ArgumentError",
    "AsyncQuoteContext",
    "Brokers",
    "Config",
    "ConfigError",
    "ConnectError",
    "ContextClosed",
    "DecodeError",
    "Depth",
    "DerivativeType",
    "ErrorKind",
    "HttpClient",
    "Language",
    "Market",
    "OpenApiException",
    "Period",
    "PrePostQuote",
    "PushBrokers",
    "PushCandlestickMode",
    "PushDepth",
    "PushQuote",
    "PushTrades",
    "QuoteContext",
    "RealtimeQuote",
    "RequestTimeout",
    "SecurityBoard",
    "SecurityBrokers",
    "SecurityDepth",
    "SecurityQuote",
    "SecurityStaticInfo",
    "SubType",
    "Subscription",
    "Trade",
    "TradeDirection",
    "TradeSession",
    "TradeStatus",
]
