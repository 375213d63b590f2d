"""Queues of a symbol: price, then time; and the outside beside them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.book import Book, Outside, crosses
from portway.model.order import OrderSide
from tests.trading.floor import TENCENT, depth

ORDERS = st.lists(st.tuples(st.sampled_from(OrderSide), st.integers(1, 20)), max_size=40)


@given(ORDERS, st.randoms(use_true_random=False))
def test_each_side_stands_best_price_first_then_oldest(
    orders: list[tuple[OrderSide, int]], random: object
) -> None:
    book, kept = Book(), []
    for arrival, (side, price) in enumerate(orders):
        book.add(side, Decimal(price), arrival, order_id=arrival + 1000)
        kept.append((side, price, arrival))
    while kept:
        for side, sign in ((OrderSide.BUY, -1), (OrderSide.SELL, 1)):
            wanted = sorted((sign * p, a) for s, p, a in kept if s is side)
            assert [(sign * int(one.price), one.arrival) for one in book.side(side)] == wanted
        side, price, arrival = kept.pop(random.randrange(len(kept)))  # type: ignore[attr-defined]
        book.remove(side, Decimal(price), arrival, arrival + 1000)
    assert book.is_empty


def test_an_order_that_is_not_there_cannot_be_taken_out() -> None:
    book = Book()
    book.add(OrderSide.BUY, Decimal(10), 1, 1)
    with pytest.raises(AssertionError):
        book.remove(OrderSide.BUY, Decimal(10), 2, 2)


def test_what_was_taken_is_forgotten_with_the_next_update_only() -> None:
    outside = Outside()
    shown = depth(TENCENT, "499x100", "500x300 501x100")
    outside.update(shown, arrivals=7)
    assert not outside.is_met
    level = outside.best(OrderSide.SELL)
    assert level is not None
    level.left = Decimal(0)
    outside.is_met = True
    outside.update(shown, arrivals=9)
    assert outside.is_met
    assert outside.since == 7
    best = outside.best(OrderSide.SELL)
    assert best is not None
    assert best.price == 501
    outside.update(None, arrivals=9)
    assert outside.best(OrderSide.SELL) is None


def test_what_crosses() -> None:
    ten, eleven = Decimal(10), Decimal(11)
    assert crosses(OrderSide.BUY, ten, ten)
    assert not crosses(OrderSide.BUY, ten, eleven)
    assert crosses(OrderSide.SELL, ten, eleven)
    assert not crosses(OrderSide.SELL, eleven, ten)
    assert crosses(OrderSide.SELL, None, ten)
