"""Options as a market source: one truth from ticks to days, from the listing to the end."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from portway.market.derived import DerivedMarkets, WarrantMarket
from portway.market.runner import MarketRunner
from portway.model.hours import trading_hours
from portway.model.instrument import Board as BoardName
from portway.model.instrument import spread_table
from portway.model.quote import Depth, Period, StatusChange, Trade, TradeStatus
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from tests.market.derived.option_days import (
    AAPL,
    CALENDAR,
    DAY,
    IBM,
    SEED,
    SPY,
    events_of,
    market,
    near,
    new_market,
    new_york,
)
from tests.market.synthetic_days import REFERENCE, fold, values, world_of

CONTRACTS = [(AAPL, 0), (AAPL, 2), (AAPL, 6), (SPY, 0), (SPY, 3), (IBM, 1)]


def contract(underlying: Symbol, number: int) -> Symbol:
    return near(underlying, number)[0].call


@pytest.mark.parametrize(("underlying", "number"), CONTRACTS)
def test_prints_fold_into_minutes_and_these_into_the_day(underlying, number):
    symbol = contract(underlying, number)
    trades = [one for one in events_of(symbol) if isinstance(one, Trade)]
    assert trades
    by_minute = defaultdict(list)
    for one in trades:
        by_minute[one.at.replace(second=0, microsecond=0)].append(one)
    bars = market().bars(symbol, Period.ONE_MINUTE, DAY, DAY)
    assert [bar.at for bar in bars] == sorted(by_minute)
    for bar in bars:
        assert values(bar) == fold(by_minute[bar.at])
    (day_bar,) = market().bars(symbol, Period.DAY, DAY, DAY)
    assert values(day_bar) == fold(trades)
    assert day_bar.turnover == sum(one.price * one.volume * 100 for one in trades)


@pytest.mark.parametrize(("underlying", "number"), CONTRACTS[::2])
@pytest.mark.parametrize("second", [0, 7])
def test_a_snapshot_is_the_fold_of_everything_before_it(underlying, number, second):
    symbol = contract(underlying, number)
    instrument = market().find(symbol, DAY)
    parts = trading_hours(Market.US, instrument.board).parts(DAY, False)
    close = market().prev_close(symbol, DAY)
    for hour, minute in ((9, 30), (9, 31), (10, 3)):
        at = new_york(DAY, hour, minute, second)
        board = Board(symbol, DAY, parts, close, is_option=True)
        for event in market().ticks(symbol, new_york(DAY, 0), at):
            board.apply(event)
        assert market().snapshot(symbol, at) == board.snapshot()


def test_the_same_ticks_come_whichever_way_they_are_asked_for():
    symbol = contract(AAPL, 2)
    whole = events_of(symbol)
    fresh = new_market()
    cuts = [new_york(DAY, 9, 30) + timedelta(seconds=1003 * n) for n in range(25)]
    pieces = [list(fresh.ticks(symbol, a, b)) for a, b in reversed(list(pairwise(cuts)))]
    joined = [event for piece in reversed(pieces) for event in piece]
    assert joined == [one for one in whole if cuts[0] <= one.at < cuts[-1]]
    assert fresh.bars(symbol, Period.DAY, DAY, DAY) == market().bars(symbol, Period.DAY, DAY, DAY)


@pytest.mark.parametrize(("underlying", "number"), CONTRACTS)
def test_every_print_meets_the_book_that_is_shown_on_a_tick(underlying, number):
    symbol = contract(underlying, number)
    instrument = market().find(symbol, DAY)
    table = spread_table(Market.US, instrument.security_class, DAY)
    book = None
    events = events_of(symbol)
    assert [one.at for one in events] == sorted(one.at for one in events)
    for one in events:
        if isinstance(one, Depth):
            book = one
            levels = [*one.asks, *one.bids]
            assert all(table.is_valid(level.price) and level.volume > 0 for level in levels)
            assert not one.bids or one.asks[0].price > one.bids[0].price
        elif isinstance(one, Trade):
            assert one.price in {level.price for level in (*book.asks[:1], *book.bids[:1])}
            assert one.volume > 0


def test_the_book_knows_nothing_of_what_the_underlying_does_later():
    """Each book prices a trade or a minute of the underlying that has been, never one to come."""
    symbol = contract(AAPL, 2)
    begin, end = new_york(DAY, 11), new_york(DAY, 11, 20)
    prints = [
        (one.at, float(one.price))
        for one in world_of(7).ticks(AAPL, begin - timedelta(minutes=2), end)
        if isinstance(one, Trade) and one.trade_type == ""
    ]
    day = market().day(symbol, DAY)
    for one in market().ticks(symbol, begin, end):
        if not isinstance(one, Depth):
            continue
        middle = float(one.asks[0].price + one.bids[0].price) / 2
        # Underlying prices of the last minute: one of them explains the book to a few cents.
        recent = [p for at, p in prints if one.at - timedelta(seconds=63) <= at < one.at]
        us = int(one.at.timestamp() * 1e6)
        spots = np.array([min(recent), max(recent)])
        bid, ask = day.quote(spots, np.array([us, us]))
        worth = ((bid + ask) / 2e4).tolist()
        assert min(worth) - 0.12 <= middle <= max(worth) + 0.12


def test_a_contract_prints_from_its_listing_to_the_close_of_its_last_day():
    expiry = market().expiry_dates(AAPL, DAY)[0].day
    symbol = contract(AAPL, 0)
    life = market().life(symbol, DAY)
    days = market().trading_days(symbol, date(2020, 1, 1), date(2030, 1, 1))
    assert life.first <= days[0]
    assert days[-1] == life.last == expiry
    last = events_of(symbol, expiry)
    *_, end = last
    assert end == StatusChange(symbol, new_york(expiry, 16), TradeStatus.EXPIRED)
    following = CALENDAR.next_trading_day(expiry)
    evening = new_york(following, 0) - timedelta(hours=4)
    assert list(market().ticks(symbol, evening, evening + timedelta(days=1))) == [
        StatusChange(symbol, evening, TradeStatus.EXPIRED)
    ]
    after = market().snapshot(symbol, new_york(CALENDAR.next_trading_day(expiry), 12))
    assert after.status is TradeStatus.EXPIRED
    assert market().snapshot(symbol, new_york(life.first, 12) - timedelta(days=7)) is None


def test_late_boards_trade_a_quarter_of_an_hour_longer_but_not_on_their_last_day():
    symbol = contract(SPY, 3)
    assert market().find(symbol, DAY).board is BoardName.US_OPTION_S
    assert new_york(DAY, 16) < events_of(symbol)[-1].at < new_york(DAY, 16, 15)
    last = near(SPY, 0)[0].call
    assert max(one.at for one in events_of(last) if one.at < new_york(DAY, 20)) == new_york(DAY, 16)


def test_at_the_end_an_option_is_worth_what_exercise_pays():
    expiry = date(2026, 1, 9)
    path = market().underlyings.path(AAPL, expiry)
    for one in near(AAPL, 0, 6):
        for symbol, sign in ((one.call, 1), (one.put, -1)):
            day = market().day(symbol, expiry)
            pays = max(0.0, sign * (float(path.price[-1]) - float(one.strike)))
            assert abs(float(day.value_at(day.terms.end)) - pays) < 0.06


def test_open_interest_moves_once_a_day_and_is_nothing_after_the_end():
    symbol = contract(AAPL, 0)
    first, *_, last = market().trading_days(symbol, date(2025, 1, 1), date(2026, 2, 1))
    assert market().open_interest(symbol, last) > market().open_interest(symbol, first) >= 0
    assert market().open_interest(symbol, last + timedelta(days=1)) == 0


def test_the_totals_of_a_chain_are_the_sums_of_its_contracts():
    found = market()
    totals = found.volumes(IBM, DAY, int(new_york(DAY, 20).timestamp()) * 1_000_000)
    calls = puts = 0
    for expiry in found.expiry_dates(IBM, DAY):
        for one in found.strikes(IBM, expiry.day, DAY):
            calls += sum(bar.volume for bar in found.bars(one.call, Period.DAY, DAY, DAY))
            puts += sum(bar.volume for bar in found.bars(one.put, Period.DAY, DAY, DAY))
    assert totals.call_volume == calls > 0
    assert totals.put_volume == puts > 0
    assert totals.put_interest > 0


def test_the_runner_finds_contracts_and_shows_them_like_any_symbol():
    world = world_of(7)
    begin = {market: new_york(DAY, 11) for market in Market}
    options = new_market()
    products = WarrantMarket(SEED, options.underlyings, REFERENCE.instruments)
    derived = DerivedMarkets(options, products)
    runner = MarketRunner(REFERENCE, [world, *derived.sources], begin, derived=derived)
    symbol = contract(AAPL, 2)
    assert runner.instrument(symbol).option.strike == near(AAPL, 2)[0].strike
    assert runner.instrument("AAPL260116C271234.US") is None
    assert runner.instrument("AAPL260116C270000.HK") is None
    told = []
    runner.listen(lambda *change: told.append(change), lambda *board: None)
    runner.watch(symbol)
    for _ in runner.advance({Market.US: new_york(DAY, 11, 5)}, silent=False):
        pass
    board = runner.board(symbol)
    expected = market().snapshot(symbol, new_york(DAY, 11, 5))
    assert board.snapshot() == expected
    assert {symbol} == {one[0] for one in told}
    assert board.quote(new_york(DAY, 11, 5)).turnover % 100 == 0
    points = board.intraday(new_york(DAY, 11, 5), multiplier=100)
    low, high = expected.sessions[0].low, expected.sessions[0].high
    assert all(low <= one.avg_price <= high for one in points if one.volume)
    assert Decimal(0) < low


def test_a_board_that_is_watched_over_the_end_stays_expired():
    world, options = world_of(7), new_market()
    products = WarrantMarket(SEED, options.underlyings, REFERENCE.instruments)
    derived = DerivedMarkets(options, products)
    begin = dict.fromkeys(Market, new_york(DAY, 15, 58))
    runner = MarketRunner(REFERENCE, [world, *derived.sources], begin, derived=derived)
    symbol = near(SPY, 0)[0].call  # ends today
    runner.watch(symbol)
    for hours in (1, 6, 20):
        for _ in runner.advance(
            {Market.US: begin[Market.US] + timedelta(hours=hours)}, silent=False
        ):
            pass
        assert runner.board(symbol).status is TradeStatus.EXPIRED
