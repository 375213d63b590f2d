"""Trades and quotes: what an import of them keeps, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portway.market.importers.errors import RecordedDataError
from portway.market.importers.portions import ImportRefused
from portway.model.quote import Depth, Direction, Trade
from portway.model.symbol import Symbol
from tests.market.bar_files import Home

HK = Symbol("700.HK")
DAY = date(2024, 3, 4)
BEGIN, END = datetime(2024, 3, 3, 16, tzinfo=UTC), datetime(2024, 3, 4, 16, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_trades_keep_order_side_and_type(home: Home) -> None:
    rows = [
        "700.HK,2024-03-04 09:20:00,300,1000,auction,U",
        "700.HK,2024-03-04 09:30:00.25,300.2,100,buy,",
        "700.HK,2024-03-04 09:30:00.25,300,200,sell,D",
    ]
    home.ticks(home.file("a.csv", "symbol,time,price,volume,side,type", rows))
    events = list(home.source().ticks(HK, BEGIN, END))
    assert events == [
        Trade(HK, datetime(2024, 3, 4, 1, 20, tzinfo=UTC), Decimal(300), 1000, "U"),
        Trade(
            HK,
            datetime(2024, 3, 4, 1, 30, 0, 250_000, tzinfo=UTC),
            Decimal("300.2"),
            100,
            "",
            Direction.UP,
        ),
        Trade(
            HK,
            datetime(2024, 3, 4, 1, 30, 0, 250_000, tzinfo=UTC),
            Decimal(300),
            200,
            "D",
            Direction.DOWN,
        ),
    ]


def test_a_row_may_hold_a_trade_a_quote_or_both(home: Home) -> None:
    rows = [
        "2024-03-04 09:30:00,,,300,500,300.2,400",
        "2024-03-04 09:30:01,300.2,100,300,500,300.2,300",
        "2024-03-04 09:30:02,,,,,300.4,100",
    ]
    header = "time,price,volume,bid,bid_size,ask,ask_size"
    home.ticks(home.file("a.csv", header, rows), symbols=("700.HK",))
    events = list(home.source().ticks(HK, BEGIN, END))
    assert [type(one) for one in events] == [Depth, Trade, Depth, Depth]
    last = events[-1]
    assert isinstance(last, Depth)
    assert last.bids == ()
    assert last.asks[0].price == Decimal("300.4")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("700.HK,2024-03-04 09:30:00,-1,100,0", "not above zero"),
        ("700.HK,2024-03-04 09:30:00,1,-100,0", "negative volume"),
        ("700.HK,2024-03-04 09:30:00,1,100,9", "side '9'"),
        ("700.HK,2024-03-04 03:30:00,1,100,0", "outside the trading hours"),
        ("700.HK,2024-03-03 09:30:00,1,100,0", "does not trade"),
        ("700.HK,2024-03-04 09:30:00,,100,0", "number"),
    ],
)
def test_bad_ticks_refuse_the_file(home: Home, row: str, said: str) -> None:
    path = home.file("a.csv", "symbol,time,price,volume,side", [row])
    with pytest.raises(ImportRefused) as refusal:
        home.ticks(path)
    assert any(
        line.startswith("line 2:") and said in line for line in refusal.value.findings.lines()
    )
    assert home.source().symbols() == []


def test_a_file_without_prices_is_no_file_of_ticks(home: Home) -> None:
    path = home.file("a.csv", "symbol,time,volume", ["700.HK,2024-03-04 09:30:00,1"])
    with pytest.raises(RecordedDataError, match="no column price or bid or ask"):
        home.ticks(path)


def test_a_day_imported_again_replaces_its_ticks(home: Home) -> None:
    header = "symbol,time,price,volume"
    home.ticks(home.file("a.csv", header, ["700.HK,2024-03-04 09:30:00,300,100"] * 3))
    home.ticks(home.file("b.csv", header, ["700.HK,2024-03-04 09:30:00,301,100"]))
    assert len(list(home.source().ticks(HK, BEGIN, END))) == 1


def test_the_recorded_mainland_days_keep_every_trade(home: Home, shared: Path) -> None:
    findings = home.ticks(shared / "data/cn/cn_trades_2019-02.csv.gz")
    assert findings.notes == {"prints of no shares, left out": 11}
    source = home.source()
    assert source.symbols() == [
        "000001.SZ",
        "000002.SZ",
        "000004.SZ",
        "000005.SZ",
        "600000.SH",
        "600004.SH",
    ]
    events = [
        event
        for symbol in source.symbols()
        for event in source.ticks(
            symbol, datetime(2019, 1, 31, tzinfo=UTC), datetime(2019, 2, 12, tzinfo=UTC)
        )
    ]
    assert len(events) == 34_100 - 11
    first = next(iter(source.ticks(Symbol("600000.SH"), datetime(2019, 2, 1, tzinfo=UTC), END)))
    assert isinstance(first, Trade)
    assert (first.price, first.volume, first.direction) == (
        Decimal("10.82"),
        536_800,
        Direction.NEUTRAL,
    )
