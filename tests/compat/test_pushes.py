"""Subscriptions, pushes and the client's own store of them, through the official packages."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

MAIN = {"HK": "700.HK", "US": "AAPL.US", "CN": "600519.SH"}
MARKETS = tuple(MAIN)
KINDS = ("quote", "depth", "brokers", "trades")


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("pushes", client)


def subscribed(rows: list[Any]) -> dict[str, Any]:
    """What is subscribed by symbol; the client also lists symbols of which nothing is left."""
    return {
        row["symbol"]: (row["sub_types"], row["candlesticks"])
        for row in rows
        if row["sub_types"] or row["candlesticks"]
    }


def numbers(bar: dict[str, Any]) -> dict[str, Any]:
    """A candle by value: sums made by the client may end in zeros."""
    decimals = ("open", "high", "low", "close", "turnover")
    return {**bar, **{name: Decimal(bar[name]) for name in decimals}}


def trades_of(pushes: list[Any]) -> list[Any]:
    return [trade for push in pushes for trade in push["trades"]]


@pytest.mark.covers("cmd 6", "push 101", "push 102")
@pytest.mark.parametrize("market", MARKETS)
def test_a_subscription_begins_with_one_snapshot_of_quote_and_depth(
    facts: Any, market: str
) -> None:
    """Source: quote, command 6 (first push; none for trades, nothing added to volumes)."""
    first = facts["markets"][market]["first"]
    assert len(first["quote"]) == len(first["depth"]) == 1
    assert first["trades"] == []
    assert first["quote"][0]["current_volume"] == 0
    assert Decimal(first["quote"][0]["current_turnover"]) == 0


@pytest.mark.covers("cmd 6")
@pytest.mark.parametrize("market", MARKETS)
def test_the_client_lists_what_it_subscribed(facts: Any, market: str) -> None:
    """Source: quote, command 6."""
    rows = [
        row for row in facts["markets"][market]["subscriptions"] if row["symbol"] == MAIN[market]
    ]
    assert [set(row["sub_types"]) for row in rows] == [{"Quote", "Depth", "Brokers", "Trade"}]


@pytest.mark.covers("push 101")
@pytest.mark.parametrize("market", MARKETS)
def test_pushed_quotes_rise_by_what_was_traded(facts: Any, market: str) -> None:
    """Source: quote, push 101."""
    quotes = facts["markets"][market]["pushes"]["quote"]
    assert len(quotes) > 10
    for before, after in pairwise(quotes):
        assert after["timestamp"] >= before["timestamp"]
        grown = after["volume"] - before["volume"]
        assert grown >= 0
        assert after["current_volume"] == grown
        assert Decimal(after["current_turnover"]) == Decimal(after["turnover"]) - Decimal(
            before["turnover"]
        )
    for quote in quotes:
        assert Decimal(quote["low"]) <= Decimal(quote["last_done"]) <= Decimal(quote["high"])


@pytest.mark.covers("push 102")
@pytest.mark.parametrize("market", MARKETS)
def test_pushed_depths_show_all_levels_uncrossed(facts: Any, market: str) -> None:
    """Source: quote, push 102."""
    depths = facts["markets"][market]["pushes"]["depth"]
    assert len(depths) > 10
    for depth in depths:
        asks, bids = ([Decimal(row["price"]) for row in depth[side]] for side in ("asks", "bids"))
        assert bids[0] < asks[0]
        assert [row["position"] for row in depth["asks"]] == list(range(1, len(asks) + 1))


@pytest.mark.covers("push 103", "cmd 15")
def test_pushed_broker_queues_end_as_the_pull_says(facts: Any) -> None:
    """Source: quote, push 103."""
    known = facts["markets"]["HK"]
    assert known["pushes"]["brokers"]
    assert known["realtime"]["brokers"] == known["pull"]["brokers"]
    assert facts["markets"]["US"]["pushes"]["brokers"] == []


@pytest.mark.covers("push 104", "cmd 17")
@pytest.mark.parametrize("market", MARKETS)
def test_pushed_trades_are_the_pulled_ones_in_the_same_order(facts: Any, market: str) -> None:
    """Source: quote, push 104 and command 17: one truth for both."""
    known = facts["markets"][market]
    pushed = trades_of(known["pushes"]["trades"])
    assert len(pushed) > 10
    assert known["pull"]["trades"][-len(pushed) :] == pushed


@pytest.mark.covers("push 101", "push 102")
@pytest.mark.parametrize("market", MARKETS)
def test_a_pull_after_the_pushes_says_what_the_last_ones_said(facts: Any, market: str) -> None:
    """Source: quote, commands 11 and 14 against pushes 101 and 102."""
    known = facts["markets"][market]
    last, pull = known["pushes"]["quote"][-1], known["pull"]["quote"]
    names = ("last_done", "open", "high", "low", "volume", "turnover", "timestamp")
    assert [last[name] for name in names] == [pull[name] for name in names]
    assert known["pushes"]["depth"][-1] == known["pull"]["depth"]


@pytest.mark.covers("push 101", "push 102", "push 104")
@pytest.mark.parametrize("market", MARKETS)
def test_the_clients_own_store_holds_what_was_pushed(facts: Any, market: str) -> None:
    """Source: sdk, local store."""
    known = facts["markets"][market]
    (quote,) = known["realtime"]["quote"]
    last = known["pushes"]["quote"][-1]
    assert (quote["last_done"], quote["volume"]) == (last["last_done"], last["volume"])
    assert known["realtime"]["depth"]["bids"] == known["pull"]["depth"]["bids"]
    pushed = trades_of(known["pushes"]["trades"])
    stored = known["realtime"]["trades"]
    assert stored == pushed[-len(stored) :]


@pytest.mark.covers("cmd 7")
@pytest.mark.parametrize("market", MARKETS)
def test_nothing_comes_after_unsubscribing(facts: Any, market: str) -> None:
    """Source: quote, command 7."""
    known = facts["markets"][market]
    assert set(known["after_unsubscribing"]) == {0}
    assert MAIN[market] not in subscribed(known["subscriptions_after"])


@pytest.mark.covers("push 101")
def test_an_index_is_pushed_without_trades_or_depth(facts: Any) -> None:
    """Source: quote, push 101."""
    assert facts["index"]["quote"] > 5
    assert facts["index"]["depth"] == facts["index"]["trades"] == 0


@pytest.mark.covers("cmd 6", "push 102")
def test_only_the_subscribed_kind_is_pushed(facts: Any) -> None:
    """Source: quote, command 6."""
    counts = facts["depth_only"]
    assert counts.pop("depth") > 3
    assert set(counts.values()) == {0}


@pytest.mark.covers("cmd 6")
def test_pushes_carry_the_symbol_as_the_client_looks_it_up(facts: Any) -> None:
    """Source: quote, symbols; section 8 (unknown symbols are left out)."""
    zeros = facts["zeros"]
    assert zeros["5.HK"] > 0
    assert zeros["388.HK"] > 0
    assert zeros["one unknown"]["code"] is None


@pytest.mark.covers("cmd 6", "cmd 10", "cmd 19", "push 101", "push 104")
def test_minute_candles_merged_by_the_client_equal_a_later_pull(facts: Any) -> None:
    """Source: quote, section 9; candles."""
    known = facts["candlesticks"]
    start = known["snapshot"][-1]["timestamp"]
    merged = [bar for bar in known["realtime"] if bar["timestamp"] >= start]
    pulled = [bar for bar in known["pull"] if bar["timestamp"] >= start]
    assert len(merged) >= 3
    assert list(map(numbers, merged)) == list(map(numbers, pulled))
    assert len(known["pushes"]) > len(merged)
    assert {push["period"] for push in known["pushes"]} == {"Min_1"}


@pytest.mark.covers("cmd 7")
def test_a_candle_subscription_ends(facts: Any) -> None:
    """Source: quote, candlestick subscription; an unknown symbol has none."""
    known = facts["candlesticks"]
    assert subscribed(known["subscriptions"])["700.HK"] == ([], ["Min_1"])
    assert known["after_unsubscribing"] == 0
    assert "700.HK" not in subscribed(known["subscriptions_after"])
    assert known["unknown"].get("accepted") is None


SESSIONS = {
    "HK, from the morning over lunch to the closing auction": (
        "700.HK",
        "at 2026-03-03T11:30:00+08:00",
        int(4.75 * 3600),
    ),
    "US, from before the opening bell": ("AAPL.US", "at 2026-03-03T09:10:00-05:00", 3600),
    "US, over the closing bell": ("AAPL.US", "at 2026-03-03T15:45:00-05:00", 1800),
    "CN, over the closing auction": ("600519.SH", "at 2026-03-03T14:30:00+08:00", 2400),
    "an index, from quotes": ("HSI.HK", "at 2026-03-03T15:45:00+08:00", 1800),
}
PERIODS = ("Min_1", "Min_5", "Min_60", "Day")


@pytest.mark.covers("cmd 19", "push 101", "push 104")
@pytest.mark.parametrize("session", SESSIONS)
def test_candles_merged_over_a_session_equal_a_later_pull(gather: Facts, session: str) -> None:
    """Source: quote, section 9; candles (grace, auctions, sessions)."""
    symbol, clock, seconds = SESSIONS[session]
    facts = gather(
        "merge",
        "longport-sync",
        symbol,
        str(seconds),
        *PERIODS,
        server=("--clock", clock, "--speed", "0", "--limits", "none"),
    )
    for period in PERIODS:
        known = facts[period]
        start = known["snapshot"][-1]["timestamp"] if known["snapshot"] else 0
        merged = [bar for bar in known["merged"] if bar["timestamp"] >= start]
        merged.sort(key=lambda bar: bar["timestamp"])  # The client keeps sessions apart.
        assert merged
        pulled = [bar for bar in known["pull"] if bar["timestamp"] >= start]
        assert list(map(numbers, merged)) == list(map(numbers, pulled)), period
