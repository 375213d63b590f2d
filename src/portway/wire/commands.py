"""The table of socket commands: (channel, cmd_code) -> name, kind and protobuf messages.

Owns the numbers of commands, response status codes and close codes. The two gateways reuse
numbers for different things, so nothing here can be looked up without the channel. Knows no
handler and no packet layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Final

from google.protobuf.message import Message

from portway.wire.pb import control_pb2, quote_pb2, trade_pb2

__all__ = [
    "COMMANDS",
    "WEBSOCKET_CLOSE_BASE",
    "Channel",
    "CloseCode",
    "Command",
    "CommandKind",
    "ControlCommand",
    "QuoteCommand",
    "SocketStatus",
    "TradeCommand",
    "close_code_of_websocket",
    "command_of",
    "websocket_close_code",
]


class Channel(Enum):
    """Which gateway a connection speaks to."""

    QUOTE = "quote"
    TRADE = "trade"


class CommandKind(Enum):
    """How a command travels, and who sends it."""

    CONTROL = "control"  # the transport's own; the same on every channel
    PULL = "pull"  # request and response
    SUBSCRIPTION = "subscription"  # request and response that change what is pushed
    PUSH = "push"  # server to client, unanswered


class ControlCommand(IntEnum):
    """Commands of the transport, on every channel."""

    CLOSE = 0
    HEARTBEAT = 1
    AUTH = 2
    RECONNECT = 3


class QuoteCommand(IntEnum):
    """Commands of the quote gateway."""

    USER_PROFILE = 4
    SUBSCRIPTIONS = 5
    SUBSCRIBE = 6
    UNSUBSCRIBE = 7
    MARKET_TRADE_PERIOD = 8
    MARKET_TRADE_DAY = 9
    STATIC_INFO = 10
    QUOTE = 11
    OPTION_QUOTE = 12
    WARRANT_QUOTE = 13
    DEPTH = 14
    BROKERS = 15
    PARTICIPANTS = 16
    TRADES = 17
    INTRADAY = 18
    CANDLESTICKS = 19
    OPTION_CHAIN_DATES = 20
    OPTION_CHAIN_STRIKES = 21
    WARRANT_ISSUERS = 22
    WARRANT_LIST = 23
    CAPITAL_FLOW = 24
    CAPITAL_DISTRIBUTION = 25
    CALC_INDEXES = 26
    HISTORY_CANDLESTICKS = 27
    PUSH_QUOTE = 101
    PUSH_DEPTH = 102
    PUSH_BROKERS = 103
    PUSH_TRADE = 104


class TradeCommand(IntEnum):
    """Commands of the trade gateway."""

    SUBSCRIBE = 16
    UNSUBSCRIBE = 17
    NOTIFY = 18


class SocketStatus(IntEnum):
    """Status byte of a response. Clients only tell 0 from the rest; the body says why."""

    SUCCESS = 0
    SERVER_TIMEOUT = 1
    CLIENT_TIMEOUT = 2
    BAD_REQUEST = 3
    BAD_RESPONSE = 4
    UNAUTHENTICATED = 5
    PERMISSION_DENIED = 6
    SERVER_INTERNAL_ERROR = 7
    CLIENT_INTERNAL_ERROR = 8


class CloseCode(IntEnum):
    """Why a server ends a connection: `Close.code`, and on a WebSocket 4000 more than that."""

    HEARTBEAT_TIMEOUT = 0
    SERVER_ERROR = 1
    SERVER_SHUTDOWN = 2
    UNPACK_ERROR = 3
    AUTH_ERROR = 4
    SESSION_EXPIRED = 5
    CONNECT_DUPLICATE = 6


WEBSOCKET_CLOSE_BASE: Final = 4000  # first number free for private use in RFC 6455


def websocket_close_code(code: CloseCode) -> int:
    """Return the code of the close frame that says what a CLOSE push says on TCP."""
    return WEBSOCKET_CLOSE_BASE + code


def close_code_of_websocket(code: int) -> CloseCode | None:
    """Return what a close frame of this protocol means; `None` for any other code."""
    try:
        return CloseCode(code - WEBSOCKET_CLOSE_BASE)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table.

    Attributes:
        cmd_code: Number on the wire.
        name: The vendor's name, as its documentation and proto files write it.
        kind: How it travels.
        request: Message of the request body; for a push the message that is pushed.
        response: Message of the response body with status 0; `None` for a push.
    """

    cmd_code: int
    name: str
    kind: CommandKind
    request: type[Message]
    response: type[Message] | None


def command_of(channel: Channel, cmd_code: int) -> Command | None:
    """Return the row of a command, or `None` if the channel does not know the number."""
    return COMMANDS[channel].get(cmd_code)


_q = quote_pb2
_CONTROL, _PULL = CommandKind.CONTROL, CommandKind.PULL
_SUBSCRIPTION, _PUSH = CommandKind.SUBSCRIPTION, CommandKind.PUSH

