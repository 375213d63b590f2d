"""Conditional orders: when they are released, when not, and with which limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.triggers import (
    CONDITIONAL_TYPES,
    TRAILING_TYPES,
    Release,
    Watch,
    begin_watch,
    release_limit,
    release_type,
    shown_trigger,
    watches_in,
)
from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth, TimeInForce
from portway.model.quote import Depth, Level, TradeSession
from portway.model.spread import Boundary, ladder
from portway.model.symbol import Market, Symbol

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
CENT = ladder("0.01", "*:0.01", Boundary.UPPER_BAND)
FINE_PRICES = st.integers(90_000, 110_000).map(lambda n: Decimal(n).scaleb(-3))
SIDES = st.sampled_from(OrderSide)


def conditional(
    order_type: OrderType, side: OrderSide = OrderSide.SELL, **more: object
) -> OrderTerms:
    values = {
        name: Decimal(value) if isinstance(value, str) else value for name, value in more.items()
    }
    return OrderTerms(
        Symbol("AAPL.US"),
        order_type,
        side,
        Decimal(100),
        TimeInForce.DAY,
        **values,  # type: ignore[arg-type]
    )


def play(
    terms: OrderTerms, last: str | None, prints: str, seconds: int = 5
) -> tuple[Watch, int, Release | None]:
    """Show prints `seconds` apart; return the watch, how many were seen, and the release."""
    watch = begin_watch(terms, None if last is None else Decimal(last))
    number = 0
    for price in prints.split():
        watch, release = watch.see(terms, Decimal(price), AT + timedelta(seconds=seconds * number))
        number += 1
        if release is not None:
            return watch, number, release
    return watch, number, None


# --- Never too early, never too late ----------------------------------------------------------


@given(SIDES, FINE_PRICES, FINE_PRICES, st.lists(FINE_PRICES, max_size=20))
def test_a_touched_price_releases_at_the_first_print_that_reaches_it(
    side: OrderSide, last: Decimal, trigger: Decimal, prints: list[Decimal]
) -> None:
    terms = conditional(OrderType.MIT, side, trigger_price=trigger)
    watch, released_by = begin_watch(terms, last), None
    for price in prints:
        watch, release = watch.see(terms, price, AT)
        if release is not None:
            released_by = price
            break
    reaches = (lambda one: one >= trigger) if trigger >= last else (lambda one: one <= trigger)
    assert released_by == next((one for one in prints if reaches(one)), None)


@given(
    SIDES,
    st.sampled_from(sorted(TRAILING_TYPES, key=lambda one: one.name)),
    FINE_PRICES,
    st.integers(1, 9000).map(lambda n: Decimal(n).scaleb(-3)),
    st.lists(FINE_PRICES, max_size=30),
)
def test_a_trailing_order_releases_exactly_when_the_price_came_back_far_enough(
    side: OrderSide, order_type: OrderType, last: Decimal, far: Decimal, prints: list[Decimal]
) -> None:
    terms = conditional(order_type, side, trailing_amount=far, trailing_percent=far)
    by_percent = order_type in (OrderType.TSLPPCT, OrderType.TSMPCT)
    watch, seen = begin_watch(terms, last), [last]
    for price in prints:
        watch, release = watch.see(terms, price, AT)
        seen.append(price)
        extreme = max(seen) if side is OrderSide.SELL else min(seen)
        back = extreme - price if side is OrderSide.SELL else price - extreme
        enough = back >= (extreme * far / 100 if by_percent else far)
        assert watch.extreme == extreme
        assert (release is not None) == enough
        if release is not None:
            assert release.trigger == watch.trigger(terms)
            break


@given(SIDES, st.lists(st.tuples(FINE_PRICES, st.booleans()), max_size=30))
def test_prints_that_do_not_count_might_as_well_not_exist(
    side: OrderSide, prints: list[tuple[Decimal, bool]]
) -> None:
    terms = conditional(OrderType.TSMAMT, side, trailing_amount="2")
    every = only = begin_watch(terms, Decimal(100))
    for price, counts in prints:
        every, release = every.see(terms, price, AT, counts=counts)
        if not counts:
            assert release is None
            continue
        only, expected = only.see(terms, price, AT)
        assert (every, release) == (only, expected)


# --- Touches ----------------------------------------------------------------------------------


def test_prints_that_stay_beyond_the_trigger_are_one_touch() -> None:
    terms = conditional(OrderType.MIT, trigger_price="99", trigger_count=2)
    assert play(terms, "100", "99 98.9 98.8 98.7")[2] is None
    assert play(terms, "100", "99 98.9 99.5 98.8")[1:] == (
        4,
        Release(AT + timedelta(seconds=15), Decimal(99)),
    )


@pytest.mark.parametrize(("seconds", "releases"), [(29, True), (30, False)])
def test_the_first_and_the_last_touch_lie_less_than_a_minute_apart(
    seconds: int, releases: bool
) -> None:
    terms = conditional(OrderType.MIT, trigger_price="99", trigger_count=2)
    assert (play(terms, "100", "99 100 99", seconds)[2] is not None) is releases


def test_old_touches_are_forgotten_and_later_ones_count() -> None:
    terms = conditional(OrderType.MIT, trigger_price="99", trigger_count=3)
    watch, number, release = play(terms, "100", "99 100 99 100 99 100 99 100 99", 14)
    assert (number, release is not None) == (5, True)
    watch, number, release = play(terms, "100", "99 100 99 100 99 100 99 100 99", 15)
    assert (number, release) == (9, None)
    assert len(watch.touches) < 3


@given(st.lists(st.tuples(st.sampled_from(["98", "99", "100"]), st.integers(0, 40)), max_size=40))
def test_what_a_watch_remembers_stays_small(prints: list[tuple[str, int]]) -> None:
    terms = conditional(OrderType.MIT, trigger_price="99", trigger_count=3)
    watch, at = begin_watch(terms, Decimal(100)), AT
    for price, seconds in prints:
        at += timedelta(seconds=seconds)
        watch, release = watch.see(terms, Decimal(price), at)
        if release is not None:
            break
        assert len(watch.touches) < 3


def test_a_moving_extreme_does_not_undo_the_touches() -> None:
    terms = conditional(OrderType.TSMAMT, trailing_amount="1", trigger_count=2)
    watch, number, release = play(terms, "100", "99 102 101")
    assert (watch.extreme, number) == (Decimal(102), 3)
    assert release is not None
    assert release.trigger == Decimal(101)


# --- Monitor price, unknown price -------------------------------------------------------------


def test_the_print_that_reaches_the_monitor_price_only_arms() -> None:
    terms = conditional(OrderType.TSMAMT, OrderSide.SELL, trailing_amount="1", monitor_price="105")
    watch, _, release = play(terms, "100", "90 104.99")
    assert (watch.is_armed, watch.extreme, watch.trigger(terms), release) == (
        False,
        None,
        None,
        None,
    )
    watch, _, release = play(terms, "100", "90 107")
    assert (watch.is_armed, watch.extreme, release) == (True, Decimal(107), None)
    assert play(terms, "100", "90 107 106.01")[2] is None
    assert play(terms, "100", "90 107 106")[2] is not None


def test_a_monitor_price_below_the_market_is_reached_from_above() -> None:
    terms = conditional(OrderType.TSMAMT, OrderSide.BUY, trailing_amount="1", monitor_price="95")
    watch, _, _ = play(terms, "100", "110 95.01")
    assert not watch.is_armed
    watch, number, release = play(terms, "100", "110 95 94 95")
    assert (watch.extreme, number, release is not None) == (Decimal(94), 4, True)


def test_the_first_print_stands_in_for_an_unknown_price() -> None:
    touched = conditional(OrderType.MIT, trigger_price="99")
    assert begin_watch(touched, None).rises is None
    assert play(touched, None, "100 99.5 99")[1:] == (
        3,
        Release(AT + timedelta(seconds=10), Decimal(99)),
    )
    trailing = conditional(OrderType.TSMAMT, trailing_amount="1")
    assert play(trailing, None, "100 101 100")[1] == 3
    monitored = conditional(OrderType.TSMAMT, trailing_amount="1", monitor_price="100")
    watch, _, release = play(monitored, None, "100")
    assert (watch.is_armed, watch.extreme, release) == (True, Decimal(100), None)


# --- Sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "outside_rth", "watched"),
    [
        (Market.US, None, {TradeSession.NORMAL}),
        (Market.US, OutsideRth.RTH_ONLY, {TradeSession.NORMAL}),
        (
            Market.US,
            OutsideRth.ANY_TIME,
            {TradeSession.PRE, TradeSession.NORMAL, TradeSession.POST},
        ),
        (Market.HK, OutsideRth.ANY_TIME, {TradeSession.NORMAL}),
        (Market.CN, None, {TradeSession.NORMAL}),
    ],
)
def test_extended_hours_are_watched_by_those_that_trade_in_them(
    market: Market, outside_rth: OutsideRth | None, watched: set[TradeSession]
) -> None:
    terms = conditional(OrderType.MIT, trigger_price="99", outside_rth=outside_rth)
    assert {one for one in TradeSession if watches_in(terms, market, one)} == watched
    assert not watches_in(terms, market, None)


# --- What is released -------------------------------------------------------------------------


def test_every_conditional_type_is_released_as_a_limit_or_a_market_order() -> None:
    limits = {one for one in CONDITIONAL_TYPES if release_type(one) is OrderType.LO}
    assert limits == {OrderType.LIT, OrderType.TSLPAMT, OrderType.TSLPPCT}
    assert {release_type(one) for one in CONDITIONAL_TYPES - limits} == {OrderType.MO}
    with pytest.raises(KeyError):
        release_type(OrderType.LO)


@given(SIDES, FINE_PRICES, st.integers(0, 3000).map(lambda n: Decimal(n).scaleb(-3)))
def test_a_limit_lies_on_a_tick_and_is_never_worse_than_the_exact_one(
    side: OrderSide, trigger: Decimal, offset: Decimal
) -> None:
    terms = conditional(OrderType.TSLPAMT, side, trailing_amount="1", limit_offset=offset)
    limit = release_limit(terms, Release(AT, trigger), CENT, None)
    assert limit is not None
    assert CENT.is_valid(limit)
    exact = trigger - offset if side is OrderSide.SELL else trigger + offset
    behind = limit - exact if side is OrderSide.SELL else exact - limit
    assert 0 <= behind < Decimal("0.01")
    shown = shown_trigger(terms, trigger, CENT)
    beyond = trigger - shown if side is OrderSide.SELL else shown - trigger
    assert 0 <= beyond < Decimal("0.01")


@pytest.mark.parametrize(
    ("level", "expected"),
    [(-1, "99.98"), (-2, "99.97"), (-5, "99.97"), (1, "100.02"), (5, "100.02")],
)
def test_a_limit_at_a_depth_level_is_that_level_or_the_last_there_is(
    level: int, expected: str
) -> None:
    terms = conditional(OrderType.TSLPAMT, trailing_amount="1", limit_depth_level=level)
    bids = (Level(Decimal("99.98"), 100, 1), Level(Decimal("99.97"), 100, 1))
    asks = (Level(Decimal("100.02"), 100, 1),)
    depth = Depth(terms.symbol, AT, asks, bids)
    assert release_limit(terms, Release(AT, Decimal(99)), CENT, depth) == Decimal(expected)


@pytest.mark.parametrize("depth", [None, Depth(Symbol("AAPL.US"), AT, (), ())])
def test_on_an_empty_side_the_trigger_is_the_limit(depth: Depth | None) -> None:
    terms = conditional(OrderType.TSLPAMT, trailing_amount="1", limit_depth_level=-1)
    assert release_limit(terms, Release(AT, Decimal("99.005")), CENT, depth) == Decimal("99.01")


def test_the_owners_prices_are_taken_as_given() -> None:
    terms = conditional(OrderType.LIT, trigger_price="99.005", price="98.5")
    release = Release(AT, Decimal("99.005"))
    assert release_limit(terms, release, CENT, None) == Decimal("98.5")
    assert shown_trigger(terms, release.trigger, CENT) == Decimal("99.005")
    market = conditional(OrderType.MIT, trigger_price="99")
    assert release_limit(market, release, CENT, None) is None


def test_a_limit_is_never_below_the_lowest_price() -> None:
    terms = conditional(OrderType.TSLPAMT, trailing_amount="1", limit_offset="5")
    assert release_limit(terms, Release(AT, Decimal(1)), CENT, None) == Decimal("0.01")
