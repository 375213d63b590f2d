"""Enums of quote requests and derivatives: names and ordinals of the official client.

Wire values come from `portway.wire.names`; the base class is in `enums.py`.
"""

from __future__ import annotations

from portway.openapi.enums import OpenApiEnum

__all__ = [
    "AdjustType",
    "CalcIndex",
    "FilterWarrantExpiryDate",
    "FilterWarrantInOutBoundsType",
    "Granularity",
    "OptionDirection",
    "OptionExpiryCycleType",
    "OptionStandardAttr",
    "OptionType",
    "PinnedMode",
    "QuoteTransport",
    "SecuritiesUpdateMode",
    "SecurityListCategory",
    "SortOrderType",
    "TradeSessions",
    "WarrantSortBy",
    "WarrantStatus",
    "WarrantType",
]


class QuoteTransport(OpenApiEnum):
    """How quotes are pulled."""

    WebSocket = 0
    Http = 1


class SecurityListCategory(OpenApiEnum):
    """A list of securities."""

    Overnight = 0


class TradeSessions(OpenApiEnum):
    """Which sessions are asked for; not the session of a datum."""

    Intraday = 0
    All = 1


class OptionType(OpenApiEnum):
    """When an option may be exercised."""

    Unknown = 0
    American = 1
    Europe = 2


class OptionDirection(OpenApiEnum):
    """Right to buy or to sell."""

    Unknown = 0
    Put = 1
    Call = 2


class OptionExpiryCycleType(OpenApiEnum):
    """How often options of its kind expire."""

    Unknown = 0
    Monthly = 1
    Weekly = 2
    Quarterly = 3


class OptionStandardAttr(OpenApiEnum):
    """Whether a contract is standard, or adjusted after a corporate action."""

    Unknown = 0
    Normal = 1
    Old = 2


class WarrantType(OpenApiEnum):
    """Kinds of warrants; bull and bear are callable (CBBC)."""

    Unknown = 0
    Call = 1
    Put = 2
    Bull = 3
    Bear = 4
    Inline = 5


class WarrantStatus(OpenApiEnum):
    """Whether a warrant trades; ordinals are those of `longbridge`."""

    Unknown = 0
    Suspend = 1
    PrepareList = 2
    Normal = 3


class WarrantSortBy(OpenApiEnum):
    """What a list of warrants is sorted by."""

    LastDone = 0
    ChangeRate = 1
    ChangeValue = 2
    Volume = 3
    Turnover = 4
    ExpiryDate = 5
    StrikePrice = 6
    UpperStrikePrice = 7
    LowerStrikePrice = 8
    OutstandingQuantity = 9
    OutstandingRatio = 10
    Premium = 11
    ItmOtm = 12
    ImpliedVolatility = 13
    Delta = 14
    CallPrice = 15
    ToCallPrice = 16
    EffectiveLeverage = 17
    LeverageRatio = 18
    ConversionRatio = 19
    BalancePoint = 20
    Status = 21


class SortOrderType(OpenApiEnum):
    """Direction of a sort."""

    Ascending = 0
    Descending = 1


class FilterWarrantExpiryDate(OpenApiEnum):
    """Months to expiry."""

    LT_3 = 0
    Between_3_6 = 1
    Between_6_12 = 2
    GT_12 = 3


class FilterWarrantInOutBoundsType(OpenApiEnum):
    """Whether an inline warrant is within its bounds."""

    In = 0
    Out = 1


class AdjustType(OpenApiEnum):
    """Adjustment of candlesticks for corporate actions."""

    NoAdjust = 0
    ForwardAdjust = 1


class CalcIndex(OpenApiEnum):
    """A calculated index; only those asked for are computed."""

    LastDone = 0
    ChangeValue = 1
    ChangeRate = 2
    Volume = 3
    Turnover = 4
    YtdChangeRate = 5
    TurnoverRate = 6
    TotalMarketValue = 7
    CapitalFlow = 8
    Amplitude = 9
    VolumeRatio = 10
    PeTtmRatio = 11
    PbRatio = 12
    DividendRatioTtm = 13
    FiveDayChangeRate = 14
    TenDayChangeRate = 15
    HalfYearChangeRate = 16
    FiveMinutesChangeRate = 17
    ExpiryDate = 18
    StrikePrice = 19
    UpperStrikePrice = 20
    LowerStrikePrice = 21
    OutstandingQty = 22
    OutstandingRatio = 23
    Premium = 24
    ItmOtm = 25
    ImpliedVolatility = 26
    WarrantDelta = 27
    CallPrice = 28
    ToCallPrice = 29
    EffectiveLeverage = 30
    LeverageRatio = 31
    ConversionRatio = 32
    BalancePoint = 33
    OpenInterest = 34
    Delta = 35
    Gamma = 36
    Theta = 37
    Vega = 38
    Rho = 39


class SecuritiesUpdateMode(OpenApiEnum):
    """How securities of a watchlist group change."""

    Add = 0
    Remove = 1
    Replace = 2


class PinnedMode(OpenApiEnum):
    """Pin to the top of the watchlist, or unpin."""

    Add = 0
    Remove = 1


class Granularity(OpenApiEnum):
    """Step of a market temperature history."""

    Unknown = 0
    Daily = 1
    Weekly = 2
    Monthly = 3
