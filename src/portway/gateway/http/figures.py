"""Quote data that only HTTP has: market temperature, filings, short sales and positions.

What the figures are and where they come from stands in `market/`; here are their questions and the
shapes that the clients read. All values of short data are texts, times are texts of Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from portway.gateway.errors import Refused
from portway.gateway.http.figure_texts import description, ex_date, filing_terms
from portway.gateway.http.quote_params import quote_refusal
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.gateway.sockets.quote_requests import date_of
from portway.market.filings import Filing, filings
from portway.market.ports import MarketSource
from portway.market.shorts import (
    COUNT_MAX,
    COVER_DAYS,
    ShortDay,
    ShortPosition,
    open_positions,
    short_days,
    told,
)
from portway.market.temperatures import NoTemperature
from portway.model.calendar import Calendar
from portway.model.decimals import half_up, wire_text
from portway.model.instrument import Instrument
from portway.model.symbol import MARKET_ZONES, MalformedSymbol, Market, parse_symbol
from portway.quotes.temperature import Temperature

__all__ = [
    "filings_of",
    "history_temperature",
    "market_temperature",
    "short_positions_hk",
    "short_positions_us",
    "short_trades_hk",
    "short_trades_us",
]

COUNT_DEFAULT: Final = 20
SECONDS_MAX: Final = 253_402_300_799
RATE_PLACES: Final = 4
PRICE_PLACES: Final = 3


# --------------------------------------------------------------------------------- temperature


async def market_temperature(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/market_temperature: the present one, or that of the last close."""
    try:
        found, at = await services.temperatures.latest(_market(request))
    except NoTemperature:
        raise Refused("TEMPERATURE_NONE") from None
    return {
        "temperature": found.temperature,
        "description": description(found.temperature).in_language(request.language),
        "valuation": found.valuation,
        "sentiment": found.sentiment,
        "updated_at": _seconds(at),
    }


