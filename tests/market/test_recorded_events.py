"""Replay of tiny recorded days: events, their order, their sessions, types and directions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portway.market.ports import MarketSource
from portway.market.recorded import QuoteFeed, RecordedDataError, open_lean
from portway.model.calendar import Calendar
from portway.model.quote import (
    Depth,
    Direction,
    Level,
    Period,
    Trade,
    TradeSession,
)
from portway.model.symbol import Market
from tests.market.lean_files import DAY, put_rows, utc
from tests.market.tiny_days import (
    DOWN,
    IBM,
    NEUTRAL,
    NEXT_DAY,
    NORMAL,
    POST,
    PRE,
    UP,
    all_events,
    ask,
    bars_of,
    bid,
    put_ticks,
    trade,
    trades_of,
)


def test_prints_and_quotes_become_events(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("09:30:00.250", 1_821_400, 64, "20000020")],
        [bid("09:30", 1_821_300, 300, "P"), ask("09:30:00.100", 1_821_400, 200, "N")],
    )
    level_bid = Level(Decimal("182.13"), 300, 1)
    level_ask = Level(Decimal("182.14"), 200, 1)
    assert all_events(recorded) == [
        Depth(IBM, utc("09:30"), (), (level_bid,)),
        Depth(IBM, utc("09:30:00.100"), (level_ask,), (level_bid,)),
        Trade(IBM, utc("09:30:00.250"), Decimal("182.14"), 64, "F", UP, NORMAL),
    ]


def test_a_recorded_source_is_a_market_source(tmp_path: Path) -> None:
    recorded: MarketSource = put_ticks(tmp_path, [trade("10:00", 10)])
    assert list(recorded.symbols()) == [IBM]


def test_at_one_moment_prints_come_first_and_files_keep_their_order(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("10:00", 100), trade("10:00", 102), trade("10:00", 101), trade("10:01", 103)],
        [bid("10:00", 99), ask("10:00", 104), bid("10:00", 98), ask("10:01", 103)],
    )
    kinds = [type(one).__name__[0] for one in all_events(recorded)]
    assert "".join(kinds) == "TTTDDDTD"
    assert [int(one.price * 10_000) for one in trades_of(recorded)] == [100, 102, 101, 103]


def test_only_changes_of_the_best_quote_are_told(tmp_path: Path) -> None:
    recorded = put_ticks(
        tmp_path,
        [trade("10:00", 100)],
        [
            bid("09:00", 100, exchange="N"),
            bid("09:01", 99, exchange="P"),
            bid("09:02", 100, exchange="N"),
            bid("09:03", 100, 50, exchange="P"),
        ],
    )
    depths = [one for one in all_events(recorded) if isinstance(one, Depth)]
    assert [(one.at, one.bids[0].volume, one.bids[0].order_num) for one in depths] == [
        (utc("09:00"), 100, 1),
        (utc("09:03"), 150, 2),
    ]


def test_how_quotes_are_read_may_be_said(tmp_path: Path) -> None:
    put_ticks(tmp_path, [trade("10:00", 100)], [bid("09:00", 100), bid("09:01", 99, exchange="P")])
    recorded = open_lean(tmp_path, feed=QuoteFeed.NATIONAL_BEST)
    depths = [one for one in all_events(recorded) if isinstance(one, Depth)]
    assert [one.bids[0].price for one in depths] == [Decimal("0.01"), Decimal("0.0099")]


def test_an_interval_is_half_open(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 1), trade("10:01", 2), trade("10:02", 3)])

    def prices(begin: str, end: str) -> list[int]:
        found = recorded.ticks(IBM, utc(begin), utc(end))
        return [int(one.price * 10_000) for one in found if isinstance(one, Trade)]

    assert prices("10:00", "10:02") == [1, 2]
    assert prices("10:00:00.001", "10:02:00.001") == [2, 3]
    assert prices("10:02", "10:00") == []
    assert prices("11:00", "12:00") == []


def test_days_follow_each_other(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", trade("10:00", 5), day=NEXT_DAY)
    recorded = put_ticks(tmp_path, [trade("10:00", 7)])
    assert [one.at for one in all_events(recorded)] == [utc("10:00"), utc("10:00", NEXT_DAY)]


def test_many_rows_cross_the_chunks_without_a_seam(tmp_path: Path) -> None:
    count = 10_000
    rows = [f"{36_000_000 + n},{1000 + n},{1 + n % 7},Q,1,0" for n in range(count)]
    quotes = [f"{36_000_000 + n},{900 + n},{1 + n},0,0,Q,1,0" for n in range(0, count, 3)]
    recorded = put_ticks(tmp_path, rows, quotes)
    found = trades_of(recorded)
    assert [int(one.price * 10_000) for one in found] == [1000 + n for n in range(count)]
    assert len(all_events(recorded)) == count + len(quotes)
    at = [one.at for one in all_events(recorded)]
    assert at == sorted(at)


@pytest.mark.parametrize(
    ("clock", "flags", "session"),
    [
        ("04:00", "2000", PRE),
        ("09:29:59.999", "1", PRE),
        ("09:30", "1", NORMAL),
        ("15:59:59.999", "1", NORMAL),
        ("16:00", "1", POST),
        ("16:01:04", "80", NORMAL),
        ("16:01:04", "1000000", NORMAL),
        ("19:59:59", "2000", POST),
    ],
)
def test_the_session_follows_new_york_time(
    tmp_path: Path, clock: str, flags: str, session: TradeSession
) -> None:
    (found,) = trades_of(put_ticks(tmp_path, [trade(clock, 100, flags=flags)]))
    assert found.session is session


def test_a_half_day_ends_at_one(tmp_path: Path) -> None:
    calendar = Calendar(Market.US, DAY, NEXT_DAY, (DAY, NEXT_DAY), frozenset({DAY}))
    for day in (DAY, NEXT_DAY):
        put_rows(tmp_path, "trade", trade("13:00", 100), day=day)
    recorded = open_lean(tmp_path, calendar=calendar)
    assert [one.session for one in trades_of(recorded)] == [POST, NORMAL]
    assert bars_of(recorded)[0].session is POST
    assert bars_of(recorded, Period.DAY) == []


QUOTED = [bid("09:00", 100), ask("09:00", 110)]


@pytest.mark.parametrize(
    ("quotes", "rows", "direction"),
    [
        (QUOTED, [trade("10:00", 110)], UP),
        (QUOTED, [trade("10:00", 115)], UP),
        (QUOTED, [trade("10:00", 100)], DOWN),
        (QUOTED, [trade("10:00", 90)], DOWN),
        (QUOTED, [trade("10:00", 105)], NEUTRAL),
        (QUOTED, [trade("10:00", 110, exchange="D")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="40")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="100000")], NEUTRAL),
        (QUOTED, [trade("10:00", 110, flags="80000000")], UP),
        # The quotes of the same moment came after the print.
        ([*QUOTED, ask("10:00", 105), ask("10:01", 111)], [trade("10:00", 105)], NEUTRAL),
        # One side alone decides where it is reached; else the tick rule.
        (QUOTED[:1], [trade("10:00", 100)], DOWN),
        (QUOTED[:1], [trade("10:00", 101), trade("10:01", 102)], UP),
        ([], [trade("10:00", 101)], NEUTRAL),
        ([], [trade("10:00", 101), trade("10:01", 100)], DOWN),
        ([], [trade("10:00", 101), trade("10:01", 102), trade("10:02", 102)], UP),
        # Prices that were not set are no measure for the tick rule, and prints keep their own.
        ([], [trade("10:00", 101), trade("10:01", 90, flags="2"), trade("10:02", 100)], DOWN),
        # A locked market leaves it to the tick rule.
        (
            [bid("09:00", 100), ask("09:00", 100)],
            [trade("08:00", 101), trade("10:00", 100)],
            DOWN,
        ),
    ],
)
def test_direction(
    tmp_path: Path, quotes: list[str], rows: list[str], direction: Direction
) -> None:
    assert trades_of(put_ticks(tmp_path, rows, quotes))[-1].direction is direction


def test_unknown_and_suspicious_rows_are_counted(tmp_path: Path) -> None:
    rows = [
        trade("10:00", 100, flags="40000001"),
        trade("10:01", 100)[:-1] + "1",
        trade("10:02", 100, volume=0),
        trade("10:03", 100),
    ]
    recorded = put_ticks(tmp_path, rows, [bid("09:00", 99)])
    assert [one.trade_type for one in trades_of(recorded)] == ["", "H", ""]
    counts = recorded.counts
    assert (counts.days, counts.prints, counts.quotes) == (1, 3, 1)
    assert (counts.suspicious, counts.unknown_conditions, counts.without_volume) == (1, 1, 1)


def test_events_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", trade("10:00", 100))
    put_rows(tmp_path, "trade", "rubbish", day=NEXT_DAY)
    events = open_lean(tmp_path).ticks(IBM, utc("00:00"), utc("23:00", NEXT_DAY))
    assert next(events).at == utc("10:00")
    with pytest.raises(RecordedDataError):
        next(events)
