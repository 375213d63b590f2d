"""Instruments that stay text until somebody wants them, and what follows from a blank."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portway.market.reference import InstrumentSet, instruments
from portway.market.reference.instrument_set import instrument_of, listed_fields
from portway.market.reference.instrument_table import COLUMNS, parse_instrument
from portway.market.reference.listing import csv_row
from portway.model.instrument import Board, SecurityClass, spread_table
from portway.model.symbol import Market, Symbol

TENCENT = instruments()[Symbol("700.HK")]


def row(**texts: str) -> str:
    return csv_row([texts.get(name, "") for name in COLUMNS])


def made(**texts: str):
    return instrument_of(row(**texts))


def test_what_a_row_says_is_what_the_instrument_has():
    one = made(
        symbol="10001.HK", security_class="warrant", name_en="JPALIBA@EP2606B", currency="HKD",
        lot_size="5000", expiry_date="2026-06-29", flags="-",
    )  # fmt: skip
    assert one.expiry_date == date(2026, 6, 29)
    assert (one.lot_size, one.board, one.exchange) == (5000, Board.HK_WARRANT, "SEHK")
    assert one.name_cn == one.name_hk == one.name_en
    assert not any((one.stamp_duty, one.pos_eligible, one.cas_eligible))


@pytest.mark.parametrize(
    ("symbol", "security_class", "board", "exchange", "currency", "lot_size"),
    [
        ("600001.SH", "a_share", Board.SH_MAIN_NON_CONNECT, "SSE", "CNY", 100),
        ("688999.SH", "a_share", Board.SH_STAR, "SSE", "CNY", 200),
        ("301999.SZ", "a_share", Board.SZ_GEM_NON_CONNECT, "SZSE", "CNY", 100),
        ("002999.SZ", "a_share", Board.SZ_MAIN_NON_CONNECT, "SZSE", "CNY", 100),
        ("900999.SH", "b_share_sh", Board.SH_MAIN_NON_CONNECT, "SSE", "USD", 100),
        ("200999.SZ", "b_share_sz", Board.SZ_MAIN_NON_CONNECT, "SZSE", "HKD", 100),
        ("019999.SH", "debt", Board.SH_MAIN_NON_CONNECT, "SSE", "CNY", 10),
        ("000999.SH", "index", Board.CN_IX, "SSE", "CNY", 1),
        ("XYZ.US", "stock", Board.US_MAIN, "NYSE", "USD", 1),
        ("XYZW.US", "stock", Board.US_MAIN, "NASD", "USD", 1),
        ("XYZ.WS.US", "us_warrant", Board.US_MAIN, "NYSE", "USD", 1),
        ("ABC.HK", "index", Board.HK_HS, "SEHK", "HKD", 1),
        ("D05.SG", "stock", Board.SG_MAIN, "SGX", "SGD", 1),
    ],
)
def test_what_a_row_does_not_say_follows_from_market_and_class(
    symbol, security_class, board, exchange, currency, lot_size
):
    one = made(symbol=symbol, security_class=security_class)
    assert (one.board, one.exchange, one.currency) == (board, exchange, currency)
    assert one.lot_size == lot_size
    assert one.name_en == symbol.rpartition(".")[0]
    if one.market is not Market.SG:
        assert spread_table(one.market, one.security_class, date(2026, 1, 5)).lowest > 0


def test_blanks_leave_what_was_known():
    known = InstrumentSet([TENCENT])
    rows = {TENCENT.symbol: row(symbol="700.HK", security_class="equity", lot_size="50")}
    one = known.with_rows(rows)[TENCENT.symbol]
    assert one == replace(TENCENT, lot_size=50)
    assert known[TENCENT.symbol] is TENCENT


def test_no_flag_is_something_else_than_no_word_on_flags():
    known = InstrumentSet([TENCENT])
    blank = row(symbol="700.HK", security_class="equity")
    none = row(symbol="700.HK", security_class="equity", flags="-")
    assert known.with_rows({TENCENT.symbol: blank})[TENCENT.symbol].stamp_duty
    assert not known.with_rows({TENCENT.symbol: none})[TENCENT.symbol].stamp_duty


def test_rows_are_found_without_being_made():
    broken = f"1.HK,warrant{',' * (len(COLUMNS) - 2)}nonsense"
    found = InstrumentSet([TENCENT]).with_rows({Symbol("1.HK"): broken})
    assert Symbol("1.HK") in found
    assert list(found) == [TENCENT.symbol, Symbol("1.HK")]
    assert len(found) == 2
    assert found.class_of(Symbol("1.HK")) is SecurityClass.WARRANT
    assert list(found.overnight()) == []
    assert list(found.only(lambda _, kind: kind is SecurityClass.EQUITY)) == [TENCENT.symbol]
    with pytest.raises(ValueError, match="flags: unknown flags: nonsense"):
        found[Symbol("1.HK")]


def test_an_instrument_is_made_once():
    found = InstrumentSet([]).with_rows({Symbol("A.US"): row(symbol="A.US", security_class="etf")})
    assert found[Symbol("A.US")] is found[Symbol("A.US")]
    assert found.get(Symbol("B.US")) is None
    with pytest.raises(KeyError):
        found.class_of(Symbol("B.US"))


def test_the_overnight_list_has_what_a_row_marks():
    rows = {
        Symbol("A.US"): row(symbol="A.US", security_class="stock", flags="overnight"),
        Symbol("B.US"): row(symbol="B.US", security_class="stock", name_en="overnight express"),
    }
    assert [one.symbol for one in InstrumentSet([]).with_rows(rows).overnight()] == ["A.US"]


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("lot_size", "0", "lot_size: the lot size is not at least 1"),
        ("lot_size", "-5", "lot_size: '-5' is not a whole number"),
        ("total_shares", "1e9", "total_shares: '1e9' is not a whole number"),
        ("eps", "n/a", "eps: "),
        ("dividend", "-1", "dividend: the dividend is negative"),
        ("board", "Moon", "board: "),
        ("security_class", "share", "security_class: "),
        ("listing_date", "2026-02-30", "listing_date: "),
        ("indexes", "HSI", "indexes: "),
        ("stock_derivatives", "future", "stock_derivatives: unknown derivative"),
        ("circulating_shares", "99999999999999", "circulating_shares: more than total_shares"),
    ],
)
def test_a_value_that_makes_no_sense_names_its_column(column, text, said):
    texts = {"symbol": "1.HK", "security_class": "equity", "total_shares": "100", column: text}
    with pytest.raises(ValueError, match=f"^{said}"):
        listed_fields(row(**texts))


def test_a_row_of_the_built_in_table_must_be_whole():
    with pytest.raises(ValueError, match="no value for lot_size, board"):
        parse_instrument(
            {
                "symbol": "1.HK",
                "security_class": "equity",
                "exchange": "SEHK",
                "currency": "HKD",
                "lot_size": "",
                "eps": "1.5",
            }
        )
    assert parse_instrument(
        {
            "symbol": "1.HK", "security_class": "equity", "exchange": "SEHK", "currency": "HKD",
            "lot_size": "500", "board": "HKEquity", "eps": "1.5",
        }
    ).eps == Decimal("1.5")  # fmt: skip
