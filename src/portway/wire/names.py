"""What every enum member is called: inside, on the wire, and in the SDK. One table per enum.

Keys are member names in UPPER_SNAKE, as strings, because this layer knows no model: a test holds
the tables to the model's enums member by member. The wire value is the text of HTTP bodies and
order pushes, or the number of the quote protocol. The SDK name is the official Python client's;
`None` where the client has no member and shows nothing.

Text that no table knows is for the reader of the table to judge: official clients show `Unknown`,
a server refuses the request. The clients' own `Unknown` members are therefore not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar

__all__ = [
    "ADJUST_TYPE",
    "ATTACHED_ORDER_TYPE",
    "BALANCE_TYPE",
    "BOARD",
    "CALC_INDEX",
    "CASH_FLOW_DIRECTION",
    "CHARGE_CATEGORY",
    "COMMISSION_FREE_STATUS",
    "CONTRACT_DIRECTION",
    "CURRENCY",
    "DEDUCTION_STATUS",
    "DERIVATIVE_TYPE",
    "DIRECTION",
    "EXPIRY_RANGE",
    "GRANULARITY",
    "HISTORY_DIRECTION",
    "HISTORY_QUERY_TYPE",
    "IN_OUT_BOUNDS",
    "LANGUAGE_NUMBER",
    "MARKET",
    "MULTI_LEG_POSITION",
    "MULTI_LEG_STRATEGY",
    "NameTable",
    "OPTION_CYCLE",
    "OPTION_DIRECTION",
    "OPTION_STANDARD",
    "OPTION_TYPE",
    "ORDER_SIDE",
    "ORDER_STATUS",
    "ORDER_TAG",
    "ORDER_TAG_BEFORE_4_4",
    "ORDER_TYPE",
    "OUTSIDE_RTH",
    "OUTSIDE_RTH_NOT_US_STOCK",
    "PERIOD",
    "PINNED_MODE",
    "PUSH_QUOTE_TAG",
    "RISK_LEVEL",
    "SECURITY_LIST_CATEGORY",
    "SORT_ORDER",
    "STATEMENT_TYPE",
    "SUB_TYPE",
    "TIME_IN_FORCE",
    "TOPIC",
    "TRADE_SESSION",
    "TRADE_SESSIONS",
    "TRADE_STATUS",
    "TRIGGER_STATUS",
    "WARRANT_CATEGORY",
    "WARRANT_SORT_BY",
    "WARRANT_STATUS",
    "WARRANT_TYPE",
    "WATCHLIST_UPDATE",
    "order_tag",
]

W = TypeVar("W", str, int)


class NameTable(Generic[W]):
    """The names of one enum.

    Attributes:
        wire: Member name -> text or number on the wire.
        member: Text or number on the wire -> member name; exact, case-sensitive.
        sdk: Member name -> name in the official Python client, or `None`.
    """

    __slots__ = ("member", "sdk", "wire")

    def __init__(self, *rows: tuple[str, W, str | None]) -> None:
        self.wire: Mapping[str, W] = MappingProxyType({name: wire for name, wire, _ in rows})
        self.member: Mapping[W, str] = MappingProxyType({wire: name for name, wire, _ in rows})
        self.sdk: Mapping[str, str | None] = MappingProxyType({name: sdk for name, _, sdk in rows})
        assert len(self.wire) == len(self.member) == len(rows), "a name or wire value occurs twice"


def _same_names(*names: str) -> NameTable[str]:
    """A table whose member, wire text and SDK name are one word."""
    return NameTable(*((name, name, name) for name in names))


# ------------------------------------------------------------------------- trade: HTTP and pushes

ORDER_TYPE: Final = _same_names(
    "LO", "ELO", "MO", "AO", "ALO", "ODD", "LIT", "MIT",
    "TSLPAMT", "TSLPPCT", "TSMAMT", "TSMPCT", "SLO",
)  # fmt: skip

ORDER_SIDE: Final = NameTable(("BUY", "Buy", "Buy"), ("SELL", "Sell", "Sell"))

# The suffix `Status` is on half of them; the same texts filter order queries.
ORDER_STATUS: Final = NameTable(
    ("NOT_REPORTED", "NotReported", "NotReported"),
    ("REPLACED_NOT_REPORTED", "ReplacedNotReported", "ReplacedNotReported"),
    ("PROTECTED_NOT_REPORTED", "ProtectedNotReported", "ProtectedNotReported"),
    ("VARIETIES_NOT_REPORTED", "VarietiesNotReported", "VarietiesNotReported"),
    ("DELAYED_NOT_REPORTED", "DelayedNotReported", "DelayedNotReported"),  # 3.x: Unknown
    ("WAIT_TO_NEW", "WaitToNew", "WaitToNew"),
    ("NEW", "NewStatus", "New"),
    ("WAIT_TO_REPLACE", "WaitToReplace", "WaitToReplace"),
    ("PENDING_REPLACE", "PendingReplaceStatus", "PendingReplace"),
    ("REPLACED", "ReplacedStatus", "Replaced"),
    ("PARTIAL_FILLED", "PartialFilledStatus", "PartialFilled"),
    ("WAIT_TO_CANCEL", "WaitToCancel", "WaitToCancel"),
    ("PENDING_CANCEL", "PendingCancelStatus", "PendingCancel"),
    ("FILLED", "FilledStatus", "Filled"),
    ("REJECTED", "RejectedStatus", "Rejected"),
    ("CANCELED", "CanceledStatus", "Canceled"),
    ("EXPIRED", "ExpiredStatus", "Expired"),
    ("PARTIAL_WITHDRAWAL", "PartialWithdrawal", "PartialWithdrawal"),
)

TIME_IN_FORCE: Final = NameTable(
    ("DAY", "Day", "Day"),
    ("GTC", "GTC", "GoodTilCanceled"),
    ("GTD", "GTD", "GoodTilDate"),
)

OUTSIDE_RTH: Final = NameTable(
    ("RTH_ONLY", "RTH_ONLY", "RTHOnly"),
    ("ANY_TIME", "ANY_TIME", "AnyTime"),
    ("OVERNIGHT", "OVERNIGHT", "Overnight"),
    ("OPTION_PRE_MARKET", "OPTION_PRE_MARKET", "OptionPreMarket"),  # 3.x: Unknown
)

# In answers only, for orders that are not of US stocks; clients then show no value.
OUTSIDE_RTH_NOT_US_STOCK: Final = "UnknownOutsideRth"

TRIGGER_STATUS: Final = NameTable(
    ("NOT_USED", "NOT_USED", None),
    ("DEACTIVE", "DEACTIVE", "Deactive"),
    ("ACTIVE", "ACTIVE", "Active"),
    ("RELEASED", "RELEASED", "Released"),
)

ORDER_TAG: Final = NameTable(
    ("NORMAL", "Normal", "Normal"),
    ("LONG_TERM", "Gtc", "LongTerm"),
    ("GREY", "Grey", "Grey"),
)

# Clients up to 3.x spell the long-term tag differently and know six tags more.
ORDER_TAG_BEFORE_4_4: Final = NameTable(
    ("NORMAL", "Normal", "Normal"),
    ("LONG_TERM", "GTC", "LongTerm"),
    ("GREY", "Grey", "Grey"),
    ("MARGIN_CALL", "MarginCall", "MarginCall"),
    ("OFFLINE", "Offline", "Offline"),
    ("CREDITOR", "Creditor", "Creditor"),
    ("DEBTOR", "Debtor", "Debtor"),
    ("NON_EXERCISE", "NonExercise", "NonExercise"),
    ("ALLOCATED_SUB", "AllocatedSub", "AllocatedSub"),
)


def order_tag(member: str, has_dc_region: bool) -> str:
    """Return an order tag as the client asking spells it.

    The release that changed the spelling is the first to send `x-dc-region` with requests and
    socket upgrades, and nothing else tells the generations apart. A tag that the newer clients do
    not know goes out in the older spelling; they show Unknown.
    """
    if has_dc_region and member in ORDER_TAG.wire:
        return ORDER_TAG.wire[member]
    return ORDER_TAG_BEFORE_4_4.wire[member]


CHARGE_CATEGORY: Final = NameTable(
    ("BROKER_FEES", "BROKER_FEES", "Broker"),
    ("THIRD_FEES", "THIRD_FEES", "Third"),
)

# Mixed case here and upper case in the next table: each client is strict about its own.
COMMISSION_FREE_STATUS: Final = NameTable(
    ("NONE", "None", "None_"),
    ("CALCULATED", "Calculated", "Calculated"),
    ("PENDING", "Pending", "Pending"),
    ("READY", "Ready", "Ready"),
)

DEDUCTION_STATUS: Final = NameTable(
    ("NONE", "NONE", "None_"),
    ("NO_DATA", "NO_DATA", "NoData"),
    ("PENDING", "PENDING", "Pending"),
    ("DONE", "DONE", "Done"),
)

# RMB is CNH in every trade and asset answer; static info alone says CNY. No SDK enum: plain text.
CURRENCY: Final = NameTable(
    ("HKD", "HKD", None), ("USD", "USD", None), ("CNH", "CNH", None), ("SGD", "SGD", None)
)

# Shanghai and Shenzhen are CN in positions: clients show SH and SZ as Unknown.
MARKET: Final = NameTable(
    ("US", "US", "US"),
    ("HK", "HK", "HK"),
    ("CN", "CN", "CN"),
    ("SG", "SG", "SG"),
    ("CRYPTO", "Crypto", "Crypto"),
)

CASH_FLOW_DIRECTION: Final = NameTable(("OUT", 1, "Out"), ("IN", 2, "In"))

BALANCE_TYPE: Final = NameTable(("CASH", 1, "Cash"), ("STOCK", 2, "Stock"), ("FUND", 3, "Fund"))

# Text of a digit; the SDK hands it through as an integer.
RISK_LEVEL: Final = NameTable(
    ("SAFE", "0", None), ("MEDIUM", "1", None), ("WARNING", "2", None), ("DANGER", "3", None)
)

ATTACHED_ORDER_TYPE: Final = NameTable(
    ("PROFIT_TAKER", "PROFIT_TAKER", "ProfitTaker"),
    ("STOP_LOSS", "STOP_LOSS", "StopLoss"),
    ("BRACKET", "BRACKET", "Bracket"),
)

MULTI_LEG_STRATEGY: Final = NameTable(
    ("COVERED_CALL", "CoveredCall", "CoveredCall"),
    ("COVERED_PUT", "CoveredPut", "CoveredPut"),
    ("VERTICAL_CALL_SPREAD", "VerticalCallSpread", "VerticalCallSpread"),
    ("VERTICAL_PUT_SPREAD", "VerticalPutSpread", "VerticalPutSpread"),
    ("COLLAR", "Collar", "Collar"),
    ("STRADDLE", "Straddle", "Straddle"),
    ("STRANGLE", "Strangle", "Strangle"),
    ("CALENDAR_CALL_SPREAD", "CalendarCallSpread", "CalendarCallSpread"),
    ("CALENDAR_PUT_SPREAD", "CalendarPutSpread", "CalendarPutSpread"),
)

TOPIC: Final = NameTable(("PRIVATE", "private", "Private"))

# ------------------------------------------------------------------------------- quote: protobuf

TRADE_STATUS: Final = NameTable(
    ("NORMAL", 0, "Normal"),
    ("HALTED", 1, "Halted"),
    ("DELISTED", 2, "Delisted"),
    ("FUSE", 3, "Fuse"),
    ("PREPARE_LIST", 4, "PrepareList"),
    ("CODE_MOVED", 5, "CodeMoved"),
    ("TO_BE_OPENED", 6, "ToBeOpened"),
    ("SPLIT_STOCK_HALTS", 7, "SplitStockHalts"),
    ("EXPIRED", 8, "Expired"),
    ("WARRANT_PREPARE_LIST", 9, "WarrantPrepareList"),
    ("SUSPEND_TRADE", 10, "Suspend"),
)

TRADE_SESSION: Final = NameTable(
    ("NORMAL", 0, "Intraday"), ("PRE", 1, "Pre"), ("POST", 2, "Post"), ("OVERNIGHT", 3, "Overnight")
)

# The selector of a request, not the session of a datum.
TRADE_SESSIONS: Final = NameTable(("INTRADAY", 0, "Intraday"), ("ALL", 100, "All"))

PERIOD: Final = NameTable(
    ("ONE_MINUTE", 1, "Min_1"),
    ("TWO_MINUTE", 2, "Min_2"),
    ("THREE_MINUTE", 3, "Min_3"),
    ("FIVE_MINUTE", 5, "Min_5"),
    ("TEN_MINUTE", 10, "Min_10"),
    ("FIFTEEN_MINUTE", 15, "Min_15"),
    ("TWENTY_MINUTE", 20, "Min_20"),
    ("THIRTY_MINUTE", 30, "Min_30"),
    ("FORTY_FIVE_MINUTE", 45, "Min_45"),
    ("SIXTY_MINUTE", 60, "Min_60"),
    ("TWO_HOUR", 120, "Min_120"),
    ("THREE_HOUR", 180, "Min_180"),
    ("FOUR_HOUR", 240, "Min_240"),
    ("DAY", 1000, "Day"),
    ("WEEK", 2000, "Week"),
    ("MONTH", 3000, "Month"),
    ("QUARTER", 3500, "Quarter"),
    ("YEAR", 4000, "Year"),
)

ADJUST_TYPE: Final = NameTable(("NO_ADJUST", 0, "NoAdjust"), ("FORWARD_ADJUST", 1, "ForwardAdjust"))

SUB_TYPE: Final = NameTable(
    ("QUOTE", 1, "Quote"), ("DEPTH", 2, "Depth"), ("BROKERS", 3, "Brokers"), ("TRADE", 4, "Trade")
)

DIRECTION: Final = NameTable(("NEUTRAL", 0, "Neutral"), ("DOWN", 1, "Down"), ("UP", 2, "Up"))

PUSH_QUOTE_TAG: Final = NameTable(("NORMAL", 0, None), ("EOD", 1, None))

# The SDK has a flag `forward` instead of these two, and two methods instead of the query types.
HISTORY_DIRECTION: Final = NameTable(("BACKWARD", 0, None), ("FORWARD", 1, None))
HISTORY_QUERY_TYPE: Final = NameTable(("BY_OFFSET", 1, None), ("BY_DATE", 2, None))

DERIVATIVE_TYPE: Final = NameTable(("OPTION", 1, "Option"), ("WARRANT", 2, "Warrant"))

OPTION_TYPE: Final = NameTable(("AMERICAN", "A", "American"), ("EUROPEAN", "U", "Europe"))
OPTION_DIRECTION: Final = NameTable(("PUT", "P", "Put"), ("CALL", "C", "Call"))

# One enum, two spellings: text in warrant quotes, a number in the warrant list.
WARRANT_CATEGORY: Final = NameTable(
    ("CALL", "Call", "Call"),
    ("PUT", "Put", "Put"),
    ("BULL", "Bull", "Bull"),
    ("BEAR", "Bear", "Bear"),
    ("INLINE", "Inline", "Inline"),
)
WARRANT_TYPE: Final = NameTable(
    ("CALL", 0, "Call"),
    ("PUT", 1, "Put"),
    ("BULL", 2, "Bull"),
    ("BEAR", 3, "Bear"),
    ("INLINE", 4, "Inline"),
)
WARRANT_STATUS: Final = NameTable(
    ("SUSPEND", 2, "Suspend"), ("PREPARE_LIST", 3, "PrepareList"), ("NORMAL", 4, "Normal")
)
EXPIRY_RANGE: Final = NameTable(
    ("UNDER_3_MONTHS", 1, "LT_3"),
    ("FROM_3_TO_6_MONTHS", 2, "Between_3_6"),
    ("FROM_6_TO_12_MONTHS", 3, "Between_6_12"),
    ("OVER_12_MONTHS", 4, "GT_12"),
)
IN_OUT_BOUNDS: Final = NameTable(("IN", 1, "In"), ("OUT", 2, "Out"))
SORT_ORDER: Final = NameTable(("ASCENDING", 0, "Ascending"), ("DESCENDING", 1, "Descending"))

WARRANT_SORT_BY: Final = NameTable(
    ("LAST_DONE", 0, "LastDone"),
    ("CHANGE_RATE", 1, "ChangeRate"),
    ("CHANGE_VAL", 2, "ChangeValue"),
    ("VOLUME", 3, "Volume"),
    ("TURNOVER", 4, "Turnover"),
    ("EXPIRY_DATE", 5, "ExpiryDate"),
    ("STRIKE_PRICE", 6, "StrikePrice"),
    ("UPPER_STRIKE_PRICE", 7, "UpperStrikePrice"),
    ("LOWER_STRIKE_PRICE", 8, "LowerStrikePrice"),
    ("OUTSTANDING_QTY", 9, "OutstandingQuantity"),
    ("OUTSTANDING_RATIO", 10, "OutstandingRatio"),
    ("PREMIUM", 11, "Premium"),
    ("ITM_OTM", 12, "ItmOtm"),
    ("IMPLIED_VOLATILITY", 13, "ImpliedVolatility"),
    ("DELTA", 14, "Delta"),
    ("CALL_PRICE", 15, "CallPrice"),
    ("TO_CALL_PRICE", 16, "ToCallPrice"),
    ("EFFECTIVE_LEVERAGE", 17, "EffectiveLeverage"),
    ("LEVERAGE_RATIO", 18, "LeverageRatio"),
    ("CONVERSION_RATIO", 19, "ConversionRatio"),
    ("BALANCE_POINT", 20, "BalancePoint"),
    ("STATUS", 21, "Status"),
)

CALC_INDEX: Final = NameTable(
    ("LAST_DONE", 1, "LastDone"),
    ("CHANGE_VAL", 2, "ChangeValue"),
    ("CHANGE_RATE", 3, "ChangeRate"),
    ("VOLUME", 4, "Volume"),
    ("TURNOVER", 5, "Turnover"),
    ("YTD_CHANGE_RATE", 6, "YtdChangeRate"),
    ("TURNOVER_RATE", 7, "TurnoverRate"),
    ("TOTAL_MARKET_VALUE", 8, "TotalMarketValue"),
    ("CAPITAL_FLOW", 9, "CapitalFlow"),
    ("AMPLITUDE", 10, "Amplitude"),
    ("VOLUME_RATIO", 11, "VolumeRatio"),
    ("PE_TTM_RATIO", 12, "PeTtmRatio"),
    ("PB_RATIO", 13, "PbRatio"),
    ("DIVIDEND_RATIO_TTM", 14, "DividendRatioTtm"),
    ("FIVE_DAY_CHANGE_RATE", 15, "FiveDayChangeRate"),
    ("TEN_DAY_CHANGE_RATE", 16, "TenDayChangeRate"),
    ("HALF_YEAR_CHANGE_RATE", 17, "HalfYearChangeRate"),
    ("FIVE_MINUTES_CHANGE_RATE", 18, "FiveMinutesChangeRate"),
    ("EXPIRY_DATE", 19, "ExpiryDate"),
    ("STRIKE_PRICE", 20, "StrikePrice"),
    ("UPPER_STRIKE_PRICE", 21, "UpperStrikePrice"),
    ("LOWER_STRIKE_PRICE", 22, "LowerStrikePrice"),
    ("OUTSTANDING_QTY", 23, "OutstandingQty"),
    ("OUTSTANDING_RATIO", 24, "OutstandingRatio"),
    ("PREMIUM", 25, "Premium"),
    ("ITM_OTM", 26, "ItmOtm"),
    ("IMPLIED_VOLATILITY", 27, "ImpliedVolatility"),
    ("WARRANT_DELTA", 28, "WarrantDelta"),
    ("CALL_PRICE", 29, "CallPrice"),
    ("TO_CALL_PRICE", 30, "ToCallPrice"),
    ("EFFECTIVE_LEVERAGE", 31, "EffectiveLeverage"),
    ("LEVERAGE_RATIO", 32, "LeverageRatio"),
    ("CONVERSION_RATIO", 33, "ConversionRatio"),
    ("BALANCE_POINT", 34, "BalancePoint"),
    ("OPEN_INTEREST", 35, "OpenInterest"),
    ("DELTA", 36, "Delta"),
    ("GAMMA", 37, "Gamma"),
    ("THETA", 38, "Theta"),
    ("VEGA", 39, "Vega"),
    ("RHO", 40, "Rho"),
)

# The board decides how clients merge candlesticks and which trades they count.
BOARD: Final = NameTable(
    ("US_MAIN", "USMain", "USMain"),
    ("US_PINK", "USPink", "USPink"),
    ("US_DJI", "USDJI", "USDJI"),
    ("US_NSDQ", "USNSDQ", "USNSDQ"),
    ("US_SECTOR", "USSector", "USSector"),
    ("US_OPTION", "USOption", "USOption"),
    ("US_OPTION_S", "USOptionS", "USOptionS"),
    ("HK_EQUITY", "HKEquity", "HKEquity"),
    ("HK_PRE_IPO", "HKPreIPO", "HKPreIPO"),
    ("HK_WARRANT", "HKWarrant", "HKWarrant"),
    ("HK_HS", "HKHS", "HKHS"),
    ("HK_SECTOR", "HKSector", "HKSector"),
    ("SH_MAIN_CONNECT", "SHMainConnect", "SHMainConnect"),
    ("SH_MAIN_NON_CONNECT", "SHMainNonConnect", "SHMainNonConnect"),
    ("SH_STAR", "SHSTAR", "SHSTAR"),
    ("CN_IX", "CNIX", "CNIX"),
    ("CN_SECTOR", "CNSector", "CNSector"),
    ("SZ_MAIN_CONNECT", "SZMainConnect", "SZMainConnect"),
    ("SZ_MAIN_NON_CONNECT", "SZMainNonConnect", "SZMainNonConnect"),
    ("SZ_GEM_CONNECT", "SZGEMConnect", "SZGEMConnect"),
    ("SZ_GEM_NON_CONNECT", "SZGEMNonConnect", "SZGEMNonConnect"),
    ("SG_MAIN", "SGMain", "SGMain"),
    ("STI", "STI", "STI"),
    ("SG_SECTOR", "SGSector", "SGSector"),
    ("SPX_INDEX", "SPXIndex", "SPXIndex"),
    ("VIX_INDEX", "VIXIndex", "VIXIndex"),
)

# Language of the warrant list request; everywhere else languages travel as text.
LANGUAGE_NUMBER: Final = NameTable(("ZH_CN", 0, "ZH_CN"), ("EN", 1, "EN"), ("ZH_HK", 2, "ZH_HK"))

# ---------------------------------------------------------------- names that only clients look up

MULTI_LEG_POSITION: Final = NameTable(("LONG", "LONG", "Long"), ("SHORT", "SHORT", "Short"))
CONTRACT_DIRECTION: Final = NameTable(("CALL", "C", "Call"), ("PUT", "P", "Put"))

# Of the contracts of an option chain; the ordinary value is empty text.
OPTION_CYCLE: Final = NameTable(
    ("MONTHLY", "", "Monthly"), ("WEEKLY", "W", "Weekly"), ("QUARTERLY", "Q", "Quarterly")
)
OPTION_STANDARD: Final = NameTable(("NORMAL", "", "Normal"), ("OLD", "old", "Old"))

WATCHLIST_UPDATE: Final = NameTable(
    ("ADD", "add", "Add"), ("REMOVE", "remove", "Remove"), ("REPLACE", "replace", "Replace")
)
PINNED_MODE: Final = NameTable(("ADD", "add", "Add"), ("REMOVE", "remove", "Remove"))
GRANULARITY: Final = NameTable(
    ("DAILY", "daily", "Daily"), ("WEEKLY", "weekly", "Weekly"), ("MONTHLY", "monthly", "Monthly")
)
SECURITY_LIST_CATEGORY: Final = NameTable(("OVERNIGHT", "Overnight", "Overnight"))
STATEMENT_TYPE: Final = NameTable(("DAILY", 1, "Daily"), ("MONTHLY", 2, "Monthly"))
