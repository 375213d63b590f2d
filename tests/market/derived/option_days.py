"""One seeded world with its options, shared by the tests of options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from portway.market.derived import ChainStrike, OptionMarket, Underlyings
from portway.model.quote import MarketEvent
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from tests.market.synthetic_days import REFERENCE, world_of

SEED = 7
DAY = date(2026, 1, 6)
AAPL, SPY, IBM = Symbol("AAPL.US"), Symbol("SPY.US"), Symbol("IBM.US")
CALENDAR = REFERENCE.calendars[Market.US]


def new_market(seed: int = SEED) -> OptionMarket:
    world = world_of(seed)
    return OptionMarket(seed, Underlyings(REFERENCE.instruments, REFERENCE.calendars, [world]))


@cache
def market() -> OptionMarket:
    """The market where it does not matter what was asked before."""
    return new_market()


def near(underlying: Symbol, expiry_number: int, count: int = 1, day: date = DAY):
    """The strikes next to the price, of the expiry with that number."""
    found = market()
    expiry = found.expiry_dates(underlying, day)[expiry_number].day
    mood = found.underlyings.mood(underlying, day)
    assert mood is not None
    strikes: Sequence[ChainStrike] = found.strikes(underlying, expiry, day)
    return sorted(strikes, key=lambda one: abs(float(one.strike) - mood.close))[:count]


def new_york(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    at = time(hour, minute, second)
    return datetime.combine(day, at, MARKET_ZONES[Market.US]).astimezone(UTC)


def events_of(symbol: Symbol, day: date = DAY) -> list[MarketEvent]:
    begin = new_york(day, 0)
    return list(market().ticks(symbol, begin, begin + timedelta(days=1)))
