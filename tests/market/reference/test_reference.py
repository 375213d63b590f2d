from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portway.market.reference import (
    TableError,
    built_in,
    calendars,
    instruments,
    participants,
    trading_session_rows,
)
from portway.market.reference.rows import read_table
from portway.model.instrument import Board, Derivative, SecurityClass, spread_table
from portway.model.money import Currency
from portway.model.symbol import Market, Symbol

SECURITIES = [one for one in instruments().values() if not one.is_index]
INDEXES = [one for one in instruments().values() if one.is_index]

WEEKDAY_HOLIDAYS = """
HK 2025 01-01 01-29 01-30 01-31 04-04 04-18 04-21 05-01 05-05 07-01 10-01 10-07 10-29 12-25 12-26
HK 2026 01-01 02-17 02-18 02-19 04-03 04-06 04-07 05-01 05-25 06-19 07-01 10-01 10-19 12-25
HK 2027 01-01 02-08 02-09 03-26 03-29 04-05 05-13 06-09 07-01 09-16 10-01 10-08 12-27
US 2025 01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25
US 2026 01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25
US 2027 01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24
CN 2025 01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02
 10-01 10-02 10-03 10-06 10-07 10-08
CN 2026 01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25
 10-01 10-02 10-05 10-06 10-07
""".replace("\n ", " ")
HALF_DAYS = """
HK 2025 01-28 12-24 12-31
HK 2026 02-16 12-24 12-31
HK 2027 02-05 12-24 12-31
US 2025 07-03 11-28 12-24
US 2026 11-27 12-24
US 2027 11-26
CN 2025
CN 2026
"""
SESSIONS = {
    ("HK", 2025): 246,
    ("HK", 2026): 247,
    ("HK", 2027): 248,
    ("US", 2025): 250,
    ("US", 2026): 251,
    ("US", 2027): 251,
    ("CN", 2025): 243,
    ("CN", 2026): 242,
}


def rows(text: str) -> list[tuple[Market, int, list[str]]]:
    lines = (line.split() for line in text.strip().splitlines())
    return [(Market(market), int(year), days) for market, year, *days in lines]


@pytest.mark.parametrize(("market", "year", "days"), rows(WEEKDAY_HOLIDAYS))
def test_holidays_are_those_the_exchanges_published(market, year, days):
    calendar = calendars()[market]
    closed = [
        f"{day:%m-%d}"
        for day in _days_of(year)
        if day.weekday() < 5 and not calendar.is_trading_day(day)
    ]
    assert closed == days


@pytest.mark.parametrize(("market", "year", "days"), rows(HALF_DAYS))
def test_half_days_are_those_the_exchanges_published(market, year, days):
    calendar = calendars()[market]
    assert [f"{day:%m-%d}" for day in _days_of(year) if calendar.is_half_day(day)] == days


@pytest.mark.parametrize(("key", "count"), SESSIONS.items(), ids=str)
def test_a_year_has_so_many_trading_days(key, count):
    market, year = key
    calendar = calendars()[Market(market)]
    assert sum(calendar.is_trading_day(day) for day in _days_of(year)) == count


def test_every_market_has_a_calendar_up_to_2035_and_no_weekend_trades():
    for market in Market:
        calendar = calendars()[market]
        assert calendar.market is market
        assert calendar.days[0].year == 2000
        assert calendar.days[-1].year == 2035
        assert all(day.weekday() < 5 for day in calendar.days)
        for year in range(2000, 2036):
            assert 235 <= sum(day.year == year for day in calendar.days) <= 257


def test_the_mainland_never_has_a_half_day():
    assert not calendars()[Market.CN].half_days


def test_the_table_has_the_well_known_securities():
    known = (
        "700.HK 9988.HK 5.HK 1299.HK 388.HK 941.HK 3690.HK 1810.HK 2318.HK 9618.HK 2800.HK 3033.HK"
        " HSI.HK HSCEI.HK HSTECH.HK AAPL.US MSFT.US NVDA.US TSLA.US AMZN.US IBM.US BABA.US SPY.US"
        " QQQ.US .IXIC.US .DJI.US .SPX.US 600519.SH 601318.SH 600036.SH 688981.SH 000001.SZ"
        " 300750.SZ 510300.SH 000001.SH 399001.SZ 000300.SH"
    )
    assert set(known.split()) <= set(instruments())


@pytest.mark.parametrize("one", SECURITIES, ids=lambda one: one.symbol)
def test_a_security_is_whole(one):
    assert one.name_en
    assert one.name_cn
    assert one.name_hk
    assert 0 < one.circulating_shares <= one.total_shares
    assert one.listing_date is not None
    assert one.lot_size >= 1
    expected = {Market.HK: "HKD", Market.US: "USD", Market.CN: "CNY"}[one.market]
    is_rmb_counter = one.market is Market.HK and one.symbol.startswith("8") and len(one.symbol) == 8
    assert one.currency == ("CNY" if is_rmb_counter else expected)
    assert one.settlement_currency in Currency
    assert not one.board.is_index
    assert (one.hk_shares > 0) == (one.market is Market.HK)
    is_warrant = one.security_class is SecurityClass.US_WARRANT
    assert one.overnight == (one.market is Market.US and not is_warrant)
    assert one.stamp_duty == (one.security_class is SecurityClass.EQUITY)
    assert spread_table(one.market, one.security_class, one.listing_date).lowest > 0


