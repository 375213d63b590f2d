"""A folder of recorded days: what it lists, what damage does, what is kept in memory."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest

from portway.market.recorded import RecordedDataError, open_lean, source
from portway.model.instrument import SecurityClass
from portway.model.quote import (
    Period,
)
from portway.model.symbol import Market, Symbol
from tests.market.lean_files import DAY, put_csv, put_daily, put_rows, utc
from tests.market.tiny_days import (
    DAILY,
    IBM,
    NEXT_DAY,
    all_events,
    bars_of,
    bid,
    put_ticks,
    trade,
)


def test_a_symbol_that_is_not_recorded_has_nothing(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 100)])
    other = Symbol("700.HK")
    assert other not in recorded.symbols()
    assert list(recorded.ticks(other, utc("00:00"), utc("23:00"))) == []
    assert recorded.bars(other, Period.DAY, DAY, DAY) == []
    assert recorded.trading_days(other, DAY, DAY) == ()
    assert recorded.snapshot(other, utc("12:00")) is None
    assert recorded.prev_close(other, DAY) is None
    assert recorded.corporate_actions(other) == ()
    recorded.prepare(other, DAY)


def test_instruments_of_the_folder(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_daily(tmp_path, DAILY, ticker="spy")
    put_daily(tmp_path, DAILY, ticker="brk.b")
    put_csv(tmp_path, "map_files", "19930129,spy,P\n20501231,spy,P", ticker="spy")
    put_csv(tmp_path, "map_files", "20501231,ibm,N")
    brk, ibm, spy = open_lean(tmp_path).instruments()
    assert (brk.symbol, ibm.symbol, spy.symbol) == ("BRK.B.US", IBM, "SPY.US")
    assert (ibm.exchange, ibm.security_class, ibm.name_en) == ("NYSE", SecurityClass.STOCK, "IBM")
    assert (spy.exchange, spy.security_class) == ("AMEX", SecurityClass.ETF)
    assert spy.listing_date == date(1993, 1, 29)
    assert (ibm.currency, ibm.lot_size, ibm.board, ibm.market) == ("USD", 1, "USMain", Market.US)


def test_damage_is_met_at_first_use_and_touches_nothing_else(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", "rubbish")
    put_rows(tmp_path, "trade", trade("10:00", 100), ticker="bac")
    put_rows(tmp_path, "trade", trade("10:00", 100), day=NEXT_DAY)
    recorded = open_lean(tmp_path)
    for _ in range(2):
        with pytest.raises(RecordedDataError) as caught:
            bars_of(recorded)
        assert (caught.value.path, caught.value.line) == (path, 1)
    with pytest.raises(RecordedDataError):
        recorded.prepare(IBM, DAY)
    with pytest.raises(RecordedDataError):
        recorded.snapshot(IBM, utc("12:00"))
    assert len(all_events(recorded, Symbol("BAC.US"))) == 1
    later = list(recorded.ticks(IBM, utc("00:00", NEXT_DAY), utc("23:00", NEXT_DAY)))
    assert len(later) == 1


def test_a_file_that_vanished(tmp_path: Path) -> None:
    path = put_rows(tmp_path, "trade", trade("10:00", 100))
    recorded = open_lean(tmp_path)
    path.unlink()
    with pytest.raises(RecordedDataError, match="cannot be read"):
        all_events(recorded)


def test_a_prepared_day_needs_its_files_no_more(tmp_path: Path) -> None:
    put_daily(tmp_path, DAILY)
    put_rows(tmp_path, "quote", bid("20:00", 98), day=date(2013, 10, 6))
    recorded = put_ticks(tmp_path, [trade("10:00", 100)], [bid("09:00", 99)])
    worker = Thread(target=recorded.prepare, args=(IBM, DAY))
    worker.start()
    worker.join()
    for path in tmp_path.rglob("*.zip"):
        path.unlink()
    assert len(all_events(recorded)) == 2
    assert len(bars_of(recorded)) == 1
    snapshot = recorded.snapshot(IBM, utc("08:00"))
    assert snapshot is not None
    assert snapshot.depth is not None
    assert snapshot.depth.bids[0].price == Decimal("0.0098")
    assert recorded.prev_close(IBM, DAY) == 93


def test_a_day_is_not_read_before_its_first_moment(tmp_path: Path) -> None:
    put_rows(tmp_path, "trade", "rubbish", day=NEXT_DAY)
    recorded = put_ticks(tmp_path, [trade("10:00", 100)])
    assert len(list(recorded.ticks(IBM, utc("00:00"), utc("00:00", NEXT_DAY)))) == 1


def test_rows_about_no_shares_are_counted_on_a_day_without_others(tmp_path: Path) -> None:
    recorded = put_ticks(tmp_path, [trade("10:00", 100, volume=0)], [bid("09:00", 99)])
    assert len(all_events(recorded)) == 1
    assert recorded.counts.without_volume == 1


def test_days_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "DAYS_MAX", 3)
    days = [DAY + timedelta(days=number) for number in range(5)]
    for day in days:
        put_rows(tmp_path, "trade", trade("10:00", 100), day=day)
    recorded = open_lean(tmp_path)
    assert len(all_events(recorded)) == 5
    assert recorded.counts.days == 3
    assert len(all_events(recorded)) == 5
