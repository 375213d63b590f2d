"""Lists from end to end, and as tables."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from portway.openapi import ArgumentError, Candlestick, Order, Period, TradeSession
from portway.openapi.frames import to_dicts, to_pandas, to_polars
from portway.openapi.paging import iter_candlesticks, iter_cash_flow, iter_history_orders
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.push_script import ORDER

START = datetime(2026, 1, 5, tzinfo=UTC)


def test_orders_of_one_second_on_both_sides_of_a_page_are_given_once() -> None:
    stamps = [int(START.timestamp()) + n // 3 for n in range(2500)]
    orders = [
        Order({**ORDER, "order_id": str(n), "submitted_at": str(at)}) for n, at in enumerate(stamps)
    ]

    def history_orders(start_at: datetime, end_at: datetime, **_: Any) -> list[Order]:
        until = end_at.timestamp()
        found = [o for o, at in zip(orders, stamps, strict=True) if at <= until]
        return found[::-1][:1000]

    context = cast(Any, SimpleNamespace(history_orders=history_orders))
    found = list(iter_history_orders(context, START, START + timedelta(days=1)))
    assert [order.order_id for order in found] == [str(n) for n in range(2499, -1, -1)]


def test_cash_flow_ends_with_the_first_short_page() -> None:
    rows = list(range(120))
    asked = []

    def cash_flow(start: datetime, end: datetime, page: int, size: int) -> list[int]:
        asked.append(page)
        return rows[(page - 1) * size : page * size]

    context = cast(Any, SimpleNamespace(cash_flow=cash_flow))
    assert list(iter_cash_flow(context, START, START)) == rows
    assert asked == [1, 2, 3]


def test_candlesticks_go_back_until_there_are_none() -> None:
    zone = ZoneInfo("Asia/Hong_Kong")
    first = datetime(2026, 1, 5, 9, 30, tzinfo=zone)
    bars = [
        Candlestick(pb.Candlestick(timestamp=int((first + timedelta(minutes=n)).timestamp())))
        for n in range(2100)
    ]

    def history(*given: Any) -> list[Candlestick]:
        before = given[5]
        until = 2**40 if before is None else before.replace(tzinfo=zone).timestamp()
        return [bar for bar in bars if bar._message.timestamp <= until][-1000:]

    context = cast(Any, SimpleNamespace(history_candlesticks_by_offset=history))
    assert list(iter_candlesticks(context, "700.HK", Period.Min_1)) == bars[::-1]


def test_objects_as_rows() -> None:
    bar = Candlestick(pb.Candlestick(close="1.50", trade_session=1))
    (row,) = to_dicts([bar])
    assert (row["close"], row["trade_session"]) == (1.5, TradeSession.Pre.name)


@pytest.mark.parametrize(("library", "make"), [("pandas", to_pandas), ("polars", to_polars)])
def test_tables_have_a_row_for_each_object_or_say_what_to_install(library: str, make: Any) -> None:
    bars = [Candlestick(pb.Candlestick(close="1.50")) for _ in range(3)]
    if importlib.util.find_spec(library) is None:
        with pytest.raises(ArgumentError, match=f"pip install 'portway.{library}.'"):
            make(bars)
        return
    assert make(bars).shape == (3, 8)
