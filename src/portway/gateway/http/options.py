"""Option chains over HTTP: the contracts of an expiry day, and what chains have traded.

Newer clients ask here instead of on the socket. Totals of a chain take its thousands of contracts
together, so they are counted in a thread; those of past days never change and are kept.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.http.quote_params import quote_body, quote_refusal
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.gateway.sockets.quote_options import chain_strikes
from portway.market.derived import ChainTotals, DerivedMarkets, OptionMarket
from portway.model.decimals import half_up, wire_text
from portway.model.instrument import Instrument
from portway.model.symbol import MARKET_ZONES, MalformedSymbol, Market, Symbol, parse_symbol

__all__ = ["daily_volume_stats", "strikes", "volume_stats"]

LINES: Final = 30
LINES_MAX: Final = 60
_DAYS_KEPT: Final = 2048
_RATIO_PLACES: Final = 4


class _Strikes(msgspec.Struct):
    symbol: str
    expiry_date: str
    standard_only: bool = False


async def strikes(services: Services, request: Request) -> dict[str, Any]:
    """POST /v1/quote/options/strikes: every contract of an expiry day, call before put."""
    body = quote_body(request, _Strikes)
    underlying = _listed(services, body.symbol)
    expiry = _date(body.expiry_date, "expiry_date")
    found = chain_strikes(services.quotes, underlying, expiry)
    derived = _derived(services, underlying)
    cycle = derived.options.cycle_of(underlying.symbol, expiry)
    today = services.quotes.trading_day(Market.US)
    rows = [
        {
            "symbol": symbol,
            "expiry_date": body.expiry_date,
            "strike_price": wire_text(one.strike),
            "direction": letter,
            "option_type": cycle.letter,
            "standard_attr": "" if one.is_standard else "old",
            "days_to_expiry": (expiry - today).days,
        }
        for one in found
        if one.is_standard or not body.standard_only
        for letter, symbol in (("C", one.call), ("P", one.put))
    ]
    return {"list": rows}


async def volume_stats(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/option-volume-stats: contracts traded today, calls and puts."""
    underlying = _listed(services, request.text("symbol") or "")
    market = _derived(services, underlying).options
    quotes = services.quotes
    today, now = quotes.trading_day(Market.US), quotes.now(Market.US)
    totals = await asyncio.to_thread(market.volumes, underlying.symbol, today, _us(now))
    return {"c": str(totals.call_volume), "p": str(totals.put_volume)}


async def daily_volume_stats(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/option-volume-stats/daily: the same of whole days, the newest first."""
    underlying = _listed(services, request.text("symbol") or "")
    market = _derived(services, underlying).options
    count = _number(request.text("line_num"), LINES, "line_num")
    before = _number(request.text("timestamp"), 0, "timestamp")
    if not 1 <= count <= LINES_MAX:
        raise quote_refusal(f"line_num: 1 to {LINES_MAX}")
    calendar = services.quotes.calendar(Market.US)
    day = services.quotes.trading_day(Market.US)
    if before:
        asked = datetime.fromtimestamp(before, UTC).astimezone(MARKET_ZONES[Market.US]).date()
        day = min(day, calendar.earliest_on_or_after(asked))
    days = [calendar.add(day, -number) for number in range(1, count + 1)]
    return {"stats": [await asyncio.to_thread(_line, market, underlying, one) for one in days]}


def _line(market: OptionMarket, underlying: Instrument, day: date) -> dict[str, Any]:
    totals = _whole_day(market, underlying.symbol, day)
    volume = totals.call_volume + totals.put_volume
    interest = totals.call_interest + totals.put_interest
    midnight = datetime.combine(day, time(), MARKET_ZONES[Market.US])
    return {
        "symbol": underlying.symbol,
        "timestamp": str(int(midnight.timestamp())),
        "total_call_volume": str(totals.call_volume),
        "total_put_volume": str(totals.put_volume),
        "total_call_open_interest": str(totals.call_interest),
        "total_put_open_interest": str(totals.put_interest),
        "total_volume": str(volume),
        "total_open_interest": str(interest),
        "put_call_volume_ratio": _ratio(totals.put_volume, totals.call_volume),
        "put_call_open_interest_ratio": _ratio(totals.put_interest, totals.call_interest),
    }


@lru_cache(maxsize=_DAYS_KEPT)
def _whole_day(market: OptionMarket, underlying: Symbol, day: date) -> ChainTotals:
    end = datetime.combine(day + timedelta(days=2), time(), UTC)
    return market.volumes(underlying, day, _us(end))


def _ratio(part: int, whole: int) -> str:
    return wire_text(half_up(Decimal(part) / whole, _RATIO_PLACES)) if whole else "0"


def _us(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def _listed(services: Services, text: str) -> Instrument:
    try:
        found = services.quotes.instrument(parse_symbol(text))
    except MalformedSymbol as error:
        raise quote_refusal(str(error)) from None
    if found is None:
        raise Refused("QUOTE_NOT_FOUND")
    return found


def _derived(services: Services, underlying: Instrument) -> DerivedMarkets:
    derived = services.quotes.derived
    if derived is None or not derived.options.is_optionable(underlying.symbol):
        raise Refused("QUOTE_NO_OPTIONS", underlying.symbol)
    return derived


def _date(text: str, field: str) -> date:
    try:
        if len(text) != 8 or not (text.isascii() and text.isdigit()):
            raise ValueError(text)
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise quote_refusal(f"{field}: YYYYMMDD") from None


def _number(text: str | None, default: int, field: str) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 11:
        raise quote_refusal(field)
    return int(text)
