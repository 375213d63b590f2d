"""Named scenarios: what a client of a board sees of each, and that one truth is kept."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import pytest

from portway.market.reference import Reference
from portway.market.runner import MarketRunner
from portway.market.scenarios import (
    Scenario,
    ScenarioError,
    load_scenario,
    scenario_names,
    scenario_titles,
)
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import (
    Candlestick,
    Depth,
    Period,
    StatusChange,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange
from tests.market.synthetic_days import REFERENCE, Told, check_one_truth, day_events

DAY = date(2026, 1, 6)
MARKETS = (Market.HK, Market.US, Market.CN)
STARTS = {one: datetime(2026, 1, 6, 10, 0, tzinfo=MARKET_ZONES[one]) for one in MARKETS}
TENCENT, APPLE, PING_AN = Symbol("700.HK"), Symbol("AAPL.US"), Symbol("000001.SZ")


@dataclass(frozen=True)
class Staged:
    """A scenario on the stage of one seed."""

    scenario: Scenario
    reference: Reference
    world: SyntheticWorld

    def minutes(self, symbol: Symbol, day: date = DAY) -> list[Candlestick]:
        bars = self.world.bars(symbol, Period.ONE_MINUTE, day, day)
        return [bar for bar in bars if bar.session is TradeSession.NORMAL]

    def close_at(self, symbol: Symbol, hour: int, minute: int) -> Decimal:
        """Close of the latest minute bar that begins at a local time or before it."""
        zone = MARKET_ZONES[market_of(symbol)]
        at = datetime(2026, 1, 6, hour, minute, tzinfo=zone)
        return next(bar.close for bar in reversed(self.minutes(symbol)) if bar.at <= at)

    def day_bar(self, symbol: Symbol, day: date = DAY) -> Candlestick:
        (bar,) = self.world.bars(symbol, Period.DAY, day, day)
        return bar


@lru_cache(maxsize=32)
def staged(name: str, seed: int = 7) -> Staged:
    scenario = load_scenario(name)
    reference = scenario.calendars(REFERENCE, STARTS)
    world = SyntheticWorld(seed, reference, scenario.stories(seed, reference, STARTS))
    return Staged(scenario, reference, world)


@lru_cache(maxsize=4)
def undisturbed(seed: int = 7) -> SyntheticWorld:
    return SyntheticWorld(seed, REFERENCE)


class Client:
    """Somebody who watches a symbol through the market runner."""

    def __init__(self, stage: Staged, symbol: Symbol) -> None:
        self.symbol = symbol
        self.changes: list[BoardChange] = []
        self.runner = MarketRunner(stage.reference, [stage.world], STARTS)
        self.runner.listen(self._on_change, lambda symbol, board: None)
        self.runner.watch(symbol)

    def _on_change(self, symbol: Symbol, change: BoardChange, board: Board) -> None:
        self.changes.append(change)

    def go(self, **passed: float) -> Board:
        market = market_of(self.symbol)
        targets = {market: self.runner.now(market) + timedelta(**passed)}
        for _ in self.runner.advance(targets, silent=False):
            pass
        board = self.runner.board(self.symbol)
        assert board is not None
        return board

    @property
    def statuses(self) -> list[TradeStatus]:
        quotes = [one.quote for one in self.changes if one.quote is not None]
        found: list[TradeStatus] = []
        for quote in quotes:
            if not found or found[-1] is not quote.status:
                found.append(quote.status)
        return found


# --- the files --------------------------------------------------------------------------------


def test_every_scenario_has_a_title_and_is_read() -> None:
    assert set(scenario_names()) == {
        "flash-crash", "half-day", "halt-and-resume", "index-day", "limit-up", "open-gap",
        "quiet-day",
    }  # fmt: skip
    assert all(scenario_titles().values())


def test_an_unknown_scenario_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(ScenarioError, match="flash-crash, half-day"):
        load_scenario("moon-landing")


# --- one truth --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("flash-crash", APPLE), ("flash-crash", TENCENT), ("limit-up", PING_AN),
        ("halt-and-resume", TENCENT), ("index-day", Symbol("HSI.HK")),
    ],
)  # fmt: skip
def test_bars_ticks_and_snapshots_of_a_scenario_agree(name: str, symbol: Symbol) -> None:
    world = staged(name).world
    events = day_events(world, symbol, DAY)
    check_one_truth(Told(world, symbol, DAY, events))
    client = Client(staged(name), symbol)
    for minutes in (1.01, 3.3, 1.7, 4.5, 60):
        board = client.go(minutes=minutes)
        now = client.runner.now(market_of(symbol))
        assert world.snapshot(symbol, now) == board.snapshot(), now


@pytest.mark.parametrize("name", ["flash-crash", "limit-up", "halt-and-resume", "open-gap"])
def test_a_scenario_leaves_the_days_before_it_alone(name: str) -> None:
    first, last = DAY - timedelta(days=400), DAY - timedelta(days=1)
    for symbol in (TENCENT, APPLE, PING_AN):
        told = staged(name).world.bars(symbol, Period.DAY, first, last)
        assert told == undisturbed().bars(symbol, Period.DAY, first, last)


@pytest.mark.parametrize("name", ["flash-crash", "halt-and-resume", "limit-up"])
def test_nothing_happens_before_its_time(name: str) -> None:
    symbol = PING_AN if name == "limit-up" else APPLE
    until = STARTS[market_of(symbol)] + timedelta(seconds=60)
    told, base = (
        [
            bar
            for bar in world.bars(symbol, Period.ONE_MINUTE, DAY, DAY)
            if bar.at < until and bar.session is TradeSession.NORMAL
        ]
        for world in (staged(name).world, undisturbed())
    )
    assert [bar.at for bar in told] == [bar.at for bar in base]
    for ours, usual in zip(told, base, strict=True):
        assert abs(ours.close / usual.close - 1) < Decimal("0.015")


# --- each of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_flash_crash_falls_pauses_and_comes_back_in_new_york(seed: int) -> None:
    stage = staged("flash-crash", seed)
    before = stage.close_at(APPLE, 10, 0)
    client = Client(stage, APPLE)
    fallen = client.go(minutes=5, seconds=10)
    assert fallen.status is TradeStatus.HALTED
    assert fallen.depth == Depth(APPLE, fallen.depth.at, (), ())  # type: ignore[union-attr]
    assert fallen.quote().last_done < before * Decimal("0.965")
    resumed = client.go(minutes=5)
    assert resumed.status is TradeStatus.NORMAL
    assert client.statuses == [TradeStatus.NORMAL, TradeStatus.HALTED, TradeStatus.NORMAL]
    lowest = min(bar.low for bar in stage.minutes(APPLE))
    assert lowest < before * Decimal("0.94")
    recovered = client.go(minutes=50)
    assert recovered.quote().last_done > before * Decimal("0.97")
    spy = Symbol("SPY.US")
    assert stage.close_at(spy, 10, 10) < stage.close_at(spy, 10, 0) * Decimal("0.97")


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_flash_crash_keeps_the_band_of_the_volatility_control(seed: int) -> None:
    stage = staged("flash-crash", seed)
    (cooling,) = stage.world.cooling_offs(TENCENT, DAY)
    assert cooling.end - cooling.begin == timedelta(minutes=5)
    events = list(stage.world.ticks(TENCENT, cooling.begin, cooling.end))
    prices = [one.price for one in events if isinstance(one, Trade)]
    assert prices
    assert all(cooling.lower <= one <= cooling.upper for one in prices)
    reference = stage.close_at(TENCENT, 10, 0)
    assert abs(cooling.lower / (reference * Decimal("0.9")) - 1) < Decimal("0.01")
    after = stage.world.ticks(TENCENT, cooling.end, cooling.end + timedelta(minutes=5))
    assert min(one.price for one in after if isinstance(one, Trade)) < cooling.lower
    assert stage.world.cooling_offs(TENCENT, date(2026, 1, 7)) == ()


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_limit_up_locks_the_price_and_empties_the_asks(seed: int) -> None:
    stage = staged("limit-up", seed)
    before = stage.world.prev_close(PING_AN, DAY)
    assert before is not None
    limit = (before * Decimal("1.1")).quantize(Decimal("0.01"))
    assert abs(stage.day_bar(PING_AN).close - limit) <= Decimal("0.01")
    client = Client(stage, PING_AN)
    board = client.go(minutes=12)
    assert board.depth is not None
    assert board.depth.asks == ()
    assert board.depth.bids[0].price == board.quote().last_done == stage.day_bar(PING_AN).high
    assert board.depth.bids[0].volume > board.depth.bids[1].volume
    following = stage.day_bar(PING_AN, date(2026, 1, 7))
    assert abs(following.open / limit - 1) < Decimal("0.06")


@pytest.mark.parametrize("seed", [1, 7, 8])
@pytest.mark.parametrize(("symbol", "minutes"), [(TENCENT, 10), (APPLE, 5)])
def test_halt_and_resume_stops_the_tape_and_reopens(
    symbol: Symbol, minutes: int, seed: int
) -> None:
    stage = staged("halt-and-resume", seed)
    start = STARTS[market_of(symbol)] + timedelta(minutes=2)
    halted = list(
        stage.world.ticks(symbol, start, start + timedelta(minutes=minutes, microseconds=-1))
    )
    assert isinstance(halted[0], StatusChange)
    assert halted[0].status is TradeStatus.HALTED
    assert not any(isinstance(one, Trade) for one in halted)
    resumed = start + timedelta(minutes=minutes)
    after = list(stage.world.ticks(symbol, resumed, resumed + timedelta(seconds=5)))
    assert after[0] == StatusChange(symbol, resumed.astimezone(UTC), TradeStatus.NORMAL)
    assert any(isinstance(one, Trade) for one in after)
    client = Client(stage, symbol)
    client.go(minutes=minutes + 4)
    assert client.statuses == [TradeStatus.NORMAL, TradeStatus.HALTED, TradeStatus.NORMAL]


@pytest.mark.parametrize("seed", [1, 7])
def test_index_day_takes_index_tracker_and_members_down(seed: int) -> None:
    stage = staged("index-day", seed)
    for index, members in (
        ("HSI.HK", ("2800.HK", "700.HK", "5.HK", "1299.HK")),
        (".SPX.US", ("SPY.US", "AAPL.US", "MSFT.US")),
    ):

        def move(symbol: str) -> float:
            early, late = (stage.close_at(Symbol(symbol), *at) for at in ((10, 0), (11, 40)))
            return float(late / early) - 1

        assert move(index) < -0.015
        assert statistics.mean(map(move, members)) < -0.012


@pytest.mark.parametrize("seed", [1, 7])
def test_quiet_day_has_narrow_ranges_and_little_volume(seed: int) -> None:
    stage, usual = staged("quiet-day", seed), undisturbed(seed)
    for symbol in (TENCENT, APPLE, PING_AN, Symbol("HSI.HK"), Symbol("SPY.US")):
        quiet = stage.day_bar(symbol)
        (loud,) = usual.bars(symbol, Period.DAY, DAY, DAY)
        tick = Decimal("0.5") if symbol == TENCENT else Decimal("0.03")
        assert quiet.high - quiet.low <= max((loud.high - loud.low) * Decimal("0.6"), 6 * tick)
        assert quiet.volume < loud.volume * 0.7


@pytest.mark.parametrize("seed", [1, 7])
def test_open_gap_opens_far_from_the_close_before(seed: int) -> None:
    stage = staged("open-gap", seed)
    day = date(2026, 1, 7)  # The clock starts within a session: the next opening is tomorrow's.
    for symbol, sign in ((TENCENT, 1), (APPLE, 1), (Symbol("TSLA.US"), -1), (PING_AN, -1)):
        before = stage.world.prev_close(symbol, day)
        assert before is not None
        assert sign * (stage.day_bar(symbol, day).open / before - 1) > Decimal("0.03")


def test_half_day_ends_at_midday_with_its_auction() -> None:
    stage = staged("half-day")
    calendar = stage.reference.calendars[Market.HK]
    assert calendar.is_half_day(DAY)
    assert not REFERENCE.calendars[Market.HK].is_half_day(DAY)
    assert len(stage.minutes(TENCENT)) == 151
    assert len(stage.minutes(APPLE)) == 210
    client = Client(stage, TENCENT)
    board = client.go(hours=6)
    last = board.recent_trades(1)[0]
    local = last.at.astimezone(MARKET_ZONES[Market.HK])
    assert (local.hour, last.trade_type) == (12, "U")
    assert board.quote().last_done == stage.day_bar(TENCENT).close


def test_a_start_outside_the_session_waits_for_the_next_one() -> None:
    scenario = load_scenario("halt-and-resume")
    evening: Mapping[Market, datetime] = {
        one: datetime(2026, 1, 6, 22, 0, tzinfo=MARKET_ZONES[one]) for one in MARKETS
    }
    stories = scenario.stories(7, REFERENCE, evening)
    assert {day for _, day in stories} == {date(2026, 1, 7)}
    assert {story.halt[0] for story in stories.values() if story.halt} == {2}


def test_events_need_no_symbol_that_is_not_listed() -> None:
    scenario = load_scenario("flash-crash")
    only = {TENCENT: REFERENCE.instruments[TENCENT]}
    reference = Reference(only, REFERENCE.calendars, REFERENCE.participants)
    assert {symbol for symbol, _ in scenario.stories(7, reference, STARTS)} == {TENCENT}
