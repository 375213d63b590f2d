from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.instrument import (
    PHASE_2_FROM,
    Board,
    Instrument,
    NoSpreadTable,
    OrderSizeLimits,
    SecurityClass,
    is_index_board,
    order_size_max,
    quantity_refusal,
    spread_table,
)
from portway.model.instrument import QuantityRefusal as R
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderType
from portway.model.symbol import Market, Symbol

C = SecurityClass


@pytest.mark.parametrize(
    ("day", "tick_at_5", "tick_at_15", "tick_at_30"),
    [
        (date(2025, 8, 3), "0.01", "0.02", "0.05"),
        (date(2025, 8, 4), "0.01", "0.01", "0.02"),
        (date(2026, 7, 5), "0.01", "0.01", "0.02"),
        (date(2026, 7, 6), "0.005", "0.01", "0.02"),
    ],
)
def test_hk_part_a_has_three_tables_by_date(day, tick_at_5, tick_at_15, tick_at_30):
    table = spread_table(Market.HK, C.EQUITY, day)
    ticks = [table.tick_size(Decimal(price)) for price in (5, 15, 30)]
    assert ticks == [Decimal(tick_at_5), Decimal(tick_at_15), Decimal(tick_at_30)]


def test_the_second_reduction_starts_on_the_day_that_is_set():
    day = date(2026, 9, 1)
    early = spread_table(Market.HK, C.EQUITY, day, phase2_from=PHASE_2_FROM)
    late = spread_table(Market.HK, C.EQUITY, day, phase2_from=date(2026, 10, 5))
    assert early.tick_size(Decimal(5)) == Decimal("0.005")
    assert late.tick_size(Decimal(5)) == Decimal("0.01")


@pytest.mark.parametrize("cls", [C.WARRANT, C.CBBC, C.INLINE])
def test_structured_products_keep_the_old_table(cls):
    table = spread_table(Market.HK, cls, date(2027, 1, 4))
    assert table.tick_size(Decimal("0.6")) == Decimal("0.01")
    assert table.tick_size(Decimal(15)) == Decimal("0.02")


def test_a_class_of_another_market_has_no_table():
    with pytest.raises(NoSpreadTable):
        spread_table(Market.US, C.CBBC, date(2026, 1, 5))


def refusal(quantity: str, market: Market, **given: object) -> R | None:
    terms = {
        "security_class": {"HK": C.EQUITY, "US": C.STOCK, "CN": C.A_SHARE}[market],
        "board": {
            "HK": Board.HK_EQUITY,
            "US": Board.US_MAIN,
            "CN": Board.SH_MAIN_CONNECT,
        }[market],
        "lot_size": 1 if market is Market.US else 100,
        "order_type": OrderType.LO,
        "side": OrderSide.BUY,
    }
    return quantity_refusal(Decimal(quantity), market=market, **{**terms, **given})


@pytest.mark.parametrize("market", [Market.HK, Market.US, Market.CN])
def test_nothing_and_fractions_are_refused_everywhere(market):
    assert refusal("0", market) is R.NOT_POSITIVE
    assert refusal("-0.5", market) is R.NOT_POSITIVE
    assert refusal("100.5", market) is R.FRACTIONAL
    assert refusal("100.00", market) is None


def test_hk_names_the_lot_before_the_maximum_and_cn_the_maximum_before_the_lot():
    assert refusal("300150", Market.HK) is R.LOT_MULTIPLE
    assert refusal("300100", Market.HK) is R.MAX_QUANTITY
    assert refusal("1000150", Market.CN) is R.MAX_QUANTITY


def test_cn_names_the_missing_shares_before_the_lot():
    sell = {"side": OrderSide.SELL, "holding": 350}
    assert refusal("425", Market.CN, **sell) is R.NOT_ENOUGH_SHARES
    assert refusal("1000100", Market.CN, **sell) is R.MAX_QUANTITY


@given(holding=st.integers(0, 2000), quantity=st.integers(1, 2000))
def test_a_cn_sell_never_divides_the_odd_remainder(holding, quantity):
    reason = refusal(str(quantity), Market.CN, side=OrderSide.SELL, holding=holding)
    if quantity > holding:
        assert reason is R.NOT_ENOUGH_SHARES
        return
    left_odd, held_odd = (holding - quantity) % 100, holding % 100
    assert (reason is None) == (left_odd in {held_odd, 0})


@given(holding=st.integers(0, 1000), quantity=st.integers(1, 1000))
def test_a_star_sell_is_a_lot_or_more_or_everything(holding, quantity):
    star = {"board": Board.SH_STAR, "lot_size": 200, "side": OrderSide.SELL}
    reason = refusal(str(quantity), Market.CN, holding=holding, **star)
    if quantity > holding:
        assert reason is R.NOT_ENOUGH_SHARES
    elif quantity >= 200 or quantity == holding:
        assert reason is None
    else:
        assert reason is R.MIN_QUANTITY


def test_odd_lot_orders_hold_less_than_a_lot():
    odd = {"order_type": OrderType.ODD}
    assert refusal("99", Market.HK, **odd) is None
    assert refusal("100", Market.HK, **odd) is R.ODD_LOT_QUANTITY


@pytest.mark.parametrize(
    ("market", "cls", "board", "lot_size", "most"),
    [
        (Market.HK, C.EQUITY, Board.HK_EQUITY, 100, 300_000),
        (Market.HK, C.EQUITY, Board.HK_EQUITY, 50_000, 99_999_999),
        (Market.US, C.STOCK, Board.US_MAIN, 1, 1_000_000),
        (Market.US, C.OPTION_PENNY, Board.US_OPTION, 1, 10_000),
        (Market.CN, C.A_SHARE, Board.SZ_GEM_CONNECT, 100, 300_000),
        (Market.CN, C.A_SHARE, Board.SH_STAR, 200, 100_000),
        (Market.CN, C.ETF, Board.SH_MAIN_CONNECT, 100, 1_000_000),
        (Market.SG, C.STOCK, Board.SG_MAIN, 100, None),
    ],
)
def test_the_largest_order_depends_on_market_board_and_lot(market, cls, board, lot_size, most):
    assert order_size_max(market, cls, board, lot_size) == most


def test_the_largest_order_is_a_setting():
    limits = OrderSizeLimits(us_shares=10)
    assert refusal("11", Market.US, limits=limits) is R.MAX_QUANTITY
    assert refusal("10", Market.US, limits=limits) is None


def test_index_boards_are_those_without_trades_of_their_own():
    names = {board.value for board in Board if is_index_board(board)}
    assert names == set(
        "USDJI USNSDQ USSector HKHS HKSector CNIX CNSector STI SGSector SPXIndex VIXIndex".split()
    )


def test_an_instrument_knows_its_market_and_the_currency_it_settles_in():
    moutai = Instrument(
        symbol=Symbol("600519.SH"),
        name_en="Kweichow Moutai",
        name_cn="贵州茅台",
        name_hk="貴州茅台",
        exchange="SSE",
        currency="CNY",
        lot_size=100,
        board=Board.SH_MAIN_CONNECT,
        security_class=C.A_SHARE,
        indexes=(Symbol("000300.SH"),),
    )
    assert moutai.market is Market.CN
    assert moutai.settlement_currency is Currency.CNH
    assert moutai.in_index("000300.SH")
    assert not moutai.in_index("HSI.HK")
    assert not moutai.is_index
