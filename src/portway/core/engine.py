"""`decide`: state and command to events. `evolve`: state and event to state. Dispatch only.

The caller evolves each event before it takes the next, so that fills, cancellations and new orders
follow from one another. `Outsides` is what the outside markets show; it lies beside the state, is
not part of its digest, and is told anew by every command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portway.core import (
    accounts,
    amendments,
    attached,
    liquidation,
    market_events,
    order_life,
    orders,
)
from portway.core.combinations import look_again
from portway.core.evolve import evolve
from portway.core.market_events import Outsides, floor_of
from portway.core.state import State
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    CancelOrder,
    ChangeStanding,
    CloseAccount,
    ConfigureVenue,
    ConvertCash,
    Deposit,
    MarketMoved,
    MarketView,
    OpenAccount,
    ReplaceOrder,
    ResetAccount,
    SessionEnded,
    SessionOpened,
    Stamped,
    SubmitOrder,
    TimeReached,
    TradingDayStarted,
    Withdraw,
)
from portway.model.event import (
    Event,
    OrderRefused,
    OrderRepeated,
    VenueConfigured,
)
from portway.model.symbol import Symbol

__all__ = ["Outsides", "decide", "evolve", "handle"]

ANSWERS = (OrderRefused, OrderRepeated)  # Told to the caller alone: no facts.


def handle(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> tuple[Event, ...]:
    """Decide and evolve one command to its end; for tests and tools."""
    events: list[Event] = []
    for event in decide(state, outsides, stamped, seq):
        events.append(event)
        if not isinstance(event, ANSWERS):
            evolve(state, event)
    return tuple(events)


def decide(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> Iterator[Event]:
    """Yield what follows from a command.

    Args:
        seq: Position of its facts in the journal; ids derive from it.
    """
    for event in _decide(state, outsides, stamped, seq):
        yield event
        if isinstance(event, attached.FOLLOWED):
            yield from _consequences(state, event, stamped)


def _consequences(state: State, event: Event, stamped: Stamped) -> Iterator[Event]:
    """Yield what an event, added up already, brings about among attached orders, and so on."""
    for one in attached.follow(state, event, stamped.at):
        yield one
        yield from _consequences(state, one, stamped)


def _decide(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> Iterator[Event]:
    at = stamped.at
    match stamped.command:
        case SubmitOrder() as command:
            view = stamped.views.get(command.terms.symbol)
            floor = floor_of(state, outsides, view, stamped)
            yield from orders.submit(state, command, view, floor, outsides, stamped, seq)
        case ReplaceOrder() as command:
            view = _view_of_order(state, command.order_id, stamped.views)
            floor = floor_of(state, outsides, view, stamped)
            yield from amendments.replace(state, command, view, floor)
        case CancelOrder() as command:
            view = _view_of_order(state, command.order_id, stamped.views)
            yield from amendments.cancel(state, command, view, at)
        case MarketMoved() as command:
            yield from market_events.market_moved(state, outsides, command, stamped)
            first_id = orders.FIRST_ORDER_ID + seq * orders.IDS_PER_RECORD + 1
            yield from look_again(state, outsides, command.symbol, stamped, first_id)
            yield from liquidation.judge(state, outsides, command, stamped, seq)
        case SessionOpened() as command:
            yield from market_events.session_opened(state, outsides, command, stamped)
        case AuctionOpened() as command:
            yield from market_events.auction_opened(state, outsides, command, stamped)
        case AuctionLocked() as command:
            yield from market_events.auction_locked(state, outsides, command, stamped)
        case AuctionEnded() as command:
            yield from market_events.auction_ended(state, outsides, command, stamped)
        case TimeReached() as command:
            yield from market_events.time_reached(state, outsides, command, stamped)
        case SessionEnded() as command:
            yield from order_life.expire(
                state, command.market, command.trading_day, command.session, command.at
            )
        case TradingDayStarted() as command:
            yield from market_events.day_started(state, command, stamped)
        case OpenAccount() as command:
            yield from accounts.open_account(state, command, at)
        case ChangeStanding() as command:
            yield from accounts.change_standing(state, command, at)
        case Deposit() as command:
            yield from accounts.deposit(state, command, at)
        case Withdraw() as command:
            yield from accounts.withdraw(state, command, at)
        case ConvertCash() as command:
            yield from accounts.convert(state, command, at)
        case ResetAccount() as command:
            yield from accounts.reset_account(state, command, at)
        case CloseAccount() as command:
            yield from accounts.close_account(state, command, at)
        case ConfigureVenue() as command:
            yield from _configure(state, command, stamped)


def _view_of_order(
    state: State, order_id: int, views: Mapping[Symbol, MarketView]
) -> MarketView | None:
    live = state.orders.get(order_id)
    return views.get(live.order.terms.symbol) if live is not None else None


def _configure(state: State, command: ConfigureVenue, stamped: Stamped) -> Iterator[Event]:
    if not state.is_configured or state.settings != command.settings:
        yield VenueConfigured(command.settings, stamped.at)
