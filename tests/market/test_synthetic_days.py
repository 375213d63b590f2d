"""Whole days of the synthetic world, event by event: one truth, ticks, depth, queues, time."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from portway.model.instrument import spread_table
from portway.model.quote import (
    Brokers,
    Depth,
    Direction,
    IndexTick,
    Trade,
)
from portway.model.session import Phase
from portway.model.symbol import Market, Symbol
from tests.market.synthetic_days import (
    REFERENCE,
    Told,
    check_one_truth,
    day_events,
    full_span,
    new_board,
    world_of,
)

LIVELY = {
    "700.HK", "9988.HK", "2800.HK", "AAPL.US", "SPY.US", "600519.SH", "000001.SZ", "510300.SH",
    "HSI.HK", ".IXIC.US", "000001.SH",
}  # fmt: skip
# Half days, a change of summer time, changes of tick tables and of closing auctions.
DAYS = [
    ("AAPL.US", date(2026, 3, 9)),
    ("SPY.US", date(2026, 11, 27)),
    ("700.HK", date(2026, 1, 6)),
    ("2800.HK", date(2026, 12, 24)),
    ("1299.HK", date(2025, 8, 4)),
    ("510300.SH", date(2026, 7, 3)),
    ("600519.SH", date(2018, 8, 20)),
    ("000001.SZ", date(2026, 1, 5)),
    ("HSI.HK", date(2026, 12, 31)),
    (".IXIC.US", date(2026, 1, 6)),
    ("000001.SH", date(2026, 1, 6)),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda row: f"{row[0]}-{row[1]}")
def told(request: pytest.FixtureRequest) -> Told:
    symbol, day = Symbol(request.param[0]), request.param[1]
    return Told(world_of(7), symbol, day, day_events(world_of(7), symbol, day))


def test_prints_make_the_minutes_and_these_the_day(told: Told) -> None:
    check_one_truth(told)


def test_a_snapshot_is_the_fold_of_what_came_before(told: Told) -> None:
    begin, end = full_span(told.symbol, told.day)
    places = [int(len(told.events) * part) for part in (0, 0.003, 0.11, 0.4, 0.7, 0.93)]
    stamps = {told.events[place].at for place in (*places, 1, 2, 3, 4, len(told.events) - 1)}
    stamps |= {at + timedelta(microseconds=1) for at in stamps}  # without and with that event
    stamps |= {begin, begin + (end - begin) * 0.37, begin + (end - begin) * 0.61, end}
    board = new_board(told.world, told.symbol, told.day)
    events = iter([*told.events, None])
    event = next(events)
    for at in sorted(stamps):
        while event is not None and event.at < at:
            board.apply(event)
            event = next(events)
        if at < end:
            assert told.world.snapshot(told.symbol, at) == board.snapshot(), at


def test_every_print_and_level_is_on_the_tick(told: Told) -> None:
    instrument = told.instrument
    table = spread_table(instrument.market, instrument.security_class, told.day)
    lot = instrument.lot_size
    prices = set()
    for event in told.events:
        match event:
            case Trade():
                prices.add(event.price)
                assert event.volume > 0
                assert event.volume % lot == 0
            case Depth():
                for level in (*event.asks, *event.bids):
                    prices.add(level.price)
                    assert level.volume % lot == 0
            case IndexTick():
                prices.add(event.price)
    assert all(map(table.is_valid, prices))


def test_prints_meet_the_touch_of_the_depth_before_them(told: Told) -> None:
    levels = {Market.HK: 10, Market.CN: 5, Market.US: 1}[told.instrument.market]
    depth: Depth | None = None
    for event in told.events:
        if isinstance(event, Depth):
            depth = event
            asks, bids = [one.price for one in event.asks], [one.price for one in event.bids]
            assert len(asks) == len(bids) == levels
            assert asks == sorted(set(asks))
            assert bids == sorted(set(bids), reverse=True)
            assert bids[0] < asks[0]
            assert all(one.order_num >= 1 for one in (*event.asks, *event.bids))
        elif isinstance(event, Trade) and event.direction is not Direction.NEUTRAL:
            assert depth is not None
            side = depth.asks if event.direction is Direction.UP else depth.bids
            assert event.price == side[0].price
            assert event.volume <= side[0].volume
    assert (depth is None) == told.instrument.is_index


def test_a_market_order_of_some_lots_finds_size(told: Told) -> None:
    sizes = [
        min(one.asks[0].volume, one.bids[0].volume) for one in told.events if isinstance(one, Depth)
    ]
    lot = 100 if told.instrument.market is Market.US else told.instrument.lot_size
    assert min(sizes, default=5 * lot) >= 5 * lot


def test_broker_queues_name_known_brokers_and_fit_the_depth(told: Told) -> None:
    known = {number for one in REFERENCE.participants for number in one.broker_ids}
    depth: Depth | None = None
    queues = 0
    for event in told.events:
        if isinstance(event, Depth):
            depth = event
        elif isinstance(event, Brokers):
            queues += 1
            assert depth is not None
            for side, levels in ((event.asks, depth.asks), (event.bids, depth.bids)):
                assert len(side) == len(levels)
                assert sum(len(ids) for ids in side) <= 40
                for ids, level in zip(side, levels, strict=True):
                    assert 1 <= len(ids) <= level.order_num
                    assert known.issuperset(ids)
    shown = told.instrument.market is Market.HK and not told.instrument.is_index
    assert (queues > 1000) if shown else (queues == 0)


def test_main_symbols_never_pause_for_three_seconds(told: Told) -> None:
    if told.symbol not in LIVELY:
        return
    kinds = [IndexTick] if told.instrument.is_index else [Trade, Depth]
    if told.instrument.market is Market.HK and not told.instrument.is_index:
        kinds.append(Brokers)
    for span in told.spans:
        if span.phase not in (Phase.CONTINUOUS, Phase.REGULAR):
            continue
        inside = [one for one in told.events if span.begin <= one.at < span.end]
        for kind in kinds:
            edges = [span.begin, *(one.at for one in inside if type(one) is kind), span.end]
            gaps = [after - before for before, after in pairwise(edges)]
            assert max(gaps) < timedelta(seconds=3)
            assert (span.end - span.begin) / len(gaps) < timedelta(seconds=1.7)


def test_events_are_in_order_and_inside_their_sessions(told: Told) -> None:
    assert all(before.at < after.at for before, after in pairwise(told.events))
    closing = {Phase.CLOSING_RANDOM, Phase.CLOSE_AUCTION}
    matches = {span.end for span in told.spans if span.phase in closing}
    trading = {Phase.CONTINUOUS, Phase.REGULAR, Phase.PRE, Phase.POST, Phase.OVERNIGHT}
    spans = iter(told.spans)
    span = next(spans)
    for event in told.events:
        if event.at in matches:
            assert isinstance(event, Trade | IndexTick)
            continue
        while event.at >= span.end:
            span = next(spans)
        assert span.begin <= event.at
        if isinstance(event, Trade):
            assert event.session is span.state.session
        if span.phase not in trading:  # the print of the opening auction, and the book after it
            assert span.phase in (Phase.BLOCKING, Phase.SILENT)
            assert not isinstance(event, Trade) or event.at == span.begin