@pytest.mark.parametrize("one", INDEXES, ids=lambda one: one.symbol)
def test_an_index_is_on_an_index_board_and_has_no_shares(one):
    assert one.security_class is SecurityClass.INDEX
    assert one.board.is_index
    assert one.total_shares == 0
    assert not one.indexes
    assert not one.overnight


@pytest.mark.parametrize("one", INDEXES, ids=lambda one: one.symbol)
def test_every_index_has_members(one):
    if one.board is Board.VIX_INDEX:  # A value of options, not of shares.
        return
    assert any(other.in_index(one.symbol) for other in SECURITIES)


@pytest.mark.parametrize(
    ("symbol", "board", "lot_size", "exchange"),
    [
        ("700.HK", Board.HK_EQUITY, 100, "SEHK"),
        ("5.HK", Board.HK_EQUITY, 400, "SEHK"),
        ("9618.HK", Board.HK_EQUITY, 50, "SEHK"),
        ("2800.HK", Board.HK_EQUITY, 500, "SEHK"),
        ("HSI.HK", Board.HK_HS, 1, "SEHK"),
        ("AAPL.US", Board.US_MAIN, 1, "NASD"),
        ("IBM.US", Board.US_MAIN, 1, "NYSE"),
        ("SPY.US", Board.US_MAIN, 1, "AMEX"),
        (".IXIC.US", Board.US_NSDQ, 1, "NASD"),
        (".DJI.US", Board.US_DJI, 1, "NYSE"),
        (".SPX.US", Board.SPX_INDEX, 1, "NYSE"),
        ("600519.SH", Board.SH_MAIN_CONNECT, 100, "SSE"),
        ("688981.SH", Board.SH_STAR, 200, "SSE"),
        ("300750.SZ", Board.SZ_GEM_CONNECT, 100, "SZSE"),
        ("000001.SZ", Board.SZ_MAIN_CONNECT, 100, "SZSE"),
        ("000001.SH", Board.CN_IX, 1, "SSE"),
    ],
)
def test_boards_and_lots_that_clients_rely_on(symbol, board, lot_size, exchange):
    one = instruments()[Symbol(symbol)]
    assert (one.board, one.lot_size, one.exchange) == (board, lot_size, exchange)


def test_derivatives_written_on_the_large_ones():
    assert instruments()[Symbol("700.HK")].stock_derivatives == (Derivative.WARRANT,)
    assert instruments()[Symbol("AAPL.US")].stock_derivatives == (Derivative.OPTION,)
    assert instruments()[Symbol("600519.SH")].stock_derivatives == ()


def test_tencent_figures_fit_a_price_between_500_and_1000():
    tencent = instruments()[Symbol("700.HK")]
    assert Decimal(15) < Decimal(600) / tencent.eps_ttm < Decimal(40)
    assert Decimal(2) < Decimal(600) / tencent.bps < Decimal(10)


