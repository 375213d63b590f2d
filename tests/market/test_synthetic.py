"""The synthetic world as a market source: any order of asking, any seed, the market as a whole."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.market.synthetic import FIRST_DAY, LAST_DAY, SyntheticWorld
from portway.model.instrument import spread_table
from portway.model.price_limits import cn_daily_limit, cn_limit_rate
from portway.model.quote import (
    Brokers,
    Depth,
    Direction,
    MarketEvent,
    Period,
    Trade,
    TradeSession,
)
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from tests.market.synthetic_days import (
    REFERENCE,
    SYMBOLS,
    Told,
    check_one_truth,
    day_events,
    fold,
    full_span,
    values,
    world_of,
)


@pytest.fixture(scope="module")
def world() -> SyntheticWorld:
    return world_of(7)


symbols = st.sampled_from(SYMBOLS)


@st.composite
def symbol_and_day(draw: st.DrawFn) -> tuple[Symbol, date]:
    symbol = draw(symbols)
    days = REFERENCE.calendars[market_of(symbol)].trading_days(first_day(symbol), LAST_DAY)
    return symbol, draw(st.sampled_from(days))


def first_day(symbol: Symbol) -> date:
    return max(REFERENCE.instruments[symbol].listing_date or FIRST_DAY, FIRST_DAY)


# --- one truth --------------------------------------------------------------------------------


@given(symbol_and_day())
@settings(max_examples=5)
def test_prints_make_the_minutes_and_these_the_day_on_any_day(what: tuple[Symbol, date]) -> None:
    check_one_truth(Told(world_of(7), *what, day_events(world_of(7), *what)))


@given(st.integers(0, 2**32), symbol_and_day())
@settings(max_examples=25)
def test_minutes_add_up_to_the_day_in_any_world(seed: int, what: tuple[Symbol, date]) -> None:
    world, (symbol, day) = SyntheticWorld(seed, REFERENCE), what
    bars = [
        bar for bar in world.bars(symbol, Period.ONE_MINUTE, day, day)
        if bar.session is TradeSession.NORMAL
    ]  # fmt: skip
    (day_bar,) = world.bars(symbol, Period.DAY, day, day)
    snapshot = world.snapshot(symbol, full_span(symbol, day)[1] - timedelta(microseconds=1))
    assert snapshot is not None
    assert sum(bar.volume for bar in bars) + snapshot.auction_volume == day_bar.volume
    turnover = sum((bar.turnover for bar in bars), Decimal(0))
    assert turnover + snapshot.auction_turnover == day_bar.turnover
    assert max(bar.high for bar in bars) <= day_bar.high
    assert min(bar.low for bar in bars) >= day_bar.low
    assert bars[-1].close == day_bar.close
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def test_no_snapshot_of_a_day_without_trading(world: SyntheticWorld) -> None:
    saturday = datetime(2026, 1, 3, 4, 0, tzinfo=UTC)
    assert world.snapshot(Symbol("700.HK"), saturday) is None
    friday_evening = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)  # 21:00 in New York
    assert world.snapshot(Symbol("AAPL.US"), friday_evening) is None


def test_a_snapshot_before_the_first_event_is_empty(world: SyntheticWorld) -> None:
    snapshot = world.snapshot(Symbol("700.HK"), datetime(2026, 1, 5, 0, 30, tzinfo=UTC))
    assert snapshot is not None
    assert (snapshot.sessions, snapshot.minutes, snapshot.trades) == ({}, (), ())
    assert snapshot.prev_close == world.prev_close(Symbol("700.HK"), date(2026, 1, 5))


# --- any order, any machine -------------------------------------------------------------------


@given(symbol_and_day(), st.randoms(use_true_random=False))
@settings(max_examples=6)
def test_the_order_of_asking_changes_nothing(what: tuple[Symbol, date], rng) -> None:  # type: ignore[no-untyped-def]
    symbol, day = what
    begin, end = full_span(symbol, day)
    middle = begin + (end - begin) * 0.6
    hour = (middle - timedelta(minutes=20), middle)
    questions = [
        lambda w: list(w.ticks(symbol, *hour)),
        lambda w: w.snapshot(symbol, middle),
        lambda w: w.bars(symbol, Period.ONE_MINUTE, day, day),
        lambda w: w.bars(symbol, Period.DAY, day - timedelta(days=40), day),
        lambda w: w.corporate_actions(symbol),
        lambda w: w.prev_close(symbol, day),
    ]
    straight, shuffled = SyntheticWorld(5, REFERENCE), SyntheticWorld(5, REFERENCE)
    expected = [question(straight) for question in questions]
    order = list(range(len(questions)))
    rng.shuffle(order)
    answers = {place: questions[place](shuffled) for place in order}
    assert [list_of(answers[place]) for place in sorted(answers)] == [*map(list_of, expected)]


def list_of(answer: object) -> object:
    return list(answer) if isinstance(answer, Sequence) else answer


@given(st.lists(st.integers(0, 1800), min_size=1, max_size=12, unique=True))
@settings(max_examples=10)
def test_cut_ranges_yield_what_the_whole_does(cuts: list[int]) -> None:
    world = SyntheticWorld(7, REFERENCE)
    begin = datetime(2026, 1, 5, 1, 15, tzinfo=UTC)
    edges = [begin, *(begin + timedelta(seconds=cut) for cut in sorted(cuts))]
    symbol = Symbol("700.HK")
    pieces = [e for a, b in pairwise(edges) for e in world.ticks(symbol, a, b)]
    assert pieces == list(world.ticks(symbol, edges[0], edges[-1]))


def test_a_range_may_cross_days(world: SyntheticWorld) -> None:
    begin = datetime(2026, 1, 5, 7, 55, tzinfo=UTC)
    end = datetime(2026, 1, 6, 1, 35, tzinfo=UTC)
    events = list(world.ticks(Symbol("700.HK"), begin, end))
    assert all(begin <= event.at < end for event in events)
    auctions = [e for e in events if isinstance(e, Trade) and e.trade_type == "U"]
    assert [event.at.day for event in auctions] == [5, 6]


def test_one_seed_is_one_world_and_another_seed_another(world: SyntheticWorld) -> None:
    again, other = SyntheticWorld(7, REFERENCE), SyntheticWorld(8, REFERENCE)
    begin = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    for symbol in ("700.HK", "600519.SH", "HSI.HK"):
        ours, same, different = (
            list(one.ticks(Symbol(symbol), begin, begin + timedelta(minutes=2)))
            for one in (world, again, other)
        )
        assert ours == same
        assert ours != different


def digest(events: Iterable[MarketEvent]) -> str:
    """Hash of events in a form that no change of a class's `repr` can move."""
    state = hashlib.sha256()
    for event in events:
        state.update(f"{type(event).__name__} {event.at.isoformat()} ".encode())
        match event:
            case Trade():
                text = f"{event.price:f} {event.volume} {event.trade_type} {event.direction:d}"
            case Depth():
                text = ";".join(
                    f"{one.price:f} {one.volume} {one.order_num}"
                    for one in (*event.asks, *event.bids)
                )
            case Brokers():
                text = f"{event.asks} {event.bids}"
            case _:
                text = ""
        state.update(text.encode())
    return state.hexdigest()


