"""A source that knows symbols alone: boards stay empty, nothing fails."""

from __future__ import annotations

from datetime import UTC, date, datetime

from portway.market.listed import ListedSource
from portway.market.reference import built_in
from portway.market.reference.instrument_table import COLUMNS
from portway.market.reference.listing import csv_row, write_listing
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.market.synthetic.kinds import is_drawn
from portway.model.instrument import SecurityClass
from portway.model.quote import Period
from portway.model.symbol import Market, Symbol

WARRANT = Symbol("10001.HK")
NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)


def test_a_listed_warrant_has_a_name_and_no_data(tmp_path):
    texts = {"symbol": WARRANT, "security_class": "warrant", "lot_size": "5000"}
    write_listing(tmp_path, {WARRANT: csv_row([texts.get(one, "") for one in COLUMNS])})
    reference = built_in().with_listing(tmp_path)
    world = SyntheticWorld(7, reference.only(is_drawn))
    listed = ListedSource(reference.instruments)
    market = MarketRunner(reference, [world, listed], dict.fromkeys(Market, NOW))

    assert WARRANT not in world.symbols()
    assert market.source(WARRANT) is listed
    assert market.source(Symbol("700.HK")) is world
    instrument = market.instrument(WARRANT)
    assert instrument is not None
    assert instrument.lot_size == 5000
    board = market.board(WARRANT)
    assert board is not None
    assert board.quote(NOW).volume == 0
    assert board.depth is None
    assert market.instrument(Symbol("10002.HK")) is None


def test_it_has_nothing_of_any_day():
    source = ListedSource([WARRANT])
    day = date(2026, 1, 5)
    assert list(source.symbols()) == [WARRANT]
    assert not source.trading_days(WARRANT, day, day)
    assert not source.bars(WARRANT, Period.DAY, day, day)
    assert not list(source.ticks(WARRANT, NOW, NOW))
    assert source.snapshot(WARRANT, NOW) is None
    assert source.prev_close(WARRANT, day) is None
    assert not source.corporate_actions(WARRANT)
    assert source.is_prepared(WARRANT, day)


def test_the_world_draws_every_built_in_security_and_no_derivative():
    known = built_in().instruments
    assert all(is_drawn(one.market, one.security_class) for one in known.values())
    for market in Market:
        for derivative in (SecurityClass.WARRANT, SecurityClass.CBBC, SecurityClass.OPTION_PENNY):
            assert not is_drawn(market, derivative)
    assert not is_drawn(Market.HK, SecurityClass.DEBT)
    assert not is_drawn(Market.SG, SecurityClass.STOCK)