def rows_of(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_hk_lots_and_names_agree_with_the_list_of_securities(shared):
    rows = rows_of(shared / "data/hk/hk_securities_2026-03.csv.gz")
    listed = {f"{int(row['code'])}.HK": row for row in rows}
    ours = [one for one in SECURITIES if one.market is Market.HK]
    assert ours
    for one in ours:
        row = listed[one.symbol]
        assert (one.lot_size, one.name_en) == (int(row["board_lot"]), row["name_en"])
        assert one.stamp_duty == (row["stamp_duty"] == "Y")
        assert one.currency == row["currency"].replace("RMB", "CNY")
        assert one.short_sell == (row["short_sell"] == "Y")
        assert one.vcm_eligible == (row["vcm_eligible"] == "Y")
        assert one.pos_eligible == (row["pos_eligible"] == "Y")
        assert one.cas_eligible == (row["cas_eligible"] == "Y")
        assert row["spread_table"] == ("5" if one.security_class is SecurityClass.ETP else "1")


def test_hk_chinese_names_and_index_members_agree_with_the_known_ones(shared):
    known = {f"{int(row['code'])}.HK": row for row in rows_of(shared / "data/hk/hk_names_zh.csv")}
    ours = {one.symbol: one for one in SECURITIES}
    members = {symbol for symbol, row in known.items() if row["hsi_member_2025"] == "1"}
    assert members == {one.symbol for one in SECURITIES if one.in_index("HSI.HK")}
    for symbol, row in known.items():
        assert symbol in ours
        assert (ours[symbol].name_cn, ours[symbol].name_hk) == (row["name_cn"], row["name_hk"])


def test_us_securities_are_in_the_us_list_under_a_name_alike(shared):
    listed = {row["symbol"]: row for row in rows_of(shared / "data/us/us_securities.csv.gz")}
    chinese = {row["symbol"]: row for row in rows_of(shared / "data/us/us_names_zh.csv")}
    found = 0
    for one in SECURITIES:
        if one.market is not Market.US:
            continue
        ticker = one.symbol.removesuffix(".US")
        if row := listed.get(ticker):
            assert row["kind"] == one.security_class.value
        found += ticker in listed
        if ticker in chinese and ticker not in ("SPY", "QQQ"):
            assert one.name_cn == chinese[ticker]["name_cn"]
    # The list of stocks is of 2022, and it spells share classes in another way.
    assert found >= 120


def test_mainland_securities_agree_with_the_mainland_list(shared):
    listed = {row["symbol"]: row for row in rows_of(shared / "data/cn/cn_securities.csv.gz")}
    found = 0
    for one in instruments().values():
        row = listed.get(one.symbol)
        if one.market is not Market.CN or row is None:
            continue
        found += 1
        assert one.is_index == (row["type"] == "2")
        assert (one.board is Board.SZ_GEM_CONNECT) <= (row["type"] == "8")
    assert found >= 60


@pytest.mark.parametrize(
    ("market", "security_class", "least"),
    [
        (Market.HK, SecurityClass.EQUITY, 90),
        (Market.HK, SecurityClass.ETP, 10),
        (Market.HK, SecurityClass.REIT, 5),
        (Market.HK, SecurityClass.INDEX, 3),
        (Market.US, SecurityClass.STOCK, 90),
        (Market.US, SecurityClass.ETF, 25),
        (Market.US, SecurityClass.US_WARRANT, 3),
        (Market.US, SecurityClass.INDEX, 4),
        (Market.CN, SecurityClass.A_SHARE, 60),
        (Market.CN, SecurityClass.ETF, 10),
        (Market.CN, SecurityClass.INDEX, 5),
    ],
)
def test_the_table_has_every_kind(market, security_class, least):
    found = [
        one
        for one in instruments().values()
        if (one.market, one.security_class) == (market, security_class)
    ]
    assert len(found) >= least


def test_us_stocks_are_of_three_exchanges_and_mainland_shares_of_every_board():
    exchanges = {one.exchange for one in SECURITIES if one.security_class is SecurityClass.STOCK}
    boards = {one.board for one in SECURITIES if one.security_class is SecurityClass.A_SHARE}
    assert exchanges == {"NYSE", "NASD", "AMEX"}
    assert boards == {
        Board.SH_MAIN_CONNECT,
        Board.SH_MAIN_NON_CONNECT,
        Board.SH_STAR,
        Board.SZ_MAIN_CONNECT,
        Board.SZ_MAIN_NON_CONNECT,
        Board.SZ_GEM_CONNECT,
        Board.SZ_GEM_NON_CONNECT,
    }


def test_st_shares_are_marked_as_their_names_say():
    marked = {one.symbol for one in SECURITIES if one.risk_warning}
    named = {one.symbol for one in SECURITIES if one.name_cn.startswith(("ST", "*ST"))}
    assert marked == named
    assert len(marked) >= 4


def test_a_broker_number_belongs_to_one_participant():
    ids = [number for one in participants() for number in one.broker_ids]
    assert len(participants()) >= 30
    assert len(ids) == len(set(ids))
    assert all(0 < number < 10_000 for number in ids)
    assert all(one.name_en and one.name_cn and one.name_hk for one in participants())


def test_the_sessions_of_all_markets_are_listed():
    assert list(trading_session_rows()) == [Market.US, Market.HK, Market.CN, Market.SG]


def test_imported_instruments_are_added_and_replace_known_ones():
    tencent = instruments()[Symbol("700.HK")]
    reference = built_in().with_instruments(
        [replace(tencent, lot_size=500), replace(tencent, symbol=Symbol("80700.HK"))]
    )
    assert reference.instruments[Symbol("700.HK")].lot_size == 500
    assert Symbol("80700.HK") in reference.instruments
    assert built_in().instruments[Symbol("700.HK")].lot_size == 100
    assert {one.market for one in reference.overnight()} == {Market.US}


def test_a_row_that_makes_no_sense_is_named():
    with pytest.raises(TableError, match=r"participants\.csv line 2: invalid literal"):
        list(read_table("participants.csv", lambda row: int(row["name_en"])))


def test_the_tables_cannot_be_changed():
    with pytest.raises(TypeError):
        instruments()[Symbol("700.HK")] = None  # type: ignore[index]


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [day for n in range(366) if (day := first + timedelta(days=n)).year == year]
