"""Special days of the synthetic world: listings, limits, halts, splits, odd lots, wide books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from portway.market.history import SymbolHistory
from portway.market.runner import MarketRunner
from portway.market.synthetic import FIRST_DAY, LAST_DAY, SyntheticWorld
from portway.model.hours import trading_hours
from portway.model.instrument import SecurityClass
from portway.model.quote import (
    AdjustType,
    Brokers,
    Depth,
    Direction,
    Period,
    StatusChange,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from tests.market.synthetic_days import (
    REFERENCE,
    Told,
    check_one_truth,
    day_events,
    full_span,
    new_board,
    world_of,
)

LISTED = date(2026, 1, 6)


def newly_listed(symbol: str, like: str) -> SyntheticWorld:
    known = REFERENCE.instruments[Symbol(like)]
    made = replace(known, symbol=Symbol(symbol), listing_date=LISTED)
    return SyntheticWorld(7, REFERENCE.with_instruments([made]))


# --- listings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["3690.HK", "TSLA.US", "300750.SZ", "9988.HK", "688981.SH"])
def test_no_bar_is_older_than_the_listing(symbol: str) -> None:
    world, listed = world_of(7), REFERENCE.instruments[Symbol(symbol)].listing_date
    assert listed is not None
    days = world.trading_days(Symbol(symbol), FIRST_DAY, LAST_DAY)
    bars = world.bars(Symbol(symbol), Period.DAY, FIRST_DAY, listed + timedelta(days=30))
    zone = MARKET_ZONES[market_of(Symbol(symbol))]
    assert days[0] == bars[0].at.astimezone(zone).date() >= listed
    assert world.prev_close(Symbol(symbol), days[0]) is not None
    assert world.prev_close(Symbol(symbol), listed - timedelta(days=1)) is None
    eve = datetime(listed.year, listed.month, listed.day, tzinfo=UTC) - timedelta(days=1)
    assert world.snapshot(Symbol(symbol), eve) is None
    actions = world.corporate_actions(Symbol(symbol))
    assert all(one.ex_date > listed for one in actions)


@pytest.mark.parametrize(
    ("symbol", "like"), [("4321.HK", "5.HK"), ("NEW.US", "IBM.US"), ("600999.SH", "600036.SH")]
)
def test_a_new_listing_is_to_be_opened_until_its_first_auction(symbol: str, like: str) -> None:
    world, listed = newly_listed(symbol, like), Symbol(symbol)
    begin, end = full_span(listed, LISTED)
    first, second, *rest = world.ticks(listed, begin, end)
    assert isinstance(first, StatusChange)
    assert first.status is TradeStatus.TO_BE_OPENED
    assert isinstance(second, StatusChange)
    assert second.status is TradeStatus.NORMAL
    assert all(event.at > second.at for event in rest)
    trades = [one for one in rest if isinstance(one, Trade)]
    assert trades[0].session is TradeSession.NORMAL  # Nothing trades before the first opening.
    for at in (second.at, second.at + timedelta(microseconds=1), trades[40].at):
        board = new_board_of(world, listed)
        for event in world.ticks(listed, begin, at):
            board.apply(event)
        assert world.snapshot(listed, at) == board.snapshot()


def new_board_of(world: SyntheticWorld, symbol: Symbol):  # type: ignore[no-untyped-def]
    like = Symbol({"HK": "5.HK", "US": "IBM.US", "CN": "600036.SH"}[market_of(symbol)])
    board = new_board(world_of(7), like, LISTED)
    board.symbol, board.prev_close = symbol, world.prev_close(symbol, LISTED)
    board._minutes = type(board._minutes)(board.parts, board.prev_close)
    return board


def test_the_first_days_of_a_mainland_share_have_no_limit() -> None:
    world = newly_listed("600999.SH", "600036.SH")
    table = world._table(Symbol("600999.SH"))
    row = table.row(LISTED)
    assert row is not None
    assert (table.upper[row : row + 5] > 10**12).all()
    assert (table.upper[row + 5 :] < 10**9).all()


# --- price limits -----------------------------------------------------------------------------


def limit_days(symbol: str) -> list[tuple[SyntheticWorld, date]]:
    found = []
    for seed in (1, 2, 3):
        table = world_of(seed)._table(Symbol(symbol))
        at_limit = (table.close == table.upper) | (table.close == table.lower)
        listed = REFERENCE.instruments[Symbol(symbol)].listing_date or FIRST_DAY
        found += [
            (world_of(seed), table.span.days[row])
            for row in at_limit.nonzero()[0].tolist()
            if table.span.days[row] > listed
        ]
    return found


@pytest.mark.parametrize("symbol", ["000001.SZ", "600036.SH"])
def test_at_a_price_limit_one_side_of_the_book_is_empty(symbol: str) -> None:
    days = limit_days(symbol)
    assert len(days) > 1
    for world, day in days[:2]:
        told = Told(world, Symbol(symbol), day, day_events(world, Symbol(symbol), day))
        check_one_truth(told)
        (bar,) = world.bars(Symbol(symbol), Period.DAY, day, day)
        up = bar.close == bar.high
        locked = False
        for event in told.events:
            if isinstance(event, Depth):
                prices = [one.price for one in (*event.asks, *event.bids)]
                assert all(bar.low <= one if not up else one <= bar.high for one in prices)
                locked = not (event.asks if up else event.bids)
                assert event.bids or event.asks
            elif isinstance(event, Trade) and locked:
                assert event.price == bar.close
                assert event.direction in (
                    Direction.NEUTRAL,
                    Direction.DOWN if up else Direction.UP,
                )
        assert locked


# --- halts ------------------------------------------------------------------------------------


def halted_days(market: Market, count: int) -> list[tuple[Symbol, date]]:
    found = []
    for instrument in REFERENCE.instruments.values():
        if instrument.market is not market or instrument.is_index:
            continue
        table = world_of(1)._table(instrument.symbol)
        rows = [row for row in table.halts if table.span.days[row].year > 2021]
        found += [(instrument.symbol, table.span.days[row]) for row in rows[:1]]
        if len(found) >= count:
            return found
    return found


@pytest.mark.parametrize("market", [Market.HK, Market.US, Market.CN])
def test_a_halt_shows_its_status_and_an_empty_book_and_no_print(market: Market) -> None:
    ((symbol, day),) = halted_days(market, 1)
    world = world_of(1)
    events = day_events(world, symbol, day)
    check_one_truth(Told(world, symbol, day, events))
    places = [i for i, one in enumerate(events) if isinstance(one, StatusChange)]
    halt, resume = places
    assert [events[place].status for place in places] == [TradeStatus.HALTED, TradeStatus.NORMAL]  # type: ignore[union-attr]
    between = events[halt + 1 : resume]
    assert all(isinstance(one, Depth | Brokers) and not one.asks for one in between)
    assert isinstance(between[0], Depth)
    assert events[resume].at - events[halt].at >= timedelta(minutes=5)
    board = new_board(world, symbol, day)
    following = iter(events)
    event = next(following)
    for place in (halt - 1, halt, halt + 1, resume, resume + 1, resume + 9):
        at = events[place].at
        while event.at < at:
            board.apply(event)
            event = next(following)
        assert world.snapshot(symbol, at) == board.snapshot()


def test_the_liveliest_securities_never_halt_by_themselves() -> None:
    for symbol in ("700.HK", "AAPL.US", "600519.SH", "SPY.US", "HSI.HK"):
        assert not world_of(1)._table(Symbol(symbol)).halts


# --- volatility control -----------------------------------------------------------------------


def test_no_drawn_day_reaches_the_band_of_the_volatility_control() -> None:
    world = world_of(1)
    for symbol in ("1810.HK", "3690.HK", "700.HK"):
        bars = world.bars(Symbol(symbol), Period.DAY, date(2019, 1, 2), LAST_DAY)
        wildest = sorted(bars, key=lambda bar: bar.high / bar.low)[-4:]
        for day_bar in wildest:
            day = day_bar.at.astimezone(MARKET_ZONES[Market.HK]).date()
            minutes = world.bars(Symbol(symbol), Period.ONE_MINUTE, day, day)
            for before, after in zip(minutes[15:], minutes[20:310], strict=False):
                assert abs(after.close / before.close - 1) < Decimal("0.10")


# --- corporate actions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "ex_date", "ratio"),
    [
        ("NVDA.US", date(2024, 6, 10), 10), ("AAPL.US", date(2014, 6, 9), 7),
        ("700.HK", date(2014, 5, 15), 5), ("300750.SZ", date(2023, 4, 26), Decimal("1.8")),
    ],
)  # fmt: skip
def test_a_split_divides_the_price_and_forward_adjustment_joins_the_parts(
    symbol: str, ex_date: date, ratio: Decimal
) -> None:
    world, listed = world_of(7), Symbol(symbol)
    eve, day = world.trading_days(listed, ex_date - timedelta(days=12), ex_date)[-2:]
    assert day == ex_date
    before, after = world.bars(listed, Period.DAY, eve, day)
    reference = world.prev_close(listed, day)
    assert reference is not None
    assert abs(reference * ratio / before.close - 1) < Decimal("0.03")
    assert abs(after.open / reference - 1) < Decimal("0.12")
    instrument = REFERENCE.instruments[listed]
    calendar = REFERENCE.calendars[instrument.market]
    history = SymbolHistory(
        world,
        listed,
        trading_hours(instrument.market, instrument.board),
        calendar,
        datetime(2026, 1, 5, 0, 0, tzinfo=UTC),
    )
    bars = history.by_date(
        Period.DAY, ex_date - timedelta(days=40), ex_date + timedelta(days=40),
        AdjustType.FORWARD_ADJUST,
    )  # fmt: skip
    for one, two in pairwise(bars):
        assert abs(two.open / one.close - 1) < Decimal("0.15")
    raw = world.bars(listed, Period.DAY, eve, eve)[0]
    adjusted = next(bar for bar in bars if bar.at == raw.at)
    assert abs(adjusted.volume - raw.volume * ratio) <= raw.volume * Decimal("0.9") * ratio


# --- tape and book ----------------------------------------------------------------------------


def test_us_odd_lots_are_a_moderate_part_and_move_no_price() -> None:
    events = day_events(world_of(7), Symbol("AAPL.US"), LISTED)
    last: Trade | None = None
    odd = regular = 0
    for event in events:
        if not isinstance(event, Trade) or event.session is not TradeSession.NORMAL:
            continue
        regular += 1
        if event.trade_type == "I":
            odd += 1
            assert 0 < event.volume < 100
            assert last is not None
            assert (event.price, event.direction) == (last.price, last.direction)
        else:
            assert event.volume >= 100
        last = event
    assert 0.1 < odd / regular < 0.4
    hk = day_events(world_of(7), Symbol("700.HK"), LISTED)
    assert {one.trade_type for one in hk if isinstance(one, Trade)} == {"", "U"}


def test_a_board_counts_odd_lots_as_volume_alone() -> None:
    world, symbol = world_of(7), Symbol("AAPL.US")
    start = datetime(2026, 1, 6, 15, 0, tzinfo=UTC)
    runner = MarketRunner(
        REFERENCE, [world], {Market.US: start, Market.HK: start, Market.CN: start}
    )
    runner.watch(symbol)
    for _ in runner.advance({Market.US: start + timedelta(minutes=3)}, silent=False):
        pass
    board = runner.board(symbol)
    assert board is not None
    assert board.snapshot() == world.snapshot(symbol, start + timedelta(minutes=3))


def usual_spread(symbol: str) -> Decimal:
    begin = datetime(2026, 1, 6, 3, 0, tzinfo=UTC)
    if symbol.endswith("US"):
        begin += timedelta(hours=13)
    books = [
        one for one in world_of(7).ticks(Symbol(symbol), begin, begin + timedelta(minutes=5))
        if isinstance(one, Depth)
    ]  # fmt: skip
    spreads = sorted((one.asks[0].price - one.bids[0].price) / one.bids[0].price for one in books)
    return spreads[len(spreads) // 2]


def test_spreads_follow_tick_size_and_liquidity() -> None:
    assert usual_spread("SPY.US") < usual_spread("IBM.US") < Decimal("0.0005")
    quiet = next(
        one.symbol for one in REFERENCE.instruments.values()
        if one.security_class is SecurityClass.STOCK
        and world_of(7)._table(one.symbol).profile.prints_a_minute < 16
    )  # fmt: skip
    assert usual_spread("IBM.US") < usual_spread(quiet) < Decimal("0.003")
    assert Decimal("0.0006") < usual_spread("700.HK") < Decimal("0.0014")  # One tick of 0.50.


def test_volume_has_the_shape_of_a_u() -> None:
    for symbol in ("700.HK", "IBM.US", "000001.SZ"):
        days = world_of(7).trading_days(Symbol(symbol), date(2025, 3, 3), date(2025, 4, 30))
        thirds = [0, 0, 0]
        for day in days:
            bars = [
                bar for bar in world_of(7).bars(Symbol(symbol), Period.ONE_MINUTE, day, day)
                if bar.session is TradeSession.NORMAL
            ]  # fmt: skip
            size = len(bars) // 6
            thirds[0] += sum(bar.volume for bar in bars[:size])
            thirds[1] += sum(bar.volume for bar in bars[len(bars) // 2 - size // 2 :][:size])
            thirds[2] += sum(bar.volume for bar in bars[-size - 1 : -1])
        assert thirds[0] > 1.5 * thirds[1] < 1.2 * thirds[2]
