"""Days of the synthetic world as its tests see them, and an independent fold of their prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from portway.market.reference import built_in
from portway.market.synthetic import SyntheticWorld
from portway.model.hours import trading_hours
from portway.model.instrument import Instrument
from portway.model.quote import (
    Candlestick,
    IndexTick,
    MarketEvent,
    Period,
    Trade,
    TradeSession,
)
from portway.model.session import PhaseSpan, day_spans, timetable_of
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from portway.quotes.board import Board

REFERENCE = built_in()
SYMBOLS = sorted(REFERENCE.instruments)


@lru_cache(maxsize=8)
def world_of(seed: int) -> SyntheticWorld:
    """Worlds are shared by the tests where it does not matter what was asked before."""
    return SyntheticWorld(seed, REFERENCE)


def full_span(symbol: Symbol, day: date) -> tuple[datetime, datetime]:
    """From before the first session of a trading day to after its last."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=MARKET_ZONES[market_of(symbol)])
    begin = midnight.astimezone(UTC)
    if market_of(symbol) is Market.US:
        return begin - timedelta(hours=4), begin + timedelta(hours=20)
    return begin, begin + timedelta(hours=23)


def day_events(world: SyntheticWorld, symbol: Symbol, day: date) -> list[MarketEvent]:
    return list(world.ticks(symbol, *full_span(symbol, day)))


def is_half(symbol: Symbol, day: date) -> bool:
    return REFERENCE.calendars[market_of(symbol)].is_half_day(day)


def new_board(world: SyntheticWorld, symbol: Symbol, day: date) -> Board:
    instrument = REFERENCE.instruments[symbol]
    parts = trading_hours(instrument.market, instrument.board).parts(day, is_half(symbol, day))
    close = world.prev_close(symbol, day)
    assert close is not None
    return Board(symbol, day, parts, close)


@dataclass(frozen=True)
class Told:
    """Everything one day of one security told."""

    world: SyntheticWorld
    symbol: Symbol
    day: date
    events: list[MarketEvent]

    @property
    def instrument(self) -> Instrument:
        return REFERENCE.instruments[self.symbol]

    @property
    def spans(self) -> tuple[PhaseSpan, ...]:
        ends = self.world.auction_ends(self.symbol, self.day)
        half = is_half(self.symbol, self.day)
        return day_spans(timetable_of(self.instrument), self.day, half, ends)


def fold(prints: Iterable[Trade | IndexTick]) -> tuple[Decimal, ...]:
    """Open, high, low, close, volume, turnover of prints, by plain sums."""
    found = list(prints)
    prices = [one.price for one in found]
    turnover = sum((one.turnover for one in found), Decimal(0))
    volume = Decimal(sum(one.volume for one in found))
    return prices[0], max(prices), min(prices), prices[-1], volume, turnover


def values(bar: Candlestick) -> tuple[Decimal, ...]:
    return bar.open, bar.high, bar.low, bar.close, Decimal(bar.volume), bar.turnover


def check_one_truth(told: Told) -> None:
    world, symbol, day = told.world, told.symbol, told.day
    prints = [one for one in told.events if isinstance(one, Trade | IndexTick)]
    bars = world.bars(symbol, Period.ONE_MINUTE, day, day)
    instrument = REFERENCE.instruments[symbol]
    hours = trading_hours(instrument.market, instrument.board)
    regular_end = hours.regular_parts(day, is_half(symbol, day))[-1].end
    by_minute: dict[datetime, list[Trade | IndexTick]] = defaultdict(list)
    regular = []
    for one in prints:
        session = one.session if isinstance(one, Trade) else TradeSession.NORMAL
        if session is TradeSession.NORMAL:
            regular.append(one)
        at = one.at.replace(second=0, microsecond=0)
        if session is TradeSession.NORMAL and at > regular_end:
            at = regular_end  # the closing auction's print
        by_minute[at].append(one)
    first_bar = next(bar.at for bar in bars if bar.session is TradeSession.NORMAL)
    opening = [
        at for at, inside in by_minute.items()
        if at < first_bar and isinstance(inside[0], Trade)
        and inside[0].session is TradeSession.NORMAL
    ]  # fmt: skip
    for at in opening:
        del by_minute[at]
    assert [bar.at for bar in bars] == sorted(by_minute)
    for bar in bars:
        assert values(bar) == fold(by_minute[bar.at]), (symbol, bar.at)
    (day_bar,) = world.bars(symbol, Period.DAY, day, day)
    assert values(day_bar) == fold(regular), (symbol, day)
