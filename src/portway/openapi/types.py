"""Data classes of the SDK: what calls return and what callbacks receive.

Names, attributes and their order are the official client's. Prices and amounts are in the
security's currency; volumes count shares (of mainland securities: lots of 100 shares, as on the
wire). Each class reads one message of the protocol, a field at a time, when it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from portway.openapi.enums import (
    DerivativeType,
    Period,
    SecurityBoard,
    SubType,
    TradeDirection,
    TradeSession,
    TradeStatus,
    read_table,
)
from portway.openapi.values import (
    Value,
    decimal,
    instant,
    integer,
    looked_up,
    optional,
    optional_decimal,
    text,
    values,
)
from portway.wire import names

__all__ = [
    "Brokers",
    "Depth",
    "PrePostQuote",
    "PushBrokers",
    "PushDepth",
    "PushQuote",
    "PushTrades",
    "RealtimeQuote",
    "SecurityBrokers",
    "SecurityDepth",
    "SecurityQuote",
    "SecurityStaticInfo",
    "Subscription",
    "SubscriptionRow",
    "Trade",
]

_STATUS = read_table(TradeStatus, names.TRADE_STATUS)
_SESSION = read_table(TradeSession, names.TRADE_SESSION)
_DIRECTION = read_table(TradeDirection, names.DIRECTION)
_BOARD = read_table(SecurityBoard, names.BOARD)
_DERIVATIVE = read_table(DerivativeType, names.DERIVATIVE_TYPE)


class SecurityStaticInfo(Value):
    """What rarely changes about a security.

    Attributes:
        exchange: As `SEHK`, `NASD`.
        lot_size: Shares in one board lot.
        total_shares: Shares in issue; `circulating_shares` of them trade, `hk_shares` in Hong Kong.
        eps: Earnings per share; `eps_ttm` over the last twelve months.
        bps: Net assets per share.
        dividend_yield: Dividend per share, despite the name.
        stock_derivatives: Kinds of derivatives that exist on it.
        board: Where it is listed.
    """

    __slots__ = ()

    symbol = text("symbol")
    name_cn = text("name_cn")
    name_en = text("name_en")
    name_hk = text("name_hk")
    exchange = text("exchange")
    currency = text("currency")
    lot_size = integer("lot_size")
    total_shares = integer("total_shares")
    circulating_shares = integer("circulating_shares")
    hk_shares = integer("hk_shares")
    eps = decimal("eps")
    eps_ttm = decimal("eps_ttm")
    bps = decimal("bps")
    dividend_yield = decimal("dividend_yield")
    stock_derivatives: list[DerivativeType] = values("stock_derivatives", _DERIVATIVE.get)
    board = looked_up("board", _BOARD, SecurityBoard.Unknown)


class PrePostQuote(Value):
    """The quote of an extended session; `prev_close` is the close of the session before."""

    __slots__ = ()

    last_done = decimal("last_done")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    high = decimal("high")
    low = decimal("low")
    prev_close = decimal("prev_close")


class SecurityQuote(Value):
    """The latest quote of a security; the extended sessions of US securities have their own."""

    __slots__ = ()

    symbol = text("symbol")
    last_done = decimal("last_done")
    prev_close = decimal("prev_close")
    open = decimal("open")
    high = decimal("high")
    low = decimal("low")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    trade_status = looked_up("trade_status", _STATUS, TradeStatus.Normal)
    pre_market_quote = optional("pre_market_quote", PrePostQuote)
    post_market_quote = optional("post_market_quote", PrePostQuote)
    overnight_quote = optional("over_night_quote", PrePostQuote)


class RealtimeQuote(Value):
    """The quote of a symbol as the pushes so far make it."""

    __slots__ = ()

    symbol = text("symbol")
    last_done = decimal("last_done")
    open = decimal("open")
    high = decimal("high")
    low = decimal("low")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    trade_status = looked_up("trade_status", _STATUS, TradeStatus.Normal)


class PushQuote(Value):
    """A pushed quote, complete: what the push left out is taken from the pushes before it.

    Attributes:
        volume: Of the day so far; `turnover` likewise.
        current_volume: Added since the push before; `current_turnover` likewise.
    """

    __slots__ = ()

    last_done = decimal("last_done")
    open = decimal("open")
    high = decimal("high")
    low = decimal("low")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    trade_status = looked_up("trade_status", _STATUS, TradeStatus.Normal)
    trade_session = looked_up("trade_session", _SESSION, TradeSession.Intraday)
    current_volume = integer("current_volume")
    current_turnover = decimal("current_turnover")


class Depth(Value):
    """One price level; `price` is `None` where the level has gone."""

    __slots__ = ()

    position = integer("position")
    price = optional_decimal("price")
    volume = integer("volume")
    order_num = integer("order_num")


class SecurityDepth(Value):
    """Both sides of the book, best price first."""

    __slots__ = ()

    asks: list[Depth] = values("ask", Depth)
    bids: list[Depth] = values("bid", Depth)


class PushDepth(Value):
    """The levels of a push; the whole book so far is in `realtime_depth`."""

    __slots__ = ()

    asks: list[Depth] = values("ask", Depth)
    bids: list[Depth] = values("bid", Depth)


class Brokers(Value):
    """The queue of broker seats at one price level (Hong Kong)."""

    __slots__ = ()

    position = integer("position")
    broker_ids: list[int] = values("broker_ids", int)


class SecurityBrokers(Value):
    """The broker queues of both sides, by level."""

    __slots__ = ()

    ask_brokers: list[Brokers] = values("ask_brokers", Brokers)
    bid_brokers: list[Brokers] = values("bid_brokers", Brokers)


class PushBrokers(Value):
    """The broker queues of a push; all of them so far are in `realtime_brokers`."""

    __slots__ = ()

    ask_brokers: list[Brokers] = values("ask_brokers", Brokers)
    bid_brokers: list[Brokers] = values("bid_brokers", Brokers)


class Trade(Value):
    """One print on the market.

    Attributes:
        trade_type: The exchange's code; empty for an ordinary trade.
        direction: Which side began it.
    """

    __slots__ = ()

    price = decimal("price")
    volume = integer("volume")
    timestamp = instant("timestamp")
    trade_type = text("trade_type")
    direction = looked_up("direction", _DIRECTION, TradeDirection.Neutral)
    trade_session = looked_up("trade_session", _SESSION, TradeSession.Intraday)


class PushTrades(Value):
    """The trades of a push, oldest first."""

    __slots__ = ()

    trades: list[Trade] = values("trade", Trade)


class SubscriptionRow(NamedTuple):
    """What lies behind a `Subscription`, which has no message on the wire."""

    symbol: str
    sub_types: Sequence[SubType]
    candlesticks: Sequence[Period]


class Subscription(Value):
    """What a context has subscribed for one symbol."""

    __slots__ = ()

    symbol = text("symbol")
    sub_types: list[SubType] = values("sub_types", SubType)
    candlesticks: list[Period] = values("candlesticks", Period)
