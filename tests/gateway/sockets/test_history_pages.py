"""Pages made straight from records are, byte for byte, those that the message gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.gateway.sockets import quote_messages as messages
from portway.gateway.sockets.history_pages import encode_bars
from portway.market.bar_page import BarPage
from portway.market.imported.records import BAR, BarTable, candlesticks
from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.wire.pb import quote_pb2 as pb

Row = tuple[int, int, int, int, int]


@st.composite
def tables(draw: st.DrawFn) -> BarTable:
    count = draw(st.integers(1, 8))
    places, money = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    rows = np.zeros(count, dtype=BAR)
    top = draw(st.sampled_from([9, 10_000, 2**31, 10**13]))
    for name in ("open", "high", "low", "close"):
        rows[name] = draw(st.lists(st.integers(0, top), min_size=count, max_size=count))
    for name, most in (("volume", 10**12), ("turnover", 10**17), ("at", 2**35)):
        rows[name] = draw(st.lists(st.integers(0, most), min_size=count, max_size=count))
    rows["session"] = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    return BarTable(rows, places, money)


@pytest.mark.parametrize("market", [Market.HK, Market.CN])
@given(table=tables())
def test_bytes_from_records_equal_those_of_the_message(market: Market, table: BarTable) -> None:
    bars = [messages.candlestick(bar, market) for bar in candlesticks(table)]
    expected = pb.SecurityCandlestickResponse(candlesticks=bars).SerializeToString()
    assert encode_bars(table, market) == expected


def test_negative_turnover_and_early_years_take_the_long_way() -> None:
    rows = np.zeros(2, dtype=BAR)
    rows["at"] = (-86_400 * 365, 5)
    rows["low"] = 1
    table = BarTable(rows, 2, 2)
    answer = pb.SecurityCandlestickResponse.FromString(encode_bars(table, Market.HK))
    assert [bar.timestamp for bar in answer.candlesticks] == [-86_400 * 365, 5]
    assert encode_bars(table.slice(0, 0), Market.HK) == b""


def test_a_page_is_an_ordinary_sequence() -> None:
    rows = np.zeros(6, dtype=BAR)
    rows["at"] = range(6)
    rows["session"][2] = TradeSession.PRE
    table = BarTable(rows, 2, 2)
    bars = candlesticks(table)
    page = BarPage(table.slice(0, 4), tuple(bars[4:]))
    assert len(page) == 6
    assert list(page) == bars
    assert page[-1] == bars[-1]
    assert page[2] == bars[2]
    for first in range(-7, 8):
        for last in range(-7, 8):
            assert list(page[first:last]) == bars[first:last]
    assert page[::2] == tuple(bars[::2])
    left = [bar for bar in bars if bar.session is not TradeSession.PRE]
    assert list(page.without(TradeSession.PRE)) == left
    with pytest.raises(IndexError):
        page[6]
