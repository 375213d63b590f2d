"""Price limits: the rules of each market, and what holds of all prices."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.instrument import Board, SecurityClass, spread_table
from portway.model.order import OrderSide, OrderType
from portway.model.price_limits import (
    CHINEXT_20_PERCENT_FROM,
    LULD_NARROW_FROM,
    ST_10_PERCENT_FROM,
    Luld,
    PriceRange,
    QuotationRefusal,
    QuotedMarket,
    cn_daily_limit,
    cn_limit_rate,
    cn_valid_range,
    hk_auction_bound,
    hk_quotation,
    hk_vcm_percent,
    hk_vcm_watches,
    us_luld,
)
from portway.model.symbol import Market

D = Decimal
DAY = timedelta(days=1)
ON = date(2026, 1, 5)
HK = spread_table(Market.HK, SecurityClass.EQUITY, ON)
CN = spread_table(Market.CN, SecurityClass.A_SHARE, ON)
FUND = spread_table(Market.CN, SecurityClass.ETF, ON)
BUY, SELL = OrderSide.BUY, OrderSide.SELL

hk_prices = st.integers(0, 4000).map(HK.price_at)
cents = st.integers(1, 500_000).map(lambda value: D(value).scaleb(-2))


def quotation(order_type=OrderType.LO, side=BUY, price="10", passive_check=False, **market):
    quoted = QuotedMarket(**{name: D(value) for name, value in market.items() if name != "nominal"})
    nominal = D(market["nominal"]) if "nominal" in market else None
    return hk_quotation(
        order_type, side, D(price), quoted, HK, nominal=nominal, passive_check=passive_check
    )


# --- mainland ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "board", "security_class", "more", "rate"),
    [
        (ON, Board.SH_MAIN_CONNECT, "a_share", {}, "0.10"),
        (ON, Board.SZ_MAIN_NON_CONNECT, "a_share", {"risk_warning": True}, "0.05"),
        (ST_10_PERCENT_FROM - DAY, Board.SH_MAIN_CONNECT, "a_share", {"risk_warning": True}, ".05"),
        (ST_10_PERCENT_FROM, Board.SH_MAIN_CONNECT, "a_share", {"risk_warning": True}, "0.10"),
        (ON, Board.SH_STAR, "a_share", {"risk_warning": True}, "0.20"),
        (ON, Board.SZ_GEM_NON_CONNECT, "a_share", {}, "0.20"),
        (CHINEXT_20_PERCENT_FROM - DAY, Board.SZ_GEM_CONNECT, "a_share", {}, "0.10"),
        (CHINEXT_20_PERCENT_FROM, Board.SZ_GEM_CONNECT, "a_share", {}, "0.20"),
        (date(2019, 8, 1), Board.SH_STAR, "a_share", {}, "0.20"),
        (ON, Board.SH_MAIN_CONNECT, "b_share_sh", {}, "0.10"),
        (ON, Board.SH_MAIN_CONNECT, "etf", {}, "0.10"),
        (ON, Board.SH_MAIN_CONNECT, "etf", {"tracks_growth_board": True}, "0.20"),
        (ON, Board.SH_MAIN_CONNECT, "etf", {"ipo_day": 1}, "0.10"),
        (ON, Board.SH_STAR, "a_share", {"ipo_day": 5}, None),
        (ON, Board.SH_STAR, "a_share", {"ipo_day": 6}, "0.20"),
    ],
)
def test_how_far_a_mainland_price_may_move(on, board, security_class, more, rate):
    found = cn_limit_rate(on, board, SecurityClass(security_class), **more)
    assert found == (None if rate is None else D(rate))


@given(cents, st.sampled_from(["0.05", "0.10", "0.20"]))
def test_limits_lie_on_ticks_on_either_side_of_the_close(close, rate):
    found = cn_daily_limit(close, D(rate), CN)
    assert found.lower is not None
    assert found.upper is not None
    assert CN.is_valid(found.lower)
    assert CN.is_valid(found.upper)
    assert found.lower < close < found.upper or close == found.lower == D("0.01")
    # Half a tick of rounding, or the one tick that there always is.
    assert abs(found.upper - close * (1 + D(rate))) <= D("0.005") or found.upper - close == D(".01")


def test_a_first_day_has_no_limit_and_takes_any_price():
    found = cn_daily_limit(D(10), None, CN)
    assert found == PriceRange()
    assert found.holds(D("0.01"))
    assert found.holds(D(100_000))


def test_funds_round_to_their_own_tick():
    assert cn_daily_limit(D("1.015"), D("0.1"), FUND) == PriceRange(D("0.914"), D("1.117"))


@given(cents, st.sampled_from([BUY, SELL]))
def test_a_valid_range_holds_the_market_itself_and_is_on_a_tick(price, side):
    market = QuotedMarket(best_bid=price, best_ask=price + D("0.01"))
    found = cn_valid_range(side, market, CN)
    bound = found.upper if side is BUY else found.lower
    assert found.holds(price)
    assert bound is None or CN.is_valid(bound)
    assert (found.lower is None) if side is BUY else (found.upper is None)


@pytest.mark.parametrize(
    ("side", "market", "bound"),
    [
        (BUY, {"best_ask": "20", "best_bid": "1", "last": "1", "prev_close": "1"}, "20.4"),
        (BUY, {"best_bid": "20", "last": "1", "prev_close": "1"}, "20.4"),
        (BUY, {"last": "20", "prev_close": "1"}, "20.4"),
        (BUY, {"prev_close": "20"}, "20.4"),
        (SELL, {"best_bid": "20", "best_ask": "99", "last": "1"}, "19.6"),
        (SELL, {"best_ask": "20", "last": "1"}, "19.6"),
        (SELL, {"prev_close": "20"}, "19.6"),
        # Inward to the tick: 20.4204 down, 19.6196 up.
        (BUY, {"best_ask": "20.02"}, "20.42"),
        (SELL, {"best_bid": "20.02"}, "19.62"),
    ],
)
def test_from_which_price_the_valid_range_is_counted(side, market, bound):
    quoted = QuotedMarket(**{name: D(price) for name, price in market.items()})
    found = cn_valid_range(side, quoted, CN)
    assert (found.upper if side is BUY else found.lower) == D(bound)


def test_without_any_price_there_is_no_valid_range():
    assert cn_valid_range(BUY, QuotedMarket(), CN) == PriceRange()
    # A low price may be sold at any.
    assert cn_valid_range(SELL, QuotedMarket(last=D("0.05")), CN).lower == D("0.01")


# --- Hong Kong --------------------------------------------------------------------------------


@given(
    st.sampled_from([OrderType.LO, OrderType.ELO]),
    st.integers(50, 4000),
    st.integers(-40, 40),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_sell_is_bounded_as_a_buy_is_in_the_mirror(order_type, rank, away, spread, passive):
    bid, ask = HK.price_at(rank), HK.price_at(rank + spread)
    assert bid is not None
    assert ask is not None
    market = QuotedMarket(best_bid=bid, best_ask=ask)
    buy = hk_quotation(
        order_type, BUY, HK.step(ask, away), market, HK, nominal=None, passive_check=passive
    )
    sell = hk_quotation(
        order_type, SELL, HK.step(bid, -away), market, HK, nominal=None, passive_check=passive
    )
    assert buy == sell
    if away > 9:
        assert buy.refusal is QuotationRefusal.AGGRESSIVE_BOUND
    elif passive and away < -24 - spread:
        assert buy.refusal is QuotationRefusal.PASSIVE_BOUND
    else:
        assert buy.accepted
        assert buy.sent_as is (OrderType.ELO if away > 0 else order_type)


@given(hk_prices, hk_prices)
def test_nothing_goes_out_nine_times_away(price, nominal):
    found = hk_quotation(OrderType.ALO, BUY, price, QuotedMarket(), HK, nominal=nominal)
    assert found.accepted == (price < 9 * nominal and price > nominal / 9)
    assert found.refusal in (None, QuotationRefusal.NINE_TIMES)


def test_a_special_limit_order_must_cross():
    assert quotation(OrderType.SLO, price="10", best_ask="10").sent_as is OrderType.SLO
    assert quotation(OrderType.SLO, price="50", best_ask="10").accepted
    assert quotation(OrderType.SLO, price="9.99", best_ask="10").refusal == "must_cross"
    assert quotation(OrderType.SLO, price="10").refusal == "must_cross"
    assert quotation(OrderType.SLO, SELL, price="10.01", best_bid="10").refusal == "must_cross"
    assert quotation(OrderType.SLO, price="91", best_ask="10", nominal="10").refusal == "nine_times"


@pytest.mark.parametrize(
    ("side", "price", "market", "accepted"),
    [
        # No bid: from the lowest of ask, last and previous close.
        (BUY, "9.76", {"best_ask": "10.05", "last": "10.02", "prev_close": "10"}, True),
        (BUY, "9.75", {"best_ask": "10.05", "last": "10.02", "prev_close": "10"}, False),
        # No quote at all: from the last trade, else from the previous close.
        (BUY, "8.76", {"last": "9", "prev_close": "10"}, True),
        (BUY, "8.75", {"last": "9", "prev_close": "10"}, False),
        (SELL, "9.24", {"prev_close": "9"}, True),
        (SELL, "9.25", {"prev_close": "9"}, False),
        # No ask: from the highest of bid, last and previous close.
        (SELL, "9.74", {"best_bid": "9", "last": "9.2", "prev_close": "9.5"}, True),
        (SELL, "9.75", {"best_bid": "9", "last": "9.2", "prev_close": "9.5"}, False),
        # Nothing to count from.
        (BUY, "1", {}, True),
    ],
)
def test_from_which_price_the_24_ticks_are_counted(side, price, market, accepted):
    found = quotation(side=side, price=price, passive_check=True, **market)
    assert found.accepted is accepted
    assert quotation(side=side, price=price, **market).accepted


def test_where_the_table_ends_there_is_no_bound():
    assert quotation(price="9995", best_ask="9990", passive_check=True).accepted
    assert quotation(side=SELL, price="0.01", best_bid="0.012", passive_check=True).accepted


def test_a_quote_off_the_ticks_counts_from_the_passive_side():
    assert quotation(price="10.09", best_ask="10.003").accepted
    assert quotation(price="10.10", best_ask="10.003").refusal == "aggressive_bound"


@given(hk_prices, st.sampled_from([5, 15]))
def test_auction_bounds_are_the_widest_ticks_inside_the_percentage(reference, percent):
    found = hk_auction_bound(reference, D(percent), HK)
    low, high = reference * (100 - percent) / 100, reference * (100 + percent) / 100
    for bound in (found.lower, found.upper):
        assert bound is None or (low <= bound <= high and HK.is_valid(bound)) or reference < D(".1")
    if found.upper is not None and found.upper < D(9995):
        assert HK.step(found.upper, 1) > high


def test_recorded_quotes_bound_the_later_stages():
    at = {"reference": D(10), "percent": D(15), "table": HK}
    crossed = hk_auction_bound(**at, lowest_ask=D("9.9"), highest_bid=D("10.1"))
    apart = hk_auction_bound(**at, lowest_ask=D("10.1"), highest_bid=D("9.9"))
    assert crossed == apart == PriceRange(D("9.9"), D("10.1"))
    assert hk_auction_bound(**at, highest_bid=D("9.9")) == PriceRange(D("9.9"), D("11.5"))
    assert hk_auction_bound(**at, lowest_ask=D("9.9")) == PriceRange(D("8.5"), D("9.9"))
    assert hk_auction_bound(None, D(15), HK) == PriceRange()
    assert hk_auction_bound(None, D(15), HK, highest_bid=D(9)) == PriceRange(D(9), None)


# --- United States ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "end", "width"),
    [
        ("09:30", "16:00", 5),
        ("15:34:59", "16:00", 5),
        ("15:35", "16:00", 10),
        ("15:59:59", "16:00", 10),
        ("12:34:59", "13:00", 5),
        ("12:35", "13:00", 10),
    ],
)
def test_bands_double_before_the_close(at, end, width):
    ends = time.fromisoformat(end)
    found = us_luld(D(100), D(100), time.fromisoformat(at), Luld(1), regular_end=ends)
    assert found == PriceRange(D(100 - width), D(100 + width))


def test_the_second_tier_doubles_low_prices_alone():
    late = time(15, 45)
    assert us_luld(D(4), D(4), late, Luld(2)) == PriceRange(D("3.60"), D("4.40"))
    assert us_luld(D(3), D(3), late, Luld(2)) == PriceRange(D("1.80"), D("4.20"))


def test_a_band_never_reaches_below_zero():
    assert us_luld(D(".1"), D(".1"), time(15, 45), Luld(1)).lower == 0
    assert us_luld(D(5), D(5), time(15, 45), Luld(1, D(10))).lower == 0


@given(cents, cents, st.sampled_from([1, 2]))
def test_bands_hold_their_reference(reference, prev_close, tier):
    assert us_luld(reference, prev_close, time(11), Luld(tier)).holds(reference)


def test_before_2020_us_bands_were_double_after_the_opening_and_for_all_before_the_close() -> None:
    before, after = date(2020, 2, 21), LULD_NARROW_FROM
    early, late = time(9, 44), time(15, 40)
    wide, narrow = PriceRange(D(90), D(110)), PriceRange(D(95), D(105))
    assert us_luld(D(100), D(100), early, Luld(1), on=before) == wide
    assert us_luld(D(100), D(100), early, Luld(1), on=after) == narrow
    assert us_luld(D(100), D(100), late, Luld(2), on=before) == PriceRange(D(80), D(120))
    assert us_luld(D(100), D(100), late, Luld(2), on=after) == wide
    assert us_luld(D(100), D(100), late, Luld(1), on=date(2013, 4, 5)) == PriceRange()


@pytest.mark.parametrize(
    ("on", "indexes", "percent"),
    [
        (date(2026, 1, 5), ("HSI.HK",), 10),
        (date(2026, 1, 5), ("HSSI.HK",), 20),
        (date(2026, 1, 5), (), 15),
        (date(2018, 1, 5), ("HSI.HK",), 10),
        (date(2018, 1, 5), (), None),
        (date(2016, 1, 5), ("HSI.HK",), None),
    ],
)
def test_the_volatility_control_has_grown_over_the_years(
    on: date, indexes: tuple[str, ...], percent: int | None
) -> None:
    assert hk_vcm_percent(on, SecurityClass.EQUITY, indexes) == percent


def test_the_volatility_control_sleeps_after_each_opening_and_before_the_close() -> None:
    full = [time(9, 45), time(11, 59), time(13, 15), time(15, 39)]
    asleep = [time(9, 44), time(12), time(13, 14), time(15, 40), time(16)]
    assert all(hk_vcm_watches(at, is_half_day=False) for at in full)
    assert not any(hk_vcm_watches(at, is_half_day=False) for at in asleep)
    assert hk_vcm_watches(time(11, 39), is_half_day=True)
    assert not hk_vcm_watches(time(11, 40), is_half_day=True)
