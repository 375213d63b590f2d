"""The local store: partial pushes merged, levels replaced by position, trades kept in bounds."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portway.openapi.store import TRADES_KEPT_MAX, TRADES_KEPT_MIN, Store, is_complete, merge_quote
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import quote_push

KEPT = ("last_done", "open", "high", "low", "volume", "turnover")
REPLACED = ("timestamp", "trade_status", "trade_session", "current_volume", "current_turnover")

prices = st.sampled_from(["", "0", "0.000", "0.001", "1.5", "612.500", "99999.999"])
pushes = st.builds(
    quote_push,
    last_done=prices, open=prices, high=prices, low=prices, turnover=prices,
    volume=st.sampled_from([0, 1, 10**9]), timestamp=st.integers(0, 10**9),
    current_volume=st.integers(0, 5), current_turnover=prices,
    trade_status=st.integers(0, 10), trade_session=st.integers(0, 3),
)  # fmt: skip


def _is_nothing(value: Any) -> bool:
    return value == 0 if isinstance(value, int) else float(value or "0") == 0


@given(before=st.none() | pushes, push=pushes)
def test_what_a_push_leaves_out_stays_as_it_was(
    before: pb.PushQuote | None, push: pb.PushQuote
) -> None:
    given_before = None if before is None else before.SerializeToString()
    given_push = push.SerializeToString()
    merged = merge_quote(before, push)  # may be the push itself, filled in
    push = pb.PushQuote.FromString(given_push)
    for name in KEPT:
        value = getattr(push, name)
        keeps = before is not None and _is_nothing(value)
        assert getattr(merged, name) == (getattr(before, name) if keeps else value)
    for name in REPLACED:
        assert getattr(merged, name) == getattr(push, name)
    # What was handed out before is never changed.
    assert before is None or before.SerializeToString() == given_before


@given(push=pushes)
def test_a_push_that_looks_complete_leaves_nothing_out(push: pb.PushQuote) -> None:
    if is_complete(push.SerializeToString()):
        assert not any(_is_nothing(getattr(push, name)) for name in KEPT)


def test_an_ordinary_push_looks_complete() -> None:
    assert is_complete(quote_push().SerializeToString())


def test_depth_levels_are_replaced_by_position() -> None:
    store = Store()
    store.add_depth(_depth((1, "10"), (2, "11"), (3, "12")))
    before = store.depth("700.HK")
    store.add_depth(_depth((2, "11.5"), (3, "")))
    assert [(level.position, level.price) for level in store.depth("700.HK").ask] == [
        (1, "10"), (2, "11.5"), (3, ""),
    ]  # fmt: skip
    assert [level.price for level in before.ask] == ["10", "11", "12"]
    assert len(store.depth("unknown").ask) == 0


def test_brokers_of_a_position_are_replaced() -> None:
    store = Store()
    for ids in ([1, 2], []):
        queue = pb.Brokers(position=1, broker_ids=ids)
        store.add_brokers(pb.PushBrokers(symbol="700.HK", bid_brokers=[queue]))
    (queue,) = store.brokers("700.HK").bid_brokers
    assert list(queue.broker_ids) == []


def test_trades_are_kept_in_bounds_newest_last() -> None:
    store = Store()
    for start in range(0, TRADES_KEPT_MAX + 1, 7):
        trades = [pb.Trade(volume=start + i) for i in range(7)]
        store.add_trades(pb.PushTrade(symbol="700.HK", trade=trades))
    kept = store.trades("700.HK", 10**6)
    assert TRADES_KEPT_MIN <= len(kept) <= TRADES_KEPT_MAX
    assert [t.volume for t in kept] == sorted(t.volume for t in kept)
    assert [t.volume for t in store.trades("700.HK", 2)] == [kept[-2].volume, kept[-1].volume]
    assert store.trades("700.HK", 0) == ()


def _depth(*levels: tuple[int, str]) -> pb.PushDepth:
    asks = [pb.Depth(position=position, price=price) for position, price in levels]
    return pb.PushDepth(symbol="700.HK", ask=asks)
