"""Puts beside a command what may be known while it is decided: its instant and its markets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, timedelta

from portway.core.state import State
from portway.model.command import Command, MarketView, Stamped, TradingDayStarted
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.symbol import Symbol
from portway.trading import touched
from portway.trading.batch import Call
from portway.trading.ports import MarketFacts

__all__ = ["Views", "stamp"]

Views = dict[Symbol, MarketView | None]


def stamp(market: MarketFacts, state: State, call: Call, views: Views) -> Stamped:
    """Return a command with its market instant and views.

    Args:
        views: Made for commands decided with it; those it needs and that are missing are added.
    """
    command = call.command
    at = call.at or market.now(touched.market_of_command(state, command))
    seen = _views(market, touched.symbols_of(state, command), views)
    return Stamped(command, at.astimezone(UTC), seen, _actions(market, state, command))


def _actions(
    market: MarketFacts, state: State, command: Command
) -> tuple[CorporateAction | Redemption, ...]:
    """Return what happens to securities with the beginning of a trading day."""
    if not isinstance(command, TradingDayStarted):
        return ()
    through = command.trading_day
    after = state.days.get(command.market, through - timedelta(days=1))
    concerned = touched.concerned_symbols(state, command.market)
    found = [one for symbol in concerned for one in market.actions(symbol, after, through)]
    return tuple(sorted(found, key=lambda one: (one.ex_date, one.symbol)))


def _views(
    market: MarketFacts, symbols: Collection[Symbol], made: Views
) -> Mapping[Symbol, MarketView]:
    views = {}
    waiting = list(symbols)
    for symbol in waiting:
        if symbol not in made:
            made[symbol] = market.view(symbol)
        view = made[symbol]
        if view is None:
            continue
        views[symbol] = view
        option = view.instrument.option
        if option is not None and option.underlying not in symbols:
            waiting.append(option.underlying)  # Whose price says what a writer owes.
    return views
