"""Indicators beside the source's own truth: prints, days, and what stands before the reset."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portway.market.days import begin_of_day
from portway.market.indicators import Indicators
from portway.market.prints import regular_prints
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import CalcIndex, Period, Trade, TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from portway.quotes.capital_flow import CapitalFlow

DAY = date(2026, 3, 4)
SYMBOLS = [Symbol(one) for one in ("700.HK", "AAPL.US", "600519.SH")]
REFERENCE = built_in()
WORLD = SyntheticWorld(5, REFERENCE)
EVERY = frozenset(CalcIndex)


def at_local(market: Market, hour: int, minute: int = 0, second: int = 0) -> datetime:
    local = datetime(DAY.year, DAY.month, DAY.day, hour, minute, second)  # noqa: DTZ001
    return local.replace(tzinfo=MARKET_ZONES[market]).astimezone(UTC)


def runner_at(hour: int, minute: int = 0, second: int = 0) -> MarketRunner:
    instants = {market: at_local(market, hour, minute, second) for market in Market}
    return MarketRunner(REFERENCE, [WORLD], instants)


def regular_ticks(symbol: Symbol, begin: datetime, end: datetime) -> list[Trade]:
    ticks = WORLD.ticks(symbol, begin, end)
    return [one for one in ticks if isinstance(one, Trade) and one.session is TradeSession.NORMAL]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_quick_way_to_prints_gives_those_among_the_ticks(symbol: Symbol) -> None:
    market = market_of(symbol)
    begin = begin_of_day(market, DAY)
    opens = at_local(market, 9, 30)
    for first, last in (
        (begin, at_local(market, 10, 7, 31)),
        (opens + timedelta(seconds=17), opens + timedelta(minutes=3, microseconds=1)),
        (at_local(market, 15, 50), begin + timedelta(days=1)),
    ):
        assert list(regular_prints(WORLD, symbol, first, last)) == regular_ticks(
            symbol, first, last
        )


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_flow_goes_on_where_it_stood_and_equals_the_fold_of_the_day(symbol: Symbol) -> None:
    runner, market = runner_at(9, 30, 20), market_of(symbol)
    indicators = Indicators(runner)
    instrument = REFERENCE.instruments[symbol]
    for seconds in (0, 1, 59, 400, 5000):
        target = runner.now(market) + timedelta(seconds=seconds)
        for _ in runner.advance({market: target}, silent=True):
            pass
        # Several ask at a time, and all see the same present.
        folds = await asyncio.gather(*(indicators.flow(instrument) for _ in range(3)))
        whole = CapitalFlow(market)
        whole.add(regular_ticks(symbol, begin_of_day(market, DAY), target))
        for one in folds:
            assert (one.net, one.latest) == (whole.net, whole.latest)
            assert one.distribution() == whole.distribution()
            assert one.minutes() == whole.minutes()


async def test_a_new_day_begins_a_new_flow() -> None:
    runner = runner_at(15)
    indicators = Indicators(runner)
    instrument = REFERENCE.instruments[SYMBOLS[0]]
    assert (await indicators.flow(instrument)).latest is not None
    for _ in runner.advance(
        {Market.HK: at_local(Market.HK, 15) + timedelta(hours=10)}, silent=True
    ):
        pass
    assert (await indicators.flow(instrument)).latest is None


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_before_the_reset_a_page_shows_the_day_before_with_its_own_past(symbol: Symbol) -> None:
    market = market_of(symbol)
    runner = runner_at(5)
    board = runner.board(symbol)
    assert board is not None
    instrument = REFERENCE.instruments[symbol]
    inputs = Indicators(runner).inputs(instrument, board, EVERY)
    before = runner.calendar(market).previous_trading_day(DAY)
    bars = WORLD.bars(symbol, Period.DAY, before - timedelta(days=30), before)
    assert inputs.last_done == bars[-1].close
    assert inputs.base.five_days == bars[-6].close
    assert inputs.base.full_days_volume == sum(bar.volume for bar in bars[-6:-1])
    assert inputs.price_before is None
    assert inputs.traded_seconds == 0


def test_five_minutes_ago_is_read_from_the_minutes() -> None:
    runner = runner_at(10, 30, 40)
    symbol = SYMBOLS[0]
    board = runner.board(symbol)
    assert board is not None
    inputs = Indicators(runner).inputs(REFERENCE.instruments[symbol], board, EVERY)
    minute = next(
        bar for bar in WORLD.bars(symbol, Period.ONE_MINUTE, DAY, DAY)
        if bar.at == at_local(Market.HK, 10, 25)
    )  # fmt: skip
    assert inputs.price_before == minute.close
    assert inputs.traded_seconds == 3640
    early = runner_at(9, 32)
    board = early.board(symbol)
    assert board is not None
    inputs = Indicators(early).inputs(REFERENCE.instruments[symbol], board, EVERY)
    assert inputs.price_before == board.quote().open  # what the opening auction traded at


def test_dividends_before_a_split_count_per_share_of_today() -> None:
    for symbol in WORLD.symbols():
        actions = WORLD.corporate_actions(symbol)
        split = next((one for one in actions if one.split != 1 and one.ex_date.year > 2005), None)
        paid = [one for one in actions if one.cash and split and one.ex_date < split.ex_date]
        if split is not None and paid and (split.ex_date - paid[-1].ex_date).days < 300:
            break
    else:
        pytest.fail("no dividend within a year before a split in the world")
    zone = MARKET_ZONES[market_of(symbol)]
    at = datetime.combine(split.ex_date, datetime.min.time(), zone) + timedelta(hours=12)
    runner = MarketRunner(REFERENCE, [WORLD], dict.fromkeys(Market, at.astimezone(UTC)))
    board = runner.board(symbol)
    assert board is not None
    base = Indicators(runner).inputs(REFERENCE.instruments[symbol], board, EVERY).base
    year = split.ex_date.replace(year=split.ex_date.year - 1)
    lately = [one for one in paid if year < one.ex_date]
    own = [one for one in actions if one.cash and one.ex_date == split.ex_date]
    expected = sum((one.cash / split.split for one in (*lately, *own)), Decimal(0))
    assert base.dividends == expected
