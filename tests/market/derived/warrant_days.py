"""One seeded world with its structured products, shared by their tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from portway.market.derived import Underlyings, WarrantMarket
from portway.market.reference import Reference
from portway.model.derivative import WarrantKind, WarrantTerms
from portway.model.quote import MarketEvent
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from tests.market.synthetic_days import REFERENCE, world_of

SEED = 7
DAY = date(2026, 1, 6)
TENCENT, CLP, HSI = Symbol("700.HK"), Symbol("2.HK"), Symbol("HSI.HK")
CALENDAR = REFERENCE.calendars[Market.HK]


def new_market(reference: Reference = REFERENCE) -> WarrantMarket:
    underlyings = Underlyings(reference.instruments, reference.calendars, [world_of(SEED)])
    return WarrantMarket(SEED, underlyings, reference.instruments)


@cache
def market() -> WarrantMarket:
    """The market where it does not matter what was asked before."""
    return new_market()


def terms_of(symbol: Symbol, day: date = DAY) -> WarrantTerms:
    instrument = market().find(symbol, day)
    assert instrument is not None
    assert instrument.warrant is not None
    return instrument.warrant


def of_kind(kind: WarrantKind, underlying: Symbol = TENCENT, day: date = DAY) -> list[Symbol]:
    """Products that trade on a day, the most traded first."""
    found = [
        symbol
        for symbol in market().of_underlying(underlying, day)
        if terms_of(symbol, day).kind is kind and market().day(symbol, day) is not None
    ]
    return sorted(found, key=lambda one: -len(market().day(one, day).tape))


def hong_kong(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    at = time(hour, minute, second)
    return datetime.combine(day, at, MARKET_ZONES[Market.HK]).astimezone(UTC)


def events_of(symbol: Symbol, day: date = DAY) -> list[MarketEvent]:
    begin = hong_kong(day, 0)
    return list(market().ticks(symbol, begin, begin + timedelta(days=1)))
