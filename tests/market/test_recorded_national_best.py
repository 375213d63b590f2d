"""The merge of quotes against a slow one written here, and how the kind of feed is told."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from portway.market.importers.lean import QuoteRow
from portway.market.recorded.national_best import QuoteFeed, detect_feed, merge_quotes

EACH, NATIONAL = QuoteFeed.PER_EXCHANGE, QuoteFeed.NATIONAL_BEST


def row(
    exchange: str, bid: int = 0, bid_size: int = 0, ask: int = 0, ask_size: int = 0, at: int = 0
) -> QuoteRow:
    return QuoteRow(at, bid, bid_size, ask, ask_size, exchange, False)


def merged(rows: Sequence[QuoteRow], feed: QuoteFeed = EACH) -> list[tuple[int, ...]]:
    return [tuple(one[1:]) for one in merge_quotes(rows, feed)]


def test_best_price_sum_of_sizes_number_of_exchanges() -> None:
    rows = [
        row("P", bid=100, bid_size=3),
        row("N", bid=101, bid_size=5),
        row("Q", bid=101, bid_size=2),
        row("Q", ask=103, ask_size=7),
    ]
    assert merged(rows) == [
        (100, 3, 1, 0, 0, 0),
        (101, 5, 1, 0, 0, 0),
        (101, 7, 2, 0, 0, 0),
        (101, 7, 2, 103, 7, 1),
    ]


def test_a_worse_quote_or_the_same_again_changes_nothing() -> None:
    rows = [row("P", bid=100, bid_size=3), row("N", bid=99, bid_size=9)]
    assert len(merged([*rows, rows[0], rows[1]])) == 1


def test_a_quote_gives_way_to_the_next_of_its_exchange() -> None:
    rows = [row("P", bid=100, bid_size=3), row("N", bid=99, bid_size=9), row("P", 98, 1)]
    assert merged(rows)[-1][:3] == (99, 9, 1)


def test_zero_price_or_size_withdraws_a_side_and_an_empty_row_both() -> None:
    rows = [row("P", 100, 3, 105, 4), row("N", 99, 9, 106, 8)]
    assert merged([*rows, row("P", bid=100)])[-1] == (99, 9, 1, 105, 4, 1)
    assert merged([*rows, row("P", bid_size=7)])[-1] == (99, 9, 1, 105, 4, 1)
    assert merged([*rows, row("P", ask_size=7)])[-1] == (100, 3, 1, 106, 8, 1)
    assert merged([*rows, row("P")])[-1] == (99, 9, 1, 106, 8, 1)
    assert merged([*rows, row("P"), row("N")])[-1] == (0, 0, 0, 0, 0, 0)


def test_a_crossed_market_is_shown_as_it_is() -> None:
    rows = [row("P", ask=100, ask_size=1), row("N", bid=101, bid_size=1)]
    assert merged(rows)[-1] == (101, 1, 1, 100, 1, 1)


def test_suspicious_rows_are_left_out() -> None:
    doubted = row("P", bid=500, bid_size=1)._replace(suspicious=True)
    assert merged([row("P", bid=100, bid_size=3), doubted]) == [(100, 3, 1, 0, 0, 0)]


def test_national_rows_replace_whoever_set_the_best_before() -> None:
    rows = [row("P", bid=100, bid_size=3), row("N", bid=99, bid_size=9), row("Q", ask=101)]
    assert merged(rows, NATIONAL) == [(100, 3, 1, 0, 0, 0), (99, 9, 1, 0, 0, 0)]


def slow_merge(rows: Sequence[QuoteRow]) -> list[tuple[int, ...]]:
    """After each row look at every row before it again."""
    changes: list[tuple[int, ...]] = []
    for count in range(1, len(rows) + 1):
        sides: list[tuple[int, int, int]] = []
        for side, pick in ((0, max), (1, min)):
            latest: dict[str, tuple[int, int]] = {}
            for one in rows[:count]:
                numbers = (one.bid, one.bid_size, one.ask, one.ask_size)
                price, size = numbers[2 * side : 2 * side + 2]
                if price or size or not any(numbers):
                    latest[one.exchange] = (price, size)
            live = [quote for quote in latest.values() if quote[0] and quote[1]]
            best = pick((price for price, _ in live), default=0)
            at_best = [size for price, size in live if price == best]
            sides.append((best, sum(at_best), len(at_best)))
        state = (*sides[0], *sides[1])
        before = changes[-1] if changes else (0,) * 6
        if (state[0], state[1], state[3], state[4]) != (before[0], before[1], before[3], before[4]):
            changes.append(state)
    return changes


quotes = st.builds(
    row,
    st.sampled_from("NPQZ"),
    st.sampled_from([0, 0, 99, 100, 101]),
    st.sampled_from([0, 100, 200]),
    st.sampled_from([0, 0, 101, 102, 103]),
    st.sampled_from([0, 100, 200]),
)


@given(st.lists(quotes, max_size=25))
def test_the_merge_equals_the_slow_one(rows: list[QuoteRow]) -> None:
    assert merged(rows) == slow_merge(rows)


def national_tape(count: int, draw: random.Random) -> list[QuoteRow]:
    """Pairs of best bid and best ask, each named after some exchange, as the tape has them."""
    rows: list[QuoteRow] = []
    price = 10_000
    for at in range(count // 2):
        price += draw.choice([-1, 0, 0, 1])
        rows.append(row(draw.choice("NPQ"), bid=price, bid_size=100, at=at))
        rows.append(row(draw.choice("NPQ"), ask=price + 1, ask_size=100, at=at))
    return rows


@given(st.integers(0, 2**32))
def test_a_national_tape_is_told_from_quotes_of_exchanges(seed: int) -> None:
    draw = random.Random(seed)
    tape = national_tape(400, draw)
    assert detect_feed(tape) is NATIONAL
    assert detect_feed(tape[1:]) is NATIONAL
    per_side = list(tape)
    draw.shuffle(per_side)
    assert detect_feed(per_side) is EACH
    pairs = [one._replace(exchange="NPQ"[number // 2 % 3]) for number, one in enumerate(tape)]
    assert detect_feed(pairs) is EACH
    both = [row("N", 1, 1, 2, 1)] * 400
    assert detect_feed(both) is EACH


def test_a_short_file_is_taken_as_quotes_of_exchanges() -> None:
    tape = national_tape(98, random.Random(1))
    assert detect_feed(tape) is EACH
    assert list(merge_quotes(tape)) == list(merge_quotes(tape, EACH))


def test_rows_looked_at_to_tell_the_feed_are_merged_too() -> None:
    tape = national_tape(10_000, random.Random(7))
    assert list(merge_quotes(tape)) == list(merge_quotes(tape, NATIONAL))
    assert len(list(merge_quotes(tape))) > 4500  # far more than the head could give