# The body of a heartbeat is returned as it came, whatever it holds.
_CONTROL_ROWS = (
    Command(0, "Close", _CONTROL, control_pb2.Close, None),
    Command(1, "Heartbeat", _CONTROL, control_pb2.Heartbeat, control_pb2.Heartbeat),
    Command(2, "Auth", _CONTROL, control_pb2.AuthRequest, control_pb2.AuthResponse),
    Command(3, "Reconnect", _CONTROL, control_pb2.ReconnectRequest, control_pb2.ReconnectResponse),
)

_QUOTE_ROWS = (
    Command(
        4,
        "QueryUserQuoteProfile",
        _PULL,
        _q.UserQuoteProfileRequest,
        _q.UserQuoteProfileResponse,
    ),
    Command(5, "Subscription", _PULL, _q.EmptyRequest, _q.SubscriptionResponse),
    Command(6, "Subscribe", _SUBSCRIPTION, _q.SubscribeRequest, _q.SubscriptionResponse),
    Command(7, "Unsubscribe", _SUBSCRIPTION, _q.UnsubscribeRequest, _q.UnsubscribeResponse),
    Command(8, "QueryMarketTradePeriod", _PULL, _q.EmptyRequest, _q.MarketTradePeriodResponse),
    Command(9, "QueryMarketTradeDay", _PULL, _q.MarketTradeDayRequest, _q.MarketTradeDayResponse),
    Command(
        10,
        "QuerySecurityStaticInfo",
        _PULL,
        _q.MultiSecurityRequest,
        _q.SecurityStaticInfoResponse,
    ),
    Command(11, "QuerySecurityQuote", _PULL, _q.MultiSecurityRequest, _q.SecurityQuoteResponse),
    Command(12, "QueryOptionQuote", _PULL, _q.MultiSecurityRequest, _q.OptionQuoteResponse),
    Command(13, "QueryWarrantQuote", _PULL, _q.MultiSecurityRequest, _q.WarrantQuoteResponse),
    Command(14, "QueryDepth", _PULL, _q.SecurityRequest, _q.SecurityDepthResponse),
    Command(15, "QueryBrokers", _PULL, _q.SecurityRequest, _q.SecurityBrokersResponse),
    Command(
        16,
        "QueryParticipantBrokerIds",
        _PULL,
        _q.EmptyRequest,
        _q.ParticipantBrokerIdsResponse,
    ),
    Command(17, "QueryTrade", _PULL, _q.SecurityTradeRequest, _q.SecurityTradeResponse),
    Command(18, "QueryIntraday", _PULL, _q.SecurityIntradayRequest, _q.SecurityIntradayResponse),
    Command(
        19,
        "QueryCandlestick",
        _PULL,
        _q.SecurityCandlestickRequest,
        _q.SecurityCandlestickResponse,
    ),
    Command(20, "QueryOptionChainDate", _PULL, _q.SecurityRequest, _q.OptionChainDateListResponse),
    Command(
        21,
        "QueryOptionChainDateStrikeInfo",
        _PULL,
        _q.OptionChainDateStrikeInfoRequest,
        _q.OptionChainDateStrikeInfoResponse,
    ),
    Command(22, "QueryWarrantIssuerInfo", _PULL, _q.EmptyRequest, _q.IssuerInfoResponse),
    Command(
        23,
        "QueryWarrantFilterList",
        _PULL,
        _q.WarrantFilterListRequest,
        _q.WarrantFilterListResponse,
    ),
    Command(
        24,
        "QueryCapitalFlowIntraday",
        _PULL,
        _q.CapitalFlowIntradayRequest,
        _q.CapitalFlowIntradayResponse,
    ),
    Command(
        25,
        "QueryCapitalFlowDistribution",
        _PULL,
        _q.SecurityRequest,
        _q.CapitalDistributionResponse,
    ),
    Command(
        26,
        "QuerySecurityCalcIndex",
        _PULL,
        _q.SecurityCalcQuoteRequest,
        _q.SecurityCalcQuoteResponse,
    ),
    Command(
        27,
        "QueryHistoryCandlestick",
        _PULL,
        _q.SecurityHistoryCandlestickRequest,
        _q.SecurityCandlestickResponse,
    ),
    Command(101, "PushQuoteData", _PUSH, _q.PushQuote, None),
    Command(102, "PushDepthData", _PUSH, _q.PushDepth, None),
    Command(103, "PushBrokersData", _PUSH, _q.PushBrokers, None),
    Command(104, "PushTradeData", _PUSH, _q.PushTrade, None),
)

_TRADE_ROWS = (
    Command(16, "Sub", _SUBSCRIPTION, trade_pb2.Sub, trade_pb2.SubResponse),
    Command(17, "Unsub", _SUBSCRIPTION, trade_pb2.Unsub, trade_pb2.UnsubResponse),
    Command(18, "Notify", _PUSH, trade_pb2.Notification, None),
)


def _table(rows: tuple[Command, ...]) -> Mapping[int, Command]:
    by_code = {row.cmd_code: row for row in _CONTROL_ROWS + rows}
    assert len(by_code) == len(_CONTROL_ROWS) + len(rows)
    return MappingProxyType(by_code)


COMMANDS: Final[Mapping[Channel, Mapping[int, Command]]] = MappingProxyType(
    {Channel.QUOTE: _table(_QUOTE_ROWS), Channel.TRADE: _table(_TRADE_ROWS)}
)
