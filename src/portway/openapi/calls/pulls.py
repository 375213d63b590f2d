"""Pulls of the quote channel about market data, one pure description per method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.socket_call import SocketCall, message_reader, symbol_list
from portway.openapi.enums import Market, Period, wire_values
from portway.openapi.pull_types import (
    CalcRow,
    Candlestick,
    CapitalDistributionResponse,
    CapitalFlowLine,
    IntradayLine,
    MarketTradingDays,
    MarketTradingSession,
    ParticipantInfo,
    SecurityCalcIndex,
)
from portway.openapi.quote_enums import AdjustType, CalcIndex, TradeSessions
from portway.openapi.types import SecurityBrokers, SecurityDepth, Trade
from portway.wire import names
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

__all__ = [
    "brokers",
    "calc_indexes",
    "candlesticks",
    "capital_distribution",
    "capital_flow",
    "depth",
    "history_candlesticks_by_date",
    "history_candlesticks_by_offset",
    "intraday",
    "participants",
    "period_number",
    "sessions_number",
    "trades",
    "trading_days",
    "trading_session",
]

HALF_HOUR_S: Final = 1800.0
TWO_HOURS_S: Final = 7200.0

_PERIOD = wire_values(Period, names.PERIOD)
_ADJUST = wire_values(AdjustType, names.ADJUST_TYPE)
_SESSIONS = wire_values(TradeSessions, names.TRADE_SESSIONS)
_MARKET = wire_values(Market, names.MARKET)
_INDEX = wire_values(CalcIndex, names.CALC_INDEX)
_BACKWARD, _FORWARD = (names.HISTORY_DIRECTION.wire[n] for n in ("BACKWARD", "FORWARD"))
_BY_OFFSET, _BY_DATE = (names.HISTORY_QUERY_TYPE.wire[n] for n in ("BY_OFFSET", "BY_DATE"))


def period_number(period: Period) -> int:
    """A period as it is sent."""
    return arg.wire_of("period", period, Period, _PERIOD)


def sessions_number(trade_sessions: TradeSessions) -> int:
    """A selector of sessions as it is sent."""
    return arg.wire_of("trade_sessions", trade_sessions, TradeSessions, _SESSIONS)


def _of_symbol(symbol: str) -> bytes:
    return pb.SecurityRequest(symbol=arg.text("symbol", symbol)).SerializeToString()


def depth(symbol: str) -> SocketCall[SecurityDepth]:
    """The book of a security."""
    read = message_reader(pb.SecurityDepthResponse, SecurityDepth)
    return SocketCall(QuoteCommand.DEPTH, _of_symbol(symbol), read)


def brokers(symbol: str) -> SocketCall[SecurityBrokers]:
    """The broker queues of a security."""
    read = message_reader(pb.SecurityBrokersResponse, SecurityBrokers)
    return SocketCall(QuoteCommand.BROKERS, _of_symbol(symbol), read, region="ap")


def participants() -> SocketCall[list[ParticipantInfo]]:
    """Brokers and their seats."""
    read = message_reader(
        pb.ParticipantBrokerIdsResponse,
        lambda answer: [ParticipantInfo(row) for row in answer.participant_broker_numbers],
    )
    return SocketCall(QuoteCommand.PARTICIPANTS, b"", read, life_s=HALF_HOUR_S)


def trades(symbol: str, count: int) -> SocketCall[list[Trade]]:
    """The newest prints of a security."""
    request = pb.SecurityTradeRequest(
        symbol=arg.text("symbol", symbol), count=arg.count("count", count)
    )
    read = message_reader(
        pb.SecurityTradeResponse, lambda answer: [Trade(row) for row in answer.trades]
    )
    return SocketCall(QuoteCommand.TRADES, request.SerializeToString(), read)


def intraday(symbol: str, trade_sessions: TradeSessions) -> SocketCall[list[IntradayLine]]:
    """The minutes of the day."""
    request = pb.SecurityIntradayRequest(
        symbol=arg.text("symbol", symbol), trade_session=sessions_number(trade_sessions)
    )
    read = message_reader(
        pb.SecurityIntradayResponse, lambda answer: [IntradayLine(row) for row in answer.lines]
    )
    return SocketCall(QuoteCommand.INTRADAY, request.SerializeToString(), read)


def candlesticks(
    symbol: str,
    period: Period,
    count: int,
    adjust_type: AdjustType,
    trade_sessions: TradeSessions,
) -> SocketCall[list[Candlestick]]:
    """The newest bars."""
    request = pb.SecurityCandlestickRequest(
        symbol=arg.text("symbol", symbol),
        period=period_number(period),  # type: ignore[arg-type]
        count=arg.count("count", count),
        adjust_type=_adjust_number(adjust_type),  # type: ignore[arg-type]
        trade_session=sessions_number(trade_sessions),
    )
    return SocketCall(QuoteCommand.CANDLESTICKS, request.SerializeToString(), _read_bars)


def history_candlesticks_by_offset(
    symbol: str,
    period: Period,
    adjust_type: AdjustType,
    forward: bool,
    count: int,
    time: datetime | None,
    trade_sessions: TradeSessions,
) -> SocketCall[list[Candlestick]]:
    """Bars before or after a moment of the market."""
    if time is not None and not isinstance(time, datetime):
        raise TypeError(f"argument 'time': a datetime is expected, not {time!r:.80}")
    is_forward = arg.yes_or_no("forward", forward) == "true"
    offset = pb.OffsetQuery(
        direction=_FORWARD if is_forward else _BACKWARD,  # type: ignore[arg-type]
        date="" if time is None else f"{time:%Y%m%d}",
        minute="" if time is None else f"{time:%H%M}",
        count=arg.count("count", count),
    )
    request = _history(symbol, period, adjust_type, trade_sessions, _BY_OFFSET)
    request.offset_request.CopyFrom(offset)
    return SocketCall(QuoteCommand.HISTORY_CANDLESTICKS, request.SerializeToString(), _read_bars)


def history_candlesticks_by_date(
    symbol: str,
    period: Period,
    adjust_type: AdjustType,
    start: date | None,
    end: date | None,
    trade_sessions: TradeSessions,
) -> SocketCall[list[Candlestick]]:
    """Bars between two days, both included."""
    query = pb.DateQuery(
        start_date="" if start is None else arg.compact_day("start", start),
        end_date="" if end is None else arg.compact_day("end", end),
    )
    request = _history(symbol, period, adjust_type, trade_sessions, _BY_DATE)
    request.date_request.CopyFrom(query)
    return SocketCall(QuoteCommand.HISTORY_CANDLESTICKS, request.SerializeToString(), _read_bars)


def trading_session() -> SocketCall[list[MarketTradingSession]]:
    """The sessions of all markets."""
    read = message_reader(
        pb.MarketTradePeriodResponse,
        lambda answer: [MarketTradingSession(row) for row in answer.market_trade_session],
    )
    return SocketCall(QuoteCommand.MARKET_TRADE_PERIOD, b"", read, life_s=TWO_HOURS_S)


def trading_days(market: Market, begin: date, end: date) -> SocketCall[MarketTradingDays]:
    """The days on which a market trades."""
    request = pb.MarketTradeDayRequest(
        market=arg.wire_of("market", market, Market, _MARKET),
        beg_day=arg.compact_day("begin", begin),
        end_day=arg.compact_day("end", end),
    )
    read = message_reader(pb.MarketTradeDayResponse, MarketTradingDays)
    return SocketCall(QuoteCommand.MARKET_TRADE_DAY, request.SerializeToString(), read)


def capital_flow(symbol: str) -> SocketCall[list[CapitalFlowLine]]:
    """Net inflow over the day."""
    read = message_reader(
        pb.CapitalFlowIntradayResponse,
        lambda answer: [CapitalFlowLine(row) for row in answer.capital_flow_lines],
    )
    return SocketCall(QuoteCommand.CAPITAL_FLOW, _of_symbol(symbol), read)


def capital_distribution(symbol: str) -> SocketCall[CapitalDistributionResponse]:
    """Turnover by size of order."""
    read = message_reader(pb.CapitalDistributionResponse, CapitalDistributionResponse)
    return SocketCall(QuoteCommand.CAPITAL_DISTRIBUTION, _of_symbol(symbol), read)


def calc_indexes(
    symbols: Iterable[str], indexes: Sequence[CalcIndex]
) -> SocketCall[list[SecurityCalcIndex]]:
    """Calculated indexes of some securities."""
    numbers = arg.wire_texts("indexes", indexes, CalcIndex, _INDEX)
    if indexes is None:
        raise TypeError("argument 'indexes': a list of CalcIndex is expected")
    request = pb.SecurityCalcQuoteRequest(symbols=symbol_list(symbols), calc_index=numbers)
    asked = frozenset(indexes)
    read = message_reader(
        pb.SecurityCalcQuoteResponse,
        lambda answer: [
            SecurityCalcIndex(CalcRow(row, asked)) for row in answer.security_calc_index
        ],
    )
    return SocketCall(QuoteCommand.CALC_INDEXES, request.SerializeToString(), read)


def _history(
    symbol: str,
    period: Period,
    adjust_type: AdjustType,
    trade_sessions: TradeSessions,
    query_type: int,
) -> pb.SecurityHistoryCandlestickRequest:
    return pb.SecurityHistoryCandlestickRequest(
        symbol=arg.text("symbol", symbol),
        period=period_number(period),  # type: ignore[arg-type]
        adjust_type=_adjust_number(adjust_type),  # type: ignore[arg-type]
        query_type=query_type,  # type: ignore[arg-type]
        trade_session=sessions_number(trade_sessions),
    )


def _adjust_number(adjust_type: AdjustType) -> int:
    return arg.wire_of("adjust_type", adjust_type, AdjustType, _ADJUST)


_read_bars = message_reader(
    pb.SecurityCandlestickResponse, lambda answer: [Candlestick(row) for row in answer.candlesticks]
)
