"""The margin model: the worked examples, the identities, and what can never be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.margin import (
    FACTORS,
    FULL,
    Factors,
    Long,
    MarginClass,
    OptionPosition,
    OptionTerms,
    Reserved,
    assess,
    default_finance_max,
    margin_class,
    max_quantity,
    option_requirement,
    short_capacity,
    short_requirement,
    withdrawable,
    written_requirement,
)
from portway.model.instrument import SecurityClass
from portway.model.symbol import Market

HUNDRED = Decimal(100)
CENTS = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-2))
SIGNED = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-2))
PRICES = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-2))


def factors(initial: str, maintenance: str, forced: str) -> Factors:
    return Factors(Decimal(initial), Decimal(maintenance), Decimal(forced))


A = factors("0.30", "0.25", "0.20")
B = factors("0.50", "0.45", "0.40")


# --- Worked examples --------------------------------------------------------------------------


def test_a_financed_purchase_whose_price_falls_is_called() -> None:
    longs = (Long(Decimal(5000), A), Long(Decimal(19500), B))
    totals = assess(Decimal(-15000), longs, finance_max=Decimal(30000))
    assert totals.net_assets == 9500
    assert totals.init_margin == 11250
    assert totals.maintenance_margin == 10025
    assert totals.margin_call == 525
    assert (totals.risk_level, totals.is_forced) == (3, False)
    assert totals.remaining_finance_amount == 15000


@pytest.mark.parametrize(
    ("price", "equity", "initial", "maintenance", "buy_power", "level"),
    [("100", 10000, 5000, 3000, 5000, 1), ("140", 6000, 7000, 4200, 0, 2)],
)
def test_a_short_sale_needs_half_of_its_value_beside_the_proceeds(
    price: str, equity: int, initial: int, maintenance: int, buy_power: int, level: int
) -> None:
    short = short_requirement(HUNDRED, Decimal(price), HUNDRED)
    totals = assess(Decimal(20000), (), (short,), finance_max=Decimal(30000))
    assert (totals.net_assets, totals.init_margin) == (equity, initial)
    assert (totals.maintenance_margin, totals.buy_power) == (maintenance, buy_power)
    assert totals.risk_level == level
    assert totals.used_financing == 0  # 20,000 less the proceeds are still 10,000 of own money.


def test_credit_bounds_what_equity_would_carry() -> None:
    own, with_credit = max_quantity(
        cash=Decimal(10000),
        buy_power=Decimal(10000),
        remaining_finance_amount=Decimal(20000),
        price=Decimal(1),
        fee_rate=Decimal(0),
        initial_factor=Decimal("0.30"),
        lot_size=Decimal(1),
    )
    assert (own, with_credit) == (10000, 30000)


def test_equity_power_is_not_rounded_before_it_is_counted_in_lots() -> None:
    _, with_credit = max_quantity(
        cash=Decimal(0),
        buy_power=Decimal(30),
        remaining_finance_amount=Decimal(10**6),
        price=Decimal("0.1"),
        fee_rate=Decimal(0),
        initial_factor=Decimal("0.3"),
        lot_size=Decimal(1000),
    )
    assert with_credit == 1000


# --- Identities -------------------------------------------------------------------------------

LONGS = st.lists(
    st.builds(Long, CENTS, st.sampled_from([A, B, FULL, *FACTORS.values()])), max_size=5
)
SHORTS = st.lists(
    st.builds(short_requirement, st.integers(1, 10**4).map(Decimal), PRICES, PRICES), max_size=3
)


@given(SIGNED, LONGS, SHORTS, CENTS, CENTS)
def test_the_totals_of_any_account_fit_together(
    cash: Decimal, longs: list[Long], shorts: list[object], finance_max: Decimal, frozen: Decimal
) -> None:
    totals = assess(
        cash,
        longs,
        shorts,  # type: ignore[arg-type]
        finance_max=finance_max,
        reserved=Reserved(frozen, Decimal(1)),
    )
    assert 0 <= totals.forced_margin <= totals.maintenance_margin <= totals.init_margin
    assert totals.buy_power >= 0
    assert totals.margin_call >= 0
    assert 0 <= totals.remaining_finance_amount <= finance_max
    if totals.risk_level == 3:
        assert totals.margin_call == totals.maintenance_margin - totals.net_assets
        assert totals.buy_power == 0
    if totals.risk_level in (1, 2):
        assert totals.margin_call == 0
    if not shorts and not totals.used_financing:
        assert totals.risk_level == 0
    assert not (totals.is_forced and totals.risk_level != 3)


@given(CENTS, LONGS)
def test_a_cash_account_buys_with_its_money_alone(cash: Decimal, longs: list[Long]) -> None:
    full = [Long(one.value, FULL) for one in longs]
    totals = assess(cash, full, reserved=Reserved(cash / 4, Decimal(0)))
    assert totals.buy_power == cash - cash / 4
    assert totals.init_margin == totals.maintenance_margin == totals.forced_margin
    assert totals.risk_level == 0


@given(SIGNED, CENTS, CENTS, PRICES, st.sampled_from([1, 100, 500]))
def test_a_largest_order_can_be_paid_and_one_lot_more_cannot(
    cash: Decimal, buy_power: Decimal, credit: Decimal, price: Decimal, lot: int
) -> None:
    fee_rate, factor, lot_size = Decimal("0.0005"), Decimal("0.3"), Decimal(lot)
    own, margin = max_quantity(
        cash=cash,
        buy_power=buy_power,
        remaining_finance_amount=credit,
        price=price,
        fee_rate=fee_rate,
        initial_factor=factor,
        lot_size=lot_size,
    )

    def cost(quantity: Decimal) -> Decimal:
        return quantity * price * (1 + fee_rate)

    assert own % lot_size == margin % lot_size == 0
    assert cost(own) <= max(Decimal(0), cash) < cost(own + lot_size)
    assert cost(margin) <= max(Decimal(0), cash + credit)
    assert cost(margin) * factor <= buy_power
    more = cost(margin + lot_size)
    assert more > cash + credit or more * factor > buy_power


# --- Shorts and options -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "initial", "maintenance", "forced"),
    [
        ("100", "5000", "3000", "2500"),
        ("12", "600", "500", "416.666"),  # 5.00 per share is more than 30 %.
        ("8", "500", "500", "416.666"),  # ... and than 50 %.
        ("5", "500", "500", "416.666"),
        ("4.99", "499", "499", "499"),
        ("2", "250", "250", "250"),
    ],
)
def test_shorts_of_cheap_shares_require_more(
    price: str, initial: str, maintenance: str, forced: str
) -> None:
    short = short_requirement(HUNDRED, Decimal(price), Decimal(7))
    assert (short.initial, short.maintenance) == (Decimal(initial), Decimal(maintenance))
    assert short.forced == pytest.approx(Decimal(forced), abs=Decimal("0.001"))
    assert short.proceeds == 700


def test_a_short_is_bounded_by_buying_power() -> None:
    per_share = short_requirement(Decimal(1), HUNDRED, HUNDRED).initial
    assert short_capacity(Decimal(5000), per_share, Decimal("0.02")) == 99
    assert short_capacity(Decimal(-1), per_share, Decimal("0.02")) == 0


def test_written_options_count_beyond_their_own_value_only() -> None:
    naked = OptionTerms(HUNDRED, Decimal(105), Decimal("2.5"))
    required = option_requirement(OptionPosition.NAKED_CALL, naked)
    assert required == 1750
    over = written_requirement(required, Decimal(250))
    assert (over.initial, over.maintenance, over.forced) == (1500, 1500, 1500)
    # 10,000 of cash and 250 of premium: the option's value is a debt and is required once.
    totals = assess(Decimal(10250), (), (over,))
    assert (totals.net_assets, totals.init_margin, totals.buy_power) == (10000, 1500, 8500)
    assert written_requirement(Decimal(0), Decimal(250)).initial == 0


@given(
    st.sampled_from([OptionPosition.NAKED_CALL, OptionPosition.NAKED_PUT]), PRICES, PRICES, PRICES
)
def test_a_naked_option_never_requires_less_than_its_value(
    position: OptionPosition, spot: Decimal, strike: Decimal, premium: Decimal
) -> None:
    option = OptionTerms(spot, strike, premium)
    assert option_requirement(position, option) > premium * option.multiplier


def test_a_debit_vertical_requires_nothing_beyond_its_price() -> None:
    option = OptionTerms(HUNDRED, HUNDRED, Decimal(3), width=Decimal(-5))
    assert option_requirement(OptionPosition.DEBIT_VERTICAL, option) == 0
    assert option_requirement(OptionPosition.LONG, option) == 300


# --- Classes and limits -----------------------------------------------------------------------

E, S = SecurityClass, Decimal(10)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (margin_class(Market.HK, E.EQUITY, price=S, is_index_member=True), "HK_INDEX_OR_FUND"),
        (margin_class(Market.HK, E.ETP, price=S), "HK_INDEX_OR_FUND"),
        (margin_class(Market.HK, E.ETP, price=S, is_leveraged=True), "NO_LOAN"),
        (margin_class(Market.HK, E.EQUITY, price=S, is_shortable=True), "HK_SHORTABLE"),
        (margin_class(Market.HK, E.EQUITY, price=S), "NO_LOAN"),
        (margin_class(Market.HK, E.WARRANT, price=S, is_index_member=True), "NO_LOAN"),
        (margin_class(Market.HK, E.CBBC, price=S, is_shortable=True), "NO_LOAN"),
        (margin_class(Market.US, E.STOCK, price=S, is_index_member=True), "US_INDEX_OR_LARGE_FUND"),
        (margin_class(Market.US, E.ETF, price=S, is_large_fund=True), "US_INDEX_OR_LARGE_FUND"),
        (margin_class(Market.US, E.ETF, price=S, is_leveraged=True), "NO_LOAN"),
        (margin_class(Market.US, E.STOCK, price=Decimal(3)), "US_OTHER"),
        (margin_class(Market.US, E.STOCK, price=Decimal("2.99")), "NO_LOAN"),
        (margin_class(Market.US, E.STOCK, price=None), "NO_LOAN"),
        (margin_class(Market.US, E.OPTION_PENNY, price=S), "NO_LOAN"),
        (margin_class(Market.CN, E.A_SHARE, price=S, is_index_member=True), "NO_LOAN"),
    ],
)
def test_securities_are_lent_against_by_class(found: MarginClass, expected: str) -> None:
    assert found.name == expected


def test_every_class_has_factors_that_fall() -> None:
    assert set(FACTORS) == set(MarginClass)
    for one in FACTORS.values():
        assert 0 < one.forced <= one.maintenance <= one.initial <= 1


def test_the_credit_limit_is_three_times_the_equity_up_to_a_cap() -> None:
    times, cap = Decimal(3), Decimal(10_000_000)
    assert default_finance_max(Decimal(100_000), times, cap) == 300_000
    assert default_finance_max(Decimal(9_000_000), times, cap) == cap
    assert default_finance_max(Decimal(-1), times, cap) == 0


def test_only_own_settled_free_money_leaves() -> None:
    assert withdrawable(Decimal(100_000), financed_elsewhere=Decimal(78_039)) == 21_961
    assert withdrawable(Decimal(100), receivable=Decimal(30), frozen=Decimal(20)) == 50
    assert withdrawable(Decimal(20_000), short_proceeds=Decimal(10_000)) == 10_000
    assert withdrawable(Decimal(-5)) == 0
