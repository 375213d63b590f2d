"""Kinds of `sessions`: the phase of an instant, and the trading days of a span."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from portway.market.reference import calendars
from portway.model.session import AuctionEnds, PhaseRules, Timetable, phase_at
from portway.model.symbol import Market
from portway.testing.cases import kind

_TIMETABLES: Final = {
    ("HK", "stock"): Timetable.HK,
    ("HK", "etf"): Timetable.HK,
    ("HK", "etf_t0"): Timetable.HK,
    ("HK", "warrant"): Timetable.HK_CONTINUOUS_ONLY,
    ("HK", "cbbc"): Timetable.HK_CONTINUOUS_ONLY,
    ("US", "stock"): Timetable.US,
    ("US", "etf"): Timetable.US,
    ("US", "etf_t0"): Timetable.US,
    ("US", "option"): Timetable.US_OPTION,
    ("US", "option_s"): Timetable.US_OPTION_LATE,
    ("SH", "stock"): Timetable.SH,
    ("SH", "etf"): Timetable.SH_FUND,
    ("SH", "etf_t0"): Timetable.SH_FUND,
    ("SZ", "stock"): Timetable.SZ,
    ("SZ", "etf"): Timetable.SZ,
    ("SZ", "etf_t0"): Timetable.SZ,
}


@kind("sessions", "phase")
def phase(given: Mapping[str, Any]) -> Mapping[str, Any]:
    market = Market(given["market"])
    exchange = given.get("exchange") or given["market"]
    state = phase_at(
        _TIMETABLES[exchange, given["class"]],
        datetime.fromisoformat(given["at"]),
        calendars()[market],
        _ends(given),
        _rules(given),
    )
    return {
        "phase": state.phase.value,
        "trade_session": None if state.session is None else int(state.session),
        "trading_day": state.trading_day,
        "enter": [order_type.name for order_type in state.order_types],
        "cancel": state.cancel,
    }


@kind("sessions", "trading_days")
def trading_days(given: Mapping[str, Any]) -> Mapping[str, Any]:
    calendar = calendars()[Market(given["market"])]
    days = calendar.trading_days(date.fromisoformat(given["from"]), date.fromisoformat(given["to"]))
    half = [day for day in days if calendar.is_half_day(day)]
    whole = [day for day in days if not calendar.is_half_day(day)]
    return {
        "trade_day": [f"{day:%Y%m%d}" for day in whole],
        "half_trade_day": [f"{day:%Y%m%d}" for day in half],
    }


def _ends(given: Mapping[str, Any]) -> AuctionEnds:
    """Read the random instants as times into their stage: 09:20 or :08 past the closing hour."""
    pos, cas = given.get("pos_match_at"), given.get("cas_end_at")
    default = AuctionEnds()
    return AuctionEnds(
        opening=default.opening if pos is None else _past(pos, minute=20),
        closing=default.closing if cas is None else _past(cas, minute=8),
    )


def _past(text: str, *, minute: int) -> timedelta:
    at = time.fromisoformat(text)
    return timedelta(minutes=at.minute - minute, seconds=at.second, microseconds=at.microsecond)


def _rules(given: Mapping[str, Any]) -> PhaseRules:
    default = PhaseRules()
    until, since = given.get("overnight_until"), given.get("etf_closing_auction_from")
    return PhaseRules(
        overnight_until=default.overnight_until if until is None else time.fromisoformat(until),
        fund_auction_from=(
            default.fund_auction_from if since is None else date.fromisoformat(since)
        ),
    )
