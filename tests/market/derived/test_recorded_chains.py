"""Recorded option chains: the days that were recorded are shown as they were, others as made."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portway.market.derived import OptionMarket, RecordedChains, Underlyings
from portway.market.importers.errors import RecordedDataError
from portway.market.recorded import open_lean
from portway.model.derivative import Right, option_symbol
from portway.model.hours import trading_hours
from portway.model.quote import Depth, Period, Trade, TradeStatus
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from tests.market.derived.option_days import CALENDAR, new_york
from tests.market.lean_files import put_daily, put_zip
from tests.market.synthetic_days import REFERENCE, fold, values, world_of

DAY, EXPIRY = date(2015, 12, 24), date(2015, 12, 31)
GOOG = Symbol("GOOG.US")
CALL = option_symbol("GOOG", EXPIRY, Right.CALL, Decimal("747.5"))
PUT = option_symbol("GOOG", EXPIRY, Right.PUT, Decimal("747.5"))
MEMBER = "20151224_goog_minute_{kind}_american_{right}_7475000_20151231.csv"
TRADES = "34200000,52000,53000,51000,52500,9\n34380000,50000,50000,50000,50000,1\n"
QUOTES = (
    "34200000,51000,51000,51000,51500,7,53000,53000,53000,52500,8\n"
    "34260000,0,0,0,0,0,52000,52000,52000,52000,3\n"
)


def lean_root(folder: Path, **members: str) -> Path:
    equities = folder / "equity" / "usa"
    put_daily(folder, "20151222 00:00,7500000,7520000,7490000,7500000,100\n", "goog")
    put_daily(folder, "20151223 00:00,7500000,7520000,7490000,7505000,100\n", "goog")
    for kind, text in members.items():
        path = folder / "option" / "usa" / "minute" / "goog" / f"20151224_{kind}_american.zip"
        put_zip(path, text, MEMBER.format(kind=kind, right="call"))
    return equities


def market_of(folder: Path, **members: str) -> OptionMarket:
    equities = lean_root(folder, **members)
    source = open_lean(equities, calendar=CALENDAR)
    reference = REFERENCE.with_instruments(source.instruments())
    underlyings = Underlyings(reference.instruments, reference.calendars, [source, world_of(7)])
    return OptionMarket(7, underlyings, RecordedChains(source.root))


@pytest.fixture
def market(tmp_path: Path) -> OptionMarket:
    return market_of(tmp_path, trade=TRADES, quote=QUOTES, openinterest="23400000,1234\n")


def test_a_recorded_day_has_the_contracts_that_were_recorded(market: OptionMarket) -> None:
    assert market.is_optionable(GOOG)
    assert [one.day for one in market.expiry_dates(GOOG, DAY)] == [EXPIRY]
    (strike,) = market.strikes(GOOG, EXPIRY, DAY)
    assert (strike.strike, strike.call, strike.put) == (Decimal("747.5"), CALL, "")
    assert market.find(CALL, DAY).option.expiry == EXPIRY
    assert market.open_interest(CALL, DAY) == 1234


def test_bars_come_back_as_they_were_recorded(market: OptionMarket) -> None:
    bars = market.bars(CALL, Period.ONE_MINUTE, DAY, DAY)
    prices = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    assert prices == [
        (Decimal("5.2"), Decimal("5.3"), Decimal("5.1"), Decimal("5.25"), 9),
        (Decimal(5), Decimal(5), Decimal(5), Decimal(5), 1),
    ]
    assert [bar.at for bar in bars] == [new_york(DAY, 9, 30), new_york(DAY, 9, 33)]
    events = list(market.ticks(CALL, new_york(DAY, 0), new_york(DAY, 23)))
    trades = [one for one in events if isinstance(one, Trade)]
    (day_bar,) = market.bars(CALL, Period.DAY, DAY, DAY)
    assert values(day_bar) == fold(trades)
    assert market.volumes(GOOG, DAY, int(new_york(DAY, 20).timestamp() * 1e6)).call_volume == 10


def test_quotes_stand_at_the_begin_and_the_end_of_their_minute(market: OptionMarket) -> None:
    events = list(market.ticks(CALL, new_york(DAY, 9, 30), new_york(DAY, 9, 32)))
    books = [one for one in events if isinstance(one, Depth)]
    shown = [
        ([str(level.price) for level in one.bids], [str(level.price) for level in one.asks])
        for one in books
    ]
    assert shown == [
        (["5.10"], ["5.30"]),
        (["5.15"], ["5.25"]),
        ([], ["5.20"]),
        ([], ["5.20"]),
    ]
    at = new_york(DAY, 9, 30, 30)
    parts = trading_hours(Market.US, market.find(CALL, DAY).board).parts(DAY, True)
    board = Board(CALL, DAY, parts, market.prev_close(CALL, DAY), is_option=True)
    for event in market.ticks(CALL, new_york(DAY, 0), at):
        board.apply(event)
    assert market.snapshot(CALL, at) == board.snapshot()


def test_a_damaged_archive_names_itself_and_the_way_out(tmp_path: Path) -> None:
    market = market_of(tmp_path, trade="34200000,not,a,number,here,9\n", quote=QUOTES)
    with pytest.raises(RecordedDataError, match=r"20151224_trade_american\.zip, line 1: .*fetch"):
        market.day(CALL, DAY)
    path = next(tmp_path.rglob("20151224_quote_american.zip"))
    path.write_bytes(b"no archive")
    broken = OptionMarket(7, market.underlyings, RecordedChains(tmp_path / "equity" / "usa"))
    with pytest.raises(RecordedDataError, match="cannot be read"):
        broken.expiry_dates(GOOG, DAY)


def test_a_folder_without_options_has_none(tmp_path: Path) -> None:
    assert RecordedChains(lean_root(tmp_path)).underlyings() == ()


# --- a real day -------------------------------------------------------------------------------

LEAN = Path(__file__).parents[4] / "shared" / "data" / "us" / "lean"


@pytest.mark.skipif(not LEAN.is_dir(), reason="no recorded data beside the project")
def test_a_real_chain_replays_on_an_early_close_day() -> None:
    source = open_lean(LEAN, calendar=CALENDAR)
    listed = [one for one in source.instruments() if one.symbol not in REFERENCE.instruments]
    reference = REFERENCE.with_instruments(listed)
    underlyings = Underlyings(reference.instruments, reference.calendars, [source, world_of(7)])
    market = OptionMarket(7, underlyings, RecordedChains(source.root))
    dates = [one.day for one in market.expiry_dates(GOOG, DAY)]
    assert len(dates) >= 10
    assert dates[0] == DAY  # the weekly ones of Christmas
    chain = {one.strike: one for day in dates for one in market.strikes(GOOG, day, DAY)}
    assert len(chain) > 100
    path = LEAN / "option" / "usa" / "minute" / "goog" / "20151224_trade_american.zip"
    with zipfile.ZipFile(path) as archive:
        members = sorted(archive.infolist(), key=lambda one: -one.file_size)[:5]
        recorded = {one.filename: archive.read(one).decode() for one in members}
    for name, text in recorded.items():
        right, strike, expiry = name.removesuffix(".csv").split("_")[-3:]
        symbol = option_symbol(
            "GOOG",
            datetime.strptime(expiry, "%Y%m%d").replace(tzinfo=UTC).date(),
            Right(right[0].upper()),
            Decimal(strike) / 10_000,
        )
        rows = [tuple(map(int, row)) for row in csv.reader(io.StringIO(text))]
        inside = [row for row in rows if 34_200_000 <= row[0] < 46_800_000]
        bars = market.bars(symbol, Period.ONE_MINUTE, DAY, DAY)
        assert [bar.volume for bar in bars] == [row[5] for row in inside]
        closes = [Decimal(row[4]) / 10_000 for row in inside]
        assert [bar.close for bar in bars] == closes
        assert bars[-1].at < new_york(DAY, 13)
    expired = market.snapshot(
        option_symbol("GOOG", DAY, Right.CALL, sorted(chain)[0]), new_york(DAY, 14)
    )
    assert expired is None or expired.status is TradeStatus.EXPIRED