def test_the_world_of_seed_7_is_this_one(world: SyntheticWorld) -> None:
    # Pinned so that a world does not change by accident: recorded runs, journals and users' tests
    # that name a seed depend on it. It may change when the generator or the tables behind it
    # (profiles, lots, tick sizes, calendars, broker numbers) are changed on purpose; say so in the
    # change log then, because every seed's world is another one from that version on.
    begin = datetime(2026, 1, 5, 1, 20, tzinfo=UTC)
    events = world.ticks(Symbol("700.HK"), begin, begin + timedelta(minutes=30))
    assert digest(events) == PINNED


PINNED = "150304ee19c8a7a872f343c7d6ac75faf0a9ec9e2c2a44dbfce67d89e7d0d324"


# --- prices and sizes -------------------------------------------------------------------------


def test_a_day_over_two_tick_bands_prints_on_both(world: SyntheticWorld) -> None:
    """Days on which a price crosses a boundary of the tick table are the delicate ones."""
    found = 0
    for symbol in ("9988.HK", "388.HK", "1299.HK", "5.HK", "941.HK", "1810.HK"):
        instrument = REFERENCE.instruments[Symbol(symbol)]
        for bar in world.bars(Symbol(symbol), Period.DAY, date(2019, 1, 1), date(2030, 1, 1)):
            day = bar.at.astimezone(MARKET_ZONES[Market.HK]).date()
            table = spread_table(Market.HK, instrument.security_class, day)
            if table.tick_size(bar.low) == table.tick_size(bar.high):
                continue
            found += 1
            if found == 60:
                events = day_events(world, Symbol(symbol), day)
                check_one_truth(Told(world, Symbol(symbol), day, events))
                assert all(table.is_valid(e.price) for e in events if isinstance(e, Trade))
    assert found > 60


