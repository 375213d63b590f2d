"""Market data as messages: digits, lots, zeros that are left out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portway.gateway.sockets import quote_messages as messages
from portway.model.decimals import wire_text
from portway.model.quote import SessionQuote, TradeSession, TradeStatus
from portway.model.symbol import Market
from portway.quotes.board import Board
from portway.quotes.changes import QuoteChange
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.world import APPLE, DAY, MOUTAI, NOW, trade

ZERO = Decimal(0)


@given(st.decimals("0.0001", "99999", places=4, allow_nan=False))
def test_prices_are_plain_text_that_means_the_same(price: Decimal) -> None:
    text = messages.trade(trade(APPLE, 0, str(price)), Market.US).price
    assert Decimal(text) == price
    assert "E" not in text.upper()
    assert len(text.partition(".")[2]) >= 3


any_number = st.decimals(allow_nan=False, allow_infinity=False)
any_scale = st.builds(
    lambda digits, scale: Decimal(digits).scaleb(scale),
    st.integers(-(10**9), 10**9),
    st.integers(-12, 12),
)


@given(any_number | any_scale)
def test_the_short_way_to_a_price_and_the_long_one_agree(value: Decimal) -> None:
    assert messages.price_text(value) == wire_text(value, messages.PRICE_PLACES)


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=40))
def test_current_volumes_of_the_mainland_add_up_to_the_shown_total(volumes: list[int]) -> None:
    board = Board(MOUTAI, DAY, (), Decimal(1500))
    shown = 0
    for index, volume in enumerate(volumes):
        change = board.apply(trade(MOUTAI, index, "1500", volume)).quote
        assert change is not None
        push = pb.PushQuote.FromString(messages.quote_push(MOUTAI, Market.CN, index, change))
        shown += push.current_volume
        assert push.volume == shown
    assert shown == max(1, sum(volumes) // 100)


def test_a_push_leaves_out_what_did_not_change_and_zeros_but_never_time_and_session() -> None:
    full = SessionQuote(Decimal(5), ZERO, ZERO, ZERO, 0, ZERO, NOW[Market.US], Decimal(4))
    change = QuoteChange(
        TradeSession.PRE,
        NOW[Market.US],
        TradeStatus.HALTED,
        None,
        ZERO,
        None,
        None,
        0,
        ZERO,
        0,
        ZERO,
        full,
    )
    push = pb.PushQuote.FromString(messages.quote_push("AAPL.US", Market.US, 7, change))
    assert {field.name for field, _ in push.ListFields()} == {
        "symbol", "sequence", "timestamp", "trade_status", "trade_session",
    }  # fmt: skip


def test_lots_never_hide_a_volume() -> None:
    assert [messages.lots(volume) for volume in (0, 1, 99, 100, 199, 250)] == [0, 1, 1, 1, 1, 2]
