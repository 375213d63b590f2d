"""Delayed markets: what they show is what the live ones showed a quarter of an hour ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portway.market.delayed import DelayedMarkets
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board

SYMBOLS = [Symbol(one) for one in ("700.HK", "AAPL.US", "600519.SH")]
LATE = timedelta(minutes=15)


def state_of(board: Board) -> tuple[object, ...]:
    return board.quote(), board.depth, board.recent_trades(), board.minutes()


async def test_a_delayed_board_is_the_live_one_of_then() -> None:
    reference = built_in()
    at = dict.fromkeys(Market, datetime(2026, 3, 4, 3, 0, 12, tzinfo=UTC))
    at[Market.US] = datetime(2026, 3, 4, 15, 0, 12, tzinfo=UTC)
    live = MarketRunner(reference, [SyntheticWorld(7, reference)], at)
    delayed = DelayedMarkets(live.now, live.beside, LATE)
    shown = {}
    for symbol in SYMBOLS:
        live.watch(symbol)
    for step in range(3):
        for symbol in SYMBOLS:
            board = live.board(symbol)
            assert board is not None
            shown[symbol, step] = state_of(board)
        for symbol in SYMBOLS:
            if step:
                await delayed.ready((symbol,))
                assert delayed.is_at_hand(symbol)
                board = delayed.board(symbol)
                assert board is not None
                market = market_of(symbol)
                assert delayed.now(market) == live.now(market) - LATE
                assert state_of(board) == shown[symbol, step - 1]
        for market in (Market.HK, Market.US, Market.CN):
            for _ in live.advance({market: live.now(market) + LATE}, silent=False):
                pass
    assert delayed.board(Symbol("999999.HK")) is None


def test_a_runner_beside_another_leaves_it_alone() -> None:
    reference = built_in()
    at = dict.fromkeys(Market, datetime(2026, 3, 4, 3, 0, tzinfo=UTC))
    live = MarketRunner(reference, [SyntheticWorld(7, reference)], at)
    live.watch(SYMBOLS[0])
    other = live.beside({market: instant - LATE for market, instant in at.items()})
    other.board(SYMBOLS[1])
    assert not live.is_at_hand(SYMBOLS[1])
    assert not other.is_at_hand(SYMBOLS[0])
    assert live.now(Market.HK) - other.now(Market.HK) == LATE
