"""What a venue is told beside a command: the same, however time came to where it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.market.views import MarketViews
from portway.model.session import continuous_span
from portway.model.symbol import Market, Symbol

AT = {
    Market.US: datetime(2026, 3, 3, 15, 10, 20, tzinfo=UTC),
    Market.HK: datetime(2026, 3, 3, 2, 20, 20, tzinfo=UTC),
    Market.CN: datetime(2026, 3, 3, 2, 20, 20, tzinfo=UTC),
}
WATCHED = {Market.US: Symbol("AAPL.US"), Market.HK: Symbol("700.HK")}


def standing(back: timedelta = timedelta(0)) -> MarketRunner:
    reference = built_in()
    instants = {market: at - back for market, at in AT.items()}
    return MarketRunner(reference, [SyntheticWorld(7, reference)], instants)


@pytest.mark.parametrize("market", WATCHED)
def test_references_do_not_depend_on_how_time_came_there(market: Market) -> None:
    symbol = WATCHED[market]
    arrived, moved = standing(), standing(timedelta(minutes=25))
    moved.work([symbol])
    views = MarketViews(moved)
    before = views.view(symbol)
    for seconds in range(0, 1500, 100):  # In uneven legs, the last of which ends at `AT`.
        target = AT[market] - timedelta(seconds=1400 - seconds)
        list(moved.advance({market: target}, silent=False))
        views.view(symbol)
    there, later = MarketViews(arrived).view(symbol), views.view(symbol)
    assert before is not None
    assert there is not None
    assert later is not None
    assert later.references == there.references
    assert there.references[: len(before.references)] == before.references
    opens_at = continuous_span(market, there.trading_day, there.is_half_day)[0]
    instants = [at for at, _ in there.references]
    assert instants == sorted(instants)
    assert opens_at <= instants[0] <= AT[market]
    board = arrived.board(symbol)
    assert board is not None
    low, high = board.quote().low, board.quote().high
    assert all(
        min(low, board.prev_close) <= price <= max(high, board.prev_close)
        for _, price in there.references
    )


def test_a_security_without_bands_has_no_references() -> None:
    views = MarketViews(standing())
    for symbol in ("600519.SH", "HSI.HK", ".SPX.US"):
        view = views.view(Symbol(symbol))
        assert view is not None
        assert view.references == ()
