"""Call auctions: against every price tried one by one, and what no auction may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.auction import (
    AuctionOrder,
    AuctionResult,
    CnExchange,
    Fate,
    cn_auction,
    hk_auction,
    hk_fate,
    us_cross,
)
from portway.model.order import DayAuction, OrderSide
from portway.model.price_limits import PriceRange
from portway.model.spread import Boundary, SpreadTable, ladder

BUY, SELL = OrderSide.BUY, OrderSide.SELL
OPENING, CLOSING = DayAuction.OPENING, DayAuction.CLOSING
# The tick changes at 20.00, in the middle of where the drawn prices lie.
HK = ladder("0.01", "20:0.01 50:0.02")
CENT = ladder("0.01", "*:0.01", Boundary.UPPER_BAND)
RANKS = range(HK.rank(Decimal("19.92")) or 0, (HK.rank(Decimal("20.20")) or 0) + 1)
CENTS = range(1990, 2015)


def prices(table: SpreadTable) -> list[Decimal]:
    if table is CENT:
        return [Decimal(cents).scaleb(-2) for cents in CENTS]
    found = [table.price_at(rank) for rank in RANKS]
    assert None not in found
    return [one for one in found if one is not None]


def order_lists(
    table: SpreadTable, *, unpriced: bool = True
) -> st.SearchStrategy[tuple[AuctionOrder, ...]]:
    limit: st.SearchStrategy[Decimal | None] = st.sampled_from(prices(table))
    if unpriced:
        limit = st.one_of(limit, limit, limit, st.none())
    rows = st.lists(
        st.tuples(st.sampled_from([BUY, SELL]), limit, st.integers(1, 9)), min_size=0, max_size=9
    )
    return rows.map(
        lambda some: tuple(
            AuctionOrder(number, side, price, Decimal(lots * 100))
            for number, (side, price, lots) in enumerate(some)
        )
    )


def order(number: int, side: OrderSide, price: str | None, quantity: int) -> AuctionOrder:
    limit = None if price is None else Decimal(price)
    return AuctionOrder(number, side, limit, Decimal(quantity))


def volumes(orders: Sequence[AuctionOrder], price: Decimal) -> tuple[Decimal, Decimal]:
    """Buys and sells that would trade at a price, by asking every order."""
    bought, sold = (
        sum((one.quantity for one in orders if one.side is side and one.accepts(price)), Decimal(0))
        for side in (BUY, SELL)
    )
    return bought, sold


def span(orders: Sequence[AuctionOrder], table: SpreadTable) -> list[Decimal]:
    """The prices from the lowest sell limit to the highest buy limit."""
    buys = [one.price for one in orders if one.side is BUY and one.price is not None]
    sells = [one.price for one in orders if one.side is SELL and one.price is not None]
    if not buys or not sells:
        return []
    return [one for one in prices(table) if min(sells) <= one <= max(buys)]


def check_result(orders: Sequence[AuctionOrder], result: AuctionResult) -> None:
    """What holds of every auction: conservation, limits, priority."""
    by_id = {one.order_id: one for one in orders}
    for one in orders:
        filled = result.fills.get(one.order_id, Decimal(0))
        assert filled + result.rest.get(one.order_id, Decimal(0)) == one.quantity
        assert filled >= 0
    for side in (BUY, SELL):
        traded = [q for number, q in result.fills.items() if by_id[number].side is side]
        assert sum(traded, Decimal(0)) == result.matched
    if result.price is None:
        assert not result.fills
        return
    assert result.imbalance == volumes(orders, result.price)[0] - volumes(orders, result.price)[1]
    for number in result.fills:
        assert by_id[number].accepts(result.price)
    for worse in result.fills:
        for better in result.rest:
            if _goes_before(by_id[better], by_id[worse]):
                pytest.fail(f"{worse} traded although {better} goes before it")


def _goes_before(one: AuctionOrder, other: AuctionOrder) -> bool:
    if one.side is not other.side or one.order_id == other.order_id:
        return False
    if one.price == other.price:
        return one.order_id < other.order_id
    if one.price is None or other.price is None:
        return one.price is None
    return one.price > other.price if one.side is BUY else one.price < other.price


def best_by(
    candidates: list[Decimal], orders: Sequence[AuctionOrder]
) -> Iterator[tuple[Decimal, Decimal]]:
    """Price and imbalance of the candidates that match most, then leave least over."""
    matched = {one: min(volumes(orders, one)) for one in candidates}
    if not matched or not max(matched.values()):
        return
    most = [one for one in candidates if matched[one] == max(matched.values())]
    over = {one: volumes(orders, one)[0] - volumes(orders, one)[1] for one in most}
    least = min(abs(imbalance) for imbalance in over.values())
    yield from ((one, imbalance) for one, imbalance in over.items() if abs(imbalance) == least)


# --- Hong Kong --------------------------------------------------------------------------------


def tried_hk(orders: Sequence[AuctionOrder], reference: Decimal) -> Decimal | None:
    """The equilibrium price, by trying every price."""
    candidates = span(orders, HK)
    limits: dict[OrderSide, list[Decimal]] = {one.side: [] for one in orders}
    for one in orders:
        if one.price is not None:
            limits[one.side].append(one.price)
    buys, sells = limits.get(BUY), limits.get(SELL)
    if buys is not None and sells is not None:
        if not buys and sells:
            candidates = [min(sells)]
        if buys and not sells:
            candidates = [max(buys)]
    best = list(best_by(candidates, orders))
    if not best:
        return None
    if all(imbalance > 0 for _, imbalance in best):
        return max(price for price, _ in best)
    if all(imbalance < 0 for _, imbalance in best):
        return min(price for price, _ in best)
    return min((price for price, _ in best), key=lambda one: (abs(one - reference), -one))


REFERENCES = st.sampled_from(["19.9", "19.97", "19.995", "20", "20.01", "20.05", "20.3"]).map(
    Decimal
)


@given(order_lists(HK), REFERENCES, st.sampled_from(DayAuction))
def test_hong_kong_finds_the_price_that_trying_every_price_finds(
    orders: tuple[AuctionOrder, ...], reference: Decimal, kind: DayAuction
) -> None:
    result = hk_auction(orders, HK, reference, kind)
    check_result(orders, result)
    assert result.iep == tried_hk(orders, reference)
    if result.iep is not None:
        assert result.price == result.iep
    else:
        assert result.price == (reference if kind is CLOSING else None)


def test_at_auction_orders_trade_before_limit_orders_of_any_price() -> None:
    orders = (
        order(1, BUY, "20.20", 100),
        order(2, BUY, None, 100),
        order(3, SELL, "20.00", 100),
    )
    result = hk_auction(orders, HK, Decimal(20), OPENING)
    assert result.fills == {2: 100, 3: 100}
    assert result.rest == {1: 100}
    assert result.iep == Decimal("20.20")


def test_limits_that_do_not_cross_make_no_price_whatever_else_there_is() -> None:
    orders = (
        order(1, BUY, "19.95", 100),
        order(2, SELL, "20.00", 100),
        order(3, BUY, None, 500),
        order(4, SELL, None, 500),
    )
    assert hk_auction(orders, HK, Decimal(20), OPENING).price is None
    closing = hk_auction(orders, HK, Decimal(20), CLOSING)
    assert (closing.iep, closing.price) == (None, Decimal(20))
    assert closing.fills == {3: 500, 4: 500}


def test_a_closing_auction_without_any_reference_matches_nothing() -> None:
    orders = (order(1, BUY, None, 100), order(2, SELL, None, 100))
    assert hk_auction(orders, HK, None, CLOSING) == AuctionResult(rest={1: 100, 2: 100})


def test_without_a_reference_the_higher_of_equal_prices_is_taken() -> None:
    orders = (order(1, BUY, "20.04", 100), order(2, SELL, "19.98", 100))
    assert hk_auction(orders, HK, None, OPENING).iep == Decimal("20.04")


def test_an_order_between_ticks_trades_at_the_tick_it_accepts() -> None:
    orders = (order(1, BUY, "20.05", 100), order(2, SELL, "20.01", 100))
    result = hk_auction(orders, HK, Decimal(25), OPENING)
    assert result.price == Decimal("20.04")
    assert hk_auction(orders, HK, Decimal(15), OPENING).price == Decimal("20.02")


@pytest.mark.parametrize(
    ("price", "kind", "fate"),
    [
        (None, OPENING, Fate.CANCELED),
        (None, CLOSING, Fate.CANCELED),
        ("20", OPENING, Fate.LIMIT_ORDER),
        ("20", CLOSING, Fate.EXPIRED),
    ],
)
def test_what_is_left_ends_or_goes_on(price: str | None, kind: DayAuction, fate: Fate) -> None:
    assert hk_fate(order(1, BUY, price, 100), kind) is fate


# --- Mainland ---------------------------------------------------------------------------------

LIMITS = PriceRange(Decimal("19.93"), Decimal("20.09"))
EXCHANGES = st.sampled_from(CnExchange)


def tried_cn(
    orders: Sequence[AuctionOrder], references: list[Decimal], exchange: CnExchange
) -> Decimal | None:
    def above(price: Decimal) -> Decimal:
        some = (o.quantity for o in orders if o.side is BUY and o.price and o.price > price)
        return sum(some, Decimal(0))

    def below(price: Decimal) -> Decimal:
        some = (o.quantity for o in orders if o.side is SELL and o.price and o.price < price)
        return sum(some, Decimal(0))

    matched = {one: min(volumes(orders, one)) for one in prices(CENT) if LIMITS.holds(one)}
    if not matched or not max(matched.values()):
        return None
    some = [
        one
        for one, volume in matched.items()
        if volume == max(matched.values()) and above(one) <= volume and below(one) <= volume
    ]
    if not some:
        return None
    if exchange is CnExchange.SHANGHAI:
        over = {one: abs(volumes(orders, one)[0] - volumes(orders, one)[1]) for one in some}
        left = [one for one in some if over[one] == min(over.values())]
        return CENT.above((min(left) + max(left)) / 2)
    gap = {one: abs(above(one) - below(one)) for one in some}
    left = [one for one in some if gap[one] == min(gap.values())]
    return min(left, key=lambda one: (*(abs(one - near) for near in references), -one))


@given(order_lists(CENT, unpriced=False), st.lists(REFERENCES, min_size=1, max_size=2), EXCHANGES)
def test_the_mainland_finds_the_price_that_trying_every_price_finds(
    orders: tuple[AuctionOrder, ...], references: list[Decimal], exchange: CnExchange
) -> None:
    inside = tuple(one for one in orders if one.price is not None and LIMITS.holds(one.price))
    result = cn_auction(inside, CENT, references, exchange, LIMITS)
    check_result(inside, result)
    assert result.iep == tried_cn(inside, references, exchange)


@given(order_lists(CENT, unpriced=False), EXCHANGES)
def test_whoever_offers_more_than_the_mainland_price_is_filled(
    orders: tuple[AuctionOrder, ...], exchange: CnExchange
) -> None:
    result = cn_auction(orders, CENT, [Decimal(20)], exchange)
    if result.price is None:
        assert not span(orders, CENT)
        return
    for one in orders:
        assert one.price is not None
        is_better = one.price > result.price if one.side is BUY else one.price < result.price
        assert not (is_better and one.order_id in result.rest)


def test_the_second_reference_decides_between_prices_equally_near_the_first() -> None:
    orders = (order(1, BUY, "20.05", 100), order(2, SELL, "19.95", 100))
    references = [Decimal("20.005"), Decimal("19.90")]
    result = cn_auction(orders, CENT, references, CnExchange.SHENZHEN)
    assert result.iep == Decimal("20.00")
    assert cn_auction(orders, CENT, references[:1], CnExchange.SHENZHEN).iep == Decimal("20.01")


def test_no_mainland_price_lies_beyond_the_daily_limits() -> None:
    orders = (order(1, BUY, "30", 100), order(2, SELL, "10", 100))
    result = cn_auction(orders, CENT, [Decimal(50)], CnExchange.SHENZHEN, LIMITS)
    assert result.iep == LIMITS.upper


# --- United States ----------------------------------------------------------------------------


@given(order_lists(CENT), REFERENCES)
def test_a_cross_finds_the_price_that_trying_every_price_finds(
    orders: tuple[AuctionOrder, ...], reference: Decimal
) -> None:
    result = us_cross(orders, CENT, reference)
    check_result(orders, result)
    best = [price for price, _ in best_by(span(orders, CENT), orders)]
    expected = min(best, key=lambda one: (abs(one - reference), -one), default=None)
    assert result.iep == expected
    if expected is not None and all(one.price is not None for one in orders):
        assert result.matched == max(min(volumes(orders, one)) for one in prices(CENT))


def test_market_orders_alone_do_not_cross() -> None:
    orders = (order(1, BUY, None, 100), order(2, SELL, None, 100), order(3, SELL, "20", 100))
    assert us_cross(orders, CENT, Decimal(20)).price is None


def test_prices_far_apart_cost_no_more_than_prices_close_together() -> None:
    orders = (order(1, BUY, "900000000", 100), order(2, SELL, "0.01", 100))
    assert us_cross(orders, CENT, Decimal("123456.78")).iep == Decimal("123456.78")
