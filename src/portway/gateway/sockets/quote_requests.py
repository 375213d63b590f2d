"""Fields of quote requests, read strictly: each function returns the meaning or refuses by name.

A missing region or an empty symbol is a bad request; a number or a date that means nothing is an
invalid parameter; a count over the protocol's limit is too much. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Final

from portway.gateway.errors import Refused
from portway.market.history import (
    HistoryDirection,
    HistoryError,
    NoData,
    SymbolHistory,
    TooManyBars,
)
from portway.model.quote import AdjustType, Candlestick, Period, SubType, TradeSession
from portway.model.symbol import MalformedSymbol, Symbol, parse_symbol
from portway.wire.pb import quote_pb2 as pb

__all__ = [
    "COUNT_MAX",
    "CandleQuery",
    "adjust_of",
    "count_of",
    "date_of",
    "direction_of",
    "history_query",
    "latest_query",
    "minute_of",
    "period_of",
    "sub_types",
    "symbol_of",
    "wants_all_sessions",
]

COUNT_MAX: Final = 1000  # trades or candlesticks per answer

OFFSET_COUNT: Final = 10  # of an offset query that names no count

_DATE = re.compile(r"\d{8}", re.ASCII)
_MINUTE = re.compile(r"(\d{2}):?(\d{2})", re.ASCII)  # clients send 0935, the documents 09:35
_SESSIONS: Final = {0: False, 100: True}


def symbol_of(text: str) -> Symbol:
    """Return the symbol that `text` writes."""
    try:
        return parse_symbol(text)
    except MalformedSymbol as error:
        raise Refused("QUOTE_BAD_REQUEST", str(error)) from None


def sub_types(numbers: Sequence[int]) -> tuple[SubType, ...]:
    """Return the kinds of a subscription, each once; at least one."""
    if not numbers or any(number not in SubType._value2member_map_ for number in numbers):
        raise Refused("QUOTE_PARAMETER_INVALID", "sub_type")
    return tuple(SubType(number) for number in dict.fromkeys(numbers))


def period_of(number: int) -> Period:
    """Return the period with that number."""
    if number not in Period._value2member_map_:
        raise Refused("QUOTE_PARAMETER_INVALID", "period")
    return Period(number)


def adjust_of(number: int) -> AdjustType:
    """Return the kind of adjustment with that number."""
    if number not in AdjustType._value2member_map_:
        raise Refused("QUOTE_PARAMETER_INVALID", "adjust_type")
    return AdjustType(number)


def wants_all_sessions(number: int) -> bool:
    """Return whether the selector asks for the sessions outside regular hours too."""
    if number not in _SESSIONS:
        raise Refused("QUOTE_PARAMETER_INVALID", "trade_session")
    return _SESSIONS[number]


def count_of(number: int) -> int:
    """Return a count from 1 to `COUNT_MAX`."""
    if number > COUNT_MAX:
        raise Refused("QUOTE_TOO_MUCH_REQUESTED", f"at most {COUNT_MAX}")
    if number < 1:
        raise Refused("QUOTE_PARAMETER_INVALID", "count")
    return number


def date_of(text: str, field: str) -> date:
    """Return the day that eight digits name; `field` is named in the refusal."""
    if _DATE.fullmatch(text) is not None:
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass  # eight digits that name no day: refused like any other text
    raise Refused("QUOTE_PARAMETER_INVALID", field)


def minute_of(text: str) -> time:
    """Return the time of day that HHMM names."""
    match = _MINUTE.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise Refused("QUOTE_PARAMETER_INVALID", "minute")
    return time(int(match[1]), int(match[2]))


def direction_of(number: int) -> HistoryDirection:
    """Return which way an offset query goes."""
    if number not in HistoryDirection._value2member_map_:
        raise Refused("QUOTE_PARAMETER_INVALID", "direction")
    return HistoryDirection(number)


# ---------------------------------------------------------------------------- candlestick pages


@dataclass(frozen=True, slots=True)
class CandleQuery:
    """A checked question for candlesticks.

    Attributes:
        find: Asks a symbol's history.
        hidden: Sessions that this client is not shown.
    """

    find: Callable[[SymbolHistory], Sequence[Candlestick]]
    hidden: frozenset[TradeSession]

    def run(self, history: SymbolHistory) -> Sequence[Candlestick]:
        """Return the bars, ascending.

        Raises:
            Refused: If there is no such page.
        """
        try:
            bars = self.find(replace(history, hidden=self.hidden))
        except NoData:
            raise Refused("QUOTE_NO_DATA") from None
        except TooManyBars as error:
            raise Refused("QUOTE_TOO_MUCH_REQUESTED", str(error)) from None
        except HistoryError as error:
            raise Refused("QUOTE_PARAMETER_INVALID", str(error)) from None
        return bars


def latest_query(request: pb.SecurityCandlestickRequest, *, overnight: bool) -> CandleQuery:
    """Return the question for the newest bars (command 19)."""
    period, adjust = period_of(request.period), adjust_of(request.adjust_type)
    all_sessions = wants_all_sessions(request.trade_session)
    count = count_of(request.count)
    return CandleQuery(
        lambda history: history.latest(period, count, adjust, all_sessions=all_sessions),
        _hidden(overnight=overnight),
    )


def history_query(request: pb.SecurityHistoryCandlestickRequest, *, overnight: bool) -> CandleQuery:
    """Return the question for bars by offset or by date (command 27)."""
    period, adjust = period_of(request.period), adjust_of(request.adjust_type)
    all_sessions = wants_all_sessions(request.trade_session)
    match request.query_type:
        case pb.QUERY_BY_OFFSET:
            find = _by_offset(request.offset_request, period, adjust, all_sessions)
        case pb.QUERY_BY_DATE:
            find = _by_date(request.date_request, period, adjust, all_sessions)
        case _:
            raise Refused("QUOTE_PARAMETER_INVALID", "query_type")
    return CandleQuery(find, _hidden(overnight=overnight))


def _hidden(*, overnight: bool) -> frozenset[TradeSession]:
    """Overnight data is for clients that asked for it when they signed in."""
    return frozenset() if overnight else frozenset({TradeSession.OVERNIGHT})


def _by_offset(
    offset: pb.OffsetQuery, period: Period, adjust: AdjustType, all_sessions: bool
) -> Callable[[SymbolHistory], Sequence[Candlestick]]:
    direction = direction_of(offset.direction)
    day = date_of(offset.date, "date") if offset.date else None
    minute = minute_of(offset.minute) if offset.minute else None
    count = count_of(offset.count or OFFSET_COUNT)
    return lambda history: history.by_offset(
        period, direction, count, adjust, day=day, minute=minute, all_sessions=all_sessions
    )


def _by_date(
    dates: pb.DateQuery, period: Period, adjust: AdjustType, all_sessions: bool
) -> Callable[[SymbolHistory], Sequence[Candlestick]]:
    start = date_of(dates.start_date, "start_date") if dates.start_date else None
    end = date_of(dates.end_date, "end_date") if dates.end_date else None
    return lambda history: history.by_date(period, start, end, adjust, all_sessions=all_sessions)