async def history_temperature(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/history_market_temperature: one row a day, or a month for a long time."""
    market = _market(request)
    first, last = _date(request, "start_date"), _date(request, "end_date")
    if last < first:
        raise Refused("TEMPERATURE_INVALID", "end_date")
    try:
        granularity, rows = await services.temperatures.history(market, first, last)
    except NoTemperature:
        raise Refused("TEMPERATURE_NONE") from None
    return {"type": granularity.value, "list": [_row(one, market) for one in rows]}


def _row(one: Temperature, market: Market) -> dict[str, Any]:
    return {
        "timestamp": _midnight(one.day, market),
        "temperature": one.temperature,
        "valuation": one.valuation,
        "sentiment": one.sentiment,
    }


def _market(request: Request) -> Market:
    market = request.text("market") or ""
    if market not in Market.__members__:
        raise Refused("TEMPERATURE_INVALID", "market")
    return Market(market)


def _date(request: Request, field: str) -> date:
    try:
        return date_of(request.text(field) or "", field)
    except Refused:
        raise Refused("TEMPERATURE_INVALID", field) from None


# ------------------------------------------------------------------------------------- filings


async def filings_of(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/filings: what a company has announced, the newest first."""
    instrument, source = _listed(services, request)
    market = instrument.market
    calendar, now = services.quotes.calendar(market), services.quotes.now(market)
    found = filings(source.corporate_actions(instrument.symbol), market, calendar, now)
    return {"items": [_filing(one, instrument, request) for one in found]}


def _filing(one: Filing, instrument: Instrument, request: Request) -> dict[str, Any]:
    action, language = one.action, request.language
    terms = filing_terms(action, instrument.currency)
    title = "; ".join(text.in_language(language) for text in terms)
    number = f"{instrument.symbol}-{action.ex_date:%Y%m%d}"
    return {
        "id": number,
        "title": f"{instrument.symbol}: {title}",
        "description": ex_date(action).in_language(language),
        "file_name": "",
        "file_urls": [],
        "publish_at": _seconds(one.published_at),
    }


# ---------------------------------------------------------------------------------- short data


async def short_trades_us(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/short-trades/us: short sales a day, the newest first; amounts are shares."""
    asked = _short_question(services, request, Market.US, "page_size")
    rows = [
        {
            "timestamp": _midnight(one.day, Market.US),
            "rate": wire_text(half_up(one.rate, RATE_PLACES)),
            "close": wire_text(one.close, PRICE_PLACES),
            # Two thirds of the volume trade on the first exchange's venues.
            "nus_amount": str(one.sold * 2 // 3),
            "ny_amount": str(one.sold - one.sold * 2 // 3),
            "total_amount": str(one.sold),
        }
        for one in asked.days(asked.count)
    ]
    return {"data": rows[::-1]}


async def short_trades_hk(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/short-trades/hk: short sales a day, the newest first.

    `amount` is the money sold short that day, `balance` the shares open after it.
    """
    asked = _short_question(services, request, Market.HK, "page_size")
    days = asked.days(asked.count + COVER_DAYS - 1)
    rows = [
        {
            "timestamp": _midnight(day.day, Market.HK),
            "rate": wire_text(half_up(day.rate, RATE_PLACES)),
            "close": wire_text(day.close, PRICE_PLACES),
            "amount": wire_text(day.close * day.sold, PRICE_PLACES),
            "balance": str(position.open_shares),
        }
        for day, position in zip(days[COVER_DAYS - 1 :], open_positions(days), strict=True)
    ]
    return {"data": rows[::-1]}


async def short_positions_us(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/short-positions/us: what is open twice a month, the newest first."""
    asked = _short_question(services, request, Market.US, "count")
    rows = [
        {
            "timestamp": _midnight(one.day, Market.US),
            "rate": _part(one.open_shares, asked.instrument.circulating_shares),
            "close": wire_text(one.close, PRICE_PLACES),
            "current_shares_short": str(one.open_shares),
            "avg_daily_share_volume": str(one.average_volume),
            "days_to_cover": wire_text(
                half_up(Decimal(one.open_shares) / max(one.average_volume, 1), 2), 2
            ),
        }
        for one in asked.told(days_between=12)
    ]
    return {"data": rows[::-1]}


async def short_positions_hk(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/short-positions/hk: what is open at the ends of weeks, the newest first.

    `amount` is the worth of what is open at the close, `balance` its shares.
    """
    asked = _short_question(services, request, Market.HK, "count")
    rows = [
        {
            "timestamp": _midnight(one.day, Market.HK),
            "rate": _part(one.open_shares, asked.instrument.circulating_shares),
            "close": wire_text(one.close, PRICE_PLACES),
            "amount": wire_text(one.close * one.open_shares, PRICE_PLACES),
            "balance": str(one.open_shares),
            "cost": wire_text(half_up(one.cost, PRICE_PLACES), PRICE_PLACES),
        }
        for one in asked.told(days_between=6)
    ]
    return {"data": rows[::-1]}


@dataclass(frozen=True, slots=True)
class _ShortQuestion:
    """What short data is asked for: closed days up to `last`."""

    instrument: Instrument
    source: MarketSource
    calendar: Calendar
    last: date
    count: int

    def days(self, count: int) -> list[ShortDay]:
        """Return the last so many days with short sales, ascending."""
        return short_days(self.instrument, self.source, self.last, count)

    def told(self, *, days_between: int) -> list[ShortPosition]:
        """Return the last `count` positions that were told.

        Args:
            days_between: Trading days from one telling to the next, at most.
        """
        days = self.days((self.count + 1) * days_between + COVER_DAYS)
        positions = open_positions(days)
        if not positions:
            return []
        following = self.calendar.next_trading_day(positions[-1].day)
        return told(positions, self.instrument.market, following)[-self.count :]


def _short_question(
    services: Services, request: Request, market: Market, count_field: str
) -> _ShortQuestion:
    instrument, source = _listed(services, request)
    if instrument.market is not market:
        raise quote_refusal(f"symbol: not of {market}")
    count = _integer(request, count_field, COUNT_DEFAULT, least=1, most=COUNT_MAX)
    now = services.quotes.now(market)
    upto = _integer(request, "last_timestamp", SECONDS_MAX, least=0, most=SECONDS_MAX)
    at = min(now, datetime.fromtimestamp(upto, UTC))
    calendar = services.quotes.calendar(market)
    local = at.astimezone(MARKET_ZONES[market]).date()
    # Days before the one on which the question's instant lies: they are over.
    last = calendar.previous_trading_day(local)
    return _ShortQuestion(instrument, source, calendar, last, count)


def _listed(services: Services, request: Request) -> tuple[Instrument, MarketSource]:
    text = request.text("symbol") or _symbol_of(request.text("counter_id") or "")
    try:
        symbol = parse_symbol(text)
    except MalformedSymbol as error:
        raise quote_refusal(str(error)) from None
    instrument, source = services.quotes.instrument(symbol), services.quotes.source(symbol)
    if instrument is None or source is None:
        raise Refused("QUOTE_HTTP_NOT_FOUND", symbol)
    return instrument, source


def _symbol_of(counter_id: str) -> str:
    """The symbol of an internal id such as `ST/HK/700`, which earlier clients send."""
    kind, _, rest = counter_id.partition("/")
    region, _, ticker = rest.partition("/")
    return f"{ticker}.{region}" if kind and ticker else ""


def _integer(request: Request, field: str, default: int, *, least: int, most: int) -> int:
    try:
        found = request.integer(field, least=least, most=most)
    except Refused:
        raise quote_refusal(field) from None
    return default if found is None else found


def _part(part: int, whole: int) -> str:
    return wire_text(half_up(Decimal(part) / whole, RATE_PLACES)) if whole else ""


def _midnight(day: date, market: Market) -> str:
    """Midnight of a trading day on its exchange."""
    return _seconds(datetime.combine(day, time(), MARKET_ZONES[market]))


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
