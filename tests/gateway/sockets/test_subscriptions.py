"""The bookkeeping of subscriptions against a plain model, and what merging keeps."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portway.gateway.sockets.subscriptions import Backlog, Shown, Subscriptions
from portway.model.quote import SubType
from portway.model.symbol import Symbol
from portway.quotes.board import Board
from tests.gateway.world import DAY, TENCENT, trade

subscribers = st.sampled_from("abc")
symbols = st.sampled_from([Symbol("700.HK"), Symbol("AAPL.US"), Symbol("600519.SH")])
kinds = st.sets(st.sampled_from(list(SubType)), min_size=1)
steps = st.lists(st.tuples(st.sampled_from(["add", "remove", "end"]), subscribers, symbols, kinds))


@given(steps)
def test_any_sequence_of_steps_leaves_exactly_what_is_still_followed(steps: list) -> None:
    real: Subscriptions[str] = Subscriptions()
    model: dict[str, dict[Symbol, set[SubType]]] = {}
    for step, who, symbol, some in steps:
        held = model.setdefault(who, {})
        followed_before = any(symbol in one for one in model.values())
        match step:
            case "add":
                assert real.add(who, symbol, some) == (not followed_before)
                held.setdefault(symbol, set()).update(some)
            case "remove":
                was = symbol in held
                if was:
                    held[symbol] -= some
                    if not held[symbol]:
                        del held[symbol]
                gone = was and symbol not in held
                nobody = gone and not any(symbol in one for one in model.values())
                assert real.remove(who, symbol, some) == (gone, nobody)
            case "end":
                model[who] = {}
                ended = dict(real.remove_all(who))
                for one, nobody in ended.items():
                    assert nobody == (not any(one in other for other in model.values()))
        for name in "abc":
            assert dict(real.of(name)) == model.get(name, {})
        for symbol in {one for held in model.values() for one in held}:
            for kind in SubType:
                followers = real.topics[symbol].followers[kind]
                assert set(followers) == {
                    name for name, held in model.items() if kind in held.get(symbol, ())
                }
        assert set(real.topics) == {one for held in model.values() for one in held}


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 1000)), min_size=1, max_size=30))
def test_a_merged_quote_says_what_its_parts_said_one_after_the_other(prints: list) -> None:
    board = Board(TENCENT, DAY, (), Decimal(100))
    backlog, client = Backlog(), {}
    volume = 0
    for index, (price, size) in enumerate(prints):
        change = board.apply(trade(TENCENT, index, str(price), size)).quote
        assert change is not None
        assert backlog.add_quote(TENCENT, change) == (index > 0)
        volume += change.current_volume
        client.update(
            {
                k: v
                for k in ("last_done", "open", "high", "low", "volume", "turnover")
                if (v := getattr(change, k)) is not None
            }
        )
    merged = backlog.quotes[TENCENT]
    assert merged.current_volume == volume
    assert all(getattr(merged, key) == value for key, value in client.items())
    assert backlog.merged == len(prints) - 1


def test_the_book_a_reader_was_shown_last_is_remembered_over_merges() -> None:
    backlog = Backlog()
    shown = Shown(10, 8)
    assert not backlog.add_depth(TENCENT, shown)
    shown.asks = 3
    assert backlog.add_depth(TENCENT, shown)
    assert backlog.depths[TENCENT] == Shown(10, 8)
    backlog.forget(TENCENT, [SubType.DEPTH])
    assert not backlog.depths
