"""What a command concerns: the symbols whose markets must be known to decide it, and its clock.

An order needs its own; what a margin account may do depends on what everything it holds is worth,
so its other securities come with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Final

from portway.core.state import Account, LiveOrder, State
from portway.model.account import AccountKind
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    CancelOrder,
    Command,
    MarketMoved,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    SubmitOrder,
    TimeReached,
    TradingDayStarted,
)
from portway.model.symbol import MalformedSymbol, Market, Symbol, market_of, parse_symbol

__all__ = ["HOME_MARKET", "concerned_symbols", "market_of_command", "symbols_of", "watched_symbols"]

# With whose days credit is set and interest grows, and whose clock dates the facts of an account.
HOME_MARKET: Final = Market.HK


def symbols_of(state: State, command: Command) -> tuple[Symbol, ...]:
    """Return the symbols of a command, each once."""
    match command:
        case SubmitOrder():
            account = state.accounts.get(command.account_no)
            combination = command.terms.combination
            if combination is None and (account is None or account.kind is AccountKind.CASH):
                return (command.terms.symbol,)
            legs = [leg.symbol for leg in combination.legs] if combination is not None else []
            return _unique([command.terms.symbol], legs, _held_on_margin([account]))
        case ReplaceOrder():
            live = state.orders.get(command.order_id)
            if live is None:
                return ()
            account = state.accounts.get(command.account_no)
            return _unique([live.order.terms.symbol], _held_on_margin([account]))
        case CancelOrder():
            live = state.orders.get(command.order_id)
            return (live.order.terms.symbol,) if live is not None else ()
        case MarketMoved():
            waiting = _waiting_accounts(state, market_of(command.symbol), command.symbol)
            judged = _judged_accounts(state, command.symbol)
            together = list(_combined_with(state, command.symbol))
            legs = [symbol for live in together for symbol in live.order.symbols]
            owners = [state.accounts[live.order.account_no] for live in together]
            margins = _held_on_margin([*waiting, *judged, *owners])
            return _unique([command.symbol], legs, margins)
        case SessionOpened() | AuctionOpened() | AuctionLocked() | AuctionEnded() | TimeReached():
            working = [one for one in state.symbols if market_of(one) is command.market]
            waiting = _waiting_accounts(state, command.market, None)
            return _unique(working, _held_on_margin(waiting))
        case TradingDayStarted():
            held = concerned_symbols(state, command.market)
            valued = state.accounts.values() if command.market is HOME_MARKET else ()
            return _unique(held, _held_on_margin(valued))
    return ()


def watched_symbols(state: State) -> Set[Symbol]:
    """Return the symbols whose moves matter: of live orders, and of what may have to be sold."""
    if not state.settings.money.liquidates:
        return state.symbols.keys()
    return state.symbols.keys() | set(_held_on_margin(state.accounts.values()))


def concerned_symbols(state: State, market: Market) -> tuple[Symbol, ...]:
    """Return the symbols of a market that somebody holds or has ordered."""
    held = (symbol for account in state.accounts.values() for symbol in account.positions)
    behind = (
        position.option.underlying
        for account in state.accounts.values()
        for position in account.positions.values()
        if position.option is not None
    )
    return tuple(one for one in _unique(held, behind, state.symbols) if market_of(one) is market)


def _held_on_margin(accounts: Iterable[Account | None]) -> Iterator[Symbol]:
    for account in accounts:
        if account is not None and account.kind is AccountKind.MARGIN:
            yield from account.positions


def _judged_accounts(state: State, symbol: Symbol) -> Iterator[Account]:
    """Yield the margin accounts whose danger depends on the price of a symbol."""
    if state.settings.money.liquidates:
        yield from (one for one in state.accounts.values() if symbol in one.positions)


def _combined_with(state: State, symbol: Symbol) -> Iterator[LiveOrder]:
    """Yield the multi-leg orders that have a leg in a security."""
    for order_id in state.combinations:
        live = state.orders[order_id]
        if symbol in live.order.symbols:
            yield live


def _waiting_accounts(state: State, market: Market, symbol: Symbol | None) -> Iterator[Account]:
    """Yield the accounts whose waiting orders may be reported, and have to be paid then."""
    if not any(account.kind is AccountKind.MARGIN for account in state.accounts.values()):
        return  # Nearly always: not one order is looked at.
    for live in state.waiting_in(market):
        if symbol is None or live.order.terms.symbol == symbol:
            yield state.accounts[live.order.account_no]


def _unique(*symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(one for some in symbols for one in some))


def market_of_command(state: State, command: Command) -> Market:
    """Return the market whose clock dates a command."""
    match command:
        case SubmitOrder():
            try:
                return market_of(parse_symbol(command.terms.symbol))
            except MalformedSymbol:
                return HOME_MARKET  # It will be refused: nobody has a view of it.
        case MarketMoved():
            return market_of(command.symbol)
        case ReplaceOrder() | CancelOrder():
            live = state.orders.get(command.order_id)
            return market_of(live.order.terms.symbol) if live is not None else HOME_MARKET
        case SessionOpened() | SessionEnded() | TradingDayStarted() | TimeReached():
            return command.market
        case AuctionOpened() | AuctionLocked() | AuctionEnded():
            return command.market
    return HOME_MARKET
