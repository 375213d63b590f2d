"""Fields of quote requests, read strictly: each function returns the meaning or refuses by name.

A missing region or an empty symbol is a bad request; a number or a date that means nothing is an
invalid parameter; a count over the protocol's limit is too much. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from typing import Final

from portway.gateway.errors import Refused
from portway.market.history import HistoryDirection
from portway.model.quote import AdjustType, Period, SubType
from portway.model.symbol import MalformedSymbol, Symbol, parse_symbol

__all__ = [
    "COUNT_MAX",
    "adjust_of",
    "count_of",
    "date_of",
    "direction_of",
    "minute_of",
    "period_of",
    "sub_types",
    "symbol_of",
    "wants_all_sessions",
]

COUNT_MAX: Final = 1000  # trades or candlesticks per answer

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