@pytest.mark.parametrize(
    ("symbol", "low", "high"),
    [
        ("700.HK", 500, 1000), ("AAPL.US", 150, 350), ("SPY.US", 400, 800),
        ("600519.SH", 1200, 2000), ("000001.SZ", 9, 16),
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [1, 7, 42])
def test_main_symbols_stay_in_their_band(seed: int, symbol: str, low: int, high: int) -> None:
    bars = SyntheticWorld(seed, REFERENCE).bars(
        Symbol(symbol), Period.DAY, date(2020, 1, 1), LAST_DAY
    )
    assert low < min(bar.low for bar in bars)
    assert max(bar.high for bar in bars) < high


@pytest.mark.parametrize("seed", [1])
def test_mainland_days_keep_their_limits_and_some_reach_them(seed: int) -> None:
    world = SyntheticWorld(seed, REFERENCE)
    reached = 0
    mainland = [
        one for one in REFERENCE.instruments.values()
        if one.market is Market.CN and not one.is_index
    ]  # fmt: skip
    marked = [one for one in mainland if one.risk_warning or one.tracks_growth_board]
    for instrument in [*mainland[::7], *marked[:6]]:
        symbol = instrument.symbol
        table = spread_table(Market.CN, instrument.security_class, FIRST_DAY)
        bars = world.bars(symbol, Period.DAY, FIRST_DAY, LAST_DAY)
        fresh = 5 if first_day(symbol) > FIRST_DAY and instrument.security_class != "etf" else 0
        for bar in bars[fresh:]:
            day = bar.at.astimezone(MARKET_ZONES[Market.CN]).date()
            before = world.prev_close(symbol, day)
            assert before is not None
            rate = cn_limit_rate(
                day, instrument.board, instrument.security_class,
                risk_warning=instrument.risk_warning,
                tracks_growth_board=instrument.tracks_growth_board,
            )  # fmt: skip
            limits = cn_daily_limit(before, rate, table)
            assert limits.holds(bar.low)
            assert limits.holds(bar.high)
            reached += bar.close in (limits.upper, limits.lower)
    assert reached > 5


def test_previous_close_by_market(world: SyntheticWorld) -> None:
    for symbol in ("700.HK", "AAPL.US", "600519.SH"):
        actions = world.corporate_actions(Symbol(symbol))
        assert actions
        assert [one.ex_date for one in actions] == sorted(one.ex_date for one in actions)
        recent = [one for one in actions if one.ex_date.year == 2025]
        dividend = REFERENCE.instruments[Symbol(symbol)].dividend
        paid = sum((one.cash for one in recent), Decimal(0))
        assert abs(paid - dividend) <= Decimal("0.02")
        for action in recent:
            days = world.trading_days(Symbol(symbol), date(2024, 1, 1), action.ex_date)
            assert days[-1] == action.ex_date
            (before,) = world.bars(Symbol(symbol), Period.DAY, days[-2], days[-2])
            deducted = action.cash if symbol == "600519.SH" else Decimal(0)
            assert world.prev_close(Symbol(symbol), action.ex_date) == before.close - deducted


def test_previous_close_outside_the_world(world: SyntheticWorld) -> None:
    symbol = Symbol("700.HK")
    assert world.prev_close(symbol, date(1999, 12, 31)) is None
    assert world.prev_close(symbol, date(2036, 6, 1)) is None
    assert world.prev_close(symbol, world.trading_days(symbol, FIRST_DAY, LAST_DAY)[0]) is not None
    monday, sunday = date(2026, 1, 5), date(2026, 1, 4)
    assert world.prev_close(symbol, sunday) == world.prev_close(symbol, monday)


@given(symbol_and_day(), st.integers(0, 1000))
@settings(max_examples=20)
def test_auctions_are_a_small_part_of_the_day(what: tuple[Symbol, date], seed: int) -> None:
    symbol, day = what
    world = SyntheticWorld(seed, REFERENCE)
    (bar,) = world.bars(symbol, Period.DAY, day, day)
    snapshot = world.snapshot(symbol, full_span(symbol, day)[1] - timedelta(microseconds=1))
    assert snapshot is not None
    regular = [one for one in snapshot.minutes if one.session is TradeSession.NORMAL]
    zone = MARKET_ZONES[market_of(symbol)]
    ends = {(16, 0), (15, 0)} | ({(12, 0)} if len(regular) < 200 else set())
    last = regular[-1].at.astimezone(zone)
    closing = regular[-1].volume if (last.hour, last.minute) in ends else 0
    assert snapshot.auction_volume < Decimal("0.015") * bar.volume
    assert closing < Decimal("0.1") * bar.volume


def test_hong_kong_auctions_print_once_each_as_type_u(world: SyntheticWorld) -> None:
    zone = MARKET_ZONES[Market.HK]
    for day, close in ((date(2026, 1, 5), 16), (date(2026, 2, 16), 12)):
        begin = datetime(day.year, day.month, day.day, tzinfo=zone)
        events: list[MarketEvent] = []
        for hour in (9, close):
            opens = begin + timedelta(hours=hour)
            events += world.ticks(Symbol("700.HK"), opens, opens + timedelta(minutes=32))
        opening, closing = [e for e in events if isinstance(e, Trade) and e.trade_type == "U"]
        assert opening.direction is closing.direction is Direction.NEUTRAL
        first, last = opening.at.astimezone(zone), closing.at.astimezone(zone)
        assert (first.hour, first.minute) in ((9, 20), (9, 21))
        assert (last.hour, last.minute) in ((close, 8), (close, 9))
        (bar,) = world.bars(Symbol("700.HK"), Period.DAY, day, day)
        assert (opening.price, closing.price) == (bar.open, bar.close)


def test_mainland_prints_nothing_between_1457_and_the_close(world: SyntheticWorld) -> None:
    zone = MARKET_ZONES[Market.CN]
    begin = datetime(2026, 1, 5, 6, 50, tzinfo=UTC)
    events = list(world.ticks(Symbol("600519.SH"), begin, begin + timedelta(hours=1)))
    late = [
        e for e in events if (e.at.astimezone(zone).hour, e.at.astimezone(zone).minute) >= (14, 57)
    ]
    (match,) = late
    assert isinstance(match, Trade)
    assert match.at.astimezone(zone).strftime("%H:%M:%S.%f") == "15:00:00.000000"


def test_extended_sessions_stay_out_of_the_day_bar(world: SyntheticWorld) -> None:
    day = date(2026, 1, 6)
    minutes = world.bars(Symbol("AAPL.US"), Period.ONE_MINUTE, day, day)
    counts = {kind: sum(bar.session is kind for bar in minutes) for kind in TradeSession}
    assert counts == {
        TradeSession.OVERNIGHT: 470,
        TradeSession.PRE: 330,
        TradeSession.NORMAL: 390,
        TradeSession.POST: 240,
    }
    (bar,) = world.bars(Symbol("AAPL.US"), Period.DAY, day, day)
    regular = [one for one in minutes if one.session is TradeSession.NORMAL]
    assert sum(one.volume for one in regular) == bar.volume
    thin = sum(one.volume for one in minutes if one.session is not TradeSession.NORMAL)
    assert thin < bar.volume // 5


# --- the market as a whole --------------------------------------------------------------------


def returns(
    world: SyntheticWorld,
    symbol: str,
    first: date = date(2021, 1, 1),
    last: date = date(2030, 12, 31),
) -> list[float]:
    bars = world.bars(Symbol(symbol), Period.DAY, first, last)
    return [math.log(b.close / a.close) for a, b in pairwise(bars)]


def test_members_go_with_their_market_and_trackers_follow_it(world: SyntheticWorld) -> None:
    together = {
        name: statistics.correlation(returns(world, index), returns(world, name))
        for index, name in (
            ("HSI.HK", "700.HK"), ("HSI.HK", "2800.HK"), (".SPX.US", "AAPL.US"),
            (".SPX.US", "SPY.US"), ("000300.SH", "510300.SH"),
        )
    }  # fmt: skip
    for tracker in ("2800.HK", "SPY.US", "510300.SH"):
        assert together[tracker] > 0.98
    for member in ("700.HK", "AAPL.US"):
        assert 0.4 < together[member] < 0.95


@pytest.mark.parametrize("symbol", ["HSI.HK", ".SPX.US", "5.HK", "IBM.US", "600036.SH"])
def test_volatile_days_come_in_clusters_and_tails_are_fat(symbol: str) -> None:
    moves = [
        one
        for seed in (1, 2, 3)
        for one in returns(world_of(seed), symbol, date(2005, 1, 1), date(2034, 12, 31))
    ]
    sizes = [abs(one) for one in moves]
    lags = [statistics.correlation(sizes[lag:], sizes[:-lag]) for lag in range(1, 26)]
    assert min(lags[:20]) > 0
    assert lags[0] > 0.08
    spread = statistics.pstdev(moves)
    assert statistics.fmean((one / spread) ** 4 for one in moves) > 4
    assert abs(statistics.correlation(moves[1:], moves[:-1])) < 0.06


@pytest.mark.parametrize(
    ("leader", "follower", "least"),
    [
        ("HSI.HK", "700.HK", 0.4), (".IXIC.US", "AAPL.US", 0.4), (".SPX.US", "SPY.US", 0.93),
        ("HSI.HK", "2800.HK", 0.8), ("000300.SH", "600519.SH", 0.3), ("700.HK", "9988.HK", 0.2),
    ],
)  # fmt: skip
def test_five_minutes_of_a_member_go_with_its_index(
    world: SyntheticWorld, leader: str, follower: str, least: float
) -> None:
    days = world.trading_days(Symbol(leader), date(2025, 3, 3), date(2025, 3, 28))
    moves = [
        [one for day in days for one in five_minutes(world, s, day)] for s in (leader, follower)
    ]
    assert statistics.correlation(*moves) > least


def five_minutes(world: SyntheticWorld, symbol: str, day: date) -> list[float]:
    bars = [
        bar for bar in world.bars(Symbol(symbol), Period.ONE_MINUTE, day, day)
        if bar.session is TradeSession.NORMAL
    ]  # fmt: skip
    closes = [bars[0].open, *(bar.close for bar in bars[4:235:5])]
    return [math.log(after / before) for before, after in pairwise(closes)]


def test_wild_days_pass_six_per_cent_where_no_limit_stands() -> None:
    for symbols in (("700.HK", "1810.HK"), ("AAPL.US", "TSLA.US")):
        moves = [abs(one) for one in symbols for one in returns(world_of(1), one)]
        assert max(moves) > 0.07


def test_an_instrument_without_a_profile_has_a_market_too() -> None:
    known = REFERENCE.instruments[Symbol("5.HK")]
    made = [
        replace(known, symbol=Symbol("4321.HK")),
        replace(known, symbol=Symbol("4322.HK"), lot_size=2000, cas_eligible=False),
        replace(known, symbol=Symbol("54321.HK"), pos_eligible=False, cas_eligible=False),
        replace(REFERENCE.instruments[Symbol("IBM.US")], symbol=Symbol("XYZ.US"), overnight=False),
    ]
    world = SyntheticWorld(7, REFERENCE.with_instruments(made))
    day = date(2026, 1, 6)
    for instrument in made:
        symbol = instrument.symbol
        assert symbol in world.symbols()
        midnight = datetime(2026, 1, 6, tzinfo=MARKET_ZONES[instrument.market])
        events = list(world.ticks(symbol, midnight, midnight + timedelta(hours=23)))
        prints = [e for e in events if isinstance(e, Trade) and e.session is TradeSession.NORMAL]
        (bar,) = world.bars(symbol, Period.DAY, day, day)
        assert values(bar) == fold(prints)
        auctions = sum(one.trade_type == "U" for one in prints)
        hk = instrument.market is Market.HK
        assert auctions == (instrument.pos_eligible + instrument.cas_eligible if hk else 0)
        assert all(one.volume % instrument.lot_size == 0 for one in prints)


# --- other questions --------------------------------------------------------------------------


def test_day_bars_stand_on_local_midnight_of_trading_days(world: SyntheticWorld) -> None:
    first, last = date(2025, 12, 20), date(2026, 1, 10)
    for symbol in SYMBOLS[::9]:
        zone = MARKET_ZONES[market_of(symbol)]
        days = REFERENCE.calendars[market_of(symbol)].trading_days(first, last)
        stamps = [bar.at.astimezone(zone) for bar in world.bars(symbol, Period.DAY, first, last)]
        assert [stamp.date() for stamp in stamps] == list(days)
        assert all(stamp.time() == datetime.min.time() for stamp in stamps)
        assert world.trading_days(symbol, first, last) == days


def test_longer_periods_are_the_callers(world: SyntheticWorld) -> None:
    with pytest.raises(ValueError, match="FIVE_MINUTE"):
        world.bars(Symbol("700.HK"), Period.FIVE_MINUTE, date(2026, 1, 5), date(2026, 1, 5))


def test_nothing_outside_the_world(world: SyntheticWorld) -> None:
    assert world.bars(Symbol("700.HK"), Period.DAY, date(1999, 1, 1), date(1999, 12, 31)) == []
    begin = datetime(2036, 6, 2, 2, 0, tzinfo=UTC)
    assert list(world.ticks(Symbol("700.HK"), begin, begin + timedelta(hours=1))) == []
    assert world.snapshot(Symbol("700.HK"), begin) is None


def test_unknown_symbols_are_refused(world: SyntheticWorld) -> None:
    assert "999999.HK" not in world.symbols()
    with pytest.raises(KeyError):
        world.bars(Symbol("999999.HK"), Period.DAY, date(2026, 1, 1), date(2026, 1, 5))
